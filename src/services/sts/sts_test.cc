#include <gtest/gtest.h>

#include "services/sts/service.h"
#include "services/testing.h"
#include "store/key.h"

namespace dew::sts {
namespace {

struct Sts : services::TestCloud {
  explicit Sts(std::shared_ptr<store::Store> shared = store::make_memory_store())
      : TestCloud(std::move(shared)), service(context()) {
    service.register_operations(registry);
    registry.add(
        "iam", "GetRole", aws::Run::kInline, [](aws::Call& call) -> aws::ApiResult<json::Value> {
          if (json::string_or(call.input, "RoleName") != "r")
            return aws::fail("NoSuchEntity", "", 404);
          return json::Object{{"Role", json::Object{{"RoleName", "r"},
                                                    {"RoleId", "AROA1"},
                                                    {"Arn", "arn:aws:iam::000000000000:role/r"},
                                                    {"MaxSessionDuration", 3600}}}};
        });
  }
  Service service;
};

TEST(Sts, TellsTheCaller) {
  Sts sts;
  EXPECT_EQ(json::string_or(sts.ok("sts", "GetCallerIdentity", {}), "Account"), "000000000000");
}

TEST(Sts, IssuesSessionsThatExpireAndOutliveARestart) {
  Sts sts;
  auto out = sts.ok("sts", "AssumeRole",
                    {{"RoleArn", "arn:aws:iam::000000000000:role/r"}, {"RoleSessionName", "s"}});
  const auto key = json::string_or(out["Credentials"].as_object(), "AccessKeyId");
  EXPECT_TRUE(key.starts_with("ASIA"));
  const auto session = sts.service.find_session(key);
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(session->credential.identity.arn, "arn:aws:sts::000000000000:assumed-role/r/s");
  EXPECT_EQ(session->credential.identity.user_id, "AROA1:s");
  Sts again(sts.store);
  EXPECT_EQ(again.service.find_session(key)->credential.secret, session->credential.secret);
  sts.clock.advance(std::chrono::seconds(3600));
  EXPECT_EQ(sts.service.find_session(key), nullptr);
  sts.ok("sts", "GetSessionToken", {});
  EXPECT_FALSE(sts.store->get(store::Key("sts").add("session").add(key))->has_value());
}

TEST(Sts, RefusesWhatItShould) {
  Sts sts;
  EXPECT_EQ(sts.error("sts", "AssumeRole",
                      {{"RoleArn", "arn:aws:iam::000000000000:role/no"}, {"RoleSessionName", "s"}}),
            "AccessDenied");
  EXPECT_EQ(sts.error("sts", "AssumeRole",
                      {{"RoleArn", "arn:aws:iam::000000000000:role/r"},
                       {"RoleSessionName", "s"},
                       {"DurationSeconds", 7200}}),
            "ValidationError");
}

}  // namespace
}  // namespace dew::sts
