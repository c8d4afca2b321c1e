// Deployment groups: which role, configuration, alarms and rollbacks deployments have.
#include "base/ids.h"
#include "services/codedeploy/names.h"
#include "services/codedeploy/service.h"

namespace dew::codedeploy {

namespace {

constexpr size_t kMaxBatch = 100;

json::Object group_info(const json::Object& record, std::string_view application) {
  json::Object out = record;
  for (const auto* own : {"applicationId", "activeDeployment", "tags", "createTime"})
    out.erase(own);
  out["applicationName"] = application;
  out["computePlatform"] = "Lambda";
  out["deploymentStyle"] =
      json::Object{{"deploymentType", "BLUE_GREEN"}, {"deploymentOption", "WITH_TRAFFIC_CONTROL"}};
  for (const auto* none : {"ec2TagFilters", "onPremisesInstanceTagFilters", "autoScalingGroups",
                           "triggerConfigurations"}) {
    out[none] = json::Array{};
  }
  if (const auto* revision = json::object_at(record, "targetRevision")) {
    out["targetRevision"] = shown_revision(*revision);
  }
  return out;
}

}  // namespace

// What CreateDeploymentGroup and UpdateDeploymentGroup have in common. A member that is not there
// leaves what was.
aws::ApiResult<void> Service::take_settings(json::Object& group, const json::Object& input) {
  CHECK_OK(refuse_other_platforms(input));
  CHECK_OK(check_style(input));
  if (const auto config = json::string_at(input, "deploymentConfigName")) {
    CHECK_OK(check_config_name(*config));
    CHECK_OK(repository_.config(*config));
    group["deploymentConfigName"] = *config;
  }
  if (const auto* alarms = json::object_at(input, "alarmConfiguration")) {
    CHECK_OK(check_alarm_configuration(*alarms));
    group["alarmConfiguration"] = *alarms;
  }
  if (const auto* rollback = json::object_at(input, "autoRollbackConfiguration")) {
    CHECK_OK(check_auto_rollback(*rollback));
    group["autoRollbackConfiguration"] = *rollback;
  }
  if (const auto role = json::string_at(input, "serviceRoleArn")) {
    if (role->empty()) return aws::fail("RoleRequiredException", "The role ID was not specified.");
    if (!role->starts_with("arn:")) {
      return aws::fail("InvalidRoleException",
                       fmt::format("The service role ARN {} is not valid", *role));
    }
    const std::string arn(*role);
    if (const auto assumed = role_.assume(arn); !assumed) {
      if (assumed.error().status >= 500) return std::unexpected(assumed.error());
      return aws::fail("InvalidRoleException", "Cannot assume role provided.");
    }
    group["serviceRoleArn"] = arn;
  }
  return {};
}

aws::ApiResult<json::Value> Service::create_group(aws::Call& call) {
  const auto application_name = json::string_or(call.input, "applicationName");
  const auto name = json::string_or(call.input, "deploymentGroupName");
  CHECK_OK(check_application_name(application_name));
  CHECK_OK(check_group_name(name));
  json::Object group{{"deploymentGroupId", uuid_v4()},
                     {"deploymentGroupName", name},
                     {"deploymentConfigName", kAllAtOnceConfig}};
  json::Object tags;
  CHECK_OK(add_tags(tags, call.input, "tags"));
  CHECK_OK(repository_.application(application_name));
  CHECK_OK(take_settings(group, call.input));
  group["tags"] = std::move(tags);
  const std::scoped_lock lock(repository_.mutex());
  TRY(const auto application, repository_.application(application_name));
  const auto application_id = json::string_or(application, "applicationId");
  TRY(const auto there, repository_.find_group(application_id, name));
  if (there) {
    return aws::fail("DeploymentGroupAlreadyExistsException",
                     fmt::format("Deployment group name already exists: {}", name));
  }
  group["applicationId"] = application_id;
  group["createTime"] = repository_.now();
  store::Batch batch;
  repository_.put_group(batch, group);
  CHECK_OK(repository_.store().commit(batch));
  return json::Object{{"deploymentGroupId", group["deploymentGroupId"]}};
}

aws::ApiResult<json::Value> Service::get_group(aws::Call& call) {
  const auto application_name = json::string_or(call.input, "applicationName");
  const auto name = json::string_or(call.input, "deploymentGroupName");
  CHECK_OK(check_application_name(application_name));
  CHECK_OK(check_group_name(name));
  TRY(const auto application, repository_.application(application_name));
  TRY(const auto group, repository_.group(application, name));
  return json::Object{{"deploymentGroupInfo", group_info(group, application_name)}};
}

aws::ApiResult<json::Value> Service::batch_get_groups(aws::Call& call) {
  const auto application_name = json::string_or(call.input, "applicationName");
  CHECK_OK(check_application_name(application_name));
  const auto* names = json::array_at(call.input, "deploymentGroupNames");
  if (names == nullptr || names->empty()) {
    return aws::fail("DeploymentGroupNameRequiredException", "Deployment Group name is missing");
  }
  if (names->size() > kMaxBatch) {
    return aws::fail("BatchLimitExceededException",
                     fmt::format("The maximum number of names or IDs allowed for this request ({}) "
                                 "was exceeded.",
                                 kMaxBatch));
  }
  TRY(const auto application, repository_.application(application_name));
  json::Array out;
  std::string missing;
  for (const auto& name : *names) {
    const auto text = json::str(name);
    CHECK_OK(check_group_name(text));
    TRY(const auto group,
        repository_.find_group(json::string_or(application, "applicationId"), text));
    if (group) {
      out.emplace_back(group_info(*group, application_name));
    } else {
      missing += (missing.empty() ? "" : ", ") + text;
    }
  }
  json::Object answer{{"deploymentGroupsInfo", std::move(out)}};
  if (!missing.empty()) {
    answer["errorMessage"] = fmt::format("No Deployment Group found for name: {}", missing);
  }
  return answer;
}

aws::ApiResult<json::Value> Service::list_groups(aws::Call& call) {
  const auto application_name = json::string_or(call.input, "applicationName");
  CHECK_OK(check_application_name(application_name));
  TRY(const auto application, repository_.application(application_name));
  TRY(const auto after, after_token(call.input));
  json::Object out{{"applicationName", application_name}};
  json::Array names;
  const auto prefix = Repository::groups(json::string_or(application, "applicationId"));
  const auto from = after.empty() ? std::string() : store::Key(prefix).add(after).str();
  CHECK_OK(services::scan(repository_.store(), prefix, from,
                          [&](std::string_view, const json::Object& record) {
                            auto name = json::string_or(record, "deploymentGroupName");
                            if (name == after) return true;
                            if (names.size() == kPage) {
                              out["nextToken"] = token_of(json::str(names.back()));
                              return false;
                            }
                            names.emplace_back(std::move(name));
                            return true;
                          }));
  out["deploymentGroups"] = std::move(names);
  return out;
}

aws::ApiResult<json::Value> Service::update_group(aws::Call& call) {
  const auto application_name = json::string_or(call.input, "applicationName");
  const auto name = json::string_or(call.input, "currentDeploymentGroupName");
  const auto wanted = json::string_or(call.input, "newDeploymentGroupName", name);
  CHECK_OK(check_application_name(application_name));
  CHECK_OK(check_group_name(name));
  CHECK_OK(check_group_name(wanted));
  json::Object settings;
  {
    TRY(const auto application, repository_.application(application_name));
    CHECK_OK(repository_.group(application, name));
    CHECK_OK(take_settings(settings, call.input));
  }
  const std::scoped_lock lock(repository_.mutex());
  TRY(const auto application, repository_.application(application_name));
  TRY(auto group, repository_.group(application, name));
  store::Batch batch;
  if (wanted != name) {
    TRY(const auto there,
        repository_.find_group(json::string_or(application, "applicationId"), wanted));
    if (there) {
      return aws::fail("DeploymentGroupAlreadyExistsException",
                       fmt::format("Deployment group name already exists: {}", wanted));
    }
    repository_.erase_group(batch, group);
    group["deploymentGroupName"] = wanted;
  }
  for (auto& [key, value] : settings) group[key] = std::move(value);
  repository_.put_group(batch, group);
  CHECK_OK(repository_.store().commit(batch));
  return json::Object{{"hooksNotCleanedUp", json::Array{}}};
}

aws::ApiResult<json::Value> Service::delete_group(aws::Call& call) {
  const auto application_name = json::string_or(call.input, "applicationName");
  const auto name = json::string_or(call.input, "deploymentGroupName");
  CHECK_OK(check_application_name(application_name));
  CHECK_OK(check_group_name(name));
  const std::scoped_lock lock(repository_.mutex());
  TRY(const auto application, repository_.find_application(application_name));
  if (application) {
    TRY(const auto group,
        repository_.find_group(json::string_or(*application, "applicationId"), name));
    if (group) {
      store::Batch batch;
      repository_.erase_group(batch, *group);
      CHECK_OK(repository_.store().commit(batch));
    }
  }
  return json::Object{{"hooksNotCleanedUp", json::Array{}}};
}

}  // namespace dew::codedeploy
