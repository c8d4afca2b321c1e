#include "services/cloudwatch/recorder.h"

#include "base/log.h"

namespace dew::cloudwatch {

Recorder::Recorder(MetricStore& store, const Clock& clock)
    : store_(store), clock_(clock), thread_([this] { run(); }) {}

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

void Recorder::record(std::span<const std::pair<Series*, double>> values) {
  const int64_t now_s = clock_.now_ms() / 1000;
  {
    auto& shard = own_shard();
    const std::scoped_lock lock(shard.mutex);
    if (shard.samples.size() + values.size() > kMaxBuffered) {
      shard.dropped += values.size();
      return;
    }
    for (const auto& [series, value] : values) {
      if (series != nullptr) shard.samples.push_back({series, value, now_s});
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

void Recorder::settle() {
  const std::scoped_lock settling(settling_);
  if (source_) source_();
  // Added up here first: a series is locked once for all that came of a second.
  struct Key {
    Series* series;
    int64_t time_s;
    bool high;
    auto operator<=>(const Key&) const = default;
  };
  std::map<Key, Aggregate> sums;
  for (auto& shard : shards_) {
    std::vector<Sample> samples;
    uint64_t dropped = 0;
    {
      const std::scoped_lock lock(shard.mutex);
      samples.swap(shard.samples);
      dropped = std::exchange(shard.dropped, 0);
    }
    if (dropped > 0)
      log::warn("{} metric values dropped: they came faster than they were written", dropped);
    for (const auto& sample : samples) {
      if (sample.series == nullptr) continue;
      const int64_t time_s = sample.high ? sample.time_s : sample.time_s / 60 * 60;
      sums[{sample.series, time_s, sample.high}].add(sample.value, sample.weight);
    }
  }
  for (const auto& [key, values] : sums) {
    if (auto added = store_.add(*key.series, key.time_s, key.high, values); !added)
      log::error("a metric could not be kept: {}", added.error().message);
  }
  if (auto written = store_.flush_all(); !written)
    log::error("metrics could not be written: {}", written.error().message);
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
