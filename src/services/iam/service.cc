#include "services/iam/service.h"

#include "services/iam/state.h"

namespace dew::iam {

Service::Service(const services::Context& context) : state_(new State{context, {}}) {}
Service::~Service() = default;

void Service::register_operations(aws::Registry& registry) {
  const Add add = [&](std::string name, Operation operation) {
    registry.add("iam", std::move(name), aws::Run::kInline,
                 [state = state_.get(), operation = std::move(operation)](Call& call) {
                   std::lock_guard lock(state->mutex);
                   return operation(*state, call);
                 });
  };
  add_role_operations(add);
  add_user_operations(add);
  add_policy_operations(add);
  add_principal_operations(add, Principal::kRole);
  add_principal_operations(add, Principal::kUser);
}

std::optional<aws::Credential> Service::find_access_key(std::string_view access_key_id) const {
  // All that were made here begin so; the made-up keys of local tools are not worth a lookup each.
  if (!access_key_id.starts_with("AKIA")) return std::nullopt;
  std::lock_guard lock(state_->mutex);
  const auto record =
      services::load(state_->context.store, store::Key("iam").add("key").add(access_key_id));
  if (!record || !*record || json::string_or(**record, "Status") != "Active") return std::nullopt;
  const auto user =
      load_principal(*state_, Principal::kUser, json::string_or(**record, "UserName"));
  if (!user) return std::nullopt;
  return aws::Credential{json::string_or(**record, "SecretAccessKey"),
                         "",
                         {state_->context.config.account, json::string_or(*user, "Arn"),
                          json::string_or(*user, "UserId"), std::string(access_key_id)}};
}

}  // namespace dew::iam
