// Log groups, streams and chunks in the store.
//
// Keys: ("logs", "group", name), ("logs", "stream", group, name) hold JSON objects with the members
// of the API's shapes (and tags in the group's); ("logs", "chunk", group, stream, first timestamp,
// number) hold events (chunk.h); ("logs", "metric-filter" or "subscription-filter", group, name)
// hold the API's shapes of filters; ("logs", "undelivered", group, filter, number) name the chunks
// of which a subscription filter has still to send what matches. docs/formats/logs.md. Thread-safe
// as the store is; whoever changes records holds `write`.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "base/clock.h"
#include "json/json.h"
#include "services/logs/chunk.h"
#include "services/logs/group_filters.h"
#include "store/store.h"

namespace dew::logs {

// Which events a reader wants: those after `after` and before `before`, oldest or newest first.
struct Window {
  Position after{-1, std::numeric_limits<uint64_t>::max(), 0};
  Position before{std::numeric_limits<int64_t>::max(), 0, 0};
  bool newest_first = false;
};

enum class FilterKind { kMetric, kSubscription };

// Where a chunk of a stream is: the time of its first event, and its number.
struct ChunkRef {
  int64_t first_ms = 0;
  uint64_t number = 0;
};

// A chunk whose events a subscription filter has still to send.
struct Undelivered {
  std::string group;
  std::string filter;
  std::string stream;
  ChunkRef chunk;
};

class Records {
 public:
  Records(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  std::mutex write;

  aws::ApiResult<std::optional<json::Object>> group(std::string_view name) const;
  aws::ApiResult<std::vector<json::Object>> groups(std::string_view prefix) const;
  aws::ApiResult<std::optional<json::Object>> stream(std::string_view group,
                                                     std::string_view name) const;
  aws::ApiResult<std::vector<json::Object>> streams(std::string_view group,
                                                    std::string_view prefix) const;

  json::Object new_group(std::string_view name) const;
  json::Object new_stream(std::string_view name) const;
  static void put_group(store::Batch& batch, const json::Object& group);
  static void put_stream(store::Batch& batch, std::string_view group, const json::Object& stream);
  static void erase_group(store::Batch& batch, std::string_view group);
  static void erase_stream(store::Batch& batch, std::string_view group, std::string_view stream);

  // Of a group, by name; of all groups, by group and name, when `group` is empty.
  aws::ApiResult<std::vector<json::Object>> filters(FilterKind kind, std::string_view group) const;
  static void put_filter(store::Batch& batch, FilterKind kind, const json::Object& filter);
  static void erase_filter(store::Batch& batch, FilterKind kind, std::string_view group,
                           std::string_view name);

  // Adds chunks for the events (in any order of time) and what they change in the stream's record,
  // which is made when absent. With `filters` of the group, also what is to be delivered of them,
  // and `stored` gets the events as they will be read. With `write` held.
  aws::ApiResult<void> add_events(store::Batch& batch, std::string_view group,
                                  std::string_view stream, TimedLines events,
                                  const GroupFilters* filters = nullptr,
                                  std::vector<StoredEvent>* stored = nullptr);
  static void erase_undelivered(store::Batch& batch, std::string_view group,
                                std::string_view filter, uint64_t number);
  // At most so many of all groups.
  aws::ApiResult<std::vector<Undelivered>> undelivered(size_t limit) const;
  // The events of a chunk; none when it is gone.
  aws::ApiResult<std::vector<StoredEvent>> chunk(std::string_view group, std::string_view stream,
                                                 const ChunkRef& ref) const;
  aws::ApiResult<void> commit(const store::Batch& batch);

  // In the window's order, until `visit` returns false.
  aws::ApiResult<void> read(std::string_view group, std::string_view stream, const Window& window,
                            const std::function<bool(StoredEvent&&)>& visit) const;

  // Drops chunks whose events are all older than their group's retention. With `write` held.
  aws::ApiResult<void> sweep();

 private:
  aws::ApiResult<std::optional<json::Object>> get(std::string_view key) const;
  aws::ApiResult<std::vector<json::Object>> scan(const std::string& begin,
                                                 const std::string& end) const;

  store::Store& store_;
  const Clock& clock_;
  uint64_t last_chunk_ = 0;
};

// The oldest time of which the group still shows events; 0 without retention.
int64_t retention_start_ms(const json::Object& group, int64_t now_ms);

}  // namespace dew::logs
