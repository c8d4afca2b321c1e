// DueQueue: tasks by the time at which they are due, and the holds that keep a moved clock from
// going on. What MovableClock and ManualClock share.
//
// Tasks of one time run in the order in which they came. Thread-safe; tasks run on the thread that
// calls run_next(), with nothing locked.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/clock.h"

namespace dew {

class DueQueue {
 public:
  DueQueue() : state_(std::make_shared<State>()) {}

  DueTimer add(TimePoint due, ClockTask task);
  // When the first task is due; nullopt: there is none.
  std::optional<TimePoint> next() const;
  // Runs the first task if it is due by `now`. false: none is.
  bool run_next(TimePoint now);
  size_t size() const;

  ClockHold hold();
  // Blocks until nobody holds, or until stop().
  void wait_for_holds();
  void stop();

 private:
  friend class DueTimer;
  struct State {
    std::mutex mutex;
    std::condition_variable released;
    std::multimap<TimePoint, std::shared_ptr<ClockTask>> tasks;
    size_t holds = 0;
    bool stopped = false;
  };

  std::shared_ptr<State> state_;
};

}  // namespace dew
