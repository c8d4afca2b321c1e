// Change sets: a plan that is kept, looked at, and carried out later.
#include "base/ids.h"
#include "services/cloudformation/api.h"

namespace dew::cloudformation {

namespace {

constexpr std::string_view kNoChanges =
    "The submitted information didn't contain changes. Submit different information to create a "
    "change set.";

store::Key change_set_key(std::string_view stack_id, std::string_view name) {
  return StackStore::key("changeset", stack_id).add(name);
}

std::unexpected<aws::ApiError> not_found(std::string_view name) {
  return aws::fail("ChangeSetNotFound", fmt::format("ChangeSet [{}] does not exist", name), 404);
}

struct Found {
  Stack stack;
  json::Object record;
};

// By name and stack, or by ARN: arn:…:changeSet/NAME/UUID
ApiResult<Found> find(Engine& engine, const Call& call) {
  const auto wanted = json::string_or(call.input, "ChangeSetName");
  const auto stack_name = json::string_or(call.input, "StackName");
  if (!wanted.starts_with("arn:")) {
    if (stack_name.empty())
      return invalid("StackName must be specified if ChangeSetName is not specified as an ARN.");
    TRY(auto stack, engine.stacks().find(stack_name));
    TRY(auto record, services::load(engine.stacks().store(), change_set_key(stack.id, wanted)));
    if (!record) return not_found(wanted);
    return Found{std::move(stack), std::move(*record)};
  }
  std::optional<json::Object> record;
  CHECK_OK(services::scan(engine.stacks().store(), store::Key("cfn").add("changeset"), {},
                          [&](std::string_view, json::Object candidate) {
                            if (json::string_or(candidate, "ChangeSetId") != wanted) return true;
                            record = std::move(candidate);
                            return false;
                          }));
  if (!record) return not_found(wanted);
  TRY(auto stack, engine.stacks().find(json::string_or(*record, "StackId")));
  return Found{std::move(stack), std::move(*record)};
}

struct Proposal {
  Stack stack;
  bool is_new = false;
  std::string text;
  GivenParameters given;
  json::Array tags;
};

ApiResult<Proposal> propose(Engine& engine, const Call& call, const std::string& kind) {
  Proposal out;
  const auto name = json::string_or(call.input, "StackName");
  auto found = engine.stacks().find(name);
  if (!found && found.error().status >= 500) return std::unexpected(std::move(found).error());
  if (kind == "CREATE") {
    if (found && found->status != "REVIEW_IN_PROGRESS") {
      return invalid(fmt::format(
          "Stack [{}] already exists and cannot be created again with the changeSet [{}].",
          found->name, json::string_or(call.input, "ChangeSetName")));
    }
    if (found) {
      out.stack = std::move(*found);
    } else {
      CHECK_OK(check_stack_name(name));
      out.is_new = true;
      out.stack.name = name;
      out.stack.id = new_stack_id(engine, name);
      out.stack.created = engine.stacks().clock().now_seconds();
    }
  } else {
    if (!found) return invalid(fmt::format("Stack [{}] does not exist", name));
    out.stack = std::move(*found);
    if (!is_updatable(out.stack)) return not_updatable(out.stack);
  }
  TRY(auto text, template_input(engine, call));
  if (json::bool_at(call.input, "UsePreviousTemplate").value_or(false)) {
    if (text)
      return invalid("You cannot specify both usePreviousTemplate and Template Body/Template URL.");
    if (kind == "CREATE") return invalid("Cannot use the previous template when creating a stack.");
    TRY(text, engine.stacks().original_text(out.stack.id, "current"));
  }
  if (!text) return invalid("Either Template URL or Template Body must be specified.");
  out.text = std::move(*text);
  TRY(out.given, read_parameters(call.input, out.stack.given));
  TRY(const auto tags, tags_input(call.input));
  out.tags = tags.value_or(out.stack.tags);
  return out;
}

json::Object given_to_json(const GivenParameters& given) {
  json::Object out;
  for (const auto& [name, value] : given) out[name] = value;
  return out;
}

ApiResult<json::Value> create_change_set(Engine& engine, Call& call) {
  CHECK_OK(refuse_unsupported(call.input));
  const auto name = json::string_or(call.input, "ChangeSetName");
  const auto kind = json::string_or(call.input, "ChangeSetType", "UPDATE");
  if (kind == "IMPORT") return invalid("Dewpoint does not support ChangeSetType IMPORT yet");
  TRY(auto proposal, propose(engine, call, kind));
  auto& stack = proposal.stack;
  const auto session = session_of(engine, call);
  // Nobody has to allow macros here: what they make is to be looked at before it is executed.
  TRY(const auto proposed,
      prepare(engine, session, stack, std::move(proposal.text), proposal.given));
  const auto& blueprint = proposed.blueprint;
  const auto allowed = text_list(call.input, "Capabilities");
  CHECK_OK(check_capabilities(blueprint->tmpl, allowed));
  TRY(const auto resources, engine.stacks().resources(stack.id));
  TRY(const auto plan, make_plan(*blueprint, stack, resources, proposal.tags));

  const auto id =
      fmt::format("arn:aws:cloudformation:{}:{}:changeSet/{}/{}", engine.context().config.region,
                  engine.context().config.account, name, uuid_v4());
  json::Object record{
      {"ChangeSetName", name},
      {"ChangeSetId", id},
      {"StackId", stack.id},
      {"StackName", stack.name},
      {"CreationTime", engine.stacks().clock().now_seconds()},
      {"Status", plan.empty() ? "FAILED" : "CREATE_COMPLETE"},
      {"ExecutionStatus", plan.empty() ? "UNAVAILABLE" : "AVAILABLE"},
      {"Parameters", shown_parameters(blueprint->parameters.given, blueprint->parameters.resolved,
                                      hidden_parameters(blueprint->tmpl))},
      {"Capabilities", to_json(allowed)},
      {"Tags", proposal.tags},
      {"Changes", plan.changes},
      {"IncludeNestedStacks", false},
      {"_Type", kind},
      {"_Given", given_to_json(blueprint->parameters.given)},
      {"_RoleARN", json::string_or(call.input, "RoleARN", stack.role_arn)},
      {"_Template", proposed.text}};
  if (proposed.original != proposed.text) record["_Original"] = proposed.original;
  if (plan.empty()) record["StatusReason"] = kNoChanges;
  if (const auto text = json::string_at(call.input, "Description")) record["Description"] = *text;
  if (const auto text = json::string_at(call.input, "OnStackFailure"))
    record["OnStackFailure"] = *text;

  std::lock_guard lock(engine.mutex());
  StackStore::Changes changes(engine.stacks());
  if (proposal.is_new) {
    if (engine.stacks().find(stack.name)) {
      return aws::fail("AlreadyExistsException",
                       fmt::format("Stack [{}] already exists", stack.name));
    }
    stack.description = blueprint->tmpl.description;
    stack.hidden = hidden_parameters(blueprint->tmpl);
    changes.put_name(stack);
    changes.status(stack, "REVIEW_IN_PROGRESS", "User Initiated");
  }
  // One that was executed no longer holds its name, as AWS was seen to answer
  // (elias5000/clouds-aws, issue 9). The AWS CLI names its own by the second, and here a deployment
  // takes less than one.
  TRY(const auto existing, services::load(engine.stacks().store(), change_set_key(stack.id, name)));
  if (existing && json::string_or(*existing, "ExecutionStatus") != "EXECUTE_COMPLETE") {
    return aws::fail("AlreadyExistsException", fmt::format("ChangeSet {} already exists", name));
  }
  services::save(changes.batch(), change_set_key(stack.id, name), record);
  CHECK_OK(changes.commit());
  return json::Object{{"Id", id}, {"StackId", stack.id}};
}

json::Object shown(const json::Object& record) {
  json::Object out;
  for (const auto& [name, value] : record) {
    if (!std::string_view(name).starts_with('_')) out[name] = value;
  }
  return out;
}

ApiResult<json::Value> describe_change_set(Engine& engine, Call& call) {
  TRY(const auto found, find(engine, call));
  return shown(found.record);
}

ApiResult<json::Value> list_change_sets(Engine& engine, Call& call) {
  TRY(const auto stack, engine.stacks().find(json::string_or(call.input, "StackName")));
  json::Array list;
  CHECK_OK(services::scan(engine.stacks().store(), StackStore::key("changeset", stack.id), {},
                          [&](std::string_view, const json::Object& record) {
                            auto summary = shown(record);
                            for (const auto* member : {"Parameters", "Capabilities", "Tags",
                                                       "Changes", "OnStackFailure"})
                              summary.erase(member);
                            list.emplace_back(std::move(summary));
                            return true;
                          }));
  return json::Object{{"Summaries", std::move(list)}};
}

ApiResult<json::Value> delete_change_set(Engine& engine, Call& call) {
  std::lock_guard lock(engine.mutex());
  auto found = find(engine, call);
  if (!found) {
    // Deleting what does not exist succeeds.
    if (found.error().code == "ChangeSetNotFound") return json::Object{};
    return std::unexpected(std::move(found).error());
  }
  store::Batch batch;
  batch.erase(change_set_key(found->stack.id, json::string_or(found->record, "ChangeSetName")));
  CHECK_OK(engine.stacks().store().commit(batch));
  return json::Object{};
}

ApiResult<json::Value> execute_change_set(Engine& engine, Call& call) {
  std::unique_lock lock(engine.mutex());
  TRY(auto found, find(engine, call));
  auto& [stack, record] = found;
  const auto id = json::string_or(record, "ChangeSetId");
  if (json::string_or(record, "ExecutionStatus") != "AVAILABLE") {
    return aws::fail("InvalidChangeSetStatus",
                     fmt::format("ChangeSet [{}] cannot be executed in its current status of [{}]",
                                 id, json::string_or(record, "Status")));
  }
  const bool creating = json::string_or(record, "_Type") == "CREATE";
  if (creating ? stack.status != "REVIEW_IN_PROGRESS" : !is_updatable(stack))
    return not_updatable(stack);

  const bool disable = json::bool_at(call.input, "DisableRollback").value_or(false);
  const auto on_failure = json::string_or(record, "OnStackFailure", "ROLLBACK");
  Operation operation;
  operation.kind = creating ? OperationKind::kCreate : OperationKind::kUpdate;
  operation.on_failure = disable || on_failure == "DO_NOTHING" ? OnFailure::kNothing
                         : on_failure == "DELETE" && creating  ? OnFailure::kDelete
                                                               : OnFailure::kRollback;
  operation.identity = call.identity;
  operation.token = json::string_or(call.input, "ClientRequestToken");
  operation.began = engine.stacks().clock().now_seconds();
  if (const auto* given = json::object_at(record, "_Given")) {
    for (const auto& [name, value] : *given) operation.given.emplace(name, json::str(value));
  }
  if (const auto* tags = json::array_at(record, "Tags")) operation.tags = *tags;
  operation.capabilities = text_list(record, "Capabilities");
  operation.role_arn = json::string_or(record, "_RoleARN");
  CHECK_OK(check_role(engine, operation.role_arn));
  operation.retain_except_on_create =
      json::bool_at(call.input, "RetainExceptOnCreate").value_or(false);
  TRY(const auto settings, engine.stacks().settings(stack.id));
  if (!creating) operation.stack_policy = json::string_or(settings, "Policy");
  stack.operation = std::move(operation);
  stack.change_set_id = id;
  stack.disable_rollback = disable;
  const auto text = json::string_or(record, "_Template");
  const auto original = json::string_or(record, "_Original", text);

  StackStore::Changes changes(engine.stacks());
  // The other change sets were made against what the stack is no longer.
  const auto all = StackStore::key("changeset", stack.id);
  changes.batch().erase_range(all, all.prefix_end());
  record["ExecutionStatus"] = "EXECUTE_COMPLETE";
  record.erase("_Template");
  record.erase("_Original");
  services::save(changes.batch(),
                 change_set_key(stack.id, json::string_or(record, "ChangeSetName")), record);
  changes.put_template(stack.id, "next", text, original);
  if (creating) {
    stack.given = stack.operation->given;
    stack.tags = stack.operation->tags;
    stack.capabilities = stack.operation->capabilities;
    changes.put_template(stack.id, "current", text, original);
  } else {
    stack.updated = stack.operation->began;
  }
  changes.status(stack, creating ? "CREATE_IN_PROGRESS" : "UPDATE_IN_PROGRESS", "User Initiated");
  CHECK_OK(changes.commit());
  lock.unlock();
  engine.start(stack);
  return json::Object{};
}

}  // namespace

void add_change_set_operations(const Add& add) {
  add("CreateChangeSet", aws::Run::kWorker, create_change_set);
  add("DescribeChangeSet", aws::Run::kWorker, describe_change_set);
  add("ListChangeSets", aws::Run::kWorker, list_change_sets);
  add("DeleteChangeSet", aws::Run::kWorker, delete_change_set);
  add("ExecuteChangeSet", aws::Run::kWorker, execute_change_set);
}

}  // namespace dew::cloudformation
