// Ingest: how Lambda's log lines get into the store at full speed.
//
// append() moves the lines into a buffer and returns; one thread writes all buffers as one batch
// every kFlushInterval, sooner when they grow. Readers flush first, so that they see what was
// appended before. Memory is bounded: past kMaxBufferedBytes lines are dropped and counted, and the
// stream says so in a line of its own. A crash loses what was not yet flushed: log lines are not
// acknowledged writes.
//
// Thread-safe. stop() flushes and joins; lines after it are dropped.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "services/logs/chunk.h"
#include "services/logs/filters.h"
#include "services/logs/records.h"

namespace dew::logs {

inline constexpr std::chrono::milliseconds kFlushInterval{100};
inline constexpr size_t kFlushBytes = 2 * 1024 * 1024;         // buffered: flush at once
inline constexpr size_t kMaxBufferedBytes = 16 * 1024 * 1024;  // buffered: drop
// CloudWatch Logs' limit, with the 26 bytes that it counts beside a message; longer lines are cut.
// docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
inline constexpr size_t kMaxEventBytes = 1024 * 1024;

class Ingest {
 public:
  Ingest(Records& records, Filters& filters, const Clock& clock);
  ~Ingest();

  // Appends to group/stream; both are made when absent.
  void append(std::string_view group, std::string_view stream, std::vector<Event>&& events);
  // Everything appended before the call is in the store when it returns.
  void flush();
  void stop();

 private:
  struct Buffer {
    std::vector<Event> events;
    uint64_t dropped = 0;
  };
  using Name = std::pair<std::string, std::string>;  // group, stream
  struct Less {
    using is_transparent = void;
    using View = std::pair<std::string_view, std::string_view>;
    bool operator()(const View& a, const View& b) const { return a < b; }
  };
  using Buffers = std::map<Name, Buffer, Less>;

  void run();
  void write(Buffers buffers);

  Records& records_;
  Filters& filters_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  Buffers buffers_;
  size_t bytes_ = 0;
  bool stopping_ = false;
  std::mutex flushing_;  // held while a batch is taken and written: flushes are in order
  std::thread thread_;
};

}  // namespace dew::logs
