#include "services/logs/group_filters.h"

#include <fmt/format.h>

#include <algorithm>

namespace dew::logs {

namespace {

std::unexpected<aws::ApiError> invalid_transformation(std::string_view why) {
  return aws::fail("InvalidParameterException",
                   fmt::format("Invalid metric transformation: {}", why));
}

// docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
bool is_dimension_name(std::string_view name) {
  return !name.empty() && !name.starts_with(':') &&
         std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; }) &&
         name.find_first_not_of(' ') != std::string_view::npos;
}

std::string own_group(const std::string& function_arn) {
  constexpr std::string_view kFunction = ":function:";
  const size_t at = function_arn.find(kFunction);
  if (at == std::string::npos) return {};
  const auto name = std::string_view(function_arn).substr(at + kFunction.size());
  return fmt::format("/aws/lambda/{}", name.substr(0, name.find(':')));
}

}  // namespace

const SubscriptionFilter* GroupFilters::subscription(std::string_view name) const {
  const auto it = std::ranges::find(subscriptions, name, &SubscriptionFilter::name);
  return it == subscriptions.end() ? nullptr : &*it;
}

aws::ApiResult<MetricFilter> MetricFilter::compile(const json::Object& record,
                                                   const SystemFields& fields) {
  MetricFilter out;
  TRY(out.selected, selects(json::string_or(record, "fieldSelectionCriteria"), fields));
  out.name = json::string_or(record, "filterName");
  TRY(out.pattern, FilterPattern::parse(json::string_or(record, "filterPattern")));
  const auto* list = json::array_at(record, "metricTransformations");
  const auto* first = list != nullptr && !list->empty() ? list->front().if_object() : nullptr;
  if (first == nullptr) return invalid_transformation("there is none");
  const json::Object& transformation = *first;
  out.space = json::string_or(transformation, "metricNamespace");
  out.metric = json::string_or(transformation, "metricName");
  out.unit = json::string_or(transformation, "unit", "None");
  out.default_value = json::number_at(transformation, "defaultValue");
  if (out.space.empty() || out.metric.empty())
    return invalid_transformation("metricName and metricNamespace must not be empty");
  const auto value = json::string_or(transformation, "metricValue");
  if (const auto number = parse_pattern_number(value)) {
    out.value = static_cast<double>(*number);
  } else {
    if (!value.starts_with('$') || !out.pattern.has_fields())
      return invalid_transformation(
          fmt::format("metricValue '{}' is neither a number nor a field of the filter pattern, "
                      "such as $.latency or $size",
                      value));
    auto pick = out.pattern.pick(value);
    if (!pick)
      return invalid_transformation(
          fmt::format("metricValue '{}' is no field of the filter pattern", value));
    out.picks.push_back(std::move(*pick));
  }
  const auto* dimensions = json::object_at(transformation, "dimensions");
  if (const auto* names = json::array_at(record, "emitSystemFieldDimensions")) {
    for (const auto& name : *names) {
      const auto* field = fields.find(json::view(name.as_string()));
      if (field == nullptr)
        return aws::fail("InvalidParameterException",
                         fmt::format("emitSystemFieldDimensions: {} is neither @aws.account nor "
                                     "@aws.region",
                                     json::view(name.as_string())));
      out.system_dimensions.emplace_back(json::str(name), *field);
    }
  }
  // "Count toward the total dimension limit for metric filters."
  const size_t count =
      out.system_dimensions.size() + (dimensions == nullptr ? 0 : dimensions->size());
  if (count > kMaxMetricDimensions)
    return invalid_transformation(
        fmt::format("a metric filter has at most {} dimensions", kMaxMetricDimensions));
  if (count > 0 && out.default_value)
    return invalid_transformation(
        "dimensions and default value are mutually exclusive properties.");
  if (dimensions == nullptr || dimensions->empty()) return out;
  if (!out.pattern.has_fields())
    return aws::fail("InvalidParameterException",
                     "The specified filter pattern does not support dimensions");
  for (const auto& dimension : *dimensions) {
    if (!is_dimension_name(dimension.key()))
      return invalid_transformation(
          fmt::format("'{}' is no name for a dimension", std::string_view(dimension.key())));
    auto pick = out.pattern.pick(json::view(dimension.value().as_string()));
    if (!pick)
      return invalid_transformation(
          fmt::format("the dimension {} is no field of the filter pattern, such as $.name or $name",
                      std::string_view(dimension.key())));
    out.picks.push_back(std::move(*pick));
    out.dimensions.emplace_back(dimension.key());
  }
  return out;
}

aws::ApiResult<SubscriptionFilter> SubscriptionFilter::compile(const json::Object& record,
                                                               const SystemFields& fields) {
  SubscriptionFilter out;
  TRY(out.selected, selects(json::string_or(record, "fieldSelectionCriteria"), fields));
  out.name = json::string_or(record, "filterName");
  out.function_arn = json::string_or(record, "destinationArn");
  out.selected &= own_group(out.function_arn) != json::string_or(record, "logGroupName");
  TRY(out.pattern, FilterPattern::parse(json::string_or(record, "filterPattern")));
  return out;
}

}  // namespace dew::logs
