#include "cli/duration.h"

#include <gtest/gtest.h>

namespace dew::cli {
namespace {

TEST(Duration, ReadsWhatAPersonWrites) {
  EXPECT_EQ(*parse_seconds("90"), 90);
  EXPECT_EQ(*parse_seconds("90s"), 90);
  EXPECT_EQ(*parse_seconds("1h30m"), 5400);
  EXPECT_EQ(*parse_seconds("7d"), 604800);
  EXPECT_EQ(*parse_seconds("-5m"), -300);
  for (const auto* text : {"", "-", "m", "5x", "1h-2m", "5 m", "99999999999999999999", "1.5h"})
    EXPECT_FALSE(parse_seconds(text)) << text;
}

}  // namespace
}  // namespace dew::cli
