// AWS::CloudFormation::WaitConditionHandle, AWS::CloudFormation::WaitCondition
// docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html
//
//   cfn handle STACK LOGICAL-ID     the token of a handle's URL
//   cfn condition STACK LOGICAL-ID  since when a condition waits
#include "services/cloudformation/engine.h"
#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

namespace {

constexpr int64_t kMaxTimeoutSeconds = 43'200;

store::Key own_key(const Session& session, std::string_view kind, std::string_view logical) {
  return StackStore::key(kind, session.stack.id).add(logical);
}

ApiResult<Instance> create_handle(const Session& session, const Desired& desired) {
  auto& store = session.stack.engine->stacks().store();
  const auto key = own_key(session, "handle", desired.logical_id);
  TRY(const auto there, store.get(key));  // of a creation that a crash interrupted
  auto token = there.value_or("");
  if (token.empty()) {
    store::Batch batch;
    token = Replies::open(batch, session.stack.id, Reply::kSignals);
    batch.put(key, token);
    CHECK_OK(store.commit(batch));
  }
  return Instance{Replies::url(session.stack.engine->context().config, token),
                  desired.properties,
                  {{"_LogicalId", desired.logical_id}}};
}

ApiResult<void> note_began(const Session& session, const std::string& logical) {
  auto& stacks = session.stack.engine->stacks();
  const auto key = own_key(session, "condition", logical);
  TRY(const auto begun, services::load(stacks.store(), key));
  if (begun) return {};  // before a crash
  store::Batch batch;
  services::save(batch, key, {{"Began", stacks.clock().now_seconds()}});
  CHECK_OK(stacks.store().commit(batch));
  return {};
}

ApiResult<void> remove_handle(const Session& session, const Instance& it) {
  auto& store = session.stack.engine->stacks().store();
  const auto key = own_key(session, "handle", text(it.attributes, "_LogicalId"));
  TRY(const auto token, store.get(key));
  store::Batch batch;
  if (token) Replies::close(batch, *token);
  batch.erase(key);
  CHECK_OK(store.commit(batch));
  return {};
}

// By signals to a handle's URL, or, with a creation policy, by SignalResource, which finds the
// condition's own token.
ApiResult<Instance> create_condition(const Session& session, const Desired& desired) {
  if (desired.properties.contains("_CreationPolicy")) {
    if (desired.properties.contains("Handle"))
      return invalid("A wait condition has either a Handle or a CreationPolicy");
    TRY(auto handle, create_handle(session, desired));
    CHECK_OK(note_began(session, desired.logical_id));
    handle.attributes["_Token"] = Replies::token_of(handle.id);
    handle.id = session.stack.id + "/" + desired.logical_id;
    return handle;
  }
  const auto timeout = json::int_at(desired.properties, "Timeout").value_or(-1);
  if (timeout < 0 || timeout > kMaxTimeoutSeconds)
    return invalid("Timeout must be a number of seconds from 0 to 43200");
  if (json::int_at(desired.properties, "Count").value_or(1) < 1)
    return invalid("Count must be at least 1");
  if (Replies::token_of(text(desired.properties, "Handle")).empty())
    return invalid("Handle must be the reference of an AWS::CloudFormation::WaitConditionHandle");
  CHECK_OK(note_began(session, desired.logical_id));
  return Instance{session.stack.id + "/" + desired.logical_id,
                  desired.properties,
                  {{"_LogicalId", desired.logical_id}}};
}

// nullopt: not enough of them yet.
ApiResult<std::optional<Instance>> weigh(const std::map<std::string, json::Object>& signals,
                                         int64_t count, const Instance& begun) {
  json::Object data;
  for (const auto& [id, signal] : signals) {
    if (text(signal, "Status") == "FAILURE") {
      if (begun.properties.contains("_CreationPolicy"))
        return invalid(fmt::format("Received FAILURE signal with UniqueId {}", id));
      return invalid(fmt::format("WaitCondition received failed message: '{}' for uniqueId: {}",
                                 text(signal, "Reason"), id));
    }
    data[id] = text(signal, "Data");
  }
  if (static_cast<int64_t>(signals.size()) < count) return std::nullopt;
  auto out = begun;
  out.attributes["Data"] = json::dump(data);
  return out;
}

ApiResult<std::optional<Instance>> wait_condition(const Session& session, Work work,
                                                  const Instance& begun,
                                                  const Interrupted& interrupted) {
  if (work == Work::kRemove) return begun;
  auto& engine = *session.stack.engine;
  auto& store = engine.stacks().store();
  const auto key = own_key(session, "condition", text(begun.attributes, "_LogicalId"));
  TRY(const auto record, services::load(store, key));
  const auto began = record ? json::number_at(*record, "Began").value_or(0) : 0;
  const auto* policy = json::object_at(begun.properties, "_CreationPolicy");
  const auto& asked = policy == nullptr ? begun.properties : *policy;
  const auto deadline = began + static_cast<double>(json::int_at(asked, "Timeout").value_or(0));
  const auto count = json::int_at(asked, "Count").value_or(1);
  const auto token = policy == nullptr ? Replies::token_of(text(begun.properties, "Handle"))
                                       : text(begun.attributes, "_Token");
  ApiResult<std::optional<Instance>> outcome;
  bool late = false;
  const auto alarm = engine.alarm(deadline);
  engine.bell().wait([&] {
    const auto signals = engine.replies().signals(token);
    outcome = signals ? weigh(*signals, count, begun) : std::unexpected(signals.error());
    late = engine.stacks().clock().now_seconds() >= deadline;
    if (outcome && !*outcome && late) {
      outcome = invalid(
          policy == nullptr
              ? fmt::format("WaitCondition timed out. Received {} conditions when expecting {}",
                            signals->size(), count)
              : fmt::format("Failed to receive {} resource signal(s) within the specified duration",
                            count - static_cast<int64_t>(signals->size())));
    }
    return !outcome || *outcome || interrupted();
  });
  if (outcome && !*outcome) return std::nullopt;
  store::Batch batch;
  batch.erase(key);
  CHECK_OK(store.commit(batch));
  return outcome;
}

}  // namespace

void add_wait_condition_types(std::vector<ResourceType>& types) {
  types.push_back({
      .name = "AWS::CloudFormation::WaitConditionHandle",
      .schema = "",
      .naming = Naming{"", 128, false},
      .create = create_handle,
      .remove = remove_handle,
  });
  types.push_back({
      .name = "AWS::CloudFormation::WaitCondition",
      .schema = "Handle string  Timeout int  Count int",
      .attributes = {"Data"},
      .naming = Naming{"", 128, false},
      .create = create_condition,
      .update = [](const Session&, const Instance&, const Desired&) -> ApiResult<Instance> {
        return refused_update(
            "Update to resource type AWS::CloudFormation::WaitCondition is not supported.");
      },
      .remove = [](const Session& session, const Instance& it) -> ApiResult<void> {
        store::Batch batch;
        batch.erase(own_key(session, "condition", text(it.attributes, "_LogicalId")));
        CHECK_OK(session.stack.engine->stacks().store().commit(batch));
        return remove_handle(session, it);
      },
      .wait = wait_condition,
  });
}

}  // namespace dew::cloudformation
