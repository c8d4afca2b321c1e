#include "services/cloudformation/stack_store.h"

#include "base/ids.h"

namespace dew::cloudformation {

namespace {

constexpr std::string_view kStackType = "AWS::CloudFormation::Stack";

}  // namespace

ApiResult<std::optional<Stack>> StackStore::by_id(std::string_view id) const {
  TRY(const auto record, services::load(store_, key("stack", id)));
  if (!record) return std::nullopt;
  return stack_from_json(*record);
}

ApiResult<Stack> StackStore::find(std::string_view name_or_id) const {
  std::string id(name_or_id);
  if (!name_or_id.starts_with("arn:")) {
    TRY(const auto found, store_.get(key("name", name_or_id)));
    id = found.value_or("");
  }
  TRY(auto stack, by_id(id));
  if (!stack) return invalid(fmt::format("Stack with id {} does not exist", name_or_id));
  return std::move(*stack);
}

ApiResult<std::vector<Stack>> StackStore::all() const {
  std::vector<Stack> out;
  CHECK_OK(services::scan(store_, store::Key("cfn").add("stack"), {},
                          [&](std::string_view, const json::Object& record) {
                            out.push_back(stack_from_json(record));
                            return true;
                          }));
  return out;
}

ApiResult<std::string> StackStore::template_text(std::string_view id,
                                                 std::string_view which) const {
  TRY(auto text, store_.get(key("template", id).add(which)));
  return text.value_or("");
}

ApiResult<std::string> StackStore::original_text(std::string_view id,
                                                 std::string_view which) const {
  TRY(auto text, store_.get(key("original", id).add(which)));
  return text ? std::move(*text) : template_text(id, which);
}

ApiResult<std::map<std::string, ResourceState>> StackStore::resources(std::string_view id) const {
  std::map<std::string, ResourceState> out;
  CHECK_OK(services::scan(store_, key("resource", id), {},
                          [&](std::string_view, const json::Object& record) {
                            auto resource = resource_from_json(record);
                            out.emplace(resource.logical_id, std::move(resource));
                            return true;
                          }));
  for (auto& [name, resource] : out) {
    if (!resource.attempt) continue;
    TRY(auto made, store_.get(key("made", id).add(name)));
    resource.attempt->made = std::move(made).value_or("");
  }
  return out;
}

ApiResult<std::vector<Leftover>> StackStore::leftovers(std::string_view id) const {
  std::vector<Leftover> out;
  CHECK_OK(services::scan(store_, key("leftover", id), {},
                          [&](std::string_view, const json::Object& record) {
                            out.push_back(leftover_from_json(record));
                            return true;
                          }));
  return out;
}

ApiResult<json::Object> StackStore::settings(std::string_view id) const {
  TRY(auto record, services::load(store_, key("settings", id)));
  return record.value_or(json::Object{});
}

ApiResult<std::string> StackStore::cancel_request(std::string_view id) const {
  TRY(auto text, store_.get(key("cancel", id)));
  return text.value_or("");
}

ApiResult<void> StackStore::note_made(std::string_view id, std::string_view logical_id,
                                      std::string_view physical_id) const {
  store::Batch batch;
  batch.put(key("made", id).add(logical_id), physical_id);
  CHECK_OK(store_.commit(batch));
  return {};
}

ApiResult<std::optional<json::Object>> StackStore::exported(std::string_view name) const {
  return services::load(store_, key("export", name));
}

ApiResult<std::vector<std::string>> StackStore::importers(std::string_view name) const {
  std::vector<std::string> out;
  const auto prefix = key("import", name);
  const auto cursor = store_.cursor(prefix, prefix.prefix_end());
  for (; cursor->valid(); cursor->next()) {
    if (auto id = store::KeyReader(cursor->key().substr(prefix.str().size())).text())
      out.push_back(std::move(*id));
  }
  CHECK_OK(cursor->status());
  return out;
}

void StackStore::Changes::put(const Stack& stack) {
  services::save(batch_, key("stack", stack.id), to_json(stack));
}
void StackStore::Changes::put_name(const Stack& stack) {
  batch_.put(key("name", stack.name), stack.id);
}
void StackStore::Changes::erase_name(const Stack& stack) { batch_.erase(key("name", stack.name)); }
void StackStore::Changes::put(const Stack& stack, const ResourceState& resource) {
  services::save(batch_, key("resource", stack.id).add(resource.logical_id), to_json(resource));
  if (!resource.attempt) batch_.erase(key("made", stack.id).add(resource.logical_id));
}
void StackStore::Changes::erase(const Stack& stack, const ResourceState& resource) {
  batch_.erase(key("resource", stack.id).add(resource.logical_id));
  batch_.erase(key("made", stack.id).add(resource.logical_id));
}
void StackStore::Changes::put(const Stack& stack, const Leftover& leftover) {
  services::save(batch_, key("leftover", stack.id).add(leftover.number), to_json(leftover));
}
void StackStore::Changes::erase(const Stack& stack, const Leftover& leftover) {
  batch_.erase(key("leftover", stack.id).add(leftover.number));
}
void StackStore::Changes::put_template(std::string_view id, std::string_view which,
                                       std::string_view text) {
  batch_.put(key("template", id).add(which), text);
}

void StackStore::Changes::put_template(std::string_view id, std::string_view which,
                                       std::string_view text, std::string_view original) {
  put_template(id, which, text);
  const auto at = key("original", id).add(which);
  if (original == text) {
    batch_.erase(at);
  } else {
    batch_.put(at, original);
  }
}
void StackStore::Changes::put_settings(std::string_view id, const json::Object& settings) {
  services::save(batch_, key("settings", id), settings);
}
void StackStore::Changes::put_cancel(std::string_view id, std::string_view what) {
  batch_.put(key("cancel", id), what);
}
void StackStore::Changes::erase_cancel(std::string_view id) { batch_.erase(key("cancel", id)); }

void StackStore::Changes::add_event(Stack& stack, json::Object event) {
  event["StackId"] = stack.id;
  event["StackName"] = stack.name;
  event["Timestamp"] = owner_.clock_.now_seconds();
  if (stack.operation && !stack.operation->token.empty())
    event["ClientRequestToken"] = stack.operation->token;
  const auto number = stack.next_event++;
  services::save(batch_, key("event", stack.id).add(number), event);
  if (number > kEventsPerStack) batch_.erase(key("event", stack.id).add(number - kEventsPerStack));
  put(stack);
}

void StackStore::Changes::status(Stack& stack, std::string_view status, std::string_view reason) {
  stack.status = status;
  stack.reason = reason;
  json::Object event{{"EventId", uuid_v4()},
                     {"LogicalResourceId", stack.name},
                     {"PhysicalResourceId", stack.id},
                     {"ResourceType", kStackType},
                     {"ResourceStatus", status}};
  if (!reason.empty()) event["ResourceStatusReason"] = reason;
  add_event(stack, std::move(event));
}

void StackStore::Changes::event(Stack& stack, const ResourceState& resource,
                                std::string_view status, std::string_view reason) {
  json::Object event{{"EventId", fmt::format("{}-{}-{}", resource.logical_id, status, uuid_v4())},
                     {"LogicalResourceId", resource.logical_id},
                     {"PhysicalResourceId", resource.now ? resource.now->id : resource.last_id},
                     {"ResourceType", resource.type},
                     {"ResourceStatus", status}};
  if (!reason.empty()) event["ResourceStatusReason"] = reason;
  add_event(stack, std::move(event));
}

void StackStore::Changes::status(Stack& stack, ResourceState& resource, std::string_view status,
                                 std::string_view reason) {
  resource.status = status;
  resource.reason = reason;
  resource.updated = owner_.clock_.now_seconds();
  if (resource.now) resource.last_id = resource.now->id;
  put(stack, resource);
  event(stack, resource, status, reason);
}

ApiResult<void> StackStore::Changes::commit() {
  if (batch_.empty()) return {};
  CHECK_OK(owner_.store_.commit(batch_));
  batch_ = {};
  return {};
}

}  // namespace dew::cloudformation
