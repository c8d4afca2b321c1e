#include "services/lambda/alias_shift.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace dew::lambda {
namespace {

std::string shown(const Alias& alias) {
  std::string out = alias.version;
  for (const auto& [version, weight] : alias.weights) out += fmt::format(" {}:{}", version, weight);
  return out + (alias.shifting_from.empty() ? "" : " from " + alias.shifting_from);
}

Alias moved(const Alias& before, std::string version) {
  Alias out = before;
  out.version = std::move(version);
  out.weights.clear();
  out.shifting_from.clear();
  return out;
}

TEST(AliasShift, FollowsWhatIsReady) {
  const Alias before{.name = "live", .version = "1"};
  Alias alias = moved(before, "2");
  begin_shift(alias, before, 4, 0);
  EXPECT_EQ(shown(alias), "2 1:1 from 1");
  EXPECT_FALSE(advance_shift(alias, 4, 0));
  EXPECT_TRUE(advance_shift(alias, 4, 1));
  EXPECT_EQ(shown(alias), "2 1:0.75 from 1");
  EXPECT_TRUE(advance_shift(alias, 4, 0));  // it ended
  EXPECT_EQ(shown(alias), "2 1:1 from 1");
  EXPECT_TRUE(advance_shift(alias, 4, 4));
  EXPECT_EQ(shown(alias), "2");
  EXPECT_FALSE(advance_shift(alias, 4, 4));
}

TEST(AliasShift, BeginsWithWhatIsThere) {
  const Alias before{.name = "live", .version = "1", .weights = {{"2", 0.25}}};
  Alias alias = moved(before, "2");
  begin_shift(alias, before, 4, 1);
  EXPECT_EQ(shown(alias), "2 1:0.75 from 1");
  alias = moved(before, "2");
  begin_shift(alias, before, 4, 4);
  EXPECT_EQ(shown(alias), "2");
}

// From 1 to 2, of which nothing or most is there, and on to 3, or back.
TEST(AliasShift, GoesOnFromWhoeverServesMost) {
  Alias before{.name = "live", .version = "2", .weights = {{"1", 1.0}}, .shifting_from = "1"};
  Alias alias = moved(before, "3");
  begin_shift(alias, before, 2, 0);
  EXPECT_EQ(shown(alias), "3 1:1 from 1");
  before.weights["1"] = 0.25;
  alias = moved(before, "3");
  begin_shift(alias, before, 2, 0);
  EXPECT_EQ(shown(alias), "3 2:1 from 2");
  before.weights["1"] = 1.0;
  alias = moved(before, "1");
  begin_shift(alias, before, 4, 3);
  EXPECT_EQ(shown(alias), "1 2:0.25 from 2");
}

TEST(AliasShift, EndsWithoutTouchingWeightsOfTheUsersOwn) {
  Alias alias{.name = "live", .version = "1", .weights = {{"2", 0.5}}};
  end_shift(alias);
  EXPECT_EQ(shown(alias), "1 2:0.5");
  alias.shifting_from = "2";
  end_shift(alias);
  EXPECT_EQ(shown(alias), "1");
}

}  // namespace
}  // namespace dew::lambda
