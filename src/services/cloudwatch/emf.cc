#include "services/cloudwatch/emf.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace dew::cloudwatch {

namespace {

constexpr size_t kMaxText = 1024;
constexpr size_t kMaxMetrics = 100;
constexpr size_t kMaxValues = 100;
constexpr size_t kMaxDimensions = 30;
constexpr size_t kMaxLineBytes = 1024 * 1024;  // of a log event

using Fault = Result<void>;

std::unexpected<Error> fault(std::string message) {
  return fail(ErrorKind::kInvalid, std::move(message));
}

bool fits(std::string_view text) { return !text.empty() && text.size() <= kMaxText; }

Result<std::vector<double>> values_of(const json::Object& root, const std::string& name) {
  const auto* value = json::find(root, name);
  if (value == nullptr) return fault(fmt::format("the metric {} has no member", name));
  std::vector<double> out;
  const auto take = [&](const json::Value& one) {
    if (!one.is_number()) return false;
    out.push_back(one.to_number<double>());
    return std::isfinite(out.back()) && std::abs(out.back()) <= std::ldexp(1.0, 360);
  };
  if (!value->is_array()) {
    if (!take(*value)) return fault(fmt::format("the metric {} is no number", name));
    return out;
  }
  if (value->get_array().size() > kMaxValues)
    return fault(fmt::format("the metric {} has more than {} values", name, kMaxValues));
  for (const auto& one : value->get_array()) {
    if (!take(one)) return fault(fmt::format("the metric {} has a value that is no number", name));
  }
  return out;
}

// The dimensions of one set, by the names of root members.
Result<std::vector<Dimension>> dimensions_of(const json::Object& root, const json::Value& set) {
  if (!set.is_array()) return fault("Dimensions must be an array of arrays of strings");
  if (set.get_array().size() > kMaxDimensions)
    return fault(fmt::format("a dimension set has more than {} dimensions", kMaxDimensions));
  std::vector<Dimension> out;
  for (const auto& name : set.get_array()) {
    if (!name.is_string()) return fault("Dimensions must be an array of arrays of strings");
    const auto text = json::str(name);
    const auto value = json::string_at(root, text);
    if (!value || !fits(*value) || !fits(text))
      return fault(fmt::format("the dimension {} has no member that is a string", text));
    out.push_back({text, std::string(*value)});
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<EmfValue> metric_of(const json::Object& root, const json::Value& definition) {
  if (!definition.is_object()) return fault("a metric's definition is no object");
  const auto& object = definition.get_object();
  EmfValue out;
  out.metric.name = json::string_or(object, "Name");
  if (!fits(out.metric.name)) return fault("a metric has no Name of 1 to 1024 characters");
  if (const auto* unit = json::find(object, "Unit")) {
    const auto known = unit->is_string() ? parse_unit(json::str(*unit)) : std::nullopt;
    if (!known) return fault(fmt::format("the metric {} has no valid Unit", out.metric.name));
    out.unit = *known;
  }
  if (const auto* resolution = json::find(object, "StorageResolution")) {
    const auto seconds = json::int_at(object, "StorageResolution");
    if (!seconds || (*seconds != 1 && *seconds != 60) || resolution->is_string())
      return fault(fmt::format("the metric {} has a StorageResolution other than 1 and 60",
                               out.metric.name));
    out.high = *seconds == 1;
  }
  TRY(out.values, values_of(root, out.metric.name));
  return out;
}

Fault directive(const json::Object& root, const json::Value& value, EmfLine& out) {
  if (!value.is_object()) return fault("a directive is no object");
  const auto& object = value.get_object();
  const auto space = json::string_or(object, "Namespace");
  if (!fits(space)) return fault("a directive has no Namespace of 1 to 1024 characters");
  const auto* sets = json::array_at(object, "Dimensions");
  const auto* metrics = json::array_at(object, "Metrics");
  if (sets == nullptr || metrics == nullptr)
    return fault("a directive has no Dimensions or no Metrics");
  if (metrics->size() > kMaxMetrics)
    return fault(fmt::format("a directive has more than {} metrics", kMaxMetrics));
  std::vector<std::vector<Dimension>> dimensions;
  for (const auto& set : *sets) {
    TRY(auto one, dimensions_of(root, set));
    dimensions.push_back(std::move(one));
  }
  // Without any set there is the one without dimensions.
  if (dimensions.empty()) dimensions.emplace_back();
  std::vector<EmfValue> found;
  for (const auto& definition : *metrics) {
    TRY(auto metric, metric_of(root, definition));
    if (metric.values.empty()) continue;
    metric.metric.space = space;
    for (const auto& set : dimensions) {
      metric.metric.dimensions = set;
      found.push_back(metric);
    }
  }
  std::move(found.begin(), found.end(), std::back_inserter(out.values));
  return {};
}

}  // namespace

bool may_be_emf(std::string_view line) {
  return line.starts_with('{') && line.size() <= kMaxLineBytes &&
         line.find("\"_aws\"") != std::string_view::npos;
}

std::optional<EmfLine> parse_emf(std::string_view line) {
  if (!may_be_emf(line)) return std::nullopt;
  const auto parsed = json::parse(line);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  const auto& root = parsed->get_object();
  const auto* meta = json::object_at(root, "_aws");
  const auto* directives = meta ? json::find(*meta, "CloudWatchMetrics") : nullptr;
  if (directives == nullptr) return std::nullopt;
  EmfLine out;
  const auto time = json::number_at(*meta, "Timestamp");
  if (!time || !(std::abs(*time) < 1e15)) {
    out.faults.emplace_back("_aws has no Timestamp in milliseconds");
    return out;
  }
  out.timestamp_ms = static_cast<int64_t>(*time);
  out.log_group = json::string_or(*meta, "LogGroupName");
  out.log_stream = json::string_or(*meta, "LogStreamName");
  if (!directives->is_array()) {
    out.faults.emplace_back("_aws.CloudWatchMetrics is no array");
    return out;
  }
  for (const auto& one : directives->get_array()) {
    if (auto taken = directive(root, one, out); !taken)
      out.faults.push_back(std::move(taken).error().message);
  }
  return out;
}

}  // namespace dew::cloudwatch
