// What roles, users and groups have in common: inline and attached policies; and roles and users:
// boundaries and tags.
#include <algorithm>

#include "base/encoding.h"
#include "services/iam/state.h"

namespace dew::iam {

namespace {

std::string_view title(Principal kind) {
  return kind == Principal::kRole ? "Role" : kind == Principal::kUser ? "User" : "Group";
}

size_t inline_limit(Principal kind) {
  switch (kind) {
    case Principal::kRole:
      return kInlinePolicyCharsRole;
    case Principal::kUser:
      return kInlinePolicyCharsUser;
    case Principal::kGroup:
      break;
  }
  return kInlinePolicyCharsGroup;
}

ApiResult<json::Value> put_inline(State& state, Call& call, Principal kind) {
  const auto name = name_of(kind, call.input);
  TRY(auto record, load_principal(state, kind, name));
  const auto document = json::string_or(call.input, "PolicyDocument");
  CHECK_OK(check_grammar(document, policy::Kind::kIdentity));
  auto& policies = record["Inline"].as_object();
  policies[json::string_or(call.input, "PolicyName")] = document;
  size_t total = 0;
  for (const auto& [policy, text] : policies) total += chars_without_space(json::str(text));
  const auto limit = inline_limit(kind);
  if (total > limit) {
    return limit_exceeded(
        fmt::format("Maximum policy size of {} bytes exceeded for {} {}", limit, word(kind), name));
  }
  return store_record(state, principal_key(kind, name), record);
}

std::unexpected<aws::ApiError> no_inline(Principal kind, std::string_view policy) {
  return no_such_entity(
      fmt::format("The {} policy with name {} cannot be found.", word(kind), policy));
}

ApiResult<json::Value> get_inline(State& state, Call& call, Principal kind) {
  TRY(const auto record, load_principal(state, kind, name_of(kind, call.input)));
  const auto policy = json::string_or(call.input, "PolicyName");
  const auto* document = json::find(*json::object_at(record, "Inline"), policy);
  if (document == nullptr) return no_inline(kind, policy);
  json::Object out;
  out[name_member(kind)] = json::string_or(record, name_member(kind));
  out["PolicyName"] = policy;
  out["PolicyDocument"] = url_encode(json::str(*document));
  return out;
}

ApiResult<json::Value> delete_inline(State& state, Call& call, Principal kind) {
  const auto name = name_of(kind, call.input);
  TRY(auto record, load_principal(state, kind, name));
  const auto policy = json::string_or(call.input, "PolicyName");
  if (record["Inline"].as_object().erase(policy) == 0) return no_inline(kind, policy);
  return store_record(state, principal_key(kind, name), record);
}

ApiResult<json::Value> list_inline(State& state, Call& call, Principal kind) {
  TRY(const auto record, load_principal(state, kind, name_of(kind, call.input)));
  std::vector<std::string> names;
  for (const auto& [name, document] : *json::object_at(record, "Inline")) names.emplace_back(name);
  std::ranges::sort(names);
  json::Array list;
  for (const auto& name : names) list.emplace_back(name);
  return page(call.input, "PolicyNames", std::move(list));
}

ApiResult<json::Value> attach(State& state, Call& call, Principal kind) {
  const auto name = name_of(kind, call.input);
  TRY(auto record, load_principal(state, kind, name));
  const auto policy = json::string_or(call.input, "PolicyArn");
  if (!load_policy(state, policy)) {
    return no_such_entity(fmt::format("Policy {} does not exist or is not attachable.", policy));
  }
  auto& attached = record["Attached"].as_array();
  const auto same = [&](const json::Value& other) { return other.as_string() == policy; };
  if (std::ranges::any_of(attached, same)) return json::Object{};
  if (attached.size() >= kPoliciesPerPrincipal) {
    return limit_exceeded(fmt::format("Cannot exceed quota for PoliciesPer{}: {}", title(kind),
                                      kPoliciesPerPrincipal));
  }
  attached.emplace_back(policy);
  return store_record(state, principal_key(kind, name), record);
}

ApiResult<json::Value> detach(State& state, Call& call, Principal kind) {
  const auto name = name_of(kind, call.input);
  TRY(auto record, load_principal(state, kind, name));
  const auto policy = json::string_or(call.input, "PolicyArn");
  json::Array left;
  for (const auto& arn : *json::array_at(record, "Attached")) {
    if (arn.as_string() != policy) left.push_back(arn);
  }
  if (left.size() == json::array_at(record, "Attached")->size()) {
    return no_such_entity(fmt::format("Policy {} was not found.", policy));
  }
  record["Attached"] = std::move(left);
  return store_record(state, principal_key(kind, name), record);
}

ApiResult<json::Value> list_attached(State& state, Call& call, Principal kind) {
  TRY(const auto record, load_principal(state, kind, name_of(kind, call.input)));
  const auto prefix = json::string_or(call.input, "PathPrefix", "/");
  json::Array list;
  for (const auto& attached : *json::array_at(record, "Attached")) {
    const auto arn = json::str(attached);
    const auto path = arn.substr(arn.find('/'), arn.rfind('/') - arn.find('/') + 1);
    if (!path.starts_with(prefix)) continue;
    list.emplace_back(
        json::Object{{"PolicyName", arn.substr(arn.rfind('/') + 1)}, {"PolicyArn", arn}});
  }
  return page(call.input, "AttachedPolicies", std::move(list));
}

ApiResult<json::Value> tag(State& state, Call& call, Principal kind) {
  const auto name = name_of(kind, call.input);
  TRY(auto record, load_principal(state, kind, name));
  CHECK_OK(merge_tags(record, *json::array_at(call.input, "Tags")));
  return store_record(state, principal_key(kind, name), record);
}

ApiResult<json::Value> untag(State& state, Call& call, Principal kind) {
  const auto name = name_of(kind, call.input);
  TRY(auto record, load_principal(state, kind, name));
  remove_tags(record, *json::array_at(call.input, "TagKeys"));
  return store_record(state, principal_key(kind, name), record);
}

ApiResult<json::Value> list_tags(State& state, Call& call, Principal kind) {
  TRY(const auto record, load_principal(state, kind, name_of(kind, call.input)));
  const auto* tags = json::array_at(record, "Tags");
  return page(call.input, "Tags", tags == nullptr ? json::Array{} : *tags);
}

ApiResult<json::Value> put_boundary(State& state, Call& call, Principal kind) {
  const auto name = name_of(kind, call.input);
  TRY(auto record, load_principal(state, kind, name));
  const auto boundary = json::string_or(call.input, "PermissionsBoundary");
  CHECK_OK(load_policy(state, boundary));
  record["PermissionsBoundary"] =
      json::Object{{"PermissionsBoundaryType", "PermissionsBoundaryPolicy"},
                   {"PermissionsBoundaryArn", boundary}};
  return store_record(state, principal_key(kind, name), record);
}

ApiResult<json::Value> delete_boundary(State& state, Call& call, Principal kind) {
  const auto name = name_of(kind, call.input);
  TRY(auto record, load_principal(state, kind, name));
  if (record.erase("PermissionsBoundary") == 0) {
    return no_such_entity(
        fmt::format("The {} with name {} does not have a permissions boundary.", word(kind), name));
  }
  return store_record(state, principal_key(kind, name), record);
}

}  // namespace

void add_principal_operations(const Add& add, Principal kind) {
  const std::string who(title(kind));
  const auto bind = [kind](auto operation) {
    return [operation, kind](State& state, Call& call) { return operation(state, call, kind); };
  };
  add("Put" + who + "Policy", bind(put_inline));
  add("Get" + who + "Policy", bind(get_inline));
  add("Delete" + who + "Policy", bind(delete_inline));
  add("List" + who + "Policies", bind(list_inline));
  add("Attach" + who + "Policy", bind(attach));
  add("Detach" + who + "Policy", bind(detach));
  add("ListAttached" + who + "Policies", bind(list_attached));
  if (kind == Principal::kGroup) return;
  add("Tag" + who, bind(tag));
  add("Untag" + who, bind(untag));
  add("List" + who + "Tags", bind(list_tags));
  add("Put" + who + "PermissionsBoundary", bind(put_boundary));
  add("Delete" + who + "PermissionsBoundary", bind(delete_boundary));
}

}  // namespace dew::iam
