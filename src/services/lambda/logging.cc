#include "services/lambda/logging.h"

#include <array>
#include <cctype>

#include "base/log.h"

namespace dew::lambda {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"TRACE", "DEBUG", "INFO",
                                                    "WARN",  "ERROR", "FATAL"};
// How the runtimes and the usual libraries call them.
constexpr std::string_view kLevelKeys[] = {"level", "log_level"};
constexpr std::string_view kTimeKeys[] = {"timestamp", "time", "@timestamp"};

bool digits(std::string_view text) {
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return !text.empty();
}

// RFC 3339, section 5.6: 2026-01-31T12:34:56[.789](Z|+01:00)
bool is_rfc3339(std::string_view t) {
  constexpr size_t kSeconds = 19;
  if (t.size() <= kSeconds) return false;
  for (const auto& [at, count] : {std::pair{0, 4}, {5, 2}, {8, 2}, {11, 2}, {14, 2}, {17, 2}}) {
    if (!digits(t.substr(static_cast<size_t>(at), static_cast<size_t>(count)))) return false;
  }
  const auto either = [](char c, char a, char b) { return c == a || c == b; };
  if (t[4] != '-' || t[7] != '-' || !(either(t[10], 'T', 't') || t[10] == ' ') || t[13] != ':' ||
      t[16] != ':') {
    return false;
  }
  t.remove_prefix(kSeconds);
  if (t.front() == '.') {
    size_t end = 1;
    while (end < t.size() && digits(t.substr(end, 1))) ++end;
    if (end == 1) return false;
    t.remove_prefix(end);
  }
  if (t.size() == 1) return either(t[0], 'Z', 'z');
  return t.size() == 6 && either(t[0], '+', '-') && digits(t.substr(1, 2)) && t[3] == ':' &&
         digits(t.substr(4, 2));
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (std::ranges::equal(name, kNames[i], [](char a, char b) {
          return std::toupper(static_cast<unsigned char>(a)) == b;
        })) {
      return static_cast<LogLevel>(i);
    }
  }
  return std::nullopt;
}

namespace {

LogLevel level_or_info(std::string_view name) {
  if (const auto level = parse_log_level(name)) return *level;
  // Python's names.
  if (name == "WARNING") return LogLevel::kWarn;
  if (name == "CRITICAL") return LogLevel::kFatal;
  return LogLevel::kInfo;
}

}  // namespace

std::string_view log_level_name(LogLevel level) { return kNames[static_cast<size_t>(level)]; }

aws::ApiResult<Logging> logging_of(const json::Object& config, std::string_view function_name) {
  Logging out;
  out.json = json::string_or(config, "LogFormat") == "JSON";
  const auto level = [&](std::string_view key, LogLevel& into) {
    const auto text = json::string_at(config, key);
    if (text) into = parse_log_level(*text).value_or(into);
    return text.has_value();
  };
  const bool application = level("ApplicationLogLevel", out.application_level);
  const bool system = level("SystemLogLevel", out.system_level);
  if (!out.json && (application || system)) {
    aws::ApiError error(
        "InvalidParameterValueException",
        "LogLevel is not supported when LogFormat is set to \"Text\". Remove LogLevel from your "
        "request or change the LogFormat to \"JSON\" and try again.",
        400);
    error.members["Type"] = "User";
    return aws::fail(std::move(error));
  }
  out.group = json::string_or(config, "LogGroup");
  if (out.group == log_group({}, function_name)) out.group.clear();
  return out;
}

std::string log_group(const Logging& logging, std::string_view function_name) {
  return logging.group.empty() ? fmt::format("/aws/lambda/{}", function_name) : logging.group;
}

json::Object logging_json(const Logging& logging, std::string_view function_name) {
  json::Object out{{"LogFormat", logging.json ? "JSON" : "Text"}};
  if (logging.json) {
    out["ApplicationLogLevel"] = log_level_name(logging.application_level);
    out["SystemLogLevel"] = log_level_name(logging.system_level);
  }
  out["LogGroup"] = log_group(logging, function_name);
  return out;
}

LogLevel level_of_line(std::string_view line) {
  const auto first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos || line[first] != '{') return LogLevel::kInfo;
  const auto value = json::parse(line);
  const auto* object = value ? value->if_object() : nullptr;
  if (object == nullptr) return LogLevel::kInfo;
  bool timed = false;
  for (const auto key : kTimeKeys) {
    const auto time = json::string_at(*object, key);
    timed = timed || (time && is_rfc3339(*time));
  }
  if (!timed) return LogLevel::kInfo;
  for (const auto key : kLevelKeys) {
    if (const auto name = json::string_at(*object, key)) return level_or_info(*name);
  }
  return LogLevel::kInfo;
}

}  // namespace dew::lambda
