// Metric and subscription filters, from the operation to what they tell.
#include "services/logs/filters.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <condition_variable>

#include "base/encoding.h"
#include "net/gzip.h"
#include "services/logs/service.h"
#include "store/memory/memory_store.h"

namespace dew::logs {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;
constexpr const char* kFunction = "arn:aws:lambda:us-east-1:000000000000:function:f";

TimedLines line(int64_t timestamp_ms, std::string_view text) {
  TimedLines out;
  out.add(timestamp_ms, text);
  return out;
}

class NoCaller final : public aws::Caller {
 public:
  aws::ApiResult<json::Value> call(const aws::Identity&, std::string_view, std::string_view,
                                   json::Object) override {
    return aws::fail("InternalFailure", "not expected", 500);
  }
};

class Metrics final : public FilteredMetrics {
 public:
  void record(const MetricValue& value) override {
    std::string line = fmt::format("{}/{}", value.space, value.name);
    for (const auto& [name, text] : value.dimensions) line += fmt::format(" {}={}", name, text);
    const std::scoped_lock lock(mutex_);
    lines.push_back(fmt::format("{} {}x{} {}", line, value.value, value.count, value.unit));
  }
  std::vector<std::string> lines;

 private:
  std::mutex mutex_;
};

class Function final : public Subscriber {
 public:
  Result<void> may_deliver(const std::string& function_arn, const std::string& group_arn) override {
    asked = group_arn;
    if (function_arn != kFunction) return fail(ErrorKind::kNotFound, "no such function");
    return {};
  }
  Result<void> deliver(const std::string&, const std::string&, std::string event) override {
    const std::scoped_lock lock(mutex_);
    tries += 1;
    changed.notify_all();
    if (busy) return fail(ErrorKind::kUnavailable, "too many wait");
    const auto parsed = json::parse(event).value();
    const auto data = base64_decode(json::str(parsed.at("awslogs").at("data")));
    events.push_back(json::parse(http::gunzip(*data, 10'000'000).value()).value());
    return {};
  }
  void wait_for_tries(int count) {
    std::unique_lock lock(mutex_);
    changed.wait(lock, [&] { return tries >= count; });
  }
  std::string asked;
  std::vector<json::Value> events;
  std::atomic<bool> busy = false;
  std::atomic<int> tries = 0;

 private:
  std::mutex mutex_;
  std::condition_variable changed;
};

struct World {
  explicit World(store::Store& store) : context{config, clock, store, caller, loops, workers} {
    service.emplace(context);
    service->filters().set_metrics(&metrics);
    service->filters().set_subscriber(&function);
    service->register_operations(registry);
    service->resume();
  }
  services::Config config;
  ManualClock clock{TimePoint(std::chrono::milliseconds(kNow))};
  NoCaller caller;
  net::Loops loops{1};
  net::Workers workers{1};
  services::Context context;
  Metrics metrics;
  Function function;
  std::optional<Service> service;
  aws::Registry registry;
};

class FiltersTest : public testing::Test {
 protected:
  FiltersTest() {
    ok("CreateLogGroup", {{"logGroupName", "g"}});
    ok("CreateLogStream", {{"logGroupName", "g"}, {"logStreamName", "s"}});
  }
  aws::ApiResult<json::Value> call(const std::string& operation, json::Object input) {
    aws::Call one;
    one.input = std::move(input);
    return world->registry.find("logs", operation)->handler(one);
  }
  json::Object ok(const std::string& operation, json::Object input) {
    auto answer = call(operation, std::move(input));
    if (answer) return answer->as_object();
    ADD_FAILURE() << operation << ": " << answer.error().code << ": " << answer.error().message;
    return {};
  }
  std::string refusal(const std::string& operation, json::Object input) {
    auto answer = call(operation, std::move(input));
    return answer ? "none" : answer.error().code + ": " + answer.error().message;
  }
  static json::Object metric(const std::string& name, const std::string& pattern,
                             json::Object transformation) {
    transformation.insert({{"metricName", "M"}, {"metricNamespace", "N"}});
    return {{"logGroupName", "g"},
            {"filterName", name},
            {"filterPattern", pattern},
            {"metricTransformations", json::Array{std::move(transformation)}}};
  }
  static json::Object subscription(const std::string& name, const std::string& pattern,
                                   const std::string& arn = kFunction) {
    return {{"logGroupName", "g"},
            {"filterName", name},
            {"filterPattern", pattern},
            {"destinationArn", arn}};
  }
  void put(const std::vector<std::string>& messages) {
    json::Array events;
    for (const auto& message : messages)
      events.emplace_back(json::Object{{"timestamp", kNow}, {"message", message}});
    ok("PutLogEvents",
       {{"logGroupName", "g"}, {"logStreamName", "s"}, {"logEvents", std::move(events)}});
  }
  // Everything that was put has been filtered; nothing is filtered after it.
  void finish() { world->service->stop(); }
  std::vector<std::string> found() {
    std::vector<std::string> out;
    for (const auto& line : world->metrics.lines)
      if (line.starts_with("N/")) out.push_back(line);
    return out;
  }

