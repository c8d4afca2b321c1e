// AWS::IAM::Role, AWS::IAM::Policy, AWS::IAM::ManagedPolicy
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
#include "services/cloudformation/resources/iam.h"

#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

namespace {

json::Object inline_policies(const json::Object& properties) {
  json::Object out;
  if (const auto* list = json::array_at(properties, "Policies")) {
    for (const auto& policy : *list) {
      out[text(policy.as_object(), "PolicyName")] = json::dump(policy.at("PolicyDocument"));
    }
  }
  return out;
}

// An operation on a principal: call("Put", "Policy", …) is PutRolePolicy or PutUserPolicy.
struct Principal {
  const Session& session;
  PrincipalKind kind;
  const std::string& name;

  std::string operation(std::string_view verb, std::string_view what) const {
    return fmt::format("{}{}{}", verb, kind == PrincipalKind::kRole ? "Role" : "User", what);
  }
  json::Object input(json::Object more) const {
    more[kind == PrincipalKind::kRole ? "RoleName" : "UserName"] = name;
    return more;
  }
  ApiResult<void> call(std::string_view verb, std::string_view what, json::Object more) const {
    CHECK_OK(session.call("iam", operation(verb, what), input(std::move(more))));
    return {};
  }
  ApiResult<void> call_gone_ok(std::string_view verb, std::string_view what,
                               json::Object more) const {
    return session.call_gone_ok("iam", operation(verb, what), input(std::move(more)));
  }
};

ApiResult<void> apply_policies(const Principal& principal, const json::Object& before,
                               const json::Object& now) {
  const auto policies_before = inline_policies(before);
  const auto policies_now = inline_policies(now);
  for (const auto& [name, document] : policies_now) {
    const auto* old = json::find(policies_before, name);
    if (old != nullptr && *old == document) continue;
    CHECK_OK(principal.call("Put", "Policy", {{"PolicyName", name}, {"PolicyDocument", document}}));
  }
  for (const auto& name : keys_gone(policies_before, policies_now))
    CHECK_OK(principal.call_gone_ok("Delete", "Policy", {{"PolicyName", name}}));
  const auto attached_before = strings(before, "ManagedPolicyArns");
  const auto attached_now = strings(now, "ManagedPolicyArns");
  for (const auto& arn : attached_now) {
    if (!attached_before.contains(arn))
      CHECK_OK(principal.call("Attach", "Policy", {{"PolicyArn", arn}}));
  }
  for (const auto& arn : attached_before) {
    if (!attached_now.contains(arn))
      CHECK_OK(principal.call_gone_ok("Detach", "Policy", {{"PolicyArn", arn}}));
  }
  return {};
}

}  // namespace

ApiResult<void> apply_principal(const Session& session, PrincipalKind kind, const std::string& name,
                                const json::Object& before, const json::Object& now) {
  const Principal principal{session, kind, name};
  CHECK_OK(apply_policies(principal, before, now));
  if (differs(before, now, "PermissionsBoundary")) {
    if (const auto* boundary = json::find(now, "PermissionsBoundary")) {
      CHECK_OK(principal.call("Put", "PermissionsBoundary", {{"PermissionsBoundary", *boundary}}));
    } else {
      CHECK_OK(principal.call_gone_ok("Delete", "PermissionsBoundary", {}));
    }
  }
  if (differs(before, now, "Tags")) {
    if (auto gone = keys_gone(tag_map(before), tag_map(now)); !gone.empty())
      CHECK_OK(principal.call("Untag", "", {{"TagKeys", std::move(gone)}}));
    if (const auto* tags = json::find(now, "Tags"))
      CHECK_OK(principal.call("Tag", "", {{"Tags", *tags}}));
  }
  return {};
}

ApiResult<void> strip_principal(const Session& session, PrincipalKind kind, const Instance& it) {
  const Principal principal{session, kind, it.id};
  for (const auto& [name, document] : inline_policies(it.properties))
    CHECK_OK(principal.call_gone_ok("Delete", "Policy", {{"PolicyName", name}}));
  for (const auto& arn : strings(it.properties, "ManagedPolicyArns"))
    CHECK_OK(principal.call_gone_ok("Detach", "Policy", {{"PolicyArn", arn}}));
  return {};
}

