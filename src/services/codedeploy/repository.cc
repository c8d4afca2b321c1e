#include "services/codedeploy/repository.h"

#include <cmath>

namespace dew::codedeploy {

namespace {

store::Key group_id_key(std::string_view id) {
  return store::Key("codedeploy").add("group-id").add(id);
}
store::Key deployment_key(std::string_view id) {
  return store::Key("codedeploy").add("deployment").add(id);
}
// Falls as time goes on, so that what is newest comes first.
uint64_t age(const Deployment& deployment) {
  constexpr double kMicroseconds = 1e6;
  return UINT64_MAX - static_cast<uint64_t>(std::llround(deployment.created * kMicroseconds));
}

}  // namespace

Repository::Found Repository::find_application(std::string_view name) const {
  return services::load(store(), applications().add(name));
}
Repository::Found Repository::find_group(std::string_view application_id,
                                         std::string_view name) const {
  return services::load(store(), groups(application_id).add(name));
}
Repository::Found Repository::find_config(std::string_view name) const {
  return services::load(store(), configs().add(name));
}
Repository::Found Repository::find_group_by_id(std::string_view group_id) const {
  TRY(const auto place, services::load(store(), group_id_key(group_id)));
  if (!place) return std::nullopt;
  return find_group(json::string_or(*place, "applicationId"), json::string_or(*place, "name"));
}

aws::ApiResult<json::Object> Repository::application(std::string_view name) const {
  TRY(auto found, find_application(name));
  if (found) return std::move(*found);
  return aws::fail("ApplicationDoesNotExistException",
                   fmt::format("No application found for name: {}", name));
}

aws::ApiResult<json::Object> Repository::group(const json::Object& application,
                                               std::string_view name) const {
  TRY(auto found, find_group(json::string_or(application, "applicationId"), name));
  if (found) return std::move(*found);
  return aws::fail("DeploymentGroupDoesNotExistException",
                   fmt::format("No Deployment Group found for name: {}", name));
}

aws::ApiResult<json::Object> Repository::config(std::string_view name) const {
  for (const auto& one : predefined_configs()) {
    if (one.name != name) continue;
    // AWS's own have an id and a date too; the ids are fixed, the dates those of their release.
    constexpr int64_t kReleased = 1'511'827'200;  // 2017-11-28
    return json::Object{
        {"deploymentConfigId", fmt::format("00000000-0000-0000-0000-0000000000{:02}",
                                           &one - predefined_configs().data() + 1)},
        {"deploymentConfigName", name},
        {"createTime", kReleased},
        {"computePlatform", "Lambda"},
        {"trafficRoutingConfig", to_json(one.routing)}};
  }
  TRY(auto found, find_config(name));
  if (found) return std::move(*found);
  return aws::fail("DeploymentConfigDoesNotExistException",
                   fmt::format("No Deployment Configuration found for name: {}", name));
}

aws::ApiResult<Deployment> Repository::deployment(std::string_view id) const {
  if (!id.starts_with("d-") || id.size() > 32) {
    return aws::fail("InvalidDeploymentIdException",
                     fmt::format("The deployment ID {} is not valid: it is d- and nine letters and "
                                 "digits",
                                 id));
  }
  TRY(const auto found, services::load(store(), deployment_key(id)));
  if (found) return from_record(*found);
  return aws::fail("DeploymentDoesNotExistException",
                   fmt::format("The deployment {} could not be found", id));
}

void Repository::put_application(store::Batch& batch, const json::Object& record) const {
  services::save(batch, applications().add(json::string_or(record, "applicationName")), record);
}

void Repository::put_group(store::Batch& batch, const json::Object& record) const {
  const auto application_id = json::string_or(record, "applicationId");
  const auto name = json::string_or(record, "deploymentGroupName");
  services::save(batch, groups(application_id).add(name), record);
  services::save(batch, group_id_key(json::string_or(record, "deploymentGroupId")),
                 {{"applicationId", application_id}, {"name", name}});
}

void Repository::erase_group(store::Batch& batch, const json::Object& record) const {
  batch.erase(groups(json::string_or(record, "applicationId"))
                  .add(json::string_or(record, "deploymentGroupName")));
  batch.erase(group_id_key(json::string_or(record, "deploymentGroupId")));
}

void Repository::put_new(store::Batch& batch, const Deployment& deployment) const {
  const json::Object found{{"id", deployment.id}};
  services::save(batch, of_group(deployment.group_id).add(age(deployment)).add(deployment.id),
                 found);
  services::save(batch, by_time().add(age(deployment)).add(deployment.id), found);
  put(batch, deployment);
}

void Repository::put(store::Batch& batch, const Deployment& deployment) const {
  services::save(batch, deployment_key(deployment.id), to_record(deployment));
  const auto key = running().add(deployment.id);
  if (deployment.ended()) {
    batch.erase(key);
  } else {
    services::save(batch, key, {{"id", deployment.id}});
  }
}

}  // namespace dew::codedeploy
