// The table is AWS's page on filter expressions: every keyword, operator and function that it
// shows. docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
#include "services/xray/filter.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dew::xray {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kTraceId = "1-5f000000-0123456789abcdef01234567";

void add(StoredTrace& stored, std::string text) {
  std::vector<Segment> accepted;
  std::vector<Refusal> refused;
  read_document(text, accepted, refused);
  ASSERT_TRUE(refused.empty()) << text << ": " << refused.front().code;
  for (auto& segment : accepted) stored.segments.push_back(std::move(segment));
  ++stored.revision;
}

// api.example.com (fault, 6 s) calls backend.example.com (error and throttle, 1 s), which asks the
// table "items".
Trace sample() {
  StoredTrace stored;
  stored.id = kTraceId;
  add(stored, fmt::format(R"({{"name":"api.example.com","id":"00000000000000a1","trace_id":"{}",
    "origin":"AWS::EC2::Instance","start_time":100,"end_time":106,"fault":true,"user":"zoe",
    "resource_arn":"arn:aws:ec2:us-east-1:000000000000:instance/i-1",
    "annotations":{{"age":29,"premium":true,"city":"Oslo"}},
    "aws":{{"ec2":{{"instance_id":"i-1","availability_zone":"us-east-1c"}}}},
    "http":{{"request":{{"method":"POST","url":"http://api.example.com/api/game/7",
      "client_ip":"8.8.8.8","user_agent":"curl/8"}},"response":{{"status":502}}}},
    "cause":{{"exceptions":[{{"id":"1","message":"backend said no"}}]}},
    "subsegments":[{{"name":"backend.example.com","id":"00000000000000b1","namespace":"remote",
      "start_time":101,"end_time":105}}]}})",
                          kTraceId));
  add(stored, fmt::format(R"({{"name":"backend.example.com","id":"00000000000000a2",
    "parent_id":"00000000000000b1","trace_id":"{}","start_time":102,"end_time":103,
    "error":true,"throttle":true,"http":{{"response":{{"status":429}}}},
    "subsegments":[{{"name":"DynamoDB","id":"00000000000000b2","namespace":"aws",
      "annotations":{{"zip":123}},
      "start_time":102.25,"end_time":102.5,"aws":{{"operation":"Query","table_name":"items"}}}}]}})",
                          kTraceId));
  return assemble(stored, "000000000000");
}

struct Case {
  std::string_view text;
  bool matches;
};

