#include "services/cloudwatch/alarm_reason.h"

#include <fmt/format.h>

#include <cmath>

namespace dew::cloudwatch {

namespace {

// Java's doubles: 5.0, 0.25.
std::string number(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) return fmt::format("{:.1f}", value);
  return fmt::format("{}", value);
}

std::string short_time(int64_t time_s) {
  const std::string iso = iso8601(TimePoint(std::chrono::seconds(time_s)));
  // dd/MM/yy HH:mm:ss
  return iso.substr(8, 2) + "/" + iso.substr(5, 2) + "/" + iso.substr(2, 2) + " " +
         iso.substr(11, 8);
}

std::string_view operator_words(Comparison comparison, bool breaching) {
  switch (comparison) {
    case Comparison::kGreaterOrEqual:
      return breaching ? "greater than or equal to" : "not greater than or equal to";
    case Comparison::kGreater:
      return breaching ? "greater than" : "not greater than";
    case Comparison::kLess:
      return breaching ? "less than" : "not less than";
    case Comparison::kLessOrEqual:
      break;
  }
  return breaching ? "less than or equal to" : "not less than or equal to";
}

std::string plural(int count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

// "[5.0 (31/01/26 12:34:00), …]" of those that decided it.
std::string listed(const Alarm& alarm, const std::vector<EvaluatedPoint>& range, bool breaching,
                   int most) {
  std::string out;
  int seen = 0;
  for (auto it = range.rbegin(); it != range.rend() && seen < most; ++it) {
    if (!it->value) continue;
    ++seen;
    if (breaches(*it->value, alarm.comparison, alarm.threshold) != breaching) continue;
    out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", number(*it->value),
                       short_time(it->begin_s));
  }
  return "[" + out + "]";
}

json::Object metric_config(const Query& query) {
  json::Object out{{"id", query.id}, {"returnData", query.returned}};
  if (!query.label.empty()) out["label"] = query.label;
  if (!query.metric) {
    out["expression"] = query.expression_text;
    return out;
  }
  const auto& stat = *query.metric;
  json::Object dimensions;
  for (const auto& [name, value] : stat.metric.dimensions) dimensions[name] = value;
  json::Object metric{{"namespace", stat.metric.space},
                      {"name", stat.metric.name},
                      {"dimensions", std::move(dimensions)}};
  out["metricStat"] = json::Object{
      {"metric", std::move(metric)}, {"period", stat.period_s}, {"stat", stat.statistic_name}};
  return out;
}

json::Object state_document(const json::Object& record) {
  json::Object out{{"value", json::string_or(record, "StateValue")},
                   {"reason", json::string_or(record, "StateReason")}};
  const auto data = json::string_or(record, "StateReasonData");
  if (!data.empty()) out["reasonData"] = data;
  const double updated = json::number_at(record, "StateUpdatedTimestamp").value_or(0);
  out["timestamp"] =
      alarm_time(TimePoint(std::chrono::microseconds(static_cast<int64_t>(updated * 1e6))));
  return out;
}

}  // namespace

std::string alarm_time(TimePoint time) {
  std::string out = iso8601_ms(time);
  out.pop_back();
  return out + "+0000";
}

std::string state_reason(const Alarm& alarm, const AlarmVerdict& verdict,
                         const std::vector<EvaluatedPoint>& range, AlarmState to) {
  if (to == AlarmState::kInsufficientData) {
    const int unknown = alarm.limits.evaluation_periods;
    return fmt::format("Insufficient Data: {} {} unknown.", plural(unknown, "datapoint"),
                       unknown == 1 ? "was" : "were");
  }
  const bool alarming = to == AlarmState::kAlarm;
  std::string treated;
  const bool fills = alarm.limits.missing == MissingData::kBreaching ||
                     alarm.limits.missing == MissingData::kNotBreaching;
  if (verdict.filled > 0 && fills) {
    treated =
        fmt::format(" and {} {} treated as [{}]", plural(verdict.filled, "missing datapoint"),
                    verdict.filled == 1 ? "was" : "were",
                    alarm.limits.missing == MissingData::kBreaching ? "Breaching" : "NonBreaching");
  }
  if (verdict.evaluated == 0) {
    return fmt::format("Threshold Crossed: no datapoints were received for {}{}.",
                       plural(alarm.limits.evaluation_periods, "period"), treated);
  }
  const int count = alarming ? verdict.breaching : verdict.evaluated - verdict.breaching;
  const int needed = alarming
                         ? alarm.limits.datapoints_to_alarm
                         : alarm.limits.evaluation_periods - alarm.limits.datapoints_to_alarm + 1;
  return fmt::format(
      "Threshold Crossed: {} out of the last {} {} {} {} the threshold ({}){} (minimum {} for {} "
      "transition).",
      count, plural(verdict.evaluated, "datapoint"),
      listed(alarm, range, alarming, verdict.evaluated), count == 1 ? "was" : "were",
      operator_words(alarm.comparison, alarming), number(alarm.threshold), treated,
      plural(needed, "datapoint"), alarming ? "OK -> ALARM" : "ALARM -> OK");
}

json::Object state_reason_data(const Alarm& alarm, const std::vector<EvaluatedPoint>& range,
                               TimePoint now) {
  json::Object out{{"version", "1.0"}, {"queryDate", alarm_time(now)}};
  json::Array recent;
  json::Array evaluated;
  for (const auto& [begin, value, samples] : range) {
    if (!value) continue;
    const auto time = alarm_time(TimePoint(std::chrono::seconds(begin)));
    if (recent.empty()) out["startDate"] = time;
    recent.emplace_back(*value);
    json::Object point{{"timestamp", time}, {"value", *value}};
    if (samples > 0) point["sampleCount"] = samples;
    evaluated.insert(evaluated.begin(), json::Value(std::move(point)));
  }
  if (alarm.watched().metric) out["statistic"] = alarm.watched().metric->statistic_name;
  out["period"] = alarm.period_s;
  out["recentDatapoints"] = std::move(recent);
  out["threshold"] = alarm.threshold;
  out["evaluatedDatapoints"] = std::move(evaluated);
  return out;
}

json::Object alarm_event(const Alarm& alarm, const json::Object& previous, std::string_view account,
                         std::string_view region, TimePoint now) {
  json::Object configuration;
  const auto description = json::string_or(alarm.record, "AlarmDescription");
  if (!description.empty()) configuration["description"] = description;
  if (alarm.composite) {
    configuration["alarmRule"] = json::string_or(alarm.record, "AlarmRule");
  } else {
    json::Array metrics;
    for (const auto& query : alarm.queries) metrics.push_back(metric_config(query));
    configuration["metrics"] = std::move(metrics);
  }
  json::Object data{{"alarmName", alarm.name},
                    {"state", state_document(alarm.record)},
                    {"previousState", state_document(previous)},
                    {"configuration", std::move(configuration)}};
  return {{"source", "aws.cloudwatch"}, {"alarmArn", alarm.arn}, {"accountId", account},
          {"time", alarm_time(now)},    {"region", region},      {"alarmData", std::move(data)}};
}

}  // namespace dew::cloudwatch
