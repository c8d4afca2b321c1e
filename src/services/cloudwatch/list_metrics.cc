// ListMetrics. docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
#include <algorithm>
#include <set>

#include "base/encoding.h"
#include "services/cloudwatch/errors.h"
#include "services/cloudwatch/service.h"

namespace dew::cloudwatch {

namespace {

constexpr size_t kPage = 500;
constexpr int64_t kTwoWeeks_s = 14 * 86400;
constexpr int64_t kThreeHours_s = 3 * 3600;

// Each filter's name is among the dimensions, with its value if it has one.
bool matches(const Metric& metric, const json::Array* filters) {
  for (const auto& filter : filters ? *filters : json::Array()) {
    const auto name = json::string_or(filter.as_object(), "Name");
    const auto value = json::string_at(filter.as_object(), "Value");
    const bool found = std::ranges::any_of(metric.dimensions, [&](const Dimension& dimension) {
      return dimension.name == name && (!value || dimension.value == *value);
    });
    if (!found) return false;
  }
  return true;
}

// A page's token is the metric before it.
std::string token_of(const Metric& metric) {
  return base64_encode(json::dump(metric_json(metric)));
}

aws::ApiResult<std::optional<Metric>> after_token(const json::Object& input) {
  const auto token = json::string_or(input, "NextToken");
  if (token.empty()) return std::nullopt;
  const auto bytes = base64_decode(token);
  const auto value = bytes ? json::parse(*bytes) : fail(ErrorKind::kInvalid, "");
  if (!value || !value->is_object())
    return invalid_value("The value for parameter NextToken is invalid.");
  return read_metric(value->as_object());
}

}  // namespace

Service::Answer Service::list_metrics(aws::Call& call) {
  if (json::bool_at(call.input, "IncludeLinkedAccounts").value_or(false))
    return unsupported("IncludeLinkedAccounts");
  if (json::string_or(call.input, "OwningAccount", context_.config.account) !=
      context_.config.account)
    return unsupported("OwningAccount: there is one account");
  TRY(const auto after, after_token(call.input));
  recorder_.settle();
  const auto space = json::string_at(call.input, "Namespace");
  const auto name = json::string_at(call.input, "MetricName");
  const auto* filters = json::array_at(call.input, "Dimensions");
  const bool recent = call.input.contains("RecentlyActive");
  const int64_t since_s = context_.clock.now_ms() / 1000 - (recent ? kThreeHours_s : kTwoWeeks_s);
  std::set<Metric> found;  // one metric may have several units
  store_.each([&](Series& series) {
    const Metric& metric = series.metric;
    if (series.last_s < since_s || series.last_s == 0) return;
    if ((space && metric.space != *space) || (name && metric.name != *name)) return;
    if (after && metric <= *after) return;
    if (matches(metric, filters)) found.insert(metric);
  });
  json::Array metrics;
  json::Object out;
  for (const auto& metric : found) {
    if (metrics.size() == kPage) {
      out["NextToken"] = token_of(read_metric(metrics.back().as_object()));
      break;
    }
    metrics.push_back(metric_json(metric));
  }
  out["Metrics"] = std::move(metrics);
  return out;
}

}  // namespace dew::cloudwatch
