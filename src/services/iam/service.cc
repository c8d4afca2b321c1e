#include "services/iam/service.h"

#include "base/log.h"
#include "services/iam/state.h"

namespace dew::iam {

namespace {

// Of no two clouds of this process the same.
uint64_t next_version() {
  static std::atomic<uint64_t> last = 0;
  return ++last;
}

bool reads(std::string_view operation) {
  return operation.starts_with("Get") || operation.starts_with("List") ||
         operation.starts_with("Simulate");
}

}  // namespace

Service::Service(const services::Context& context) : state_(std::make_unique<State>(context)) {
  state_->version = next_version();
  const auto prefix = store::Key("iam").add("key");
  const auto loaded =
      services::scan(context.store, prefix, {}, [&](std::string_view key, const json::Object&) {
        const auto id = store::KeyReader(key.substr(prefix.str().size())).text();
        if (id) remember_key(*state_, *id);
        return true;
      });
  if (!loaded) log::error("iam: cannot read the stored access keys: {}", loaded.error().message);
}
Service::~Service() = default;

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
  add_policy_operations(add);
  add_simulate_operations(add);
  add_principal_operations(add, Principal::kRole);
  add_principal_operations(add, Principal::kUser);
}

std::optional<aws::Credential> Service::find_access_key(std::string_view access_key_id) const {
  // All that were made here begin so; the made-up keys of local tools are not worth a lookup each.
  if (!access_key_id.starts_with("AKIA")) return std::nullopt;
  return state_->keys.read([&](const Keys& keys) -> std::optional<aws::Credential> {
    const auto it = keys.find(access_key_id);
    if (it == keys.end()) return std::nullopt;
    return it->second;
  });
}

uint64_t Service::version() const { return state_->version; }

policy::AttachedPtr Service::attached_to_user(std::string_view name) const {
  return load_attached(*state_, Principal::kUser, name);
}

policy::AttachedPtr Service::attached_to_role(std::string_view name) const {
  return load_attached(*state_, Principal::kRole, name);
}

}  // namespace dew::iam
