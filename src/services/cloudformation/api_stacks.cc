// Operations that start a stack's life and end it: create, update, delete.
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
  TRY(auto text, template_input(engine, call));
  if (!text) return invalid("Either Template URL or Template Body must be specified.");
  TRY(const auto failure, on_failure(call.input));
  TRY(const auto policy, policy_input(engine, call, "StackPolicy"));
  CHECK_OK(check_role(engine, json::string_or(call.input, "RoleARN")));
  TRY(auto tags, tags_input(call.input));
  TRY(const auto given, read_parameters(call.input, {}));

  Stack stack;
  stack.name = name;
  stack.id = new_stack_id(engine, name);
  const auto session = session_of(engine, call);
  TRY(const auto proposed, prepare(engine, session, stack, std::move(*text), given));
  const auto& blueprint = proposed.blueprint;
  const auto allowed = text_list(call.input, "Capabilities");
  CHECK_OK(check_expansion(proposed, allowed));
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
  operation.retain_except_on_create =
      json::bool_at(call.input, "RetainExceptOnCreate").value_or(false);
  stack.operation = std::move(operation);
  {
    std::lock_guard lock(engine.mutex());
    if (engine.stacks().find(name)) {
      return aws::fail("AlreadyExistsException", fmt::format("Stack [{}] already exists", name));
    }
    StackStore::Changes changes(engine.stacks());
    TRY(const auto nested,
        services::load(engine.stacks().store(), StackStore::key("nested", name)));
    if (nested) {
      stack.parent_id = json::string_or(*nested, "ParentId");
      stack.root_id = json::string_or(*nested, "RootId");
      changes.batch().erase(StackStore::key("nested", name));
    }
    changes.put_name(stack);
    changes.put_template(stack.id, "current", proposed.text, proposed.original);
    changes.put_template(stack.id, "next", proposed.text, proposed.original);
    json::Object settings{
        {"TerminationProtection",
         json::bool_at(call.input, "EnableTerminationProtection").value_or(false)}};
    if (policy) settings["Policy"] = *policy;
    changes.put_settings(stack.id, settings);
    changes.status(stack, "CREATE_IN_PROGRESS", "User Initiated");
    CHECK_OK(changes.commit());
  }
  engine.start(stack);
  return json::Object{{"StackId", stack.id}};
}

// On a parent's way back its nested stacks get the template that they had, whatever their URL gives
// now.
ApiResult<std::optional<std::string>> take_parents_template(Engine& engine, const Stack& stack) {
  if (stack.parent_id.empty()) return std::nullopt;
  const auto key = StackStore::key("nested", stack.name);
  TRY(const auto told, services::load(engine.stacks().store(), key));
  if (!told || json::string_or(*told, "ParentId") != stack.parent_id) return std::nullopt;
  store::Batch batch;
  batch.erase(key);
  CHECK_OK(engine.stacks().store().commit(batch));
  if (const auto before = json::string_at(*told, "Template")) return std::string(*before);
  return std::nullopt;
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
  TRY(auto text, take_parents_template(engine, stack));
  if (!is_updatable(stack)) return not_updatable(stack);
  if (!text) {
    TRY(text, template_input(engine, call));
  }
  if (json::bool_at(call.input, "UsePreviousTemplate").value_or(false)) {
    if (text)
      return invalid("You cannot specify both usePreviousTemplate and Template Body/Template URL.");
    TRY(text, engine.stacks().original_text(stack.id, "current"));
  }
  if (!text) return invalid("Either Template URL or Template Body must be specified.");
  TRY(const auto given, read_parameters(call.input, stack.given));
  TRY(const auto new_tags, tags_input(call.input));
  const auto tags = new_tags.value_or(stack.tags);
  const auto session = session_of(engine, call);
  TRY(const auto proposed, prepare(engine, session, stack, std::move(*text), given));
  const auto& blueprint = proposed.blueprint;
  const auto allowed = text_list(call.input, "Capabilities");
  CHECK_OK(check_expansion(proposed, allowed));
  CHECK_OK(check_capabilities(blueprint->tmpl, allowed));
  TRY(const auto resources, engine.stacks().resources(stack.id));
  TRY(const auto plan, make_plan(*blueprint, stack, resources, tags));
  TRY(const auto policy, policy_input(engine, call, "StackPolicy"));
  TRY(const auto exception, policy_input(engine, call, "StackPolicyDuringUpdate"));
  const auto role = json::string_or(call.input, "RoleARN", stack.role_arn);
  CHECK_OK(check_role(engine, role));
  // What a failed update has left can be tried again, and cleaned up.
  if (plan.empty() && !stack.status.ends_with("_FAILED"))
    return invalid("No updates are to be performed.");

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
  operation.role_arn = role;
  operation.retain_except_on_create =
      json::bool_at(call.input, "RetainExceptOnCreate").value_or(false);
  {
    std::lock_guard lock(engine.mutex());
    TRY(auto current, engine.stacks().find(stack.id));
    if (!is_updatable(current)) return not_updatable(current);
    stack = std::move(current);
    stack.operation = std::move(operation);
    stack.updated = stack.operation->began;
    StackStore::Changes changes(engine.stacks());
    changes.put_template(stack.id, "next", proposed.text, proposed.original);
    // A new policy protects from the next update on.
    TRY(auto settings, engine.stacks().settings(stack.id));
    stack.operation->stack_policy = exception ? *exception : json::string_or(settings, "Policy");
    if (policy) {
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
  const auto role = json::string_or(call.input, "RoleARN");
  CHECK_OK(check_role(engine, role));
  const bool force = json::string_or(call.input, "DeletionMode") == "FORCE_DELETE_STACK";
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
  // docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html
  if (force && stack.status != "DELETE_FAILED") {
    return invalid(
        fmt::format("Invalid operation on stack [{}]. Specify FORCE_DELETE_STACK only when the "
                    "stack is in the DELETE_FAILED state",
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
  operation.role_arn = role;
  operation.force = force;
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

}  // namespace

void add_stack_operations(const Add& add) {
  add("CreateStack", aws::Run::kWorker, create_stack);
  add("UpdateStack", aws::Run::kWorker, update_stack);
  add("DeleteStack", aws::Run::kWorker, delete_stack);
}

}  // namespace dew::cloudformation
