// Every metric of CloudWatch in Prometheus' text format: GET /_dew/metrics.
// prometheus.io/docs/instrumenting/exposition_formats/
//
// A metric is a summary without quantiles: the sum and the count of all values since the cloud
// started, so that rate() works; aws_lambda_invocations_sum{dimension_FunctionName="f"}. The name
// is that of the namespace and the metric in small letters and underscores; the unit is a label.
#pragma once

#include <string>

#include "services/cloudwatch/metric_store.h"

namespace dew::cloudwatch {

std::string prometheus_text(const MetricStore& store);

}  // namespace dew::cloudwatch
