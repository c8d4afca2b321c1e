// AWS::IAM::Role, and what principals share
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

// An operation on a principal: call("Put", "Policy", …) is PutRolePolicy, PutUserPolicy or
// PutGroupPolicy.
struct Principal {
  const Session& session;
  PrincipalKind kind;
  const std::string& name;

  json::Object input(json::Object more) const {
    more[name_member(kind)] = name;
    return more;
  }
  ApiResult<void> call(std::string_view verb, std::string_view what, json::Object more) const {
    CHECK_OK(session.call("iam", operation(kind, verb, what), input(std::move(more))));
    return {};
  }
  ApiResult<void> call_gone_ok(std::string_view verb, std::string_view what,
                               json::Object more) const {
    return session.call_gone_ok("iam", operation(kind, verb, what), input(std::move(more)));
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
  add_iam_user_types(types);
  add_iam_group_types(types);
  add_iam_policy_types(types);
}

}  // namespace dew::cloudformation
