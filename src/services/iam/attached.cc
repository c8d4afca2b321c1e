// What is attached to users and roles, for whoever authorizes; and their keys, in memory.
#include "base/log.h"
#include "services/iam/state.h"

namespace dew::iam {

namespace {

// A stored document that cannot be read is a bug of ours: it must not become a silent Allow, nor a
// Deny that is forgotten. What it is attached to may do nothing.
policy::PolicyPtr compile(std::string_view text, policy::Kind kind, std::string_view whose) {
  auto parsed = policy::Policy::parse(text, kind);
  if (parsed) return *std::move(parsed);
  log::error("iam: a stored policy of {} cannot be read: {}", whose, parsed.error().message);
  static const auto kNothing = *policy::Policy::parse(
      R"({"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}})", policy::Kind::kIdentity);
  return kind == policy::Kind::kIdentity ? kNothing : nullptr;
}

}  // namespace

policy::PolicyPtr compile_managed(const State& state, std::string_view policy_arn) {
  const auto record = load_policy(state, policy_arn);
  if (!record) return nullptr;
  for (const auto& version : *json::array_at(*record, "Versions")) {
    if (json::bool_at(version.as_object(), "IsDefaultVersion").value_or(false)) {
      return compile(json::string_or(version.as_object(), "Document"), policy::Kind::kIdentity,
                     policy_arn);
    }
  }
  return nullptr;
}

policy::AttachedPtr load_attached(const State& state, Principal kind, std::string_view name) {
  const auto record = load_principal(state, kind, name);
  if (!record) return nullptr;
  const bool role = kind == Principal::kRole;
  auto out = std::make_shared<policy::AttachedPolicies>();
  out->arn = json::string_or(*record, "Arn");
  out->id = json::string_or(*record, role ? "RoleId" : "UserId");
  out->name = json::string_or(*record, role ? "RoleName" : "UserName");
  if (const auto* policies = json::object_at(*record, "Inline")) {
    for (const auto& [policy, text] : *policies) {
      out->identity.push_back(
          compile(json::view(text.as_string()), policy::Kind::kIdentity, out->arn));
      out->identity_names.push_back(
          fmt::format("{}_{}_{}", word(kind), out->name, std::string_view(policy)));
    }
  }
  if (const auto* list = json::array_at(*record, "Attached")) {
    for (const auto& arn : *list) {
      if (auto policy = compile_managed(state, json::view(arn.as_string()))) {
        out->identity.push_back(std::move(policy));
        const auto whole = json::str(arn);
        out->identity_names.push_back(whole.substr(whole.rfind('/') + 1));
      }
    }
  }
  if (const auto* boundary = json::object_at(*record, "PermissionsBoundary")) {
    out->boundary_arn = json::string_or(*boundary, "PermissionsBoundaryArn");
    out->boundary = compile_managed(state, out->boundary_arn);
    if (out->boundary == nullptr) {
      // A boundary whose policy is gone bounds to nothing.
      out->boundary =
          *policy::Policy::parse(R"({"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}})",
                                 policy::Kind::kIdentity);
    }
  }
  if (role) {
    out->trust = compile(json::string_or(*record, "AssumeRolePolicyDocument"), policy::Kind::kTrust,
                         out->arn);
  }
  if (const auto* tags = json::array_at(*record, "Tags")) {
    for (const auto& tag : *tags) {
      out->tags[lower(json::string_or(tag.as_object(), "Key"))] =
          json::string_or(tag.as_object(), "Value");
    }
  }
  return out;
}

void remember_key(State& state, std::string_view id) {
  const auto record = services::load(state.context.store, store::Key("iam").add("key").add(id));
  const auto erase = [&] {
    state.keys.with([&](Keys& keys) {
      if (const auto it = keys.find(id); it != keys.end()) keys.erase(it);
    });
  };
  if (!record || !*record || json::string_or(**record, "Status") != "Active") return erase();
  const auto user = load_principal(state, Principal::kUser, json::string_or(**record, "UserName"));
  if (!user) return erase();
  aws::Credential credential{json::string_or(**record, "SecretAccessKey"),
                             "",
                             {state.context.config.account, json::string_or(*user, "Arn"),
                              json::string_or(*user, "UserId"), std::string(id)}};
  state.keys.with(
      [&](Keys& keys) { keys.insert_or_assign(std::string(id), std::move(credential)); });
}

}  // namespace dew::iam
