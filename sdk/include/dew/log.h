// Structured logs: one JSON object a line on standard output, which Lambda sends to CloudWatch
// Logs.
//
//   dew::log::info("user created", {{"user_id", id}, {"took_ms", 3}});
//
// Every line has timestamp, level, service, message; within an invocation also request_id,
// correlation_id, cold_start, function_name and xray_trace_id. LOG_LEVEL (debug, info, warn, error;
// default info) sets the least level written. The service is SERVICE_NAME, or else
// POWERTOOLS_SERVICE_NAME, or else the function's name. A line is written in one call, so lines
// never mix. Never log secrets or tokens.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace dew::log {

enum class Level { kDebug, kInfo, kWarn, kError, kOff };

struct Field {
  using Value = std::variant<std::string_view, int64_t, double, bool>;
  std::string_view key;
  Value value;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, bool v) : key(k), value(v) {}
  Field(std::string_view k, double v) : key(k), value(v) {}
  template <class T>
    requires std::is_integral_v<T>
  Field(std::string_view k, T v) : key(k), value(static_cast<int64_t>(v)) {}
};

using Fields = std::initializer_list<Field>;

void write(Level level, std::string_view message, Fields fields = {});
inline void debug(std::string_view message, Fields fields = {}) {
  write(Level::kDebug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
  write(Level::kInfo, message, fields);
}
inline void warn(std::string_view message, Fields fields = {}) {
  write(Level::kWarn, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
  write(Level::kError, message, fields);
}

[[nodiscard]] bool enabled(Level level);
void set_level(Level level);                   // instead of LOG_LEVEL
void set_correlation_id(std::string_view id);  // of the request being handled; empty: none
[[nodiscard]] const std::string& service();
void set_sink(
    std::function<void(std::string_view line)> sink);  // instead of standard output; for tests

// One whole line (without its end) to the sink: for documents that CloudWatch reads, such as
// metrics.
void write_line(std::string& line);

}  // namespace dew::log
