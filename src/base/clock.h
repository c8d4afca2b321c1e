// Clock: the one source of wall-clock time. Everything that stamps, expires or waits reads it, so
// that a test moves time instead of sleeping. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

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

// Stands still until advanced; never goes backwards.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimePoint start) : now_(start.time_since_epoch().count()) {}
  TimePoint now() const override { return TimePoint(std::chrono::microseconds(now_.load())); }
  void advance(std::chrono::microseconds by) {
    if (by.count() > 0) now_ += by.count();
  }

 private:
  std::atomic<int64_t> now_;
};

// 2026-01-31T12:34:56.789Z
std::string iso8601_ms(TimePoint time);
// 2026-01-31T12:34:56Z
std::string iso8601(TimePoint time);
// Sat, 31 Jan 2026 12:34:56 GMT (RFC 9110 IMF-fixdate)
std::string http_date(TimePoint time);

}  // namespace dew
