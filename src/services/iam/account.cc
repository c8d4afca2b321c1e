// What the account holds as a whole: its authorization details and its summary; and which context
// keys policies ask for.
#include <algorithm>
#include <set>

#include "base/encoding.h"
#include "policy/inspect.h"
#include "services/iam/state.h"

namespace dew::iam {

namespace {

// What GetAccountAuthorizationDetails can be asked for, and the list that each is answered in.
struct Section {
  std::string_view filter;
  std::string_view list;
};
constexpr Section kUsers{"User", "UserDetailList"};
constexpr Section kGroupSection{"Group", "GroupDetailList"};
constexpr Section kRoles{"Role", "RoleDetailList"};
constexpr Section kLocal{"LocalManagedPolicy", "Policies"};
constexpr Section kAws{"AWSManagedPolicy", "Policies"};

json::Object detail(Principal kind, const json::Object& record) {
  auto out = describe(kind, record);
  json::Array inlined;
  std::vector<std::string> names;
  const auto& policies = *json::object_at(record, "Inline");
  for (const auto& [name, text] : policies) names.emplace_back(name);
  std::ranges::sort(names);
  for (const auto& name : names) {
    inlined.emplace_back(json::Object{
        {"PolicyName", name}, {"PolicyDocument", url_encode(json::str(policies.at(name)))}});
  }
  json::Array attached;
  for (const auto& arn : strings_of(record, "Attached")) {
    attached.emplace_back(
        json::Object{{"PolicyName", arn.substr(arn.rfind('/') + 1)}, {"PolicyArn", arn}});
  }
  out["AttachedManagedPolicies"] = std::move(attached);
  switch (kind) {
    case Principal::kUser: {
      json::Array groups;
      for (auto& group : strings_of(record, "Groups")) groups.emplace_back(std::move(group));
      out["UserPolicyList"] = std::move(inlined);
      out["GroupList"] = std::move(groups);
      break;
    }
    case Principal::kGroup:
      out["GroupPolicyList"] = std::move(inlined);
      break;
    case Principal::kRole:
      out["RolePolicyList"] = std::move(inlined);
      out["InstanceProfileList"] = json::Array{};
      out.erase("Description");
      out.erase("MaxSessionDuration");
      break;
  }
  return out;
}

// Group names as they are written, not as they are looked up.
ApiResult<void> write_group_names(const State& state, json::Object& user) {
  for (auto& name : user["GroupList"].as_array()) {
    TRY(const auto group, load_principal(state, Principal::kGroup, json::str(name)));
    name = json::string_or(group, "GroupName");
  }
  return {};
}

json::Object policy_detail(json::Object policy) {
  auto versions = std::move(policy["Versions"].as_array());
  for (auto& one : versions) {
    auto& version = one.as_object();
    version["Document"] = url_encode(json::string_or(version, "Document"));
  }
  for (const auto* mine : {"Versions", "NextVersion", "Tags"}) policy.erase(mine);
  policy["IsAttachable"] = true;
  policy["PolicyVersionList"] = std::move(versions);
  return policy;
}

struct Entry {
  std::string_view list;
  json::Object detail;
};

ApiResult<void> gather(const State& state, Principal kind, const Section& section,
                       std::vector<Entry>& out) {
  std::vector<json::Object> records;
  CHECK_OK(services::scan(state.context.store, store::Key("iam").add(word(kind)), {},
                          [&](std::string_view, json::Object record) {
                            records.push_back(std::move(record));
                            return true;
                          }));
  for (const auto& record : records) {
    Entry entry{section.list, detail(kind, record)};
    if (kind == Principal::kUser) CHECK_OK(write_group_names(state, entry.detail));
    out.push_back(std::move(entry));
  }
  return {};
}

ApiResult<json::Value> authorization_details(State& state, Call& call) {
  std::set<std::string> filter;
  for (auto& name : strings_of(call.input, "Filter")) filter.insert(std::move(name));
  const auto wanted = [&](const Section& section) {
    return filter.empty() || filter.contains(std::string(section.filter));
  };
  std::vector<Entry> entries;
  if (wanted(kUsers)) CHECK_OK(gather(state, Principal::kUser, kUsers, entries));
  if (wanted(kGroupSection)) CHECK_OK(gather(state, Principal::kGroup, kGroupSection, entries));
  if (wanted(kRoles)) CHECK_OK(gather(state, Principal::kRole, kRoles, entries));
  std::vector<json::Object> policies;
  CHECK_OK(all_policies(state, wanted(kLocal), wanted(kAws), policies));
  for (auto& policy : policies) {
    const auto arn = json::string_or(policy, "Arn");
    TRY(const auto use, use_of(state, arn));
    policy["AttachmentCount"] = use.attached;
    policy["PermissionsBoundaryUsageCount"] = use.boundaries;
    // Of AWS's own, those in use.
    if (filter.empty() && arn.starts_with("arn:aws:iam::aws:") && use.attached == 0) continue;
    entries.push_back({"Policies", policy_detail(std::move(policy))});
  }
  json::Array all;
  for (auto& entry : entries)
    all.emplace_back(json::Object{{"List", entry.list}, {"Detail", std::move(entry.detail)}});
  auto paged = page(call.input, "All", std::move(all)).as_object();
  json::Object out{{"IsTruncated", paged["IsTruncated"]}};
  if (const auto* marker = json::find(paged, "Marker")) out["Marker"] = *marker;
  for (const auto* list : {"UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"})
    out[list] = json::Array{};
  for (auto& one : paged["All"].as_array()) {
    auto& entry = one.as_object();
    out[json::string_or(entry, "List")].as_array().emplace_back(std::move(entry["Detail"]));
  }
  return out;
}

ApiResult<int64_t> count(const State& state, std::string_view kind) {
  int64_t records = 0;
  CHECK_OK(services::scan(state.context.store, store::Key("iam").add(kind), {},
                          [&](std::string_view, const json::Object&) { return ++records > 0; }));
  return records;
}

// Quotas are the defaults of reference_iam-quotas.html. What is not here there is none of.
ApiResult<json::Value> account_summary(State& state, Call&) {
  json::Object map{{"AccessKeysPerUserQuota", kAccessKeysPerUser},
                   {"AccountAccessKeysPresent", 0},
                   {"AccountMFAEnabled", 0},
                   {"AccountPasswordPresent", 0},
                   {"AccountSigningCertificatesPresent", 0},
                   {"AssumeRolePolicySizeQuota", kTrustPolicyChars},
                   {"AttachedPoliciesPerGroupQuota", kPoliciesPerPrincipal},
                   {"AttachedPoliciesPerRoleQuota", kPoliciesPerPrincipal},
                   {"AttachedPoliciesPerUserQuota", kPoliciesPerPrincipal},
                   {"GlobalEndpointTokenVersion", 1},
                   {"GroupPolicySizeQuota", kInlinePolicyCharsGroup},
                   {"GroupsPerUserQuota", kGroupsPerUser},
                   {"GroupsQuota", kGroups},
                   {"InstanceProfiles", 0},
                   {"InstanceProfilesQuota", 1000},
                   {"MFADevices", 0},
                   {"MFADevicesInUse", 0},
                   {"PoliciesQuota", 1500},
                   {"PolicySizeQuota", kManagedPolicyChars},
                   {"PolicyVersionsInUseQuota", 10'000},
                   {"Providers", 0},
                   {"RolePolicySizeQuota", kInlinePolicyCharsRole},
                   {"RolesQuota", 1000},
                   {"ServerCertificates", 0},
                   {"ServerCertificatesQuota", 20},
                   {"SigningCertificatesPerUserQuota", 2},
                   {"UserPolicySizeQuota", kInlinePolicyCharsUser},
                   {"UsersQuota", 5000},
                   {"VersionsPerPolicyQuota", kPolicyVersions}};
  TRY(map["Groups"], count(state, "group"));
  TRY(map["Policies"], count(state, "policy"));
  TRY(map["Roles"], count(state, "role"));
  TRY(map["Users"], count(state, "user"));
  std::vector<json::Object> policies;
  CHECK_OK(all_policies(state, true, true, policies));
  int64_t in_use = 0;
  for (const auto& policy : policies) {
    TRY(const auto use, use_of(state, json::string_or(policy, "Arn")));
    in_use += use.attached > 0 ? 1 : 0;
  }
  map["PolicyVersionsInUse"] = in_use;
  return json::Object{{"SummaryMap", std::move(map)}};
}

ApiResult<void> add_keys(std::string_view document, std::set<std::string>& keys) {
  auto found = policy::context_keys(document);
  if (!found) return aws::fail("InvalidInput", std::move(found.error().message));
  keys.merge(*found);
  return {};
}

ApiResult<void> add_given_keys(const json::Object& input, std::set<std::string>& keys) {
  for (const auto& document : strings_of(input, "PolicyInputList"))
    CHECK_OK(add_keys(document, keys));
  return {};
}

json::Value key_names(const std::set<std::string>& keys) {
  json::Array names;
  for (const auto& key : keys) names.emplace_back(key);
  return json::Object{{"ContextKeyNames", std::move(names)}};
}

ApiResult<json::Value> custom_context_keys(State&, Call& call) {
  std::set<std::string> keys;
  CHECK_OK(add_given_keys(call.input, keys));
  return key_names(keys);
}

ApiResult<json::Value> principal_context_keys(State& state, Call& call) {
  TRY(const auto source, load_source(state, json::string_or(call.input, "PolicySourceArn")));
  std::set<std::string> keys;
  for (const auto& policy : source.attached->identity) CHECK_OK(add_keys(policy->source(), keys));
  CHECK_OK(add_given_keys(call.input, keys));
  return key_names(keys);
}

}  // namespace

void add_account_operations(const Add& add) {
  add("GetAccountAuthorizationDetails", authorization_details);
  add("GetAccountSummary", account_summary);
  add("GetContextKeysForCustomPolicy", custom_context_keys);
  add("GetContextKeysForPrincipalPolicy", principal_context_keys);
}

}  // namespace dew::iam
