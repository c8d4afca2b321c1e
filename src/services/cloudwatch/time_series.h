// TimeSeries: values at times; and how one is read of a stored metric. What GetMetricData,
// GetMetricStatistics, metric math and alarms share.
#pragma once

#include <map>
#include <string>

#include "services/cloudwatch/metric_store.h"
#include "services/cloudwatch/statistic.h"

namespace dew::cloudwatch {

// [begin, end), in seconds since the epoch.
struct Window {
  int64_t begin_s = 0;
  int64_t end_s = 0;
};

struct TimeSeries {
  std::string id;  // of the query that it comes from
  std::string label;
  int64_t period_s = 60;
  std::map<int64_t, double> values;  // by the begin of the period, in seconds
};

// Statistics of one metric: which, of what unit, in periods of what length.
struct MetricQuery {
  Metric metric;
  Statistic statistic;
  std::string statistic_name;
  int64_t period_s = 60;
  std::optional<Unit> unit;
};

// The aggregates of consecutive periods that begin at window.begin_s; those without values are left
// out. All units are added up unless one is asked for.
Result<std::map<int64_t, Aggregate>> read_periods(const MetricStore& store,
                                                  std::span<Series* const> series, Window window,
                                                  int64_t period_s);

Result<TimeSeries> read_series(const MetricStore& store, const MetricQuery& query, Window window);

// How CloudWatch rounds the begin of a time range: down to what is still told apart at that age, or
// to a period of less than a minute. docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/
// API_GetMetricData.html (StartTime)
int64_t round_begin(double begin_s, int64_t now_s, int64_t period_s);

// 1, 5, 10, 30, and multiples of 60.
bool valid_period(int64_t period_s);

}  // namespace dew::cloudwatch
