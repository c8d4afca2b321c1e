#include "services/codedeploy/names.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/encoding.h"

namespace dew::codedeploy {

namespace {

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._+=,@-").contains(c);
  });
}

aws::ApiResult<void> check(std::string_view name, const char* code, std::string_view what) {
  if (is_name(name)) return {};
  return aws::fail(code,
                   fmt::format("The {} name '{}' is not valid: it has 1 to {} letters, digits "
                               "and . _ + = , @ -",
                               what, name, kMaxName));
}

bool is_given(const json::Value& value) {
  if (const auto* list = value.if_array()) return !list->empty();
  if (const auto* object = value.if_object()) return !object->empty();
  return true;
}

}  // namespace

aws::ApiResult<void> check_application_name(std::string_view name) {
  if (name.empty()) {
    return aws::fail("ApplicationNameRequiredException", "Application name is missing");
  }
  return check(name, "InvalidApplicationNameException", "application");
}
aws::ApiResult<void> check_group_name(std::string_view name) {
  if (name.empty()) {
    return aws::fail("DeploymentGroupNameRequiredException", "Deployment Group name is missing");
  }
  return check(name, "InvalidDeploymentGroupNameException", "deployment group");
}
aws::ApiResult<void> check_config_name(std::string_view name) {
  if (name.empty()) {
    return aws::fail("DeploymentConfigNameRequiredException", "Deployment Config name is missing");
  }
  return check(name, "InvalidDeploymentConfigNameException", "deployment configuration");
}

aws::ApiResult<void> check_alarm_configuration(const json::Object& configuration) {
  const auto invalid = [](std::string message) {
    return aws::fail("InvalidAlarmConfigException", std::move(message));
  };
  const auto* alarms = json::array_at(configuration, "alarms");
  const bool enabled = json::bool_at(configuration, "enabled").value_or(false);
  if (alarms == nullptr || alarms->empty()) {
    if (enabled) {
      return invalid("The alarm configuration is enabled, but the alarm list is empty.");
    }
    return {};
  }
  if (alarms->size() > kMaxAlarms) {
    return aws::fail("AlarmsLimitExceededException",
                     fmt::format("The maximum number of alarms for a deployment group ({}) was "
                                 "exceeded.",
                                 kMaxAlarms));
  }
  std::set<std::string> names;
  for (const auto& alarm : *alarms) {
    auto name = json::string_or(alarm.as_object(), "name");
    if (name.empty() || name.size() > kMaxAlarmName) {
      return invalid(fmt::format("The alarm name is empty or exceeds the limit of {} characters.",
                                 kMaxAlarmName));
    }
    if (!names.insert(name).second) {
      return invalid(fmt::format("Two alarms with the same name have been specified: {}", name));
    }
  }
  return {};
}

aws::ApiResult<void> check_auto_rollback(const json::Object& configuration) {
  if (!json::bool_at(configuration, "enabled").value_or(false)) return {};
  const auto* events = json::array_at(configuration, "events");
  if (events != nullptr && !events->empty()) return {};
  return aws::fail("InvalidAutoRollbackConfigException",
                   "Automatic rollback is enabled, but no event types were listed.");
}

aws::ApiResult<void> refuse_other_platforms(const json::Object& input) {
  constexpr std::array kRefused = {"ec2TagFilters",
                                   "onPremisesInstanceTagFilters",
                                   "autoScalingGroups",
                                   "ec2TagSet",
                                   "ecsServices",
                                   "onPremisesTagSet",
                                   "blueGreenDeploymentConfiguration",
                                   "loadBalancerInfo",
                                   "outdatedInstancesStrategy",
                                   "targetInstances",
                                   "triggerConfigurations"};
  for (const auto* member : kRefused) {
    const auto* value = json::find(input, member);
    if (value == nullptr || !is_given(*value)) continue;
    return aws::fail(aws::ApiError::unsupported(
        fmt::format("{} (only deployments to Lambda functions, without triggers)", member)));
  }
  return {};
}

aws::ApiResult<void> check_style(const json::Object& input) {
  const auto* style = json::object_at(input, "deploymentStyle");
  if (style == nullptr) return {};
  if (json::string_or(*style, "deploymentType", "BLUE_GREEN") == "BLUE_GREEN" &&
      json::string_or(*style, "deploymentOption", "WITH_TRAFFIC_CONTROL") ==
          "WITH_TRAFFIC_CONTROL") {
    return {};
  }
  return aws::fail("InvalidDeploymentStyleException",
                   "For the Lambda compute platform the deployment type must be BLUE_GREEN and the "
                   "deployment option WITH_TRAFFIC_CONTROL");
}

aws::ApiResult<void> add_tags(json::Object& tags, const json::Object& input,
                              std::string_view member) {
  constexpr size_t kMaxKey = 128;
  constexpr size_t kMaxValue = 256;
  const auto* given = json::array_at(input, member);
  for (const auto& tag : given ? *given : json::Array()) {
    const auto key = json::string_or(tag.as_object(), "Key");
    auto value = json::string_or(tag.as_object(), "Value");
    if (key.empty() || key.size() > kMaxKey || value.size() > kMaxValue ||
        key.starts_with("aws:")) {
      return aws::fail("InvalidTagsToAddException",
                       fmt::format("The tag '{}' is not valid: keys have 1 to {} characters and do "
                                   "not begin with aws:, values at most {}",
                                   key, kMaxKey, kMaxValue));
    }
    tags[key] = value;
  }
  if (tags.size() > kMaxTags) {
    return aws::fail("InvalidTagsToAddException",
                     fmt::format("A resource can have at most {} tags", kMaxTags));
  }
  return {};
}

json::Array tag_list(const json::Object& record) {
  json::Array out;
  if (const auto* tags = json::object_at(record, "tags")) {
    for (const auto& tag : *tags) {
      out.emplace_back(json::Object{{"Key", tag.key()}, {"Value", tag.value()}});
    }
  }
  return out;
}

aws::ApiResult<std::string> after_token(const json::Object& input) {
  auto token = json::string_at(input, "nextToken");
  if (!token) token = json::string_at(input, "NextToken");
  if (!token || token->empty()) return std::string();
  auto text = base64_decode(*token);
  if (text && !text->empty()) return std::move(*text);
  return aws::fail("InvalidNextTokenException", "The next token is not valid");
}

std::string token_of(std::string_view last) { return base64_encode(last); }

}  // namespace dew::codedeploy
