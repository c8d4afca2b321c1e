#include "services/cloudwatch/metric_store.h"

#include <algorithm>

#include "base/log.h"
#include "store/key.h"

namespace dew::cloudwatch {

namespace {

// A period stays in memory until it is this much over: later values are read back for.
constexpr int64_t kLinger_s = 120;
// The time of a series' newest value is stored anew when it has grown by this.
constexpr int64_t kLastGrain_s = 600;
constexpr size_t kFlushBatch = 500;

int64_t floor_to(int64_t time, int64_t step) {
  const int64_t rest = time % step;
  return time - (rest < 0 ? rest + step : rest);
}

std::string identity(const Metric& metric, Unit unit) {
  store::Key key("cloudwatch");
  key.add("series").add(metric.space).add(metric.name);
  for (const auto& [name, value] : metric.dimensions) key.add(name).add(value);
  key.add(static_cast<uint64_t>(unit));
  return std::move(key).str();
}

store::Key data_key(uint64_t id, size_t level) {
  return store::Key("cloudwatch")
      .add("data")
      .add(id)
      .add(static_cast<uint64_t>(kLevels[level].period_s));
}

std::string data_key(uint64_t id, size_t level, int64_t begin_s) {
  return std::move(data_key(id, level).add(static_cast<uint64_t>(begin_s))).str();
}

std::unexpected<Error> damaged(const Series& series) {
  return fail(ErrorKind::kIo, "a stored period of the metric " + series.metric.space + " " +
                                  series.metric.name + " is damaged");
}

}  // namespace

Result<void> MetricStore::load() {
  const auto prefix = store::Key("cloudwatch").add("series");
  const auto cursor = store_.cursor(prefix, prefix.prefix_end());
  for (; cursor->valid(); cursor->next()) {
    TRY(const auto value, json::parse(cursor->value()));
    const auto* record = value.if_object();
    const auto id = record ? json::int_at(*record, "id") : std::nullopt;
    const auto unit = record ? parse_unit(json::string_or(*record, "Unit")) : std::nullopt;
    if (!id || !unit) return fail(ErrorKind::kIo, "a stored metric is damaged");
    auto made = std::make_unique<Series>(static_cast<uint64_t>(*id), read_metric(*record), *unit);
    made->saved_last_s_ = json::int_at(*record, "last").value_or(0);
    made->last_s = made->saved_last_s_;
    next_id_ = std::max<uint64_t>(next_id_, made->id + 1);
    ++count_;
    std::string key(cursor->key());
    auto& shard = shard_of(key);
    shard.series.emplace(std::move(key), std::move(made));
  }
  return cursor->status();
}

Series* MetricStore::series(const Metric& metric, Unit unit) {
  std::string key = identity(metric, unit);
  auto& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  const auto it = shard.series.find(key);
  if (it != shard.series.end()) return it->second.get();
  if (count_ >= kMaxSeries) return nullptr;
  ++count_;
  auto made = std::make_unique<Series>(next_id_++, metric, unit);
  return shard.series.emplace(std::move(key), std::move(made)).first->second.get();
}

std::vector<Series*> MetricStore::find(const Metric& metric, std::optional<Unit> unit) const {
  std::vector<Series*> out;
  for (Unit each = 0; each < kUnits.size(); ++each) {
    if (unit && each != *unit) continue;
    const std::string key = identity(metric, each);
    const auto& shard = shard_of(key);
    const std::scoped_lock lock(shard.mutex);
    const auto it = shard.series.find(key);
    if (it != shard.series.end()) out.push_back(it->second.get());
  }
  return out;
}

void MetricStore::each(const std::function<void(Series&)>& visit) const {
  std::vector<Series*> all;
  for (const auto& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    for (const auto& [key, series] : shard.series) all.push_back(series.get());
  }
  for (auto* series : all) visit(*series);
}

Result<Series::Period*> MetricStore::period(Series& series, size_t level, int64_t begin_s) {
  const auto place = Series::Place(level, begin_s);
  const auto it = series.periods_.find(place);
  if (it != series.periods_.end()) return &it->second;
  Series::Period made;
  TRY(const auto bytes, store_.get(data_key(series.id, level, begin_s)));
  if (bytes) {
    auto stored = Aggregate::decode(*bytes);
    if (!stored) return damaged(series);
    made.values = *std::move(stored);
  }
  return &series.periods_.emplace(place, std::move(made)).first->second;
}

void MetricStore::note_dirty(Series& series) {
  const std::scoped_lock lock(dirty_mutex_);
  if (std::exchange(series.listed_, true)) return;
  dirty_.push_back(&series);
}

Result<void> MetricStore::add(Series& series, int64_t time_s, bool high, const Aggregate& values) {
  if (values.empty()) return {};
  const int64_t age = clock_.now_ms() / 1000 - time_s;
  size_t level = high ? 0 : 1;
  while (level + 1 < kLevels.size() && age >= kLevels[level].kept_s) ++level;
  bool first = false;
  {
    const std::scoped_lock lock(series.mutex_);
    TRY(auto* found, period(series, level, floor_to(time_s, kLevels[level].period_s)));
    first = !found->dirty;
    found->dirty = true;
    found->values.merge(values);
    if (time_s > series.last_s) series.last_s = time_s;
    series.total_count_ += values.count;
    series.total_sum_ += values.sum;
  }
  if (first) note_dirty(series);
  return {};
}

void MetricStore::write(Series& series, store::Batch& batch) {
  const int64_t now_s = clock_.now_ms() / 1000;
  for (auto it = series.periods_.begin(); it != series.periods_.end();) {
    auto& [place, period] = *it;
    if (period.dirty) {
      batch.put(data_key(series.id, place.first, place.second), period.values.encode());
      period.dirty = false;
    }
    const bool over = place.second + kLevels[place.first].period_s + kLinger_s < now_s;
    it = over ? series.periods_.erase(it) : std::next(it);
  }
  if (series.saved_last_s_ >= 0 && series.last_s - series.saved_last_s_ < kLastGrain_s) return;
  series.saved_last_s_ = series.last_s;
  json::Object record = metric_json(series.metric);
  record["id"] = series.id;
  record["Unit"] = kUnits[series.unit];
  record["last"] = series.saved_last_s_;
  batch.put(identity(series.metric, series.unit), json::dump(record));
}

Result<void> MetricStore::flush(std::span<Series* const> which) {
  // In one order, so that two flushes cannot wait for each other. The locks are held over the
  // commit: what is written last must be what was added last.
  std::vector<Series*> order(which.begin(), which.end());
  std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->id < b->id; });
  order.erase(std::unique(order.begin(), order.end()), order.end());
  std::vector<std::unique_lock<std::mutex>> locks;
  store::Batch batch;
  for (auto* series : order) {
    locks.emplace_back(series->mutex_);
    write(*series, batch);
  }
  if (batch.empty()) return {};
  TRY(const auto sequence, store_.commit(batch));
  (void)sequence;
  return {};
}

