// The scheduler over real threads: order, bounds, and how it ends.
#include "services/cloudformation/steps.h"

#include <gtest/gtest.h>

#include <latch>

#include "services/cloudformation/threads.h"

namespace dew::cloudformation {
namespace {

const auto kAlways = [] { return ApiResult<bool>(true); };

Next step(std::function<void()> call, std::function<Next()> then = [] { return Next{}; }) {
  auto out = std::make_unique<Step>();
  out->call = [call = std::move(call), then = std::move(then)]() -> Record {
    call();
    return [then]() -> ApiResult<Next> { return then(); };
  };
  return out;
}

TEST(RunGraph, StartsEachAfterWhatItNeeds) {
  ThreadSteps steps;
  const Dependencies needs{{"a", {}}, {"b", {"a"}}, {"c", {"a"}}, {"d", {"b", "c", "elsewhere"}}};
  std::set<std::string> done;
  ASSERT_TRUE(run_graph(
      steps, {"d", "c", "b", "a"}, needs,
      [&](const std::string& name) -> ApiResult<Next> {
        for (const auto& other : needs.at(name)) {
          EXPECT_TRUE(other == "elsewhere" || done.contains(other)) << name << " before " << other;
        }
        return step([] {},
                    [&, name] {
                      done.insert(name);
                      return Next{};
                    });
      },
      kAlways));
  EXPECT_EQ(done.size(), 4u);
}

TEST(RunGraph, CallsAreMadeSideBySideUpToTheLimit) {
  ThreadSteps steps;
  std::vector<std::string> order;
  for (size_t i = 0; i < 3 * kParallelCalls; ++i) order.push_back(std::to_string(i));
  std::latch together(static_cast<std::ptrdiff_t>(kParallelCalls));  // opens only if they all run
  std::atomic<size_t> now = 0;
  std::atomic<size_t> most = 0;
  std::atomic<size_t> started = 0;
  ASSERT_TRUE(run_graph(
      steps, order, {},
      [&](const std::string&) -> ApiResult<Next> {
        return step([&] {
          const auto running = ++now;
          for (auto seen = most.load();
               running > seen && !most.compare_exchange_weak(seen, running);) {
          }
          if (++started <= kParallelCalls) together.arrive_and_wait();
          --now;
        });
      },
      kAlways));
  EXPECT_EQ(most, kParallelCalls);
}

TEST(RunGraph, WaitsDoNotHoldUpCalls) {
  ThreadSteps steps;
  std::vector<std::string> order;
  for (size_t i = 0; i < kParallelCalls + 1; ++i) order.push_back(std::to_string(i));
  std::latch last(1);
  ASSERT_TRUE(run_graph(
      steps, order, {},
      [&](const std::string& name) -> ApiResult<Next> {
        auto out = step(
            [&, is_last = name == order.back()] { is_last ? last.count_down() : last.wait(); });
        if (name != order.back()) out->counts = Counts::kAsWait;
        return out;
      },
      kAlways));
}

TEST(RunGraph, NothingIsStartedOnceItMayNot) {
  ThreadSteps steps;
  int started = 0;
  ASSERT_TRUE(run_graph(
      steps, {"a", "b", "c"}, {{"b", {"a"}}, {"c", {"b"}}},
      [&](const std::string&) -> ApiResult<Next> {
        ++started;
        return step([] {});
      },
      [&] { return ApiResult<bool>(started < 2); }));
  EXPECT_EQ(started, 2);
}

TEST(RunGraph, AnErrorWaitsForTheOthersAndIsPassedOn) {
  ThreadSteps steps;
  std::atomic<bool> other = false;
  const auto outcome = run_graph(
      steps, {"other", "bad"}, {},
      [&](const std::string& name) -> ApiResult<Next> {
        if (name == "bad") return invalid("the store");
        return step([&] { other = true; });
      },
      kAlways);
  EXPECT_FALSE(outcome);
  EXPECT_TRUE(other);
}

TEST(RunGraph, ACircleIsStartedOneByOne) {
  ThreadSteps steps;
  int started = 0;
  ASSERT_TRUE(run_graph(
      steps, {"a", "b"}, {{"a", {"b"}}, {"b", {"a"}}},
      [&](const std::string&) -> ApiResult<Next> {
        ++started;
        return step([] {});
      },
      kAlways));
  EXPECT_EQ(started, 2);
}

TEST(OwnThreads, JoinWaitsForWhatRunsAndForgetsTheRest) {
  net::Loops loops(1);
  OwnThreads threads(loops);
  std::latch running(static_cast<std::ptrdiff_t>(kParallelOperations));
  std::latch go(1);
  std::atomic<size_t> ended = 0;
  std::atomic<bool> nested = false;
  for (size_t i = 0; i < kParallelOperations; ++i) {
    threads.start(
        [&] {
          running.count_down();
          go.wait();
          ++ended;
        },
        Admission::kInTurn);
  }
  running.wait();
  std::latch nested_done(1);
  threads.start(
      [&] {
        nested = true;
        nested_done.count_down();
      },
      Admission::kAtOnce);
  nested_done.wait();  // although every turn is taken
  std::atomic<size_t> late = 0;
  threads.start([&] { ++late; }, Admission::kInTurn);
  std::thread opener([&] { go.count_down(); });
  threads.join();
  opener.join();
  EXPECT_EQ(ended, kParallelOperations);
  EXPECT_LE(late, 1u);
  threads.start([&] { late = 99; }, Admission::kAtOnce);
  EXPECT_NE(late, 99u);
}

}  // namespace
}  // namespace dew::cloudformation
