#include "cloud/deployment_alarms.h"

#include <algorithm>

namespace dew::cloud {

aws::ApiResult<std::vector<std::string>> DeploymentAlarms::active(
    const aws::Identity& who, const std::vector<std::string>& names) {
  json::Array asked;
  for (const auto& name : names) asked.emplace_back(name);
  TRY(const auto found,
      caller_.call(who, "cloudwatch", "DescribeAlarms",
                   {{"AlarmNames", std::move(asked)},
                    {"AlarmTypes", json::Array{"MetricAlarm", "CompositeAlarm"}}}));
  std::vector<std::string> known;
  std::vector<std::string> out;
  for (const auto* member : {"MetricAlarms", "CompositeAlarms"}) {
    const auto* alarms = json::array_at(found.as_object(), member);
    for (const auto& alarm : alarms ? *alarms : json::Array()) {
      known.push_back(json::string_or(alarm.as_object(), "AlarmName"));
      if (json::string_or(alarm.as_object(), "StateValue") == "ALARM") out.push_back(known.back());
    }
  }
  for (const auto& name : names) {
    if (std::ranges::find(known, name) != known.end()) continue;
    return aws::fail("ResourceNotFound", fmt::format("there is no alarm {}", name), 404);
  }
  return out;
}

}  // namespace dew::cloud
