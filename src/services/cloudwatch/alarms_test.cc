#include "services/cloudwatch/alarms.h"

#include <gtest/gtest.h>

#include "services/cloudwatch/service.h"
#include "services/testing.h"
#include "store/key.h"

namespace dew::cloudwatch {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class Heard final : public AlarmActions {
 public:
  void run(AlarmAction action, ClockHold,
           std::move_only_function<void(Result<void>)> done) override {
    all.push_back(action.action + " " +
                  json::str(action.event.at("alarmData").at("state").at("value")));
    done({});
  }
  std::vector<std::string> all;
};

class AlarmsTest : public services::TestCloud, public testing::Test {
 protected:
  AlarmsTest() { start(); }
  ~AlarmsTest() override { service->stop(); }
  void start() {
    if (service) service->stop();
    context_.emplace(context());
    service = std::make_unique<Service>(*context_);
    service->set_alarm_actions(&heard);
    registry = aws::Registry();
    service->register_operations(registry);
  }
  json::Object ask(std::string_view operation, json::Object input) {
    return ok("cloudwatch", operation, std::move(input));
  }
  void put_alarm(const std::string& name, json::Object more = {}) {
    json::Object input{{"AlarmName", name},
                       {"Namespace", "N"},
                       {"MetricName", "m"},
                       {"Statistic", "Sum"},
                       {"Period", 60},
                       {"EvaluationPeriods", 1},
                       {"Threshold", 5},
                       {"ComparisonOperator", "GreaterThanThreshold"},
                       {"AlarmActions", json::Array{"arn:x:" + name}}};
    for (auto& [key, value] : more) input[key] = value;
    ask("PutMetricAlarm", std::move(input));
    clock.advance(seconds(0));
  }
  void put(double value) {
    ask("PutMetricData",
        {{"Namespace", "N"},
         {"MetricData", json::Array{json::Object{{"MetricName", "m"}, {"Value", value}}}}});
  }
  std::string state(const std::string& name) {
    const auto out =
        ask("DescribeAlarms", {{"AlarmNames", json::Array{name}},
                               {"AlarmTypes", json::Array{"MetricAlarm", "CompositeAlarm"}}});
    for (const auto* list : {"MetricAlarms", "CompositeAlarms"}) {
      for (const auto& alarm : *json::array_at(out, list))
        return json::string_or(alarm.as_object(), "StateValue");
    }
    return "gone";
  }
  size_t keys(std::string_view kind) {
    const auto prefix = store::Key("cloudwatch").add(kind);
    size_t out = 0;
    for (auto cursor = store->cursor(prefix, prefix.prefix_end()); cursor->valid(); cursor->next())
      ++out;
    return out;
  }

