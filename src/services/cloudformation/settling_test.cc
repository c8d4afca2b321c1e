#include "services/cloudformation/settling.h"

#include <gtest/gtest.h>

namespace dew::cloudformation {
namespace {

struct Late : Threads {
  void start(net::Task, Admission) override {}
  std::unique_ptr<Steps> steps() override { return nullptr; }
  void later(std::chrono::milliseconds delay, net::Task task) override {
    EXPECT_GT(delay.count(), 0);
    EXPECT_LE(delay, kSettlingTime);
    timers.push_back(std::move(task));
  }
  void join() override {}
  std::vector<net::Task> timers;
};

class Settled : public testing::Test {
 protected:
  Settled() {
    stack.id = "arn:one";
    stack.name = "one";
  }
  void ask(const std::string& name) {
    settling.when_settled(name, [this, name] { told.push_back(name); });
  }
  using Told = std::vector<std::string>;

  Stack stack;
  Late threads;
  Settling settling{threads};
  Told told;
};

TEST_F(Settled, NobodyWaitsForWhatIsNotUnderWay) {
  ask("one");
  settling.began(stack);
  ask("two");
  ask("");
  EXPECT_EQ(told, (Told{"one", "two", ""}));
}

TEST_F(Settled, TheEndLetsEverybodyGoOnce) {
  const auto number = settling.began(stack);
  ask("one");
  ask("arn:one");
  EXPECT_TRUE(told.empty());
  settling.ended("arn:two", number);
  EXPECT_TRUE(told.empty());
  settling.ended("arn:one", number);
  EXPECT_EQ(told, (Told{"one", "arn:one"}));
  for (auto& timer : threads.timers) timer();
  EXPECT_EQ(told.size(), 2U);
  ask("one");
  EXPECT_EQ(told.size(), 3U);
}

TEST_F(Settled, NobodyWaitsLonger) {
  const auto number = settling.began(stack);
  ask("one");
  threads.timers.at(0)();
  EXPECT_EQ(told, (Told{"one"}));
  settling.ended("arn:one", number);
  EXPECT_EQ(told.size(), 1U);
}

TEST_F(Settled, AnEndToldLateIsNotTheNextOperations) {
  const auto first = settling.began(stack);
  const auto second = settling.began(stack);
  ask("one");
  settling.ended("arn:one", first);
  EXPECT_TRUE(told.empty());
  settling.ended("arn:one", second);
  EXPECT_EQ(told, (Told{"one"}));
}

TEST_F(Settled, AStopLetsEverybodyGo) {
  settling.began(stack);
  ask("one");
  settling.stop();
  EXPECT_EQ(told, (Told{"one"}));
  settling.began(stack);
  ask("one");
  EXPECT_EQ(told.size(), 2U);
}

}  // namespace
}  // namespace dew::cloudformation
