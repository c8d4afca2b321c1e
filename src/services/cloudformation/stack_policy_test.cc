#include "services/cloudformation/stack_policy.h"

#include <gtest/gtest.h>

namespace dew::cloudformation {
namespace {

struct Case {
  const char* policy;
  StackPolicy::Change change;
  bool allowed;
};

TEST(StackPolicy, AllowsWhatAStatementAllowsAndNoneDenies) {
  constexpr const char* kProtect =
      R"({"Statement":[{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"},
         {"Effect":"Deny","Action":["Update:Replace","Update:Delete"],"Principal":"*","Resource":"LogicalResourceId/Data*"}]})";
  constexpr const char* kOnly =
      R"({"Statement":{"Sid":"x","Effect":"Allow","NotAction":"Update:Delete","Principal":{"AWS":"*"},"NotResource":["LogicalResourceId/A"]}})";
  constexpr const char* kTypes =
      R"({"Statement":[{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"},
         {"Effect":"Deny","Action":"Update:*","Principal":"*","Resource":"*",
          "Condition":{"StringEquals":{"ResourceType":["AWS::S3::Bucket"]}}},
         {"Effect":"Deny","Action":"Update:Modify","Principal":"*","Resource":"*",
          "Condition":{"StringLike":{"ResourceType":"AWS::IAM::*"}}}]})";
  const Case cases[] = {
      {kProtect, {"Update:Modify", "DataTable", "T"}, true},
      {kProtect, {"Update:Replace", "DataTable", "T"}, false},
      {kProtect, {"Update:Delete", "Data", "T"}, false},
      {kProtect, {"Update:Delete", "Other", "T"}, true},
      {kOnly, {"Update:Modify", "B", "T"}, true},
      {kOnly, {"Update:Delete", "B", "T"}, false},
      {kOnly, {"Update:Modify", "A", "T"}, false},
      {kTypes, {"Update:Delete", "A", "AWS::S3::Bucket"}, false},
      {kTypes, {"Update:Delete", "A", "AWS::S3::BucketPolicy"}, true},
      {kTypes, {"Update:Modify", "A", "AWS::IAM::Role"}, false},
      {kTypes, {"Update:Replace", "A", "AWS::IAM::Role"}, true},
  };
  for (const auto& [text, change, allowed] : cases) {
    const auto policy = StackPolicy::parse(text);
    ASSERT_TRUE(policy) << policy.error().message;
    EXPECT_EQ(policy->denies(change).empty(), allowed)
        << text << " " << change.action << " " << change.logical_id;
  }
  EXPECT_EQ(StackPolicy::parse(kProtect)->denies({"Update:Replace", "Data", "T"}),
            "Action denied by stack policy: Statement [#2] does not allow [Update:Replace] for "
            "resource [LogicalResourceId/Data]");
}

TEST(StackPolicy, RefusesWhatItCannotHonour) {
  for (
      const auto* text :
      {"", "[]", "{}", R"({"Statement":[]})", R"({"Statement":[1]})",
       R"({"Statement":{"Effect":"Maybe","Action":"Update:*","Principal":"*","Resource":"*"}})",
       R"({"Statement":{"Effect":"Deny","Action":"Create:*","Principal":"*","Resource":"*"}})",
       R"({"Statement":{"Effect":"Deny","Action":"Update:*","Principal":"me","Resource":"*"}})",
       R"({"Statement":{"Effect":"Deny","Action":"Update:*","Principal":"*"}})",
       R"({"Statement":{"Effect":"Deny","Action":"Update:*","Principal":"*","Resource":"*","Condition":{"Bool":{}}}})",
       R"({"Statement":{"Effect":"Deny","Action":"Update:*","Principal":"*","Resource":"*","Other":1}})"}) {
    const auto policy = StackPolicy::parse(text);
    ASSERT_FALSE(policy) << text;
    EXPECT_EQ(policy.error().code, "ValidationError");
    EXPECT_TRUE(policy.error().message.starts_with("Error validating stack policy: ")) << text;
  }
}

}  // namespace
}  // namespace dew::cloudformation
