#include "authz/execute_api.h"

#include <gtest/gtest.h>

namespace dew::authz {
namespace {

constexpr const char* kUser = "arn:aws:iam::000000000000:user/kim";
constexpr const char* kMethod = "arn:aws:execute-api:us-east-1:000000000000:api/dev/GET/a";

struct TestSources final : Sources {
  uint64_t version() const override { return number; }
  policy::AttachedPtr user(std::string_view) const override {
    auto out = std::make_shared<policy::AttachedPolicies>();
    out->arn = kUser;
    out->id = "AIDA1";
    if (identity) out->identity.push_back(identity);
    return out;
  }
  policy::AttachedPtr role(std::string_view) const override { return nullptr; }
  std::string group_arn(std::string_view) const override { return ""; }
  policy::PolicyPtr bucket_policy(std::string_view) const override { return nullptr; }
  bool restricts_public_access(std::string_view) const override { return false; }
  policy::PolicyPtr function_policy(std::string_view, std::string_view) const override {
    return nullptr;
  }
  std::string partition_key(std::string_view, std::string_view) const override { return ""; }
  Tags tags(std::string_view, std::string_view) const override { return {}; }

  // Of no two tests the same, as a thread keeps what it has learnt.
  static inline uint64_t last = 9'000'000;
  uint64_t number = ++last;
  policy::PolicyPtr identity;
};

struct ExecuteApiTest : testing::Test {
  static policy::PolicyPtr document(const std::string& effect, policy::Kind kind,
                                    const std::string& more = "") {
    const std::string principal = kind == policy::Kind::kResource ? R"(,"Principal":"*")" : "";
    auto out = policy::Policy::parse(
        R"({"Version":"2012-10-17","Statement":[{"Effect":")" + effect +
            R"(","Action":"execute-api:Invoke","Resource":"*")" + principal + more + "}]}",
        kind);
    EXPECT_TRUE(out.has_value());
    return *out;
  }
  static aws::Identity kim() {
    aws::Identity out;
    out.arn = kUser;
    out.user_id = "AIDA1";
    return out;
  }
  static aws::Identity nobody() {
    aws::Identity out;
    out.anonymous = true;
    return out;
  }
  bool decide(const aws::Identity& who, const policy::PolicyPtr& api, Mode mode = Mode::kEnforce) {
    sources.number = ++TestSources::last;
    const Authorizer authorizer(sources, clock, "000000000000", mode);
    const ExecuteApi api_access(authorizer, sources, clock, "000000000000", "us-east-1", mode);
    return api_access.decide({who, "execute-api:Invoke", kMethod, request, api.get()}).allowed();
  }
  bool custom(const policy::PolicyPtr& api, const policy::PolicyPtr& returned,
              Mode mode = Mode::kEnforce) {
    const Authorizer authorizer(sources, clock, "000000000000", mode);
    const ExecuteApi api_access(authorizer, sources, clock, "000000000000", "us-east-1", mode);
    const auto who = nobody();
    return api_access
        .decide({who, "execute-api:Invoke", kMethod, request, api.get()}, returned.get())
        .allowed();
  }

  SystemClock clock;
  TestSources sources;
  http::Request request;
};

TEST_F(ExecuteApiTest, WeighsIdentityAndResourcePolicies) {
  const auto allow = document("Allow", policy::Kind::kResource);
  const auto deny = document("Deny", policy::Kind::kResource);
  EXPECT_FALSE(decide(kim(), nullptr));
  EXPECT_TRUE(decide(kim(), allow));
  EXPECT_FALSE(decide(kim(), deny));
  EXPECT_TRUE(decide(nobody(), allow));
  EXPECT_FALSE(decide(nobody(), deny));
  sources.identity = document("Allow", policy::Kind::kIdentity);
  EXPECT_TRUE(decide(kim(), nullptr));
  EXPECT_FALSE(decide(kim(), deny));
  sources.identity = document("Deny", policy::Kind::kIdentity);
  EXPECT_FALSE(decide(kim(), allow));
  EXPECT_TRUE(decide(kim(), deny, Mode::kAudit));
  EXPECT_TRUE(decide(kim(), deny, Mode::kOff));
}

TEST_F(ExecuteApiTest, KnowsWhereARequestComesFrom) {
  request.remote_address = "10.1.2.3";
  const auto near = document("Allow", policy::Kind::kResource,
                             R"(,"Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}})");
  EXPECT_TRUE(decide(nobody(), near));
  request.remote_address = "192.0.2.1";
  EXPECT_FALSE(decide(nobody(), near));
}

TEST_F(ExecuteApiTest, WhatALambdaAuthorizerReturnsCountsInEveryMode) {
  const auto allow = document("Allow", policy::Kind::kResource);
  const auto deny = document("Deny", policy::Kind::kResource);
  const auto may = document("Allow", policy::Kind::kIdentity);
  const auto may_not = document("Deny", policy::Kind::kIdentity);
  const auto* elsewhere = R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow",
      "Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:*:other/*"}]})";
  const auto silent = *policy::Policy::parse(elsewhere, policy::Kind::kIdentity);
  EXPECT_TRUE(custom(nullptr, nullptr));
  EXPECT_TRUE(custom(allow, nullptr));
  EXPECT_FALSE(custom(deny, nullptr));
  EXPECT_TRUE(custom(deny, nullptr, Mode::kAudit));
  EXPECT_TRUE(custom(nullptr, may));
  EXPECT_TRUE(custom(allow, silent));
  EXPECT_FALSE(custom(nullptr, silent));
  for (const auto mode : {Mode::kEnforce, Mode::kAudit, Mode::kOff}) {
    EXPECT_FALSE(custom(nullptr, may_not, mode));
    EXPECT_FALSE(custom(nullptr, silent, mode));
  }
}

}  // namespace
}  // namespace dew::authz
