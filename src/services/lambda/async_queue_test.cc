// Events without functions: the test is the invoker, and moves the clock.
#include "services/lambda/async_queue.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>

#include "base/movable_clock.h"
#include "store/memory/memory_store.h"

namespace dew::lambda {
namespace {

using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class NoCalls final : public aws::Caller {
 public:
  aws::ApiResult<json::Value> call(const aws::Identity&, std::string_view, std::string_view,
                                   json::Object) override {
    return aws::fail("AccessDenied", "no", 403);
  }
};

// What the queue began, until the test says how it ended.
class Begun {
 public:
  struct One {
    InvokeRequest request;
    Done done;
  };
  void add(InvokeRequest request, Done done) {
    const std::scoped_lock lock(mutex_);
    begun_.push_back({std::move(request), std::move(done)});
    changed_.notify_all();
  }
  One take() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, seconds(20), [&] { return !begun_.empty(); })) {
      throw std::runtime_error("nothing began");
    }
    One out = std::move(begun_.front());
    begun_.erase(begun_.begin());
    return out;
  }
  size_t size() {
    const std::scoped_lock lock(mutex_);
    return begun_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<One> begun_;
};

Outcome succeeded() { return {.kind = Outcome::Kind::kPayload, .payload = "1"}; }
Outcome failed() { return {.kind = Outcome::Kind::kFunctionError, .payload = "{}"}; }
Outcome throttled() { return {.kind = Outcome::Kind::kThrottled}; }

class AsyncQueueTest : public ::testing::Test {
 protected:
  AsyncQueueTest() { begin_life(); }
  ~AsyncQueueTest() override { end_life(); }

  void begin_life() {
    clock_ = std::make_unique<MovableClock>(moved_);
    context_ = std::make_unique<services::Context>(
        services::Context{config_, *clock_, *store_, caller_, loops_, workers_});
    queue_ = std::make_unique<AsyncQueue>(
        *context_,
        [this](InvokeRequest request, Done done) {
          begun_.add(std::move(request), std::move(done));
        },
        [this](const std::string&) { return policy_; });
    queue_->set_dropped([this](const std::string& function) { dropped_.push_back(function); });
    ASSERT_TRUE(queue_->load());
  }
  // As at a kill: what is in memory is gone, what is in the store stays.
  void end_life() {
    clock_->stop();
    queue_->stop();
    settle();  // a post that was on its way finds the queue stopped
    queue_.reset();
  }
  void next_life() {
    end_life();
    begin_life();
  }
  void settle() {
    std::promise<void> passed;
    loops_.first().post([&] { passed.set_value(); });
    passed.get_future().get();
  }
  void add(std::string id, std::string payload = "{}") {
    InvokeRequest request{.function = "f", .payload = std::move(payload)};
    request.request_id = std::move(id);
    const auto added = queue_->add(std::move(request));
    ASSERT_TRUE(added) << added.error().message;
    ASSERT_TRUE(*added);
  }
  void advance(microseconds by) {
    std::promise<void> arrived;
    clock_->advance(by, [&](Result<void>) { arrived.set_value(); });
    arrived.get_future().get();
    moved_ += by;
    settle();
  }
  size_t stored() {
    const auto cursor = store_->cursor("", "\xff");
    size_t count = 0;
    for (; cursor->valid(); cursor->next()) ++count;
    return count;
  }

  services::Config config_;
  std::unique_ptr<store::Store> store_ = store::make_memory_store();
  NoCalls caller_;
  net::Loops loops_{1};
  net::Workers workers_{1};
  EventPolicy policy_;
  Begun begun_;
  std::vector<std::string> dropped_;
  microseconds moved_{};
  std::unique_ptr<MovableClock> clock_;
  std::unique_ptr<services::Context> context_;
  std::unique_ptr<AsyncQueue> queue_;
};

TEST_F(AsyncQueueTest, RunsAtOnceAndLeavesTheStoreOnceItSucceeded) {
  add("a", R"({"n":1})");
  EXPECT_EQ(stored(), 1U);
  auto one = begun_.take();
  EXPECT_EQ(one.request.function, "f");
  EXPECT_EQ(one.request.payload, R"({"n":1})");
  EXPECT_EQ(one.request.request_id, "a");
  EXPECT_TRUE(one.request.log_first);
  EXPECT_EQ(stored(), 1U);
  one.done(succeeded());
  EXPECT_EQ(stored(), 0U);
  EXPECT_TRUE(dropped_.empty());
}

