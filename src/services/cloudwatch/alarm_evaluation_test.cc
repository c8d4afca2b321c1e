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
    {"table 1, row 2", 3, 3, "0----", 2, kOk, kOk, kOk, kOk},
    {"table 1, row 2, as the page once had it", 3, 3, "----0", 2, kOk, kOk, kOk, kOk},
    {"table 1, below it: the one within the threshold is out of the range", 3, 3, "-----", 3,
     kUnknown, kRetain, kAlarm, kOk},
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
    // One out of one: the two older periods stand in for the one that is missing.
    {"bullet 1: one out of one breaches", 1, 1, "00X", 0, kAlarm, kAlarm, kAlarm, kAlarm},
    {"bullet 1: one out of one is within", 1, 1, "XX0", 0, kOk, kOk, kOk, kOk},
    {"bullet 2: one out of one, the newest there is within", 1, 1, "X0-", 0, kOk, kOk, kOk, kOk},
    {"bullet 2: one out of one, an old one is within", 1, 1, "0--", 0, kOk, kOk, kOk, kOk},
    // One out of three: one that breaches is enough, whatever is missing.
    {"bullet 1: one of three, extra ones ignored", 1, 3, "XX000", 0, kOk, kOk, kOk, kOk},
    {"bullet 2: one of three, an older real one counts", 1, 3, "X0-0-", 0, kAlarm, kAlarm, kAlarm,
     kAlarm},
    {"bullet 3: one of three, the newest", 1, 3, "----X", 2, kAlarm, kAlarm, kAlarm, kAlarm},
    {"bullet 3: one of three, the oldest", 1, 3, "X----", 2, kAlarm, kAlarm, kAlarm, kAlarm},
    {"bullet 3: one of three, within", 1, 3, "0----", 2, kOk, kOk, kAlarm, kOk},
    {"bullet 3: one of three, two within", 1, 3, "0---0", 1, kOk, kOk, kAlarm, kOk},
    {"bullet 3: one of three, nothing there", 1, 3, "-----", 3, kUnknown, kRetain, kAlarm, kOk},
    // Two out of three
    {"bullet 1: two of three, one breaches", 2, 3, "XX0X0", 0, kOk, kOk, kOk, kOk},
    {"bullet 3: two of three, one each", 2, 3, "X---0", 1, kOk, kOk, kAlarm, kOk},
    {"bullet 3: two of three, both within", 2, 3, "0---0", 1, kOk, kOk, kOk, kOk},
    {"bullet 3: two of three, nothing there", 2, 3, "-----", 3, kUnknown, kRetain, kAlarm, kOk},
    {"premature: two of three, the oldest of the range", 2, 3, "X----", 2, kAlarm, kRetain, kAlarm,
     kOk},
    // Two out of five: evaluation range 7
    {"premature: two of five, too young", 2, 5, "------X", 4, kRetain, kRetain, kAlarm, kOk},
    {"premature: two of five, old enough", 2, 5, "-----X-", 4, kAlarm, kRetain, kAlarm, kOk},
    {"premature: not with one that is within", 2, 5, "0----X-", 3, kOk, kOk, kAlarm, kOk},
    {"bullet 3: two of five, both real", 2, 5, "X----X-", 3, kAlarm, kAlarm, kAlarm, kAlarm},
    {"bullet 3: two of five, filled up to two", 2, 5, "00-0---", 2, kOk, kOk, kAlarm, kOk},
    {"bullet 3: two of five, one to fill is too few", 2, 5, "00-0-0-", 1, kOk, kOk, kOk, kOk},
    // Three out of five
    {"bullet 1: three of five, extra ones ignored", 3, 5, "XXX0000", 0, kOk, kOk, kOk, kOk},
    {"bullet 1: three of five", 3, 5, "00X0X0X", 0, kAlarm, kAlarm, kAlarm, kAlarm},
    {"bullet 2: three of five, the five newest there are", 3, 5, "X-XX-00", 0, kAlarm, kAlarm,
     kAlarm, kAlarm},
    {"bullet 3: three of five, real ones suffice", 3, 5, "-X-X-X0", 1, kAlarm, kAlarm, kAlarm,
     kAlarm},
    {"premature: three of five, two that are young", 3, 5, "-----XX", 3, kRetain, kRetain, kAlarm,
     kOk},
    {"premature: three of five, two that are old", 3, 5, "---XX--", 3, kAlarm, kRetain, kAlarm,
     kOk},
    // Five out of five
    {"bullet 1: five of five", 5, 5, "00XXXXX", 0, kAlarm, kAlarm, kAlarm, kAlarm},
    {"bullet 1: five of five, one is within", 5, 5, "XXXX0XX", 0, kOk, kOk, kOk, kOk},
    {"bullet 2: five of five, with two gaps", 5, 5, "XX-XX-X", 0, kAlarm, kAlarm, kAlarm, kAlarm},
    {"bullet 3: five of five, nothing there", 5, 5, "-------", 5, kUnknown, kRetain, kAlarm, kOk},
    {"bullet 3: five of five, one is within", 5, 5, "---X0XX", 1, kOk, kOk, kOk, kOk},
    {"premature: five of five, with gaps", 5, 5, "-XX-XX-", 1, kAlarm, kRetain, kAlarm, kOk},
    {"premature: five of five, too young", 5, 5, "---XXXX", 1, kRetain, kRetain, kAlarm, kOk},
    // Four out of ten: evaluation range 12
    {"premature: four of ten, as old as M", 4, 10, "---- ---- X X X -", 7, kAlarm, kRetain, kAlarm,
     kOk},
    {"premature: four of ten, younger than M", 4, 10, "---- ---- - X X X", 7, kRetain, kRetain,
     kAlarm, kOk},
    {"premature: four of ten, but one is within", 4, 10, "0--- ---- - X X X", 6, kOk, kOk, kAlarm,
     kOk},
    {"bullet 3: four of ten", 4, 10, "-X--X--X--X-", 6, kAlarm, kAlarm, kAlarm, kAlarm},
};

TEST(AlarmEvaluation, FollowsTheDocumentedTables) {
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
      }
    }
  }
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