  Heard heard;
  std::optional<services::Context> context_;
  std::unique_ptr<Service> service;
};

TEST_F(AlarmsTest, IsLookedAtOnceAPeriod) {
  put_alarm("a");
  EXPECT_EQ(state("a"), "INSUFFICIENT_DATA");
  put(6);
  clock.advance(seconds(61));
  EXPECT_EQ(state("a"), "INSUFFICIENT_DATA");  // the period may still get more
  clock.advance(seconds(1));
  EXPECT_EQ(state("a"), "ALARM");
  EXPECT_EQ(heard.all, std::vector<std::string>{"arn:x:a ALARM"});
  // While nothing changes nothing is written.
  const auto history = keys("history");
  for (int i = 0; i < 2; ++i) {
    put(7);
    clock.advance(minutes(1));
  }
  EXPECT_EQ(state("a"), "ALARM");
  EXPECT_EQ(keys("history"), history);
  EXPECT_EQ(heard.all.size(), 1U);
}

TEST_F(AlarmsTest, GoesOnAfterARestart) {
  put_alarm("a");
  put(6);
  clock.advance(seconds(62));
  start();
  EXPECT_EQ(state("a"), "ALARM");
  put(1);
  clock.advance(seconds(62));
  EXPECT_EQ(state("a"), "OK");
}

TEST_F(AlarmsTest, AnUpdateKeepsTheState) {
  put_alarm("a", {{"Tags", json::Array{json::Object{{"Key", "k"}, {"Value", "v"}}}}});
  put(6);
  clock.advance(seconds(62));
  put_alarm("a", {{"Threshold", 50}, {"Tags", json::Array()}});
  const auto tags = ask("ListTagsForResource",
                        {{"ResourceARN", "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a"}});
  EXPECT_EQ(json::array_at(tags, "Tags")->size(), 1U);
  clock.advance(seconds(62));
  EXPECT_EQ(state("a"), "OK");
}

TEST_F(AlarmsTest, ACircleOfCompositeAlarmsStops) {
  put_alarm("a");
  ask("PutCompositeAlarm", {{"AlarmName", "x"}, {"AlarmRule", "ALARM(a)"}});
  ask("PutCompositeAlarm", {{"AlarmName", "y"}, {"AlarmRule", "NOT ALARM(x)"}});
  ask("PutCompositeAlarm", {{"AlarmName", "x"}, {"AlarmRule", "ALARM(y)"}});
  EXPECT_NE(state("x"), "gone");
  EXPECT_EQ(error("cloudwatch", "PutCompositeAlarm", {{"AlarmName", "a"}, {"AlarmRule", "TRUE"}}),
            "ValidationError");
}

TEST_F(AlarmsTest, OfDynamoDbIgnoresMissingDataUnlessToldOtherwise) {
  const auto after_gap = [&](const std::string& name, json::Object more) {
    more["Namespace"] = "AWS/DynamoDB";
    put_alarm(name, std::move(more));
    ask("SetAlarmState", {{"AlarmName", name}, {"StateValue", "OK"}, {"StateReason", "a test"}});
    clock.advance(minutes(10));
    return state(name);
  };
  EXPECT_EQ(after_gap("default", {}), "OK");
  EXPECT_EQ(after_gap("missing", {{"TreatMissingData", "missing"}}), "INSUFFICIENT_DATA");
  EXPECT_EQ(after_gap("breaching", {{"TreatMissingData", "breaching"}}), "ALARM");
  EXPECT_EQ(after_gap("notBreaching", {{"TreatMissingData", "notBreaching"}}), "OK");
}

// "this setting is used when there are fewer than 10/(1-percentile) data points":
// percentiles-with-low-samples.html
TEST_F(AlarmsTest, PercentilesOfFewSamplesMayBeIgnored) {
  const auto percentile = [&](const std::string& name, const char* which, const char* low) {
    json::Object input{{"AlarmName", name},
                       {"Namespace", "N"},
                       {"MetricName", "m"},
                       {"ExtendedStatistic", which},
                       {"Period", 60},
                       {"EvaluationPeriods", 1},
                       {"Threshold", 5},
                       {"ComparisonOperator", "GreaterThanThreshold"},
                       {"EvaluateLowSampleCountPercentile", low}};
    ask("PutMetricAlarm", std::move(input));
  };
  const auto samples = [&](int count) {
    json::Object datum{{"MetricName", "m"},
                       {"Values", json::Array{6.0}},
                       {"Counts", json::Array{static_cast<double>(count)}}};
    ask("PutMetricData", {{"Namespace", "N"}, {"MetricData", json::Array{std::move(datum)}}});
    clock.advance(seconds(62));
  };
  percentile("p50", "p50", "ignore");
  percentile("p99", "p99", "ignore");
  percentile("p10", "p10", "ignore");
  percentile("always", "p99", "evaluate");
  samples(19);
  EXPECT_EQ(state("p50"), "INSUFFICIENT_DATA");
  EXPECT_EQ(state("always"), "ALARM");
  samples(20);
  EXPECT_EQ(state("p50"), "ALARM");
  samples(99);
  EXPECT_EQ(state("p10"), "INSUFFICIENT_DATA");
  samples(100);
  EXPECT_EQ(state("p10"), "ALARM");
  samples(999);
  EXPECT_EQ(state("p99"), "INSUFFICIENT_DATA");
  samples(1000);
  EXPECT_EQ(state("p99"), "ALARM");
}

TEST_F(AlarmsTest, WatchesWhatMathMakes) {
  const auto metric = [](const char* id, const char* name) {
    const json::Object what{{"Namespace", "N"}, {"MetricName", name}};
    return json::Object{
        {"Id", id},
        {"MetricStat", json::Object{{"Metric", what}, {"Period", 60}, {"Stat", "Sum"}}},
        {"ReturnData", false}};
  };
  const auto math = [&](const std::string& name, const char* expression, const char* comparison,
                        double threshold) {
    ask("PutMetricAlarm",
        {{"AlarmName", name},
         {"Metrics", json::Array{metric("m", "m"), metric("other", "other"),
                                 json::Object{{"Id", "e"}, {"Expression", expression}}}},
         {"EvaluationPeriods", 1},
         {"Threshold", threshold},
         {"ComparisonOperator", comparison}});
  };
  math("rate", "m / other * 100", "GreaterThanThreshold", 5);
  math("filled", "FILL(other, 0)", "LessThanThreshold", 1);
  math("sum", "m + other", "GreaterThanOrEqualToThreshold", 7);
  math("low", "IF(m > 3, m)", "LessThanOrEqualToThreshold", 7);
  put(7);
  clock.advance(seconds(62));
  EXPECT_EQ(state("rate"), "INSUFFICIENT_DATA");  // 7 / 0 is no data point
  EXPECT_EQ(state("filled"), "ALARM");
  EXPECT_EQ(state("sum"), "ALARM");
  EXPECT_EQ(state("low"), "ALARM");
}

TEST_F(AlarmsTest, ForgetsHistoryAfterAMonth) {
  put_alarm("a");
  EXPECT_EQ(keys("history"), 1U);
  clock.advance(std::chrono::hours(24 * 29));
  EXPECT_EQ(keys("history"), 1U);
  clock.advance(std::chrono::hours(48));
  EXPECT_EQ(keys("history"), 0U);
}

}  // namespace
}  // namespace dew::cloudwatch
