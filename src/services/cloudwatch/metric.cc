#include "services/cloudwatch/metric.h"

#include <algorithm>

namespace dew::cloudwatch {

std::optional<Unit> parse_unit(std::string_view name) {
  const auto it = std::find(kUnits.begin(), kUnits.end(), name);
  if (it == kUnits.end()) return std::nullopt;
  return static_cast<Unit>(it - kUnits.begin());
}

std::vector<Dimension> read_dimensions(const json::Object& input) {
  std::vector<Dimension> out;
  const auto* given = json::array_at(input, "Dimensions");
  for (const auto& one : given ? *given : json::Array()) {
    if (!one.is_object()) continue;
    out.push_back(
        {json::string_or(one.as_object(), "Name"), json::string_or(one.as_object(), "Value")});
  }
  std::sort(out.begin(), out.end());
  return out;
}

json::Array dimensions_json(const std::vector<Dimension>& dimensions) {
  json::Array out;
  for (const auto& [name, value] : dimensions)
    out.push_back(json::Object{{"Name", name}, {"Value", value}});
  return out;
}

Metric read_metric(const json::Object& input) {
  return {json::string_or(input, "Namespace"), json::string_or(input, "MetricName"),
          read_dimensions(input)};
}

json::Object metric_json(const Metric& metric) {
  return {{"Namespace", metric.space},
          {"MetricName", metric.name},
          {"Dimensions", dimensions_json(metric.dimensions)}};
}

}  // namespace dew::cloudwatch
