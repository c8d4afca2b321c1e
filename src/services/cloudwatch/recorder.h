// Recorder: the metrics of the services, and those embedded in logs, on their way to the store.
//
// record() appends to a buffer that the calling thread shares with few others, and returns: no
// series is locked, nothing is allocated most of the time. One thread adds the buffers up, every
// second while anything comes, sooner when they grow; idle, it sleeps. Readers settle() first, so
// that they see what was recorded before. A crash loses what was not yet written, at most a second:
// nobody was told of it. Past kMaxBuffered a value is dropped and counted, and the log says so.
//
// Thread-safe. stop() writes what is left and joins.
#pragma once

#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "services/cloudwatch/metric_store.h"

namespace dew::cloudwatch {

inline constexpr std::chrono::seconds kRecordInterval{1};
inline constexpr size_t kBufferShards = 16;
inline constexpr size_t kMaxBuffered = 1 << 18;  // of one shard

class Recorder {
 public:
  struct Sample {
    Series* series;
    double value;
    int64_t time_s;
    double weight = 1;
    bool high = false;
  };

  Recorder(MetricStore& store, const Clock& clock);
  ~Recorder();

  // Of now, at a minute's resolution. `series` may be null: nothing is recorded.
  void record(std::span<const std::pair<Series*, double>> values);
  void record(std::span<const Sample> samples);
  // Everything recorded before the call is in the store, and readable, when it returns.
  void settle();
  void stop();

  // Called at the beginning of each turn, to record more. Set before anything is recorded.
  void set_source(std::function<void()> source) { source_ = std::move(source); }
  // There is something to do.
  void wake();

 private:
  struct alignas(64) Shard {
    std::mutex mutex;
    std::vector<Sample> samples;
    uint64_t dropped = 0;
  };

  Shard& own_shard();
  void run();

  MetricStore& store_;
  const Clock& clock_;
  std::array<Shard, kBufferShards> shards_;
  std::function<void()> source_;
  std::atomic<bool> waiting_{false};  // something was recorded since the last turn
  std::mutex settling_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace dew::cloudwatch
