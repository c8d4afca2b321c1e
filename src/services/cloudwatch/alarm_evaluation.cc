#include "services/cloudwatch/alarm_evaluation.h"

#include <algorithm>
#include <limits>

namespace dew::cloudwatch {

namespace {

// All that there are breach, and the oldest is as old as M.
bool old_enough(std::span<const DataPoint> range, int m) {
  const auto oldest = std::find_if(range.begin(), range.end(),
                                   [](DataPoint point) { return point != DataPoint::kMissing; });
  const bool all =
      std::all_of(oldest, range.end(), [](DataPoint point) { return point != DataPoint::kWithin; });
  return oldest != range.end() && all && range.end() - oldest >= m;
}

}  // namespace

std::string_view state_text(AlarmState state) {
  if (state == AlarmState::kOk) return "OK";
  return state == AlarmState::kAlarm ? "ALARM" : "INSUFFICIENT_DATA";
}

std::optional<AlarmState> parse_state(std::string_view text) {
  for (const auto state : {AlarmState::kOk, AlarmState::kAlarm, AlarmState::kInsufficientData}) {
    if (text == state_text(state)) return state;
  }
  return std::nullopt;
}

std::optional<MissingData> parse_missing_data(std::string_view text) {
  if (text == "missing" || text.empty()) return MissingData::kMissing;
  if (text == "ignore") return MissingData::kIgnore;
  if (text == "breaching") return MissingData::kBreaching;
  if (text == "notBreaching") return MissingData::kNotBreaching;
  return std::nullopt;
}

std::optional<Comparison> parse_comparison(std::string_view operator_name) {
  if (operator_name == "GreaterThanOrEqualToThreshold") return Comparison::kGreaterOrEqual;
  if (operator_name == "GreaterThanThreshold") return Comparison::kGreater;
  if (operator_name == "LessThanThreshold") return Comparison::kLess;
  if (operator_name == "LessThanOrEqualToThreshold") return Comparison::kLessOrEqual;
  return std::nullopt;
}

bool breaches(double value, Comparison comparison, double threshold) {
  switch (comparison) {
    case Comparison::kGreaterOrEqual:
      return value >= threshold;
    case Comparison::kGreater:
      return value > threshold;
    case Comparison::kLess:
      return value < threshold;
    case Comparison::kLessOrEqual:
      break;
  }
  return value <= threshold;
}

AlarmVerdict evaluate_alarm(std::span<const DataPoint> range, const AlarmLimits& limits) {
  AlarmVerdict out;
  const int n = limits.evaluation_periods;
  const int m = limits.datapoints_to_alarm;
  for (auto it = range.rbegin(); it != range.rend() && out.evaluated < n; ++it) {
    if (*it == DataPoint::kMissing) continue;
    ++out.evaluated;
    if (*it == DataPoint::kBreaching) ++out.breaching;
  }
  out.filled = n - out.evaluated;
  const auto decide = [&](int breaching) {
    out.state = breaching >= m ? AlarmState::kAlarm : AlarmState::kOk;
    return out;
  };
  if (out.filled == 0 || limits.missing == MissingData::kNotBreaching) return decide(out.breaching);
  if (limits.missing == MissingData::kBreaching) return decide(out.breaching + out.filled);
  if (out.breaching >= m) return decide(out.breaching);
  // Too few breach: one that does not is enough to know that all is well.
  if (out.evaluated > out.breaching) return decide(out.breaching);
  if (limits.missing == MissingData::kIgnore) return out;
  if (out.evaluated == 0) {
    out.state = AlarmState::kInsufficientData;
  } else if (old_enough(range, m)) {
    out.state = AlarmState::kAlarm;
  }
  return out;
}

double samples_needed(double percentile) {
  const double share = percentile / 100;
  if (share <= 0 || share >= 1) return 0;
  return share >= 0.5 ? 10 / (1 - share) : 10 / share;
}

}  // namespace dew::cloudwatch