constexpr Case kCases[] = {
    // Boolean keywords
    {"ok", false},
    {"!ok", true},
    {"error", true},
    {"throttle", true},
    {"fault", true},
    {"!fault", false},
    {"fault = true", true},
    {"fault = false", false},
    {"fault != true", false},
    {"partial", false},
    {"!partial AND fault", true},
    {"root", true},
    {"inferred", true},
    // Number keywords
    {"responsetime > 5", true},
    {"responsetime >= 6", true},
    {"responsetime > 6", false},
    {"responsetime < 6.5", true},
    {"responsetime <= 5.9", false},
    {"duration >= 5 AND duration <= 8", true},
    {"duration = 6", true},
    {"duration != 6", false},
    {"http.status = 502", true},
    {"http.status = 200", false},
    {"http.status != 200", true},
    {"http.status >= 500", true},
    // String keywords
    {R"(http.url CONTAINS "/api/game/")", true},
    {R"(http.url BEGINSWITH "http://api")", true},
    {R"(http.url ENDSWITH "/8")", false},
    {R"(http.method = "POST")", true},
    {R"(http.method != "POST")", false},
    {R"(http.useragent CONTAINS "curl")", true},
    {R"(http.clientip = "8.8.8.8")", true},
    {R"(user = "zoe")", true},
    {R"(user CONTAINS "")", true},
    {R"(user = "zed")", false},
    {R"(name = "api.example.com")", true},
    {R"(type = "AWS::DynamoDB::Table")", true},
    {R"(message CONTAINS "said no")", true},
    {R"(availabilityzone = "us-east-1c")", true},
    {R"(instance.id = "i-1")", true},
    {R"(resource.arn ENDSWITH "instance/i-1")", true},
    // Annotations
    {"annotation[age] = 29", true},
    {"annotation.age = 29", true},
    {R"(annotation["age"] < 30)", true},
    {"annotation[age] > 29", false},
    {"annotation[premium] = true", true},
    {R"(annotation[city] BEGINSWITH "Os")", true},
    {R"(annotation[city] != "Oslo")", false},
    {"annotation[city]", true},
    {"annotation[country]", false},
    {R"(annotation[age] = "29")", false},
    {"annotation[zip] = 123", true},
    // Services
    {R"(service("api.example.com"))", true},
    {R"(service("absent"))", false},
    {R"(!service("absent"))", true},
    {R"(service("api.example.com") { fault })", true},
    {R"(service("backend.example.com") { fault })", false},
    {R"(service("backend.example.com") { error AND throttle })", true},
    {R"(service("backend.example.com") { responsetime > 2.5 })", false},
    {R"(service("api.example.com") { responsetime > 2.5 })", true},
    {R"(service("api.example.com") { annotation[zip] = 123 })", false},
    {R"(service("backend.example.com") { annotation[zip] = 123 })", true},
    {"service() { fault = true }", true},
    {"service() { partial }", false},
    {R"(service("backend.example.com") { root })", false},
    {R"(service("items") { inferred })", true},
    {R"(service(id(name: "api.example.com", type: "AWS::EC2::Instance")))", true},
    {R"(service(id(name: "api.example.com", type: "AWS::Lambda")))", false},
    {R"(service(id(type: "AWS::DynamoDB::Table", account.id: "000000000000")))", true},
    {R"(service(id(account.id: "123456789012")))", false},
    {R"(service("api.example.com") AND !edge("api.example.com", "backend.example.com"))", false},
    // Edges
    {R"(edge("api.example.com", "backend.example.com"))", true},
    {R"(edge("backend.example.com", "api.example.com"))", false},
    {R"(edge("api.example.com", "backend.example.com") { error })", true},
    {R"(edge("api.example.com", "backend.example.com") { responsetime > 3.5 })", true},
    {R"(edge("api.example.com", "backend.example.com") { responsetime > 4 })", false},
    {R"(edge(id(name: "backend.example.com"), id(type: "AWS::DynamoDB::Table")))", true},
    {"edge() { throttle }", true},
    // Groups
    {R"(group.name = "slow" AND user = "zoe")", true},
    {R"(group.name != "slow")", false},
    {R"(group.arn = "arn:slow")", true},
    {R"(group.name = "absent")", false},
    // Combinations: AND before OR, ! before both, in either case
    {"ok OR fault AND error", true},
    {"(ok OR fault) AND partial", false},
    {"ok AND ok OR fault", true},
    {"ok or fault and not_a_keyword = 1", false},
    {"!(ok OR partial)", true},
    {"!!fault", true},
    {"ok or fault", true},
    {"fault !partial duration >3", true},  // without a word, as "ok !partial duration <3"
    {"fault !partial duration <3", false},
    {"ok OR fault !partial", true},
    {"ok (fault OR error)", false},
    {R"(service("api.example.com") service("backend.example.com") {error throttle})", true},
    // The page's own examples that are not above, as they are, with this trace's names
    {"responsetime > 5", true},
    {"ok = false", true},
    {"ok !partial duration <3", false},
    {R"(service("data-plane") {root = true and fault = true})", false},
    {R"(service("api.example.com") {root = true and fault = true})", true},
    {"service() { fault }", true},
    {R"(service("api.example.com") { fault })", true},
    {R"(edge("api.example.com", "backend.example.com") { error })", true},
    {R"(http.url BEGINSWITH "http://api.example.com/" AND http.url CONTAINS "/v2/" AND !service("api.example.com"))",
     false},
    {R"(http.url BEGINSWITH "http://api.example.com/" AND http.url CONTAINS "/api/" AND service("api.example.com"))",
     true},
    {"http.url AND responseTime > 2", true},
    {"http.url AND responseTime > 7", false},
    {R"(annotation.gameid = "817DL6VO")", false},
    {R"(annotation.city = "Oslo")", true},
    {"annotation.age", true},
    {"!annotation.age", false},
    {"annotation.age > 29", false},
    {"annotation.age > 28", true},
    {R"(group.name = "slow" AND user = "alice")", false},
    {R"(edge(id(name: "api.example.com", type:"AWS::EC2::Instance"), id(name: "backend.example.com")) { throttle })",
     true},
    {R"(service(id(name: "items", type:"AWS::DynamoDB::Table")) { inferred })", true},
    {R"(service(id(name: "items", type:"AWS::SQS::Queue")) { inferred })", false},
    // What is set
    {"user", true},
    {"!user", false},
    {"message", true},
    {R"(service("backend.example.com") { http.url })", false},
    {R"(service("api.example.com") { http.url })", true},
    // Root causes: of the fault api.example.com itself, of the error none (the root has none), of
    // the response time api.example.com's call of backend.example.com
    {R"(rootcause.fault.service { name = "api.example.com" })", true},
    {R"(rootcause.fault.service { name = "Auth" })", false},
    {"rootcause.fault.service", true},
    {"rootcause.error.service", false},
    {"!rootcause.error.entity", true},
    {"rootCause.fault.service { index > 5 }", false},
    {"rootcause.fault.service { index = 0 and first and last }", true},
    {R"(rootcause.fault.service { inferred and name = "traces" and type = "AWS::DynamoDB" })",
     false},
    {R"(rootcause.fault.service { !inferred and type = "AWS::EC2::Instance" })", true},
    {R"(rootcause.fault.entity { last and name = "deserialize" })", false},
    {R"(rootcause.fault.entity { last and name = "api.example.com" })", true},
    {R"(rootcause.fault.entity { remote })", false},
    {R"(rootcause.fault.exception { last and message = "backend said no" })", true},
    {R"(rootcause.fault.exception { last and message = "Access Denied for account_id: 1234567890" })",
     false},
    {R"(rootcause.fault.exception { name })", false},
    {R"(rootcause.responsetime.entity { remote and coverage > 0.6 and name = "backend.example.com" })",
     true},
    {R"(rootcause.responsetime.entity { remote and coverage > 0.7 and name = "traces" })", false},
    {"rootcause.responsetime.entity { last and coverage > 0.8 }", false},
    {"rootcause.responsetime.entity { first and coverage = 1 }", true},
    {"rootcause.responsetime.entity { index = 1 and (first or last) }", true},
    {R"(rootcause.responsetime.service { last and type = "AWS::DynamoDB" })", false},
    {R"(rootcause.responsetime.service { last and type = "AWS::EC2::Instance" })", true},
    {R"(rootcause.json = #[{ "Services": [ { "Name": "GetWeatherData", "EntityPath": [{ "Name": "GetWeatherData" }, { "Name": "get_temperature" } ] }, { "Name": "GetTemperature", "EntityPath": [ { "Name": "GetTemperature" } ] } ] }])",
     false},
    {R"(rootcause.json = #[{ "Services": [ { "Name": "api.example.com", "EntityPath": [{ "Name": "api.example.com" }, { "Name": "backend.example.com" } ] } ] }])",
     true},
    {R"(rootcause.json = #[{ "Services": [ { "EntityPath": [{ "Coverage": 1 }, {} ] } ] }])", true},
    {R"(rootcause.json = #[{ "Services": [ { "EntityPath": [{ "Coverage": 1 } ] } ] }])", false},
    {R"(rootcause.json = #[{"Services":[{"Name":"x"}]}, {"Services":[{"Inferred":false,"Other":null}]}] and fault)",
     true},
    {R"(rootcause.json != #[{"Services":[{"Name":"a ] } \" b"}]}])", true},
    {R"(json = #[{"ClientImpacting":true}])", true},
    // Keywords in any case
    {"responseTime > 5", true},
    {"HTTP.STATUS = 502", true},
    {R"(SERVICE("api.example.com") { Fault = TRUE })", true},
    {"Annotation.age = 29", true},
    {R"(http.url contains "/api/" and user beginswith "z")", true},
};

