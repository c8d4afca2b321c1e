// Clock: the one source of wall-clock time. Everything that stamps, expires or waits reads it, so
// that a test moves time instead of sleeping. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace dew {

using TimePoint = std::chrono::sys_time<std::chrono::microseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;

  int64_t now_ms() const;      // milliseconds since the epoch
  double now_seconds() const;  // seconds since the epoch, with milliseconds
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override;
};

// While somebody has one, a clock that is being moved does not go on to what is due next. Held by
// what a task has begun and not ended. May be given up on any thread.
using ClockHold = std::shared_ptr<void>;
using ClockTask = std::function<void(const ClockHold&)>;

// A task that waits for its time. Dropping it changes nothing; cancel() does: the task does not run
// unless it already does.
class DueTimer {
 public:
  DueTimer() = default;
  explicit DueTimer(std::function<void()> cancel) : cancel_(std::move(cancel)) {}
  void cancel() {
    if (cancel_) std::exchange(cancel_, nullptr)();
  }

 private:
  std::function<void()> cancel_;
};

// A clock on which something can wait: the cloud's is a MovableClock, the tests' a ManualClock.
class WaitableClock : public Clock {
 public:
  // Runs `task` once when now() has reached `due`, at once if it has. On the clock's thread, so a
  // task is short: what takes long goes elsewhere, with the hold.
  virtual DueTimer at(TimePoint due, ClockTask task) = 0;
  DueTimer after(std::chrono::microseconds delay, ClockTask task) {
    return at(now() + delay, std::move(task));
  }
  // For what is under way and may make something due.
  virtual ClockHold hold() = 0;
  // How far ahead of the machine's clock it is.
  virtual std::chrono::microseconds offset() const { return {}; }
};

class DueQueue;

// Stands still until advanced; never goes backwards. What is due runs inside advance(), step by
// step, on the thread that calls it.
class ManualClock final : public WaitableClock {
 public:
  explicit ManualClock(TimePoint start);
  ~ManualClock() override;
  TimePoint now() const override { return TimePoint(std::chrono::microseconds(now_.load())); }
  DueTimer at(TimePoint due, ClockTask task) override;
  ClockHold hold() override;
  void advance(std::chrono::microseconds by);

 private:
  std::atomic<int64_t> now_;
  std::unique_ptr<DueQueue> queue_;
};

// 2026-01-31T12:34:56.789Z
std::string iso8601_ms(TimePoint time);
// 2026-01-31T12:34:56Z
std::string iso8601(TimePoint time);
// Sat, 31 Jan 2026 12:34:56 GMT (RFC 9110 IMF-fixdate)
std::string http_date(TimePoint time);

}  // namespace dew
