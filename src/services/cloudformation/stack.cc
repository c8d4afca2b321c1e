#include "services/cloudformation/stack.h"

namespace dew::cloudformation {

namespace {

std::vector<std::string> texts(const json::Object& record, std::string_view name) {
  std::vector<std::string> out;
  if (const auto* list = json::array_at(record, name)) {
    for (const auto& item : *list) out.push_back(json::str(item));
  }
  return out;
}

std::set<std::string> text_set(const json::Object& record, std::string_view name) {
  const auto list = texts(record, name);
  return {list.begin(), list.end()};
}

json::Object map_to_json(const auto& map) {
  json::Object out;
  for (const auto& [key, value] : map) out[key] = value;
  return out;
}

template <class Map>
Map map_from_json(const json::Object& record, std::string_view name) {
  Map out;
  if (const auto* object = json::object_at(record, name)) {
    for (const auto& [key, value] : *object) out.emplace(key, json::str(value));
  }
  return out;
}

json::Object object_or_empty(const json::Object& record, std::string_view name) {
  const auto* object = json::object_at(record, name);
  return object == nullptr ? json::Object{} : *object;
}

json::Array array_or_empty(const json::Object& record, std::string_view name) {
  const auto* array = json::array_at(record, name);
  return array == nullptr ? json::Array{} : *array;
}

bool flag(const json::Object& record, std::string_view name) {
  return json::bool_at(record, name).value_or(false);
}

template <class Enum>
Enum enum_at(const json::Object& record, std::string_view name) {
  return static_cast<Enum>(json::int_at(record, name).value_or(0));
}

json::Object snapshot_to_json(const Snapshot& snapshot) {
  return {{"Id", snapshot.id},
          {"Properties", snapshot.properties},
          {"Attributes", snapshot.attributes},
          {"Needs", to_json(snapshot.needs)},
          {"DeletionPolicy", snapshot.deletion_policy},
          {"ReplacePolicy", snapshot.replace_policy}};
}

Snapshot snapshot_from_json(const json::Object& record) {
  return {json::string_or(record, "Id"),
          object_or_empty(record, "Properties"),
          object_or_empty(record, "Attributes"),
          text_set(record, "Needs"),
          json::string_or(record, "DeletionPolicy"),
          json::string_or(record, "ReplacePolicy")};
}

json::Object operation_to_json(const Operation& operation) {
  return {{"Kind", static_cast<int>(operation.kind)},
          {"Phase", static_cast<int>(operation.phase)},
          {"Paused", operation.paused},
          {"OnFailure", static_cast<int>(operation.on_failure)},
          {"Identity", aws::to_json(operation.identity)},
          {"Token", operation.token},
          {"Began", operation.began},
          {"Given", map_to_json(operation.given)},
          {"Tags", operation.tags},
          {"Capabilities", to_json(operation.capabilities)},
          {"NotificationARNs", to_json(operation.notification_arns)},
          {"RoleARN", operation.role_arn},
          {"StackPolicy", operation.stack_policy},
          {"RetainExceptOnCreate", operation.retain_except_on_create},
          {"Force", operation.force},
          {"Retain", to_json(operation.retain)},
          {"Skip", to_json(operation.skip)}};
}

Operation operation_from_json(const json::Object& record) {
  Operation out;
  out.kind = enum_at<OperationKind>(record, "Kind");
  out.phase = enum_at<Phase>(record, "Phase");
  out.paused = flag(record, "Paused");
  out.on_failure = enum_at<OnFailure>(record, "OnFailure");
  if (const auto* identity = json::object_at(record, "Identity")) {
    out.identity = aws::identity_from_json(*identity);
  } else {  // written by an earlier version
    out.identity = {json::string_or(record, "Account"), json::string_or(record, "Arn"),
                    json::string_or(record, "UserId"), ""};
  }
  out.token = json::string_or(record, "Token");
  out.began = json::number_at(record, "Began").value_or(0);
  out.given = map_from_json<GivenParameters>(record, "Given");
  out.tags = array_or_empty(record, "Tags");
  out.capabilities = texts(record, "Capabilities");
  out.notification_arns = texts(record, "NotificationARNs");
  out.role_arn = json::string_or(record, "RoleARN");
  out.stack_policy = json::string_or(record, "StackPolicy");
  out.retain_except_on_create = flag(record, "RetainExceptOnCreate");
  out.force = flag(record, "Force");
  out.retain = text_set(record, "Retain");
  out.skip = text_set(record, "Skip");
  return out;
}

}  // namespace

json::Array to_json(const std::vector<std::string>& list) {
  json::Array out;
  for (const auto& item : list) out.emplace_back(item);
  return out;
}

json::Array to_json(const std::set<std::string>& list) {
  json::Array out;
  for (const auto& item : list) out.emplace_back(item);
  return out;
}

json::Object to_json(const Stack& stack) {
  json::Object out{{"Id", stack.id},
                   {"Name", stack.name},
                   {"Description", stack.description},
                   {"Status", stack.status},
                   {"Reason", stack.reason},
                   {"Failure", stack.failure},
                   {"Created", stack.created},
                   {"Updated", stack.updated},
                   {"Deleted", stack.deleted},
                   {"Given", map_to_json(stack.given)},
                   {"Resolved", map_to_json(stack.resolved)},
                   {"Hidden", to_json(stack.hidden)},
                   {"Tags", stack.tags},
                   {"Capabilities", to_json(stack.capabilities)},
                   {"NotificationARNs", to_json(stack.notification_arns)},
                   {"RoleARN", stack.role_arn},
                   {"DisableRollback", stack.disable_rollback},
                   {"TimeoutMinutes", stack.timeout_minutes},
                   {"Outputs", stack.outputs},
                   {"ChangeSetId", stack.change_set_id},
                   {"ParentId", stack.parent_id},
                   {"RootId", stack.root_id},
                   {"NextEvent", stack.next_event},
                   {"NextLeftover", stack.next_leftover}};
  if (stack.operation) out["Operation"] = operation_to_json(*stack.operation);
  return out;
}

Stack stack_from_json(const json::Object& record) {
  Stack out;
  out.id = json::string_or(record, "Id");
  out.name = json::string_or(record, "Name");
  out.description = json::string_or(record, "Description");
  out.status = json::string_or(record, "Status");
  out.reason = json::string_or(record, "Reason");
  out.failure = json::string_or(record, "Failure");
  out.created = json::number_at(record, "Created").value_or(0);
  out.updated = json::number_at(record, "Updated").value_or(0);
  out.deleted = json::number_at(record, "Deleted").value_or(0);
  out.given = map_from_json<GivenParameters>(record, "Given");
  out.resolved = map_from_json<std::map<std::string, std::string>>(record, "Resolved");
  out.hidden = text_set(record, "Hidden");
  out.tags = array_or_empty(record, "Tags");
  out.capabilities = texts(record, "Capabilities");
  out.notification_arns = texts(record, "NotificationARNs");
  out.role_arn = json::string_or(record, "RoleARN");
  out.disable_rollback = flag(record, "DisableRollback");
  out.timeout_minutes = json::int_at(record, "TimeoutMinutes").value_or(0);
  out.outputs = array_or_empty(record, "Outputs");
  out.change_set_id = json::string_or(record, "ChangeSetId");
  out.parent_id = json::string_or(record, "ParentId");
  out.root_id = json::string_or(record, "RootId");
  out.next_event = static_cast<uint64_t>(json::int_at(record, "NextEvent").value_or(1));
  out.next_leftover = static_cast<uint64_t>(json::int_at(record, "NextLeftover").value_or(1));
  if (const auto* operation = json::object_at(record, "Operation"))
    out.operation = operation_from_json(*operation);
  return out;
}

json::Object to_json(const ResourceState& resource) {
  json::Object out{{"LogicalId", resource.logical_id}, {"Type", resource.type},
                   {"Status", resource.status},        {"Reason", resource.reason},
                   {"Updated", resource.updated},      {"LastId", resource.last_id},
                   {"Created", resource.created},      {"Replaced", resource.replaced}};
  if (!resource.metadata.is_null()) out["Metadata"] = resource.metadata;
  if (resource.now) out["Now"] = snapshot_to_json(*resource.now);
  if (resource.previous) out["Previous"] = snapshot_to_json(*resource.previous);
  if (resource.attempt) {
    out["Attempt"] = json::Object{{"Update", resource.attempt->kind == Attempt::Kind::kUpdate},
                                  {"Name", resource.attempt->name},
                                  {"Before", to_json(resource.attempt->before)},
                                  {"Target", snapshot_to_json(resource.attempt->target)}};
  }
  return out;
}

ResourceState resource_from_json(const json::Object& record) {
  ResourceState out;
  out.logical_id = json::string_or(record, "LogicalId");
  out.type = json::string_or(record, "Type");
  out.status = json::string_or(record, "Status");
  out.reason = json::string_or(record, "Reason");
  out.updated = json::number_at(record, "Updated").value_or(0);
  out.last_id = json::string_or(record, "LastId");
  out.created = flag(record, "Created");
  out.replaced = flag(record, "Replaced");
  if (const auto* metadata = json::find(record, "Metadata")) out.metadata = *metadata;
  if (const auto* now = json::object_at(record, "Now")) out.now = snapshot_from_json(*now);
  if (const auto* previous = json::object_at(record, "Previous"))
    out.previous = snapshot_from_json(*previous);
  if (const auto* attempt = json::object_at(record, "Attempt")) {
    out.attempt =
        Attempt{flag(*attempt, "Update") ? Attempt::Kind::kUpdate : Attempt::Kind::kCreate,
                json::string_or(*attempt, "Name"), texts(*attempt, "Before"), "",
                snapshot_from_json(object_or_empty(*attempt, "Target"))};
  }
  return out;
}

json::Object to_json(const Leftover& leftover) {
  return {{"Number", leftover.number},
          {"LogicalId", leftover.logical_id},
          {"Type", leftover.type},
          {"What", snapshot_to_json(leftover.what)},
          {"Retain", leftover.retain}};
}

Leftover leftover_from_json(const json::Object& record) {
  return {static_cast<uint64_t>(json::int_at(record, "Number").value_or(0)),
          json::string_or(record, "LogicalId"), json::string_or(record, "Type"),
          snapshot_from_json(object_or_empty(record, "What")), flag(record, "Retain")};
}

}  // namespace dew::cloudformation
