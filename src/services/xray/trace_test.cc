#include "services/xray/trace.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/xray/root_causes.h"
#include "services/xray/sampler.h"
#include "services/xray/service_graph.h"
#include "services/xray/summary.h"
#include "services/xray/trace_store.h"
#include "store/memory/memory_store.h"

namespace dew::xray {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kTraceId = "1-5f000000-0123456789abcdef01234567";

Segment segment(std::string text, std::string_view trace_id = kTraceId) {
  std::vector<Segment> accepted;
  std::vector<Refusal> refused;
  text.insert(1, fmt::format(R"("trace_id":"{}",)", trace_id));
  read_document(text, accepted, refused);
  EXPECT_EQ(accepted.size(), 1U) << text;
  return std::move(accepted.front());
}

Trace put_together(std::vector<Segment> segments) {
  StoredTrace stored;
  stored.id = kTraceId;
  stored.revision = segments.size();
  stored.segments = std::move(segments);
  return assemble(stored, "000000000000");
}

std::vector<std::string> names(const Trace& trace) {
  std::vector<std::string> out;
  for (const auto& entity : trace.entities) {
    std::string name(entity.name);
    for (size_t at = entity.parent; at != kNoEntity; at = trace.entities[at].parent)
      name = std::string(trace.entities[at].name) + "/" + name;
    out.push_back(std::move(name));
  }
  return out;
}

TEST(Documents, AreCheckedInOrder) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "ParseError"},
      {"{", "ParseError"},
      {"1", "ParseError"},
      {"[1]", "ParseError"},
      {"{}", "MissingId"},
      {R"({"id":"a"})", "InvalidId"},
      {R"({"id":"00000000000000a1"})", "MissingTraceId"},
      {R"({"id":"00000000000000a1","trace_id":"1"})", "InvalidTraceId"},
      {R"({"id":"00000000000000a1","trace_id":"1-5f000000-0123456789abcdef01234567"})",
       "MissingName"},
      {R"({"id":"00000000000000a1","trace_id":"1-5f000000-0123456789abcdef01234567","name":""})",
       "InvalidName"},
      {R"({"id":"00000000000000a1","trace_id":"1-5f000000-0123456789abcdef01234567","name":"n"})",
       "MissingStartTime"},
      {R"({"id":"00000000000000a1","trace_id":"1-5f000000-0123456789abcdef01234567","name":"n",
          "start_time":"1"})",
       "InvalidStartTime"},
      {R"({"id":"00000000000000a1","trace_id":"1-5f000000-0123456789abcdef01234567","name":"n",
          "start_time":1})",
       "MissingEndTime"},
      {R"({"id":"00000000000000a1","trace_id":"1-5f000000-0123456789abcdef01234567","name":"n",
          "start_time":2,"end_time":1})",
       "InvalidEndTime"},
      {R"({"id":"00000000000000a1","trace_id":"1-5f000000-0123456789abcdef01234567","name":"n",
          "start_time":2,"in_progress":true,"parent_id":"x"})",
       "InvalidParentId"},
      {R"({"id":"00000000000000a1","trace_id":"1-5f000000-0123456789abcdef01234567","name":"n",
          "start_time":2,"in_progress":true,"type":"subsegment"})",
       "MissingParentId"},
  };
  for (const auto& [text, code] : cases) {
    std::vector<Segment> accepted;
    std::vector<Refusal> refused;
    read_document(text, accepted, refused);
    EXPECT_TRUE(accepted.empty()) << text;
    ASSERT_EQ(refused.size(), 1U) << text;
    EXPECT_EQ(refused.front().code, code) << text;
    EXPECT_EQ(refused.front().message(), "Invalid segment. ErrorCode: " + std::string(code));
  }
}

TEST(Documents, AListIsSeveral) {
  std::vector<Segment> accepted;
  std::vector<Refusal> refused;
  read_document(
      R"([{"id":"00000000000000a1","trace_id":"1-5f000000-0123456789abcdef01234567","name":"n",
           "start_time":1.5,"end_time":2},{"id":"00000000000000a2"}])",
      accepted, refused);
  ASSERT_EQ(accepted.size(), 1U);
  EXPECT_EQ(accepted.front().start_ms, 1500);
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused.front().id, "00000000000000a2");
}

