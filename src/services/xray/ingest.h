// Ingest: how segments get into the store at full speed.
//
// add() moves a segment into a buffer and returns; one thread checks and writes what has gathered,
// as one batch. Readers flush first, so that they see what was added before. Memory is bounded:
// past kMaxBufferedBytes segments are dropped and counted, and the log says so once a second. A
// crash loses what was not yet flushed: only PutTraceSegments acknowledges, and it does not come
// this way.
//
// Whoever is told (`written`) gets every segment that was written, on the flushing thread, and must
// not block.
//
// Thread-safe. stop() flushes and joins; what comes after it is dropped.
#pragma once

#include <condition_variable>
#include <span>
#include <thread>

#include "services/xray/trace_store.h"

namespace dew::xray {

inline constexpr std::chrono::milliseconds kFlushInterval{200};
inline constexpr size_t kFlushBytes = 1024 * 1024;             // buffered: flush at once
inline constexpr size_t kMaxBufferedBytes = 16 * 1024 * 1024;  // buffered: drop

class Ingest {
 public:
  using Written = std::function<void(const std::vector<Segment>&)>;

  Ingest(TraceStore& store, Written written);
  ~Ingest();

  void add(Segment segment);
  // Texts from clients that nobody has checked yet.
  void add_raw(std::vector<std::string> texts);
  // In the store when it returns, without the buffer.
  Result<void> write(const std::vector<Segment>& segments);
  // Everything added before the call is in the store when it returns.
  void flush();
  void stop();

  uint64_t received() const { return received_.load(std::memory_order_relaxed); }
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  void push(std::span<Segment> segments);
  void run();

  TraceStore& store_;
  Written written_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Segment> buffer_;  // without an id: raw
  size_t bytes_ = 0;
  bool stopping_ = false;
  uint64_t dropped_unsaid_ = 0;
  std::atomic<uint64_t> received_ = 0;
  std::atomic<uint64_t> dropped_ = 0;
  std::atomic<uint64_t> refused_ = 0;
  std::mutex flushing_;  // held while a batch is taken and written: flushes are in order
  std::thread thread_;
};

}  // namespace dew::xray
