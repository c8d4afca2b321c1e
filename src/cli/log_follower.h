// Follows the log groups of functions: new lines, in order, each once. One cursor per group.
// Not thread-safe.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "cli/api_client.h"

namespace dew::cli {

struct LogEvent {
  std::string group;
  std::string stream;
  int64_t timestamp_ms = 0;
  std::string message;
};

struct LogQuery {
  std::vector<std::string> groups;
  int64_t from_ms = 0;
  std::string filter;  // CloudWatch Logs' filter pattern; empty: everything
};

class LogFollower {
 public:
  LogFollower(ApiClient& api, LogQuery query);
  void set_groups(std::vector<std::string> groups) { query_.groups = std::move(groups); }
  // What is new since the last call, ordered by time. Groups that do not exist (yet) are skipped.
  CallResult<std::vector<LogEvent>> poll();

 private:
  CallResult<void> poll_group(const std::string& group, std::vector<LogEvent>& out);

  ApiClient& api_;
  LogQuery query_;
  std::map<std::string, int64_t> from_;                // per group
  std::map<std::string, std::set<std::string>> seen_;  // event ids at or after `from_`
};

// One line as shown: a time, the function's name (if `name` is not empty) and the message.
std::string log_line(const LogEvent& event, std::string_view name);

// 30m, 2h, 1d, an ISO 8601 time, or milliseconds since the epoch.
Result<int64_t> parse_start_time(std::string_view text, int64_t now_ms);

}  // namespace dew::cli
