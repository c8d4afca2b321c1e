// MovableClock: the cloud's clock. The machine's, plus an offset that `dew clock advance` adds to;
// and the one thread on which everything due runs.
//
// A move steps from one due time to the next: the clock is set to it, the task runs, what it holds
// (ClockHold) is waited for, then the next. So everything happens in the order, and with the times,
// that it would have had. Real time goes on meanwhile and counts.
//
// The offset never shrinks, and `persist` makes the new one durable before the first step, so that
// a crash in the middle leaves a clock that is at the move's end. Should the machine's clock be set
// back, now() stands still (give or take a millisecond) until it has caught up.
//
// Thread-safe. start() once what is due may run; stop() before anything that tasks refer to goes.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/due_queue.h"
#include "base/result.h"

namespace dew {

inline constexpr std::chrono::hours kMaxClockMove{24 * 366 * 10};  // of one move, and of all

class MovableClock final : public WaitableClock {
 public:
  using Persist = std::function<Result<void>(std::chrono::microseconds offset)>;
  using Done = std::move_only_function<void(Result<void>)>;

  explicit MovableClock(std::chrono::microseconds offset = {}, Persist persist = {});
  ~MovableClock() override;

  TimePoint now() const override;
  std::chrono::microseconds offset() const override {
    return std::chrono::microseconds(offset_.load());
  }
  DueTimer at(TimePoint due, ClockTask task) override;
  ClockHold hold() override { return queue_.hold(); }

  void start();
  void stop();

  // Moves the clock forward, after the moves asked for before. `done` runs on the clock's thread.
  void advance(std::chrono::microseconds by, Done done);
  size_t waiting() const { return queue_.size(); }

 private:
  struct Move {
    std::chrono::microseconds by;
    Done done;
  };

  void run();
  Result<void> step(std::chrono::microseconds by);

  const Persist persist_;
  std::atomic<int64_t> offset_;
  mutable std::atomic<int64_t> latest_{0};  // what now() has given
  DueQueue queue_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Move> moves_;
  bool changed_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace dew
