// Operations that start or steer a stack's life: create, update, delete, cancel, continue.
#include <algorithm>

#include "services/cloudformation/api.h"

namespace dew::cloudformation {

namespace {

ApiResult<OnFailure> on_failure(const json::Object& input) {
  const auto disable = json::bool_at(input, "DisableRollback");
  const auto wanted = json::string_at(input, "OnFailure");
  if (disable && wanted)
    return invalid("You can specify either DisableRollback or OnFailure, but not both.");
  if (disable.value_or(false) || wanted == "DO_NOTHING") return OnFailure::kNothing;
  return wanted == "DELETE" ? OnFailure::kDelete : OnFailure::kRollback;
}

ApiResult<json::Value> create_stack(Engine& engine, Call& call) {
  const auto name = json::string_or(call.input, "StackName");
  CHECK_OK(check_stack_name(name));
  CHECK_OK(refuse_unsupported(call.input));
  TRY(const auto text, template_input(engine, call));
  if (!text) return invalid("Either Template URL or Template Body must be specified.");
  TRY(const auto failure, on_failure(call.input));
  TRY(auto tags, tags_input(call.input));
  TRY(const auto given, read_parameters(call.input, {}));

  Stack stack;
  stack.name = name;
  stack.id = new_stack_id(engine, name);
  const auto session = session_of(engine, call);
  TRY(const auto blueprint, make_blueprint(engine.stacks(), session, stack, *text, given, {}));
  const auto allowed = text_list(call.input, "Capabilities");
  CHECK_OK(check_capabilities(blueprint->tmpl, allowed));

  stack.description = blueprint->tmpl.description;
  stack.created = engine.stacks().clock().now_seconds();
  stack.given = blueprint->parameters.given;
  stack.resolved = blueprint->parameters.resolved;
  stack.hidden = hidden_parameters(blueprint->tmpl);
  stack.tags = tags.value_or(json::Array{});
  stack.capabilities = allowed;
  stack.role_arn = json::string_or(call.input, "RoleARN");
  stack.disable_rollback = failure == OnFailure::kNothing;
  stack.timeout_minutes = json::int_at(call.input, "TimeoutInMinutes").value_or(0);
  Operation operation;
  operation.on_failure = failure;
  operation.identity = call.identity;
  operation.token = json::string_or(call.input, "ClientRequestToken");
  operation.began = stack.created;
  operation.given = stack.given;
  operation.tags = stack.tags;
  operation.capabilities = allowed;
  operation.role_arn = stack.role_arn;
  stack.operation = std::move(operation);
  {
    std::lock_guard lock(engine.mutex());
    if (engine.stacks().find(name)) {
      return aws::fail("AlreadyExistsException", fmt::format("Stack [{}] already exists", name));
    }
    StackStore::Changes changes(engine.stacks());
    changes.put_name(stack);
    changes.put_template(stack.id, "current", *text);
    changes.put_template(stack.id, "next", *text);
    json::Object settings{
        {"TerminationProtection",
         json::bool_at(call.input, "EnableTerminationProtection").value_or(false)}};
    if (const auto policy = json::string_at(call.input, "StackPolicyBody"))
      settings["Policy"] = *policy;
    changes.put_settings(stack.id, settings);
    changes.status(stack, "CREATE_IN_PROGRESS", "User Initiated");
    CHECK_OK(changes.commit());
  }
  engine.start(stack);
  return json::Object{{"StackId", stack.id}};
}

ApiResult<json::Value> update_stack(Engine& engine, Call& call) {
  CHECK_OK(refuse_unsupported(call.input));
  auto found = engine.stacks().find(json::string_or(call.input, "StackName"));
  if (!found) {
    if (found.error().status >= 500) return std::unexpected(std::move(found).error());
    return invalid(
        fmt::format("Stack [{}] does not exist", json::string_or(call.input, "StackName")));
  }
  auto& stack = *found;
  if (!is_updatable(stack)) return not_updatable(stack);
  TRY(auto text, template_input(engine, call));
  if (json::bool_at(call.input, "UsePreviousTemplate").value_or(false)) {
    if (text)
      return invalid("You cannot specify both usePreviousTemplate and Template Body/Template URL.");
    TRY(text, engine.stacks().template_text(stack.id, "current"));
  }
  if (!text) return invalid("Either Template URL or Template Body must be specified.");
  TRY(const auto given, read_parameters(call.input, stack.given));
  TRY(const auto new_tags, tags_input(call.input));
  const auto tags = new_tags.value_or(stack.tags);
  const auto session = session_of(engine, call);
  TRY(const auto blueprint, make_blueprint(engine.stacks(), session, stack, *text, given, {}));
  const auto allowed = text_list(call.input, "Capabilities");
  CHECK_OK(check_capabilities(blueprint->tmpl, allowed));
  TRY(const auto resources, engine.stacks().resources(stack.id));
  TRY(const auto plan, make_plan(*blueprint, stack, resources, tags));
  if (plan.empty()) return invalid("No updates are to be performed.");

  Operation operation;
  operation.kind = OperationKind::kUpdate;
  operation.on_failure = json::bool_at(call.input, "DisableRollback").value_or(false)
                             ? OnFailure::kNothing
                             : OnFailure::kRollback;
  operation.identity = call.identity;
  operation.token = json::string_or(call.input, "ClientRequestToken");
  operation.began = engine.stacks().clock().now_seconds();
  operation.given = blueprint->parameters.given;
  operation.tags = tags;
  operation.capabilities = allowed;
  operation.role_arn = json::string_or(call.input, "RoleARN", stack.role_arn);
  {
    std::lock_guard lock(engine.mutex());
    TRY(auto current, engine.stacks().find(stack.id));
    if (!is_updatable(current)) return not_updatable(current);
    stack = std::move(current);
    stack.operation = std::move(operation);
    stack.updated = stack.operation->began;
    StackStore::Changes changes(engine.stacks());
    changes.put_template(stack.id, "next", *text);
    if (const auto policy = json::string_at(call.input, "StackPolicyBody")) {
      TRY(auto settings, engine.stacks().settings(stack.id));
      settings["Policy"] = *policy;
      changes.put_settings(stack.id, settings);
    }
    changes.status(stack, "UPDATE_IN_PROGRESS", "User Initiated");
    CHECK_OK(changes.commit());
  }
  engine.start(stack);
  return json::Object{{"StackId", stack.id}};
}

// Who imports what the stack exports; empty: nobody.
ApiResult<std::string> export_in_use(Engine& engine, const Stack& stack) {
  for (const auto& output : stack.outputs) {
    const auto name = json::string_or(output.as_object(), "ExportName");
    if (name.empty()) continue;
    TRY(const auto users, engine.stacks().importers(name));
    for (const auto& id : users) {
      if (id == stack.id) continue;
      TRY(const auto user, engine.stacks().find(id));
      return fmt::format("Delete canceled. Cannot delete export {} as it is in use by {}", name,
                         user.name);
    }
  }
  return std::string();
}

ApiResult<json::Value> delete_stack(Engine& engine, Call& call) {
  const auto name = json::string_or(call.input, "StackName");
  std::unique_lock lock(engine.mutex());
  auto found = engine.stacks().find(name);
  // Deleting what does not exist succeeds.
  if (!found) {
    if (found.error().status >= 500) return std::unexpected(std::move(found).error());
    return json::Object{};
  }
  auto& stack = *found;
  if (stack.status == "DELETE_COMPLETE" || stack.status == "DELETE_IN_PROGRESS")
    return json::Object{};
  TRY(const auto settings, engine.stacks().settings(stack.id));
  if (json::bool_at(settings, "TerminationProtection").value_or(false)) {
    return invalid(fmt::format(
        "Stack [{}] cannot be deleted while TerminationProtection is enabled", stack.name));
  }
  const auto retain = text_list(call.input, "RetainResources");
  if (!retain.empty() && stack.status != "DELETE_FAILED") {
    return invalid(
        fmt::format("Invalid operation on stack [{}]. Specify RetainResources only when the stack "
                    "is in the DELETE_FAILED state",
                    stack.id));
  }
  StackStore::Changes changes(engine.stacks());
  if (stack.operation && !stack.operation->paused) {
    if (stack.operation->kind != OperationKind::kCreate) {
      return invalid(
          fmt::format("Stack [{}] cannot be deleted while in status {}", stack.id, stack.status));
    }
    changes.put_cancel(stack.id, "delete");
    CHECK_OK(changes.commit());
    engine.bell().ring();
    return json::Object{};
  }
  Operation operation;
  operation.kind = OperationKind::kDelete;
  operation.phase = Phase::kDelete;
  operation.identity = call.identity;
  operation.token = json::string_or(call.input, "ClientRequestToken");
  operation.retain = {retain.begin(), retain.end()};
  stack.operation = std::move(operation);
  changes.status(stack, "DELETE_IN_PROGRESS", "User Initiated");
  TRY(const auto used, export_in_use(engine, stack));
  if (!used.empty()) {
    stack.operation.reset();
    changes.status(stack, "DELETE_FAILED", used);
    CHECK_OK(changes.commit());
    return json::Object{};
  }
  CHECK_OK(changes.commit());
  lock.unlock();
  engine.start(stack);
  return json::Object{};
}

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

ApiResult<json::Value> continue_rollback(Engine& engine, Call& call) {
  std::unique_lock lock(engine.mutex());
  TRY(auto stack, engine.stacks().find(json::string_or(call.input, "StackName")));
  if (stack.status != "UPDATE_ROLLBACK_FAILED" || !stack.operation) {
    return invalid(fmt::format("Stack:{} is in {} state and can not continue rollback.", stack.id,
                               stack.status));
  }
  stack.operation->paused = false;
  stack.operation->identity = call.identity;
  const auto skip = text_list(call.input, "ResourcesToSkip");
  stack.operation->skip = {skip.begin(), skip.end()};
  StackStore::Changes changes(engine.stacks());
  changes.status(stack, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated");
  CHECK_OK(changes.commit());
  lock.unlock();
  engine.start(stack);
  return json::Object{};
}

ApiResult<json::Value> termination_protection(Engine& engine, Call& call) {
  std::lock_guard lock(engine.mutex());
  TRY(const auto stack, engine.stacks().find(json::string_or(call.input, "StackName")));
  TRY(auto settings, engine.stacks().settings(stack.id));
  settings["TerminationProtection"] =
      json::bool_at(call.input, "EnableTerminationProtection").value_or(false);
  StackStore::Changes changes(engine.stacks());
  changes.put_settings(stack.id, settings);
  CHECK_OK(changes.commit());
  return json::Object{{"StackId", stack.id}};
}

ApiResult<json::Value> set_policy(Engine& engine, Call& call) {
  if (call.input.contains("StackPolicyURL"))
    return invalid("Dewpoint does not support StackPolicyURL yet");
  const auto policy = json::string_or(call.input, "StackPolicyBody");
  if (auto parsed = json::parse(policy); !parsed || !parsed->is_object()) {
    return invalid("Error validating stack policy: Invalid stack policy");
  }
  std::lock_guard lock(engine.mutex());
  TRY(const auto stack, engine.stacks().find(json::string_or(call.input, "StackName")));
  TRY(auto settings, engine.stacks().settings(stack.id));
  settings["Policy"] = policy;
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

void add_stack_operations(const Add& add) {
  add("CreateStack", aws::Run::kWorker, create_stack);
  add("UpdateStack", aws::Run::kWorker, update_stack);
  add("DeleteStack", aws::Run::kWorker, delete_stack);
  add("CancelUpdateStack", aws::Run::kWorker, cancel_update);
  add("ContinueUpdateRollback", aws::Run::kWorker, continue_rollback);
  add("UpdateTerminationProtection", aws::Run::kWorker, termination_protection);
  add("SetStackPolicy", aws::Run::kWorker, set_policy);
  add("GetStackPolicy", aws::Run::kWorker, get_policy);
}

}  // namespace dew::cloudformation
