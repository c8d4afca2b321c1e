#include "base/whole_number.h"

#include <gtest/gtest.h>

#include <limits>

namespace dew {
namespace {

TEST(WholeNumber, IsWhatAnIntegerCanHold) {
  EXPECT_EQ(whole_number(0.0), 0);
  EXPECT_EQ(whole_number(-42.0), -42);
  EXPECT_EQ(whole_number(-0x1p63), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(whole_number(1.5), std::nullopt);
  EXPECT_EQ(whole_number(0x1p63), std::nullopt);
  EXPECT_EQ(whole_number(4.4e79), std::nullopt);
  EXPECT_EQ(whole_number(std::numeric_limits<double>::infinity()), std::nullopt);
  EXPECT_EQ(whole_number(std::numeric_limits<double>::quiet_NaN()), std::nullopt);
}

}  // namespace
}  // namespace dew
