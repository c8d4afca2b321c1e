// Deployment configurations: AWS's own, and one's own.
#include "base/ids.h"
#include "services/codedeploy/names.h"
#include "services/codedeploy/service.h"

namespace dew::codedeploy {

aws::ApiResult<json::Value> Service::create_config(aws::Call& call) {
  const auto name = json::string_or(call.input, "deploymentConfigName");
  CHECK_OK(check_config_name(name));
  if (name.starts_with(kPredefinedPrefix)) {
    return aws::fail("InvalidDeploymentConfigNameException",
                     fmt::format("The name {} is not valid: names that begin with {} are AWS's own",
                                 name, kPredefinedPrefix));
  }
  const auto platform = json::string_or(call.input, "computePlatform", "Server");
  if (platform != "Lambda") {
    return aws::fail(aws::ApiError::unsupported(
        fmt::format("the compute platform {} (computePlatform Lambda only)", platform)));
  }
  if (call.input.contains("minimumHealthyHosts")) {
    return aws::fail("InvalidMinimumHealthyHostValueException",
                     "minimumHealthyHosts is not for the Lambda compute platform");
  }
  if (call.input.contains("zonalConfig")) {
    return aws::fail(aws::ApiError::unsupported("zonalConfig (of servers only)"));
  }
  const auto* given = json::object_at(call.input, "trafficRoutingConfig");
  if (given == nullptr) {
    return aws::fail("InvalidTrafficRoutingConfigurationException",
                     "trafficRoutingConfig is required for the Lambda compute platform");
  }
  TRY(const auto routing, parse_routing(*given));
  const std::scoped_lock lock(repository_.mutex());
  TRY(const auto there, repository_.find_config(name));
  if (there) {
    return aws::fail(
        "DeploymentConfigAlreadyExistsException",
        fmt::format("A deployment configuration already exists with the name: {}", name));
  }
  const auto id = uuid_v4();
  store::Batch batch;
  services::save(batch, Repository::configs().add(name),
                 {{"deploymentConfigId", id},
                  {"deploymentConfigName", name},
                  {"createTime", repository_.now()},
                  {"computePlatform", platform},
                  {"trafficRoutingConfig", to_json(routing)}});
  CHECK_OK(repository_.store().commit(batch));
  return json::Object{{"deploymentConfigId", id}};
}

aws::ApiResult<json::Value> Service::get_config(aws::Call& call) {
  const auto name = json::string_or(call.input, "deploymentConfigName");
  CHECK_OK(check_config_name(name));
  TRY(auto record, repository_.config(name));
  return json::Object{{"deploymentConfigInfo", std::move(record)}};
}

aws::ApiResult<json::Value> Service::list_configs(aws::Call& call) {
  TRY(const auto after, after_token(call.input));
  json::Array names;
  // AWS's own come first, all on the first page.
  if (after.empty()) {
    for (const auto& one : predefined_configs()) names.emplace_back(one.name);
  }
  json::Object out;
  const auto from = after.empty() ? std::string() : Repository::configs().add(after).str();
  CHECK_OK(services::scan(repository_.store(), Repository::configs(), from,
                          [&](std::string_view, const json::Object& record) {
                            auto name = json::string_or(record, "deploymentConfigName");
                            if (name == after) return true;
                            if (names.size() >= kPage) {
                              out["nextToken"] = token_of(json::str(names.back()));
                              return false;
                            }
                            names.emplace_back(std::move(name));
                            return true;
                          }));
  out["deploymentConfigsList"] = std::move(names);
  return out;
}

aws::ApiResult<json::Value> Service::delete_config(aws::Call& call) {
  const auto name = json::string_or(call.input, "deploymentConfigName");
  CHECK_OK(check_config_name(name));
  if (name.starts_with(kPredefinedPrefix)) {
    return aws::fail(
        "InvalidOperationException",
        fmt::format("The deployment configuration {} is AWS's own and cannot be deleted", name));
  }
  const std::scoped_lock lock(repository_.mutex());
  std::string user;
  CHECK_OK(services::scan(repository_.store(), store::Key("codedeploy").add("group"), {},
                          [&](std::string_view, const json::Object& group) {
                            if (json::string_or(group, "deploymentConfigName") != name) return true;
                            user = json::string_or(group, "deploymentGroupName");
                            return false;
                          }));
  if (!user.empty()) {
    return aws::fail("DeploymentConfigInUseException",
                     fmt::format("The deployment configuration {} is used by the deployment group "
                                 "{}",
                                 name, user));
  }
  store::Batch batch;
  batch.erase(Repository::configs().add(name));
  CHECK_OK(repository_.store().commit(batch));
  return json::Object();
}

}  // namespace dew::codedeploy
