#include "authz/authorizer.h"

#include <gtest/gtest.h>

namespace dew::authz {
namespace {

constexpr const char* kUser = "arn:aws:iam::000000000000:user/kim";

struct TestSources final : Sources {
  uint64_t version() const override { return number; }
  policy::AttachedPtr user(std::string_view name) const override {
    if (name != "kim") return nullptr;
    ++asked;
    auto out = std::make_shared<policy::AttachedPolicies>();
    out->arn = kUser;
    out->id = "AIDA1";
    out->name = name;
    out->identity.push_back(*policy::Policy::parse(document, policy::Kind::kIdentity));
    return out;
  }
  policy::AttachedPtr role(std::string_view) const override { return nullptr; }
  std::string group_arn(std::string_view) const override { return ""; }
  policy::PolicyPtr bucket_policy(std::string_view) const override {
    return bucket.empty() ? nullptr : *policy::Policy::parse(bucket, policy::Kind::kResource);
  }
  bool restricts_public_access(std::string_view) const override { return restricted; }
  policy::PolicyPtr function_policy(std::string_view, std::string_view) const override {
    return nullptr;
  }
  std::string partition_key(std::string_view, std::string_view) const override { return "id"; }

  Tags tags(std::string_view arn, std::string_view version) const override {
    ++asked_for_tags;
    return {{"Of", std::string(arn) + std::string(version)}, {"Team", "blue"}};
  }

  // Of no two tests the same, as a thread keeps what it has learnt.
  static inline uint64_t last = 1'000'000;
  uint64_t number = ++last;
  std::string document;
  std::string bucket;
  bool restricted = false;
  mutable int asked = 0;
  mutable int asked_for_tags = 0;
};

struct AuthorizerTest : testing::Test {
  // The message of the refusal; empty: allowed.
  std::string ask(std::string service, std::string operation, json::Object input,
                  const char* id = "AIDA1", Mode mode = Mode::kEnforce) {
    Authorizer authorizer(sources, clock, "000000000000", mode);
    aws::Call call{std::move(service), std::move(operation), "us-east-1", "request", {}, {}};
    call.identity.arn = kUser;
    call.identity.user_id = id;
    call.input = std::move(input);
    const auto verdict = authorizer.authorize(call);
    return verdict ? "" : verdict.error().message;
  }
  void allow(const std::string& action, const std::string& condition = "{}") {
    sources.number = ++TestSources::last;
    sources.document = R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":")" +
                       action + R"(","Resource":"*","Condition":)" + condition + "}}";
  }

  SystemClock clock;
  TestSources sources;
};

TEST_F(AuthorizerTest, KeepsACallersPoliciesUntilTheVersionChanges) {
  allow("dynamodb:GetItem");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask("dynamodb", "GetItem", {{"TableName", "t"}}), "");
  EXPECT_EQ(sources.asked, 1);
  allow("dynamodb:PutItem");
  EXPECT_EQ(ask("dynamodb", "GetItem", {{"TableName", "t"}}),
            "User: arn:aws:iam::000000000000:user/kim is not authorized to perform: "
            "dynamodb:GetItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/t because "
            "no identity-based policy allows the dynamodb:GetItem action");
  EXPECT_EQ(sources.asked, 2);
}

TEST_F(AuthorizerTest, TellsAUserFromAnotherOfTheSameName) {
  allow("*");
  EXPECT_EQ(ask("dynamodb", "GetItem", {{"TableName", "t"}}), "");
  EXPECT_NE(ask("dynamodb", "GetItem", {{"TableName", "t"}}, "AIDA0"), "");
}

TEST_F(AuthorizerTest, RefusesWhatHasNoRule) {
  allow("*");
  EXPECT_NE(ask("dynamodb", "NoSuchOperation", {}), "");
  EXPECT_NE(ask("nobody", "GetItem", {}), "");
}

TEST_F(AuthorizerTest, AuditAndOffLetThrough) {
  allow("s3:*");
  EXPECT_NE(ask("dynamodb", "ListTables", {}), "");
  EXPECT_EQ(ask("dynamodb", "ListTables", {}, "AIDA1", Mode::kAudit), "");
  EXPECT_EQ(ask("dynamodb", "ListTables", {}, "AIDA1", Mode::kOff), "");
}

