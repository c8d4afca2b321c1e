// Metrics without a call to CloudWatch: one log line in the embedded metric format, which
// CloudWatch turns into metrics.
//
//   dew::Metrics metrics("users-api");                      // namespace
//   metrics.dimension("route", "GET /users/{id}").add("Latency", 1.7,
//   "Milliseconds").property("status", "200").flush();
//
// `service` is a dimension of every line. Source:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
// Limits (AWS): 100 metrics and 30 dimensions a line; flush() happens by itself at 100 metrics. Not
// thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dew {

class Metrics {
 public:
  explicit Metrics(std::string name_space);
  Metrics& dimension(std::string_view name, std::string_view value);
  // Units are CloudWatch's names: "Count", "Milliseconds", "Bytes", "None", ...
  Metrics& add(std::string_view name, double value, std::string_view unit = "Count");
  Metrics& property(std::string_view name, std::string_view value);  // searchable, not a dimension
  void flush();  // writes the line (nothing without a metric) and starts anew

 private:
  struct Metric {
    std::string name;
    double value;
    std::string unit;
  };
  std::string namespace_;
  std::vector<std::pair<std::string, std::string>> dimensions_;
  std::vector<std::pair<std::string, std::string>> properties_;
  std::vector<Metric> metrics_;
};

}  // namespace dew
