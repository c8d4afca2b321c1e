// The embedded metric format: metric values in a log line.
// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
//
// A line is one JSON object, without anything around it, that has _aws.CloudWatchMetrics. Each
// directive there is taken or refused by itself: one that breaks a rule of the specification, or
// names a member that is missing or of the wrong type, gives no metrics. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/cloudwatch/metric.h"

namespace dew::cloudwatch {

struct EmfValue {
  Metric metric;
  Unit unit = kNoUnit;
  bool high = false;  // StorageResolution 1
  std::vector<double> values;
};

struct EmfLine {
  int64_t timestamp_ms = 0;
  std::vector<EmfValue> values;
  std::vector<std::string> faults;  // a sentence for each directive that was refused
  std::string log_group;            // _aws.LogGroupName and LogStreamName, for the agent's port
  std::string log_stream;
};

// The cheap look that nearly every line fails.
bool may_be_emf(std::string_view line);
// nullopt: the line is no embedded metrics, and does not claim to be.
std::optional<EmfLine> parse_emf(std::string_view line);

}  // namespace dew::cloudwatch
