#include "services/iam/service.h"

#include "base/log.h"
#include "services/iam/state.h"

namespace dew::iam {

uint64_t next_version() {
  static std::atomic<uint64_t> last = 0;
  return ++last;
}

namespace {

bool reads(std::string_view operation) {
  return operation.starts_with("Get") || operation.starts_with("List") ||
         operation.starts_with("Simulate");
}

}  // namespace

Service::Service(const services::Context& context) : state_(std::make_unique<State>(context)) {
  state_->version = next_version();
  const auto prefix = store::Key("iam").add("key");
  std::vector<std::string> ids;
  const auto loaded =
      services::scan(context.store, prefix, {}, [&](std::string_view key, const json::Object&) {
        const auto id = store::KeyReader(key.substr(prefix.str().size())).text();
        if (id) ids.emplace_back(*id);
        return true;
      });
  remember_keys(*state_, ids);
  if (!loaded) log::error("iam: cannot read the stored access keys: {}", loaded.error().message);
}
// What was noted of the keys' use since the start; a crash forgets no more than that.
Service::~Service() {
  store::Batch batch;
  state_->keys.read([&](const auto& keys) {
    for (const auto& [id, credential] : *keys) {
      const auto last = credential->use->last();
      const auto key = store::Key("iam").add("key").add(id);
      auto record = services::load(state_->context.store, key);
      if (last.seconds == 0 || !record || !*record) continue;
      (**record)["LastUsed"] = json::Object{
          {"Seconds", last.seconds}, {"Service", last.service}, {"Region", last.region}};
      services::save(batch, key, **record);
    }
  });
  if (batch.empty()) return;
  if (const auto kept = state_->context.store.commit(batch); !kept)
    log::error("iam: cannot keep when access keys were used: {}", kept.error().message);
}

void Service::register_operations(aws::Registry& registry) {
  const Add add = [&](std::string name, Operation operation) {
    registry.add("iam", std::move(name), aws::Run::kInline,
                 [state = state_.get(), operation = std::move(operation)](Call& call) {
                   std::lock_guard lock(state->mutex);
                   auto result = operation(*state, call);
                   if (!reads(call.operation)) state->version = next_version();
                   return result;
                 });
  };
  add_role_operations(add);
  add_user_operations(add);
  add_login_profile_operations(add);
  add_policy_operations(add);
  add_simulate_operations(add);
  add_principal_operations(add, Principal::kRole);
  add_principal_operations(add, Principal::kUser);
  add_principal_operations(add, Principal::kGroup);
  add_group_operations(add);
  add_account_operations(add);
}

std::shared_ptr<const aws::Credential> Service::find_access_key(
    std::string_view access_key_id) const {
  // All that were made here begin so; the made-up keys of local tools are not worth a lookup each.
  if (!access_key_id.starts_with("AKIA")) return nullptr;
  struct Seen {
    uint64_t version = 0;
    std::shared_ptr<const Keys> keys;
  };
  thread_local Seen seen;
  const auto version = state_->keys_version.load(std::memory_order_acquire);
  if (seen.version != version) {
    // What is read is as new as the number, or newer.
    seen = {version, state_->keys.read([](const auto& keys) { return keys; })};
  }
  const auto it = seen.keys->find(access_key_id);
  return it == seen.keys->end() ? nullptr : it->second;
}

uint64_t Service::version() const { return state_->version; }

policy::AttachedPtr Service::attached_to_user(std::string_view name) const {
  return load_attached(*state_, Principal::kUser, name);
}

policy::AttachedPtr Service::attached_to_role(std::string_view name) const {
  return load_attached(*state_, Principal::kRole, name);
}

std::string Service::group_arn(std::string_view name) const {
  const auto group = load_principal(*state_, Principal::kGroup, name);
  return group ? json::string_or(*group, "Arn") : std::string();
}

}  // namespace dew::iam
