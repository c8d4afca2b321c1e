#include "base/movable_clock.h"

namespace dew {

namespace {

// now() notes what it gave this often only: a note costs every core its copy of the cache line.
constexpr int64_t kNoteEvery_us = 1000;
// The thread looks at least this often: the machine's clock may have been set.
constexpr std::chrono::minutes kLongestSleep{1};

int64_t machine_us() { return SystemClock().now().time_since_epoch().count(); }

}  // namespace

MovableClock::MovableClock(std::chrono::microseconds offset, Persist persist)
    : persist_(std::move(persist)), offset_(offset.count()) {}

MovableClock::~MovableClock() { stop(); }

TimePoint MovableClock::now() const {
  const int64_t now = machine_us() + offset_.load(std::memory_order_relaxed);
  const int64_t latest = latest_.load(std::memory_order_relaxed);
  if (now < latest) return TimePoint(std::chrono::microseconds(latest));
  if (now - latest > kNoteEvery_us) latest_.store(now, std::memory_order_relaxed);
  return TimePoint(std::chrono::microseconds(now));
}

DueTimer MovableClock::at(TimePoint due, ClockTask task) {
  const auto first = queue_.next();
  auto timer = queue_.add(due, std::move(task));
  if (!first || due < *first) {
    const std::scoped_lock lock(mutex_);
    changed_ = true;
    wake_.notify_all();
  }
  return timer;
}

void MovableClock::start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void MovableClock::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  queue_.stop();
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void MovableClock::advance(std::chrono::microseconds by, Done done) {
  const std::scoped_lock lock(mutex_);
  moves_.push_back({by, std::move(done)});
  wake_.notify_all();
}

void MovableClock::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!moves_.empty()) {
      Move move = std::move(moves_.front());
      moves_.pop_front();
      lock.unlock();
      auto moved = step(move.by);
      move.done(std::move(moved));
      lock.lock();
      continue;
    }
    changed_ = false;
    lock.unlock();
    while (queue_.run_next(now())) {
    }
    const auto next = queue_.next();
    lock.lock();
    const auto woken = [&] { return stopping_ || changed_ || !moves_.empty(); };
    if (next) {
      const auto left = std::chrono::duration_cast<std::chrono::microseconds>(*next - now());
      wake_.wait_for(lock, std::min<std::chrono::microseconds>(left, kLongestSleep), woken);
    } else {
      wake_.wait(lock, woken);
    }
  }
  while (!moves_.empty()) {
    moves_.front().done(fail(ErrorKind::kUnavailable, "the cloud is stopping"));
    moves_.pop_front();
  }
}

Result<void> MovableClock::step(std::chrono::microseconds by) {
  const int64_t target = offset_.load() + by.count();
  if (by.count() < 0)
    return fail(ErrorKind::kInvalid, "the clock never goes backwards: give a time above zero");
  if (target > std::chrono::microseconds(kMaxClockMove).count())
    return fail(ErrorKind::kInvalid, "the clock moves ten years at most");
  if (persist_) CHECK_OK(persist_(std::chrono::microseconds(target)));
  // What is under way was begun before the move, and ends before it.
  queue_.wait_for_holds();
  while (true) {
    const auto next = queue_.next();
    const int64_t machine = machine_us();
    if (!next || next->time_since_epoch().count() > machine + target) break;
    const int64_t needed = next->time_since_epoch().count() - machine;
    if (needed > offset_.load()) offset_.store(needed);
    // A microsecond of the machine's may be missing still.
    if (!queue_.run_next(std::max(now(), *next))) break;  // stopped
    queue_.wait_for_holds();
  }
  offset_.store(target);
  return {};
}

}  // namespace dew
