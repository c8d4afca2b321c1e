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
      {"m1 + m2", "{0:11 60:2}"},
      {"m1 / m2", "{0:0.1}"},  // x / 0 is no data point
      {"m1 > 1", "{0:0 60:1 120:1 240:1}"},
      {"-m1", "{0:-1 60:-2 120:-4 240:-10}"},
      {"[m1, m2] * 10", "[{0:10 60:20 120:40 240:100}{0:100 60:0 180:50}]"},
      {"[m1, m2] - [m1, m1]", "[{0:0 60:0 120:0 240:0}{0:9 60:-2}]"},
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
      {"AVG([m1, m2])", "{0:5.5 60:1 120:4 180:5 240:10}"},
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
      {"IF(m1 > 1, m2)", "error: IF takes 3 arguments, not 2"},
      {"IF(1, 2, 3)", "2"},
      {"IF(m2, m1, 99)", "{0:1 60:99}"},
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
