#include "services/lambda/logging.h"

#include <gtest/gtest.h>

#include "services/lambda/platform_log.h"

namespace dew::lambda {
namespace {

Logging read(std::string_view config) {
  const auto value = json::parse(config);
  return logging_of(value->as_object(), "f").value();
}

TEST(Logging, HasDefaults) {
  EXPECT_EQ(read("{}"), Logging{});
  EXPECT_EQ(json::dump(logging_json(read("{}"), "f")),
            R"({"LogFormat":"Text","LogGroup":"/aws/lambda/f"})");
  EXPECT_EQ(
      json::dump(logging_json(read(R"({"LogFormat":"JSON","SystemLogLevel":"WARN"})"), "f")),
      R"({"LogFormat":"JSON","ApplicationLogLevel":"INFO","SystemLogLevel":"WARN","LogGroup":"/aws/lambda/f"})");
  EXPECT_EQ(read(R"({"LogGroup":"/aws/lambda/f"})").group, "");
  EXPECT_EQ(read(R"({"LogGroup":"/shared"})").group, "/shared");
}

TEST(Logging, LevelsNeedJson) {
  for (const char* text :
       {R"({"LogFormat":"Text","ApplicationLogLevel":"WARN"})", R"({"SystemLogLevel":"DEBUG"})"}) {
    const auto value = json::parse(text);
    const auto refused = logging_of(value->as_object(), "f");
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, "InvalidParameterValueException");
  }
}

TEST(Logging, FindsTheLevelOfALine) {
  const struct {
    const char* line;
    LogLevel level;
  } cases[] = {
      {R"({"level":"debug","timestamp":"2024-11-02T16:51:31.587199Z"})", LogLevel::kDebug},
      {R"({"level":"ERROR","time":"2024-11-02T16:51:31+01:00"})", LogLevel::kError},
      {R"( {"log_level":"FATAL","timestamp":"2024-11-02T16:51:31Z"})", LogLevel::kFatal},
      {R"({"level":"WARNING","timestamp":"2024-11-02T16:51:31Z"})", LogLevel::kWarn},
      {R"({"level":"CRITICAL","timestamp":"2024-11-02T16:51:31Z"})", LogLevel::kFatal},
      {R"({"level":"trace","timestamp":"2024-11-02 16:51:31Z"})", LogLevel::kTrace},
      // Without a valid time, or a level that is known, a line is information.
      {R"({"level":"debug"})", LogLevel::kInfo},
      {R"({"level":"debug","timestamp":"yesterday"})", LogLevel::kInfo},
      {R"({"level":"debug","timestamp":"2024-11-02T16:51:31"})", LogLevel::kInfo},
      {R"({"level":"debug","timestamp":"2024-11-02T16:51:31."})", LogLevel::kInfo},
      {R"({"level":"debug","timestamp":1730566291})", LogLevel::kInfo},
      {R"({"level":"loud","timestamp":"2024-11-02T16:51:31Z"})", LogLevel::kInfo},
      {R"({"level":3,"timestamp":"2024-11-02T16:51:31Z"})", LogLevel::kInfo},
      {R"({"level":"debug","timestamp":"2024-11-02T16:51:31Z")", LogLevel::kInfo},
      {R"(["debug"])", LogLevel::kInfo},
      {"text", LogLevel::kInfo},
      {"", LogLevel::kInfo},
  };
  for (const auto& each : cases) EXPECT_EQ(level_of_line(each.line), each.level) << each.line;
}

class Fixed final : public Clock {
 public:
  TimePoint now() const override { return TimePoint(std::chrono::milliseconds(1'700'000'000'123)); }
};

class Platform : public testing::Test {
 protected:
  PlatformLog at(LogLevel level) {
    config_.function_name = "f";
    config_.logging.json = true;
    config_.logging.system_level = level;
    return {config_, clock_};
  }
  VersionConfig config_;
  Fixed clock_;
};

TEST_F(Platform, WritesEventsInJson) {
  const PlatformLog log = at(LogLevel::kDebug);
  EXPECT_EQ(
      log.start("id", "$LATEST"),
      R"({"time":"2023-11-14T22:13:20.123Z","type":"platform.start","record":{"requestId":"id","version":"$LATEST"}})"
      "\n");
  EXPECT_EQ(
      log.report({.request_id = "id",
                  .duration_ms = 101.514,
                  .init_ms = 116.67,
                  .memory_mb = 512,
                  .peak_mb = 33}),
      R"({"time":"2023-11-14T22:13:20.123Z","type":"platform.report","record":{"requestId":"id","metrics":{"durationMs":101.51,"billedDurationMs":219,"memorySizeMB":512,"maxMemoryUsedMB":33,"initDurationMs":116.67},"status":"success"}})"
      "\n");
  EXPECT_EQ(
      log.init_start("init"),
      R"({"time":"2023-11-14T22:13:20.123Z","type":"platform.initStart","record":{"initializationType":"on-demand","phase":"init","functionName":"f","functionVersion":"$LATEST"}})"
      "\n");
  EXPECT_NE(log.end({.request_id = "id"}, 7).find(R"("producedBytes":7)"), std::string::npos);
  EXPECT_NE(log.init_runtime_done({.phase = "init"}).find("platform.initRuntimeDone"),
            std::string::npos);
  EXPECT_NE(log.init_report({.phase = "init"}).find("platform.initReport"), std::string::npos);
}

// The table of AWS's page, row by row.
TEST_F(Platform, KeepsToTheSystemLevel) {
  const Report well{.request_id = "id"};
  const Report badly{.request_id = "id", .status = "error", .error_type = "Runtime.ExitError"};
  const PlatformLog info = at(LogLevel::kInfo);
  EXPECT_EQ(info.init_start("init"), "");
  EXPECT_EQ(info.init_runtime_done({}), "");
  EXPECT_EQ(info.init_report({}), "");
  EXPECT_NE(info.init_report({.status = "error"}), "");
  EXPECT_NE(info.start("id", "1"), "");
  EXPECT_EQ(info.end(well, 0), "");
  EXPECT_NE(info.report(well), "");
  const PlatformLog warn = at(LogLevel::kWarn);
  EXPECT_EQ(warn.start("id", "1"), "");
  EXPECT_EQ(warn.report(well), "");
  EXPECT_NE(warn.end(badly, 0).find(R"("errorType":"Runtime.ExitError")"), std::string::npos);
  EXPECT_NE(warn.report(badly).find(R"("status":"error")"), std::string::npos);
  EXPECT_NE(warn.init_runtime_done({.status = "timeout"}), "");
}

TEST_F(Platform, IsTextOtherwise) {
  config_.function_name = "f";
  const PlatformLog log(config_, clock_);
  EXPECT_EQ(log.start("id", "1"), "START RequestId: id Version: 1\n");
  EXPECT_EQ(log.end({.request_id = "id"}, 0), "END RequestId: id\n");
  EXPECT_EQ(log.failure("id", "m", "T"), "RequestId: id Error: m\nT\n");
  EXPECT_EQ(log.init_start("init") + log.init_runtime_done({}) + log.init_report({}), "");
  EXPECT_NE(log.init_report({.phase = "init", .status = "error"}).find("INIT_REPORT"),
            std::string::npos);
}

}  // namespace
}  // namespace dew::lambda
