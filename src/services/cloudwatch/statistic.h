// Statistic: what is asked of a metric's period, and how it is computed of the aggregate.
// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
//
// Names as AWS has them: SampleCount, Sum, Average, Minimum, Maximum; p99.9; tm90, TM(2%:98%),
// TM(150:1000), TM(:95%), TM(90%:); wm98, WM(10%:90%); tc90, TC(0.005:0.030); ts90, TS(80%:);
// PR(:300), PR(100:2000); IQM. Percentages have ten decimals at most. A boundary by value does not
// include the lower one and includes the upper one; a boundary by percentage counts the part of a
// value's weight that lies within. Pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "services/cloudwatch/aggregate.h"

namespace dew::cloudwatch {

struct Statistic {
  enum class Kind {
    kSampleCount,
    kSum,
    kAverage,
    kMinimum,
    kMaximum,
    kPercentile,      // low: the percentage
    kTrimmedMean,     // of what is within the bounds
    kWinsorizedMean,  // with what is without moved to the bounds
    kTrimmedCount,
    kTrimmedSum,
    kPercentileRank,  // how many percent of the values are within
  };
  Kind kind = Kind::kSum;
  bool percent = false;  // the bounds are percentages of the values, not values
  std::optional<double> low;
  std::optional<double> high;

  // nullopt: no statistic has this name.
  static std::optional<Statistic> parse(std::string_view name);
  // One of the five that alarms and GetMetricStatistics call Statistic; the others are extended.
  bool basic() const { return kind < Kind::kPercentile; }
  // nullopt: there is nothing to compute it of, or the values came as statistic sets.
  std::optional<double> of(const Aggregate& values) const;
};

}  // namespace dew::cloudwatch
