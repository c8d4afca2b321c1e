// docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
#include "authz/rule.h"

namespace dew::authz {

namespace {

void name_alarm(const Scope& scope, std::string_view name, Check& check) {
  if (name.starts_with("arn:")) {
    check.resource = name;
    return;
  }
  append_arn(scope, "cloudwatch", check.resource);
  check.resource.append("alarm:").append(name.empty() ? "*" : name);
}

void alarm(const Scope& scope, Check& check) { name_alarm(scope, scope.text("AlarmName"), check); }
void alarms(const Scope& scope, Check& check) { name_alarm(scope, "*", check); }
void by_arn(const Scope& scope, Check& check) { check.resource = scope.text("ResourceARN"); }

template <const char* action>
void each_alarm(const Scope& scope, Checks& checks) {
  const auto* names = json::array_at(scope.input(), "AlarmNames");
  if (names == nullptr) return;
  for (const auto& name : *names) {
    if (name.is_string()) name_alarm(scope, json::view(name.as_string()), checks.add(action));
  }
}
constexpr char kDelete[] = "cloudwatch:DeleteAlarms";
constexpr char kEnable[] = "cloudwatch:EnableAlarmActions";
constexpr char kDisable[] = "cloudwatch:DisableAlarmActions";

void tag_alarm(const Scope& scope, Checks& checks) {
  if (scope.input().contains("Tags")) alarm(scope, checks.add("cloudwatch:TagResource"));
}

bool data_keys(const Scope& scope, const Check&, std::string_view key, policy::Values& out) {
  if (key != "cloudwatch:namespace") return false;
  out.emplace_back(scope.text("Namespace"));
  return true;
}

bool alarm_keys(const Scope& scope, const Check&, std::string_view key, policy::Values& out) {
  if (key != "cloudwatch:alarmactions") return false;
  for (const auto* member : {"AlarmActions", "OKActions", "InsufficientDataActions"}) {
    const auto* actions = json::array_at(scope.input(), member);
    if (actions == nullptr) continue;
    for (const auto& action : *actions) {
      if (action.is_string()) out.push_back(json::str(action));
    }
  }
  return !out.empty();
}

}  // namespace

std::vector<Rule> cloudwatch_rules() {
  return {
      {"DeleteAlarms", "", nullptr, nullptr, each_alarm<kDelete>},
      {"DescribeAlarmHistory", "cloudwatch:DescribeAlarmHistory", alarm},
      {"DescribeAlarms", "cloudwatch:DescribeAlarms", alarms},
      {"DescribeAlarmsForMetric", "cloudwatch:DescribeAlarmsForMetric", any_resource},
      {"DisableAlarmActions", "", nullptr, nullptr, each_alarm<kDisable>},
      {"EnableAlarmActions", "", nullptr, nullptr, each_alarm<kEnable>},
      {"GetMetricData", "cloudwatch:GetMetricData", any_resource},
      {"GetMetricStatistics", "cloudwatch:GetMetricStatistics", any_resource},
      {"ListMetrics", "cloudwatch:ListMetrics", any_resource},
      {"ListTagsForResource", "cloudwatch:ListTagsForResource", by_arn},
      {"PutCompositeAlarm", "cloudwatch:PutCompositeAlarm", alarm, alarm_keys, tag_alarm},
      {"PutMetricAlarm", "cloudwatch:PutMetricAlarm", alarm, alarm_keys, tag_alarm},
      {"PutMetricData", "cloudwatch:PutMetricData", any_resource, data_keys},
      {"SetAlarmState", "cloudwatch:SetAlarmState", alarm},
      {"TagResource", "cloudwatch:TagResource", by_arn},
      {"UntagResource", "cloudwatch:UntagResource", by_arn},
  };
}

}  // namespace dew::authz
