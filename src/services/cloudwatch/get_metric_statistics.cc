// GetMetricStatistics.
// docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
#include <cmath>

#include "services/cloudwatch/errors.h"
#include "services/cloudwatch/service.h"
#include "services/cloudwatch/time_series.h"

namespace dew::cloudwatch {

namespace {

constexpr int64_t kMaxDatapoints = 1440;
constexpr int64_t kMaxPeriod_s = 86400;

struct Asked {
  std::string name;
  Statistic statistic;
};

aws::ApiResult<std::vector<Asked>> statistics_of(const json::Object& input) {
  std::vector<Asked> out;
  const auto* basic = json::array_at(input, "Statistics");
  const auto* extended = json::array_at(input, "ExtendedStatistics");
  if (!basic && !extended)
    return invalid_combination("Must specify either Statistics or ExtendedStatistics");
  for (const auto* list : {basic, extended}) {
    if (list == nullptr) continue;
    for (const auto& element : *list) {
      const auto name = json::str(element);
      const auto parsed = Statistic::parse(name);
      if (!parsed || parsed->basic() != (list == basic))
        return invalid_value(fmt::format("The value {} for parameter {} is not supported.", name,
                                         list == basic ? "Statistics" : "ExtendedStatistics"));
      out.push_back({name, *parsed});
    }
  }
  return out;
}

}  // namespace

Service::Answer Service::get_metric_statistics(aws::Call& call) {
  const auto& input = call.input;
  TRY(const auto asked, statistics_of(input));
  const int64_t period_s = json::int_at(input, "Period").value_or(60);
  const double start = json::number_at(input, "StartTime").value_or(0);
  const double end = json::number_at(input, "EndTime").value_or(0);
  if (!(start < end))
    return invalid_value("The parameter StartTime must be less than the parameter EndTime.");
  if (!valid_period(period_s) || period_s > kMaxPeriod_s)
    return invalid_value(
        fmt::format("The value {} for parameter Period is invalid: it must be 1, "
                    "5, 10, 30, or a multiple of 60, and 86400 at most.",
                    period_s));
  const auto points =
      static_cast<int64_t>(std::ceil((end - start) / static_cast<double>(period_s)));
  if (points > kMaxDatapoints)
    return invalid_combination(fmt::format(
        "You have requested up to {} datapoints, which exceeds the limit of {}. You may reduce the "
        "datapoints requested by increasing Period, or decreasing the time range.",
        points, kMaxDatapoints));
  recorder_.settle();
  const int64_t now_s = context_.clock.now_ms() / 1000;
  const Window window{round_begin(start, now_s, period_s), static_cast<int64_t>(std::ceil(end))};
  const Metric metric = read_metric(input);
  std::optional<Unit> unit;
  if (const auto name = json::string_at(input, "Unit")) unit = parse_unit(*name);
  json::Array datapoints;
  // Data of different units are not added up.
  for (auto* series : store_.find(metric, unit)) {
    TRY(const auto periods, read_periods(store_, std::span(&series, 1), window, period_s));
    for (const auto& [begin, values] : periods) {
      json::Object point{{"Timestamp", begin}, {"Unit", kUnits[series->unit]}};
      json::Object extended;
      for (const auto& [name, statistic] : asked) {
        const auto value = statistic.of(values);
        if (value) (statistic.basic() ? point : extended)[name] = *value;
      }
      if (!extended.empty()) point["ExtendedStatistics"] = std::move(extended);
      if (point.size() > 2) datapoints.push_back(std::move(point));
    }
  }
  return json::Object{{"Label", metric.name}, {"Datapoints", std::move(datapoints)}};
}

}  // namespace dew::cloudwatch
