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
  explicit Iam(std::shared_ptr<store::Store> shared = store::make_memory_store())
      : TestCloud(std::move(shared)), service(context()) {
    service.register_operations(registry);
  }
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
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->secret, json::string_or(key, "SecretAccessKey"));
  EXPECT_EQ(found->identity.arn, "arn:aws:iam::000000000000:user/kim");
  const auto used = [&](Iam& where) {
    auto out = where.ok("iam", "GetAccessKeyLastUsed", {{"AccessKeyId", id}});
    return out["AccessKeyLastUsed"].as_object();
  };
  EXPECT_EQ(json::dump(used(iam)), R"({"ServiceName":"N/A","Region":"N/A"})");
  found->use->note(1'767'225'600, "s3", "eu-west-1");
  found->use->note(1'767'225'601, "sts", "us-east-1");  // within the minute
  EXPECT_EQ(json::dump(used(iam)),
            R"({"LastUsedDate":1767225600,"ServiceName":"s3","Region":"eu-west-1"})");
  iam.ok("iam", "UpdateAccessKey",
         {{"UserName", "kim"}, {"AccessKeyId", id}, {"Status", "Inactive"}});
  EXPECT_EQ(iam.service.find_access_key(id), nullptr);
  EXPECT_FALSE(iam.ok("iam", "ListAccessKeys", {{"UserName", "kim"}})["AccessKeyMetadata"]
                   .as_array()[0]
                   .as_object()
                   .contains("SecretAccessKey"));
  EXPECT_EQ(used(iam)["ServiceName"], "s3");
  iam.ok("iam", "UpdateAccessKey",
         {{"UserName", "kim"}, {"AccessKeyId", id}, {"Status", "Active"}});
  EXPECT_EQ(used(iam)["ServiceName"], "s3");
  {
    Iam again(iam.store);
    EXPECT_EQ(used(again)["Region"], "eu-west-1");
    again.service.find_access_key(id)->use->note(1'767'229'200, "iam", "us-east-1");
  }
  Iam third(iam.store);
  EXPECT_EQ(used(third)["ServiceName"], "iam");
  EXPECT_EQ(iam.error("iam", "DeleteUser", {{"UserName", "kim"}}), "DeleteConflict");
  iam.ok("iam", "DeleteAccessKey", {{"UserName", "kim"}, {"AccessKeyId", id}});
  iam.ok("iam", "DeleteUser", {{"UserName", "kim"}});
  EXPECT_EQ(iam.service.find_access_key(id), nullptr);
}

TEST(Groups, GiveTheirUsersTheirPolicies) {
  Iam iam;
  for (const auto* user : {"Kim", "lee"}) iam.ok("iam", "CreateUser", {{"UserName", user}});
  const auto group = iam.ok("iam", "CreateGroup", {{"GroupName", "Admins"}, {"Path", "/a/"}});
  EXPECT_EQ(json::string_or(group.at("Group").as_object(), "Arn"),
            "arn:aws:iam::000000000000:group/a/Admins");
  EXPECT_EQ(iam.error("iam", "CreateGroup", {{"GroupName", "admins"}}), "EntityAlreadyExists");
  iam.ok("iam", "PutGroupPolicy",
         {{"GroupName", "Admins"}, {"PolicyName", "p"}, {"PolicyDocument", kAllow}});
  iam.ok("iam", "AttachGroupPolicy", {{"GroupName", "admins"}, {"PolicyArn", kBasic}});
  EXPECT_TRUE(iam.service.attached_to_user("kim")->identity.empty());
  const auto version = iam.service.version();
  for (int i = 0; i < 2; ++i)
    iam.ok("iam", "AddUserToGroup", {{"GroupName", "ADMINS"}, {"UserName", "kim"}});
  EXPECT_NE(iam.service.version(), version);
  EXPECT_EQ(iam.service.attached_to_user("kim")->identity_names,
            (std::vector<std::string>{"group_Admins_p", "AWSLambdaBasicExecutionRole"}));
  EXPECT_EQ(
      json::string_or(
          iam.ok("iam", "GetGroup", {{"GroupName", "Admins"}})["Users"].as_array()[0].as_object(),
          "UserName"),
      "Kim");
  EXPECT_EQ(iam.error("iam", "DeleteGroup", {{"GroupName", "Admins"}}), "DeleteConflict");
  EXPECT_EQ(iam.error("iam", "DeleteUser", {{"UserName", "Kim"}}), "DeleteConflict");
  EXPECT_EQ(iam.ok("iam", "ListEntitiesForPolicy", {{"PolicyArn", kBasic}})["PolicyGroups"]
                .as_array()
                .size(),
            1u);

  // New names on both sides.
  iam.ok("iam", "UpdateGroup", {{"GroupName", "Admins"}, {"NewGroupName", "Ops"}});
  iam.ok("iam", "UpdateUser", {{"UserName", "Kim"}, {"NewUserName", "Jo"}, {"NewPath", "/j/"}});
  EXPECT_EQ(iam.error("iam", "GetUser", {{"UserName", "Kim"}}), "NoSuchEntity");
  EXPECT_EQ(iam.error("iam", "UpdateUser", {{"UserName", "Jo"}, {"NewUserName", "LEE"}}),
            "EntityAlreadyExists");
  iam.ok("iam", "UpdateUser", {{"UserName", "jo"}, {"NewUserName", "JO"}});
  EXPECT_EQ(iam.service.attached_to_user("jo")->identity_names[0], "group_Ops_p");
  EXPECT_EQ(iam.service.attached_to_user("jo")->arn, "arn:aws:iam::000000000000:user/j/JO");
  EXPECT_EQ(iam.service.group_arn("ops"), "arn:aws:iam::000000000000:group/a/Ops");
  EXPECT_EQ(json::string_or(iam.ok("iam", "ListGroupsForUser", {{"UserName", "JO"}})["Groups"]
                                .as_array()[0]
                                .as_object(),
                            "GroupName"),
            "Ops");
  auto details = iam.ok("iam", "GetAccountAuthorizationDetails", {});
  EXPECT_EQ(details["UserDetailList"].as_array().size(), 2u);
  EXPECT_EQ(json::dump(details["UserDetailList"].as_array()[0].at("GroupList")), R"(["Ops"])");
  EXPECT_EQ(details["GroupDetailList"].as_array().size(), 1u);
  EXPECT_EQ(details["Policies"].as_array().size(), 1u);  // of AWS's, the one in use

  iam.ok("iam", "RemoveUserFromGroup", {{"GroupName", "Ops"}, {"UserName", "JO"}});
  EXPECT_TRUE(iam.service.attached_to_user("jo")->identity.empty());
  EXPECT_EQ(iam.error("iam", "DeleteGroup", {{"GroupName", "Ops"}}), "DeleteConflict");
  iam.ok("iam", "DeleteGroupPolicy", {{"GroupName", "Ops"}, {"PolicyName", "p"}});
  iam.ok("iam", "DetachGroupPolicy", {{"GroupName", "Ops"}, {"PolicyArn", kBasic}});
  iam.ok("iam", "DeleteGroup", {{"GroupName", "Ops"}});
  iam.ok("iam", "DeleteUser", {{"UserName", "JO"}});
}

TEST(Groups, HaveAQuotaForEachUser) {
  Iam iam;
  iam.ok("iam", "CreateUser", {{"UserName", "kim"}});
  for (int i = 0; i <= 10; ++i) {
    const auto name = "g" + std::to_string(i);
    iam.ok("iam", "CreateGroup", {{"GroupName", name}});
    EXPECT_EQ(iam.error("iam", "AddUserToGroup", {{"GroupName", name}, {"UserName", "kim"}}),
              i < 10 ? "" : "LimitExceeded");
  }
}

TEST(Users, KeepTheirKeysUnderANewName) {
  Iam iam;
  iam.ok("iam", "CreateUser", {{"UserName", "kim"}});
  const auto id = json::string_or(
      iam.ok("iam", "CreateAccessKey", {{"UserName", "kim"}})["AccessKey"].as_object(),
      "AccessKeyId");
  iam.ok("iam", "UpdateUser", {{"UserName", "kim"}, {"NewUserName", "jo"}});
  EXPECT_EQ(iam.service.find_access_key(id)->identity.arn, "arn:aws:iam::000000000000:user/jo");
  iam.ok("iam", "DeleteAccessKey", {{"UserName", "jo"}, {"AccessKeyId", id}});
}

TEST(Simulations, SayWhichStatementsMatched) {
  Iam iam;
  auto out = iam.ok(
      "iam", "SimulateCustomPolicy",
      {{"PolicyInputList",
        json::Array{
            R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:Put*","Resource":"*"}]})"}},
       {"ActionNames", json::Array{"s3:GetObject", "s3:PutObject"}}});
  const auto matched = [&](size_t i) {
    return json::dump(out["EvaluationResults"].as_array()[i].at("MatchedStatements"));
  };
  EXPECT_EQ(matched(0),
            R"([{"SourcePolicyId":"PolicyInputList.1","SourcePolicyType":"IAM Policy",)"
            R"("StartPosition":{"Line":1,"Column":38},"EndPosition":{"Line":1,"Column":87}}])");
  EXPECT_NE(matched(1).find(R"("StartPosition":{"Line":1,"Column":87})"), std::string::npos);
}

}  // namespace
}  // namespace dew::iam
