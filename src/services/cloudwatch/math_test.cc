#include "services/cloudwatch/math.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace dew::cloudwatch {
namespace {

class MathTest : public testing::Test {
 protected:
  MathTest() {
    inputs.window = {0, 300};
    inputs.period_s = 60;
    add("m1", {{0, 1}, {60, 2}, {120, 4}, {240, 10}});
    add("m2", {{0, 10}, {60, 0}, {180, 5}});
    add("errors", {{0, 3}});
    add("none", {});
    inputs.find = [this](std::string_view id) -> MathResult {
      for (const auto& series : inputs.metrics) {
        if (series.id == id) return MathValue(series);
      }
      return fail(ErrorKind::kInvalid, "no such metric");
    };
  }
  void add(std::string id, std::map<int64_t, double> values) {
    TimeSeries series;
    series.id = std::move(id);
    series.values = std::move(values);
    inputs.metrics.push_back(std::move(series));
  }
  static std::string text(const MathValue& value) {
    if (const auto* number = std::get_if<double>(&value)) return fmt::format("{:g}", *number);
    if (const auto* word = std::get_if<std::string>(&value)) return "'" + *word + "'";
    if (const auto* series = std::get_if<TimeSeries>(&value)) {
      std::string out = "{";
      for (const auto& [time, one] : series->values)
        out += fmt::format("{}{}:{:g}", out.size() > 1 ? " " : "", time, one);
      return out + "}";
    }
    std::string out = "[";
    for (const auto& one : std::get<SeriesList>(value)) out += text(one);
    return out + "]";
  }
  std::string of(const std::string& expression) {
    const auto tree = Expression::parse(expression);
    if (!tree) return "syntax: " + tree.error().message;
    EXPECT_EQ(Expression::parse(tree->to_text())->to_text(), tree->to_text()) << expression;
    const auto value = evaluate(*tree, inputs);
    return value ? text(*value) : "error: " + value.error().message;
  }
  MathInputs inputs;
};

TEST_F(MathTest, EvaluatesWhatTheDocumentationHas) {
  const std::pair<const char*, const char*> cases[] = {
      // operators
      {"1 + 2 * 3", "7"},
      {"(1 + 2) * 3", "9"},
      {"2 ^ 3 ^ 2", "512"},
      {"-2 ^ 2", "-4"},
      {"2 ^ -1", "0.5"},
      {"10 - 4 - 3", "3"},
      {"1 < 2 AND 2 < 1 OR 1", "1"},
      {"1 == 1 && 0 || 0", "0"},
      {"m1 * 2", "{0:2 60:4 120:8 240:20}"},
      {"2 - m1", "{0:1 60:0 120:-2 240:-8}"},
      {"m1 + m2", "{0:11 60:2 120:4 180:5 240:10}"},  // the one that is missing is 0
      {"m1 / m2", "{0:0.1 180:0}"},                   // x / 0 is no data point
      {"m1 > 1", "{0:0 60:1 120:1 240:1}"},
      {"-m1", "{0:-1 60:-2 120:-4 240:-10}"},
      {"[m1, m2] * 10", "[{0:10 60:20 120:40 240:100}{0:100 60:0 180:50}]"},
      {"[m1, m2] - [m1, m1]", "[{0:0 60:0 120:0 240:0}{0:9 60:-2 120:-4 180:5 240:-10}]"},
      // each value
      {"ABS(0 - m1)", "{0:1 60:2 120:4 240:10}"},
      {"CEIL(m1 / 3)", "{0:1 60:1 120:2 240:4}"},
      {"FLOOR(m1 / 3)", "{0:0 60:0 120:1 240:3}"},
      {"LOG10(m1 * 10 ^ 2 / m1)", "{0:2 60:2 120:2 240:2}"},
      {"LOG(1)", "0"},
      // many to one
      {"AVG(m1)", "4.25"},
      {"SUM(m1)", "17"},
      {"MIN(m1)", "1"},
      {"MAX(m1)", "10"},
      {"STDDEV([m1, m2])", "{0:4.5 60:1 120:0 180:0 240:0}"},
      {"DATAPOINT_COUNT(m1)", "4"},
      {"DATAPOINT_COUNT([m1, m2])", "{0:2 60:2 120:1 180:1 240:1}"},
      {"SUM([m1, m2])", "{0:11 60:2 120:4 180:5 240:10}"},
      {"AVG([m1, m2])", "{0:5.5 60:1 120:2 180:2.5 240:5}"},  // "missing values are treated as 0"
      {"MAX([m1, m2])", "{0:10 60:2 120:4 180:5 240:10}"},
      {"m1 / SUM(m1) * 17", "{0:1 60:2 120:4 240:10}"},
      // changes
      {"DIFF(m1)", "{60:1 120:2 240:6}"},
      {"DIFF_TIME(m1)", "{60:60 120:60 240:120}"},
      {"RATE(m1) * 60", "{60:1 120:2 240:3}"},
      {"RUNNING_SUM(m1)", "{0:1 60:3 120:7 240:17}"},
      // gaps
      {"FILL(m1, 0)", "{0:1 60:2 120:4 180:0 240:10}"},
      {"FILL(m1, REPEAT)", "{0:1 60:2 120:4 180:4 240:10}"},
      {"FILL(m1, LINEAR)", "{0:1 60:2 120:4 180:7 240:10}"},
      {"FILL(m1, m2)", "{0:1 60:2 120:4 180:5 240:10}"},
      {"FILL([m2], 1)", "[{0:10 60:0 120:1 180:5 240:1}]"},
      {"FILL(none, 7)", "{0:7 60:7 120:7 180:7 240:7}"},
      // choosing
      {"IF(m1 > 1, m1, 0)", "{0:0 60:2 120:4 240:10}"},
      {"IF(m1 > 1, m1)", "{60:2 120:4 240:10}"},
      {"IF(1, 2, 3)", "2"},
      {"IF(m2, m1, 99)", "{0:1 60:99 180:0}"},
      {"METRIC_COUNT(METRICS())", "4"},
      {"METRICS('err')", "[{0:3}]"},
      {"SUM(METRICS(\"m\"))", "{0:11 60:2 120:4 180:5 240:10}"},
      {"FIRST(METRICS())", "{0:1 60:2 120:4 240:10}"},
      {"LAST([m1, errors])", "{0:3}"},
      {"SLICE(METRICS(), 1, 3)", "[{0:10 60:0 180:5}{0:3}]"},
      {"SLICE(METRICS(), 2)", "[{0:3}{}]"},
      {"SORT(METRICS(), MAX, DESC, 1)", "[{0:1 60:2 120:4 240:10}]"},
      {"SORT([m1, errors], AVG, ASC)", "[{0:3}{0:1 60:2 120:4 240:10}]"},
      {"REMOVE_EMPTY([none, errors])", "[{0:3}]"},
      // times
      {"PERIOD(m1)", "60"},
      {"TIME_SERIES(3)", "{0:3 60:3 120:3 180:3 240:3}"},
      {"EPOCH(m1)", "{0:0 60:60 120:120 240:240}"},
      {"MINUTE(m1)", "{0:0 60:1 120:2 240:4}"},
      {"HOUR(errors) + DAY(errors)", "{0:4}"},  // a Thursday
      {"YEAR(errors) * 10000 + MONTH(errors) * 100 + DATE(errors)", "{0:1.97001e+07}"},
  };
  for (const auto& [expression, expected] : cases)
    EXPECT_EQ(of(expression), expected) << expression;
}

// The examples of using-metric-math.html, section by section, of the page's own metrics.
TEST_F(MathTest, FollowsTheDocumentedExamples) {
  inputs.metrics.clear();
  add("metric1", {{0, 30}, {60, 20}, {120, 0}, {180, 0}});
  add("metric2", {{0, 20}, {120, 20}});
  add("if1", {{0, 1}, {60, 1}, {120, 0}, {180, 0}});
  add("if2", {{0, 30}, {120, 0}, {180, 0}, {240, 30}});
  add("if3", {{0, 0}, {60, 0}, {120, 20}, {240, 20}});
  add("errors1", {{0, 1}, {60, 2}});
  add("errors2", {{0, 3}});
  add("requests1", {{0, 40}, {60, 8}});
  const std::pair<const char*, const char*> cases[] = {
      // "Comparison and logical operators"
      {"(metric1 < metric2)", "{0:0 60:0 120:1 180:0}"},
      {"(metric1 >= 30)", "{0:1 60:0 120:0 180:0}"},
      {"(metric1 > 15 AND metric2 > 15)", "{0:1 60:0 120:0 180:0}"},
      {"metric1 > 15 && metric2 > 15", "{0:1 60:0 120:0 180:0}"},
      {"metric1 > 25 OR metric2 > 15", "{0:1 60:0 120:1 180:0}"},
      {"metric1 > 25 || metric2 > 15", "{0:1 60:0 120:1 180:0}"},
      {"metric1 == 0", "{0:0 60:0 120:1 180:1}"},
      {"metric1 != 0", "{0:1 60:1 120:0 180:0}"},
      {"metric1 <= 20", "{0:0 60:1 120:1 180:1}"},
      {"metric2 < 10", "{0:0 120:0}"},
      {"3 < 4", "1"},
      // "Basic arithmetic functions"
      {"PERIOD(metric1)/60", "1"},
      {"5 * metric1", "{0:150 60:100 120:0 180:0}"},
      {"metric1 - metric2", "{0:10 60:20 120:-20 180:0}"},
      {"SUM(100/[errors1, requests1])", "{0:102.5 60:62.5}"},
      {"AVG([errors1, errors2]/requests1)", "{0:0.05 60:0.125}"},
      {"METRICS('errors')*100", "[{0:100 60:200}{0:300}]"},
      {"-5*metric2", "{0:-100 120:-100}"},
      {"-metric2", "{0:-20 120:-20}"},
      {"SUM(-[errors1, errors2])", "{0:-4 60:-2}"},
      {"metric1 / metric2", "{0:1.5 120:0}"},  // "the data point is dropped"
      {"metric2 ^ 2", "{0:400 120:400}"},
      {"1 / metric1", "{0:0.0333333 60:0.05}"},
      // "The METRICS() function"
      {"SUM(METRICS(\"errors\"))", "{0:4 60:2}"},
      {"SUM([METRICS(\"errors\"), METRICS(\"requests\")])", "{0:44 60:10}"},
      {"METRICS(\"errors\")/100", "[{0:0.01 60:0.02}{0:0.03}]"},
      // "Functions supported for metric math"
      {"ABS(metric2-metric1)", "{0:10 60:20 120:20 180:0}"},
      {"MIN(ABS([metric1, metric2]))", "{0:20 60:20 120:0 180:0}"},
      {"SUM([errors1,errors2])/AVG(errors1)", "{0:2.66667 60:1.33333}"},
      {"AVG(METRICS(\"errors\"))", "{0:2 60:1}"},
      {"SUM(CEIL(METRICS(\"errors\") / 2))", "{0:3 60:1}"},
      {"DIFF(METRICS(\"errors\"))", "[{60:1}{}]"},
      {"DIFF_TIME(metric2)", "{120:120}"},
      {"FILL(metric2,10)", "{0:20 60:10 120:20 180:10 240:10}"},
      {"FILL(METRICS(\"errors\"), 0)",
       "[{0:1 60:2 120:0 180:0 240:0}{0:3 60:0 120:0 180:0 240:0}]"},
      {"FILL(errors1, MIN(errors1))", "{0:1 60:2 120:1 180:1 240:1}"},
      {"IF(FIRST(SORT(METRICS(), AVG, DESC))>20, 1, 0)", "{0:1 60:0}"},
      {"MAX(errors1)/errors1", "{0:2 60:1}"},
      {"errors1/METRIC_COUNT(METRICS())", "{0:0.125 60:0.25}"},
      {"errors1-MIN(errors1)", "{0:0 60:1}"},
      {"requests1/PERIOD(requests1)", "{0:0.666667 60:0.133333}"},
      {"RATE(requests1)", "{60:-0.533333}"},
      {"REMOVE_EMPTY(DIFF(METRICS(\"errors\")))", "[{60:1}]"},
      {"RUNNING_SUM(METRICS(\"errors\"))", "[{0:1 60:3}{0:3}]"},
      {"SLICE(SORT(METRICS(), SUM, DESC), 0, 2)",
       "[{0:30 120:0 180:0 240:30}{0:30 60:20 120:0 180:0}]"},
      {"SLICE(SORT(METRICS(), AVG, ASC), 7)", "[{0:40 60:8}]"},
      {"SORT(METRICS(), AVG, DESC, 1)", "[{0:40 60:8}]"},
      {"SORT(METRICS(\"errors\"), MAX, ASC)", "[{0:1 60:2}{0:3}]"},
      {"errors1/STDDEV(errors1)", "{0:2 60:4}"},
      {"SUM(METRICS(\"errors\"))/SUM(METRICS(\"requests\"))*100", "{0:10 60:25}"},
      {"TIME_SERIES(MAX(metric1))", "{0:30 60:30 120:30 180:30 240:30}"},
      {"TIME_SERIES(5*AVG(errors1))", "{0:7.5 60:7.5 120:7.5 180:7.5 240:7.5}"},
      {"CEIL(LOG10(requests1))", "{0:2 60:1}"},
      {"FLOOR(LOG(requests1))", "{0:3 60:2}"},
      // "Using IF expressions"
      {"IF(if1, if2, if3)", "{0:30 60:0 120:20}"},
      {"IF(if1, 5, if3)", "{0:5 60:5 120:20}"},
      {"IF(if1, if2, 5)", "{0:30 60:0 120:5 180:5}"},
      {"IF(if1, if2)", "{0:30 60:0}"},
      {"IF(if1, 5, 6)", "{0:5 60:5 120:6 180:6}"},
      {"IF(1, if2, if3)", "{0:30 120:0 180:0 240:30}"},
      {"IF(0, if2, if3)", "{0:0 60:0 120:20 240:20}"},
      {"IF(0, if2)", "{}"},
      {"IF(-1, if2)", "{0:30 120:0 180:0 240:30}"},  // "whether that value is positive or negative"
      {"IF(metric1<25, metric1)", "{60:20 120:0 180:0}"},
      {"IF(metric1<25, 10, 2)", "{0:2 60:10 120:10 180:10}"},
      {"IF(metric1>metric2, 1, 0)", "{0:1 60:1 120:0 180:0}"},
      {"IF(DAY(metric1)<6 AND (HOUR(metric1)>=9 AND HOUR(metric1)<17), metric1)", "{}"},
  };
  for (const auto& [expression, expected] : cases)
    EXPECT_EQ(of(expression), expected) << expression;
}

TEST_F(MathTest, RefusesByNameWhatItHasNot) {
  for (const std::string name : {"ANOMALY_DETECTION_BAND", "DB_PERF_INSIGHTS",
                                 "INSIGHT_RULE_METRIC", "LAMBDA", "SEARCH", "SERVICE_QUOTA"})
    EXPECT_EQ(of("MAX(" + name + "(m1, 2))"),
              "error: Dewpoint does not support the function " + name + " yet");
}

TEST_F(MathTest, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "syntax: a value is missing at the end"},
      {"1 +", "syntax: a value is missing at the end"},
      {"m1 m2", "syntax: expected an operator at character 4, at \"m2\""},
      {"(m1", "syntax: \")\" is missing at the end"},
      {"SUM(m1", "syntax: \",\" or \")\" is missing at the end"},
      {"[]", "syntax: a value in the array is missing at the end"},
      {"1e400", "syntax: expected a number at character 1, at \"1e400\""},
      {"'abc", "syntax: expected a string that ends at character 1, at \"'abc\""},
      {"SEARCH('x', 'Sum', 60)", "error: Dewpoint does not support the function SEARCH yet"},
      {"ANOMALY_DETECTION_BAND(m1)",
       "error: Dewpoint does not support the function ANOMALY_DETECTION_BAND yet"},
      {"NOPE(m1)", "error: there is no function NOPE"},
      {"sum(m1)", "syntax: expected an operator at character 4, at \"(m1)\""},  // uppercase only
      {"IF(m1)", "error: IF takes 2 to 3 arguments, not 1"},
      {"IF(METRICS(), 1, 0)", "error: IF needs numbers or single metrics"},
      {"SLICE(m1, 0, 1)", "error: SLICE needs an array of metrics"},
      {"SLICE(METRICS(), 0 - 1)", "error: SLICE needs a whole number of 0 or more"},
      {"PERIOD(METRICS())", "error: PERIOD needs a metric"},
      {"TIME_SERIES(m1)", "error: TIME_SERIES needs a number"},
      {"METRICS(m1)", "error: METRICS takes a string"},
      {"LOG(0)", "error: LOG of 0 is no number"},
      {"SUM('a')", "error: SUM needs metrics"},
      {"SUM()", "error: SUM takes 1 arguments, not 0"},
      {"SORT(METRICS(), UP, ASC)", "error: SORT sorts by AVG, MIN, MAX or SUM, ASC or DESC"},
      {"FILL(m1, SIDEWAYS)", "error: FILL fills with a number, a metric, REPEAT or LINEAR"},
      {"1 / 0", "error: 1 / 0 is no number"},
      {"m3", "error: no such metric"},
      {"m1 + 'a'", "error: + needs numbers or metrics, not a string"},
      {"[m1] + [m1, m2]", "error: + needs arrays of one size, not of 1 and 2"},
  };
  for (const auto& [expression, expected] : cases)
    EXPECT_EQ(of(expression), expected) << expression;
  EXPECT_FALSE(Expression::parse(std::string(60, '(') + "1" + std::string(60, ')')));
  EXPECT_FALSE(Expression::parse(std::string(3000, '1')));
}

}  // namespace
}  // namespace dew::cloudwatch
