// Managed policies and their versions: the customer's, and AWS's own.
#include <algorithm>

#include "base/encoding.h"
#include "base/ids.h"
#include "services/iam/state.h"

namespace dew::iam {

namespace {

constexpr std::string_view kAwsPrefix = "arn:aws:iam::aws:policy";

store::Key policy_key(std::string_view name) {
  return store::Key("iam").add("policy").add(lower(name));
}

std::unexpected<aws::ApiError> no_policy(std::string_view arn) {
  return no_such_entity(fmt::format("Policy {} was not found.", arn));
}

json::Object version(std::string_view id, std::string_view document, bool is_default,
                     double created) {
  return json::Object{{"VersionId", id},
                      {"Document", document},
                      {"IsDefaultVersion", is_default},
                      {"CreateDate", created}};
}

json::Object aws_record(const ManagedPolicy& policy) {
  const auto arn = fmt::format("{}{}{}", kAwsPrefix, policy.path, policy.name);
  json::Object record;
  record["PolicyName"] = policy.name;
  record["PolicyId"] = "ANPA" + lower(hex_encode(sha256(arn))).substr(0, 17);
  record["Arn"] = arn;
  record["Path"] = policy.path;
  record["DefaultVersionId"] = "v1";
  record["CreateDate"] = 1'423'000'000;
  record["UpdateDate"] = 1'423'000'000;
  record["Versions"] = json::Array{version("v1", policy.document, true, 1'423'000'000)};
  return record;
}

ApiResult<json::Object> show(const State& state, json::Object record) {
  record.erase("Versions");
  record.erase("NextVersion");
  TRY(const auto use, use_of(state, json::string_or(record, "Arn")));
  record["AttachmentCount"] = use.attached;
  record["PermissionsBoundaryUsageCount"] = use.boundaries;
  record["IsAttachable"] = true;
  return record;
}

ApiResult<void> check_document(std::string_view document) {
  CHECK_OK(check_grammar(document, policy::Kind::kIdentity));
  if (chars_without_space(document) > kManagedPolicyChars) {
    return limit_exceeded(
        fmt::format("Cannot exceed quota for PolicySize: {}", kManagedPolicyChars));
  }
  return {};
}

// A policy that may be changed: AWS's own may not.
ApiResult<json::Object> load_own(const State& state, std::string_view arn) {
  if (arn.starts_with(kAwsPrefix)) {
    return aws::fail("AccessDenied",
                     fmt::format("Policy {} is owned by AWS and cannot be changed.", arn), 403);
  }
  return load_policy(state, arn);
}

ApiResult<json::Value> create_policy(State& state, Call& call) {
  const auto name = json::string_or(call.input, "PolicyName");
  TRY(const auto existing, services::load(state.context.store, policy_key(name)));
  if (existing) {
    return already_exists(
        fmt::format("A policy called {} already exists. Duplicate names are not allowed.", name));
  }
  const auto document = json::string_or(call.input, "PolicyDocument");
  CHECK_OK(check_document(document));
  const auto path = json::string_or(call.input, "Path", "/");
  const auto now = state.context.clock.now_seconds();
  json::Object policy;
  policy["PolicyName"] = name;
  policy["PolicyId"] = "ANPA" + random_upper_alnum(17);
  policy["Arn"] = arn(state, "policy", path, name);
  policy["Path"] = path;
  policy["DefaultVersionId"] = "v1";
  policy["CreateDate"] = now;
  policy["UpdateDate"] = now;
  if (const auto text = json::string_at(call.input, "Description")) policy["Description"] = *text;
  if (const auto* tags = json::array_at(call.input, "Tags")) CHECK_OK(merge_tags(policy, *tags));
  policy["Versions"] = json::Array{version("v1", document, true, now)};
  policy["NextVersion"] = 2;
  CHECK_OK(store_record(state, policy_key(name), policy));
  TRY(auto shown, show(state, std::move(policy)));
  return json::Object{{"Policy", std::move(shown)}};
}

ApiResult<json::Value> get_policy(State& state, Call& call) {
  TRY(auto policy, load_policy(state, json::string_or(call.input, "PolicyArn")));
  TRY(auto shown, show(state, std::move(policy)));
  return json::Object{{"Policy", std::move(shown)}};
}

ApiResult<json::Value> list_policies(State& state, Call& call) {
  const auto scope = json::string_or(call.input, "Scope", "All");
  const auto prefix = json::string_or(call.input, "PathPrefix", "/");
  const bool only_attached = json::bool_at(call.input, "OnlyAttached").value_or(false);
  std::vector<json::Object> found;
  CHECK_OK(all_policies(state, scope != "AWS", scope != "Local", found));
  json::Array list;
  for (auto& policy : found) {
    if (!json::string_or(policy, "Path").starts_with(prefix)) continue;
    TRY(auto shown, show(state, std::move(policy)));
    if (only_attached && shown["AttachmentCount"] == 0) continue;
    shown.erase("Description");
    shown.erase("Tags");
    list.emplace_back(std::move(shown));
  }
  return page(call.input, "Policies", std::move(list));
}

ApiResult<json::Value> delete_policy(State& state, Call& call) {
  const auto arn = json::string_or(call.input, "PolicyArn");
  TRY(const auto policy, load_own(state, arn));
  TRY(const auto use, use_of(state, arn));
  if (use.attached + use.boundaries > 0)
    return delete_conflict("Cannot delete a policy attached to entities.");
  if (json::array_at(policy, "Versions")->size() > 1) {
    return delete_conflict(
        "This policy has more than one version. Before you delete a policy, you must delete the "
        "policy's versions. The default version is deleted with the policy.");
  }
  store::Batch batch;
  batch.erase(policy_key(json::string_or(policy, "PolicyName")));
  CHECK_OK(state.context.store.commit(batch));
  return json::Object{};
}

ApiResult<json::Value> save_policy(State& state, const json::Object& policy) {
  return store_record(state, policy_key(json::string_or(policy, "PolicyName")), policy);
}

json::Object shown_version(const json::Object& stored, bool with_document) {
  auto out = stored;
  if (with_document) {
    out["Document"] = url_encode(json::string_or(stored, "Document"));
  } else {
    out.erase("Document");
  }
  return out;
}

void set_default(json::Object& policy, std::string_view id) {
  policy["DefaultVersionId"] = id;
  for (auto& entry : policy["Versions"].as_array()) {
    entry.as_object()["IsDefaultVersion"] = json::string_or(entry.as_object(), "VersionId") == id;
  }
}

ApiResult<json::Value> create_version(State& state, Call& call) {
  TRY(auto policy, load_own(state, json::string_or(call.input, "PolicyArn")));
  const auto document = json::string_or(call.input, "PolicyDocument");
  CHECK_OK(check_document(document));
  auto& versions = policy["Versions"].as_array();
  if (versions.size() >= kPolicyVersions) {
    return limit_exceeded(
        "A managed policy can have up to 5 versions. Before you create a new version, you must "
        "delete an existing version.");
  }
  const auto number = json::int_at(policy, "NextVersion").value_or(2);
  const auto id = fmt::format("v{}", number);
  const auto now = state.context.clock.now_seconds();
  versions.insert(versions.begin(), version(id, document, false, now));
  policy["NextVersion"] = number + 1;
  policy["UpdateDate"] = now;
  if (json::bool_at(call.input, "SetAsDefault").value_or(false)) set_default(policy, id);
  CHECK_OK(save_policy(state, policy));
  return json::Object{
      {"PolicyVersion", shown_version(policy["Versions"].as_array()[0].as_object(), false)}};
}

std::unexpected<aws::ApiError> no_version(std::string_view arn, std::string_view id) {
  return no_such_entity(
      fmt::format("Policy {} version {} does not exist or is not attachable.", arn, id));
}

ApiResult<json::Value> get_version(State& state, Call& call) {
  const auto arn = json::string_or(call.input, "PolicyArn");
  const auto id = json::string_or(call.input, "VersionId");
  TRY(const auto policy, load_policy(state, arn));
  for (const auto& entry : *json::array_at(policy, "Versions")) {
    if (json::string_or(entry.as_object(), "VersionId") == id) {
      return json::Object{{"PolicyVersion", shown_version(entry.as_object(), true)}};
    }
  }
  return no_version(arn, id);
}

ApiResult<json::Value> list_versions(State& state, Call& call) {
  TRY(const auto policy, load_policy(state, json::string_or(call.input, "PolicyArn")));
  json::Array list;
  for (const auto& entry : *json::array_at(policy, "Versions")) {
    list.emplace_back(shown_version(entry.as_object(), false));
  }
  return page(call.input, "Versions", std::move(list));
}

ApiResult<json::Value> delete_version(State& state, Call& call) {
  const auto arn = json::string_or(call.input, "PolicyArn");
  const auto id = json::string_or(call.input, "VersionId");
  TRY(auto policy, load_own(state, arn));
  if (json::string_or(policy, "DefaultVersionId") == id) {
    return delete_conflict("Cannot delete the default version of a policy.");
  }
  json::Array left;
  for (const auto& entry : *json::array_at(policy, "Versions")) {
    if (json::string_or(entry.as_object(), "VersionId") != id) left.push_back(entry);
  }
  if (left.size() == json::array_at(policy, "Versions")->size()) return no_version(arn, id);
  policy["Versions"] = std::move(left);
  return save_policy(state, policy);
}

ApiResult<json::Value> set_default_version(State& state, Call& call) {
  const auto arn = json::string_or(call.input, "PolicyArn");
  const auto id = json::string_or(call.input, "VersionId");
  TRY(auto policy, load_own(state, arn));
  const auto is_it = [&](const json::Value& entry) {
    return json::string_or(entry.as_object(), "VersionId") == id;
  };
  if (!std::ranges::any_of(policy["Versions"].as_array(), is_it)) return no_version(arn, id);
  set_default(policy, id);
  return save_policy(state, policy);
}

ApiResult<json::Value> tag_policy(State& state, Call& call) {
  TRY(auto policy, load_own(state, json::string_or(call.input, "PolicyArn")));
  CHECK_OK(merge_tags(policy, *json::array_at(call.input, "Tags")));
  return save_policy(state, policy);
}

ApiResult<json::Value> untag_policy(State& state, Call& call) {
  TRY(auto policy, load_own(state, json::string_or(call.input, "PolicyArn")));
  remove_tags(policy, *json::array_at(call.input, "TagKeys"));
  return save_policy(state, policy);
}

ApiResult<json::Value> list_policy_tags(State& state, Call& call) {
  TRY(const auto policy, load_policy(state, json::string_or(call.input, "PolicyArn")));
  const auto* tags = json::array_at(policy, "Tags");
  return page(call.input, "Tags", tags == nullptr ? json::Array{} : *tags);
}

ApiResult<json::Value> list_entities(State& state, Call& call) {
  const auto arn = json::string_or(call.input, "PolicyArn");
  CHECK_OK(load_policy(state, arn));
  json::Object out{{"PolicyGroups", json::Array{}},
                   {"PolicyRoles", json::Array{}},
                   {"PolicyUsers", json::Array{}},
                   {"IsTruncated", false}};
  for (const auto kind : {Principal::kRole, Principal::kUser, Principal::kGroup}) {
    auto& list = out[kind == Principal::kRole   ? "PolicyRoles"
                     : kind == Principal::kUser ? "PolicyUsers"
                                                : "PolicyGroups"]
                     .as_array();
    CHECK_OK(services::scan(
        state.context.store, store::Key("iam").add(word(kind)), {},
        [&](std::string_view, json::Object record) {
          const auto* attached = json::array_at(record, "Attached");
          if (attached != nullptr &&
              std::ranges::any_of(*attached, [&](const auto& a) { return a.as_string() == arn; })) {
            list.emplace_back(json::Object{{name_member(kind), record[name_member(kind)]},
                                           {id_member(kind), record[id_member(kind)]}});
          }
          return true;
        }));
  }
  return out;
}

}  // namespace

ApiResult<void> all_policies(const State& state, bool own, bool aws,
                             std::vector<json::Object>& out) {
  if (own) {
    CHECK_OK(services::scan(state.context.store, store::Key("iam").add("policy"), {},
                            [&](std::string_view, json::Object policy) {
                              out.push_back(std::move(policy));
                              return true;
                            }));
  }
  if (aws) {
    for (const auto& policy : aws_managed_policies()) out.push_back(aws_record(policy));
  }
  return {};
}

ApiResult<json::Object> load_policy(const State& state, std::string_view policy_arn) {
  if (policy_arn.starts_with(kAwsPrefix)) {
    for (const auto& policy : aws_managed_policies()) {
      if (policy_arn.substr(kAwsPrefix.size()) == fmt::format("{}{}", policy.path, policy.name)) {
        return aws_record(policy);
      }
    }
    return no_policy(policy_arn);
  }
  const auto name = policy_arn.substr(policy_arn.rfind('/') + 1);
  TRY(auto record, services::load(state.context.store, policy_key(name)));
  if (!record || json::string_or(*record, "Arn") != policy_arn) return no_policy(policy_arn);
  return std::move(*record);
}

void add_policy_operations(const Add& add) {
  add("CreatePolicy", create_policy);
  add("GetPolicy", get_policy);
  add("ListPolicies", list_policies);
  add("DeletePolicy", delete_policy);
  add("CreatePolicyVersion", create_version);
  add("GetPolicyVersion", get_version);
  add("ListPolicyVersions", list_versions);
  add("DeletePolicyVersion", delete_version);
  add("SetDefaultPolicyVersion", set_default_version);
  add("TagPolicy", tag_policy);
  add("UntagPolicy", untag_policy);
  add("ListPolicyTags", list_policy_tags);
  add("ListEntitiesForPolicy", list_entities);
}

}  // namespace dew::iam
