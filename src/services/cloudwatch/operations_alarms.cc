// The operations on alarms. docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/, page by
// page.
#include <algorithm>
#include <set>

#include "base/encoding.h"
#include "services/cloudwatch/errors.h"
#include "services/cloudwatch/service.h"

namespace dew::cloudwatch {

namespace {

constexpr int64_t kPage = 50;
constexpr int64_t kHistoryPage = 100;
constexpr size_t kMaxTags = 50;

std::vector<std::string> strings(const json::Object& input, std::string_view member) {
  std::vector<std::string> out;
  const auto* list = json::array_at(input, member);
  for (const auto& element : list ? *list : json::Array()) out.push_back(json::str(element));
  return out;
}

aws::ApiResult<std::string> token(const json::Object& input) {
  const auto given = json::string_or(input, "NextToken");
  if (given.empty()) return std::string();
  auto text = base64_decode(given);
  if (!text || text->empty())
    return aws::fail("InvalidNextToken", "The next token specified is invalid.");
  return *std::move(text);
}

bool has(const json::Array* list, std::string_view text) {
  return list != nullptr && std::ranges::any_of(*list, [&](const json::Value& element) {
           return json::view(element.as_string()) == text;
         });
}

template <class Wanted>
void erase_tags(json::Array& tags, Wanted wanted) {
  for (auto it = tags.begin(); it != tags.end();) {
    it = wanted(json::string_or(it->as_object(), "Key")) ? tags.erase(it) : std::next(it);
  }
}

// What DescribeAlarms filters by.
class Filter {
 public:
  explicit Filter(const json::Object& input)
      : names_(strings(input, "AlarmNames")),
        prefix_(json::string_or(input, "AlarmNamePrefix")),
        state_(json::string_or(input, "StateValue")),
        action_(json::string_or(input, "ActionPrefix")),
        types_(json::array_at(input, "AlarmTypes")) {}

  bool takes(const Alarm& alarm) const {
    const bool wanted = types_ != nullptr && !types_->empty()
                            ? has(types_, alarm.composite ? "CompositeAlarm" : "MetricAlarm")
                            : !alarm.composite;
    if (!wanted || !alarm.name.starts_with(prefix_)) return false;
    if (!names_.empty() && std::ranges::find(names_, alarm.name) == names_.end()) return false;
    if (!state_.empty() && state_text(alarm.state) != state_) return false;
    return action_.empty() || acts(alarm);
  }

 private:
  bool acts(const Alarm& alarm) const {
    for (const auto state : {AlarmState::kOk, AlarmState::kAlarm, AlarmState::kInsufficientData}) {
      for (const auto& action : alarm.actions_for(state)) {
        if (action.starts_with(action_)) return true;
      }
    }
    return false;
  }

