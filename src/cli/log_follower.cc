#include "cli/log_follower.h"

#include <fmt/format.h>

#include <charconv>
#include <ctime>

#include "base/clock.h"

namespace dew::cli {

namespace {

constexpr int64_t kOverlapMs = 2'000;

}  // namespace

LogFollower::LogFollower(ApiClient& api, LogQuery query) : api_(api), query_(std::move(query)) {}

CallResult<std::vector<LogEvent>> LogFollower::poll() {
  std::vector<LogEvent> out;
  more_ = false;
  for (const auto& group : query_.groups) {
    if (auto polled = poll_group(group, out); !polled) {
      if (polled.error().code == "ResourceNotFoundException") continue;
      return std::unexpected(polled.error());
    }
  }
  std::vector<size_t> order(out.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::pair(out[a].timestamp_ms, a) < std::pair(out[b].timestamp_ms, b);
  });
  std::vector<LogEvent> sorted;
  sorted.reserve(out.size());
  for (const size_t i : order) sorted.push_back(std::move(out[i]));
  return sorted;
}

void LogFollower::skip_to(int64_t time_ms) {
  query_.from_ms = std::max(query_.from_ms, time_ms);
  for (auto& [group, cursor] : cursors_) cursor.floor_ms = std::max(cursor.newest_ms, time_ms);
}

CallResult<void> LogFollower::poll_group(const std::string& group, std::vector<LogEvent>& out) {
  auto& cursor =
      cursors_.try_emplace(group, Cursor{query_.from_ms, query_.from_ms, {}}).first->second;
  const int64_t start_ms = std::max(cursor.floor_ms, cursor.newest_ms - kOverlapMs);
  std::erase_if(cursor.seen, [&](const auto& event) { return event.second < start_ms; });
  std::string token;
  for (int page = 0; page < query_.pages_per_poll; ++page) {
    json::Object input{{"logGroupName", group}, {"startTime", start_ms}};
    if (!query_.filter.empty()) input["filterPattern"] = query_.filter;
    if (query_.lines_per_page > 0) input["limit"] = query_.lines_per_page;
    if (!token.empty()) input["nextToken"] = token;
    TRY(const auto answer, api_.json("logs", "Logs_20140328", "FilterLogEvents", std::move(input)));
    if (const auto* events = json::array_at(answer, "events")) {
      for (const auto& value : *events) {
        const auto* event = value.if_object();
        if (!event) continue;
        const int64_t time = json::int_at(*event, "timestamp").value_or(0);
        if (!cursor.seen.try_emplace(json::string_or(*event, "eventId"), time).second) continue;
        cursor.newest_ms = std::max(cursor.newest_ms, time);
        out.push_back({group, json::string_or(*event, "logStreamName"), time,
                       json::string_or(*event, "message")});
      }
    }
    token = json::string_or(answer, "nextToken");
    if (token.empty()) return {};
  }
  // No overlap now: the next poll must get further than this one.
  cursor.floor_ms = cursor.newest_ms;
  more_ = true;
  return {};
}

Result<int64_t> parse_start_time(std::string_view text, int64_t now_ms) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view rest = text.substr(static_cast<size_t>(end - text.data()));
  if (error == std::errc{} && number >= 0) {
    if (rest.empty()) return number;
    if (rest == "s") return now_ms - number * 1'000;
    if (rest == "m") return now_ms - number * 60'000;
    if (rest == "h") return now_ms - number * 3'600'000;
    if (rest == "d") return now_ms - number * 86'400'000;
  }
  tm when{};
  const std::string copy(text);
  const char* stop = strptime(
      copy.c_str(), copy.find('T') == std::string::npos ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M:%S", &when);
  if (stop && (*stop == '\0' || *stop == 'Z' || *stop == '.'))
    return static_cast<int64_t>(timegm(&when)) * 1000;
  return fail(
      ErrorKind::kInvalid,
      fmt::format(
          "'{}' is no time: give 30m, 2h, 1d, 2026-01-31T12:00:00 or milliseconds since 1970",
          text));
}

}  // namespace dew::cli
