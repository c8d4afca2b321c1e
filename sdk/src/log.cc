#include <dew/encoding.h>
#include <dew/env.h>
#include <dew/log.h>
#include <dew/runtime.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <optional>

#include "json_text.h"

namespace dew::log {
namespace {

constexpr std::string_view kLevels[] = {"DEBUG", "INFO", "WARN", "ERROR"};

Level level_from_environment() {
  const std::string name = env_or("LOG_LEVEL", "info");
  if (iequals(name, "debug") || iequals(name, "trace")) return Level::kDebug;
  if (iequals(name, "warn") || iequals(name, "warning")) return Level::kWarn;
  if (iequals(name, "error") || iequals(name, "fatal") || iequals(name, "critical"))
    return Level::kError;
  if (iequals(name, "off") || iequals(name, "silent")) return Level::kOff;
  return Level::kInfo;
}

struct State {
  Level level = level_from_environment();
  std::string service_name =
      env_or("SERVICE_NAME",
             env_or("POWERTOOLS_SERVICE_NAME", env_or("AWS_LAMBDA_FUNCTION_NAME", "service")));
  std::string function_name = env_or("AWS_LAMBDA_FUNCTION_NAME", "");
  std::string correlation_id;
  std::function<void(std::string_view)> sink;
};

State& state() {
  static State instance;
  return instance;
}

void append_timestamp(std::string& out) {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  const time_t seconds = now / 1000;
  thread_local time_t cached = -1;
  thread_local char text[32];
  if (seconds != cached) {
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    cached = seconds;
  }
  const auto ms = static_cast<int>(now % 1000);
  out += text;
  out += {'.', static_cast<char>('0' + ms / 100), static_cast<char>('0' + ms / 10 % 10),
          static_cast<char>('0' + ms % 10), 'Z'};
}

void append_member(std::string& out, std::string_view key, std::string_view value) {
  out += ',';
  json_text::append_string(out, key);
  out += ':';
  json_text::append_string(out, value);
}

void append_field(std::string& out, const Field& field) {
  out += ',';
  json_text::append_string(out, field.key);
  out += ':';
  if (const auto* text = std::get_if<std::string_view>(&field.value))
    json_text::append_string(out, *text);
  if (const auto* number = std::get_if<int64_t>(&field.value)) json_text::append_int(out, *number);
  if (const auto* real = std::get_if<double>(&field.value)) json_text::append_double(out, *real);
  if (const auto* truth = std::get_if<bool>(&field.value)) out += *truth ? "true" : "false";
}

}  // namespace

bool enabled(Level level) { return level >= state().level && level != Level::kOff; }
void set_level(Level level) { state().level = level; }
void set_correlation_id(std::string_view id) { state().correlation_id = id; }
const std::string& service() { return state().service_name; }
void set_sink(std::function<void(std::string_view)> sink) { state().sink = std::move(sink); }

void write_line(std::string& line) {
  if (state().sink) {
    state().sink(line);
    return;
  }
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    rest.remove_prefix(static_cast<size_t>(written));
  }
}

void write(Level level, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  thread_local std::string line;
  line.assign("{\"timestamp\":\"");
  append_timestamp(line);
  line += '"';
  append_member(line, "level", kLevels[static_cast<size_t>(level)]);
  append_member(line, "service", state().service_name);
  append_member(line, "message", message);
  if (const Context* context = current_context()) {
    append_member(line, "request_id", context->request_id);
    if (!state().correlation_id.empty())
      append_member(line, "correlation_id", state().correlation_id);
    line += context->cold_start ? ",\"cold_start\":true" : ",\"cold_start\":false";
    if (!state().function_name.empty()) append_member(line, "function_name", state().function_name);
    if (!context->trace_id.empty()) append_member(line, "xray_trace_id", context->trace_id);
  } else if (!state().correlation_id.empty()) {
    append_member(line, "correlation_id", state().correlation_id);
  }
  for (const Field& field : fields) append_field(line, field);
  line += '}';
  write_line(line);
}

}  // namespace dew::log
