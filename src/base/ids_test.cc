#include "base/ids.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace dew {
namespace {

TEST(Ids, UuidsAreVersion4AndDistinctAcrossThreads) {
  const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  std::vector<std::vector<std::string>> made(4);
  std::vector<std::thread> threads;
  for (auto& list : made) {
    threads.emplace_back([&list] {
      for (int i = 0; i < 1000; ++i) list.push_back(uuid_v4());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& list : made) all.insert(list.begin(), list.end());
  EXPECT_EQ(all.size(), 4000u);
  EXPECT_TRUE(std::regex_match(*all.begin(), form)) << *all.begin();
}

TEST(Ids, HaveTheLengthAndAlphabetAskedFor) {
  EXPECT_EQ(random_hex(7).size(), 7u);
  EXPECT_EQ(random_alnum(10).find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789"),
            std::string::npos);
  EXPECT_EQ(random_upper_alnum(16).find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
            std::string::npos);
}

TEST(Clock, FormatsAsTheProtocolsNeed) {
  const TimePoint time(std::chrono::microseconds(1'767'225'599'987'654));
  EXPECT_EQ(iso8601_ms(time), "2025-12-31T23:59:59.987Z");
  EXPECT_EQ(iso8601(time), "2025-12-31T23:59:59Z");
  EXPECT_EQ(http_date(time), "Wed, 31 Dec 2025 23:59:59 GMT");
}

TEST(Clock, ManualNeverGoesBack) {
  ManualClock clock(TimePoint(std::chrono::microseconds(5'000'000)));
  clock.advance(std::chrono::seconds(2));
  clock.advance(std::chrono::seconds(-10));
  EXPECT_EQ(clock.now_ms(), 7000);
  EXPECT_DOUBLE_EQ(clock.now_seconds(), 7.0);
}

}  // namespace
}  // namespace dew