TEST(Assembly, JoinsDocumentsByTheirParents) {
  const Trace trace = put_together(
      {segment(R"({"name":"sub","id":"00000000000000b2","parent_id":"00000000000000b1",
                   "type":"subsegment","start_time":2,"end_time":3})"),
       segment(R"({"name":"fn","id":"00000000000000a2","parent_id":"00000000000000a1",
                   "start_time":1.5,"end_time":4,"subsegments":[
                     {"name":"Invocation","id":"00000000000000b1","start_time":1.6,"end_time":3.5}]})"),
       segment(
           R"({"name":"api","id":"00000000000000a1","start_time":1,"end_time":5,"fault":true})")});
  EXPECT_THAT(names(trace),
              ElementsAre("api/fn/Invocation/sub", "api/fn", "api/fn/Invocation", "api"));
  EXPECT_EQ(trace.seconds(), 4);
  ASSERT_NE(trace.root_entity(), nullptr);
  EXPECT_EQ(trace.root_entity()->name, "api");
  EXPECT_EQ(trace.services[trace.entities[0].service].name, "fn");
}

TEST(Assembly, ACompleteDocumentReplacesOneInProgress) {
  const auto open =
      segment(R"({"name":"a","id":"00000000000000a1","start_time":1,"in_progress":true})");
  const auto done = segment(R"({"name":"a","id":"00000000000000a1","start_time":1,"end_time":3})");
  for (const bool first : {true, false}) {
    const Trace trace = put_together(first ? std::vector{open, done} : std::vector{done, open});
    ASSERT_EQ(trace.entities.size(), 1U);
    EXPECT_FALSE(trace.entities[0].in_progress);
    EXPECT_EQ(trace.seconds(), 2);
  }
}

TEST(Assembly, InfersWhatACallWentTo) {
  const Trace trace = put_together({segment(
      R"({"name":"fn","id":"00000000000000a1","start_time":1,"end_time":3,"subsegments":[
          {"name":"DynamoDB","id":"00000000000000b1","namespace":"aws","start_time":1,"end_time":2,
           "fault":true,"aws":{"table_name":"items","operation":"Query"}},
          {"name":"pay.example.com","id":"00000000000000b2","namespace":"remote","start_time":2,
           "end_time":2.5}]})")});
  ASSERT_EQ(trace.services.size(), 3U);
  EXPECT_EQ(trace.services[1], (ServiceId{"items", "AWS::DynamoDB::Table", "000000000000"}));
  EXPECT_EQ(trace.services[2], (ServiceId{"pay.example.com", "remote", "000000000000"}));
  const auto& inferred = trace.entities[3];
  EXPECT_TRUE(inferred.inferred && inferred.fault && inferred.segment && inferred.apart);
  EXPECT_EQ(inferred.seconds(), 1);
}

TEST(Assembly, OfTwoDescriptionsOfOneCallTheSdksStays) {
  auto automatic = segment(
      R"({"name":"Lambda","id":"00000000000000c1","parent_id":"00000000000000b1","type":"subsegment",
          "namespace":"aws","start_time":1.1,"end_time":1.9,"aws":{"operation":"Invoke"}})");
  automatic.automatic_call = true;
  const auto caller = segment(
      R"({"name":"fn","id":"00000000000000a1","start_time":1,"end_time":3,"subsegments":[
          {"name":"Lambda","id":"00000000000000b1","namespace":"aws","start_time":1,"end_time":2}]})");
  const auto callee = segment(
      R"({"name":"other","id":"00000000000000a2","parent_id":"00000000000000c1","start_time":1.2,
          "end_time":1.8})");
  EXPECT_THAT(names(put_together({automatic, caller, callee})),
              ElementsAre("fn", "fn/Lambda", "fn/Lambda/other"));
  // Alone, ours is all there is.
  const auto plain =
      segment(R"({"name":"fn","id":"00000000000000b1","start_time":1,"end_time":3})");
  EXPECT_THAT(names(put_together({automatic, plain, callee})),
              ElementsAre("fn/Lambda", "fn", "fn/Lambda/other"));
}

