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

void group(const Scope& scope, Check& check) {
  const auto name = scope.text("GroupName");
  const auto known = scope.sources.group_arn(name);
  if (known.empty()) {
    iam_arn(scope, "group/", check);
    check.resource += name;
  } else {
    check.resource = known;
  }
  check.shown.append("group ").append(name);
}
void new_group(const Scope& scope, Check& check) {
  at_path(scope, "group", scope.text("GroupName"), check);
}
void groups(const Scope& scope, Check& check) { listed(scope, "group", check); }

// What it is to be called, or where it is to be, needs the same permission. `now`: its ARN.
void renamed(const Scope& scope, Checks& checks, std::string_view kind, std::string_view name,
             std::string_view now) {
  if (scope.text(name).empty() && scope.text("NewPath").empty()) return;
  auto& check = checks.add(kind == "user" ? "iam:UpdateUser" : "iam:UpdateGroup");
  const auto slash = now.find('/');
  const auto last = now.rfind('/');
  iam_arn(scope, kind, check);
  if (const auto path = scope.text("NewPath"); !path.empty()) {
    check.resource += path;
  } else {
    check.resource += slash == now.npos ? "/" : now.substr(slash, last - slash + 1);
  }
  check.resource += scope.text(name).empty() ? now.substr(last + 1) : scope.text(name);
}
void renamed_user(const Scope& scope, Checks& checks) {
  const auto known = scope.sources.user(scope.text("UserName"));
  renamed(scope, checks, "user", "NewUserName", known ? std::string_view(known->arn) : "");
}
void renamed_group(const Scope& scope, Checks& checks) {
  renamed(scope, checks, "group", "NewGroupName", scope.sources.group_arn(scope.text("GroupName")));
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
      {"AddUserToGroup", "iam:AddUserToGroup", group},
      {"AttachGroupPolicy", "iam:AttachGroupPolicy", group, keys},
      {"AttachRolePolicy", "iam:AttachRolePolicy", role, keys},
      {"AttachUserPolicy", "iam:AttachUserPolicy", user, keys},
      {"CreateAccessKey", "iam:CreateAccessKey", user},
      {"CreateGroup", "iam:CreateGroup", new_group},
      {"CreateLoginProfile", "iam:CreateLoginProfile", user},
      {"CreatePolicy", "iam:CreatePolicy", new_policy, nullptr, tag_policy},
      {"CreatePolicyVersion", "iam:CreatePolicyVersion", policy},
      {"CreateRole", "iam:CreateRole", new_role, keys, tag_role},
      {"CreateUser", "iam:CreateUser", new_user, keys, tag_user},
      {"DeleteAccessKey", "iam:DeleteAccessKey", user},
      {"DeleteGroup", "iam:DeleteGroup", group},
      {"DeleteGroupPolicy", "iam:DeleteGroupPolicy", group},
      {"DeleteLoginProfile", "iam:DeleteLoginProfile", user},
      {"DeletePolicy", "iam:DeletePolicy", policy},
      {"DeletePolicyVersion", "iam:DeletePolicyVersion", policy},
      {"DeleteRole", "iam:DeleteRole", role},
      {"DeleteRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary", role, keys},
      {"DeleteRolePolicy", "iam:DeleteRolePolicy", role, keys},
      {"DeleteUser", "iam:DeleteUser", user},
      {"DeleteUserPermissionsBoundary", "iam:DeleteUserPermissionsBoundary", user, keys},
      {"DeleteUserPolicy", "iam:DeleteUserPolicy", user, keys},
      {"DetachGroupPolicy", "iam:DetachGroupPolicy", group, keys},
      {"DetachRolePolicy", "iam:DetachRolePolicy", role, keys},
      {"DetachUserPolicy", "iam:DetachUserPolicy", user, keys},
      {"GetAccountAuthorizationDetails", "iam:GetAccountAuthorizationDetails", any_resource},
      {"GetAccessKeyLastUsed", "iam:GetAccessKeyLastUsed", any_resource},
      {"GetAccountSummary", "iam:GetAccountSummary", any_resource},
      {"GetContextKeysForCustomPolicy", "iam:GetContextKeysForCustomPolicy", any_resource},
      {"GetContextKeysForPrincipalPolicy", "iam:GetContextKeysForPrincipalPolicy", simulated},
      {"GetGroup", "iam:GetGroup", group},
      {"GetGroupPolicy", "iam:GetGroupPolicy", group},
      {"GetLoginProfile", "iam:GetLoginProfile", user},
      {"GetPolicy", "iam:GetPolicy", policy},
      {"GetPolicyVersion", "iam:GetPolicyVersion", policy},
      {"GetRole", "iam:GetRole", role},
      {"GetRolePolicy", "iam:GetRolePolicy", role},
      {"GetUser", "iam:GetUser", user},
      {"GetUserPolicy", "iam:GetUserPolicy", user},
      {"ListAccessKeys", "iam:ListAccessKeys", user},
      {"ListAttachedGroupPolicies", "iam:ListAttachedGroupPolicies", group},
      {"ListAttachedRolePolicies", "iam:ListAttachedRolePolicies", role},
      {"ListAttachedUserPolicies", "iam:ListAttachedUserPolicies", user},
      {"ListEntitiesForPolicy", "iam:ListEntitiesForPolicy", policy},
      {"ListGroupPolicies", "iam:ListGroupPolicies", group},
      {"ListGroups", "iam:ListGroups", groups},
      {"ListGroupsForUser", "iam:ListGroupsForUser", user},
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
      {"PutGroupPolicy", "iam:PutGroupPolicy", group},
      {"PutRolePermissionsBoundary", "iam:PutRolePermissionsBoundary", role, keys},
      {"PutRolePolicy", "iam:PutRolePolicy", role, keys},
      {"PutUserPermissionsBoundary", "iam:PutUserPermissionsBoundary", user, keys},
      {"PutUserPolicy", "iam:PutUserPolicy", user, keys},
      {"RemoveUserFromGroup", "iam:RemoveUserFromGroup", group},
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
      {"UpdateGroup", "iam:UpdateGroup", group, nullptr, renamed_group},
      {"UpdateLoginProfile", "iam:UpdateLoginProfile", user},
      {"UpdateRole", "iam:UpdateRole", role},
      {"UpdateRoleDescription", "iam:UpdateRoleDescription", role},
      {"UpdateUser", "iam:UpdateUser", user, nullptr, renamed_user},
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
