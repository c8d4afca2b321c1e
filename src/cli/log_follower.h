// Follows the log groups of functions: new lines, in order, each once. One cursor per group.
// Not thread-safe.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
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
  std::string filter;       // CloudWatch Logs' filter pattern; empty: everything
  int lines_per_page = 0;   // asked for in one call; 0: as many as the service gives
  int pages_per_poll = 10;  // of one group
};

class LogFollower {
 public:
  LogFollower(ApiClient& api, LogQuery query);
  void set_groups(std::vector<std::string> groups) { query_.groups = std::move(groups); }
  // What is new since the last call, ordered by time. Groups that do not exist (yet) are skipped.
  CallResult<std::vector<LogEvent>> poll();
  // The last poll ended before the newest line: there is more to read at once.
  bool more() const { return more_; }
  // Goes on at this time: what came before is not read any more.
  void skip_to(int64_t time_ms);

 private:
  // Lines may become visible a little out of order, so each poll begins a little before the newest
  // line, but never before `floor_ms`.
  struct Cursor {
    int64_t newest_ms = 0;
    int64_t floor_ms = 0;
    std::unordered_map<std::string, int64_t> seen;  // ids and times of events that a poll may meet
  };

  CallResult<void> poll_group(const std::string& group, std::vector<LogEvent>& out);

  ApiClient& api_;
  LogQuery query_;
  std::map<std::string, Cursor> cursors_;  // per group
  bool more_ = false;
};

// 30m, 2h, 1d, an ISO 8601 time, or milliseconds since the epoch.
Result<int64_t> parse_start_time(std::string_view text, int64_t now_ms);

}  // namespace dew::cli