namespace {

// What a creation has set itself, so that it is not set again.
json::Object set_by_creation(const json::Object& properties) {
  json::Object out;
  copy(out, properties, {"PermissionsBoundary", "Tags"});
  return out;
}

ApiResult<Instance> create_role(const Session& session, const Desired& desired) {
  const auto& properties = desired.properties;
  json::Object input{
      {"RoleName", desired.name},
      {"AssumeRolePolicyDocument", json::dump(properties.at("AssumeRolePolicyDocument"))}};
  copy(input, properties,
       {"Path", "Description", "MaxSessionDuration", "PermissionsBoundary", "Tags"});
  TRY(const auto made, session.call("iam", "CreateRole", std::move(input)));
  desired.note(desired.name);
  CHECK_OK(apply_principal(session, PrincipalKind::kRole, desired.name, set_by_creation(properties),
                           properties));
  const auto& role = made.at("Role").as_object();
  return Instance{
      desired.name, properties, {{"Arn", role.at("Arn")}, {"RoleId", role.at("RoleId")}}};
}

ApiResult<Instance> update_role(const Session& session, const Instance& current,
                                const Desired& desired) {
  const auto& before = current.properties;
  const auto& now = desired.properties;
  const auto& role = current.id;
  if (differs(before, now, "AssumeRolePolicyDocument")) {
    CHECK_OK(session.call(
        "iam", "UpdateAssumeRolePolicy",
        {{"RoleName", role}, {"PolicyDocument", json::dump(now.at("AssumeRolePolicyDocument"))}}));
  }
  if (differs(before, now, {"Description", "MaxSessionDuration"})) {
    CHECK_OK(session.call(
        "iam", "UpdateRole",
        {{"RoleName", role},
         {"Description", text(now, "Description")},
         {"MaxSessionDuration", json::int_at(now, "MaxSessionDuration").value_or(3600)}}));
  }
  CHECK_OK(apply_principal(session, PrincipalKind::kRole, role, before, now));
  return Instance{role, now, current.attributes};
}

// All that hangs on the role goes, also what others attached: AWS would refuse, and so does
// DeleteRole here when something was added behind the stack's back; only the stack's own is taken
// off.
ApiResult<void> remove_role(const Session& session, const Instance& it) {
  CHECK_OK(strip_principal(session, PrincipalKind::kRole, it));
  return session.call_gone_ok("iam", "DeleteRole", {{"RoleName", it.id}});
}

// The users and roles that an inline policy is put on, or a managed one attached to.
struct Targets {
  std::set<std::string> roles;
  std::set<std::string> users;
};
Targets targets(const json::Object& properties) {
  return {strings(properties, "Roles"), strings(properties, "Users")};
}

ApiResult<void> put_inline(const Session& session, const json::Object& properties) {
  const auto name = text(properties, "PolicyName");
  const auto document = json::dump(properties.at("PolicyDocument"));
  const auto [roles, users] = targets(properties);
  if (roles.empty() && users.empty()) {
    return invalid("At least one of [Groups,Roles,Users] must be non-empty.");
  }
  for (const auto& role : roles) {
    CHECK_OK(
        session.call("iam", "PutRolePolicy",
                     {{"RoleName", role}, {"PolicyName", name}, {"PolicyDocument", document}}));
  }
  for (const auto& user : users) {
    CHECK_OK(
        session.call("iam", "PutUserPolicy",
                     {{"UserName", user}, {"PolicyName", name}, {"PolicyDocument", document}}));
  }
  return {};
}

ApiResult<void> delete_inline(const Session& session, const json::Object& properties,
                              const Targets& keep) {
  const auto name = text(properties, "PolicyName");
  const auto [roles, users] = targets(properties);
  for (const auto& role : roles) {
    if (!keep.roles.contains(role))
      CHECK_OK(session.call_gone_ok("iam", "DeleteRolePolicy",
                                    {{"RoleName", role}, {"PolicyName", name}}));
  }
  for (const auto& user : users) {
    if (!keep.users.contains(user))
      CHECK_OK(session.call_gone_ok("iam", "DeleteUserPolicy",
                                    {{"UserName", user}, {"PolicyName", name}}));
  }
  return {};
}

ApiResult<void> attach(const Session& session, const std::string& arn, const json::Object& before,
                       const json::Object& now) {
  const auto old = targets(before);
  const auto wanted = targets(now);
  for (const auto& role : wanted.roles) {
    if (!old.roles.contains(role))
      CHECK_OK(session.call("iam", "AttachRolePolicy", {{"RoleName", role}, {"PolicyArn", arn}}));
  }
  for (const auto& user : wanted.users) {
    if (!old.users.contains(user))
      CHECK_OK(session.call("iam", "AttachUserPolicy", {{"UserName", user}, {"PolicyArn", arn}}));
  }
  for (const auto& role : old.roles) {
    if (!wanted.roles.contains(role))
      CHECK_OK(session.call_gone_ok("iam", "DetachRolePolicy",
                                    {{"RoleName", role}, {"PolicyArn", arn}}));
  }
  for (const auto& user : old.users) {
    if (!wanted.users.contains(user))
      CHECK_OK(session.call_gone_ok("iam", "DetachUserPolicy",
                                    {{"UserName", user}, {"PolicyArn", arn}}));
  }
  return {};
}

std::string managed_arn(const Session& session, const Desired& desired) {
  return fmt::format("arn:aws:iam::{}:policy{}{}", session.account,
                     json::string_or(desired.properties, "Path", "/"), desired.name);
}

ApiResult<Instance> create_managed(const Session& session, const Desired& desired) {
  json::Object input{{"PolicyName", desired.name},
                     {"PolicyDocument", json::dump(desired.properties.at("PolicyDocument"))}};
  copy(input, desired.properties, {"Path", "Description"});
  TRY(const auto made, session.call("iam", "CreatePolicy", std::move(input)));
  const auto arn = text(made.at("Policy").as_object(), "Arn");
  desired.note(arn);
  CHECK_OK(attach(session, arn, {}, desired.properties));
  return Instance{arn,
                  desired.properties,
                  {{"PolicyArn", arn}, {"PolicyId", made.at("Policy").at("PolicyId")}}};
}

// Deletes the versions that are not the default, all of them or only the oldest.
ApiResult<void> drop_versions(const Session& session, const std::string& arn, size_t keep) {
  auto listed = session.call("iam", "ListPolicyVersions", {{"PolicyArn", arn}});
  if (!listed) {
    if (says_not_found(listed.error())) return {};
    return std::unexpected(std::move(listed).error());
  }
  const auto* versions = json::array_at(*listed, "Versions");
  if (versions == nullptr) return {};
  size_t left = versions->size();
  for (auto it = versions->rbegin(); it != versions->rend() && left > keep; ++it) {  // oldest first
    const auto& version = it->as_object();
    if (json::bool_at(version, "IsDefaultVersion").value_or(false)) continue;
    CHECK_OK(session.call_gone_ok("iam", "DeletePolicyVersion",
                                  {{"PolicyArn", arn}, {"VersionId", text(version, "VersionId")}}));
    --left;
  }
  return {};
}

ApiResult<Instance> update_managed(const Session& session, const Instance& current,
                                   const Desired& desired) {
  if (differs(current.properties, desired.properties, "PolicyDocument")) {
    CHECK_OK(drop_versions(session, current.id, 4));
    CHECK_OK(session.call("iam", "CreatePolicyVersion",
                          {{"PolicyArn", current.id},
                           {"PolicyDocument", json::dump(desired.properties.at("PolicyDocument"))},
                           {"SetAsDefault", true}}));
  }
  CHECK_OK(attach(session, current.id, current.properties, desired.properties));
  return Instance{current.id, desired.properties, current.attributes};
}

ApiResult<void> remove_managed(const Session& session, const Instance& it) {
  // An interrupted creation is known by its name only.
  const auto arn =
      it.id.starts_with("arn:")
          ? it.id
          : managed_arn(session, {.logical_id = "", .name = it.id, .properties = it.properties});
  CHECK_OK(attach(session, arn, it.properties, {}));
  CHECK_OK(drop_versions(session, arn, 1));
  return session.call_gone_ok("iam", "DeletePolicy", {{"PolicyArn", arn}});
}

}  // namespace