Result<void> MetricStore::flush_all() {
  std::vector<Series*> dirty;
  {
    const std::scoped_lock lock(dirty_mutex_);
    dirty.swap(dirty_);
    for (auto* series : dirty) series->listed_ = false;
  }
  for (size_t i = 0; i < dirty.size(); i += kFlushBatch) {
    const size_t count = std::min(kFlushBatch, dirty.size() - i);
    CHECK_OK(flush(std::span(dirty).subspan(i, count)));
  }
  return {};
}

Result<std::vector<StoredPeriod>> MetricStore::read(Series& series, int64_t from_s, int64_t to_s,
                                                    int64_t longest_s) const {
  std::vector<StoredPeriod> out;
  const int64_t now_s = clock_.now_ms() / 1000;
  const std::scoped_lock lock(series.mutex_);
  for (size_t level = 0; level < kLevels.size(); ++level) {
    const int64_t length = kLevels[level].period_s;
    if (length > longest_s) break;
    // What was not rolled up yet is still found where it is.
    const bool longest = level + 1 == kLevels.size();
    const int64_t from =
        std::max({from_s, int64_t{0}, longest ? now_s - kLevels[level].kept_s : 0});
    if (from >= to_s) continue;
    std::map<int64_t, Aggregate> found;
    const auto cursor =
        store_.cursor(data_key(series.id, level, from), data_key(series.id, level, to_s));
    for (; cursor->valid(); cursor->next()) {
      store::KeyReader key(cursor->key().substr(cursor->key().size() - sizeof(uint64_t)));
      auto values = Aggregate::decode(cursor->value());
      const auto begin = key.number();
      if (!values || !begin) return damaged(series);
      found.emplace(static_cast<int64_t>(*begin), *std::move(values));
    }
    CHECK_OK(cursor->status());
    const auto first = series.periods_.lower_bound({level, from});
    const auto last = series.periods_.lower_bound({level, to_s});
    for (auto it = first; it != last; ++it)
      found.insert_or_assign(it->first.second, it->second.values);
    for (auto& [begin, values] : found) {
      if (!values.empty()) out.push_back({begin, length, std::move(values)});
    }
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.begin_s < b.begin_s; });
  return out;
}

