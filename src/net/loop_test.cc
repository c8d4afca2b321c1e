#include "net/loop.h"

#include <gtest/gtest.h>

#include <future>

namespace dew::net {
namespace {

using namespace std::chrono_literals;

TEST(Loop, RunsTasksInOrderOnItsThread) {
  Loop loop;
  std::vector<int> seen;
  std::promise<void> done;
  for (int i = 0; i < 100; ++i) loop.post([&, i] { seen.push_back(i); });
  loop.post([&] {
    EXPECT_TRUE(loop.on_this_thread());
    EXPECT_EQ(Loop::current(), &loop);
    bool ran = false;
    loop.dispatch([&] { ran = true; });
    EXPECT_TRUE(ran);
    done.set_value();
  });
  done.get_future().get();
  ASSERT_EQ(seen.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(seen[i], i);
  EXPECT_FALSE(loop.on_this_thread());
  EXPECT_EQ(Loop::current(), nullptr);
}

TEST(Loop, SurvivesATaskThatThrows) {
  Loop loop;
  loop.post([] { throw std::runtime_error("oops"); });
  std::promise<void> done;
  loop.post([&] { done.set_value(); });
  done.get_future().get();
}

TEST(Timer, FiresInOrderOfTime) {
  Loop loop;
  std::vector<int> seen;
  std::promise<void> done;
  loop.post([&] {
    loop.after(30ms,
               [&] {
                 seen.push_back(3);
                 done.set_value();
               })
        .detach();
    loop.after(10ms, [&] { seen.push_back(1); }).detach();
    loop.after(20ms, [&] { seen.push_back(2); }).detach();
  });
  done.get_future().get();
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
}

TEST(Timer, CancelledNeverFires) {
  Loop loop;
  std::atomic<int> fired = 0;
  {
    Timer dropped = loop.after(1ms, [&] { ++fired; });
    Timer replaced = loop.after(1h, [&] { ++fired; });
    replaced = Timer();
  }
  // The cancelled ones leave the alarm set; what comes after still fires.
  std::promise<void> done;
  Timer last = loop.after(5ms, [&] { done.set_value(); });
  done.get_future().get();
  // One of 1 ms may have fired before it was dropped; the hour never.
  EXPECT_LE(fired, 1);
}

TEST(Timer, OutlivesItsLoop) {
  auto token = std::make_shared<int>(1);
  Timer timer;
  {
    Loop loop;
    timer = loop.after(1h, [token] {});
  }
  EXPECT_EQ(token.use_count(), 1);
  timer.cancel();
}

TEST(Timer, FromManyThreads) {
  Loop loop;
  std::atomic<int> fired = 0;
  std::vector<std::thread> threads;
  std::promise<void> all;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        Timer cancelled = loop.after(1h, [&] { ++fired; });
        loop.after(std::chrono::milliseconds(i % 7),
                   [&] {
                     if (++fired == 400) all.set_value();
                   })
            .detach();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  all.get_future().get();
  EXPECT_EQ(fired, 400);
}

TEST(Loop, DestroysWhatNeverRan) {
  auto token = std::make_shared<int>(1);
  {
    Loop loop;
    loop.post([&loop, token] { loop.post([token] {}); });
    loop.stop();
    loop.post([token] {});
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(Workers, RunsEverythingBeforeItEnds) {
  std::atomic<int> ran = 0;
  {
    Workers workers(3);
    for (int i = 0; i < 200; ++i) workers.post([&] { ++ran; });
    workers.post([] { throw std::runtime_error("oops"); });
  }
  EXPECT_EQ(ran, 200);
}

}  // namespace
}  // namespace dew::net
