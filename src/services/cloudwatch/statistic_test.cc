#include "services/cloudwatch/statistic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace dew::cloudwatch {
namespace {

Aggregate numbers(int first, int last) {
  Aggregate out;
  for (int i = first; i <= last; ++i) out.add(i);
  return out;
}

TEST(Statistic, ComputesWhatTheDefinitionsSay) {
  struct Case {
    const char* name;
    double of_one_to_hundred;
  };
  // The statistics of Statistics-definitions, of the values 1 to 100. Those are more than are kept
  // exactly: a value is within one per cent, and one at a boundary may fall to either side.
  const Case cases[] = {
      {"SampleCount", 100}, {"Sum", 5050},      {"Average", 50.5},  {"Minimum", 1},
      {"Maximum", 100},     {"p0", 1},          {"p50", 50},        {"p95", 95},
      {"p99.9", 100},       {"p100", 100},      {"tm90", 45.5},     {"TM(2%:98%)", 50.5},
      {"TM(:95%)", 48},     {"TM(90%:)", 95.5}, {"tc90", 90},       {"TC(80%:)", 20},
      {"ts90", 4095},       {"TS(80%:)", 1810}, {"wm98", 50.47},    {"WM(10%:90%)", 50.45},
      {"PR(:30)", 30},      {"PR(10:20)", 10},  {"TM(15:100)", 58}, {"IQM", 50.5},
      {"TC(0.005:30)", 30}, {"iqm", 50.5},
  };
  const auto values = numbers(1, 100);
  for (const auto& [name, expected] : cases) {
    const auto statistic = Statistic::parse(name);
    ASSERT_TRUE(statistic) << name;
    const auto got = statistic->of(values);
    ASSERT_TRUE(got) << name;
    EXPECT_NEAR(*got, expected,
                std::max(0.011 * expected, name[0] == 'P' || name[0] == 'T' ? 1.01 : 0.0))
        << name;
  }
}

TEST(Statistic, IsExactForFewValues) {
  const auto values = numbers(1, 10);
  const auto of = [&](const char* name) { return *Statistic::parse(name)->of(values); };
  EXPECT_EQ(of("p50"), 5);
  EXPECT_EQ(of("p90"), 9);
  EXPECT_EQ(of("p91"), 10);
  EXPECT_EQ(of("tm90"), 5);
  EXPECT_EQ(of("tc90"), 9);
  EXPECT_EQ(of("ts90"), 45);
  EXPECT_DOUBLE_EQ(of("wm90"), 5.4);
  EXPECT_EQ(of("PR(:3)"), 30);
  EXPECT_EQ(of("PR(3:5)"), 20);
  EXPECT_EQ(of("TM(3:5)"), 4.5);
  EXPECT_EQ(of("IQM"), 5.5);
}

TEST(Statistic, RefusesOtherNames) {
  for (const auto* name :
       {"", "p", "p101", "p-1", "p1e1", "average", "tm", "tm101", "TM()", "TM(:)", "TM(5)",
        "TM(2%:98)", "TM(98%:2%)", "PR(1%:2%)", "pr99", "p99.00000000001", "TM(1:2", "xm90", "p+5"})
    EXPECT_FALSE(Statistic::parse(name)) << name;
}

TEST(Statistic, HasNoPercentileOfStatisticSets) {
  Aggregate values;
  values.add_set(3, 9, 3, 3);  // all the same: known
  EXPECT_EQ(Statistic::parse("p50")->of(values), 3);
  values.add_set(2, 3, 1, 2);
  EXPECT_FALSE(Statistic::parse("p50")->of(values));
  EXPECT_EQ(Statistic::parse("Average")->of(values), 2.4);
  EXPECT_EQ(Statistic::parse("Minimum")->of(values), 1);
}

TEST(Distribution, KeepsItsErrorBoundThroughMergesAndBytes) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> spread(3, 1.5);
  std::vector<double> all;
  Aggregate merged;
  for (int part = 0; part < 20; ++part) {
    Aggregate one;
    for (int i = 0; i < (part % 3 == 0 ? 20 : 500); ++i) {
      const double value = (i % 10 == 0 ? -1 : 1) * spread(random);
      all.push_back(value);
      one.add(value);
    }
    const auto stored = Aggregate::decode(one.encode());
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->encode(), one.encode());
    merged.merge(*stored);
  }
  std::sort(all.begin(), all.end());
  EXPECT_DOUBLE_EQ(merged.count, static_cast<double>(all.size()));
  for (const double p : {0.0, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const auto rank = static_cast<size_t>(std::ceil(p / 100 * static_cast<double>(all.size())));
    const double truth = all[rank == 0 ? 0 : rank - 1];
    Statistic statistic{.kind = Statistic::Kind::kPercentile, .percent = true, .low = p};
    EXPECT_NEAR(*statistic.of(merged), truth, 0.0101 * std::abs(truth)) << p;
  }
}

TEST(Distribution, StaysBoundedWhateverComes) {
  Distribution wide;
  for (int i = -360; i < 360; ++i) {
    for (int j = 0; j < 8; ++j) wide.add((i % 2 ? 1 : -1) * std::ldexp(1 + j / 8.0, i), 1);
  }
  EXPECT_LE(wide.points().size(), Distribution::kMaxBins);
  EXPECT_GT(wide.relative_error(), Distribution::kRelativeError);
  std::string bytes;
  wide.encode(bytes);
  EXPECT_LT(bytes.size(), 6000U);
  Distribution narrow;
  for (int i = 0; i < 100; ++i) narrow.add(1 + i, 1);
  EXPECT_NEAR(narrow.relative_error(), Distribution::kRelativeError, 1e-9);
  narrow.merge(wide);
  EXPECT_EQ(narrow.relative_error(), wide.relative_error());
  EXPECT_LE(narrow.points().size(), Distribution::kMaxBins);
}

}  // namespace
}  // namespace dew::cloudwatch
