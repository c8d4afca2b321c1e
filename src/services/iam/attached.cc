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

namespace {

// The inline and managed policies of one record, added to `out`.
void add_policies(const State& state, Principal kind, const json::Object& record,
                  policy::AttachedPolicies& out) {
  const auto name = name_of(kind, record);
  if (const auto* policies = json::object_at(record, "Inline")) {
    for (const auto& [policy, text] : *policies) {
      out.identity.push_back(
          compile(json::view(text.as_string()), policy::Kind::kIdentity, out.arn));
      out.identity_names.push_back(
          fmt::format("{}_{}_{}", word(kind), name, std::string_view(policy)));
    }
  }
  for (const auto& whole : strings_of(record, "Attached")) {
    if (auto policy = compile_managed(state, whole)) {
      out.identity.push_back(std::move(policy));
      out.identity_names.push_back(whole.substr(whole.rfind('/') + 1));
    }
  }
}

}  // namespace

policy::AttachedPtr load_attached(const State& state, Principal kind, std::string_view name) {
  const auto record = load_principal(state, kind, name);
  if (!record) return nullptr;
  const bool role = kind == Principal::kRole;
  auto out = std::make_shared<policy::AttachedPolicies>();
  out->arn = json::string_or(*record, "Arn");
  out->id = json::string_or(*record, id_member(kind));
  out->name = name_of(kind, *record);
  add_policies(state, kind, *record, *out);
  for (const auto& group : strings_of(*record, "Groups")) {
    const auto its = load_principal(state, Principal::kGroup, group);
    if (its) add_policies(state, Principal::kGroup, *its, *out);
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

namespace {

// Null: no such key, or not an active one.
std::shared_ptr<const aws::Credential> read_credential(const State& state, const std::string& id,
                                                       std::shared_ptr<aws::KeyUse> use) {
  const auto record = services::load(state.context.store, store::Key("iam").add("key").add(id));
  if (!record || !*record || json::string_or(**record, "Status") != "Active") return nullptr;
  const auto user = load_principal(state, Principal::kUser, json::string_or(**record, "UserName"));
  if (!user) return nullptr;
  if (use == nullptr) {
    const auto* last = json::object_at(**record, "LastUsed");
    use = std::make_shared<aws::KeyUse>(
        last == nullptr ? aws::KeyUse::Last{}
                        : aws::KeyUse::Last{json::int_at(*last, "Seconds").value_or(0),
                                            json::string_or(*last, "Service"),
                                            json::string_or(*last, "Region")});
  }
  return std::make_shared<const aws::Credential>(
      aws::Credential{json::string_or(**record, "SecretAccessKey"),
                      "",
                      {state.context.config.account, json::string_or(*user, "Arn"),
                       json::string_or(*user, "UserId"), id},
                      std::move(use)});
}

}  // namespace

void remember_keys(State& state, std::span<const std::string> ids) {
  const auto now = state.keys.read([](const auto& keys) { return keys; });
  auto next = std::make_shared<Keys>(*now);
  for (const auto& id : ids) {
    const auto it = next->find(id);
    auto credential = read_credential(state, id, it == next->end() ? nullptr : it->second->use);
    if (credential == nullptr) {
      next->erase(id);
    } else {
      next->insert_or_assign(id, std::move(credential));
    }
  }
  state.keys.with([&](auto& keys) { keys = std::move(next); });
  state.keys_version.store(next_version(), std::memory_order_release);
}

}  // namespace dew::iam
