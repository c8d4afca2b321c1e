#include <dew/log.h>
#include <dew/metrics.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "json_text.h"

namespace dew {
namespace {

constexpr size_t kMaxMetrics = 100;
constexpr size_t kMaxDimensions = 30;

void set(std::vector<std::pair<std::string, std::string>>& pairs, std::string_view name,
         std::string_view value) {
  for (auto& [key, old] : pairs) {
    if (key == name) {
      old = value;
      return;
    }
  }
  pairs.emplace_back(name, value);
}

}  // namespace

Metrics::Metrics(std::string name_space) : namespace_(std::move(name_space)) {}

Metrics& Metrics::dimension(std::string_view name, std::string_view value) {
  if (value.empty()) return *this;  // CloudWatch refuses empty dimension values
  set(dimensions_, name, value);
  if (dimensions_.size() >= kMaxDimensions)
    throw std::length_error("more than 29 metric dimensions");
  return *this;
}

Metrics& Metrics::property(std::string_view name, std::string_view value) {
  set(properties_, name, value);
  return *this;
}

Metrics& Metrics::add(std::string_view name, double value, std::string_view unit) {
  if (metrics_.size() == kMaxMetrics) {
    auto dimensions = dimensions_;
    auto properties = properties_;
    flush();
    dimensions_ = std::move(dimensions);
    properties_ = std::move(properties);
  }
  metrics_.push_back({std::string(name), value, std::string(unit)});
  return *this;
}

void Metrics::flush() {
  using json_text::append_string;
  if (!metrics_.empty()) {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
    std::string line = "{\"_aws\":{\"Timestamp\":";
    json_text::append_int(line, now);
    line += ",\"CloudWatchMetrics\":[{\"Namespace\":";
    append_string(line, namespace_);
    line += ",\"Dimensions\":[[\"service\"";
    for (const auto& [name, value] : dimensions_) {
      line += ',';
      append_string(line, name);
    }
    line += "]],\"Metrics\":[";
    for (const Metric& metric : metrics_) {
      if (&metric != &metrics_.front()) line += ',';
      line += "{\"Name\":";
      append_string(line, metric.name);
      line += ",\"Unit\":";
      append_string(line, metric.unit);
      line += '}';
    }
    line += "]}]},\"service\":";
    append_string(line, log::service());
    for (const auto* pairs : {&dimensions_, &properties_}) {
      for (const auto& [name, value] : *pairs) {
        line += ',';
        append_string(line, name);
        line += ':';
        append_string(line, value);
      }
    }
    for (const Metric& metric : metrics_) {
      line += ',';
      append_string(line, metric.name);
      line += ':';
      json_text::append_double(line, metric.value);
    }
    line += '}';
    log::write_line(line);
  }
  dimensions_.clear();
  properties_.clear();
  metrics_.clear();
}

}  // namespace dew
