#include <gmock/gmock.h>

#include "services/apigateway/test_support.h"
#include "services/apigateway/token_bucket.h"
#include "services/apigateway/usage_period.h"

namespace dew::apigateway {
namespace {

TEST(TokenBucketTest, GivesTheBurstAtOnceAndThenTheRate) {
  TokenBucket bucket;
  const Limits limits{.rate = 10, .burst = 3};
  int64_t now_us = 1'000'000;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(limits, now_us)) << i;
  EXPECT_FALSE(bucket.take(limits, now_us));
  EXPECT_FALSE(bucket.take(limits, now_us + 99'999));
  EXPECT_TRUE(bucket.take(limits, now_us + 100'000));
  EXPECT_FALSE(bucket.take(limits, now_us + 100'000));
  now_us += 10'000'000;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(limits, now_us)) << i;
  EXPECT_FALSE(bucket.take(limits, now_us));
  TokenBucket closed;
  EXPECT_FALSE(closed.take({.rate = 0, .burst = 5}, now_us));
  EXPECT_FALSE(closed.take({.rate = 5, .burst = 0}, now_us));
}

TEST(UsagePeriodTest, BeginsWhereTheOffsetSays) {
  const auto start = [](const char* day, Period period, int offset) {
    return day_text(period_start(*parse_day(day), period, offset));
  };
  EXPECT_EQ(start("2026-11-26", Period::kDay, 0), "2026-11-26");
  // A Thursday.
  EXPECT_EQ(start("2026-11-26", Period::kWeek, 0), "2026-11-22");
  EXPECT_EQ(start("2026-11-26", Period::kWeek, 4), "2026-11-26");
  EXPECT_EQ(start("2026-11-26", Period::kWeek, 5), "2026-11-20");
  EXPECT_EQ(start("2026-11-26", Period::kMonth, 0), "2026-11-01");
  EXPECT_EQ(start("2026-11-26", Period::kMonth, 25), "2026-11-26");
  EXPECT_EQ(start("2026-11-26", Period::kMonth, 27), "2026-10-28");
  EXPECT_EQ(start("2026-01-03", Period::kMonth, 10), "2025-12-11");
  for (const char* bad : {"", "2026-13-01", "2026-02-30", "26-11-2026", "2026-11-2x"})
    EXPECT_FALSE(parse_day(bad)) << bad;
}

class UsageTest : public ServiceTest {
 protected:
  void make_plan(json::Object options) {
    make_api();
    proxy("/a", "GET", "hello", {{"apiKeyRequired", true}});
    deploy();
    options["name"] = "plan";
    options["apiStages"] = json::Array{json::Object{{"apiId", api_id}, {"stage", "dev"}}};
    plan = json::string_or(ok("CreateUsagePlan", std::move(options)), "id");
    const auto made = ok("CreateApiKey", {{"name", "key"}, {"enabled", true}});
    key = json::string_or(made, "value");
    ok("CreateUsagePlanKey",
       {{"usagePlanId", plan}, {"keyId", json::string_or(made, "id")}, {"keyType", "API_KEY"}});
  }
  int status() { return send(request("GET", "/dev/a", {{"X-API-Key", key}})).status; }

  std::string plan;
  std::string key;
};

TEST_F(UsageTest, AQuotaBeginsAnewWithItsPeriodAndSurvivesARestart) {
  make_plan({{"quota", json::Object{{"limit", 2}, {"period", "DAY"}}}});
  EXPECT_EQ(status(), 200);
  restart();
  EXPECT_EQ(status(), 200);
  EXPECT_EQ(status(), 429);
  restart();
  EXPECT_EQ(status(), 429);
  clock.advance(std::chrono::hours(24));
  EXPECT_EQ(status(), 200);
}

TEST_F(UsageTest, AThrottleLetsThroughAgainInTime) {
  make_plan({{"throttle", json::Object{{"rateLimit", 1.0}, {"burstLimit", 2}}}});
  EXPECT_EQ(status(), 200);
  EXPECT_EQ(status(), 200);
  EXPECT_EQ(status(), 429);
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(status(), 200);
  EXPECT_EQ(status(), 429);
}

}  // namespace
}  // namespace dew::apigateway
