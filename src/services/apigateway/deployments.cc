// Deployments: immutable snapshots of an API, which stages point at.
// docs.aws.amazon.com/apigateway/latest/api/API_CreateDeployment.html
#include <algorithm>
#include <array>

#include "base/ids.h"
#include "services/apigateway/errors.h"
#include "services/apigateway/operations.h"
#include "services/apigateway/patch.h"
#include "services/apigateway/route_checks.h"

namespace dew::apigateway {

namespace {

constexpr int64_t kDefaultPage = 25;

// What the methods check before they answer, and that it can be compiled.
aws::ApiResult<void> add_checks(Control& control, const std::string& api_id, json::Object& out) {
  TRY(auto authorizers, control.repository.list(api_id, kAuthorizer));
  TRY(auto models, models_of(control, api_id));
  TRY(auto validators, control.repository.list(api_id, kRequestValidator));
  out["authorizers"] = json::Array(authorizers.begin(), authorizers.end());
  out["models"] = json::Array(models.begin(), models.end());
  out["requestValidators"] = json::Array(validators.begin(), validators.end());
  const auto parts = build_parts(out, {});
  if (!parts) return aws::fail(bad_request(parts.error().message));
  for (const auto& resource : out["resources"].as_array()) {
    const auto* methods = json::object_at(resource.as_object(), "resourceMethods");
    if (!methods) continue;
    for (const auto& method : *methods) {
      if (auto checks = build_checks(*parts, method.value().as_object(), std::nullopt); !checks)
        return aws::fail(bad_request(checks.error().message));
    }
  }
  return {};
}

// Everything that the data plane needs of the API, as it is now.
aws::ApiResult<json::Object> snapshot(Control& control, const json::Object& api) {
  const auto api_id = json::string_or(api, "id");
  TRY(auto resources, control.repository.list(api_id, kResource));
  TRY(auto gateway_responses, control.repository.list(api_id, kGatewayResponse));
  size_t methods = 0;
  for (const auto& resource : resources) {
    const auto* of_resource = json::object_at(resource, "resourceMethods");
    if (!of_resource) continue;
    for (const auto& method : *of_resource) {
      ++methods;
      if (!method.value().as_object().contains("methodIntegration")) {
        return aws::fail(bad_request("No integration defined for method"));
      }
    }
  }
  if (methods == 0) return aws::fail(bad_request("The REST API doesn't contain any methods"));

  json::Object out;
  out["resources"] = json::Array(resources.begin(), resources.end());
  out["gatewayResponses"] = json::Array(gateway_responses.begin(), gateway_responses.end());
  copy_member(out, api, "binaryMediaTypes");
  copy_member(out, api, "policy");
  copy_member(out, api, "apiKeySource");
  CHECK_OK(add_checks(control, api_id, out));
  return out;
}

json::Object summary(const json::Object& snapshot) {
  json::Object out;
  const auto* resources = json::array_at(snapshot, "resources");
  if (!resources) return out;
  for (const auto& resource : *resources) {
    const auto* methods = json::object_at(resource.as_object(), "resourceMethods");
    if (!methods) continue;
    json::Object verbs;
    for (const auto& method : *methods) {
      const auto& document = method.value().as_object();
      json::Object one;
      copy_member(one, document, "authorizationType");
      copy_member(one, document, "apiKeyRequired");
      verbs[method.key()] = std::move(one);
    }
    out[json::string_or(resource.as_object(), "path")] = std::move(verbs);
  }
  return out;
}

bool embeds_summary(const aws::Call& call) {
  const auto* embed = json::array_at(call.input, "embed");
  return embed && std::any_of(embed->begin(), embed->end(), [](const json::Value& value) {
           return value.is_string() && json::view(value.get_string()) == "apisummary";
         });
}

// Points the named stage at the deployment, making the stage if there is none.
aws::ApiResult<void> deploy_to_stage(Control& control, const aws::Call& call,
                                     const std::string& deployment_id, store::Batch& batch) {
  const auto name = text(call, "stageName");
  CHECK_OK(check_stage_options(call.input));
  TRY(auto existing, control.repository.get(text(call, "restApiId"), kStage, name));
  json::Object stage = existing ? std::move(*existing) : new_stage(control, name, deployment_id);
  stage["deploymentId"] = deployment_id;
  stage["lastUpdatedDate"] = control.now();
  if (const auto about = text(call, "stageDescription"); !about.empty())
    stage["description"] = about;
  copy_member(stage, call.input, "variables");
  copy_member(stage, call.input, "tracingEnabled");
  Repository::put(batch, text(call, "restApiId"), kStage, name, stage);
  return {};
}

}  // namespace

Answer create_deployment(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  const auto api_id = text(call, "restApiId");
  TRY(const auto api, control.api(call));
  if (call.input.contains("canarySettings"))
    return aws::fail(unsupported("canary releases of stages (canarySettings)"));
  TRY(auto frozen, snapshot(control, api));
  const auto id = random_alnum(6);
  json::Object deployment{{"id", id}, {"createdDate", control.now()}};
  copy_member(deployment, call.input, "description");
  store::Batch batch;
  Repository::put(batch, api_id, kDeployment, id, deployment);
  Repository::put(batch, api_id, kSnapshot, id, frozen);
  const bool with_stage = !text(call, "stageName").empty();
  if (with_stage) CHECK_OK(deploy_to_stage(control, call, id, batch));
  CHECK_OK(control.repository.commit(batch));
  if (with_stage) control.publish(api_id);
  return deployment;
}

Answer get_deployment(Control& control, aws::Call& call) {
  const auto id = text(call, "deploymentId");
  TRY(auto deployment, control.owned(call, kDeployment, id, no_such_deployment()));
  if (embeds_summary(call)) {
    TRY(const auto frozen, control.repository.get(text(call, "restApiId"), kSnapshot, id));
    if (frozen) deployment["apiSummary"] = summary(*frozen);
  }
  return deployment;
}

Answer get_deployments(Control& control, aws::Call& call) {
  CHECK_OK(control.api(call));
  TRY(auto deployments, control.repository.list(text(call, "restApiId"), kDeployment));
  return page(call, std::move(deployments), "id", kDefaultPage);
}

Answer update_deployment(Control& control, aws::Call& call) {
  static constexpr auto kRules = std::to_array<PatchRule>({{"/description"}});
  const std::scoped_lock lock(control.write);
  const auto id = text(call, "deploymentId");
  TRY(auto deployment, control.owned(call, kDeployment, id, no_such_deployment()));
  CHECK_OK(apply_patches(deployment, call.input, kRules));
  store::Batch batch;
  Repository::put(batch, text(call, "restApiId"), kDeployment, id, deployment);
  CHECK_OK(control.repository.commit(batch));
  return deployment;
}

Answer delete_deployment(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  const auto id = text(call, "deploymentId");
  const auto api_id = text(call, "restApiId");
  CHECK_OK(control.owned(call, kDeployment, id, no_such_deployment()));
  TRY(const auto stages, control.repository.list(api_id, kStage));
  for (const auto& stage : stages) {
    if (json::string_or(stage, "deploymentId") == id) {
      return aws::fail(
          bad_request("Active stages pointing to this deployment must be moved or deleted"));
    }
  }
  store::Batch batch;
  Repository::erase(batch, api_id, kDeployment, id);
  Repository::erase(batch, api_id, kSnapshot, id);
  CHECK_OK(control.repository.commit(batch));
  return json::Object();
}

}  // namespace dew::apigateway
