// AWS::CodeDeploy::Application, DeploymentConfig, DeploymentGroup
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CodeDeploy.html
#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

namespace {

constexpr std::string_view kGroup =
    "ApplicationName!~ string  DeploymentGroupName~ string  ServiceRoleArn! string  "
    "DeploymentConfigName string  "
    "AlarmConfiguration { Alarms [ { Name string } ] Enabled bool IgnorePollAlarmFailure bool }  "
    "AutoRollbackConfiguration { Enabled bool Events [ string ] }  "
    "DeploymentStyle { DeploymentOption string DeploymentType string }  " DEW_TAGS
    "AutoScalingGroups unsupported  BlueGreenDeploymentConfiguration unsupported  "
    "Deployment unsupported  ECSServices unsupported  Ec2TagFilters unsupported  "
    "Ec2TagSet unsupported  LoadBalancerInfo unsupported  "
    "OnPremisesInstanceTagFilters unsupported  OnPremisesTagSet unsupported  "
    "OutdatedInstancesStrategy unsupported  TerminationHookEnabled unsupported  "
    "TriggerConfigurations unsupported";

// Members of objects as CodeDeploy's model spells them: first letter in lower case. Tags keep
// theirs.
json::Value lower_members(const json::Value& value) {
  if (const auto* list = value.if_array()) {
    json::Array out;
    for (const auto& item : *list) out.push_back(lower_members(item));
    return out;
  }
  const auto* object = value.if_object();
  if (object == nullptr) return value;
  json::Object out;
  for (const auto& member : *object) {
    out[lower_first(member.key())] = lower_members(member.value());
  }
  return out;
}

json::Object input_of(const json::Object& properties, std::initializer_list<const char*> names) {
  json::Object out;
  for (const auto* name : names) {
    if (const auto* value = json::find(properties, name)) {
      out[lower_first(name)] = lower_members(*value);
    }
  }
  return out;
}

// ---- Application

ApiResult<Instance> create_application(const Session& session, const Desired& desired) {
  auto input = input_of(desired.properties, {"ComputePlatform"});
  input["applicationName"] = desired.name;
  copy(input, desired.properties, {{"Tags", "tags"}});
  CHECK_OK(session.call("codedeploy", "CreateApplication", std::move(input)));
  return Instance{desired.name, desired.properties, {}};
}

ApiResult<void> update_tags(const Session& session, const std::string& resource,
                            const json::Object& before, const json::Object& now) {
  if (!differs(before, now, "Tags")) return {};
  const auto arn =
      fmt::format("arn:aws:codedeploy:{}:{}:{}", session.region, session.account, resource);
  if (auto gone = keys_gone(tag_map(before), tag_map(now)); !gone.empty()) {
    CHECK_OK(session.call("codedeploy", "UntagResource",
                          {{"ResourceArn", arn}, {"TagKeys", std::move(gone)}}));
  }
  if (const auto* tags = json::array_at(now, "Tags"); tags != nullptr && !tags->empty()) {
    CHECK_OK(session.call("codedeploy", "TagResource", {{"ResourceArn", arn}, {"Tags", *tags}}));
  }
  return {};
}

ApiResult<Instance> update_application(const Session& session, const Instance& current,
                                       const Desired& desired) {
  CHECK_OK(
      update_tags(session, "application:" + current.id, current.properties, desired.properties));
  return Instance{current.id, desired.properties, {}};
}

// ---- DeploymentGroup

// Both names are needed to find one.
json::Object group_key(const json::Object& properties, std::string_view name) {
  return {{"applicationName", text(properties, "ApplicationName")}, {"deploymentGroupName", name}};
}

json::Object group_settings(const json::Object& properties) {
  return input_of(properties, {"ServiceRoleArn", "DeploymentConfigName", "AlarmConfiguration",
                               "AutoRollbackConfiguration", "DeploymentStyle"});
}

ApiResult<Instance> create_group(const Session& session, const Desired& desired) {
  auto input = group_settings(desired.properties);
  for (auto& [key, value] : group_key(desired.properties, desired.name)) input[key] = value;
  copy(input, desired.properties, {{"Tags", "tags"}});
  CHECK_OK(session.call("codedeploy", "CreateDeploymentGroup", std::move(input)));
  return Instance{desired.name, desired.properties, {}};
}

ApiResult<Instance> update_group(const Session& session, const Instance& current,
                                 const Desired& desired) {
  auto input = group_settings(desired.properties);
  // What the template no longer says goes back to what it is by itself.
  if (!input.contains("deploymentConfigName")) {
    input["deploymentConfigName"] = "CodeDeployDefault.LambdaAllAtOnce";
  }
  for (const auto* member : {"alarmConfiguration", "autoRollbackConfiguration"}) {
    if (!input.contains(member)) input[member] = json::Object{{"enabled", false}};
  }
  const auto application = text(desired.properties, "ApplicationName");
  input["applicationName"] = application;
  input["currentDeploymentGroupName"] = current.id;
  CHECK_OK(session.call("codedeploy", "UpdateDeploymentGroup", std::move(input)));
  CHECK_OK(update_tags(session, fmt::format("deploymentgroup:{}/{}", application, current.id),
                       current.properties, desired.properties));
  return Instance{current.id, desired.properties, {}};
}

// ---- DeploymentConfig

ApiResult<Instance> create_config(const Session& session, const Desired& desired) {
  auto input = input_of(desired.properties,
                        {"ComputePlatform", "TrafficRoutingConfig", "MinimumHealthyHosts"});
  input["deploymentConfigName"] = desired.name;
  CHECK_OK(session.call("codedeploy", "CreateDeploymentConfig", std::move(input)));
  return Instance{desired.name, desired.properties, {}};
}

}  // namespace

