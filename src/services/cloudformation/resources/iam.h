// What the types of users, groups and roles share.
#pragma once

#include "services/cloudformation/resource_type.h"

namespace dew::cloudformation {

// What has inline and attached policies. A group has no boundary and no tags.
enum class PrincipalKind { kRole, kUser, kGroup };

constexpr std::string_view word(PrincipalKind kind) {
  return kind == PrincipalKind::kRole ? "Role" : kind == PrincipalKind::kUser ? "User" : "Group";
}
// "RoleName"
inline std::string name_member(PrincipalKind kind) { return fmt::format("{}Name", word(kind)); }
// As the operations are called: PutRolePolicy.
inline std::string operation(PrincipalKind kind, std::string_view verb, std::string_view what) {
  return fmt::format("{}{}{}", verb, word(kind), what);
}

// Brings inline policies, attached policies, the permissions boundary and tags from what they were
// to what they should be.
ApiResult<void> apply_principal(const Session& session, PrincipalKind kind, const std::string& name,
                                const json::Object& before, const json::Object& now);
// Takes off what the stack put on it, so that it can be deleted.
ApiResult<void> strip_principal(const Session& session, PrincipalKind kind, const Instance& it);

void add_iam_user_types(std::vector<ResourceType>& types);
void add_iam_group_types(std::vector<ResourceType>& types);
void add_iam_policy_types(std::vector<ResourceType>& types);

}  // namespace dew::cloudformation
