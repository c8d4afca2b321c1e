#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

#include "base/movable_clock.h"

namespace dew {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(ManualClock, RunsWhatIsDueInOrderAndAtItsTime) {
  ManualClock clock(TimePoint(seconds(1000)));
  std::vector<std::pair<int, int64_t>> ran;
  const auto note = [&](int which) {
    return [&, which](const ClockHold&) { ran.emplace_back(which, clock.now_ms() / 1000); };
  };
  clock.after(seconds(20), note(2));
  clock.after(seconds(10), [&](const ClockHold&) {
    ran.emplace_back(1, clock.now_ms() / 1000);
    clock.after(seconds(5), note(3));  // due within the same move
    clock.after(seconds(500), note(9));
  });
  auto cancelled = clock.after(seconds(12), note(4));
  cancelled.cancel();
  clock.advance(seconds(60));
  EXPECT_EQ(ran, (std::vector<std::pair<int, int64_t>>{{1, 1010}, {3, 1015}, {2, 1020}}));
  EXPECT_EQ(clock.now_ms(), 1'060'000);
}

class Moving : public testing::Test {
 protected:
  Result<void> advance(std::chrono::microseconds by) {
    std::promise<Result<void>> moved;
    clock.advance(by, [&](Result<void> done) { moved.set_value(std::move(done)); });
    return moved.get_future().get();
  }
  std::vector<int64_t> saved;
  MovableClock clock{hours(1), [this](std::chrono::microseconds offset) -> Result<void> {
                       saved.push_back(offset.count());
                       return {};
                     }};
};

TEST_F(Moving, StepsFromDueTimeToDueTime) {
  const auto begin = clock.now();
  EXPECT_GE(begin, SystemClock().now() + hours(1) - seconds(1));
  std::vector<int> order;
  std::vector<TimePoint> times;
  std::thread elsewhere;
  clock.at(begin + minutes(10), [&](const ClockHold& hold) {
    order.push_back(1);
    times.push_back(clock.now());
    // What a task begins elsewhere is over before the clock goes on, and may make more due.
    elsewhere = std::thread([&, hold] {
      clock.at(begin + minutes(15), [&](const ClockHold&) {
        order.push_back(2);
        times.push_back(clock.now());
      });
    });
  });
  clock.at(begin + minutes(20), [&](const ClockHold&) {
    order.push_back(3);
    times.push_back(clock.now());
  });
  clock.start();
  ASSERT_TRUE(advance(hours(1)));
  elsewhere.join();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  const minutes due[] = {minutes(10), minutes(15), minutes(20)};
  for (size_t i = 0; i < times.size(); ++i) {
    EXPECT_GE(times[i], begin + due[i]);
    EXPECT_LT(times[i], begin + due[i] + minutes(4));
  }
  EXPECT_GE(clock.now(), begin + hours(1));
  EXPECT_EQ(clock.offset(), hours(2));
  EXPECT_EQ(saved, std::vector<int64_t>{std::chrono::microseconds(hours(2)).count()});
}

TEST_F(Moving, RefusesToGoBackAndTooFar) {
  clock.start();
  EXPECT_FALSE(advance(-seconds(1)));
  EXPECT_FALSE(advance(kMaxClockMove));
  EXPECT_EQ(clock.offset(), hours(1));
  EXPECT_TRUE(saved.empty());
}

TEST_F(Moving, RunsWhatIsDueByItself) {
  clock.start();
  std::promise<void> ran;
  clock.at(clock.now() - seconds(1), [&](const ClockHold&) { ran.set_value(); });
  ran.get_future().wait();
}

TEST_F(Moving, StopsInTheMiddleOfAMove) {
  const auto hold = clock.hold();
  clock.start();
  std::promise<Result<void>> moved;
  clock.advance(hours(1), [&](Result<void> done) { moved.set_value(std::move(done)); });
  clock.stop();
  moved.get_future().wait();
}

}  // namespace
}  // namespace dew
