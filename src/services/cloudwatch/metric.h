// What names a metric: namespace, name, dimensions; and the unit, by which its data lie apart.
// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
// Two metrics are the same when the dimensions are, in whatever order.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/json.h"

namespace dew::cloudwatch {

struct Dimension {
  std::string name;
  std::string value;
  auto operator<=>(const Dimension&) const = default;
};

struct Metric {
  std::string space;  // the namespace
  std::string name;
  std::vector<Dimension> dimensions;  // sorted

  auto operator<=>(const Metric&) const = default;
};

// In the order of the API's enumeration, which is that of the stored bytes too.
inline constexpr std::array<std::string_view, 27> kUnits = {"Seconds",
                                                            "Microseconds",
                                                            "Milliseconds",
                                                            "Bytes",
                                                            "Kilobytes",
                                                            "Megabytes",
                                                            "Gigabytes",
                                                            "Terabytes",
                                                            "Bits",
                                                            "Kilobits",
                                                            "Megabits",
                                                            "Gigabits",
                                                            "Terabits",
                                                            "Percent",
                                                            "Count",
                                                            "Bytes/Second",
                                                            "Kilobytes/Second",
                                                            "Megabytes/Second",
                                                            "Gigabytes/Second",
                                                            "Terabytes/Second",
                                                            "Bits/Second",
                                                            "Kilobits/Second",
                                                            "Megabits/Second",
                                                            "Gigabits/Second",
                                                            "Terabits/Second",
                                                            "Count/Second",
                                                            "None"};

using Unit = uint8_t;  // an index into kUnits
inline constexpr Unit kNoUnit = 26;
inline constexpr Unit kCount = 14;
inline constexpr Unit kMilliseconds = 2;
inline constexpr Unit kBytes = 3;

std::optional<Unit> parse_unit(std::string_view name);

// From the Dimensions of an input: sorted. And back.
std::vector<Dimension> read_dimensions(const json::Object& input);
json::Array dimensions_json(const std::vector<Dimension>& dimensions);

// {"Namespace", "MetricName", "Dimensions"}, the API's Metric.
Metric read_metric(const json::Object& input);
json::Object metric_json(const Metric& metric);

}  // namespace dew::cloudwatch