TEST_F(AsyncQueueTest, TriesAFunctionErrorAgainAfterOneMinuteAndThenTwo) {
  clock_->start();
  add("a");
  begun_.take().done(failed());
  advance(seconds(58));
  EXPECT_EQ(begun_.size(), 0U);
  // The move ends only when what became due in it is done.
  for (const auto wait : {seconds(3), seconds(121)}) {
    std::promise<void> arrived;
    clock_->advance(wait, [&](Result<void>) { arrived.set_value(); });
    moved_ += wait;
    auto again = begun_.take();
    EXPECT_EQ(again.request.request_id, "a");
    EXPECT_TRUE(dropped_.empty());
    again.done(failed());
    arrived.get_future().get();
  }
  EXPECT_EQ(dropped_, std::vector<std::string>{"f"});
  EXPECT_EQ(stored(), 0U);
}

TEST_F(AsyncQueueTest, GivesUpAtOnceWhenThePolicyAllowsNoRetry) {
  policy_.retries = 0;
  add("a");
  begun_.take().done(failed());
  EXPECT_EQ(dropped_, std::vector<std::string>{"f"});
  EXPECT_EQ(stored(), 0U);
}

TEST_F(AsyncQueueTest, AThrottleIsNoFailureOfTheFunction) {
  policy_.retries = 0;
  clock_->start();
  add("a");
  begun_.take().done(throttled());
  EXPECT_EQ(stored(), 1U);
  begun_.take().done(succeeded());  // after a second
  EXPECT_EQ(stored(), 0U);
  EXPECT_TRUE(dropped_.empty());
}

TEST_F(AsyncQueueTest, GivesUpWhatWouldBeTooOld) {
  policy_ = {.retries = 2, .max_age_seconds = 70};
  add("a");
  begun_.take().done(failed());  // due again in a minute: still young enough
  EXPECT_EQ(stored(), 1U);
  policy_.max_age_seconds = 50;
  add("b");
  begun_.take().done(failed());
  EXPECT_EQ(stored(), 1U);
  EXPECT_EQ(dropped_, std::vector<std::string>{"f"});
}

TEST_F(AsyncQueueTest, RunsAgainInTheNextLifeWithItsFailuresCounted) {
  policy_.retries = 1;
  add("a", R"({"n":1})");
  begun_.take().done(failed());
  moved_ += minutes(2);
  next_life();
  clock_->start();
  auto again = begun_.take();
  EXPECT_EQ(again.request.request_id, "a");
  EXPECT_EQ(again.request.payload, R"({"n":1})");
  again.done(failed());
  EXPECT_EQ(dropped_, std::vector<std::string>{"f"});
  EXPECT_EQ(stored(), 0U);
}

TEST_F(AsyncQueueTest, WhatRanWhenTheLifeEndedRunsAgain) {
  add("a");
  auto lost = begun_.take();
  next_life();
  clock_->start();
  EXPECT_EQ(begun_.take().request.request_id, "a");
}

TEST_F(AsyncQueueTest, AReviewChangesPayloadsAndDropsWhatNobodyWaitsFor) {
  add("keep", "1");
  add("change", "2");
  add("drop", "3");
  for (int i = 0; i < 3; ++i) begun_.take();
  next_life();
  queue_->review([](std::string payload) -> std::optional<std::string> {
    if (payload == "3") return std::nullopt;
    return payload == "2" ? "22" : payload;
  });
  EXPECT_EQ(stored(), 2U);
  clock_->start();
  std::map<std::string, std::string> ran;
  for (int i = 0; i < 2; ++i) {
    auto one = begun_.take();
    ran[one.request.request_id] = one.request.payload;
    one.done(succeeded());
  }
  EXPECT_EQ(ran, (std::map<std::string, std::string>{{"keep", "1"}, {"change", "22"}}));
  EXPECT_TRUE(dropped_.empty());
  EXPECT_EQ(stored(), 0U);
}

TEST_F(AsyncQueueTest, HeldBackNothingBeginsAndNothingIsDoneWith) {
  add("running");
  auto running = begun_.take();
  queue_->hold_back();
  add("late");  // acknowledged: stored
  settle();
  EXPECT_EQ(begun_.size(), 0U);
  running.done(succeeded());  // whom it wanted to tell was gone: it counts as not done
  EXPECT_EQ(stored(), 2U);
  next_life();
  clock_->start();
  std::vector<std::string> again = {begun_.take().request.request_id,
                                    begun_.take().request.request_id};
  std::ranges::sort(again);
  EXPECT_EQ(again, (std::vector<std::string>{"late", "running"}));
}

TEST_F(AsyncQueueTest, AStoppedQueueTakesNothing) {
  queue_->stop();
  InvokeRequest request{.function = "f", .payload = "{}"};
  request.request_id = "a";
  const auto added = queue_->add(std::move(request));
  ASSERT_TRUE(added);
  EXPECT_FALSE(*added);
  EXPECT_EQ(stored(), 0U);
}

}  // namespace
}  // namespace dew::lambda
