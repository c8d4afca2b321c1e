#include "services/cloudformation/cidr.h"

#include <gtest/gtest.h>

namespace dew::cloudformation {
namespace {

std::string split(std::string_view block, int64_t count, int64_t bits) {
  const auto blocks = split_cidr(block, count, bits);
  if (!blocks) return blocks.error().message;
  std::string out;
  for (const auto& one : *blocks) out += (out.empty() ? "" : " ") + json::str(one);
  return out;
}

// The first and the second row are the examples of the function's page.
TEST(Cidr, Splits) {
  struct Case {
    const char* block;
    int64_t count, bits;
    const char* expected;
  };
  const Case cases[] = {
      {"192.168.0.0/24", 6, 5,
       "192.168.0.0/27 192.168.0.32/27 192.168.0.64/27 192.168.0.96/27 192.168.0.128/27 "
       "192.168.0.160/27"},
      {"10.0.0.0/16", 1, 8, "10.0.0.0/24"},
      {"10.0.255.7/16", 2, 8, "10.0.0.0/24 10.0.1.0/24"},
      {"10.0.0.0/24", 1, 8, "10.0.0.0/24"},
      {"0.0.0.0/0", 2, 31, "0.0.0.0/1 128.0.0.0/1"},
      {"0.0.0.0/0", 1, 32, "0.0.0.0/0"},
      {"2001:db8::/56", 3, 64, "2001:db8::/64 2001:db8:0:1::/64 2001:db8:0:2::/64"},
      {"::/0", 2, 127, "::/1 8000::/1"},
      {"::/0", 1, 128, "::/0"},
      {"10.0.0.0/24", 9, 5,
       "Template error: Fn::Cidr: 10.0.0.0/24 holds only 8 blocks of 5 subnet bits, not 9"},
      {"10.0.0.0/24", 1, 9,
       "Template error: Fn::Cidr: 10.0.0.0/24 holds no block of 9 subnet bits, only of 1 to 8"},
      {"10.0.0.0/24", 1, 0,
       "Template error: Fn::Cidr: 10.0.0.0/24 holds no block of 0 subnet bits, only of 1 to 8"},
      {"10.0.0.0/24", 0, 8, "Template error: Fn::Cidr: the count 0 is not between 1 and 256"},
      {"10.0.0.0/8", 257, 8, "Template error: Fn::Cidr: the count 257 is not between 1 and 256"},
      {"10.0.0.0", 1, 8, "Template error: Fn::Cidr: '10.0.0.0' is not a valid CIDR block"},
      {"10.0.0.0/33", 1, 8, "Template error: Fn::Cidr: '10.0.0.0/33' is not a valid CIDR block"},
      {"10.0.0/8", 1, 8, "Template error: Fn::Cidr: '10.0.0/8' is not a valid CIDR block"},
      {"10.0.0.0/8x", 1, 8, "Template error: Fn::Cidr: '10.0.0.0/8x' is not a valid CIDR block"},
      {"/8", 1, 8, "Template error: Fn::Cidr: '/8' is not a valid CIDR block"},
  };
  for (const auto& one : cases)
    EXPECT_EQ(split(one.block, one.count, one.bits), one.expected) << one.block;
  EXPECT_EQ(split_cidr("10.0.0.0/8", 256, 8)->size(), 256U);
  EXPECT_EQ(json::str(split_cidr("10.0.0.0/8", 256, 8)->back()), "10.0.255.0/24");
}

}  // namespace
}  // namespace dew::cloudformation