void add_codedeploy_types(std::vector<ResourceType>& types) {
  types.push_back({
      .name = "AWS::CodeDeploy::Application",
      .schema = "ApplicationName~ string  ComputePlatform~ string  " DEW_TAGS,
      .naming = Naming{"ApplicationName", 100, false},
      .create = create_application,
      .update = update_application,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok("codedeploy", "DeleteApplication",
                                        {{"applicationName", it.id}});
          },
      .exists =
          [](const Session& session, const Desired& desired) {
            return session.exists("codedeploy", "GetApplication",
                                  {{"applicationName", desired.name}});
          },
  });
  types.push_back({
      .name = "AWS::CodeDeploy::DeploymentConfig",
      .schema = "DeploymentConfigName~ string  ComputePlatform~ string  "
                "TrafficRoutingConfig~ { Type! string "
                "  TimeBasedCanary { CanaryInterval! int CanaryPercentage! int } "
                "  TimeBasedLinear { LinearInterval! int LinearPercentage! int } }  "
                "MinimumHealthyHosts unsupported  ZonalConfig unsupported",
      .naming = Naming{"DeploymentConfigName", 100, false},
      .create = create_config,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok("codedeploy", "DeleteDeploymentConfig",
                                        {{"deploymentConfigName", it.id}});
          },
      .exists =
          [](const Session& session, const Desired& desired) {
            return session.exists("codedeploy", "GetDeploymentConfig",
                                  {{"deploymentConfigName", desired.name}});
          },
  });
  types.push_back({
      .name = "AWS::CodeDeploy::DeploymentGroup",
      .schema = kGroup,
      .naming = Naming{"DeploymentGroupName", 100, false},
      .create = create_group,
      .update = update_group,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok("codedeploy", "DeleteDeploymentGroup",
                                        group_key(it.properties, it.id));
          },
      .exists =
          [](const Session& session, const Desired& desired) {
            return session.exists("codedeploy", "GetDeploymentGroup",
                                  group_key(desired.properties, desired.name));
          },
  });
}

}  // namespace dew::cloudformation
