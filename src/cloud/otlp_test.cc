#include <gtest/gtest.h>

#include <future>

#include "cloud/otlp_exporter.h"
#include "cloud/otlp_spans.h"
#include "net/server.h"

namespace dew::cloud {
namespace {

xray::Segment segment(std::string text) {
  return {.trace_id = "1-5759e988-bd862e3fe1be46a994272793",
          .id = "53995c3f42cd8ad8",
          .start_ms = 0,
          .text = std::move(text)};
}

const xray::Segment kFunction = segment(
    R"({"id":"53995c3f42cd8ad8","name":"fn","origin":"AWS::Lambda::Function","parent_id":"00000000000000aa",
        "start_time":1.5,"end_time":2,"fault":true,"annotations":{"n":3},
        "cause":{"exceptions":[{"id":"1","type":"E","message":"m"}]},
        "subsegments":[{"id":"00000000000000b1","name":"DynamoDB","namespace":"aws","start_time":1.6,
          "end_time":1.7,"aws":{"operation":"PutItem","table_name":"t"}}]})");

TEST(OtlpSpans, AreWhatTheSegmentsSay) {
  const auto body = json::parse(otlp_request(
      {kFunction,
       segment(
           R"({"id":"00000000000000c1","name":"work","type":"subsegment","parent_id":"00000000000000b1",
          "start_time":1.61,"end_time":1.62})"),
       segment(R"({"id":"00000000000000d1","name":"open","start_time":1,"in_progress":true})")}));
  ASSERT_TRUE(body);
  const auto& resources = body->at("resourceSpans").as_array();
  ASSERT_EQ(resources.size(), 2U);
  const auto& spans = resources[0].at("scopeSpans").as_array()[0].at("spans").as_array();
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0].at("traceId"), "5759e988bd862e3fe1be46a994272793");
  EXPECT_EQ(spans[0].at("parentSpanId"), "00000000000000aa");
  EXPECT_EQ(spans[0].at("kind"), 2);
  EXPECT_EQ(spans[0].at("startTimeUnixNano"), "1500000000");
  EXPECT_EQ(spans[0].at("status").at("code"), 2);
  EXPECT_EQ(spans[0].at("events").as_array()[0].at("name"), "exception");
  EXPECT_EQ(spans[1].at("parentSpanId"), "53995c3f42cd8ad8");
  EXPECT_EQ(spans[1].at("kind"), 3);
  EXPECT_EQ(
      resources[1].at("resource").at("attributes").as_array()[0].at("value").at("stringValue"),
      "unknown_service");
  EXPECT_EQ(otlp_request({}), "");
}

TEST(OtlpExporter, TriesAgainUntilTheCollectorTakesIt) {
  net::Loops loops(1);
  std::atomic<int> calls = 0;
  std::promise<http::Request> taken;
  auto server = net::Server::listen(loops, {}, [&](http::Request request, http::Responder respond) {
    if (++calls < 3) return respond(http::Response::json(503, "{}"));
    respond(http::Response::json(200, "{}"));
    taken.set_value(std::move(request));
  });
  ASSERT_TRUE(server);
  auto exporter =
      OtlpExporter::open("http://127.0.0.1:" + std::to_string((*server)->port())).value();
  exporter->add({kFunction});
  const auto request = taken.get_future().get();
  EXPECT_EQ(request.target, "/v1/traces");
  EXPECT_EQ(request.headers.get("content-type"), "application/json");
  EXPECT_NE(request.body.find("\"fn\""), std::string::npos);
  exporter->stop();
  EXPECT_EQ(calls, 3);
  server->reset();
  loops.stop();
}

TEST(OtlpExporter, StopsWithoutACollector) {
  auto exporter = OtlpExporter::open("http://127.0.0.1:1/custom").value();
  exporter->add(std::vector<xray::Segment>(2 * OtlpExporter::kMaxQueued, kFunction));
  exporter->stop();
  EXPECT_FALSE(OtlpExporter::open("127.0.0.1:4318"));
}

}  // namespace
}  // namespace dew::cloud
