// How a metric alarm's data points make its state: M out of N, and what is missing.
// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarms-and-missing-data
// ("How alarm state is evaluated when data is missing", "Avoiding premature transitions to alarm
// state")
//
// Looked at is the evaluation range: the N newest periods and kExtraPeriods older ones (the page's
// examples have 5 for N = 3). With N data points or more in it, the N newest of them decide, and
// how missing ones are treated does not matter. With fewer, all of them count, and the missing ones
// up to N are filled in: as breaching, as not breaching; or the state stays (ignore), or is
// INSUFFICIENT_DATA when there is nothing at all (missing). In the latter case an alarm goes off
// although there are fewer than M data points when all that there are breach, and the oldest of
// them is at least M periods old. Where the page leaves open what follows of a few young breaching
// ones
// ("- - - - X"), the state stays. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace dew::cloudwatch {

enum class AlarmState { kOk, kAlarm, kInsufficientData };
std::string_view state_text(AlarmState state);
std::optional<AlarmState> parse_state(std::string_view text);

enum class MissingData { kMissing, kIgnore, kBreaching, kNotBreaching };
std::optional<MissingData> parse_missing_data(std::string_view text);

enum class Comparison { kGreaterOrEqual, kGreater, kLess, kLessOrEqual };
std::optional<Comparison> parse_comparison(std::string_view operator_name);
bool breaches(double value, Comparison comparison, double threshold);

enum class DataPoint : uint8_t { kMissing, kWithin, kBreaching };

struct AlarmLimits {
  int evaluation_periods = 1;   // N
  int datapoints_to_alarm = 1;  // M
  MissingData missing = MissingData::kMissing;
};

inline constexpr int kExtraPeriods = 2;

struct AlarmVerdict {
  std::optional<AlarmState> state;  // nullopt: it stays
  int evaluated = 0;                // data points that decided, the newest ones
  int breaching = 0;                // of those
  int filled = 0;                   // missing ones that were treated as something
};

// `range`: the newest last.
AlarmVerdict evaluate_alarm(std::span<const DataPoint> range, const AlarmLimits& limits);

// How many samples a period needs for its percentile to mean something.
// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#percentiles-with-low-samples
double samples_needed(double percentile);

}  // namespace dew::cloudwatch
