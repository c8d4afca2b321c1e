// docs.aws.amazon.com/service-authorization/latest/reference/list_awscodedeploy.html
#include "authz/rule.h"

namespace dew::authz {

namespace {

void name_application(const Scope& scope, std::string_view name, Check& check) {
  append_arn(scope, "codedeploy", check.resource);
  check.resource.append("application:").append(name);
}
void application(const Scope& scope, Check& check) {
  name_application(scope, scope.text("applicationName"), check);
}
void name_group(const Scope& scope, std::string_view name, Check& check) {
  append_arn(scope, "codedeploy", check.resource);
  const auto application = scope.text("applicationName");
  check.resource.append("deploymentgroup:").append(application.empty() ? "*" : application);
  check.resource.append("/").append(name.empty() ? "*" : name);
}
void group(const Scope& scope, Check& check) {
  name_group(scope, scope.text("deploymentGroupName"), check);
}
void current_group(const Scope& scope, Check& check) {
  name_group(scope, scope.text("currentDeploymentGroupName"), check);
}
void config(const Scope& scope, Check& check) {
  append_arn(scope, "codedeploy", check.resource);
  check.resource.append("deploymentconfig:").append(scope.text("deploymentConfigName"));
}
void tagged(const Scope& scope, Check& check) { check.resource = scope.text("ResourceArn"); }

// The group of a deployment; of one that does not exist, any.
void group_of(const Scope& scope, std::string_view deployment_id, Check& check) {
  check.resource = scope.sources.deployment_group_arn(deployment_id);
  if (!check.resource.empty()) return;
  append_arn(scope, "codedeploy", check.resource);
  check.resource += "deploymentgroup:*";
}
void deployments_group(const Scope& scope, Check& check) {
  group_of(scope, scope.text("deploymentId"), check);
}

template <class Name>
void each(const Scope& scope, Checks& checks, std::string_view member, std::string_view action,
          Name name) {
  const auto* list = json::array_at(scope.input(), member);
  if (list == nullptr) return;
  for (const auto& one : *list) {
    if (one.is_string()) name(scope, json::view(one.as_string()), checks.add(action));
  }
}
void each_application(const Scope& scope, Checks& checks) {
  each(scope, checks, "applicationNames", "codedeploy:BatchGetApplications", name_application);
}
void each_group(const Scope& scope, Checks& checks) {
  each(scope, checks, "deploymentGroupNames", "codedeploy:BatchGetDeploymentGroups", name_group);
}
void each_deployment(const Scope& scope, Checks& checks) {
  each(scope, checks, "deploymentIds", "codedeploy:BatchGetDeployments", group_of);
}
void pass_service_role(const Scope& scope, Checks& checks) {
  pass_role(scope, checks, scope.text("serviceRoleArn"), "codedeploy.amazonaws.com");
}

}  // namespace

std::vector<Rule> codedeploy_rules() {
  return {
      {"BatchGetApplications", "", nullptr, nullptr, each_application},
      {"BatchGetDeploymentGroups", "", nullptr, nullptr, each_group},
      {"BatchGetDeploymentTargets", "codedeploy:BatchGetDeploymentTargets", any_resource},
      {"BatchGetDeployments", "", nullptr, nullptr, each_deployment},
      {"ContinueDeployment", "codedeploy:ContinueDeployment", any_resource},
      {"CreateApplication", "codedeploy:CreateApplication", application},
      {"CreateDeployment", "codedeploy:CreateDeployment", group},
      {"CreateDeploymentConfig", "codedeploy:CreateDeploymentConfig", config},
      {"CreateDeploymentGroup", "codedeploy:CreateDeploymentGroup", group, nullptr,
       pass_service_role},
      {"DeleteApplication", "codedeploy:DeleteApplication", application},
      {"DeleteDeploymentConfig", "codedeploy:DeleteDeploymentConfig", config},
      {"DeleteDeploymentGroup", "codedeploy:DeleteDeploymentGroup", group},
      {"GetApplication", "codedeploy:GetApplication", application},
      {"GetDeployment", "codedeploy:GetDeployment", deployments_group},
      {"GetDeploymentConfig", "codedeploy:GetDeploymentConfig", config},
      {"GetDeploymentGroup", "codedeploy:GetDeploymentGroup", group},
      {"GetDeploymentTarget", "codedeploy:GetDeploymentTarget", any_resource},
      {"ListApplications", "codedeploy:ListApplications", any_resource},
      {"ListDeploymentConfigs", "codedeploy:ListDeploymentConfigs", any_resource},
      {"ListDeploymentGroups", "codedeploy:ListDeploymentGroups", application},
      {"ListDeploymentTargets", "codedeploy:ListDeploymentTargets", any_resource},
      {"ListDeployments", "codedeploy:ListDeployments", group},
      {"ListTagsForResource", "codedeploy:ListTagsForResource", tagged},
      // Deployment tools allow it on the groups whose deployments the function validates.
      {"PutLifecycleEventHookExecutionStatus", "codedeploy:PutLifecycleEventHookExecutionStatus",
       deployments_group},
      {"StopDeployment", "codedeploy:StopDeployment", any_resource},
      {"TagResource", "codedeploy:TagResource", tagged},
      {"UntagResource", "codedeploy:UntagResource", tagged},
      {"UpdateApplication", "codedeploy:UpdateApplication", application},
      {"UpdateDeploymentGroup", "codedeploy:UpdateDeploymentGroup", current_group, nullptr,
       pass_service_role},
  };
}

}  // namespace dew::authz
