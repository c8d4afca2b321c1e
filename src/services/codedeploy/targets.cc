// What a deployment does to its one target, the alias, and the answers of validation functions.
#include "services/codedeploy/names.h"
#include "services/codedeploy/service.h"

namespace dew::codedeploy {

// DeploymentNotStartedException until it is known what is deployed.
aws::ApiResult<Deployment> Service::started(const aws::Call& call) {
  const auto id = json::string_or(call.input, "deploymentId");
  if (id.empty()) {
    return aws::fail("DeploymentIdRequiredException",
                     "At least one deployment ID must be specified.");
  }
  TRY(auto d, repository_.deployment(id));
  if (d.spec.function.empty()) {
    return aws::fail("DeploymentNotStartedException",
                     fmt::format("The specified deployment has not started: {}", id));
  }
  return d;
}

aws::ApiResult<json::Value> Service::target_of(const Deployment& d, std::string_view id) {
  if (id.empty()) {
    return aws::fail("DeploymentTargetIdRequiredException",
                     "A deployment target ID was not provided.");
  }
  if (id != target_id(d)) {
    return aws::fail("DeploymentTargetDoesNotExistException",
                     fmt::format("The provided target ID does not belong to the attempted "
                                 "deployment: {}",
                                 id));
  }
  return deployment_target(d, context_.config.region, context_.config.account);
}

aws::ApiResult<json::Value> Service::list_targets(aws::Call& call) {
  TRY(const auto d, started(call));
  json::Array ids{target_id(d)};
  if (const auto* filters = json::object_at(call.input, "targetFilters")) {
    if (filters->contains("ServerInstanceLabel")) {
      return aws::fail("InvalidDeploymentInstanceTypeException",
                       "ServerInstanceLabel filters targets that are servers only");
    }
    if (const auto* statuses = json::array_at(*filters, "TargetStatus")) {
      const auto target = deployment_target(d, context_.config.region, context_.config.account);
      const auto status = json::string_or(target.at("lambdaTarget").as_object(), "status");
      bool matches = false;
      for (const auto& one : *statuses) {
        matches = matches || (one.is_string() && json::view(one.as_string()) == status);
      }
      if (!matches) ids.clear();
    }
  }
  return json::Object{{"targetIds", std::move(ids)}};
}

aws::ApiResult<json::Value> Service::get_target(aws::Call& call) {
  TRY(const auto d, started(call));
  TRY(auto target, target_of(d, json::string_or(call.input, "targetId")));
  return json::Object{{"deploymentTarget", std::move(target)}};
}

aws::ApiResult<json::Value> Service::batch_get_targets(aws::Call& call) {
  TRY(const auto d, started(call));
  const auto* ids = json::array_at(call.input, "targetIds");
  if (ids == nullptr || ids->empty()) {
    return aws::fail("DeploymentTargetIdRequiredException",
                     "A deployment target ID was not provided.");
  }
  if (ids->size() > 1) {
    return aws::fail("DeploymentTargetListSizeExceededException",
                     "The target list of a Lambda deployment must have exactly one item.");
  }
  TRY(auto target, target_of(d, json::view(ids->front().as_string())));
  return json::Object{{"deploymentTargets", json::Array{std::move(target)}}};
}

aws::ApiResult<json::Value> Service::put_hook_status(aws::Call& call) {
  const auto id = json::string_or(call.input, "deploymentId");
  const auto execution = json::string_or(call.input, "lifecycleEventHookExecutionId");
  const auto status = json::string_or(call.input, "status");
  if (id.empty()) {
    return aws::fail("DeploymentIdRequiredException",
                     "At least one deployment ID must be specified.");
  }
  {
    const std::scoped_lock lock(repository_.mutex());
    TRY(auto d, repository_.deployment(id));
    if (status != "Succeeded" && status != "Failed") {
      return aws::fail(
          "InvalidLifecycleEventHookExecutionStatusException",
          fmt::format("The status of a lifecycle event hook is Succeeded or Failed, not "
                      "'{}'",
                      status));
    }
    if (d.ended() || (d.hook_id == execution && !d.hook_result.empty())) {
      return aws::fail("LifecycleEventAlreadyCompletedException",
                       "The status of this lifecycle event has been reported already.");
    }
    if (execution.empty() || d.hook_id != execution) {
      return aws::fail("InvalidLifecycleEventHookExecutionIdException",
                       "The lifecycle event hook execution ID is not valid for this deployment.");
    }
    d.hook_result = status;
    store::Batch batch;
    repository_.put(batch, d);
    CHECK_OK(repository_.store().commit(batch));
  }
  engine_.wake(id);
  return json::Object{{"lifecycleEventHookExecutionId", execution}};
}

}  // namespace dew::codedeploy