void add_iam_types(std::vector<ResourceType>& types) {
  types.push_back({
      .name = "AWS::IAM::Role",
      .schema =
          "RoleName~ string  Path~ string  AssumeRolePolicyDocument! json  Description string  "
          "ManagedPolicyArns [ string ]  MaxSessionDuration int  PermissionsBoundary string  "
          "Policies [ { PolicyName! string PolicyDocument! json } ]  " DEW_TAGS,
      .attributes = {"Arn", "RoleId"},
      .naming = Naming{"RoleName", 64, false},
      .capability = "CAPABILITY_IAM",
      .create = create_role,
      .update = update_role,
      .remove = remove_role,
      .exists =
          [](const Session& session, const Desired& desired) {
            return session.exists("iam", "GetRole", {{"RoleName", desired.name}});
          },
  });
  types.push_back({
      .name = "AWS::IAM::Policy",
      .schema = "PolicyName! string  PolicyDocument! json  Roles [ string ]  Users [ string ]  "
                "Groups unsupported",
      .attributes = {"Id"},
      .naming = Naming{"", 128, false},
      .capability = "CAPABILITY_IAM",
      .create = [](const Session& session, const Desired& desired) -> ApiResult<Instance> {
        CHECK_OK(put_inline(session, desired.properties));
        return Instance{desired.name, desired.properties, {{"Id", desired.name}}};
      },
      .update = [](const Session& session, const Instance& current,
                   const Desired& desired) -> ApiResult<Instance> {
        CHECK_OK(put_inline(session, desired.properties));
        // Under another name, the old one goes from everybody.
        const bool renamed = differs(current.properties, desired.properties, "PolicyName");
        CHECK_OK(delete_inline(session, current.properties,
                               renamed ? Targets{} : targets(desired.properties)));
        return Instance{current.id, desired.properties, current.attributes};
      },
      .remove = [](const Session& session,
                   const Instance& it) { return delete_inline(session, it.properties, {}); },
  });
  types.push_back({
      .name = "AWS::IAM::ManagedPolicy",
      .schema =
          "ManagedPolicyName~ string  Path~ string  Description~ string  PolicyDocument! json  "
          "Roles [ string ]  Users [ string ]  Groups unsupported",
      .attributes = {"PolicyArn", "PolicyId"},
      .naming = Naming{"ManagedPolicyName", 128, false},
      .capability = "CAPABILITY_IAM",
      .create = create_managed,
      .update = update_managed,
      .remove = remove_managed,
      .exists =
          [](const Session& session, const Desired& desired) {
            return session.exists("iam", "GetPolicy",
                                  {{"PolicyArn", managed_arn(session, desired)}});
          },
  });
  add_iam_user_types(types);
}

}  // namespace dew::cloudformation
