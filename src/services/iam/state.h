// What the files of this folder share: records, errors, paging, limits. Not for other folders.
//
// Records (JSON) in the store, names in lower case:
//   iam role NAME, iam user NAME   a principal: its description, inline policies, attached ARNs,
//                                  tags; a user's keys, groups and login profile
//   iam group NAME                 a group: the same, without tags, and its users
//   iam policy NAME                a customer managed policy with its versions
//   iam key ID                     an access key: user, secret, status
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "aws/credentials.h"
#include "base/guarded.h"
#include "policy/attached.h"
#include "policy/policy.h"
#include "services/context.h"
#include "services/records.h"

namespace dew::iam {

// docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
inline constexpr size_t kPoliciesPerPrincipal = 10;
inline constexpr size_t kTrustPolicyChars = 2048;
inline constexpr size_t kInlinePolicyCharsRole = 10'240;
inline constexpr size_t kInlinePolicyCharsUser = 2048;
inline constexpr size_t kInlinePolicyCharsGroup = 5120;
inline constexpr size_t kGroupsPerUser = 10;
inline constexpr size_t kGroups = 300;
inline constexpr size_t kManagedPolicyChars = 6144;
inline constexpr size_t kPolicyVersions = 5;
inline constexpr size_t kAccessKeysPerUser = 2;
inline constexpr size_t kTags = 50;
inline constexpr size_t kDefaultPage = 100;

using aws::ApiResult;
using aws::Call;

struct Hash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
// The active access keys, as find_access_key() answers with them.
using Keys =
    std::unordered_map<std::string, std::shared_ptr<const aws::Credential>, Hash, std::equal_to<>>;

struct State {
  services::Context context;
  mutable std::mutex mutex;
  // A snapshot that readers keep as long as the number stays; a change makes another. The number is
  // that of no other cloud.
  Guarded<std::shared_ptr<const Keys>> keys{std::make_shared<const Keys>()};
  std::atomic<uint64_t> keys_version = 0;
  std::atomic<uint64_t> version = 0;  // attached.h
};

// Reads access keys' records into State::keys, or takes them out.
void remember_keys(State& state, std::span<const std::string> ids);
// Of no two clouds of this process the same.
uint64_t next_version();

// Whatever policies can be attached to. A group is no principal to policies, but has policies as
// one has.
enum class Principal { kRole, kUser, kGroup };

std::string_view word(Principal kind);         // "role", "user", "group"
std::string_view name_member(Principal kind);  // "RoleName"
std::string_view id_member(Principal kind);    // "RoleId"
std::string name_of(Principal kind, const json::Object& input);
store::Key principal_key(Principal kind, std::string_view name);
ApiResult<json::Object> load_principal(const State& state, Principal kind, std::string_view name);
// Nothing is attached to it any more, and it has no inline policies; DeleteConflict.
ApiResult<void> check_without_policies(const json::Object& record);
// The strings of a record's list; none where it has no such list.
std::vector<std::string> strings_of(const json::Object& record, std::string_view list);
ApiResult<json::Value> store_record(State& state, const store::Key& key,
                                    const json::Object& record);

std::unexpected<aws::ApiError> no_such_entity(std::string message);
std::unexpected<aws::ApiError> already_exists(std::string message);
std::unexpected<aws::ApiError> delete_conflict(std::string message);
std::unexpected<aws::ApiError> limit_exceeded(std::string message);

// MalformedPolicyDocument unless it is a policy document of that kind.
ApiResult<void> check_grammar(std::string_view document, policy::Kind kind);

std::string arn(const State& state, std::string_view kind, std::string_view path,
                std::string_view name);
std::string lower(std::string_view text);
size_t chars_without_space(std::string_view text);

// `entries` sorted by the order of the list; pages by MaxItems and Marker (an index, opaque to
// clients).
json::Value page(const json::Object& input, std::string_view list, json::Array entries);

// The user that a call without UserName speaks of: the caller.
ApiResult<std::string> user_or_caller(const Call& call);

// Tags of a record: added or replaced, and taken away.
ApiResult<void> merge_tags(json::Object& record, const json::Array& tags);
void remove_tags(json::Object& record, const json::Array& keys);

// Members that describe a record to clients: all but what this folder keeps for itself.
json::Object describe(Principal kind, const json::Object& record);

// A managed policy of either owner, as GetPolicy describes it, with its versions; error when
// absent.
ApiResult<json::Object> load_policy(const State& state, std::string_view policy_arn);
// All managed policies' records, of the account and of AWS.
ApiResult<void> all_policies(const State& state, bool own, bool aws,
                             std::vector<json::Object>& out);
// To how many users, groups and roles it is attached; and of how many it is the boundary.
struct PolicyUse {
  int64_t attached = 0;
  int64_t boundaries = 0;
};
ApiResult<PolicyUse> use_of(const State& state, std::string_view policy_arn);

// What is attached to a user or role, compiled; null: no such principal.
policy::AttachedPtr load_attached(const State& state, Principal kind, std::string_view name);
// The user, group or role that an ARN names, for the simulator and its like: InvalidInput,
// NoSuchEntity.
struct PolicySource {
  Principal kind = Principal::kUser;
  policy::AttachedPtr attached;
};
ApiResult<PolicySource> load_source(const State& state, std::string_view source_arn);
// The document of a managed policy's default version, compiled; null: no such policy.
policy::PolicyPtr compile_managed(const State& state, std::string_view policy_arn);

// AWS's own policies that deployments attach.
struct ManagedPolicy {
  std::string_view path;  // "/service-role/"
  std::string_view name;
  std::string_view document;
};
const std::vector<ManagedPolicy>& aws_managed_policies();

using Operation = std::function<ApiResult<json::Value>(State&, Call&)>;
using Add = std::function<void(std::string, Operation)>;
void add_role_operations(const Add& add);
void add_user_operations(const Add& add);
void add_policy_operations(const Add& add);
void add_login_profile_operations(const Add& add);
void add_simulate_operations(const Add& add);
void add_group_operations(const Add& add);
void add_account_operations(const Add& add);
// PutRolePolicy, AttachRolePolicy, … for every kind; TagRole, PutRolePermissionsBoundary, … for
// roles and users.
void add_principal_operations(const Add& add, Principal kind);

}  // namespace dew::iam
