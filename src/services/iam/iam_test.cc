#include <gtest/gtest.h>

#include "services/iam/service.h"
#include "services/testing.h"

namespace dew::iam {
namespace {

constexpr const char* kTrust =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]})";
constexpr const char* kAllow =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]})";
constexpr const char* kBasic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";

struct Iam : services::TestCloud {
  Iam() : service(context()) { service.register_operations(registry); }
  std::string role(const char* name) {
    return json::string_or(
        ok("iam", "CreateRole", {{"RoleName", name}, {"AssumeRolePolicyDocument", kTrust}})["Role"]
            .as_object(),
        "Arn");
  }
  Service service;
};

TEST(Roles, LiveTheirLife) {
  Iam iam;
  EXPECT_EQ(iam.role("Deploy"), "arn:aws:iam::000000000000:role/Deploy");
  EXPECT_EQ(iam.error("iam", "CreateRole",
                      {{"RoleName", "deploy"}, {"AssumeRolePolicyDocument", kTrust}}),
            "EntityAlreadyExists");
  EXPECT_EQ(iam.error("iam", "CreateRole", {{"RoleName", "x"}, {"AssumeRolePolicyDocument", "{}"}}),
            "MalformedPolicyDocument");
  const auto role = iam.ok("iam", "GetRole", {{"RoleName", "Deploy"}});
  EXPECT_TRUE(json::string_or(role.at("Role").as_object(), "AssumeRolePolicyDocument")
                  .starts_with("%7B%22Version"));
  iam.ok("iam", "PutRolePolicy",
         {{"RoleName", "Deploy"}, {"PolicyName", "p"}, {"PolicyDocument", kAllow}});
  iam.ok("iam", "AttachRolePolicy", {{"RoleName", "Deploy"}, {"PolicyArn", kBasic}});
  EXPECT_EQ(iam.error("iam", "AttachRolePolicy",
                      {{"RoleName", "Deploy"}, {"PolicyArn", "arn:aws:iam::aws:policy/Nope"}}),
            "NoSuchEntity");
  EXPECT_EQ(iam.error("iam", "DeleteRole", {{"RoleName", "Deploy"}}), "DeleteConflict");
  iam.ok("iam", "DetachRolePolicy", {{"RoleName", "Deploy"}, {"PolicyArn", kBasic}});
  EXPECT_EQ(iam.error("iam", "DeleteRole", {{"RoleName", "Deploy"}}), "DeleteConflict");
  iam.ok("iam", "DeleteRolePolicy", {{"RoleName", "Deploy"}, {"PolicyName", "p"}});
  iam.ok("iam", "DeleteRole", {{"RoleName", "Deploy"}});
  EXPECT_EQ(iam.error("iam", "GetRole", {{"RoleName", "Deploy"}}), "NoSuchEntity");
}

TEST(Roles, ArePagedAndTagged) {
  Iam iam;
  for (const auto* name : {"a", "b", "c"}) iam.role(name);
  auto first = iam.ok("iam", "ListRoles", {{"MaxItems", 2}});
  EXPECT_EQ(first["Roles"].as_array().size(), 2u);
  EXPECT_TRUE(first["IsTruncated"].as_bool());
  auto second = iam.ok("iam", "ListRoles", {{"MaxItems", 2}, {"Marker", first["Marker"]}});
  EXPECT_EQ(second["Roles"].as_array().size(), 1u);
  iam.ok("iam", "TagRole",
         {{"RoleName", "a"}, {"Tags", json::Array{json::Object{{"Key", "k"}, {"Value", "v"}}}}});
  EXPECT_EQ(iam.ok("iam", "ListRoleTags", {{"RoleName", "a"}})["Tags"].as_array().size(), 1u);
  iam.ok("iam", "UntagRole", {{"RoleName", "a"}, {"TagKeys", json::Array{"k"}}});
  EXPECT_TRUE(iam.ok("iam", "ListRoleTags", {{"RoleName", "a"}})["Tags"].as_array().empty());
}

TEST(Policies, KeepVersions) {
  Iam iam;
  const auto arn = json::string_or(
      iam.ok("iam", "CreatePolicy", {{"PolicyName", "P"}, {"PolicyDocument", kAllow}})["Policy"]
          .as_object(),
      "Arn");
  iam.ok("iam", "CreatePolicyVersion",
         {{"PolicyArn", arn}, {"PolicyDocument", kAllow}, {"SetAsDefault", true}});
  EXPECT_EQ(
      iam.ok("iam", "GetPolicy", {{"PolicyArn", arn}})["Policy"].as_object()["DefaultVersionId"],
      "v2");
  EXPECT_EQ(iam.error("iam", "DeletePolicy", {{"PolicyArn", arn}}), "DeleteConflict");
  EXPECT_EQ(iam.error("iam", "DeletePolicyVersion", {{"PolicyArn", arn}, {"VersionId", "v2"}}),
            "DeleteConflict");
  iam.ok("iam", "DeletePolicyVersion", {{"PolicyArn", arn}, {"VersionId", "v1"}});
  iam.role("r");
  iam.ok("iam", "AttachRolePolicy", {{"RoleName", "r"}, {"PolicyArn", arn}});
  EXPECT_EQ(iam.error("iam", "DeletePolicy", {{"PolicyArn", arn}}), "DeleteConflict");
  iam.ok("iam", "DetachRolePolicy", {{"RoleName", "r"}, {"PolicyArn", arn}});
  iam.ok("iam", "DeletePolicy", {{"PolicyArn", arn}});
  for (const auto& policy :
       iam.ok("iam", "ListPolicies", {{"Scope", "AWS"}})["Policies"].as_array()) {
    iam.ok("iam", "GetPolicyVersion", {{"PolicyArn", policy.at("Arn")}, {"VersionId", "v1"}});
  }
}

TEST(Users, HaveAccessKeys) {
  Iam iam;
  iam.ok("iam", "CreateUser", {{"UserName", "kim"}});
  const auto key = iam.ok("iam", "CreateAccessKey", {{"UserName", "kim"}})["AccessKey"].as_object();
  const auto id = json::string_or(key, "AccessKeyId");
  const auto found = iam.service.find_access_key(id);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->secret, json::string_or(key, "SecretAccessKey"));
  EXPECT_EQ(found->identity.arn, "arn:aws:iam::000000000000:user/kim");
  iam.ok("iam", "UpdateAccessKey",
         {{"UserName", "kim"}, {"AccessKeyId", id}, {"Status", "Inactive"}});
  EXPECT_FALSE(iam.service.find_access_key(id).has_value());
  EXPECT_FALSE(iam.ok("iam", "ListAccessKeys", {{"UserName", "kim"}})["AccessKeyMetadata"]
                   .as_array()[0]
                   .as_object()
                   .contains("SecretAccessKey"));
  EXPECT_EQ(iam.error("iam", "DeleteUser", {{"UserName", "kim"}}), "DeleteConflict");
  iam.ok("iam", "DeleteAccessKey", {{"UserName", "kim"}, {"AccessKeyId", id}});
  iam.ok("iam", "DeleteUser", {{"UserName", "kim"}});
  EXPECT_FALSE(iam.service.find_access_key(id).has_value());
}

}  // namespace
}  // namespace dew::iam