TEST(Assembly, CirclesOfParentsEnd) {
  const Trace trace = put_together(
      {segment(
           R"({"name":"a","id":"00000000000000a1","parent_id":"00000000000000a2","start_time":1,"end_time":2})"),
       segment(
           R"({"name":"b","id":"00000000000000a2","parent_id":"00000000000000a1","start_time":1,"end_time":2})"),
       segment(
           R"({"name":"c","id":"00000000000000a3","parent_id":"00000000000000a3","start_time":1,"end_time":2})")});
  EXPECT_THAT(names(trace), ElementsAre("b/a", "b", "c"));
}

std::string text_of_causes(const Trace& trace, Failure failure) {
  std::string out;
  for (const auto& cause : root_causes(trace, failure)) {
    EXPECT_TRUE(cause.at("ClientImpacting").as_bool());
    for (const auto& service : cause.at("Services").as_array()) {
      out += json::str(service.at("Name"));
      if (service.at("Inferred").as_bool()) out += "*";
      out += ":";
      for (const auto& entity : service.at("EntityPath").as_array()) {
        out += " " + json::str(entity.at("Name"));
        if (entity.at("Remote").as_bool()) out += "!";
        for (const auto& exception : entity.at("Exceptions").as_array())
          out += "(" + json::str(exception.at("Name")) + ", " + json::str(exception.at("Message")) +
                 ")";
      }
      out += "; ";
    }
    out += "\n";
  }
  return out;
}

TEST(RootCauses, AreWaysOfFailureFromTheRoot) {
  const auto api = [](std::string_view flags) {
    return segment(fmt::format(
        R"({{"id":"00000000000000a1","name":"api","start_time":1,"end_time":9,{}"subsegments":[
          {{"id":"00000000000000b1","name":"backend","namespace":"remote","start_time":2,"end_time":5,"fault":true}},
          {{"id":"00000000000000b2","name":"work","start_time":5,"end_time":6,"error":true,"fault":true,
            "cause":{{"exceptions":[{{"id":"1","type":"Broken","message":"it broke"}},7]}}}},
          {{"id":"00000000000000b3","name":"fine","start_time":6,"end_time":7,"subsegments":[
            {{"id":"00000000000000b4","name":"hidden","start_time":6,"end_time":7,"fault":true}}]}}]}})",
        flags));
  };
  const auto backend = [] {
    return segment(
        R"({"id":"00000000000000a2","parent_id":"00000000000000b1","name":"backend","start_time":2,
          "end_time":5,"fault":true,"subsegments":[{"id":"00000000000000b5","name":"DynamoDB",
          "namespace":"aws","start_time":3,"end_time":4,"fault":true,
          "aws":{"table_name":"items"}}]})");
  };
  const auto trace = [&](std::string_view flags) {
    std::vector<Segment> all;
    all.push_back(api(flags));
    all.push_back(backend());
    return put_together(std::move(all));
  };
  // What the root was not hurt by is no cause of anything.
  EXPECT_EQ(text_of_causes(trace(""), Failure::kFault), "");
  EXPECT_EQ(text_of_causes(trace(R"("fault":true,)"), Failure::kFault),
            "api: api work(Broken, it broke); \n"
            "api: api backend!; backend: backend DynamoDB; items*: items; \n");
  EXPECT_EQ(text_of_causes(trace(R"("fault":true,)"), Failure::kError), "");
  EXPECT_EQ(text_of_causes(trace(R"("error":true,)"), Failure::kError),
            "api: api work(Broken, it broke); \n");
  // Nothing below it failed: it did itself.
  std::vector<Segment> alone;
  alone.push_back(segment(
      R"({"id":"00000000000000a1","name":"api","start_time":1,"end_time":2,"fault":true})"));
  EXPECT_EQ(text_of_causes(put_together(std::move(alone)), Failure::kFault), "api: api; \n");
}

