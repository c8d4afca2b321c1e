#include "services/cloudwatch/time_series.h"

#include <algorithm>
#include <cmath>

namespace dew::cloudwatch {

Result<std::map<int64_t, Aggregate>> read_periods(const MetricStore& store,
                                                  std::span<Series* const> series, Window window,
                                                  int64_t period_s) {
  std::map<int64_t, Aggregate> out;
  for (auto* one : series) {
    TRY(const auto stored, store.read(*one, window.begin_s, window.end_s, period_s));
    for (const auto& period : stored) {
      const int64_t begin =
          window.begin_s + (period.begin_s - window.begin_s) / period_s * period_s;
      out[begin].merge(period.values);
    }
  }
  return out;
}

Result<TimeSeries> read_series(const MetricStore& store, const MetricQuery& query, Window window) {
  TimeSeries out;
  out.period_s = query.period_s;
  const auto series = store.find(query.metric, query.unit);
  TRY(const auto periods, read_periods(store, series, window, query.period_s));
  for (const auto& [begin, values] : periods) {
    if (const auto value = query.statistic.of(values)) out.values.emplace(begin, *value);
  }
  return out;
}

int64_t round_begin(double begin_s, int64_t now_s, int64_t period_s) {
  const auto begin = static_cast<int64_t>(std::floor(begin_s));
  const int64_t age = now_s - begin;
  int64_t step = 60;
  if (age > kLevels[2].kept_s) {
    step = 3600;
  } else if (age > kLevels[1].kept_s) {
    step = 300;
  } else if (period_s < 60) {
    step = period_s;
  }
  const int64_t rest = begin % step;
  return begin - (rest < 0 ? rest + step : rest);
}

bool valid_period(int64_t period_s) {
  return period_s == 1 || period_s == 5 || period_s == 10 || period_s == 30 ||
         (period_s > 0 && period_s % 60 == 0);
}

}  // namespace dew::cloudwatch
