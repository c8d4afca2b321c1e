#include "cloud/log_filters.h"

#include <algorithm>

namespace dew::cloud {

namespace {

// As with PutMetricData: from two weeks ago to two hours from now.
constexpr int64_t kOldestSeconds = 14 * 86400;
constexpr int64_t kNewestSeconds = 2 * 3600;

}  // namespace

void LogFilterMetrics::record(const logs::MetricValue& value) {
  const int64_t now_s = clock_.now_ms() / 1000;
  const int64_t time_s = value.timestamp_ms / 1000;
  if (time_s < now_s - kOldestSeconds || time_s > now_s + kNewestSeconds) return;
  cloudwatch::Metric metric{std::string(value.space), std::string(value.name), {}};
  for (const auto& [name, text] : value.dimensions) metric.dimensions.push_back({name, text});
  std::ranges::sort(metric.dimensions);
  auto* series = cloudwatch_.metrics().series(
      metric, cloudwatch::parse_unit(value.unit).value_or(cloudwatch::kNoUnit));
  const cloudwatch::Recorder::Sample sample{series, value.value, time_s, value.count};
  cloudwatch_.recorder().record(std::span(&sample, 1));
}

Result<lambda::InvokeRequest> LogSubscriber::request(const std::string& function_arn,
                                                     const std::string& group_arn) const {
  lambda::InvokeRequest out;
  out.function = function_arn;
  out.source_arn = group_arn;
  Result<void> may;
  for (const auto& principal : principals_) {
    out.principal = principal;
    may = lambda_->may_invoke(out);
    if (may || may.error().kind != ErrorKind::kInvalid) break;
  }
  if (!may) return std::unexpected(may.error());
  return out;
}

Result<void> LogSubscriber::may_deliver(const std::string& function_arn,
                                        const std::string& group_arn) {
  TRY([[maybe_unused]] const auto allowed, request(function_arn, group_arn));
  return {};
}

Result<void> LogSubscriber::deliver(const std::string& function_arn, const std::string& group_arn,
                                    std::string event) {
  TRY(auto invocation, request(function_arn, group_arn));
  invocation.payload = std::move(event);
  return lambda_->invoke_event(std::move(invocation));
}

}  // namespace dew::cloud
