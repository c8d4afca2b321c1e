// An alarm: what it watches, as it was put, and the state that it is in. The record in the store is
// the API's MetricAlarm or CompositeAlarm with its tags; the rest is read from that.
// docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html and
// API_CompositeAlarm.html
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "aws/api_error.h"
#include "services/cloudwatch/alarm_evaluation.h"
#include "services/cloudwatch/alarm_rule.h"
#include "services/cloudwatch/queries.h"

namespace dew::cloudwatch {

struct Alarm {
  json::Object record;

  std::string name;
  std::string arn;
  AlarmState state = AlarmState::kInsufficientData;

  bool composite = false;
  AlarmRule rule;  // composite

  Comparison comparison = Comparison::kGreater;
  double threshold = 0;
  AlarmLimits limits;
  int64_t period_s = 60;
  bool skip_low_samples = false;
  std::vector<Query> queries;  // one is returned: the one that is watched
  const Query& watched() const;

  DueTimer timer;

  bool actions_enabled() const;
  std::vector<std::string> actions_for(AlarmState to) const;
};
using AlarmPtr = std::shared_ptr<Alarm>;

// From an input of PutMetricAlarm or PutCompositeAlarm, checked; without a state. And from a
// record.
aws::ApiResult<AlarmPtr> parse_metric_alarm(const json::Object& input, std::string_view account);
aws::ApiResult<AlarmPtr> parse_composite_alarm(const json::Object& input);

// What the API shows of it: the record without its tags.
json::Object shown_alarm(const Alarm& alarm);

}  // namespace dew::cloudwatch