TEST(RootCauses, OfTheResponseTimeAreWhereMostOfItWent) {
  const auto causes = [](std::string_view inside, std::string_view more = "") {
    std::vector<Segment> all;
    all.push_back(
        segment(fmt::format(R"({{"id":"00000000000000a1","name":"api","start_time":0,"end_time":10,
        "subsegments":[{}]}})",
                            inside)));
    if (!more.empty()) all.push_back(segment(std::string(more)));
    std::string out;
    for (const auto& cause : response_time_root_causes(put_together(std::move(all)))) {
      EXPECT_TRUE(cause.at("ClientImpacting").as_bool());
      for (const auto& service : cause.at("Services").as_array()) {
        out += json::str(service.at("Name")) + ":";
        for (const auto& entity : service.at("EntityPath").as_array()) {
          EXPECT_FALSE(entity.as_object().contains("Exceptions"));
          out += fmt::format(" {}{} {:.2f}", json::str(entity.at("Name")),
                             entity.at("Remote").as_bool() ? "!" : "",
                             entity.at("Coverage").to_number<double>());
        }
        out += "; ";
      }
    }
    return out;
  };
  EXPECT_EQ(causes(""), "api: api 1.00; ");
  constexpr std::string_view kCall =
      R"({"id":"00000000000000b1","name":"backend","namespace":"remote","start_time":1,"end_time":9})";
  constexpr std::string_view kBackend =
      R"({"id":"00000000000000a2","parent_id":"00000000000000b1","name":"backend","start_time":1.5,
        "end_time":8.5,"subsegments":[{"id":"00000000000000b2","name":"a","start_time":2,"end_time":4},
        {"id":"00000000000000b3","name":"b","start_time":4,"end_time":8}]})";
  EXPECT_EQ(causes(kCall, kBackend), "api: api 1.00 backend! 0.80; backend: backend 0.70 b 0.40; ");
  // Nothing took half of it; what goes on after the answer took no time of the answer's.
  EXPECT_EQ(causes(R"({"id":"00000000000000b1","name":"a","start_time":0,"end_time":4},
                      {"id":"00000000000000b2","name":"b","start_time":4,"end_time":8})"),
            "api: api 1.00; ");
  EXPECT_EQ(causes(R"({"id":"00000000000000b1","name":"later","start_time":9,"end_time":99})"),
            "api: api 1.00; ");
  EXPECT_EQ(causes(R"({"id":"00000000000000b1","name":"long","start_time":2,"end_time":99})"),
            "api: api 1.00 long 0.80; ");
  // No root yet, or it is not over.
  std::vector<Segment> begun;
  begun.push_back(
      segment(R"({"id":"00000000000000a1","name":"api","start_time":1,"in_progress":true})"));
  EXPECT_TRUE(response_time_root_causes(put_together(std::move(begun))).empty());
  EXPECT_TRUE(response_time_root_causes(put_together({})).empty());
}

TEST(RootCauses, AreBounded) {
  std::string text =
      R"({"id":"00000000000000a1","name":"api","start_time":1,"end_time":9,"fault":true,"subsegments":[)";
  for (int i = 0; i < 50; ++i)
    text +=
        fmt::format(R"({}{{"id":"{:016x}","name":"n","start_time":1,"end_time":2,"fault":true}})",
                    i ? "," : "", i + 1);
  std::vector<Segment> all;
  all.push_back(segment(text + "]}"));
  EXPECT_EQ(root_causes(put_together(std::move(all)), Failure::kFault).size(), kMaxRootCauses);
}

