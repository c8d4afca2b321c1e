#include "cli/waterfall.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dew::cli {
namespace {

using ::testing::ElementsAre;

json::Array segments(std::initializer_list<const char*> documents) {
  json::Array out;
  for (const auto* document : documents) out.push_back(json::Object{{"Document", document}});
  return out;
}

const json::Array kTrace = segments(
    {R"({"id":"f","parent_id":"l","name":"fn","origin":"AWS::Lambda::Function","start_time":100.1,
         "end_time":100.9,"subsegments":[
           {"id":"o","name":"Overhead","start_time":100.8,"end_time":100.9},
           {"id":"n","name":"Invocation","start_time":100.2,"end_time":100.8}]})",
     R"({"id":"s","name":"api/dev","origin":"AWS::ApiGateway::Stage","start_time":100,"end_time":101,
         "fault":true,"http":{"response":{"status":502}},"subsegments":[
           {"id":"l","name":"Lambda","start_time":100.05,"end_time":100.95}]})",
     R"({"id":"d","parent_id":"n","type":"subsegment","name":"DynamoDB","start_time":100.3,
         "end_time":100.4,"aws":{"operation":"PutItem","table_name":"users"}})",
     R"({"id":"i","parent_id":"d","name":"users","inferred":true,"start_time":100.3,"end_time":100.4})"});

TEST(Waterfall, PutsWorkBelowWhatItWasPartOf) {
  const auto waterfall = read_waterfall(kTrace);
  std::vector<std::string> names;
  double own = 0;
  for (const auto& work : waterfall.work) {
    names.push_back(std::string(static_cast<size_t>(work.depth), '.') + work.name);
    own += work.own;
  }
  EXPECT_THAT(names, ElementsAre("api/dev", ".Lambda", "..fn", "...Invocation", "....DynamoDB",
                                 "...Overhead"));
  EXPECT_NEAR(own, 1.0, 1e-6);
  EXPECT_NEAR(waterfall.work[0].own, 0.1, 1e-6);
}

TEST(Waterfall, DrawsBars) {
  const auto lines = draw(read_waterfall(kTrace), 20, Colour::kNo);
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_EQ(lines[0], "api/dev  AWS::ApiGateway::Stage  ████████████████████    1000 ms 502 fault");
  EXPECT_EQ(lines[4], "    │ └ DynamoDB  PutItem users       ███                 100 ms");
  EXPECT_TRUE(lines[5].starts_with("    └ Overhead ")) << lines[5];
}

TEST(Waterfall, IsJsonForPrograms) {
  const auto json = to_json(read_waterfall(kTrace));
  EXPECT_NEAR(*json::number_at(json, "durationMs"), 1000, 1e-3);
  const auto& call = json::array_at(json, "work")->at(4).as_object();
  EXPECT_EQ(json::string_or(call, "kind"), "PutItem users");
  EXPECT_NEAR(*json::number_at(call, "startMs"), 300, 1e-3);
}

TEST(Waterfall, NamesDoNotReachTheTerminalRaw) {
  const auto lines =
      draw(read_waterfall(
               segments({R"({"id":"a","name":"\u001b[2Jx","start_time":1,"end_time":2})",
                         R"({"id":"b","parent_id":"b","name":"b","start_time":1,"end_time":1})"})),
           10, Colour::kNo);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[0], ::testing::StartsWith("?[2Jx"));
  EXPECT_TRUE(read_waterfall({}).work.empty());
}

}  // namespace
}  // namespace dew::cli
