#include "policy/policy.h"

#include <gtest/gtest.h>

namespace dew::policy {
namespace {

struct Case {
  Kind kind;
  const char* text;
  const char* error;  // nullptr: accepted
};

TEST(PolicyDocument, ChecksTheGrammar) {
  constexpr auto kId = Kind::kIdentity;
  constexpr auto kTrust = Kind::kTrust;
  constexpr auto kRes = Kind::kResource;
  const Case cases[] = {
      {kId,
       R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]})",
       nullptr},
      {kId,
       R"({"Statement":{"Effect":"Deny","NotAction":["iam:Get*"],"NotResource":["arn:aws:s3:::b/*"]}})",
       nullptr},
      {kTrust,
       R"({"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]})",
       nullptr},
      {kRes,
       R"({"Statement":[{"Sid":"a b","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":false}}}]})",
       nullptr},
      {kId, "{", "This policy contains invalid Json"},
      {kId, "[]", "Syntax errors in policy."},
      {kId, R"({"Version":"2012-10-18","Statement":[]})", "Syntax errors in policy."},
      {kId, R"({"Statement":[]})", "Syntax errors in policy."},
      {kId, R"({"Statement":[{"Action":"s3:*","Resource":"*"}]})", "Missing required field Effect"},
      {kId, R"({"Statement":[{"Effect":"allow","Action":"s3:*","Resource":"*"}]})",
       "Syntax errors in policy."},
      {kId, R"({"Statement":[{"Effect":"Allow","Resource":"*"}]})",
       "Missing required field Action"},
      {kId, R"({"Statement":[{"Effect":"Allow","Action":"GetObject","Resource":"*"}]})",
       "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
      {kId, R"({"Statement":[{"Effect":"Allow","Action":"s3:*"}]})",
       "Policy statement must contain resources."},
      {kId,
       R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEqual":{"k":"v"}}}]})",
       "Invalid Condition type : StringEqual"},
      {kId, R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"bucket"}]})",
       "Resource bucket must be in ARN format or \"*\"."},
      {kId,
       R"({"Statement":[{"Effect":"Allow","Action":"s3:*","NotAction":"s3:*","Resource":"*"}]})",
       "Syntax errors in policy."},
      {kId, R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"}]})",
       "Policy document should not specify a principal."},
      {kTrust,
       R"({"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*","Principal":"*"}]})",
       "Has prohibited field Resource"},
      {kTrust, R"({"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]})",
       "Missing required field Principal"},
      {kId, R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Bogus":1}]})",
       "Syntax errors in policy."},
      {kId, R"({"Statement":[{"Sid":"a-b","Effect":"Allow","Action":"s3:*","Resource":"*"}]})",
       "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "
       "expression [0-9A-Za-z]*"},
      {kId,
       R"({"Statement":[{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"}]})",
       "Statement IDs (SID) in a single policy must be unique."},
  };
  for (const auto& test : cases) {
    const auto result = Policy::parse(test.text, test.kind);
    if (test.error == nullptr) {
      EXPECT_TRUE(result.has_value())
          << test.text << ": " << (result ? "" : result.error().message);
    } else {
      ASSERT_FALSE(result.has_value()) << test.text;
      EXPECT_EQ(result.error().message, test.error) << test.text;
      EXPECT_EQ(result.error().kind, ErrorKind::kInvalid);
    }
  }
}

}  // namespace
}  // namespace dew::policy
