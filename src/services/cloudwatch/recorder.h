// Recorder: the metrics of the services, and those embedded in logs, on their way to the store.
//
// record() adds to sums that the calling thread shares with few others, and returns: no series is
// locked, nothing is allocated most of the time, and a metric that has many sets of dimensions is
// added up once for all of them. One thread hands the sums on to the store, every second while
// anything comes; idle, it sleeps. Readers settle() first, so that they see what was recorded
// before. A crash loses what was not yet written, at most a second: nobody was told of it. Samples
// with a time of their own are kept one by one until then: past kMaxBuffered one is dropped and
// counted, and the log says so.
//
// Thread-safe. stop() writes what is left and joins.
#pragma once

#include <array>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "services/cloudwatch/metric_store.h"

namespace dew::cloudwatch {

inline constexpr std::chrono::seconds kRecordInterval{1};
inline constexpr size_t kBufferShards = 16;
inline constexpr size_t kMaxBuffered = 1 << 18;  // of one shard

// Series that always get the same values: a metric with each of its sets of dimensions. And what
// they got since the recorder has last handed it on, apart for the threads of each shard.
class SeriesGroup {
 private:
  friend class Recorder;
  std::vector<Series*> series_;
  std::array<std::unique_ptr<Aggregate>, kBufferShards> sums_;  // each under its shard's lock
};

class Recorder {
 public:
  struct Value {
    SeriesGroup* group;
    double value;
  };
  struct Sample {
    Series* series;
    double value;
    int64_t time_s;
    double weight = 1;
    bool high = false;
  };

  Recorder(MetricStore& store, const Clock& clock);
  ~Recorder();

  // Of these series, which may be null: nothing is recorded of them. Lives as long as this.
  SeriesGroup* group(std::vector<Series*> series);
  // Of now, at a minute's resolution. A group may be null: nothing is recorded.
  void record(std::span<const Value> values);
  void record(std::span<const Sample> samples);
  // Everything recorded before the call is in the store, and readable, when it returns.
  void settle();
  void stop();

  // Called at the beginning of each turn, to record more. Set before anything is recorded.
  void set_source(std::function<void()> source) { source_ = std::move(source); }
  // There is something to do.
  void wake();

 private:
  struct Sum {
    const SeriesGroup* group;
    int64_t minute_s;
    Aggregate values;
  };
  struct alignas(64) Shard {
    size_t index = 0;
    std::mutex mutex;
    int64_t minute_s = 0;
    std::vector<SeriesGroup*> groups;  // whose sums of that minute are not empty
    std::vector<Sum> older;            // of the minutes before
    std::vector<Sample> samples;
    uint64_t dropped = 0;
  };

  Shard& own_shard();
  // With the shard's lock.
  static void close_minute(Shard& shard);
  void add(Series& series, int64_t time_s, bool high, const Aggregate& values);
  void settle_samples(std::span<const Sample> samples);
  void run();

  MetricStore& store_;
  const Clock& clock_;
  std::array<Shard, kBufferShards> shards_;
  std::mutex groups_mutex_;
  std::map<std::vector<Series*>, std::unique_ptr<SeriesGroup>> groups_;
  std::function<void()> source_;
  std::atomic<bool> waiting_{false};  // something was recorded since the last turn
  std::mutex settling_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace dew::cloudwatch
