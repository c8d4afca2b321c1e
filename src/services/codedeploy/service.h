// CodeDeploy for the Lambda compute platform: applications, deployment groups, configurations, and
// deployments that shift an alias's traffic from one version to another and take it back.
// docs.aws.amazon.com/codedeploy/latest/APIReference/
//
// EC2, on-premises servers, ECS, triggers and GitHub are refused by name.
// Thread-safe. The context and the alarm source outlive the service; stop() before the store goes.
#pragma once

#include "aws/registry.h"
#include "services/codedeploy/engine.h"

namespace dew::codedeploy {

class Service {
 public:
  // `alarms` may be null: then a group with alarms cannot be deployed to. An empty `execute` is a
  // thread of the service's own.
  Service(const services::Context& context, AlarmSource* alarms, Engine::Execute execute = {});

  void register_operations(aws::Registry& registry);
  // What a crash interrupted. Once the other services can be called.
  void resume() { engine_.resume(); }
  // Operations fail with ServiceUnavailable from then on.
  void stop() { engine_.stop(); }

  // arn:aws:codedeploy:…:deploymentgroup:APPLICATION/GROUP of a deployment, for whoever authorizes;
  // empty: there is no such deployment.
  std::string group_arn_of(std::string_view deployment_id) const;

 private:
  using Answer = aws::ApiResult<json::Value>;
  using Method = Answer (Service::*)(aws::Call&);

  // applications.cc
  Answer create_application(aws::Call& call);
  Answer get_application(aws::Call& call);
  Answer batch_get_applications(aws::Call& call);
  Answer list_applications(aws::Call& call);
  Answer update_application(aws::Call& call);
  Answer delete_application(aws::Call& call);
  Answer tag_resource(aws::Call& call);
  Answer untag_resource(aws::Call& call);
  Answer list_tags(aws::Call& call);

  // configs.cc
  Answer create_config(aws::Call& call);
  Answer get_config(aws::Call& call);
  Answer list_configs(aws::Call& call);
  Answer delete_config(aws::Call& call);

  // groups.cc
  Answer create_group(aws::Call& call);
  Answer get_group(aws::Call& call);
  Answer batch_get_groups(aws::Call& call);
  Answer list_groups(aws::Call& call);
  Answer update_group(aws::Call& call);
  Answer delete_group(aws::Call& call);
  aws::ApiResult<void> take_settings(json::Object& group, const json::Object& input);

  // deployments.cc
  Answer create_deployment(aws::Call& call);
  Answer get_deployment(aws::Call& call);
  Answer batch_get_deployments(aws::Call& call);
  Answer list_deployments(aws::Call& call);
  Answer stop_deployment(aws::Call& call);
  Answer continue_deployment(aws::Call& call);

  // targets.cc
  Answer list_targets(aws::Call& call);
  Answer get_target(aws::Call& call);
  Answer batch_get_targets(aws::Call& call);
  Answer put_hook_status(aws::Call& call);
  aws::ApiResult<Deployment> started(const aws::Call& call);
  Answer target_of(const Deployment& deployment, std::string_view id);

  // Reads, changes and stores what a tag ARN names: an application or a deployment group.
  aws::ApiResult<void> change_tagged(
      std::string_view arn, const std::function<aws::ApiResult<void>(json::Object&)>& edit);
  aws::ApiResult<json::Object> tagged(std::string_view arn) const;

  const services::Context& context_;
  Repository repository_;
  ServiceRole role_;
  Engine engine_;
};

}  // namespace dew::codedeploy
