// The filters of a log group, compiled from their records.
// docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_MetricFilter.html,
// API_SubscriptionFilter.html
//
// Immutable once made, but for what a metric filter has counted of its dimensions, which belongs to
// the thread that runs filters.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "json/json.h"
#include "services/logs/field_selection.h"
#include "services/logs/filter_pattern.h"

namespace dew::logs {

inline constexpr size_t kMaxMetricDimensions = 3;
// "CloudWatch Logs might disable a metric filter if it generates 1,000 different name/value pairs
// for your specified dimensions within one hour."
inline constexpr size_t kMaxDimensionValues = 1000;

struct MetricFilter {
  // The record is a PutMetricFilter input; InvalidParameterException says what is wrong with it.
  static aws::ApiResult<MetricFilter> compile(const json::Object& record,
                                              const SystemFields& fields);

  std::string name;
  FilterPattern pattern;
  std::string space;
  std::string metric;
  std::string unit = "None";
  std::optional<double> value;  // a literal; else the first pick's
  std::optional<double> default_value;
  std::vector<FilterPattern::Pick> picks;  // the value's, if it is no literal, then dimensions'
  std::vector<std::string> dimensions;     // their names
  std::vector<std::pair<std::string, std::string>> system_dimensions;  // emitSystemFieldDimensions
  bool selected = true;  // fieldSelectionCriteria means this cloud's events

  struct Seen {
    std::unordered_set<std::string> values;
    int64_t since_ms = 0;
    bool disabled = false;
  };
  std::shared_ptr<Seen> seen = std::make_shared<Seen>();
};

struct SubscriptionFilter {
  static aws::ApiResult<SubscriptionFilter> compile(const json::Object& record,
                                                    const SystemFields& fields);

  std::string name;
  FilterPattern pattern;
  std::string function_arn;
  // fieldSelectionCriteria means this cloud's events, and the group is not the function's own: each
  // delivery writes lines there, and it would never end.
  bool selected = true;
};

struct GroupFilters {
  const SubscriptionFilter* subscription(std::string_view name) const;  // nullptr: there is none

  std::string group;
  std::vector<MetricFilter> metrics;
  std::vector<SubscriptionFilter> subscriptions;
};
using GroupFiltersPtr = std::shared_ptr<const GroupFilters>;

}  // namespace dew::logs
