#include "services/logs/field_selection.h"

#include <gtest/gtest.h>

namespace dew::logs {
namespace {

constexpr SystemFields kFields{.account = "000000000000", .region = "us-east-1"};

TEST(FieldSelection, SelectsAsDocumented) {
  const std::pair<std::string_view, bool> cases[] = {
      {"", true},
      {"  ", true},
      {R"(@aws.region = "us-east-1")", true},
      {R"(@aws.region = "eu-west-1")", false},
      {R"(@aws.region != "eu-west-1")", true},
      {R"(@aws.account IN ["123456789012", "987654321098"])", false},
      {R"(@aws.account IN ["123456789012","000000000000"])", true},
      {R"(@aws.account NOT IN ["123456789012"])", true},
      {R"(@aws.account not in ["000000000000"])", false},
      {R"(@aws.region = "us-east-1" AND @aws.account = "1")", false},
      {R"(@aws.region = "x" AND @aws.account = "1" OR @aws.region = 'us-east-1')", true},
      {R"(@aws.region = "us-east-1" or @aws.region = "x" and @aws.account = "1")", true},
      {R"((@aws.region = "us-east-1" or @aws.region = "x") and @aws.account = "1")", false},
      {R"(NOT (@aws.region = "x"))", true},
      {R"(NOT @aws.region = "us-east-1")", false},
  };
  for (const auto& [text, expected] : cases) {
    const auto found = selects(text, kFields);
    ASSERT_TRUE(found) << text << ": " << found.error().message;
    EXPECT_EQ(*found, expected) << text;
  }
}

TEST(FieldSelection, SaysWhatIsWrong) {
  const std::pair<std::string, std::string_view> cases[] = {
      {"@aws.partition = \"aws\"", "@aws.account or @aws.region at position 1"},
      {"@aws.region", "=, !=, IN or NOT IN at position 12"},
      {"@aws.region = us-east-1", "a quoted string at position 15"},
      {"@aws.region = \"us", "a quoted string"},
      {"@aws.region IN \"a\"", "[ at position 16"},
      {"@aws.region IN [\"a\"", "]"},
      {"@aws.region IN []", "a quoted string"},
      {"@aws.region = \"a\" @aws.region = \"b\"", "AND, OR or the end at position 19"},
      {"(@aws.region = \"a\"", ")"},
      {"AND", "@aws.account"},
      {std::string(40, '('), "fewer levels"},
  };
  for (const auto& [text, expected] : cases) {
    const auto found = selects(text, kFields);
    ASSERT_FALSE(found) << text;
    EXPECT_EQ(found.error().code, "InvalidParameterException");
    EXPECT_NE(found.error().message.find(expected), std::string::npos)
        << text << ": " << found.error().message;
  }
}

}  // namespace
}  // namespace dew::logs
