// The tables of "Configuring how CloudWatch alarms treat missing data", row by row, for each of the
// four treatments and each state that an alarm may be in; then the rules of the text around them.
// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarms-and-missing-data
#include "services/cloudwatch/alarm_evaluation.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dew::cloudwatch {
namespace {

// "0 - X": within, missing, breaching; the newest last.
std::vector<DataPoint> points(std::string_view text) {
  std::vector<DataPoint> out;
  for (const char c : text) {
    if (c == '0') out.push_back(DataPoint::kWithin);
    if (c == 'X') out.push_back(DataPoint::kBreaching);
    if (c == '-') out.push_back(DataPoint::kMissing);
  }
  return out;
}

constexpr AlarmState kOk = AlarmState::kOk;
constexpr AlarmState kAlarm = AlarmState::kAlarm;
constexpr AlarmState kUnknown = AlarmState::kInsufficientData;
constexpr std::nullopt_t kRetain = std::nullopt;

struct Row {
  const char* source;
  int m;
  int n;
  const char* data;
  int filled;
  std::optional<AlarmState> missing;
  std::optional<AlarmState> ignore;
  std::optional<AlarmState> breaching;
  std::optional<AlarmState> not_breaching;
};

const Row kRows[] = {
    // "the number of Evaluation Periods and the Datapoints to Alarm are both 3": evaluation range 5
    {"table 1, row 1", 3, 3, "0-X-X", 0, kOk, kOk, kOk, kOk},
    {"table 1, row 2", 3, 3, "----0", 2, kOk, kOk, kOk, kOk},
    {"table 1, row 3", 3, 3, "-----", 3, kUnknown, kRetain, kAlarm, kOk},
    {"table 1, row 4", 3, 3, "0XX-X", 0, kAlarm, kAlarm, kAlarm, kAlarm},
    {"table 1, row 5", 3, 3, "--X--", 2, kAlarm, kRetain, kAlarm, kOk},
    // "Datapoints to Alarm = 2 and Evaluation Periods = 3", a 2 out of 3 alarm
    {"table 2, row 1", 2, 3, "0-X-X", 0, kAlarm, kAlarm, kAlarm, kAlarm},
    {"table 2, row 2", 2, 3, "00X0X", 0, kAlarm, kAlarm, kAlarm, kAlarm},
    {"table 2, row 3", 2, 3, "0-X--", 1, kOk, kOk, kAlarm, kOk},
    {"table 2, row 4", 2, 3, "----0", 2, kOk, kOk, kAlarm, kOk},
    {"table 2, row 5", 2, 3, "---X-", 2, kAlarm, kRetain, kAlarm, kOk},
    // "Avoiding premature transitions to alarm state", Datapoints to Alarm = 3
    {"premature: - - - - X does not go off at once", 3, 3, "----X", 2, kRetain, kRetain, kAlarm,
     kOk},
    {"premature: nor does - - - X -", 3, 3, "---X-", 2, kRetain, kRetain, kAlarm, kOk},
    {"premature: so that - - - X O may follow", 3, 3, "---X0", 1, kOk, kOk, kOk, kOk},
    {"premature: or - - X - O", 3, 3, "--X-0", 1, kOk, kOk, kOk, kOk},
    {"premature: - - X - - goes off", 3, 3, "--X--", 2, kAlarm, kRetain, kAlarm, kOk},
    {"premature: with later ones that breach too", 3, 3, "--X-X", 1, kAlarm, kRetain, kAlarm, kOk},
    {"premature: the same for M out of N", 2, 3, "---X-", 2, kAlarm, kRetain, kAlarm, kOk},
    {"premature: M out of N, too young", 2, 3, "----X", 2, kRetain, kRetain, kAlarm, kOk},
    // "How alarm state is evaluated when data is missing", the three bullets
    {"bullet 1: none missing, extra ones ignored", 3, 3, "XX000", 0, kOk, kOk, kOk, kOk},
    {"bullet 1: none missing, the newest three breach", 3, 3, "00XXX", 0, kAlarm, kAlarm, kAlarm,
     kAlarm},
    {"bullet 2: as many as N are there, older ones count", 3, 3, "XX-X-", 0, kAlarm, kAlarm, kAlarm,
     kAlarm},
    {"bullet 2: more than N are there, the newest count", 2, 3, "XX-00", 0, kOk, kOk, kOk, kOk},
    {"bullet 2: one out of one", 1, 1, "X--", 0, kAlarm, kAlarm, kAlarm, kAlarm},
    {"bullet 3: all real ones count", 2, 3, "X---X", 1, kAlarm, kAlarm, kAlarm, kAlarm},
    {"bullet 3: one out of one, nothing there", 1, 1, "---", 1, kUnknown, kRetain, kAlarm, kOk},
    {"bullet 3: filled as seldom as possible", 3, 4, "--0XX-", 1, kOk, kOk, kAlarm, kOk},
};

TEST(AlarmEvaluation, FollowsTheDocumentedTables) {
  size_t cases = 0;
  for (const auto& row : kRows) {
    const std::pair<MissingData, std::optional<AlarmState>> treatments[] = {
        {MissingData::kMissing, row.missing},
        {MissingData::kIgnore, row.ignore},
        {MissingData::kBreaching, row.breaching},
        {MissingData::kNotBreaching, row.not_breaching},
    };
    for (const auto& [missing, expected] : treatments) {
      for (const auto before : {kOk, kAlarm, kUnknown}) {
        const auto range = points(row.data);
        ASSERT_EQ(range.size(), static_cast<size_t>(row.n + kExtraPeriods)) << row.source;
        const auto verdict = evaluate_alarm(range, {row.n, row.m, missing});
        EXPECT_EQ(state_text(verdict.state.value_or(before)), state_text(expected.value_or(before)))
            << row.source << " (" << row.data << "), treated as " << static_cast<int>(missing)
            << ", from " << state_text(before);
        EXPECT_EQ(verdict.filled, row.filled) << row.source;
        ++cases;
      }
    }
  }
  EXPECT_GE(cases, 120U);
}

TEST(AlarmEvaluation, ComparesWithEveryOperator) {
  struct Case {
    const char* name;
    bool below;
    bool equal;
    bool above;
  };
  const Case cases[] = {{"GreaterThanOrEqualToThreshold", false, true, true},
                        {"GreaterThanThreshold", false, false, true},
                        {"LessThanThreshold", true, false, false},
                        {"LessThanOrEqualToThreshold", true, true, false}};
  for (const auto& [name, below, equal, above] : cases) {
    const auto comparison = parse_comparison(name);
    ASSERT_TRUE(comparison) << name;
    EXPECT_EQ(breaches(1, *comparison, 2), below) << name;
    EXPECT_EQ(breaches(2, *comparison, 2), equal) << name;
    EXPECT_EQ(breaches(3, *comparison, 2), above) << name;
  }
  EXPECT_FALSE(parse_comparison("GreaterThanUpperThreshold"));
}

TEST(AlarmEvaluation, KnowsHowManySamplesAPercentileNeeds) {
  // "Percentile-based CloudWatch alarms and low data samples"
  EXPECT_DOUBLE_EQ(samples_needed(50), 20);
  EXPECT_NEAR(samples_needed(99), 1000, 1e-6);
  EXPECT_DOUBLE_EQ(samples_needed(20), 50);
  EXPECT_EQ(samples_needed(0), 0);
  EXPECT_EQ(samples_needed(100), 0);
}

}  // namespace
}  // namespace dew::cloudwatch