TEST(Graph, CountsOutcomesAndCalls) {
  ServiceGraph graph;
  graph.add(put_together(
      {segment(
           R"({"name":"api","id":"00000000000000a1","start_time":1,"end_time":3,"fault":true})"),
       segment(
           R"({"name":"fn","id":"00000000000000a2","parent_id":"00000000000000a1","origin":"AWS::Lambda",
                   "start_time":1,"end_time":2,"error":true,"throttle":true})")}));
  graph.add(put_together(
      {segment(R"({"name":"api","id":"00000000000000a1","start_time":1,"end_time":2})")}));
  const auto services = graph.render();
  ASSERT_EQ(services.size(), 3U);
  const auto& api = services[0].as_object();
  const auto& statistics = *json::object_at(api, "SummaryStatistics");
  EXPECT_EQ(json::int_at(statistics, "TotalCount"), 2);
  EXPECT_EQ(json::int_at(statistics, "OkCount"), 1);
  EXPECT_EQ(json::number_at(statistics, "TotalResponseTime"), 3);
  EXPECT_EQ(json::array_at(api, "ResponseTimeHistogram")->size(), 2U);
  const auto& edge = json::array_at(api, "Edges")->at(0).as_object();
  EXPECT_EQ(json::int_at(edge, "ReferenceId"), 2);
  EXPECT_EQ(json::int_at(*member(edge, "SummaryStatistics", "ErrorStatistics"), "ThrottleCount"),
            1);
  EXPECT_EQ(json::string_or(services[1].as_object(), "Type"), "client");
}

TEST(Statistics, AHistogramStaysSmall) {
  Histogram histogram;
  for (int i = 1; i <= 5000; ++i) histogram.add(i * 0.001);
  const auto entries = histogram.render();
  EXPECT_LE(entries.size(), Histogram::kMaxEntries);
  uint64_t total = 0;
  for (const auto& entry : entries)
    total += static_cast<uint64_t>(*json::int_at(entry.as_object(), "Count"));
  EXPECT_EQ(total, 5000U);
}

class StoreTest : public ::testing::Test {
 protected:
  static Segment at(int64_t second, int number, size_t bytes = 0) {
    return segment(
        fmt::format(R"({{"name":"n","id":"{:016x}","start_time":{},"end_time":{},"x":"{}"}})",
                    number + 1, second, second, std::string(bytes, 'x')),
        fmt::format("1-{:08x}-{:024x}", second, number));
  }
  std::vector<std::string> scan(int64_t begin_ms, int64_t end_ms) {
    std::vector<std::string> out;
    EXPECT_TRUE(traces.scan({begin_ms, {}}, end_ms, [&](const StoredTrace& trace) {
      out.push_back(trace.id.substr(2, 8));
      return true;
    }));
    return out;
  }

  std::unique_ptr<store::Store> store = store::make_memory_store();
  ManualClock clock{TimePoint(std::chrono::seconds(1000))};
  TraceStore traces{*store, clock, 4 * 1024 * 1024};
};

TEST_F(StoreTest, KeepsTracesInTheOrderOfTime) {
  ASSERT_TRUE(traces.write({at(300, 3), at(100, 1), at(200, 2)}));
  ASSERT_TRUE(traces.write({at(100, 1)}));
  EXPECT_THAT(scan(0, 400'000), ElementsAre("00000064", "000000c8", "0000012c"));
  EXPECT_THAT(scan(100'001, 300'000), ElementsAre("000000c8"));
  const auto trace = traces.trace("1-00000064-000000000000000000000001").value();
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->revision, 2U);
  EXPECT_EQ(trace->segments.size(), 2U);
  EXPECT_FALSE(traces.trace("1-00000064-000000000000000000000009").value());
}

TEST_F(StoreTest, AScanBringsTheSegmentsOfEachTrace) {
  ASSERT_TRUE(traces.write({at(200, 5), at(200, 4), at(100, 1), at(300, 7)}));
  ASSERT_TRUE(traces.write({at(200, 5), at(200, 5), at(300, 7)}));
  const auto counts = [&](const TraceStore::Place& from, int64_t end_ms) {
    std::vector<size_t> out;
    EXPECT_TRUE(traces.scan(from, end_ms, [&](const StoredTrace& found) {
      EXPECT_EQ(found.revision, found.segments.size());
      for (const auto& one : found.segments)
        EXPECT_NE(one.text.find(found.id), std::string::npos) << one.text;
      out.push_back(found.segments.size());
      return true;
    }));
    return out;
  };
  EXPECT_THAT(counts({0, {}}, 400'000), ElementsAre(1, 1, 3, 2));
  EXPECT_THAT(counts({200'000, "1-000000c8-000000000000000000000005"}, 400'000), ElementsAre(3, 2));
  EXPECT_THAT(counts({200'000, {}}, 300'000), ElementsAre(1, 3));
  EXPECT_THAT(counts({300'001, {}}, 400'000), ElementsAre());
}

TEST_F(StoreTest, ATraceHasALimit) {
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(traces.write({at(100, 1, 50 * 1024)}));
  const auto trace = traces.trace("1-00000064-000000000000000000000001").value();
  EXPECT_TRUE(trace->limit_exceeded);
  EXPECT_EQ(trace->segments.size(), 9U);
}

TEST_F(StoreTest, TheOldestGoFirst) {
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(traces.write({at(100 + i, i, 50 * 1024)}));
  EXPECT_LE(traces.bytes(), 4U * 1024 * 1024);
  const auto left = scan(0, 1'000'000);
  EXPECT_GT(left.size(), 60U);
  EXPECT_EQ(left.back(), "000000c7");
  EXPECT_FALSE(traces.trace("1-00000064-000000000000000000000000").value());
  // What is left is counted again by whoever opens the store next.
  TraceStore again(*store, clock);
  ASSERT_TRUE(again.load());
  EXPECT_EQ(again.bytes(), traces.bytes());
}

TEST_F(StoreTest, WhatIsTooOldGoes) {
  ASSERT_TRUE(traces.write({at(100, 1), at(900, 2)}));
  clock.advance(kRetention - std::chrono::seconds(500));
  ASSERT_TRUE(traces.sweep());
  EXPECT_THAT(scan(0, 1'000'000), ElementsAre("00000384"));
  clock.advance(std::chrono::seconds(500));
  ASSERT_TRUE(traces.sweep());
  EXPECT_TRUE(scan(0, 1'000'000).empty());
  EXPECT_EQ(traces.bytes(), 0U);
}

TEST(Wildcards, MatchLikeTheSdks) {
  EXPECT_TRUE(wildcard_matches("*", ""));
  EXPECT_TRUE(wildcard_matches("/api/*/x", "/API/a/b/x"));
  EXPECT_TRUE(wildcard_matches("ab?d", "abcd"));
  EXPECT_FALSE(wildcard_matches("ab?d", "abd"));
  EXPECT_TRUE(wildcard_matches("*a*b*", "xxaxxbxx"));
  EXPECT_FALSE(wildcard_matches("a*", "ba"));
  EXPECT_FALSE(wildcard_matches("", "a"));
}

class SamplerTest : public ::testing::Test {
 protected:
  static SamplingRule rule(std::string name, int64_t priority, double rate, int64_t reservoir) {
    SamplingRule out = default_rule("us-east-1", "000000000000");
    out.name = std::move(name);
    out.priority = priority;
    out.fixed_rate = rate;
    out.reservoir_size = reservoir;
    return out;
  }
  int sampled(int requests, std::string_view path = "/") {
    int count = 0;
    for (int i = 0; i < requests; ++i) {
      count += sampler.sample({.service_name = "api",
                               .service_type = "t",
                               .host = "h",
                               .http_method = "GET",
                               .url_path = path,
                               .resource_arn = "arn"});
    }
    return count;
  }

  ManualClock clock{TimePoint(std::chrono::seconds(1'767'225'600))};
  Sampler sampler{clock};
};

TEST_F(SamplerTest, TheReservoirIsForEachSecond) {
  sampler.set_rules({rule("Default", 10'000, 0, 2)});
  EXPECT_EQ(sampled(10), 2);
  EXPECT_EQ(sampled(10), 0);
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(sampled(10), 2);
}

TEST_F(SamplerTest, TheFirstRuleThatFitsDecides) {
  auto health = rule("health", 1, 0, 0);
  health.url_path = "/health*";
  sampler.set_rules({rule("Default", 10'000, 1, 0), health});
  EXPECT_EQ(sampled(10, "/health/live"), 0);
  EXPECT_EQ(sampled(10, "/users"), 10);
  const auto windows = sampler.statistics();
  ASSERT_EQ(windows.size(), 1U);
  EXPECT_EQ(windows[0].rules.at("health").requests, 10U);
  EXPECT_EQ(windows[0].rules.at("Default").sampled, 10U);
}

TEST_F(SamplerTest, ClientsShareTheReservoir) {
  sampler.set_rules({rule("Default", 10'000, 0.05, 5)});
  EXPECT_EQ(sampler.report("Default", "a", {})->quota, 5);
  EXPECT_EQ(sampler.report("Default", "b", {})->quota, 2);
  EXPECT_EQ(sampler.report("Default", "a", {})->quota, 3);
  EXPECT_FALSE(sampler.report("absent", "a", {}));
  clock.advance(std::chrono::seconds(30));
  EXPECT_EQ(sampler.report("Default", "a", {})->quota, 5);
}

}  // namespace
}  // namespace dew::xray
