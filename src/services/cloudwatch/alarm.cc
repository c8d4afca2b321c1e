#include "services/cloudwatch/alarm.h"

#include <algorithm>
#include <cmath>

#include "services/cloudwatch/errors.h"

namespace dew::cloudwatch {

namespace {

constexpr int64_t kDay_s = 86400;
constexpr int64_t kHour_s = 3600;

aws::ApiResult<void> check_actions(const json::Object& input) {
  for (const auto* member : {"AlarmActions", "OKActions", "InsufficientDataActions"}) {
    const auto* actions = json::array_at(input, member);
    for (const auto& action : actions ? *actions : json::Array()) {
      const auto text = json::str(action);
      if (!text.starts_with("arn:")) return validation(fmt::format("Invalid arn syntax: {}", text));
    }
  }
  return {};
}

// A metric alone, as a query of its own.
aws::ApiResult<std::vector<Query>> single_query(const json::Object& input) {
  for (const auto* member : {"MetricName", "Namespace", "Period"}) {
    if (!input.contains(member))
      return missing(fmt::format("The parameter {} is required.", member));
  }
  const auto basic = json::string_at(input, "Statistic");
  const auto extended = json::string_at(input, "ExtendedStatistic");
  if (!basic == !extended)
    return invalid_combination("Must specify either Statistic or ExtendedStatistic");
  Query query;
  query.id = "m1";
  query.metric.emplace();
  query.metric->metric = read_metric(input);
  query.metric->period_s = json::int_at(input, "Period").value_or(60);
  query.metric->statistic_name = basic ? *basic : *extended;
  const auto statistic = Statistic::parse(query.metric->statistic_name);
  if (!statistic || statistic->basic() != basic.has_value())
    return invalid_value(fmt::format("The value {} for parameter {} is not supported.",
                                     query.metric->statistic_name,
                                     basic ? "Statistic" : "ExtendedStatistic"));
  query.metric->statistic = *statistic;
  if (const auto unit = json::string_at(input, "Unit")) query.metric->unit = parse_unit(*unit);
  return std::vector<Query>{std::move(query)};
}

aws::ApiResult<std::vector<Query>> queries_of(const json::Object& input, std::string_view account) {
  const auto* list = json::array_at(input, "Metrics");
  if (list == nullptr || list->empty()) return single_query(input);
  for (const auto* member : {"MetricName", "Namespace", "Period", "Statistic", "ExtendedStatistic",
                             "Dimensions", "Unit"}) {
    if (input.contains(member))
      return validation(fmt::format(
          "Metrics and {} are mutually exclusive, and you have specified both.", member));
  }
  TRY(auto queries, parse_queries(*list, account, "Metrics"));
  if (std::ranges::count_if(queries, &Query::returned) != 1)
    return validation("Exactly one element of the metrics list should return data.");
  return queries;
}

int64_t period_of(const std::vector<Query>& queries) {
  int64_t longest = 0;
  for (const auto& query : queries) {
    if (query.metric) longest = std::max(longest, query.metric->period_s);
    if (!query.metric && query.returned && query.period_s)
      longest = std::max(longest, *query.period_s);
  }
  return longest == 0 ? 60 : longest;
}

aws::ApiResult<void> limits_of(const json::Object& input, Alarm& out) {
  const auto n = json::int_at(input, "EvaluationPeriods").value_or(1);
  const auto m = json::int_at(input, "DatapointsToAlarm").value_or(n);
  if (m > n)
    return validation(
        fmt::format("DatapointsToAlarm ({}) must not be more than EvaluationPeriods ({}).", m, n));
  if (out.period_s != 10 && out.period_s != 30 && out.period_s % 60 != 0)
    return validation("Metrics Period must be 10, 30 or a multiple of 60");
  const int64_t most = out.period_s >= kHour_s ? 7 * kDay_s : kDay_s;
  if (n > most || n * out.period_s > most)
    return validation(fmt::format(
        "Metrics cannot be checked across more than {} (EvaluationPeriods * Period must be <= {}).",
        most == kDay_s ? "a day" : "a week", most));
  out.limits.evaluation_periods = static_cast<int>(n);
  out.limits.datapoints_to_alarm = static_cast<int>(m);
  const auto missing_data = json::string_or(input, "TreatMissingData");
  const auto treatment = parse_missing_data(missing_data);
  if (!treatment)
    return validation(
        fmt::format("Option {} is not supported. Supported options for TreatMissingData are "
                    "[breaching, notBreaching, ignore, missing].",
                    missing_data));
  out.limits.missing = *treatment;
  const auto low = json::string_or(input, "EvaluateLowSampleCountPercentile", "evaluate");
  if (low != "evaluate" && low != "ignore")
    return validation(fmt::format(
        "Option {} is not supported. Supported options for EvaluateLowSampleCountPercentile are "
        "[evaluate, ignore].",
        low));
  out.skip_low_samples = low == "ignore";
  return {};
}

void copy(const json::Object& from, std::initializer_list<const char*> members, json::Object& to) {
  for (const auto* member : members) {
    if (const auto* value = json::find(from, member)) to[member] = *value;
  }
}

// "Alarms that evaluate metrics in the AWS/DynamoDB namespace default to ignore missing data. You
// can override this if you choose a different option": alarms-and-missing-data.html.
bool ignores_by_default(const std::vector<Query>& queries) {
  return std::ranges::any_of(queries, [](const Query& query) {
    return query.metric && query.metric->metric.space == "AWS/DynamoDB";
  });
}

void common(const json::Object& input, Alarm& out) {
  out.name = json::string_or(input, "AlarmName");
  copy(input,
       {"AlarmName", "AlarmArn", "AlarmDescription", "StateValue", "StateReason", "StateReasonData",
        "StateUpdatedTimestamp", "StateTransitionedTimestamp", "AlarmConfigurationUpdatedTimestamp",
        "Tags"},
       out.record);
  out.record["ActionsEnabled"] = json::bool_at(input, "ActionsEnabled").value_or(true);
  for (const auto* member : {"OKActions", "AlarmActions", "InsufficientDataActions"}) {
    const auto* actions = json::array_at(input, member);
    out.record[member] = actions ? *actions : json::Array();
  }
  out.arn = json::string_or(out.record, "AlarmArn");
  out.state = parse_state(json::string_or(out.record, "StateValue"))
                  .value_or(AlarmState::kInsufficientData);
}

}  // namespace

const Query& Alarm::watched() const { return *std::ranges::find_if(queries, &Query::returned); }

bool Alarm::actions_enabled() const {
  return json::bool_at(record, "ActionsEnabled").value_or(true);
}

std::vector<std::string> Alarm::actions_for(AlarmState to) const {
  const char* member = to == AlarmState::kOk      ? "OKActions"
                       : to == AlarmState::kAlarm ? "AlarmActions"
                                                  : "InsufficientDataActions";
  std::vector<std::string> out;
  const auto* actions = json::array_at(record, member);
  for (const auto& action : actions ? *actions : json::Array()) out.push_back(json::str(action));
  return out;
}

aws::ApiResult<AlarmPtr> parse_metric_alarm(const json::Object& input, std::string_view account) {
  auto out = std::make_shared<Alarm>();
  if (input.contains("ThresholdMetricId"))
    return unsupported("anomaly detection (ThresholdMetricId)");
  const auto operator_name = json::string_or(input, "ComparisonOperator");
  const auto comparison = parse_comparison(operator_name);
  if (!comparison) return unsupported("anomaly detection (" + operator_name + ")");
  out->comparison = *comparison;
  const auto threshold = json::number_at(input, "Threshold");
  if (!threshold) return missing("The parameter Threshold is required.");
  if (!std::isfinite(*threshold))
    return invalid_value("The value for parameter Threshold is invalid.");
  out->threshold = *threshold;
  TRY(out->queries, queries_of(input, account));
  out->period_s = period_of(out->queries);
  CHECK_OK(limits_of(input, *out));
  if (!input.contains("TreatMissingData") && ignores_by_default(out->queries))
    out->limits.missing = MissingData::kIgnore;
  CHECK_OK(check_actions(input));
  common(input, *out);
  copy(input,
       {"MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Unit",
        "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator",
        "TreatMissingData", "EvaluateLowSampleCountPercentile", "Metrics"},
       out->record);
  if (!input.contains("Metrics")) {
    const auto* dimensions = json::array_at(input, "Dimensions");
    out->record["Dimensions"] = dimensions ? *dimensions : json::Array();
  }
  return out;
}

aws::ApiResult<AlarmPtr> parse_composite_alarm(const json::Object& input) {
  auto out = std::make_shared<Alarm>();
  out->composite = true;
  for (const auto* member :
       {"ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod"}) {
    if (input.contains(member)) return unsupported(member);
  }
  auto rule = AlarmRule::parse(json::string_or(input, "AlarmRule"));
  if (!rule) return validation(fmt::format("AlarmRule syntax error: {}", rule.error().message));
  out->rule = *std::move(rule);
  CHECK_OK(check_actions(input));
  common(input, *out);
  copy(input, {"AlarmRule"}, out->record);
  return out;
}

json::Object shown_alarm(const Alarm& alarm) {
  json::Object out = alarm.record;
  out.erase("Tags");
  return out;
}

}  // namespace dew::cloudwatch
