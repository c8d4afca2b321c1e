// What the types of users and roles share.
#pragma once

#include "services/cloudformation/resource_type.h"

namespace dew::cloudformation {

// "Role" or "User", as in the operations' names: PutRolePolicy.
enum class PrincipalKind { kRole, kUser };

// Brings inline policies, attached policies, the permissions boundary and tags from what they were
// to what they should be.
ApiResult<void> apply_principal(const Session& session, PrincipalKind kind, const std::string& name,
                                const json::Object& before, const json::Object& now);
// Takes off what the stack put on it, so that it can be deleted.
ApiResult<void> strip_principal(const Session& session, PrincipalKind kind, const Instance& it);

void add_iam_user_types(std::vector<ResourceType>& types);

}  // namespace dew::cloudformation
