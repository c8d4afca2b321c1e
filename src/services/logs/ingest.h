// Ingest: how Lambda's log lines get into the store at full speed.
//
// append() moves the lines into their stream's buffer and returns; one thread writes all buffers
// every kFlushInterval, sooner when they grow. Readers flush first, so that they see what was
// appended before. A crash loses what was not yet flushed: log lines are not acknowledged writes.
//
// Memory is bounded by those who write much: append() says when a stream has kStreamBytes (or, when
// all together have kFullBytes, its kShareBytes), and whoever can wait then waits for when_room().
// What is appended regardless is dropped past kMaxBufferedBytes, counted, and told in a line of the
// stream's own. One stream that is full does not hold up the others.
//
// The thread has a low priority: when the machine is busy, whoever writes much waits, not whoever
// is invoked. Thread-safe. stop() flushes and joins; lines after it are dropped.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/timed_lines.h"
#include "services/logs/filters.h"
#include "services/logs/records.h"

namespace dew::logs {

inline constexpr std::chrono::milliseconds kFlushInterval{100};
inline constexpr size_t kFlushBytes = 2 * 1024 * 1024;         // buffered: flush at once
inline constexpr size_t kStreamBytes = 1024 * 1024;            // of a stream: it has no room
inline constexpr size_t kFullBytes = 16 * 1024 * 1024;         // of all: those with their share
inline constexpr size_t kShareBytes = 64 * 1024;               // have no room
inline constexpr size_t kMaxBufferedBytes = 64 * 1024 * 1024;  // of all: drop
// CloudWatch Logs' limit, with the 26 bytes that it counts beside a message; longer lines are cut.
// docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
inline constexpr size_t kMaxEventBytes = 1024 * 1024;

class Ingest {
 public:
  Ingest(Records& records, Filters& filters, const Clock& clock);
  ~Ingest();

  enum class Room { kEnough, kNone };

  // Appends to group/stream; both are made when absent. The lines are taken, whatever it says.
  Room append(std::string_view group, std::string_view stream, const TimedLines& lines);
  // Calls once the stream has room: at once if it has, else on the thread that flushes.
  void when_room(std::string_view group, std::string_view stream,
                 std::move_only_function<void()> call);
  // Everything appended before the call is in the store when it returns.
  void flush();
  void stop();

 private:
  struct Buffer {
    TimedLines lines;
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
  bool has_room(const Buffer& buffer) const;

  Records& records_;
  Filters& filters_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  Buffers buffers_;
  size_t bytes_ = 0;
  bool urgent_ = false;                                // flush now
  std::vector<std::move_only_function<void()>> full_;  // those who wait for room
  bool stopping_ = false;
  std::mutex flushing_;  // held while a batch is taken and written: flushes are in order
  std::thread thread_;
};

}  // namespace dew::logs
