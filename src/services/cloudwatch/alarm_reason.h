// The words and documents of an alarm's state, as CloudWatch has them.
#pragma once

#include <string>

#include "services/cloudwatch/alarm.h"

namespace dew::cloudwatch {

struct EvaluatedPoint {
  int64_t begin_s;
  std::optional<double> value;
  double samples = 0;
};

// "2026-01-31T12:34:56.789+0000"
std::string alarm_time(TimePoint time);

// "Threshold Crossed: 1 out of the last 1 datapoints [5.0 (31/01/26 12:34:00)] was greater than the
// threshold (3.0) (minimum 1 datapoint for OK -> ALARM transition)."
std::string state_reason(const Alarm& alarm, const AlarmVerdict& verdict,
                         const std::vector<EvaluatedPoint>& range, AlarmState to);
// StateReasonData, a JSON document.
json::Object state_reason_data(const Alarm& alarm, const std::vector<EvaluatedPoint>& range,
                               TimePoint now);

// What an action is told: the event of a function.
// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions.html
json::Object alarm_event(const Alarm& alarm, const json::Object& previous, std::string_view account,
                         std::string_view region, TimePoint now);

}  // namespace dew::cloudwatch
