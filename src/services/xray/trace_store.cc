#include "services/xray/trace_store.h"

#include <map>

#include "store/key.h"

namespace dew::xray {

namespace {

using store::Key;
using store::KeyReader;

constexpr size_t kMaxSweptAtOnce = 10'000;
constexpr char kPlain = 'S';
constexpr char kAutomaticCall = 'A';

Key trace_key(std::string_view id) { return Key("xray").add("trace").add(id); }
Key times() { return Key("xray").add("time"); }
Key time_key(uint64_t ms, std::string_view id) { return times().add(ms).add(id); }
Key segments() { return Key("xray").add("segment"); }
Key segments_of(uint64_t ms, std::string_view id) { return segments().add(ms).add(id); }
Key total_key() { return Key("xray").add("bytes"); }

std::string numbers(std::initializer_list<uint64_t> values) {
  Key key;
  for (const uint64_t value : values) key.add(value);
  return std::move(key).str();
}

}  // namespace

TraceStore::TraceStore(store::Store& store, const Clock& clock, uint64_t max_bytes)
    : store_(store), clock_(clock), max_bytes_(max_bytes) {}

Result<void> TraceStore::load() {
  TRY(const auto value, store_.get(total_key()));
  const std::scoped_lock lock(write_);
  if (value) bytes_ = KeyReader(*value).number().value_or(0);
  return {};
}

uint64_t TraceStore::bytes() const {
  const std::scoped_lock lock(write_);
  return bytes_;
}

Result<std::optional<TraceStore::Head>> TraceStore::head(std::string_view id) const {
  TRY(const auto value, store_.get(trace_key(id)));
  if (!value) return std::nullopt;
  KeyReader reader(*value);
  Head out;
  out.start_ms = static_cast<int64_t>(reader.number().value_or(0));
  out.bytes = reader.number().value_or(0);
  out.count = reader.number().value_or(0);
  out.limit_exceeded = reader.number().value_or(0) != 0;
  return out;
}

Result<void> TraceStore::write(const std::vector<Segment>& list) {
  const std::scoped_lock lock(write_);
  std::map<std::string_view, Head> heads;
  store::Batch batch;
  uint64_t added = 0;
  for (const auto& segment : list) {
    auto found = heads.find(segment.trace_id);
    if (found == heads.end()) {
      TRY(const auto stored, head(segment.trace_id));
      found = heads.emplace(segment.trace_id, stored.value_or(Head{.start_ms = segment.start_ms}))
                  .first;
      if (!stored) {
        batch.put(time_key(static_cast<uint64_t>(segment.start_ms), segment.trace_id), "");
      }
    }
    Head& head = found->second;
    if (head.bytes + segment.text.size() > kMaxTraceBytes) {
      head.limit_exceeded = true;
      continue;
    }
    std::string value(1, segment.automatic_call ? kAutomaticCall : kPlain);
    value += segment.text;
    batch.put(
        segments_of(static_cast<uint64_t>(head.start_ms), segment.trace_id).add(head.count).str(),
        value);
    ++head.count;
    head.bytes += segment.text.size();
    added += segment.text.size();
  }
  for (const auto& [id, head] : heads) {
    batch.put(trace_key(id), numbers({static_cast<uint64_t>(head.start_ms), head.bytes, head.count,
                                      head.limit_exceeded ? 1U : 0U}));
  }
  if (batch.empty()) return {};
  batch.put(total_key(), numbers({bytes_ + added}));
  TRY([[maybe_unused]] const auto sequence, store_.commit(batch));
  bytes_ += added;
  if (bytes_ > max_bytes_) CHECK_OK(drop_until(0, max_bytes_ - (max_bytes_ / 10)));
  return {};
}

// What the cursor, which stands at or before the first of its segments, has of a trace.
StoredTrace TraceStore::read(store::Cursor& cursor, std::string_view id, const Head& head) {
  StoredTrace out;
  out.id = id;
  out.start_ms = head.start_ms;
  out.limit_exceeded = head.limit_exceeded;
  const Key prefix = segments_of(static_cast<uint64_t>(head.start_ms), id);
  while (cursor.valid() && cursor.key() < prefix.str()) cursor.next();
  for (; cursor.valid() && cursor.key().starts_with(prefix.str()); cursor.next()) {
    const std::string_view value = cursor.value();
    ++out.revision;
    if (value.empty()) continue;
    Segment segment;
    segment.automatic_call = value.front() == kAutomaticCall;
    segment.text = value.substr(1);
    out.segments.push_back(std::move(segment));
  }
  return out;
}

Result<std::optional<StoredTrace>> TraceStore::trace(std::string_view id) const {
  TRY(const auto found, head(id));
  if (!found) return std::nullopt;
  const Key prefix = segments_of(static_cast<uint64_t>(found->start_ms), id);
  const auto cursor = store_.cursor(prefix, prefix.prefix_end());
  auto out = read(*cursor, id, *found);
  CHECK_OK(cursor->status());
  return out;
}

Result<void> TraceStore::scan(const Place& from, int64_t end_ms,
                              const std::function<bool(StoredTrace)>& visit) const {
  const auto from_ms = static_cast<uint64_t>(std::max<int64_t>(from.ms, 0));
  const auto until_ms = static_cast<uint64_t>(std::max<int64_t>(end_ms, 0));
  const auto begin = time_key(from_ms, from.id);
  const auto end = times().add(until_ms);
  if (begin.str() >= end.str()) return {};
  const size_t skip = times().str().size();
  const auto cursor = store_.cursor(begin, end);
  // Segments are in the same order: one cursor, made after the other so that it has what that one
  // knows of, goes along. One for each trace costs more than all the rest.
  const auto along = store_.cursor(segments_of(from_ms, from.id), segments().add(until_ms));
  for (; cursor->valid(); cursor->next()) {
    KeyReader reader(cursor->key().substr(skip));
    if (!reader.number()) continue;
    const auto id = reader.text();
    if (!id) continue;
    TRY(const auto found, head(*id));
    if (!found) continue;  // dropped meanwhile
    auto trace = read(*along, *id, *found);
    CHECK_OK(along->status());
    if (!visit(std::move(trace))) return {};
  }
  return cursor->status();
}

Result<void> TraceStore::sweep() {
  const std::scoped_lock lock(write_);
  const auto cutoff =
      clock_.now_ms() - std::chrono::duration_cast<std::chrono::milliseconds>(kRetention).count();
  return drop_until(cutoff, max_bytes_);
}

// The oldest first: those before the cutoff, and more until no more than `keep_bytes` are left.
Result<void> TraceStore::drop_until(int64_t cutoff_ms, uint64_t keep_bytes) {
  const size_t skip = times().str().size();
  while (true) {
    store::Batch batch;
    uint64_t left = bytes_;
    size_t dropped = 0;
    std::string last;
    const auto cursor = store_.cursor(times(), times().prefix_end());
    for (; cursor->valid() && dropped < kMaxSweptAtOnce; cursor->next()) {
      KeyReader reader(cursor->key().substr(skip));
      const auto ms = reader.number();
      const auto id = reader.text();
      if (!ms || !id) continue;
      if (static_cast<int64_t>(*ms) >= cutoff_ms && left <= keep_bytes) break;
      TRY(const auto found, head(*id));
      if (found) left -= std::min(left, found->bytes);
      batch.erase(trace_key(*id));
      batch.erase(cursor->key());
      last = segments_of(*ms, *id).prefix_end();
      ++dropped;
    }
    CHECK_OK(cursor->status());
    if (dropped == 0) return {};
    // In the order of time as well: one range holds the segments of all of them.
    batch.erase_range(segments().str(), last);
    batch.put(total_key(), numbers({left}));
    TRY([[maybe_unused]] const auto sequence, store_.commit(batch));
    bytes_ = left;
  }
}

}  // namespace dew::xray