TEST_F(AuthorizerTest, ReadsAResourcesTagsWhenAPolicyAsks) {
  const auto is = [&](const char* action, const char* key, const char* value) {
    allow(action, std::string(R"({"StringEquals":{")") + key + R"(":")" + value + "\"}}");
  };
  const json::Object table{{"TableName", "t"}};
  is("dynamodb:*", "aws:ResourceTag/team", "blue");
  EXPECT_EQ(ask("dynamodb", "DescribeTable", table), "");
  EXPECT_EQ(sources.asked_for_tags, 1);
  is("dynamodb:*", "aws:ResourceTag/Team", "red");
  EXPECT_NE(ask("dynamodb", "DescribeTable", table), "");
  is("dynamodb:*", "aws:ResourceTag/Of", "arn:aws:dynamodb:us-east-1:000000000000:table/t");
  EXPECT_EQ(ask("dynamodb", "DescribeTable", table), "");
  is("iam:*", "iam:ResourceTag/Team", "blue");
  EXPECT_EQ(ask("iam", "GetRole", {{"RoleName", "r"}}), "");
  is("ssm:*", "ssm:resourceTag/Team", "blue");
  EXPECT_EQ(ask("ssm", "GetParameter", {{"Name", "/a"}}), "");
  // Buckets have no such key, and objects another.
  const json::Object object{{"Bucket", "b"}, {"Key", "k"}, {"VersionId", "v"}};
  is("s3:*", "aws:ResourceTag/Team", "blue");
  EXPECT_NE(ask("s3", "GetObject", object), "");
  is("s3:*", "s3:ExistingObjectTag/Of", "arn:aws:s3:::b/kv");
  EXPECT_EQ(ask("s3", "GetObject", object), "");
  EXPECT_NE(ask("s3", "DeleteObject", object), "");
  is("s3:*", "s3:RequestObjectTag/a", "b");
  EXPECT_EQ(ask("s3", "PutObject", {{"Bucket", "b"}, {"Key", "k"}, {"Tagging", "a=b&c=d"}}), "");
  EXPECT_NE(ask("s3", "PutObject", {{"Bucket", "b"}, {"Key", "k"}, {"Tagging", "a=c"}}), "");
  // Who may pass a role is not for its tags to say.
  allow("lambda:*");
  const auto before = sources.asked_for_tags;
  is("*", "aws:ResourceTag/Team", "blue");
  EXPECT_NE(ask("lambda", "CreateFunction",
                {{"FunctionName", "f"}, {"Role", "arn:aws:iam::000000000000:role/r"}})
                .find("iam:PassRole"),
            std::string::npos);
  EXPECT_EQ(sources.asked_for_tags, before + 1);
}

TEST_F(AuthorizerTest, AsksForAnotherOperationOnTheWay) {
  allow("s3:DeleteObject");
  Authorizer authorizer(sources, clock, "000000000000", Mode::kEnforce);
  aws::Call call{"s3", "DeleteObjects", "us-east-1", "request", {}, {}};
  call.identity.arn = kUser;
  call.identity.user_id = "AIDA1";
  call.authorizer = &authorizer;
  EXPECT_TRUE(authorizer.authorize(call));
  EXPECT_TRUE(call.may("DeleteObject", {{"Bucket", "b"}, {"Key", "k"}}));
  const auto refused =
      call.may("DeleteObject", {{"Bucket", "b"}, {"Key", "k"}, {"VersionId", "v"}});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("s3:DeleteObjectVersion on resource: \"arn:aws:s3:::b/k"),
            std::string::npos);
  EXPECT_FALSE(call.may("HeadBucket", {{"Bucket", "b"}}));
}

TEST_F(AuthorizerTest, KeepsStrangersFromARestrictedBucket) {
  allow("logs:*");
  sources.bucket =
      R"({"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}})";
  Authorizer authorizer(sources, clock, "000000000000", Mode::kEnforce);
  aws::Call call{"s3", "GetObject", "us-east-1", "request", {}, {{"Bucket", "b"}, {"Key", "k"}}};
  call.identity.anonymous = true;
  EXPECT_TRUE(authorizer.authorize(call));
  sources.restricted = true;
  EXPECT_FALSE(authorizer.authorize(call));
  EXPECT_EQ(ask("s3", "GetObject", {{"Bucket", "b"}, {"Key", "k"}}), "");
}

TEST_F(AuthorizerTest, ReadsTheLeadingKeysOfEveryForm) {
  allow(
      "dynamodb:*",
      R"({"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":"a"},"Null":{"dynamodb:LeadingKeys":"false"}})");
  const auto value = [](const char* text) { return json::Object{{"id", {{"S", text}}}}; };
  const auto query = [&](const char* expression, const char* text) {
    return json::Object{{"TableName", "t"},
                        {"KeyConditionExpression", expression},
                        {"ExpressionAttributeNames", {{"#i", "id"}}},
                        {"ExpressionAttributeValues", {{":v", {{"S", text}}}}}};
  };
  EXPECT_EQ(ask("dynamodb", "GetItem", {{"TableName", "t"}, {"Key", value("a")}}), "");
  EXPECT_NE(ask("dynamodb", "GetItem", {{"TableName", "t"}, {"Key", value("b")}}), "");
  EXPECT_NE(ask("dynamodb", "PutItem", {{"TableName", "t"}, {"Item", value("b")}}), "");
  EXPECT_EQ(ask("dynamodb", "Query", query("id = :v", "a")), "");
  EXPECT_EQ(ask("dynamodb", "Query", query("(#i=:v) AND s > :v", "a")), "");
  EXPECT_NE(ask("dynamodb", "Query", query(":v = #i", "b")), "");
  EXPECT_NE(ask("dynamodb", "Scan", {{"TableName", "t"}}), "");
}

}  // namespace
}  // namespace dew::authz