  std::unique_ptr<store::Store> store = store::make_memory_store();
  std::unique_ptr<World> world = std::make_unique<World>(*store);
};

using Lines = std::vector<std::string>;

TEST_F(FiltersTest, CountsWhatMatches) {
  put({"ERROR before the filter"});
  ok("PutMetricFilter", metric("count", "ERROR", {{"metricValue", "1"}, {"unit", "Count"}}));
  put({"ERROR one", "fine", "ERROR two"});
  world->service->ingest().append("g", "t", line(kNow, "an ERROR of a function"));
  finish();
  EXPECT_EQ(found(), (Lines{"N/M 1x2 Count", "N/M 1x1 Count"}));
}

TEST_F(FiltersTest, TakesValuesFromFields) {
  ok("PutMetricFilter", metric("a", "{ $.took = * }", {{"metricValue", "$.took"}}));
  ok("PutMetricFilter", metric("b", "[..., bytes > 10]", {{"metricValue", "$bytes"}}));
  put({R"({"took":12.5})", R"({"took":"7"})", R"({"took":"slow"})", "GET 1534", "GET 9"});
  finish();
  EXPECT_EQ(found(), (Lines{"N/M 12.5x1 None", "N/M 7x1 None", "N/M 1534x1 None"}));
}

TEST_F(FiltersTest, GivesTheDefaultForWhatDoesNotMatch) {
  ok("PutMetricFilter", metric("a", "ERROR", {{"metricValue", "2"}, {"defaultValue", 0}}));
  put({"fine", "fine", "ERROR"});
  finish();
  EXPECT_EQ(found(), (Lines{"N/M 0x2 None", "N/M 2x1 None"}));
}

TEST_F(FiltersTest, TakesDimensionsFromFields) {
  ok("PutMetricFilter",
     metric("a", "{ $.code = * }",
            {{"metricValue", "1"},
             {"dimensions", json::Object{{"Code", "$.code"}, {"User", "$.user"}}}}));
  put({R"({"code":500,"user":"ann"})", R"({"code":404})"});
  finish();
  EXPECT_EQ(found(), (Lines{"N/M Code=500 User=ann 1x1 None", "N/M Code=404 1x1 None"}));
}

TEST_F(FiltersTest, KnowsWhereEventsComeFrom) {
  const auto with = [](json::Object filter, json::Object more) {
    for (auto& [key, value] : more) filter[key] = value;
    return filter;
  };
  const json::Array both{"@aws.account", "@aws.region"};
  ok("PutMetricFilter", with(metric("here", "ERROR", {{"metricValue", "1"}}),
                             {{"fieldSelectionCriteria", R"(@aws.region = "us-east-1")"},
                              {"emitSystemFieldDimensions", both},
                              {"applyOnTransformedLogs", false}}));
  ok("PutMetricFilter", with(metric("elsewhere", "ERROR", {{"metricValue", "2"}}),
                             {{"fieldSelectionCriteria", R"(@aws.region != "us-east-1")"}}));
  ok("PutMetricFilter",
     with(metric("more", "{ $.code = * }",
                 {{"metricValue", "3"}, {"dimensions", json::Object{{"Code", "$.code"}}}}),
          {{"emitSystemFieldDimensions", json::Array{"@aws.region"}}}));
  ok("PutSubscriptionFilter", with(subscription("here", "ERROR"),
                                   {{"fieldSelectionCriteria", R"(@aws.account NOT IN ["1"])"}}));
  ok("PutSubscriptionFilter", with(subscription("elsewhere", "ERROR"),
                                   {{"fieldSelectionCriteria", R"(@aws.account IN ["1"])"}}));
  const auto described = ok("DescribeMetricFilters", {{"logGroupName", "g"}}).at("metricFilters");
  EXPECT_EQ(described.at(1).at("fieldSelectionCriteria"), R"(@aws.region = "us-east-1")");
  EXPECT_EQ(described.at(1).at("emitSystemFieldDimensions"), both);
  EXPECT_EQ(described.at(1).at("applyOnTransformedLogs"), false);
  put({"ERROR", R"({"code":500})", R"({"code":null})"});
  finish();
  EXPECT_EQ(found(), (Lines{"N/M @aws.account=000000000000 @aws.region=us-east-1 1x1 None",
                            "N/M @aws.region=us-east-1 Code=500 3x1 None"}));
  ASSERT_EQ(world->function.events.size(), 1U);
  EXPECT_EQ(json::dump(world->function.events[0].at("subscriptionFilters")), R"(["here"])");

  const auto refused = [&](json::Object more) {
    return refusal("PutMetricFilter",
                   with(metric("a", "{ $.a = 1 }", {{"metricValue", "1"}}), std::move(more)));
  };
  EXPECT_EQ(refused({{"fieldSelectionCriteria", "@aws.region"}}),
            "InvalidParameterException: Invalid fieldSelectionCriteria: expected =, !=, IN or NOT "
            "IN at position 12");
  EXPECT_NE(refused({{"emitSystemFieldDimensions", json::Array{"@aws.zone"}}})
                .find("@aws.zone is neither @aws.account nor @aws.region"),
            std::string::npos);
  EXPECT_NE(refused({{"applyOnTransformedLogs", true}}).find("active log transformer"),
            std::string::npos);
  EXPECT_NE(refusal("PutMetricFilter",
                    with(metric("a", "{ $.a = 1 }",
                                {{"metricValue", "1"},
                                 {"dimensions", json::Object{{"A", "$.a"}, {"B", "$.a"}}}}),
                         {{"emitSystemFieldDimensions", both}}))
                .find("at most 3 dimensions"),
            std::string::npos);
  EXPECT_NE(
      refusal("PutSubscriptionFilter", with(subscription("here", ""), {{"emitSystemFields", both}}))
          .find("does not support emitSystemFields"),
      std::string::npos);
}

TEST_F(FiltersTest, DisablesAFilterOfTooManyDimensions) {
  ok("PutMetricFilter",
     metric("a", "[id, rest]", {{"metricValue", "1"}, {"dimensions", json::Object{{"I", "$id"}}}}));
  for (int part = 0; part < 12; ++part) {
    std::vector<std::string> messages;
    for (int i = 0; i < 100; ++i) messages.push_back(fmt::format("{} x", part * 100 + i));
    put(messages);
  }
  finish();
  EXPECT_EQ(found().size(), kMaxDimensionValues);
}

TEST_F(FiltersTest, RefusesWhatIsNoMetricFilter) {
  const auto refused = [&](const std::string& pattern, json::Object transformation) {
    return refusal("PutMetricFilter", metric("a", pattern, std::move(transformation)));
  };
  const json::Object dimension{{"D", "$.d"}};
  EXPECT_EQ(refused("{ $.a", {{"metricValue", "1"}}),
            "InvalidParameterException: If a filter pattern starts with '{' it must end with '}'");
  EXPECT_NE(refused("ERROR", {{"metricValue", "x"}}).find("metricValue 'x' is neither"),
            std::string::npos);
  EXPECT_NE(refused("ERROR", {{"metricValue", "$.x"}}).find("metricValue '$.x' is neither"),
            std::string::npos);
  EXPECT_NE(refused("[a, b]", {{"metricValue", "$c"}}).find("is no field"), std::string::npos);
  EXPECT_EQ(refused("{ $.a = 1 }",
                    {{"metricValue", "1"}, {"defaultValue", 0}, {"dimensions", dimension}}),
            "InvalidParameterException: Invalid metric transformation: dimensions and default "
            "value are mutually exclusive properties.");
  EXPECT_EQ(refused("ERROR", {{"metricValue", "1"}, {"dimensions", dimension}}),
            "InvalidParameterException: The specified filter pattern does not support dimensions");
  EXPECT_NE(refused("{ $.a = 1 }",
                    {{"metricValue", "1"},
                     {"dimensions",
                      json::Object{{"A", "$.a"}, {"B", "$.a"}, {"C", "$.a"}, {"D", "$.a"}}}})
                .find("at most 3 dimensions"),
            std::string::npos);
  EXPECT_NE(refused("{ $.a = 1 }", {{"metricValue", "1"}, {"dimensions", json::Object{{"D", "x"}}}})
                .find("the dimension D is no field"),
            std::string::npos);
  auto elsewhere = metric("a", "x", {{"metricValue", "1"}});
  elsewhere["logGroupName"] = "h";
  EXPECT_EQ(refusal("PutMetricFilter", elsewhere),
            "ResourceNotFoundException: The specified log group does not exist.");
  for (int i = 0; i < 100; ++i)
    ok("PutMetricFilter", metric(fmt::format("f{}", i), "x", {{"metricValue", "1"}}));
  EXPECT_EQ(refused("x", {{"metricValue", "1"}}),
            "LimitExceededException: Resource limit exceeded.");
  ok("PutMetricFilter", metric("f7", "y", {{"metricValue", "1"}}));
}

TEST_F(FiltersTest, DescribesInPages) {
  for (const auto* name : {"b1", "a", "b2", "b3"})
    ok("PutMetricFilter", metric(name, "x", {{"metricValue", "1"}}));
  json::Object input{{"logGroupName", "g"}, {"filterNamePrefix", "b"}, {"limit", 2}};
  auto page = ok("DescribeMetricFilters", input);
  EXPECT_EQ(page.at("metricFilters").as_array().size(), 2U);
  EXPECT_EQ(page.at("metricFilters").at(0).at("filterName"), "b1");
  input["nextToken"] = page.at("nextToken");
  page = ok("DescribeMetricFilters", input);
  EXPECT_EQ(page.at("metricFilters").at(0).at("filterName"), "b3");
  EXPECT_FALSE(page.contains("nextToken"));
  const auto of_metric =
      ok("DescribeMetricFilters", {{"metricName", "M"}, {"metricNamespace", "N"}});
  EXPECT_EQ(of_metric.at("metricFilters").as_array().size(), 4U);
  EXPECT_TRUE(refusal("DescribeMetricFilters", {{"metricName", "M"}})
                  .starts_with("InvalidParameterException"));
  EXPECT_EQ(ok("DescribeLogGroups", {}).at("logGroups").at(0).at("metricFilterCount"), 4);
  ok("DeleteMetricFilter", {{"logGroupName", "g"}, {"filterName", "a"}});
  EXPECT_TRUE(refusal("DeleteMetricFilter", {{"logGroupName", "g"}, {"filterName", "a"}})
                  .starts_with("ResourceNotFoundException"));
}

TEST_F(FiltersTest, AtMostFiveFiltersOfAGroupHaveRegexes) {
  for (int i = 0; i < 5; ++i)
    ok("PutMetricFilter", metric(fmt::format("f{}", i), "%x%", {{"metricValue", "1"}}));
  EXPECT_EQ(refusal("PutSubscriptionFilter", subscription("s", "%x%")),
            "LimitExceededException: Resource limit exceeded.");
  ok("PutSubscriptionFilter", subscription("s", "x"));
}

TEST_F(FiltersTest, DeliversToAFunction) {
  ok("PutSubscriptionFilter", subscription("errors", "ERROR"));
  EXPECT_EQ(world->function.asked, "arn:aws:logs:us-east-1:000000000000:log-group:g:*");
  put({"ERROR one", "fine", "ERROR two"});
  put({"fine"});
  finish();
  ASSERT_EQ(world->function.events.size(), 1U);
  const auto& event = world->function.events[0];
  EXPECT_EQ(event.at("messageType"), "DATA_MESSAGE");
  EXPECT_EQ(event.at("owner"), "000000000000");
  EXPECT_EQ(event.at("logGroup"), "g");
  EXPECT_EQ(event.at("logStream"), "s");
  EXPECT_EQ(json::dump(event.at("subscriptionFilters")), R"(["errors"])");
  const auto filtered = ok("FilterLogEvents", {{"logGroupName", "g"}, {"filterPattern", "ERROR"}});
  ASSERT_EQ(event.at("logEvents").as_array().size(), 2U);
  for (size_t i = 0; i < 2; ++i) {
    const auto& sent = event.at("logEvents").at(i);
    const auto& stored = filtered.at("events").at(i);
    EXPECT_EQ(sent.at("id"), stored.at("eventId"));
    EXPECT_EQ(sent.at("timestamp"), stored.at("timestamp"));
    EXPECT_EQ(sent.at("message"), stored.at("message"));
  }
  EXPECT_EQ(world->metrics.lines.back(),
            "AWS/Logs/ForwardedLogEvents DestinationType=Lambda FilterName=errors LogGroupName=g "
            "2x1 None");
}

TEST_F(FiltersTest, SplitsLargeDeliveries) {
  ok("PutSubscriptionFilter", subscription("all", ""));
  put(std::vector<std::string>(4, std::string(200'000, 'x')));
  finish();
  ASSERT_EQ(world->function.events.size(), 2U);
  EXPECT_EQ(world->function.events[0].at("logEvents").as_array().size(), 2U);
}

TEST_F(FiltersTest, TriesAgainWhatIsNotTaken) {
  ok("PutSubscriptionFilter", subscription("all", ""));
  world->function.busy = true;
  put({"one"});
  world->function.wait_for_tries(1);
  world->function.busy = false;
  // The delay begins once the refusal is seen: the clock is moved until then.
  while (world->function.tries < 2) {
    world->clock.advance(std::chrono::seconds(2));
    std::this_thread::yield();
  }
  finish();
  EXPECT_EQ(world->function.events.size(), 1U);
}

// What is acknowledged and not delivered when the cloud ends, however it ends, is delivered by the
// next one; what was delivered is not.
TEST_F(FiltersTest, DeliversAfterARestart) {
  ok("PutSubscriptionFilter", subscription("all", "ERROR"));
  put({"ERROR delivered"});
  world->function.wait_for_tries(1);
  world->function.busy = true;
  put({"ERROR one", "fine", "ERROR two"});
  put({"fine"});
  put({"ERROR gone"});
  ok("DeleteLogStream", {{"logGroupName", "g"}, {"logStreamName", "s"}});
  ok("CreateLogStream", {{"logGroupName", "g"}, {"logStreamName", "s"}});
  put({"ERROR one", "fine", "ERROR two"});
  finish();
  EXPECT_EQ(world->function.events.size(), 1U);
  world = std::make_unique<World>(*store);
  world->function.wait_for_tries(1);
  finish();
  ASSERT_EQ(world->function.events.size(), 1U);
  EXPECT_EQ(world->function.events[0].at("logEvents").as_array().size(), 2U);
  // Delivered, and only once.
  world = std::make_unique<World>(*store);
  put({"fine"});
  finish();
  EXPECT_TRUE(world->function.events.empty());
}

TEST_F(FiltersTest, DeliversNothingForAFilterThatIsGone) {
  ok("PutSubscriptionFilter", subscription("all", ""));
  world->function.busy = true;
  put({"one"});
  world->function.wait_for_tries(1);
  ok("DeleteSubscriptionFilter", {{"logGroupName", "g"}, {"filterName", "all"}});
  finish();
  world = std::make_unique<World>(*store);
  ok("PutSubscriptionFilter", subscription("all", "x"));
  put({"x"});
  finish();
  EXPECT_EQ(world->function.events.size(), 1U);
}

TEST_F(FiltersTest, DoesNotFeedAFunctionItsOwnLines) {
  ok("CreateLogGroup", {{"logGroupName", "/aws/lambda/f"}});
  auto own = subscription("all", "");
  own["logGroupName"] = "/aws/lambda/f";
  ok("PutSubscriptionFilter", own);
  world->service->ingest().append("/aws/lambda/f", "s", line(kNow, "START"));
  finish();
  EXPECT_TRUE(world->function.events.empty());
}

TEST_F(FiltersTest, RefusesWhatIsNoSubscription) {
  EXPECT_EQ(refusal("PutSubscriptionFilter", subscription("a", "", std::string(kFunction) + "x")),
            "InvalidParameterException: Could not execute the lambda function. Make sure you have "
            "given CloudWatch Logs permission to execute your function.");
  EXPECT_NE(refusal("PutSubscriptionFilter",
                    subscription("a", "", "arn:aws:kinesis:us-east-1:000000000000:stream/s"))
                .find("Lambda functions only"),
            std::string::npos);
  auto with_role = subscription("a", "");
  with_role["roleArn"] = "arn:aws:iam::000000000000:role/r";
  EXPECT_NE(refusal("PutSubscriptionFilter", with_role).find("cannot be used with roleArn"),
            std::string::npos);
  ok("PutSubscriptionFilter", subscription("a", ""));
  ok("PutSubscriptionFilter", subscription("b", ""));
  ok("PutSubscriptionFilter", subscription("b", "x"));
  EXPECT_EQ(refusal("PutSubscriptionFilter", subscription("c", "")),
            "LimitExceededException: Resource limit exceeded.");
  const auto described = ok("DescribeSubscriptionFilters", {{"logGroupName", "g"}});
  EXPECT_EQ(described.at("subscriptionFilters").at(1).at("filterPattern"), "x");
  EXPECT_EQ(described.at("subscriptionFilters").at(1).at("distribution"), "ByLogStream");
  ok("DeleteSubscriptionFilter", {{"logGroupName", "g"}, {"filterName", "a"}});
  EXPECT_TRUE(refusal("DeleteSubscriptionFilter", {{"logGroupName", "g"}, {"filterName", "a"}})
                  .starts_with("ResourceNotFoundException"));
}

TEST_F(FiltersTest, AreThereAfterARestart) {
  ok("PutMetricFilter", metric("count", "ERROR", {{"metricValue", "1"}}));
  finish();
  world = std::make_unique<World>(*store);
  put({"ERROR"});
  finish();
  EXPECT_EQ(found(), (Lines{"N/M 1x1 None"}));
  world = std::make_unique<World>(*store);
  ok("DeleteLogGroup", {{"logGroupName", "g"}});
  EXPECT_TRUE(ok("DescribeMetricFilters", {}).at("metricFilters").as_array().empty());
  EXPECT_EQ(world->service->filters().of("g"), nullptr);
}

TEST_F(FiltersTest, AGroupWithoutFiltersHasNone) {
  EXPECT_EQ(world->service->filters().of("g"), nullptr);
  ok("PutMetricFilter", metric("count", "ERROR", {{"metricValue", "1"}}));
  EXPECT_NE(world->service->filters().of("g"), nullptr);
  EXPECT_EQ(world->service->filters().of("h"), nullptr);
  ok("DeleteMetricFilter", {{"logGroupName", "g"}, {"filterName", "count"}});
  EXPECT_EQ(world->service->filters().of("g"), nullptr);
}

}  // namespace
}  // namespace dew::logs
