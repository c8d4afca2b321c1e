#include "services/cloudwatch/emf.h"

#include <gtest/gtest.h>

namespace dew::cloudwatch {
namespace {

TEST(Emf, TakesTheSpecificationsExample) {
  const auto line = parse_emf(R"({"_aws":{"Timestamp":1574109732004,"CloudWatchMetrics":[
    {"Namespace":"lambda-function-metrics","Dimensions":[["functionVersion"],[]],
     "Metrics":[{"Name":"time","Unit":"Milliseconds","StorageResolution":1},{"Name":"sizes"}]}]},
    "functionVersion":"$LATEST","time":100,"sizes":[1,2.5],"requestId":"989ffbf8"})");
  ASSERT_TRUE(line);
  EXPECT_TRUE(line->faults.empty());
  EXPECT_EQ(line->timestamp_ms, 1574109732004);
  ASSERT_EQ(line->values.size(), 4U);
  const auto& first = line->values[0];
  EXPECT_EQ(first.metric,
            (Metric{"lambda-function-metrics", "time", {{"functionVersion", "$LATEST"}}}));
  EXPECT_EQ(first.unit, kMilliseconds);
  EXPECT_TRUE(first.high);
  EXPECT_EQ(first.values, std::vector<double>{100});
  EXPECT_TRUE(line->values[1].metric.dimensions.empty());
  EXPECT_EQ(line->values[2].values, (std::vector<double>{1, 2.5}));
  EXPECT_EQ(line->values[2].unit, kNoUnit);
}

TEST(Emf, IsNoneOfOtherLines) {
  for (const auto* line : {"", "START RequestId", "{}", R"({"_aws":1})", R"({"_aws":{}})",
                           R"(prefix {"_aws":{"CloudWatchMetrics":[]}})",
                           R"({"_aws":{"CloudWatchMetrics":[]}} suffix)", R"(["_aws"])"})
    EXPECT_FALSE(parse_emf(line)) << line;
}

TEST(Emf, RefusesWhatTheSpecificationForbids) {
  const auto with = [](std::string_view directive, std::string_view root) {
    return parse_emf(
        fmt::format(R"({{"_aws":{{"Timestamp":1,"CloudWatchMetrics":[{}]}}{}}})", directive, root));
  };
  const std::pair<const char*, const char*> cases[] = {
      {R"({"Dimensions":[[]],"Metrics":[{"Name":"m"}]})", R"(,"m":1)"},
      {R"({"Namespace":"","Dimensions":[[]],"Metrics":[{"Name":"m"}]})", R"(,"m":1)"},
      {R"({"Namespace":"n","Metrics":[{"Name":"m"}]})", R"(,"m":1)"},
      {R"({"Namespace":"n","Dimensions":[[]]})", R"(,"m":1)"},
      {R"({"Namespace":"n","Dimensions":["d"],"Metrics":[{"Name":"m"}]})", R"(,"m":1,"d":"x")"},
      {R"({"Namespace":"n","Dimensions":[["d"]],"Metrics":[{"Name":"m"}]})", R"(,"m":1)"},
      {R"({"Namespace":"n","Dimensions":[["d"]],"Metrics":[{"Name":"m"}]})", R"(,"m":1,"d":2)"},
      {R"({"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"m"}]})", ""},
      {R"({"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"m"}]})", R"(,"m":"1")"},
      {R"({"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"m"}]})", R"(,"m":[1,"2"])"},
      {R"({"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"m","Unit":"Parsecs"}]})",
       R"(,"m":1)"},
      {R"({"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"m","StorageResolution":5}]})",
       R"(,"m":1)"},
      {"7", ""},
  };
  for (const auto& [directive, root] : cases) {
    const auto line = with(directive, root);
    ASSERT_TRUE(line) << directive;
    EXPECT_EQ(line->faults.size(), 1U) << directive << root;
    EXPECT_TRUE(line->values.empty()) << directive << root;
  }
  const auto no_time = parse_emf(R"({"_aws":{"CloudWatchMetrics":[]}})");
  ASSERT_TRUE(no_time);
  EXPECT_EQ(no_time->faults.size(), 1U);
}

}  // namespace
}  // namespace dew::cloudwatch