TEST(Filter, MatchesAsDocumented) {
  const Trace trace = sample();
  const Filter slow = parse_filter("responsetime > 5").value();
  const GroupFilter groups = [&](Keyword by, std::string_view text) {
    return text == (by == Keyword::kGroupName ? "slow" : "arn:slow") ? &slow : nullptr;
  };
  for (const auto& one : kCases) {
    const auto filter = parse_filter(one.text);
    if (one.text.find("not_a_keyword") != std::string_view::npos) {
      EXPECT_FALSE(filter) << one.text;
      continue;
    }
    ASSERT_TRUE(filter) << one.text << ": " << filter.error();
    EXPECT_EQ(matches(*filter, trace, groups), one.matches) << one.text;
    const auto printed = to_string(*filter);
    const auto again = parse_filter(printed);
    ASSERT_TRUE(again) << printed;
    EXPECT_EQ(*again, *filter) << one.text << " -> " << printed;
  }
}

TEST(Filter, SaysWhatIsWrong) {
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "expected a keyword at position 1"},
      {"responsetime", "expected an operator"},
      {"responsetime >", "expected a value"},
      {"responsetime = \"5\"", "not of the keyword's type"},
      {"http.url = 5", "not of the keyword's type"},
      {"http.url > \"a\"", "does not go with the value"},
      {"duration CONTAINS \"5\"", "not of the keyword's type"},
      {"user = \"zoe", "a string without its end"},
      {"service(\"a\"", "expected )"},
      {"service(id(nam: \"a\"))", "expected name, type or account.id"},
      {"edge(\"a\")", "expected ,"},
      {"annotation[] = 1", "expected an annotation's key"},
      {"unheard = 1", "unknown keyword unheard"},
      {"rootcause.fault", "expected rootcause.json, or rootcause.fault"},
      {"rootcause.fault.entity { user = \"a\" }", "root causes have no user"},
      {"rootcause.fault.entity { service() }", "root causes have no service"},
      {"rootcause.fault.entity { rootcause.fault.entity }", "root causes have no rootcause"},
      {"rootcause.fault.entity { last", "expected }"},
      {"rootcause.fault.entity { index }", "expected an operator"},
      {"first", "only root causes have first"},
      {"group.name CONTAINS \"a\"", "= and != only"},
      {"fault )", "unexpected text at position 7"},
      {"fault 5", "unknown keyword 5"},
      {R"(rootcause.json > #[{}])", "expected = or !="},
      {R"(rootcause.json = [{}])", "expected # and a JSON array"},
      {R"(rootcause.json = #[{ "Services": [] }", "expected a JSON array of root causes"},
      {R"(rootcause.json = #[])",
       "expected a JSON array of root causes"},
      {R"(rootcause.json = #[1])", "expected a JSON array of root causes"},
      {R"(rootcause.json = #{})", "expected a JSON array of root causes"},
      {"service() { last }", "only root causes have last"},
      {"remote", "only root causes have remote"},
      {"coverage > 0.7", "only root causes have coverage"},
      {"group.name", "expected an operator"},
      {"http.status", "expected an operator"},
      {std::string(40, '(') + "ok", "too deep"},
      {std::string(40, '!') + "ok", "too deep"},
      {std::string(5000, ' '), "longer than"},
  };
  for (const auto& [text, part] : cases) {
    const auto filter = parse_filter(text);
    ASSERT_FALSE(filter) << text;
    EXPECT_THAT(filter.error(), HasSubstr(part)) << text;
  }
}

TEST(Filter, TellsWhetherItMentionsGroups) {
  EXPECT_TRUE(mentions_group(parse_filter("!(ok OR group.name = \"a\")").value()));
  EXPECT_FALSE(mentions_group(parse_filter("annotation[group] = \"a\"").value()));
}

}  // namespace
}  // namespace dew::xray
