#include "services/codedeploy/service.h"

#include <array>

namespace dew::codedeploy {

Service::Service(const services::Context& context, AlarmSource* alarms, Engine::Execute execute)
    : context_(context),
      repository_(context),
      role_(context),
      engine_(context, repository_, role_, alarms, std::move(execute)) {}

void Service::register_operations(aws::Registry& registry) {
  using enum aws::Run;
  struct Operation {
    const char* name;
    Method method;
    aws::Run run = kWorker;
  };
  // A validation function's answer and the look at a deployment never wait for a worker.
  static constexpr auto kOperations = std::to_array<Operation>({
      {"CreateApplication", &Service::create_application},
      {"GetApplication", &Service::get_application, kInline},
      {"BatchGetApplications", &Service::batch_get_applications},
      {"ListApplications", &Service::list_applications},
      {"UpdateApplication", &Service::update_application},
      {"DeleteApplication", &Service::delete_application},
      {"TagResource", &Service::tag_resource},
      {"UntagResource", &Service::untag_resource},
      {"ListTagsForResource", &Service::list_tags, kInline},
      {"CreateDeploymentConfig", &Service::create_config},
      {"GetDeploymentConfig", &Service::get_config, kInline},
      {"ListDeploymentConfigs", &Service::list_configs},
      {"DeleteDeploymentConfig", &Service::delete_config},
      {"CreateDeploymentGroup", &Service::create_group},
      {"GetDeploymentGroup", &Service::get_group, kInline},
      {"BatchGetDeploymentGroups", &Service::batch_get_groups},
      {"ListDeploymentGroups", &Service::list_groups},
      {"UpdateDeploymentGroup", &Service::update_group},
      {"DeleteDeploymentGroup", &Service::delete_group},
      {"CreateDeployment", &Service::create_deployment},
      {"GetDeployment", &Service::get_deployment, kInline},
      {"BatchGetDeployments", &Service::batch_get_deployments},
      {"ListDeployments", &Service::list_deployments},
      {"StopDeployment", &Service::stop_deployment, kInline},
      {"ContinueDeployment", &Service::continue_deployment, kInline},
      {"ListDeploymentTargets", &Service::list_targets, kInline},
      {"GetDeploymentTarget", &Service::get_target, kInline},
      {"BatchGetDeploymentTargets", &Service::batch_get_targets, kInline},
      {"PutLifecycleEventHookExecutionStatus", &Service::put_hook_status, kInline},
  });
  for (const auto& operation : kOperations) {
    registry.add("codedeploy", operation.name, operation.run,
                 [this, method = operation.method](aws::Call& call) -> Answer {
                   if (engine_.stopped()) {
                     return aws::fail("ServiceUnavailable", "The cloud is stopping", 503);
                   }
                   return (this->*method)(call);
                 });
  }
}

std::string Service::group_arn_of(std::string_view deployment_id) const {
  const auto found = repository_.deployment(deployment_id);
  if (!found) return {};
  return fmt::format("arn:aws:codedeploy:{}:{}:deploymentgroup:{}/{}", context_.config.region,
                     context_.config.account, found->application, found->group);
}

}  // namespace dew::codedeploy
