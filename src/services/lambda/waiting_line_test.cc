#include "services/lambda/waiting_line.h"

#include <gtest/gtest.h>

#include <string>

#include "net/loop.h"

namespace dew::lambda {
namespace {

class Line : public testing::Test {
 protected:
  void push(const std::string& name, net::Loop* loop) {
    auto one = std::make_unique<Invocation>();
    one->request_id = name;
    one->loop = loop;
    line.push(std::move(one));
  }
  std::string take(const net::Loop* here) { return line.take(here)->request_id; }

  net::Loop one, two;
  WaitingLine line;
};

TEST_F(Line, IsServedInOrderByWhoeverIsOnNoLoop) {
  push("a", &one);
  push("b", nullptr);
  push("c", &two);
  EXPECT_EQ(line.front().request_id, "a");
  EXPECT_EQ(line.at(2).request_id, "c");
  EXPECT_EQ(take(nullptr), "a");
  EXPECT_EQ(line.take_first()->request_id, "b");
  EXPECT_EQ(take(nullptr), "c");
  EXPECT_TRUE(line.empty());
}

TEST_F(Line, PrefersTheFirstOfTheLoopThatAsks) {
  push("a", &one);
  push("b", &two);
  push("c", &two);
  EXPECT_EQ(take(&two), "b");
  EXPECT_EQ(take(&one), "a");
  EXPECT_EQ(take(&one), "c") << "nobody of its own waits";
}

TEST_F(Line, OvertakesTheFirstOnlySoOften) {
  push("first", &one);
  for (int i = 0; i < 3 * WaitingLine::kMaxOvertakes; ++i) push(std::to_string(i), &two);
  for (int i = 0; i < WaitingLine::kMaxOvertakes; ++i) EXPECT_EQ(take(&two), std::to_string(i));
  EXPECT_EQ(take(&two), "first");
  EXPECT_EQ(take(&two), std::to_string(WaitingLine::kMaxOvertakes));
}

TEST_F(Line, LooksNoFurtherThanItOvertakes) {
  for (int i = 0; i < WaitingLine::kMaxOvertakes; ++i) push(std::to_string(i), &one);
  push("far", &two);
  EXPECT_EQ(take(&two), "0");
  EXPECT_EQ(take(&two), "far") << "within reach now";
}

TEST_F(Line, WhoeverIsHandedBackIsFirstAndCountsItsOwnOvertakes) {
  push("a", &one);
  for (int i = 0; i < 2 * WaitingLine::kMaxOvertakes; ++i) push(std::to_string(i), &two);
  for (int i = 0; i < WaitingLine::kMaxOvertakes; ++i) take(&two);
  auto back = line.take_first();
  EXPECT_EQ(back->request_id, "a");
  line.push_first(std::move(back));
  EXPECT_EQ(line.front().request_id, "a");
  EXPECT_EQ(take(&two), std::to_string(WaitingLine::kMaxOvertakes));
  EXPECT_EQ(line.take_all().size(), WaitingLine::kMaxOvertakes);
  EXPECT_TRUE(line.empty());
}

}  // namespace
}  // namespace dew::lambda
