#include "services/cloudwatch/recorder.h"

#include "base/log.h"

namespace dew::cloudwatch {

Recorder::Recorder(MetricStore& store, const Clock& clock)
    : store_(store), clock_(clock), thread_([this] { run(); }) {
  for (size_t i = 0; i < shards_.size(); ++i) shards_[i].index = i;
}

Recorder::~Recorder() { stop(); }

Recorder::Shard& Recorder::own_shard() {
  static std::atomic<size_t> threads{0};
  thread_local const size_t own = threads++ % kBufferShards;
  return shards_[own];
}

void Recorder::wake() {
  if (waiting_.load(std::memory_order_relaxed) || waiting_.exchange(true)) return;
  const std::scoped_lock lock(mutex_);
  wake_.notify_one();
}

SeriesGroup* Recorder::group(std::vector<Series*> series) {
  std::erase(series, nullptr);
  const std::scoped_lock lock(groups_mutex_);
  auto& kept = groups_[series];
  if (!kept) {
    kept = std::make_unique<SeriesGroup>();
    kept->series_ = std::move(series);
  }
  return kept.get();
}

void Recorder::close_minute(Shard& shard) {
  for (auto* group : shard.groups) {
    auto& sum = *group->sums_[shard.index];
    shard.older.push_back({group, shard.minute_s, std::exchange(sum, {})});
  }
  shard.groups.clear();
}

void Recorder::record(std::span<const Value> values) {
  const int64_t minute_s = clock_.now_ms() / 60'000 * 60;
  {
    auto& shard = own_shard();
    const std::scoped_lock lock(shard.mutex);
    if (shard.minute_s != minute_s) {
      close_minute(shard);
      shard.minute_s = minute_s;
    }
    for (const auto& [group, value] : values) {
      if (group == nullptr) continue;
      auto& sum = group->sums_[shard.index];
      if (!sum) sum = std::make_unique<Aggregate>();
      if (sum->empty()) shard.groups.push_back(group);
      sum->add(value);
    }
  }
  wake();
}

void Recorder::record(std::span<const Sample> samples) {
  {
    auto& shard = own_shard();
    const std::scoped_lock lock(shard.mutex);
    if (shard.samples.size() + samples.size() > kMaxBuffered) {
      shard.dropped += samples.size();
      return;
    }
    shard.samples.insert(shard.samples.end(), samples.begin(), samples.end());
  }
  wake();
}

void Recorder::add(Series& series, int64_t time_s, bool high, const Aggregate& values) {
  if (auto added = store_.add(series, time_s, high, values); !added)
    log::error("a metric could not be kept: {}", added.error().message);
}

void Recorder::settle() {
  const std::scoped_lock settling(settling_);
  if (source_) source_();
  for (auto& shard : shards_) {
    std::vector<Sum> sums;
    std::vector<Sample> samples;
    uint64_t dropped = 0;
    {
      const std::scoped_lock lock(shard.mutex);
      close_minute(shard);
      sums.swap(shard.older);
      samples.swap(shard.samples);
      dropped = std::exchange(shard.dropped, 0);
    }
    if (dropped > 0)
      log::warn("{} metric values dropped: they came faster than they were written", dropped);
    for (const auto& [group, minute_s, values] : sums) {
      for (auto* series : group->series_) add(*series, minute_s, false, values);
    }
    settle_samples(samples);
  }
  if (auto written = store_.flush_all(); !written)
    log::error("metrics could not be written: {}", written.error().message);
}

// Added up here first: a series is locked once for all that came of a second.
void Recorder::settle_samples(std::span<const Sample> samples) {
  struct Key {
    Series* series;
    int64_t time_s;
    bool high;
    auto operator<=>(const Key&) const = default;
  };
  std::map<Key, Aggregate> sums;
  for (const auto& sample : samples) {
    if (sample.series == nullptr) continue;
    const int64_t time_s = sample.high ? sample.time_s : sample.time_s / 60 * 60;
    sums[{sample.series, time_s, sample.high}].add(sample.value, sample.weight);
  }
  for (const auto& [key, values] : sums) add(*key.series, key.time_s, key.high, values);
}

void Recorder::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait(lock, [&] { return stopping_ || waiting_; });
    if (stopping_) break;
    wake_.wait_for(lock, kRecordInterval, [&] { return stopping_; });
    waiting_ = false;
    lock.unlock();
    settle();
    lock.lock();
  }
}

void Recorder::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (!thread_.joinable()) return;
  thread_.join();
  settle();
}

}  // namespace dew::cloudwatch
