// Roles: their description and their trust policy.
#include "base/encoding.h"
#include "base/ids.h"
#include "services/iam/state.h"

namespace dew::iam {

json::Object describe(Principal kind, const json::Object& record) {
  json::Object out;
  for (const auto& [name, value] : record) {
    if (name == "Inline" || name == "Attached" || name == "Keys" || name == "Groups" ||
        name == "Users" || name == "Login") {
      continue;
    }
    if (name == "Tags" && value.is_array() && value.as_array().empty()) continue;
    out[name] = value;
  }
  if (kind == Principal::kRole) {
    // Documents travel percent-encoded (RFC 3986), says the API reference of GetRole.
    out["AssumeRolePolicyDocument"] =
        url_encode(json::string_or(record, "AssumeRolePolicyDocument"));
    out["RoleLastUsed"] = json::Object{};
  }
  return out;
}

namespace {

ApiResult<void> check_trust(std::string_view document) {
  CHECK_OK(check_grammar(document, policy::Kind::kTrust));
  if (chars_without_space(document) > kTrustPolicyChars) {
    return limit_exceeded(
        fmt::format("Cannot exceed quota for ACLSizePerRole: {}", kTrustPolicyChars));
  }
  return {};
}

ApiResult<json::Value> create_role(State& state, Call& call) {
  const auto& input = call.input;
  const auto name = json::string_or(input, "RoleName");
  const auto key = principal_key(Principal::kRole, name);
  TRY(const auto existing, services::load(state.context.store, key));
  if (existing) return already_exists(fmt::format("Role with name {} already exists.", name));
  const auto document = json::string_or(input, "AssumeRolePolicyDocument");
  CHECK_OK(check_trust(document));

  const auto path = json::string_or(input, "Path", "/");
  json::Object role;
  role["Path"] = path;
  role["RoleName"] = name;
  role["RoleId"] = "AROA" + random_upper_alnum(17);
  role["Arn"] = arn(state, "role", path, name);
  role["CreateDate"] = state.context.clock.now_seconds();
  role["AssumeRolePolicyDocument"] = document;
  if (const auto text = json::string_at(input, "Description")) role["Description"] = *text;
  role["MaxSessionDuration"] = json::int_at(input, "MaxSessionDuration").value_or(3600);
  if (const auto boundary = json::string_at(input, "PermissionsBoundary")) {
    CHECK_OK(load_policy(state, *boundary));
    role["PermissionsBoundary"] =
        json::Object{{"PermissionsBoundaryType", "PermissionsBoundaryPolicy"},
                     {"PermissionsBoundaryArn", *boundary}};
  }
  if (const auto* tags = json::array_at(input, "Tags")) CHECK_OK(merge_tags(role, *tags));
  role["Inline"] = json::Object{};
  role["Attached"] = json::Array{};
  CHECK_OK(store_record(state, key, role));
  return json::Object{{"Role", describe(Principal::kRole, role)}};
}

ApiResult<json::Value> get_role(State& state, Call& call) {
  TRY(const auto role,
      load_principal(state, Principal::kRole, name_of(Principal::kRole, call.input)));
  return json::Object{{"Role", describe(Principal::kRole, role)}};
}

ApiResult<json::Value> list_roles(State& state, Call& call) {
  const auto prefix = json::string_or(call.input, "PathPrefix", "/");
  json::Array roles;
  CHECK_OK(services::scan(state.context.store, store::Key("iam").add("role"), {},
                          [&](std::string_view, json::Object role) {
                            if (json::string_or(role, "Path").starts_with(prefix)) {
                              auto shown = describe(Principal::kRole, role);
                              shown.erase("RoleLastUsed");
                              shown.erase("Tags");
                              shown.erase("PermissionsBoundary");
                              roles.push_back(std::move(shown));
                            }
                            return true;
                          }));
  return page(call.input, "Roles", std::move(roles));
}

ApiResult<json::Value> update_role(State& state, Call& call) {
  const auto name = name_of(Principal::kRole, call.input);
  TRY(auto role, load_principal(state, Principal::kRole, name));
  if (const auto text = json::string_at(call.input, "Description")) role["Description"] = *text;
  if (const auto seconds = json::int_at(call.input, "MaxSessionDuration")) {
    role["MaxSessionDuration"] = *seconds;
  }
  return store_record(state, principal_key(Principal::kRole, name), role);
}

ApiResult<json::Value> update_role_description(State& state, Call& call) {
  const auto name = name_of(Principal::kRole, call.input);
  TRY(auto role, load_principal(state, Principal::kRole, name));
  role["Description"] = json::string_or(call.input, "Description");
  CHECK_OK(store_record(state, principal_key(Principal::kRole, name), role));
  return json::Object{{"Role", describe(Principal::kRole, role)}};
}

ApiResult<json::Value> update_trust(State& state, Call& call) {
  const auto name = name_of(Principal::kRole, call.input);
  TRY(auto role, load_principal(state, Principal::kRole, name));
  const auto document = json::string_or(call.input, "PolicyDocument");
  CHECK_OK(check_trust(document));
  role["AssumeRolePolicyDocument"] = document;
  return store_record(state, principal_key(Principal::kRole, name), role);
}

ApiResult<json::Value> delete_role(State& state, Call& call) {
  const auto name = name_of(Principal::kRole, call.input);
  TRY(const auto role, load_principal(state, Principal::kRole, name));
  CHECK_OK(check_without_policies(role));
  store::Batch batch;
  batch.erase(principal_key(Principal::kRole, name));
  CHECK_OK(state.context.store.commit(batch));
  return json::Object{};
}

// Instance profiles belong to EC2, which is not here: a role that exists has none.
ApiResult<json::Value> list_instance_profiles(State& state, Call& call) {
  CHECK_OK(load_principal(state, Principal::kRole, name_of(Principal::kRole, call.input)));
  return json::Object{{"InstanceProfiles", json::Array{}}, {"IsTruncated", false}};
}

}  // namespace

void add_role_operations(const Add& add) {
  add("CreateRole", create_role);
  add("GetRole", get_role);
  add("ListRoles", list_roles);
  add("UpdateRole", update_role);
  add("UpdateRoleDescription", update_role_description);
  add("UpdateAssumeRolePolicy", update_trust);
  add("DeleteRole", delete_role);
  add("ListInstanceProfilesForRole", list_instance_profiles);
}

}  // namespace dew::iam
