#include "policy/public_access.h"

#include <gtest/gtest.h>

#include <string>

namespace dew::policy {
namespace {

// A statement that allows reading, with what makes the difference.
bool is_public(const std::string& principal, const std::string& condition = "{}",
               const std::string& effect = "Allow") {
  return grants_public_access(
      R"({"Version":"2012-10-17","Statement":[{"Effect":")" + effect + R"(",)" + principal +
      R"(,"Action":"s3:GetObject","Resource":"*","Condition":)" + condition + "}]}");
}

constexpr const char* kAll = R"("Principal":"*")";

TEST(PublicAccess, IsWhatNamesNobody) {
  EXPECT_TRUE(is_public(kAll));
  EXPECT_TRUE(is_public(R"("Principal":{"AWS":"*"})"));
  EXPECT_TRUE(is_public(R"("Principal":{"AWS":["111122223333","*"]})"));
  EXPECT_TRUE(is_public(R"("NotPrincipal":{"AWS":"111122223333"})"));
  EXPECT_FALSE(is_public(R"("Principal":{"AWS":"arn:aws:iam::111122223333:user/kim"})"));
  EXPECT_FALSE(is_public(R"("Principal":{"Service":"logging.s3.amazonaws.com"})"));
  EXPECT_FALSE(is_public(kAll, "{}", "Deny"));
  EXPECT_TRUE(grants_public_access("{"));
}

TEST(PublicAccess, IsLimitedByFixedValues) {
  const auto with = [](const char* condition) { return is_public(kAll, condition); };
  EXPECT_FALSE(with(R"({"StringEquals":{"aws:SourceVpc":"vpc-91237329"}})"));
  EXPECT_FALSE(with(R"({"StringLike":{"aws:sourcevpc":["vpc-1","vpc-2"]}})"));
  EXPECT_TRUE(with(R"({"StringLike":{"aws:SourceVpc":"vpc-*"}})"));
  EXPECT_TRUE(with(R"({"StringLike":{"aws:SourceVpc":["vpc-1","vpc-*"]}})"));
  EXPECT_TRUE(with(R"({"StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}})"));
  EXPECT_TRUE(with(R"({"StringNotEquals":{"aws:SourceVpc":"vpc-1"}})"));
  EXPECT_TRUE(with(R"({"ForAllValues:StringEquals":{"aws:SourceVpc":"vpc-1"}})"));
  EXPECT_TRUE(with(R"({"StringEquals":{"aws:PrincipalArn":"${aws:username}"}})"));
  EXPECT_TRUE(with(R"({"StringEquals":{"s3:prefix":"public"}})"));
  EXPECT_TRUE(with(R"({"Bool":{"aws:SecureTransport":"true"}})"));
  EXPECT_FALSE(with(R"({"StringEquals":{"aws:PrincipalOrgID":"o-1234567890"}})"));
  EXPECT_TRUE(with(R"({"StringLike":{"aws:userid":"AROAEXAMPLE:*"}})"));
  EXPECT_FALSE(with(R"({"StringEquals":{"aws:userid":"AIDAEXAMPLE"}})"));
}

TEST(PublicAccess, IsLimitedByNetworks) {
  const auto with = [](const char* address) {
    return is_public(kAll, std::string(R"({"IpAddress":{"aws:SourceIp":")") + address + "\"}}");
  };
  EXPECT_FALSE(with("192.0.2.0/24"));
  EXPECT_FALSE(with("192.0.2.7"));
  EXPECT_FALSE(with("10.0.0.0/8"));
  EXPECT_TRUE(with("0.0.0.0/1"));
  EXPECT_TRUE(with("0.0.0.0/0"));
  EXPECT_TRUE(with("::/0"));
  EXPECT_TRUE(with("2001::/16"));
  EXPECT_FALSE(with("2001:db8::/32"));
}

TEST(PublicAccess, KnowsAccessPoints) {
  const auto with = [](const char* arn) {
    return is_public(kAll,
                     std::string(R"({"StringLike":{"s3:DataAccessPointArn":")") + arn + "\"}}");
  };
  EXPECT_FALSE(with("arn:aws:s3:us-west-2:123456789012:accesspoint/*"));
  EXPECT_TRUE(with("arn:aws:s3:us-west-2:*:accesspoint/a"));
  EXPECT_TRUE(with("*"));
}

}  // namespace
}  // namespace dew::policy
