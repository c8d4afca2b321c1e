#include "services/logs/records.h"

#include <algorithm>

#include "store/key.h"

namespace dew::logs {

namespace {

using store::Key;

constexpr int64_t kDayMs = 24LL * 60 * 60 * 1000;
constexpr int64_t kEventOverheadBytes =
    26;  // what CloudWatch Logs counts for an event beside its message

Key groups_key() { return Key("logs").add("group"); }
Key streams_key(std::string_view group) { return Key("logs").add("stream").add(group); }
Key chunks_key(std::string_view group) { return Key("logs").add("chunk").add(group); }
Key filters_key(FilterKind kind) {
  return Key("logs").add(kind == FilterKind::kMetric ? "metric-filter" : "subscription-filter");
}

Key undelivered_key(std::string_view group) { return Key("logs").add("undelivered").add(group); }

struct ChunkKey {
  int64_t first_ms = 0;
  uint64_t number = 0;
};

std::optional<ChunkKey> parse_chunk_key(std::string_view key, size_t prefix) {
  store::KeyReader reader(key.substr(prefix));
  const auto first = reader.number();
  const auto number = reader.number();
  if (!first || !number) return std::nullopt;
  return ChunkKey{static_cast<int64_t>(*first), *number};
}

aws::ApiResult<json::Object> decode(std::string_view text) {
  auto value = json::parse(text);
  if (!value || !value->is_object())
    return aws::fail(Error{ErrorKind::kIo, "A stored log record is not valid JSON"});
  return std::move(value->get_object());
}

void widen(json::Object& stream, const TimedLines& events, int64_t now_ms) {
  int64_t bytes = json::int_at(stream, "storedBytes").value_or(0);
  for (size_t i = 0; i < events.size(); ++i)
    bytes += static_cast<int64_t>(events.length(i)) + kEventOverheadBytes;
  const int64_t begin_ms = events.time_ms(0);
  const int64_t end_ms = events.time_ms(events.size() - 1);
  const auto first = json::int_at(stream, "firstEventTimestamp");
  const auto last = json::int_at(stream, "lastEventTimestamp");
  stream["firstEventTimestamp"] = std::min(first.value_or(begin_ms), begin_ms);
  stream["lastEventTimestamp"] = std::max(last.value_or(end_ms), end_ms);
  stream["lastIngestionTime"] = now_ms;
  stream["storedBytes"] = bytes;
}

}  // namespace

int64_t retention_start_ms(const json::Object& group, int64_t now_ms) {
  const auto days = json::int_at(group, "retentionInDays");
  return days ? now_ms - *days * kDayMs : 0;
}

aws::ApiResult<std::optional<json::Object>> Records::get(std::string_view key) const {
  TRY(auto text, store_.get(key));
  if (!text) return std::optional<json::Object>();
  TRY(auto record, decode(*text));
  return std::optional(std::move(record));
}

aws::ApiResult<std::vector<json::Object>> Records::scan(const std::string& begin,
                                                        const std::string& end) const {
  std::vector<json::Object> out;
  auto cursor = store_.cursor(begin, end);
  for (; cursor->valid(); cursor->next()) {
    TRY(auto record, decode(cursor->value()));
    out.push_back(std::move(record));
  }
  CHECK_OK(cursor->status());
  return out;
}

aws::ApiResult<std::optional<json::Object>> Records::group(std::string_view name) const {
  return get(groups_key().add(name));
}

aws::ApiResult<std::vector<json::Object>> Records::groups(std::string_view prefix) const {
  const Key key = groups_key().add_raw(prefix);
  return scan(key.str(), key.prefix_end());
}

aws::ApiResult<std::optional<json::Object>> Records::stream(std::string_view group,
                                                            std::string_view name) const {
  return get(streams_key(group).add(name));
}

aws::ApiResult<std::vector<json::Object>> Records::streams(std::string_view group,
                                                           std::string_view prefix) const {
  const Key key = streams_key(group).add_raw(prefix);
  return scan(key.str(), key.prefix_end());
}

json::Object Records::new_group(std::string_view name) const {
  return {{"logGroupName", name}, {"creationTime", clock_.now_ms()}};
}

json::Object Records::new_stream(std::string_view name) const {
  return {{"logStreamName", name}, {"creationTime", clock_.now_ms()}, {"storedBytes", 0}};
}

void Records::put_group(store::Batch& batch, const json::Object& group) {
  batch.put(groups_key().add(json::string_or(group, "logGroupName")), json::dump(group));
}

void Records::put_stream(store::Batch& batch, std::string_view group, const json::Object& stream) {
  batch.put(streams_key(group).add(json::string_or(stream, "logStreamName")), json::dump(stream));
}

void Records::erase_group(store::Batch& batch, std::string_view group) {
  batch.erase(groups_key().add(group));
  for (const Key& key :
       {streams_key(group), chunks_key(group), filters_key(FilterKind::kMetric).add(group),
        filters_key(FilterKind::kSubscription).add(group), undelivered_key(group)})
    batch.erase_range(key, key.prefix_end());
}

void Records::erase_stream(store::Batch& batch, std::string_view group, std::string_view stream) {
  batch.erase(streams_key(group).add(stream));
  const Key chunks = chunks_key(group).add(stream);
  batch.erase_range(chunks, chunks.prefix_end());
}

aws::ApiResult<std::vector<json::Object>> Records::filters(FilterKind kind,
                                                           std::string_view group) const {
  Key key = filters_key(kind);
  if (!group.empty()) key.add(group);
  return scan(key.str(), key.prefix_end());
}

void Records::put_filter(store::Batch& batch, FilterKind kind, const json::Object& filter) {
  batch.put(filters_key(kind)
                .add(json::string_or(filter, "logGroupName"))
                .add(json::string_or(filter, "filterName")),
            json::dump(filter));
}

void Records::erase_filter(store::Batch& batch, FilterKind kind, std::string_view group,
                           std::string_view name) {
  batch.erase(filters_key(kind).add(group).add(name));
  if (kind == FilterKind::kMetric) return;
  const Key waiting = undelivered_key(group).add(name);
  batch.erase_range(waiting, waiting.prefix_end());
}

void Records::erase_undelivered(store::Batch& batch, std::string_view group,
                                std::string_view filter, uint64_t number) {
  batch.erase(undelivered_key(group).add(filter).add(number));
}

aws::ApiResult<std::vector<Undelivered>> Records::undelivered(size_t limit) const {
  const Key prefix = Key("logs").add("undelivered");
  std::vector<Undelivered> out;
  auto cursor = store_.cursor(prefix.str(), prefix.prefix_end());
  for (; cursor->valid() && out.size() < limit; cursor->next()) {
    store::KeyReader key(cursor->key().substr(prefix.str().size()));
    auto group = key.text();
    auto filter = key.text();
    const auto number = key.number();
    store::KeyReader value(cursor->value());
    const auto first = value.number();
    auto stream = value.text();
    if (!group || !filter || !number || !first || !stream)
      return aws::fail(Error{ErrorKind::kIo, "A stored delivery of log events is damaged"});
    out.push_back({*std::move(group),
                   *std::move(filter),
                   *std::move(stream),
                   {static_cast<int64_t>(*first), *number}});
  }
  CHECK_OK(cursor->status());
  return out;
}

aws::ApiResult<std::vector<StoredEvent>> Records::chunk(std::string_view group,
                                                        std::string_view stream,
                                                        const ChunkRef& ref) const {
  TRY(const auto bytes,
      store_.get(
          chunks_key(group).add(stream).add(static_cast<uint64_t>(ref.first_ms)).add(ref.number)));
  if (!bytes) return std::vector<StoredEvent>();
  TRY(auto events, decode_chunk(ref.first_ms, ref.number, *bytes));
  return events;
}

aws::ApiResult<void> Records::add_events(store::Batch& batch, std::string_view group_name,
                                         std::string_view stream_name, TimedLines events,
                                         const GroupFilters* filters,
                                         std::vector<StoredEvent>* stored) {
  if (events.empty()) return {};
  events.sort_by_time();

  const int64_t now_ms = clock_.now_ms();
  TRY(auto stream, this->stream(group_name, stream_name));
  if (!stream) {
    TRY(const auto existing, group(group_name));
    if (!existing) put_group(batch, new_group(group_name));
    stream = new_stream(stream_name);
  }
  widen(*stream, events, now_ms);
  put_stream(batch, group_name, *stream);

  for (size_t begin = 0; begin < events.size();) {
    size_t end = begin;
    size_t bytes = 0;
    while (end < events.size() && events.time_ms(end) - events.time_ms(begin) <= kChunkSpanMs &&
           (end == begin || bytes + events.length(end) <= kMaxChunkBytes)) {
      bytes += events.length(end++);
    }
    // Numbers grow over restarts too: they begin at the time.
    const auto now_us = static_cast<uint64_t>(clock_.now().time_since_epoch().count());
    last_chunk_ = std::max(last_chunk_ + 1, now_us);
    batch.put(chunks_key(group_name)
                  .add(stream_name)
                  .add(static_cast<uint64_t>(events.time_ms(begin)))
                  .add(last_chunk_),
              encode_chunk(now_ms, events, begin, end));
    for (size_t i = 0; filters != nullptr && i < filters->subscriptions.size(); ++i) {
      const auto& filter = filters->subscriptions[i];
      if (!filter.selected) continue;
      batch.put(undelivered_key(group_name).add(filter.name).add(last_chunk_),
                Key().add(static_cast<uint64_t>(events.time_ms(begin))).add(stream_name));
    }
    for (size_t i = begin; stored != nullptr && i < end; ++i)
      stored->push_back({{events.time_ms(i), last_chunk_, static_cast<uint32_t>(i - begin)},
                         now_ms,
                         std::string(events.text(i))});
    begin = end;
  }
  return {};
}

aws::ApiResult<void> Records::commit(const store::Batch& batch) {
  if (batch.empty()) return {};
  TRY([[maybe_unused]] auto sequence, store_.commit(batch));
  return {};
}

// Chunks come in order of their first event, but may overlap: an event is known to be next once no
// chunk still to come can hold an earlier (newest first: a later) one.
aws::ApiResult<void> Records::read(std::string_view group, std::string_view stream,
                                   const Window& window,
                                   const std::function<bool(StoredEvent&&)>& visit) const {
  const Key prefix = chunks_key(group).add(stream);
  const auto from =
      static_cast<uint64_t>(std::max<int64_t>(window.after.timestamp_ms - kChunkSpanMs, 0));
  std::string end = prefix.prefix_end();
  if (window.before.timestamp_ms < std::numeric_limits<int64_t>::max()) {
    if (window.before.timestamp_ms < 0) return {};
    end = Key(prefix).add(static_cast<uint64_t>(window.before.timestamp_ms) + 1).str();
  }
  auto cursor =
      store_.cursor(Key(prefix).add(from).str(), end,
                    window.newest_first ? store::Direction::kBackward : store::Direction::kForward);
  const auto order = [&](const StoredEvent& a, const StoredEvent& b) {
    return window.newest_first ? a.position > b.position : a.position < b.position;
  };
  std::vector<StoredEvent> waiting;  // in the window's order
  const auto release = [&](auto&& is_settled) {
    size_t done = 0;
    bool wanted = true;
    while (wanted && done < waiting.size() && is_settled(waiting[done]))
      wanted = visit(std::move(waiting[done++]));
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(done));
    return wanted;
  };
  for (; cursor->valid(); cursor->next()) {
    const auto key = parse_chunk_key(cursor->key(), prefix.str().size());
    if (!key)
      return aws::fail(Error{ErrorKind::kIo, "A stored chunk of log events has a damaged key"});
    const Position floor{key->first_ms, key->number, 0};  // no later chunk has anything before this
    const bool wanted = release([&](const StoredEvent& event) {
      return window.newest_first ? event.position.timestamp_ms > key->first_ms + kChunkSpanMs
                                 : event.position < floor;
    });
    if (!wanted) return {};
    const auto last_ms = chunk_last_ms(key->first_ms, cursor->value());
    if (last_ms && Position{*last_ms, key->number, UINT32_MAX} <= window.after) continue;
    TRY(auto events, decode_chunk(key->first_ms, key->number, cursor->value()));
    for (auto& event : events) {
      if (event.position > window.after && event.position < window.before) {
        waiting.push_back(std::move(event));
      }
    }
    std::sort(waiting.begin(), waiting.end(), order);
  }
  CHECK_OK(cursor->status());
  release([](const StoredEvent&) { return true; });
  return {};
}

aws::ApiResult<void> Records::sweep() {
  TRY(const auto all, groups(""));
  store::Batch batch;
  for (const auto& one : all) {
    const int64_t start_ms = retention_start_ms(one, clock_.now_ms());
    if (start_ms <= kChunkSpanMs) continue;
    const auto name = json::string_or(one, "logGroupName");
    TRY(const auto of_group, streams(name, ""));
    for (const auto& stream : of_group) {
      if (json::int_at(stream, "firstEventTimestamp").value_or(start_ms) >= start_ms) continue;
      const Key prefix = chunks_key(name).add(json::string_or(stream, "logStreamName"));
      batch.erase_range(prefix,
                        Key(prefix).add(static_cast<uint64_t>(start_ms - kChunkSpanMs)).str());
    }
  }
  return commit(batch);
}

}  // namespace dew::logs
