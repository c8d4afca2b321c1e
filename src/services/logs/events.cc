// Log events: put, get, filter.
// docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html,
// API_GetLogEvents.html, API_FilterLogEvents.html
#include <fmt/format.h>

#include <algorithm>
#include <queue>
#include <ranges>

#include "services/logs/filter_pattern.h"
#include "services/logs/service.h"

namespace dew::logs {

namespace {

constexpr size_t kMaxBatchEvents = 10'000;
constexpr size_t kMaxBatchBytes = 1'048'576;
constexpr size_t kEventOverheadBytes = 26;
constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kHourMs = 60 * kMinuteMs;
constexpr int64_t kDayMs = 24 * kHourMs;
constexpr size_t kMaxAnswerEvents = 10'000;
constexpr size_t kMaxAnswerBytes = 1'048'576;
// How many events one FilterLogEvents call looks at; the rest is for the next page, which may be
// empty, as on AWS.
constexpr size_t kMaxScannedEvents = 200'000;
constexpr size_t kMaxFilterStreams = 100;

aws::ApiError invalid(std::string message) {
  return {"InvalidParameterException", std::move(message), 400};
}
aws::ApiError no_such_stream() {
  return {"ResourceNotFoundException", "The specified log stream does not exist.", 400};
}

// The largest position at `time`, and the smallest.
Position last_at(int64_t time_ms) { return {time_ms, UINT64_MAX, UINT32_MAX}; }
Position first_at(int64_t time_ms) { return {time_ms, 0, 0}; }

aws::ApiResult<TimedLines> batch_of(const json::Object& input) {
  const auto* list = json::array_at(input, "logEvents");
  TimedLines events;
  size_t bytes = 0;
  for (const auto& element : list ? *list : json::Array()) {
    const auto& one = element.as_object();
    const int64_t time_ms = std::max<int64_t>(json::int_at(one, "timestamp").value_or(0), 0);
    const auto message = json::view(one.at("message").as_string());
    const size_t size = message.size() + kEventOverheadBytes;
    if (size > kMaxEventBytes) {
      return aws::fail(invalid(
          fmt::format("Log event too large: {} bytes exceeds limit of {}", size, kMaxEventBytes)));
    }
    bytes += size;
    if (!events.empty() && time_ms < events.time_ms(events.size() - 1)) {
      return aws::fail(
          invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    events.add(time_ms, message);
  }
  if (events.size() > kMaxBatchEvents)
    return aws::fail(invalid("Too many log events in a single PutLogEvents request."));
  if (bytes > kMaxBatchBytes) {
    return aws::fail(invalid(
        fmt::format("Upload too large: {} bytes exceeds limit of {}", bytes, kMaxBatchBytes)));
  }
  return events;
}

// Takes out what is too old or too new, and says where they were.
json::Object reject(TimedLines& events, const json::Object& group, int64_t now_ms) {
  const int64_t expired_before = retention_start_ms(group, now_ms);
  const auto count_before = [&](int64_t time_ms) {
    const auto places = std::views::iota(size_t{0}, events.size());
    return static_cast<size_t>(
        std::ranges::lower_bound(places, time_ms, {}, [&](size_t i) { return events.time_ms(i); }) -
        places.begin());
  };
  const auto too_old = count_before(now_ms - 14 * kDayMs);
  const auto expired = count_before(expired_before);
  const auto first_new = count_before(now_ms + 2 * kHourMs + 1);
  json::Object out;
  if (too_old > 0) out["tooOldLogEventEndIndex"] = too_old;
  if (expired > too_old) out["expiredLogEventEndIndex"] = expired;
  if (first_new < events.size()) out["tooNewLogEventStartIndex"] = first_new;
  events.erase(first_new, events.size());
  events.erase(0, std::min(std::max(too_old, expired), events.size()));
  return out;
}

json::Object shown(const StoredEvent& event) {
  return {{"timestamp", event.position.timestamp_ms},
          {"message", event.message},
          {"ingestionTime", event.ingested_ms}};
}

}  // namespace

aws::ApiResult<json::Value> Service::put_log_events(aws::Call& call) {
  TRY(auto events, batch_of(call.input));
  ingest_.flush();
  const std::scoped_lock lock(records_.write);
  TRY(const auto group, find_group(call));
  const auto group_name = json::string_or(group, "logGroupName");
  const auto stream_name = json::string_or(call.input, "logStreamName");
  TRY(const auto stream, records_.stream(group_name, stream_name));
  if (!stream) return aws::fail(no_such_stream());
  auto rejected = reject(events, group, context_.clock.now_ms());
  // "For valid events […], the time span in a single batch cannot exceed 24 hours."
  if (!events.empty() && events.time_ms(events.size() - 1) - events.time_ms(0) > kDayMs) {
    return aws::fail(
        invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 "
                "hours."));
  }
  store::Batch batch;
  auto filters = filters_.of(group_name);
  std::vector<StoredEvent> stored;
  CHECK_OK(records_.add_events(batch, group_name, stream_name, std::move(events), filters.get(),
                               filters ? &stored : nullptr));
  CHECK_OK(records_.commit(batch));
  if (filters) filters_.offer(std::move(filters), stream_name, std::move(stored));
  // Since 2023 sequence tokens are neither needed nor checked.
  json::Object out{{"nextSequenceToken", Position{}.digits()}};
  if (!rejected.empty()) out["rejectedLogEventsInfo"] = std::move(rejected);
  return out;
}

aws::ApiResult<json::Value> Service::get_log_events(aws::Call& call) {
  ingest_.flush();
  TRY(const auto group, find_group(call));
  const auto group_name = json::string_or(group, "logGroupName");
  const auto stream_name = json::string_or(call.input, "logStreamName");
  TRY(const auto stream, records_.stream(group_name, stream_name));
  if (!stream) return aws::fail(no_such_stream());
  const auto limit =
      static_cast<size_t>(json::int_at(call.input, "limit").value_or(kMaxAnswerEvents));

  Window window;
  const int64_t start_ms = std::max(json::int_at(call.input, "startTime").value_or(0),
                                    retention_start_ms(group, context_.clock.now_ms()));
  window.after = last_at(start_ms - 1);
  if (const auto end = json::int_at(call.input, "endTime"))
    window.before = first_at(*end);  // exclusive
  window.newest_first = !json::bool_at(call.input, "startFromHead").value_or(false);
  const auto token = json::string_or(call.input, "nextToken");
  if (!token.empty()) {
    const auto position =
        Position::parse(std::string_view(token).substr(std::min<size_t>(2, token.size())));
    if (!position || (!token.starts_with("f/") && !token.starts_with("b/"))) {
      return aws::fail(invalid("The specified nextToken is invalid."));
    }
    window.newest_first = token.starts_with("b/");
    if (window.newest_first) {
      window.before = std::min(window.before, *position);
    } else {
      window.after = std::max(window.after, *position);
    }
  }

  std::vector<StoredEvent> found;
  size_t bytes = 0;
  CHECK_OK(records_.read(group_name, stream_name, window, [&](StoredEvent&& event) {
    bytes += event.message.size() + kEventOverheadBytes;
    if (bytes > kMaxAnswerBytes && !found.empty()) return false;
    found.push_back(std::move(event));
    return found.size() < limit;
  }));
  if (window.newest_first) std::reverse(found.begin(), found.end());
  json::Array list;
  for (const auto& event : found) list.emplace_back(shown(event));
  json::Object out{{"events", std::move(list)}};
  // At an end the token given comes back, which is how clients know.
  const auto bare =
      token.empty() ? first_at(std::max<int64_t>(start_ms, 0)).digits() : token.substr(2);
  out["nextForwardToken"] = "f/" + (found.empty() ? bare : found.back().position.digits());
  out["nextBackwardToken"] = "b/" + (found.empty() ? bare : found.front().position.digits());
  return out;
}

aws::ApiResult<std::vector<std::string>> Service::streams_to_filter(const aws::Call& call,
                                                                    const std::string& group,
                                                                    int64_t start_ms) {
  const auto* names = json::array_at(call.input, "logStreamNames");
  const auto prefix = json::string_or(call.input, "logStreamNamePrefix");
  if (names && !prefix.empty()) {
    return aws::fail(invalid("logStreamNames and logStreamNamePrefix cannot be used together."));
  }
  std::vector<std::string> out;
  if (names) {
    if (names->size() > kMaxFilterStreams)
      return aws::fail(invalid("At most 100 logStreamNames can be given."));
    for (const auto& element : *names) {
      const auto name = json::str(element);
      TRY(const auto stream, records_.stream(group, name));
      if (!stream) return aws::fail(no_such_stream());
      out.push_back(name);
    }
    return out;
  }
  TRY(const auto streams, records_.streams(group, prefix));
  for (const auto& stream : streams) {
    if (json::int_at(stream, "lastEventTimestamp").value_or(-1) >= start_ms)
      out.push_back(json::string_or(stream, "logStreamName"));
  }
  return out;
}

aws::ApiResult<json::Value> Service::filter_log_events(aws::Call& call) {
  if (json::bool_at(call.input, "unmask").value_or(false))
    return aws::fail(invalid("Dewpoint does not support unmask yet"));
  ingest_.flush();
  TRY(const auto group, find_group(call));
  const auto group_name = json::string_or(group, "logGroupName");
  TRY(const auto pattern, FilterPattern::parse(json::string_or(call.input, "filterPattern")));
  const auto limit =
      static_cast<size_t>(json::int_at(call.input, "limit").value_or(kMaxAnswerEvents));
  Window window;
  const int64_t start_ms = std::max(json::int_at(call.input, "startTime").value_or(0),
                                    retention_start_ms(group, context_.clock.now_ms()));
  window.after = last_at(start_ms - 1);
  if (const auto end = json::int_at(call.input, "endTime"))
    window.before = first_at(*end + 1);  // inclusive here
  if (const auto token = json::string_or(call.input, "nextToken"); !token.empty()) {
    const auto position = Position::parse(token);
    if (!position) return aws::fail(invalid("The specified nextToken is invalid."));
    window.after = std::max(window.after, *position);
  }
  TRY(const auto streams, streams_to_filter(call, group_name, start_ms));

  // Each stream gives its first `limit` matches; the first `limit` of all are among them. A stream
  // that was not read to its end bounds what can be shown: later events of others wait for the next
  // page. `earliest` holds the first `limit` positions so far: what comes after them is not read.
  std::vector<std::pair<StoredEvent, const std::string*>> found;
  std::priority_queue<Position> earliest;
  std::optional<Position> bound;
  const size_t scan_each =
      std::max<size_t>(kMaxScannedEvents / std::max<size_t>(streams.size(), 1), 1000);
  for (const auto& stream : streams) {
    size_t taken = 0;
    size_t bytes = 0;
    size_t scanned = 0;
    CHECK_OK(records_.read(group_name, stream, window, [&](StoredEvent&& event) {
      const auto position = event.position;
      if (earliest.size() == limit && earliest.top() < position) return false;
      ++scanned;
      if (pattern.matches(event.message)) {
        ++taken;
        if (earliest.size() == limit) earliest.pop();
        earliest.push(position);
        bytes += event.message.size() + kEventOverheadBytes;
        found.emplace_back(std::move(event), &stream);
      }
      if (taken < limit && bytes < kMaxAnswerBytes && scanned < scan_each) return true;
      if (!bound || position < *bound) bound = position;
      return false;
    }));
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.first.position < b.first.position; });
  json::Array list;
  size_t bytes = 0;
  std::optional<Position> next = bound;  // where the next page begins, if there may be one
  Position last;
  for (const auto& [event, stream] : found) {
    if (bound && event.position > *bound) break;
    bytes += event.message.size() + kEventOverheadBytes;
    if (list.size() == limit || (bytes > kMaxAnswerBytes && !list.empty())) {
      next = last;
      break;
    }
    auto one = shown(event);
    one["logStreamName"] = *stream;
    one["eventId"] = event.position.digits();
    list.emplace_back(std::move(one));
    last = event.position;
  }
  json::Object out;
  if (next) out["nextToken"] = next->digits();
  out["events"] = std::move(list);
  out["searchedLogStreams"] = json::Array();
  return out;
}

}  // namespace dew::logs
