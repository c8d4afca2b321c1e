// How lines of functions' logs are shown to people: a time, the request that wrote the line, its
// level and message. A line of JSON becomes "LEVEL message key=value …", its stack trace below; a
// line as Node.js' runtime writes it loses the time and id that stand before it already.
//
// A line without an id of its own belongs to the invocation that its stream is running: START says
// which. What could move a terminal's cursor is shown as \xNN; colours that the function chose
// stay. Not thread-safe. Limits: kMaxStreams are remembered.
// docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "cli/log_follower.h"

namespace dew::cli {

class LogRenderer {
 public:
  static constexpr size_t kMaxStreams = 10'000;

  // For a person; `name` is the function's, if there are several.
  std::string line(const LogEvent& event, std::string_view name);
  // For a machine: one line of JSON with timestamp, stream, requestId (if known) and message.
  std::string json_line(const LogEvent& event);

 private:
  struct Parsed {
    std::string request_id;
    std::string level;
    std::string text;  // the message, and what else the line says
    bool is_platform = false;
  };
  Parsed parse(const LogEvent& event);

  std::unordered_map<std::string, std::string> running_;  // request ids by stream
};

}  // namespace dew::cli