  std::vector<std::string> names_;
  std::string prefix_;
  std::string state_;
  std::string action_;
  const json::Array* types_;
};

}  // namespace

Service::Answer Service::put_metric_alarm(aws::Call& call) {
  TRY(auto alarm, parse_metric_alarm(call.input, context_.config.account));
  CHECK_OK(alarms_.put(std::move(alarm)));
  return json::Object();
}

Service::Answer Service::put_composite_alarm(aws::Call& call) {
  TRY(auto alarm, parse_composite_alarm(call.input));
  CHECK_OK(alarms_.put(std::move(alarm)));
  return json::Object();
}

Service::Answer Service::delete_alarms(aws::Call& call) {
  CHECK_OK(alarms_.remove(strings(call.input, "AlarmNames")));
  return json::Object();
}

Service::Answer Service::enable_alarm_actions(aws::Call& call) {
  CHECK_OK(alarms_.enable_actions(strings(call.input, "AlarmNames"), true));
  return json::Object();
}

Service::Answer Service::disable_alarm_actions(aws::Call& call) {
  CHECK_OK(alarms_.enable_actions(strings(call.input, "AlarmNames"), false));
  return json::Object();
}

Service::Answer Service::set_alarm_state(aws::Call& call) {
  const auto reason_data = json::string_or(call.input, "StateReasonData");
  if (!reason_data.empty() && !json::parse(reason_data))
    return aws::fail("InvalidFormat", "StateReasonData is not valid JSON.");
  const auto state = parse_state(json::string_or(call.input, "StateValue"));
  CHECK_OK(alarms_.set_state(json::string_or(call.input, "AlarmName"),
                             state.value_or(AlarmState::kInsufficientData),
                             json::string_or(call.input, "StateReason"), reason_data));
  return json::Object();
}

Service::Answer Service::describe_alarms(aws::Call& call) {
  const auto& input = call.input;
  const auto children = json::string_at(input, "ChildrenOfAlarmName");
  const auto parents = json::string_at(input, "ParentsOfAlarmName");
  for (const auto* member : {"AlarmNames", "AlarmTypes", "StateValue", "ActionPrefix"}) {
    if ((children || parents) && input.contains(member))
      return validation(fmt::format("{} cannot be given with {}.", member,
                                    children ? "ChildrenOfAlarmName" : "ParentsOfAlarmName"));
  }
  if (input.contains("AlarmNames") && input.contains("AlarmNamePrefix"))
    return validation("AlarmNames and AlarmNamePrefix cannot be given together.");
  TRY(const auto after, token(input));
  std::set<std::string> related;
  if (children) {
    alarms_.each([&](const Alarm& alarm) {
      std::vector<std::string> used;
      alarm.rule.alarms(used);
      if (alarm.name == *children) related.insert(used.begin(), used.end());
    });
  }
  const Filter filter(input);
  const auto limit = static_cast<size_t>(json::int_at(input, "MaxRecords").value_or(kPage));
  json::Array metric_alarms;
  json::Array composite_alarms;
  std::string last;
  bool more = false;
  alarms_.each([&](const Alarm& alarm) {
    if (more || (!after.empty() && alarm.name <= after)) return;
    if (children) {
      if (!related.contains(alarm.name)) return;
    } else if (parents) {
      std::vector<std::string> used;
      alarm.rule.alarms(used);
      if (std::ranges::find(used, *parents) == used.end()) return;
    } else if (!filter.takes(alarm)) {
      return;
    }
    if (metric_alarms.size() + composite_alarms.size() == limit) {
      more = true;
      return;
    }
    last = alarm.name;
    auto shown = shown_alarm(alarm);
    // Of relatives only the names and states are told.
    if (children || parents) {
      json::Object brief;
      for (const auto* member : {"AlarmName", "AlarmArn", "StateValue"}) {
        if (children && std::string_view(member) == "StateValue") continue;
        if (const auto* value = json::find(shown, member)) brief[member] = *value;
      }
      shown = std::move(brief);
    }
    (alarm.composite ? composite_alarms : metric_alarms).push_back(std::move(shown));
  });
  json::Object out{{"MetricAlarms", std::move(metric_alarms)},
                   {"CompositeAlarms", std::move(composite_alarms)}};
  if (more) out["NextToken"] = base64_encode(last);
  return out;
}

Service::Answer Service::describe_alarms_for_metric(aws::Call& call) {
  const auto& input = call.input;
  const Metric metric = read_metric(input);
  const auto statistic =
      json::string_or(input, "Statistic", json::string_or(input, "ExtendedStatistic"));
  const auto period_s = json::int_at(input, "Period");
  const auto unit = json::string_at(input, "Unit");
  json::Array found;
  alarms_.each([&](const Alarm& alarm) {
    const bool watches = std::ranges::any_of(alarm.queries, [&](const Query& query) {
      if (!query.metric || query.metric->metric != metric) return false;
      if (!statistic.empty() && query.metric->statistic_name != statistic) return false;
      if (unit && query.metric->unit != parse_unit(*unit)) return false;
      return !period_s || query.metric->period_s == *period_s;
    });
    if (watches) found.push_back(shown_alarm(alarm));
  });
  return json::Object{{"MetricAlarms", std::move(found)}};
}

Service::Answer Service::describe_alarm_history(aws::Call& call) {
  const auto& input = call.input;
  const auto name = json::string_at(input, "AlarmName");
  const auto type = json::string_at(input, "HistoryItemType");
  const auto* types = json::array_at(input, "AlarmTypes");
  const double start = json::number_at(input, "StartDate").value_or(0);
  const double end = json::number_at(input, "EndDate").value_or(1e12);
  const bool newest_first = json::string_or(input, "ScanBy") != "TimestampAscending";
  const auto limit = static_cast<size_t>(json::int_at(input, "MaxRecords").value_or(kHistoryPage));
  TRY(const auto given, token(input));
  size_t skip = given.empty() ? 0 : static_cast<size_t>(std::atoll(given.c_str()));
  const size_t offset = skip;
  json::Array items;
  bool more = false;
  CHECK_OK(alarms_.history(newest_first, [&](json::Object&& item) {
    const double time = json::number_at(item, "Timestamp").value_or(0);
    if (time < start || time > end) return true;
    if (name && json::string_at(item, "AlarmName") != *name) return true;
    if (type && json::string_at(item, "HistoryItemType") != *type) return true;
    const auto alarm_type = json::string_or(item, "AlarmType");
    if (types == nullptr ? alarm_type != "MetricAlarm" : !has(types, alarm_type)) return true;
    if (skip > 0) {
      --skip;
      return true;
    }
    if (items.size() == limit) {
      more = true;
      return false;
    }
    items.push_back(std::move(item));
    return true;
  }));
  json::Object out{{"AlarmHistoryItems", std::move(items)}};
  if (more) out["NextToken"] = base64_encode(std::to_string(offset + limit));
  return out;
}

Service::Answer Service::tag_resource(aws::Call& call) {
  const auto* added = json::array_at(call.input, "Tags");
  aws::ApiResult<void> checked;
  CHECK_OK(alarms_.change_tags(json::string_or(call.input, "ResourceARN"), [&](json::Array& tags) {
    json::Array merged = tags;
    for (const auto& tag : added ? *added : json::Array()) {
      const auto key = json::string_or(tag.as_object(), "Key");
      erase_tags(merged, [&](std::string_view one) { return one == key; });
      merged.push_back(tag);
    }
    if (merged.size() > kMaxTags) {
      checked = invalid_value("A resource can have at most 50 tags.");
    } else {
      tags = std::move(merged);
    }
  }));
  CHECK_OK(checked);
  return json::Object();
}

Service::Answer Service::untag_resource(aws::Call& call) {
  const auto keys = strings(call.input, "TagKeys");
  CHECK_OK(alarms_.change_tags(json::string_or(call.input, "ResourceARN"), [&](json::Array& tags) {
    erase_tags(tags,
               [&](std::string_view one) { return std::ranges::find(keys, one) != keys.end(); });
  }));
  return json::Object();
}

Service::Answer Service::list_tags_for_resource(aws::Call& call) {
  json::Array found;
  CHECK_OK(alarms_.change_tags(json::string_or(call.input, "ResourceARN"),
                               [&](json::Array& tags) { found = tags; }));
  return json::Object{{"Tags", std::move(found)}};
}

}  // namespace dew::cloudwatch
