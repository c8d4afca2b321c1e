#include "base/clock.h"

#include <fmt/format.h>

#include <ctime>

#include "base/due_queue.h"

namespace dew {

namespace {

std::tm utc(TimePoint time) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm out{};
  gmtime_r(&seconds, &out);
  return out;
}

int64_t millis(TimePoint time) {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

}  // namespace

int64_t Clock::now_ms() const { return millis(now()); }
double Clock::now_seconds() const { return static_cast<double>(now_ms()) / 1000.0; }

TimePoint SystemClock::now() const {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

ManualClock::ManualClock(TimePoint start)
    : now_(start.time_since_epoch().count()), queue_(std::make_unique<DueQueue>()) {}
ManualClock::~ManualClock() = default;

DueTimer ManualClock::at(TimePoint due, ClockTask task) {
  return queue_->add(due, std::move(task));
}

ClockHold ManualClock::hold() { return queue_->hold(); }

void ManualClock::advance(std::chrono::microseconds by) {
  const int64_t target = now_ + std::max<int64_t>(by.count(), 0);
  queue_->wait_for_holds();
  while (const auto next = queue_->next()) {
    const int64_t due = next->time_since_epoch().count();
    if (due > target) break;
    if (due > now_) now_ = due;
    queue_->run_next(now());
    queue_->wait_for_holds();
  }
  now_ = target;
}

std::string iso8601_ms(TimePoint time) {
  const std::tm tm = utc(time);
  const int64_t ms = ((millis(time) % 1000) + 1000) % 1000;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", tm.tm_year + 1900, tm.tm_mon + 1,
                     tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ms);
}

std::string iso8601(TimePoint time) {
  const std::tm tm = utc(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", tm.tm_year + 1900, tm.tm_mon + 1,
                     tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

std::string http_date(TimePoint time) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm tm = utc(time);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[tm.tm_wday], tm.tm_mday,
                     kMonths[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

}  // namespace dew
