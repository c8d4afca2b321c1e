#include "json/json.h"

#include <gtest/gtest.h>

namespace dew::json {
namespace {

TEST(Json, SaysWhereItIsWrong) {
  const auto result = parse(R"({"a":1,})");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::kInvalid);
  EXPECT_NE(result.error().message.find("at byte"), std::string::npos) << result.error().message;
}

TEST(Json, RefusesTrailingTextAndDepth) {
  EXPECT_FALSE(parse("1 2"));
  EXPECT_FALSE(parse(""));
  EXPECT_TRUE(parse(std::string(100, '[') + std::string(100, ']')));
  EXPECT_FALSE(parse(std::string(1000, '[') + std::string(1000, ']')));
}

TEST(Json, RefusesWhatADoubleCannotHold) {
  for (const auto* text : {"1e400", "-1e400", R"({"a":[1,{"b":1e99999}]})", "4e1426223478"}) {
    const auto value = parse(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().message, "not valid JSON: a number is beyond a double's range");
    EXPECT_TRUE(check(text));  // as text it is well-formed
  }
  EXPECT_FALSE(parse(std::string(400, '9')));
  EXPECT_TRUE(parse("[1e308,-1e308,1e-400]"));
  EXPECT_FALSE(check("{"));
}

TEST(Json, KeepsInt64AndOrder) {
  const auto value = parse(R"({"b":9223372036854775807,"a":-1})");
  ASSERT_TRUE(value);
  EXPECT_EQ(dump(*value), R"({"b":9223372036854775807,"a":-1})");
  EXPECT_EQ(int_at(value->get_object(), "a"), -1);
}

TEST(Json, LookUpsDoNotThrow) {
  const auto value = parse(R"({"s":"x","n":1.5,"t":true,"o":{},"l":[]})");
  const auto& object = value->get_object();
  EXPECT_EQ(string_at(object, "s"), "x");
  EXPECT_EQ(string_at(object, "n"), std::nullopt);
  EXPECT_EQ(int_at(object, "n"), std::nullopt);
  EXPECT_EQ(number_at(object, "n"), 1.5);
  EXPECT_EQ(bool_at(object, "t"), true);
  EXPECT_NE(object_at(object, "o"), nullptr);
  EXPECT_NE(array_at(object, "l"), nullptr);
  EXPECT_EQ(array_at(object, "missing"), nullptr);
  EXPECT_EQ(find(Value(3), "a"), nullptr);
}

TEST(Json, PrettyParsesBack) {
  const auto value = parse(R"({"a":[1,{"b":null},[]],"c":{},"d":"\"\u00e9"})");
  EXPECT_EQ(*parse(dump_pretty(*value)), *value);
  EXPECT_EQ(dump_pretty(*parse(R"({"a":[1]})")), "{\n  \"a\": [\n    1\n  ]\n}");
}

}  // namespace
}  // namespace dew::json
