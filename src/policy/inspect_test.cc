#include "policy/inspect.h"

#include <gtest/gtest.h>

namespace dew::policy {
namespace {

std::string text(const std::vector<Extent>& extents) {
  std::string out;
  for (const auto& one : extents) {
    out += std::to_string(one.begin.line) + ":" + std::to_string(one.begin.column) + "-" +
           std::to_string(one.end.line) + ":" + std::to_string(one.end.column) + " ";
  }
  return out;
}

// The places that AWS's own answers have for these documents (the AWS CLI's examples of
// simulate-custom-policy, and what it answers about AdministratorAccess).
TEST(StatementExtents, AreThoseOfTheSimulator) {
  EXPECT_EQ(
      text(statement_extents(
          R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}})")),
      "1:38-1:167 ");
  EXPECT_EQ(text(statement_extents(R"({
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "*",
      "Resource": "*"
    }
  ]
})")),
            "3:17-8:6 ");
}

TEST(StatementExtents, CountEveryStatement) {
  EXPECT_EQ(text(statement_extents("{\"Statement\":[{\"Sid\":\"a]\\\"}\"},\n {}],\"Id\":\"x\"}")),
            "1:15-1:30 1:30-2:4 ");
  EXPECT_EQ(text(statement_extents("{\"Id\":\"ä\",\"Statement\":{}}")), "1:24-1:25 ");
  EXPECT_EQ(text(statement_extents("[1")), "");
  EXPECT_EQ(text(statement_extents("{\"Statement\":[{")), "1:15-1:16 ");
}

TEST(ContextKeys, AreThoseOfConditionsAndVariables) {
  const auto keys = context_keys(
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*",
          "Resource":["arn:aws:s3:::b/${aws:username, 'x'}/*","arn:aws:s3:::${*}"],
          "Condition":{"StringLike":{"s3:prefix":["${aws:PrincipalTag/team}/*"]}}}]})");
  ASSERT_TRUE(keys);
  EXPECT_EQ(*keys, (std::set<std::string>{"aws:PrincipalTag/team", "aws:username", "s3:prefix"}));
  EXPECT_FALSE(context_keys("{}"));
}

}  // namespace
}  // namespace dew::policy
