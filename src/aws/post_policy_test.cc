#include "aws/post_policy.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace dew::aws {
namespace {

constexpr double kNow = 1'767'225'600;  // 2026-01-01

ApiResult<PostPolicy> parse(std::string_view document) {
  return PostPolicy::parse(base64_encode(document));
}
std::string with(std::string_view conditions,
                 std::string_view expiration = "2026-01-01T00:00:01.000Z") {
  return fmt::format(R"({{"expiration":"{}","conditions":[{}]}})", expiration, conditions);
}
// Empty: the fields meet the policy.
std::string refusal(std::string_view conditions, const FormFields& fields) {
  const auto policy = parse(with(conditions));
  if (!policy) return policy.error().code + ": " + policy.error().message;
  const auto checked = policy->check(fields, "bucket", kNow);
  return checked ? "" : checked.error().message;
}

TEST(PostPolicy, ConditionsAreHeldAgainstFields) {
  struct Row {
    const char* conditions;
    FormFields fields;
    const char* refusal;
  };
  const Row rows[] = {
      {R"({"key":"a"})", {{"key", "a"}}, ""},
      {R"({"KEY":"a"})", {{"key", "a"}}, ""},
      {R"({"key":"a"})",
       {{"key", "b"}},
       R"(Invalid according to Policy: Policy Condition failed: ["eq","$key","a"])"},
      {R"(["eq","$Key","a"])", {{"key", "a"}}, ""},
      {R"(["starts-with","$key","user/"])", {{"key", "user/x"}}, ""},
      {R"(["starts-with","$key","user/"])",
       {{"key", "other"}},
       R"(Invalid according to Policy: Policy Condition failed: ["starts-with","$key","user/"])"},
      {R"(["starts-with","$key",""],["starts-with","$acl",""])", {{"key", "k"}}, ""},
      {R"({"bucket":"bucket"})", {}, ""},
      {R"({"bucket":"bucket"})", {{"bucket", "other"}}, ""},  // the request's counts
      {R"({"bucket":"other"})",
       {{"bucket", "other"}},
       R"(Invalid according to Policy: Policy Condition failed: ["eq","$bucket","other"])"},
      {R"({"acl":"private"})",
       {},
       R"(Invalid according to Policy: Policy Condition failed: ["eq","$acl","private"])"},
      {"",
       {{"key", "k"}, {"x-amz-meta-a", "1"}},
       "Invalid according to Policy: Extra input fields: key, x-amz-meta-a"},
      {"",
       {{"policy", "p"},
        {"x-amz-signature", "s"},
        {"signature", "s"},
        {"awsaccesskeyid", "a"},
        {"x-ignore-me", "x"}},
       ""},
      {R"(["starts-with","$Content-Type","image/"])",
       {{"content-type", "image/png, image/gif"}},
       ""},
      {R"(["starts-with","$Content-Type","image/"])",
       {{"content-type", "image/png,text/html"}},
       R"(Invalid according to Policy: Policy Condition failed: ["starts-with","$Content-Type","image/"])"},
      {R"({"a":"1"},{"a":"2"})",
       {{"a", "1"}},
       R"(Invalid according to Policy: Policy Condition failed: ["eq","$a","2"])"},
      // Documents that are none.
      {R"({"a":1})",
       {},
       "InvalidPolicyDocument: Invalid Policy: Invalid Simple-Condition: value must be a string."},
      {R"(["eq","$a"])",
       {},
       "InvalidPolicyDocument: Invalid Policy: Invalid Condition: wrong number of arguments."},
      {R"(["gt","$a","b"])",
       {},
       "InvalidPolicyDocument: Invalid Policy: Invalid Condition: unknown operation 'gt'."},
      {R"(["eq","a","b"])",
       {},
       "InvalidPolicyDocument: Invalid Policy: Invalid Condition: 'a' must begin with '$'."},
      {R"(["eq","$a",["b"]])",
       {},
       "InvalidPolicyDocument: Invalid Policy: Invalid Condition: arguments must be strings."},
      {R"(["content-length-range",-1,2])",
       {},
       "InvalidPolicyDocument: Invalid Policy: Invalid content-length-range: values must be whole "
       "numbers."},
  };
  for (const auto& row : rows)
    EXPECT_EQ(refusal(row.conditions, row.fields), row.refusal) << row.conditions;
}

TEST(PostPolicy, IsGoodUntilItExpires) {
  const auto policy = parse(with("")).value();
  EXPECT_TRUE(policy.check({}, "b", kNow + 0.5));
  EXPECT_EQ(policy.check({}, "b", kNow + 1).error().message,
            "Invalid according to Policy: Policy expired.");
  EXPECT_EQ(policy.check({}, "b", kNow + 1).error().status, 403);
}

TEST(PostPolicy, DocumentsAreWhole) {
  for (const auto* document :
       {"", "[]", "{", R"({"conditions":[]})", R"({"expiration":"2026-01-01T00:00:00Z"})",
        R"({"expiration":"soon","conditions":[]})",
        R"({"expiration":"2026-01-01T00:00:00Z","conditions":[],"more":1})"}) {
    const auto policy = parse(document);
    ASSERT_FALSE(policy) << document;
    EXPECT_EQ(policy.error().code, "InvalidPolicyDocument");
  }
  EXPECT_FALSE(PostPolicy::parse("%"));
}

TEST(PostPolicy, TheFileHasALength) {
  const auto policy = parse(with(R"(["content-length-range",2,"4"])")).value();
  EXPECT_EQ(policy.check_least(1).error().code, "EntityTooSmall");
  EXPECT_TRUE(policy.check_least(2));
  EXPECT_TRUE(policy.check_most(4));
  const auto error = policy.check_most(5).error();
  EXPECT_EQ(error.code, "EntityTooLarge");
  EXPECT_EQ(json::string_or(error.members, "MaxSizeAllowed"), "4");
  const auto both =
      parse(with(R"(["content-length-range",0,9],["content-length-range",3,20])")).value();
  EXPECT_FALSE(both.check_least(2));
  EXPECT_FALSE(both.check_most(10));
  const auto none = parse(with("")).value();
  EXPECT_TRUE(none.check_least(0));
  EXPECT_TRUE(none.check_most(UINT64_MAX));
}

}  // namespace
}  // namespace dew::aws
