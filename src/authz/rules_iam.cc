// docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
// docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
#include "authz/rule.h"

namespace dew::authz {

namespace {

void iam_arn(const Scope& scope, std::string_view rest, Check& check) {
  check.resource.append("arn:aws:iam::").append(scope.account).append(":").append(rest);
}

// IAM calls what exists by its kind and name in messages, for its path is not in the request.
void role(const Scope& scope, Check& check) {
  const auto name = scope.text("RoleName");
  const auto known = scope.sources.role(name);
  iam_arn(scope, "", check);
  if (known) {
    check.resource = known->arn;
  } else {
    check.resource.append("role/").append(name);
  }
  check.shown.append("role ").append(name);
}

std::string_view user_name(const Scope& scope) {
  if (const auto name = scope.text("UserName"); !name.empty()) return name;
  const std::string_view arn = scope.call.identity.arn;
  if (arn.find(":user/") == arn.npos) return {};
  return arn.substr(arn.rfind('/') + 1);
}

void user(const Scope& scope, Check& check) {
  const auto name = user_name(scope);
  if (const auto known = name.empty() ? nullptr : scope.sources.user(name)) {
    check.resource = known->arn;
  } else {
    iam_arn(scope, "user/", check);
    check.resource += name;
  }
  check.shown.append("user ").append(name);
}

void at_path(const Scope& scope, std::string_view kind, std::string_view name, Check& check) {
  iam_arn(scope, kind, check);
  const auto path = scope.text("Path");
  check.resource.append(path.empty() ? "/" : path).append(name);
}

void new_role(const Scope& scope, Check& check) {
  at_path(scope, "role", scope.text("RoleName"), check);
}
void new_user(const Scope& scope, Check& check) {
  at_path(scope, "user", scope.text("UserName"), check);
}
void new_policy(const Scope& scope, Check& check) {
  at_path(scope, "policy", scope.text("PolicyName"), check);
  check.shown.append("policy ").append(scope.text("PolicyName"));
}

void policy(const Scope& scope, Check& check) {
  check.resource = scope.text("PolicyArn");
  check.shown.append("policy ").append(check.resource);
}

void listed(const Scope& scope, std::string_view kind, Check& check) {
  iam_arn(scope, kind, check);
  const auto prefix = scope.text("PathPrefix");
  check.resource.append(prefix.empty() ? "/" : prefix);
}
void roles(const Scope& scope, Check& check) { listed(scope, "role", check); }
void users(const Scope& scope, Check& check) { listed(scope, "user", check); }
void policies(const Scope& scope, Check& check) {
  listed(scope, "policy", check);
  check.shown = "policy path " + check.resource.substr(check.resource.find(":policy") + 7);
}

void simulated(const Scope& scope, Check& check) { check.resource = scope.text("PolicySourceArn"); }

bool keys(const Scope& scope, const Check&, std::string_view key, policy::Values& out) {
  std::string_view value;
  if (key == "iam:policyarn") value = scope.text("PolicyArn");
  if (key == "iam:permissionsboundary") {
    value = scope.text("PermissionsBoundary");
    // Of a change to a role or user that has one: its own.
    if (value.empty()) {
      const auto known = scope.text("RoleName").empty()
                             ? scope.sources.user(user_name(scope))
                             : scope.sources.role(scope.text("RoleName"));
      if (known && known->boundary) {
        out.push_back(known->boundary_arn);
        return true;
      }
    }
  }
  if (value.empty()) return false;
  out.emplace_back(value);
  return true;
}

void tag_role(const Scope& scope, Checks& checks) {
  if (scope.input().contains("Tags")) new_role(scope, checks.add("iam:TagRole", keys));
}
void tag_user(const Scope& scope, Checks& checks) {
  if (scope.input().contains("Tags")) new_user(scope, checks.add("iam:TagUser", keys));
}
void tag_policy(const Scope& scope, Checks& checks) {
  if (scope.input().contains("Tags")) new_policy(scope, checks.add("iam:TagPolicy", keys));
}

void assumed(const Scope& scope, Check& check) {
  check.resource = scope.text("RoleArn");
  check.policy = ResourcePolicyKind::kTrust;
}

void tag_session(const Scope& scope, Checks& checks) {
  if (!scope.input().contains("Tags")) return;
  assumed(scope, checks.add("sts:TagSession"));
}

bool session_keys(const Scope& scope, const Check&, std::string_view key, policy::Values& out) {
  std::string_view value;
  if (key == "sts:externalid") value = scope.text("ExternalId");
  if (key == "sts:rolesessionname") value = scope.text("RoleSessionName");
  if (value.empty()) return false;
  out.emplace_back(value);
  return true;
}

}  // namespace

std::vector<Rule> iam_rules() {
  return {
      {"AttachRolePolicy", "iam:AttachRolePolicy", role, keys},
      {"AttachUserPolicy", "iam:AttachUserPolicy", user, keys},
      {"CreateAccessKey", "iam:CreateAccessKey", user},
      {"CreatePolicy", "iam:CreatePolicy", new_policy, nullptr, tag_policy},
      {"CreatePolicyVersion", "iam:CreatePolicyVersion", policy},
      {"CreateRole", "iam:CreateRole", new_role, keys, tag_role},
      {"CreateUser", "iam:CreateUser", new_user, keys, tag_user},
      {"DeleteAccessKey", "iam:DeleteAccessKey", user},
      {"DeletePolicy", "iam:DeletePolicy", policy},
      {"DeletePolicyVersion", "iam:DeletePolicyVersion", policy},
      {"DeleteRole", "iam:DeleteRole", role},
      {"DeleteRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary", role, keys},
      {"DeleteRolePolicy", "iam:DeleteRolePolicy", role, keys},
      {"DeleteUser", "iam:DeleteUser", user},
      {"DeleteUserPermissionsBoundary", "iam:DeleteUserPermissionsBoundary", user, keys},
      {"DeleteUserPolicy", "iam:DeleteUserPolicy", user, keys},
      {"DetachRolePolicy", "iam:DetachRolePolicy", role, keys},
      {"DetachUserPolicy", "iam:DetachUserPolicy", user, keys},
      {"GetAccountAuthorizationDetails", "iam:GetAccountAuthorizationDetails", any_resource},
      {"GetPolicy", "iam:GetPolicy", policy},
      {"GetPolicyVersion", "iam:GetPolicyVersion", policy},
      {"GetRole", "iam:GetRole", role},
      {"GetRolePolicy", "iam:GetRolePolicy", role},
      {"GetUser", "iam:GetUser", user},
      {"GetUserPolicy", "iam:GetUserPolicy", user},
      {"ListAccessKeys", "iam:ListAccessKeys", user},
      {"ListAttachedRolePolicies", "iam:ListAttachedRolePolicies", role},
      {"ListAttachedUserPolicies", "iam:ListAttachedUserPolicies", user},
      {"ListEntitiesForPolicy", "iam:ListEntitiesForPolicy", policy},
      {"ListInstanceProfilesForRole", "iam:ListInstanceProfilesForRole", role},
      {"ListPolicies", "iam:ListPolicies", policies},
      {"ListPolicyTags", "iam:ListPolicyTags", policy},
      {"ListPolicyVersions", "iam:ListPolicyVersions", policy},
      {"ListRolePolicies", "iam:ListRolePolicies", role},
      {"ListRoleTags", "iam:ListRoleTags", role},
      {"ListRoles", "iam:ListRoles", roles},
      {"ListUserPolicies", "iam:ListUserPolicies", user},
      {"ListUserTags", "iam:ListUserTags", user},
      {"ListUsers", "iam:ListUsers", users},
      {"PutRolePermissionsBoundary", "iam:PutRolePermissionsBoundary", role, keys},
      {"PutRolePolicy", "iam:PutRolePolicy", role, keys},
      {"PutUserPermissionsBoundary", "iam:PutUserPermissionsBoundary", user, keys},
      {"PutUserPolicy", "iam:PutUserPolicy", user, keys},
      {"SetDefaultPolicyVersion", "iam:SetDefaultPolicyVersion", policy},
      {"SimulateCustomPolicy", "iam:SimulateCustomPolicy", any_resource},
      {"SimulatePrincipalPolicy", "iam:SimulatePrincipalPolicy", simulated},
      {"TagPolicy", "iam:TagPolicy", policy},
      {"TagRole", "iam:TagRole", role},
      {"TagUser", "iam:TagUser", user},
      {"UntagPolicy", "iam:UntagPolicy", policy},
      {"UntagRole", "iam:UntagRole", role},
      {"UntagUser", "iam:UntagUser", user},
      {"UpdateAccessKey", "iam:UpdateAccessKey", user},
      {"UpdateAssumeRolePolicy", "iam:UpdateAssumeRolePolicy", role},
      {"UpdateRole", "iam:UpdateRole", role},
      {"UpdateRoleDescription", "iam:UpdateRoleDescription", role},
  };
}

std::vector<Rule> sts_rules() {
  return {
      {"AssumeRole", "sts:AssumeRole", assumed, session_keys, tag_session},
      {"GetAccessKeyInfo", "sts:GetAccessKeyInfo", any_resource},
      // "No permissions are required", say the API references of both.
      {"GetCallerIdentity", ""},
      {"GetSessionToken", ""},
  };
}

}  // namespace dew::authz
