// docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
// docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
// docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
#include "authz/rule.h"

namespace dew::authz {

namespace {

// ---- Parameter Store

// A name, perhaps with ":version" or ":label", or an ARN.
void name_parameter(const Scope& scope, std::string_view name, Check& check) {
  if (name.starts_with("arn:")) {
    check.resource = name;
    return;
  }
  append_arn(scope, "ssm", check.resource);
  check.resource += name.starts_with('/') ? "parameter" : "parameter/";
  check.resource += name.substr(0, name.find(':'));
}

void parameter(const Scope& scope, Check& check) {
  name_parameter(scope, scope.text("Name"), check);
}
void path(const Scope& scope, Check& check) { name_parameter(scope, scope.text("Path"), check); }
void parameter_by_id(const Scope& scope, Check& check) {
  name_parameter(scope, scope.text("ResourceId"), check);
}
void every_parameter(const Scope& scope, Check& check) {
  append_arn(scope, "ssm", check.resource);
  check.resource += "*";
}

void each_parameter(const Scope& scope, Checks& checks, std::string_view action) {
  const auto* names = json::array_at(scope.input(), "Names");
  if (names == nullptr) return;
  for (const auto& name : *names) {
    if (name.is_string()) name_parameter(scope, json::view(name.as_string()), checks.add(action));
  }
}
void get_each(const Scope& scope, Checks& checks) {
  each_parameter(scope, checks, "ssm:GetParameters");
}
void delete_each(const Scope& scope, Checks& checks) {
  each_parameter(scope, checks, "ssm:DeleteParameters");
}
void tag_parameter(const Scope& scope, Checks& checks) {
  if (scope.input().contains("Tags")) parameter(scope, checks.add("ssm:AddTagsToResource"));
}

bool ssm_keys(const Scope& scope, const Check&, std::string_view key, policy::Values& out) {
  const auto flag = [&](std::string_view member) {
    out.emplace_back(json::bool_at(scope.input(), member).value_or(false) ? "true" : "false");
    return true;
  };
  if (key == "ssm:overwrite") return flag("Overwrite");
  if (key == "ssm:recursive") return flag("Recursive");
  return false;
}

// ---- CloudWatch Logs: a group is asked for with the streams that it could have.

void group(const Scope& scope, Check& check) {
  append_arn(scope, "logs", check.resource);
  check.resource.append("log-group:").append(scope.text("logGroupName")).append(":log-stream:");
}
void stream(const Scope& scope, Check& check) {
  group(scope, check);
  check.resource += scope.text("logStreamName");
}
void groups(const Scope& scope, Check& check) {
  append_arn(scope, "logs", check.resource);
  check.resource.append("log-group:").append(scope.text("logGroupNamePrefix"));
  check.resource += ":log-stream:";
}
void arn(const Scope& scope, Check& check) { check.resource = scope.text("resourceArn"); }
void tag_group(const Scope& scope, Checks& checks) {
  if (scope.input().contains("tags")) group(scope, checks.add("logs:TagResource"));
}

void repositories(const Scope& scope, Check& check) {
  append_arn(scope, "ecr", check.resource);
  check.resource += "repository/*";
}

// ---- CloudFormation

void stack_by(const Scope& scope, std::string_view name, Check& check) {
  if (name.starts_with("arn:")) {
    check.resource = name;
    return;
  }
  append_arn(scope, "cloudformation", check.resource);
  check.resource.append("stack/").append(name.empty() ? "*" : name).append("/*");
}
void stack(const Scope& scope, Check& check) {
  auto name = scope.text("StackName");
  // A change set's ARN stands for its stack's.
  if (name.empty()) name = scope.text("ChangeSetName");
  stack_by(scope, name, check);
}
void pass_stack_role(const Scope& scope, Checks& checks) {
  pass_role(scope, checks, scope.text("RoleARN"), "cloudformation.amazonaws.com");
}

bool stack_keys(const Scope& scope, const Check&, std::string_view key, policy::Values& out) {
  std::string_view value;
  if (key == "cloudformation:rolearn") value = scope.text("RoleARN");
  if (key == "cloudformation:templateurl") value = scope.text("TemplateURL");
  if (key == "cloudformation:changesetname") value = scope.text("ChangeSetName");
  if (key == "cloudformation:stackpolicyurl") value = scope.text("StackPolicyURL");
  if (value.empty()) return false;
  out.emplace_back(value);
  return true;
}

}  // namespace

std::vector<Rule> ssm_rules() {
  return {
      {"AddTagsToResource", "ssm:AddTagsToResource", parameter_by_id},
      {"DeleteParameter", "ssm:DeleteParameter", parameter},
      {"DeleteParameters", "", nullptr, nullptr, delete_each},
      {"DescribeParameters", "ssm:DescribeParameters", every_parameter},
      {"GetParameter", "ssm:GetParameter", parameter},
      {"GetParameterHistory", "ssm:GetParameterHistory", parameter},
      {"GetParameters", "", nullptr, nullptr, get_each},
      {"GetParametersByPath", "ssm:GetParametersByPath", path, ssm_keys},
      {"LabelParameterVersion", "ssm:LabelParameterVersion", parameter},
      {"ListTagsForResource", "ssm:ListTagsForResource", parameter_by_id},
      {"PutParameter", "ssm:PutParameter", parameter, ssm_keys, tag_parameter},
      {"LabelParameterVersion", "ssm:LabelParameterVersion", parameter},
      {"UnlabelParameterVersion", "ssm:UnlabelParameterVersion", parameter},
      {"RemoveTagsFromResource", "ssm:RemoveTagsFromResource", parameter_by_id},
      {"UnlabelParameterVersion", "ssm:UnlabelParameterVersion", parameter},
  };
}

std::vector<Rule> logs_rules() {
  return {
      {"CreateLogGroup", "logs:CreateLogGroup", group, nullptr, tag_group},
      {"CreateLogStream", "logs:CreateLogStream", stream},
      {"DeleteLogGroup", "logs:DeleteLogGroup", group},
      {"DeleteLogStream", "logs:DeleteLogStream", stream},
      {"DeleteMetricFilter", "logs:DeleteMetricFilter", group},
      {"DeleteRetentionPolicy", "logs:DeleteRetentionPolicy", group},
      {"DeleteSubscriptionFilter", "logs:DeleteSubscriptionFilter", group},
      {"DescribeLogGroups", "logs:DescribeLogGroups", groups},
      {"DescribeLogStreams", "logs:DescribeLogStreams", group},
      {"DescribeMetricFilters", "logs:DescribeMetricFilters", group},
      {"DescribeSubscriptionFilters", "logs:DescribeSubscriptionFilters", group},
      {"FilterLogEvents", "logs:FilterLogEvents", group},
      {"GetLogEvents", "logs:GetLogEvents", stream},
      {"ListTagsForResource", "logs:ListTagsForResource", arn},
      {"ListTagsLogGroup", "logs:ListTagsLogGroup", group},
      {"PutLogEvents", "logs:PutLogEvents", stream},
      {"PutMetricFilter", "logs:PutMetricFilter", group},
      {"PutRetentionPolicy", "logs:PutRetentionPolicy", group},
      {"PutSubscriptionFilter", "logs:PutSubscriptionFilter", group},
      {"TagLogGroup", "logs:TagLogGroup", group},
      {"TagResource", "logs:TagResource", arn},
      {"TestMetricFilter", "logs:TestMetricFilter", any_resource},
      {"UntagLogGroup", "logs:UntagLogGroup", group},
      {"UntagResource", "logs:UntagResource", arn},
  };
}

// docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
std::vector<Rule> ecr_rules() {
  return {{"DescribeRepositories", "ecr:DescribeRepositories", repositories}};
}

std::vector<Rule> cloudformation_rules() {
  return {
      {"CancelUpdateStack", "cloudformation:CancelUpdateStack", stack},
      {"ContinueUpdateRollback", "cloudformation:ContinueUpdateRollback", stack, stack_keys,
       pass_stack_role},
      {"CreateChangeSet", "cloudformation:CreateChangeSet", stack, stack_keys, pass_stack_role},
      {"CreateStack", "cloudformation:CreateStack", stack, stack_keys, pass_stack_role},
      {"DeleteChangeSet", "cloudformation:DeleteChangeSet", stack, stack_keys},
      {"DeleteStack", "cloudformation:DeleteStack", stack, stack_keys, pass_stack_role},
      {"DescribeChangeSet", "cloudformation:DescribeChangeSet", stack, stack_keys},
      {"DescribeStackEvents", "cloudformation:DescribeStackEvents", stack},
      {"DescribeStackResource", "cloudformation:DescribeStackResource", stack},
      {"DescribeStackResources", "cloudformation:DescribeStackResources", stack},
      {"DescribeStacks", "cloudformation:DescribeStacks", stack},
      {"ExecuteChangeSet", "cloudformation:ExecuteChangeSet", stack, stack_keys},
      {"GetStackPolicy", "cloudformation:GetStackPolicy", stack},
      {"GetTemplate", "cloudformation:GetTemplate", stack},
      {"GetTemplateSummary", "cloudformation:GetTemplateSummary", stack, stack_keys},
      {"ListChangeSets", "cloudformation:ListChangeSets", stack},
      {"ListExports", "cloudformation:ListExports", any_resource},
      {"ListImports", "cloudformation:ListImports", any_resource},
      {"ListStackResources", "cloudformation:ListStackResources", stack},
      {"ListStacks", "cloudformation:ListStacks", any_resource},
      {"RollbackStack", "cloudformation:RollbackStack", stack, stack_keys, pass_stack_role},
      {"SetStackPolicy", "cloudformation:SetStackPolicy", stack, stack_keys},
      {"SignalResource", "cloudformation:SignalResource", stack},
      {"UpdateStack", "cloudformation:UpdateStack", stack, stack_keys, pass_stack_role},
      {"UpdateTerminationProtection", "cloudformation:UpdateTerminationProtection", stack},
      {"ValidateTemplate", "cloudformation:ValidateTemplate", any_resource},
  };
}

}  // namespace dew::authz
