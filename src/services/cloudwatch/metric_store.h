// MetricStore: the data of all metrics. docs/decisions/0010-metrics-in-the-store.md says why it is
// as it is, docs/formats/cloudwatch.md what is stored.
//
// A metric of one unit is a Series. Its values are added up in periods of a second (high
// resolution) or a minute, in memory, and written as they change: by flush(), at once for what a
// client is told of, else by the recorder every second. Periods no longer written to leave the
// memory. What is old is rolled up as AWS does it: seconds become minutes after 3 hours, minutes 5
// minutes after 15 days, those hours after 63 days, and hours go after 455 days. Every value is at
// one level at a time, so that a reader adds up what all levels have.
//
// Thread-safe: a series has its own lock. Series are never freed. Limits: kMaxSeries.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>

#include "base/clock.h"
#include "services/cloudwatch/aggregate.h"
#include "services/cloudwatch/metric.h"
#include "store/store.h"

namespace dew::cloudwatch {

inline constexpr size_t kMaxSeries = 500'000;

// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html ("Metrics
// retention")
struct Level {
  int64_t period_s;
  int64_t kept_s;
};
inline constexpr std::array<Level, 4> kLevels = {
    {{1, 3 * 3600}, {60, 15 * 86400}, {300, 63 * 86400}, {3600, 455LL * 86400}}};

class Series {
 public:
  Series(uint64_t id, Metric metric, Unit unit) : id(id), metric(std::move(metric)), unit(unit) {}

  const uint64_t id;
  const Metric metric;
  const Unit unit;
  std::atomic<int64_t> last_s{0};  // the newest value's time

 private:
  friend class MetricStore;
  struct Period {
    Aggregate values;
    bool dirty = false;
  };
  using Place = std::pair<size_t, int64_t>;  // level, begin in seconds

  std::mutex mutex_;
  std::map<Place, Period> periods_;  // those being written to
  // Of each level: what begins before has been rolled up since the process started.
  std::array<int64_t, kLevels.size()> rolled_until_s_{};
  int64_t saved_last_s_ = -1;  // in the stored record; -1: there is none
  double total_count_ = 0;     // since the process started
  double total_sum_ = 0;
  bool listed_ = false;  // among the dirty ones; guarded by their lock
};

struct StoredPeriod {
  int64_t begin_s;
  int64_t period_s;
  Aggregate values;
};

class MetricStore {
 public:
  MetricStore(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  Result<void> load();

  // Made when absent. nullptr: there are kMaxSeries.
  Series* series(const Metric& metric, Unit unit);
  // Of every unit, or of one.
  std::vector<Series*> find(const Metric& metric, std::optional<Unit> unit = std::nullopt) const;
  // Calls visit for every series, in no order.
  void each(const std::function<void(Series&)>& visit) const;

  // `high`: of a second's resolution. The time is not older than kLevels.
  Result<void> add(Series& series, int64_t time_s, bool high, const Aggregate& values);
  // Writes what of these has changed. One commit.
  Result<void> flush(std::span<Series* const> which);
  Result<void> flush_all();

  // The periods that begin in [from, to), at the levels that are at most `longest_s` long, in order
  // of their begin.
  Result<std::vector<StoredPeriod>> read(Series& series, int64_t from_s, int64_t to_s,
                                         int64_t longest_s) const;

  // Count and sum of all values since the process started.
  std::pair<double, double> totals(Series& series) const {
    const std::scoped_lock lock(series.mutex_);
    return {series.total_count_, series.total_sum_};
  }

  // Rolls up and forgets what is old.
  Result<void> roll_up();

 private:
  static constexpr size_t kShards = 16;
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::string, std::unique_ptr<Series>> series;
  };

  Shard& shard_of(std::string_view key) const {
    return shards_[std::hash<std::string_view>()(key) % kShards];
  }
  // With the series' lock.
  Result<Series::Period*> period(Series& series, size_t level, int64_t begin_s);
  void write(Series& series, store::Batch& batch);
  // The same, and commits the batch, which is empty afterwards.
  Result<void> save(Series& series, store::Batch& batch);
  void note_dirty(Series& series);
  Result<void> roll_up(Series& series, int64_t now_s);

  store::Store& store_;
  const Clock& clock_;
  mutable std::array<Shard, kShards> shards_;
  std::atomic<uint64_t> next_id_{1};
  std::atomic<size_t> count_{0};
  std::mutex dirty_mutex_;
  std::vector<Series*> dirty_;
};

}  // namespace dew::cloudwatch
