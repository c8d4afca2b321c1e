// What metric filters find, and what subscription filters did: told to whoever keeps metrics.
// src/cloud joins it with CloudWatch. Thread-safe, and quick.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace dew::logs {

// One value of a metric, `count` times.
struct MetricValue {
  std::string_view space;  // the namespace
  std::string_view name;
  std::span<const std::pair<std::string, std::string>> dimensions;  // name, value
  std::string_view unit;                                            // as the API spells it
  double value = 0;
  double count = 1;
  int64_t timestamp_ms = 0;
};

class FilteredMetrics {
 public:
  virtual ~FilteredMetrics() = default;
  virtual void record(const MetricValue& value) = 0;
};

}  // namespace dew::logs
