// Operations that steer a stack's way: cancel, continue, roll back, signal; its protection.
#include <algorithm>

#include "services/cloudformation/api.h"
#include "services/cloudformation/stack_policy.h"

namespace dew::cloudformation {

namespace {

ApiResult<json::Value> cancel_update(Engine& engine, Call& call) {
  std::lock_guard lock(engine.mutex());
  TRY(const auto stack, engine.stacks().find(json::string_or(call.input, "StackName")));
  if (stack.status != "UPDATE_IN_PROGRESS") {
    return invalid("CancelUpdateStack cannot be called from current stack status");
  }
  StackStore::Changes changes(engine.stacks());
  changes.put_cancel(stack.id, "cancel");
  CHECK_OK(changes.commit());
  engine.bell().ring();
  return json::Object{};
}

// docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html
ApiResult<void> check_skipped(Engine& engine, const Stack& stack,
                              const std::vector<std::string>& skip) {
  TRY(const auto resources, engine.stacks().resources(stack.id));
  for (const auto& name : skip) {
    if (name.find('.') != std::string::npos) {
      return invalid(fmt::format(
          "Dewpoint does not support resources of nested stacks in ResourcesToSkip yet: {}", name));
    }
    const auto it = resources.find(name);
    if (it == resources.end()) {
      return invalid(fmt::format("Resource {} does not exist for stack {}", name, stack.name));
    }
    if (it->second.status != "UPDATE_FAILED") {
      return invalid(
          fmt::format("ResourcesToSkip may only name resources that are in the state "
                      "UPDATE_FAILED: {} is in the state {}",
                      name, it->second.status));
    }
  }
  return {};
}

ApiResult<json::Value> continue_rollback(Engine& engine, Call& call) {
  const auto role = json::string_or(call.input, "RoleARN");
  CHECK_OK(check_role(engine, role));
  std::unique_lock lock(engine.mutex());
  TRY(auto stack, engine.stacks().find(json::string_or(call.input, "StackName")));
  if (stack.status != "UPDATE_ROLLBACK_FAILED" || !stack.operation) {
    return invalid(fmt::format("Stack:{} is in {} state and can not continue rollback.", stack.id,
                               stack.status));
  }
  const auto skip = text_list(call.input, "ResourcesToSkip");
  CHECK_OK(check_skipped(engine, stack, skip));
  stack.operation->paused = false;
  stack.operation->identity = call.identity;
  if (!role.empty()) stack.operation->role_arn = role;
  stack.operation->token = json::string_or(call.input, "ClientRequestToken");
  stack.operation->skip = {skip.begin(), skip.end()};
  StackStore::Changes changes(engine.stacks());
  changes.status(stack, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated");
  CHECK_OK(changes.commit());
  lock.unlock();
  engine.start(stack);
  return json::Object{};
}

// From what a failure that was not rolled back has left to the last state that was complete.
// docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackStack.html
ApiResult<json::Value> roll_back_stack(Engine& engine, Call& call) {
  const auto role = json::string_or(call.input, "RoleARN");
  CHECK_OK(check_role(engine, role));
  std::unique_lock lock(engine.mutex());
  TRY(auto stack, engine.stacks().find(json::string_or(call.input, "StackName")));
  const bool creation = stack.status == "CREATE_FAILED";
  if (stack.operation || (!creation && stack.status != "UPDATE_FAILED")) {
    return invalid(
        fmt::format("Stack:{} is in {} state and can not be rolled back.", stack.id, stack.status));
  }
  Operation operation;
  operation.kind = creation ? OperationKind::kCreate : OperationKind::kUpdate;
  operation.phase = Phase::kRollback;
  operation.identity = call.identity;
  operation.token = json::string_or(call.input, "ClientRequestToken");
  operation.began = engine.stacks().clock().now_seconds();
  operation.role_arn = role.empty() ? stack.role_arn : role;
  operation.retain_except_on_create =
      json::bool_at(call.input, "RetainExceptOnCreate").value_or(false);
  stack.operation = std::move(operation);
  StackStore::Changes changes(engine.stacks());
  changes.status(stack, creation ? "ROLLBACK_IN_PROGRESS" : "UPDATE_ROLLBACK_IN_PROGRESS",
                 "User Initiated");
  CHECK_OK(changes.commit());
  lock.unlock();
  engine.start(stack);
  return json::Object{{"StackId", stack.id}};
}

// Only a wait condition has a creation policy here.
// docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SignalResource.html
ApiResult<json::Value> signal_resource(Engine& engine, Call& call) {
  TRY(const auto stack, engine.stacks().find(json::string_or(call.input, "StackName")));
  const auto name = json::string_or(call.input, "LogicalResourceId");
  TRY(const auto resources, engine.stacks().resources(stack.id));
  const auto it = resources.find(name);
  if (it == resources.end())
    return invalid(fmt::format("Resource {} does not exist for stack {}", name, stack.name));
  TRY(const auto token, engine.stacks().store().get(StackStore::key("handle", stack.id).add(name)));
  if (it->second.status != "CREATE_IN_PROGRESS" || !token ||
      it->second.type != "AWS::CloudFormation::WaitCondition") {
    return invalid(
        fmt::format("Resource {} in stack {} is in the state {}, or has no "
                    "CreationPolicy, and can not be signaled",
                    name, stack.name, it->second.status));
  }
  const json::Object signal{{"Status", json::string_or(call.input, "Status")},
                            {"UniqueId", json::string_or(call.input, "UniqueId")}};
  if (engine.replies().receive(*token, json::dump(signal)).status != 200)
    return invalid(fmt::format("Resource {} cannot be signaled", name));
  engine.bell().ring();
  return json::Object{};
}

ApiResult<json::Value> termination_protection(Engine& engine, Call& call) {
  std::lock_guard lock(engine.mutex());
  TRY(const auto stack, engine.stacks().find(json::string_or(call.input, "StackName")));
  if (!stack.parent_id.empty()) {
    // docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html
    return invalid(
        "Termination protection cannot be set on a nested stack directly: set it on its root "
        "stack");
  }
  TRY(auto settings, engine.stacks().settings(stack.id));
  settings["TerminationProtection"] =
      json::bool_at(call.input, "EnableTerminationProtection").value_or(false);
  StackStore::Changes changes(engine.stacks());
  changes.put_settings(stack.id, settings);
  CHECK_OK(changes.commit());
  return json::Object{{"StackId", stack.id}};
}

ApiResult<json::Value> set_policy(Engine& engine, Call& call) {
  TRY(const auto policy, policy_input(engine, call, "StackPolicy"));
  if (!policy) return invalid("Either StackPolicyBody or StackPolicyURL must be specified.");
  std::lock_guard lock(engine.mutex());
  TRY(const auto stack, engine.stacks().find(json::string_or(call.input, "StackName")));
  TRY(auto settings, engine.stacks().settings(stack.id));
  settings["Policy"] = *policy;
  StackStore::Changes changes(engine.stacks());
  changes.put_settings(stack.id, settings);
  CHECK_OK(changes.commit());
  return json::Object{};
}

ApiResult<json::Value> get_policy(Engine& engine, Call& call) {
  TRY(const auto stack, engine.stacks().find(json::string_or(call.input, "StackName")));
  TRY(const auto settings, engine.stacks().settings(stack.id));
  json::Object out;
  if (const auto policy = json::string_at(settings, "Policy")) out["StackPolicyBody"] = *policy;
  return out;
}

}  // namespace

void add_steering_operations(const Add& add) {
  add("CancelUpdateStack", aws::Run::kWorker, cancel_update);
  add("ContinueUpdateRollback", aws::Run::kWorker, continue_rollback);
  add("RollbackStack", aws::Run::kWorker, roll_back_stack);
  add("SignalResource", aws::Run::kWorker, signal_resource);
  add("UpdateTerminationProtection", aws::Run::kWorker, termination_protection);
  add("SetStackPolicy", aws::Run::kWorker, set_policy);
  add("GetStackPolicy", aws::Run::kWorker, get_policy);
}

}  // namespace dew::cloudformation
