// A function's LoggingConfig: text or JSON, from which level on, and into which log group.
// docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html
//
// Plain data and pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/api_error.h"

namespace dew::lambda {

// From most to least detail.
enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError, kFatal };

// Any case; nullopt: no level's name.
std::optional<LogLevel> parse_log_level(std::string_view name);
std::string_view log_level_name(LogLevel level);

struct Logging {
  bool json = false;
  LogLevel application_level = LogLevel::kInfo;  // json alone
  LogLevel system_level = LogLevel::kInfo;       // json alone
  std::string group;                             // empty: /aws/lambda/<name>

  bool operator==(const Logging&) const = default;
};

// The LoggingConfig of a request, which replaces the one before as a whole.
// InvalidParameterValueException for a level without the JSON format.
aws::ApiResult<Logging> logging_of(const json::Object& config, std::string_view function_name);
// The LoggingConfig shape, with `group` filled in.
json::Object logging_json(const Logging& logging, std::string_view function_name);
std::string log_group(const Logging& logging, std::string_view function_name);

// The level of a line that a function wrote: that of a JSON object with a level and a time in it
// (RFC 3339), else INFO.
// docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
LogLevel level_of_line(std::string_view line);

}  // namespace dew::lambda