Result<void> MetricStore::save(Series& series, store::Batch& batch) {
  write(series, batch);
  if (batch.empty()) return {};
  TRY(const auto sequence, store_.commit(batch));
  (void)sequence;
  batch = store::Batch();
  return {};
}

Result<void> MetricStore::roll_up(Series& series, int64_t now_s) {
  const std::scoped_lock lock(series.mutex_);
  store::Batch batch;
  CHECK_OK(save(series, batch));
  for (size_t level = 0; level < kLevels.size(); ++level) {
    // Whole periods of the next level only: what began before this is over for both.
    const bool last = level + 1 == kLevels.size();
    const int64_t next = last ? kLevels[level].period_s : kLevels[level + 1].period_s;
    const int64_t end = floor_to(now_s - kLevels[level].kept_s, next);
    if (end <= 0) continue;
    // From where the last turn came to. One by one, not as a range: a store with thousands of
    // erased ranges in its newest table sorts them anew for every cursor that anybody opens.
    auto& from = series.rolled_until_s_[level];
    const auto cursor =
        store_.cursor(data_key(series.id, level, from), data_key(series.id, level, end));
    for (; cursor->valid(); cursor->next()) {
      batch.erase(cursor->key());
      if (last) continue;
      store::KeyReader key(cursor->key().substr(cursor->key().size() - sizeof(uint64_t)));
      const auto begin = key.number();
      const auto values = Aggregate::decode(cursor->value());
      if (!begin || !values) return damaged(series);
      TRY(auto* to, period(series, level + 1, floor_to(static_cast<int64_t>(*begin), next)));
      to->values.merge(*values);
      to->dirty = true;
    }
    CHECK_OK(cursor->status());
    // Not written to any more, and gone from the store: nothing may bring it back.
    const auto first = series.periods_.lower_bound({level, 0});
    series.periods_.erase(first, series.periods_.lower_bound({level, end}));
    // Before the next level's turn: what has just come to it may be too old for it as well.
    CHECK_OK(save(series, batch));
    // A value may still be on its way that found itself young enough a moment ago.
    from = std::max(from, std::max<int64_t>(0, end - next));
  }
  return {};
}

Result<void> MetricStore::roll_up() {
  CHECK_OK(flush_all());
  const int64_t now_s = clock_.now_ms() / 1000;
  Result<void> out;
  each([&](Series& series) {
    if (auto done = roll_up(series, now_s); !done && out) out = std::move(done);
  });
  return out;
}

}  // namespace dew::cloudwatch
