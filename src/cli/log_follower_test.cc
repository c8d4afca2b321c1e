#include "cli/log_follower.h"

#include <gtest/gtest.h>

namespace dew::cli {
namespace {

TEST(Logs, StartTimes) {
  constexpr int64_t kNow = 1'700'000'000'000;
  EXPECT_EQ(parse_start_time("30m", kNow), kNow - 1'800'000);
  EXPECT_EQ(parse_start_time("2h", kNow), kNow - 7'200'000);
  EXPECT_EQ(parse_start_time("1d", kNow), kNow - 86'400'000);
  EXPECT_EQ(parse_start_time("1699999999999", kNow), 1'699'999'999'999);
  EXPECT_EQ(parse_start_time("2023-11-14T22:13:20", kNow), kNow);
  EXPECT_EQ(parse_start_time("2023-11-14T22:13:20Z", kNow), kNow);
  EXPECT_FALSE(parse_start_time("yesterday", kNow));
  EXPECT_FALSE(parse_start_time("", kNow));
}

}  // namespace
}  // namespace dew::cli
