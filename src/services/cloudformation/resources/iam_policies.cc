// AWS::IAM::Policy, AWS::IAM::ManagedPolicy, AWS::IAM::RolePolicy, AWS::IAM::UserPolicy,
// AWS::IAM::GroupPolicy
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
#include "aws/timestamp.h"
#include "services/cloudformation/resources/common.h"
#include "services/cloudformation/resources/iam.h"

namespace dew::cloudformation {

namespace {

// Whom an inline policy is put on, or a managed one attached to.
using Targets = std::set<std::pair<PrincipalKind, std::string>>;

Targets targets(const json::Object& properties) {
  Targets out;
  for (const auto& [kind, property] :
       {std::pair{PrincipalKind::kRole, "Roles"}, std::pair{PrincipalKind::kUser, "Users"},
        std::pair{PrincipalKind::kGroup, "Groups"}}) {
    for (const auto& name : strings(properties, property)) out.emplace(kind, name);
  }
  return out;
}

ApiResult<void> put_inline(const Session& session, const json::Object& properties) {
  const auto wanted = targets(properties);
  if (wanted.empty()) return invalid("At least one of [Groups,Roles,Users] must be non-empty.");
  const auto document = json::dump(properties.at("PolicyDocument"));
  for (const auto& [kind, name] : wanted) {
    CHECK_OK(session.call("iam", operation(kind, "Put", "Policy"),
                          {{name_member(kind), name},
                           {"PolicyName", text(properties, "PolicyName")},
                           {"PolicyDocument", document}}));
  }
  return {};
}

ApiResult<void> delete_inline(const Session& session, const json::Object& properties,
                              const Targets& keep) {
  for (const auto& target : targets(properties)) {
    if (keep.contains(target)) continue;
    const auto& [kind, name] = target;
    CHECK_OK(session.call_gone_ok(
        "iam", operation(kind, "Delete", "Policy"),
        {{name_member(kind), name}, {"PolicyName", text(properties, "PolicyName")}}));
  }
  return {};
}

ApiResult<Instance> create_policy(const Session& session, const Desired& desired) {
  CHECK_OK(put_inline(session, desired.properties));
  return Instance{desired.name, desired.properties, {{"Id", desired.name}}};
}

ApiResult<Instance> update_policy(const Session& session, const Instance& current,
                                  const Desired& desired) {
  CHECK_OK(put_inline(session, desired.properties));
  // Under another name, the old one goes from everybody.
  const bool renamed = differs(current.properties, desired.properties, "PolicyName");
  CHECK_OK(delete_inline(session, current.properties,
                         renamed ? Targets{} : targets(desired.properties)));
  return Instance{current.id, desired.properties, current.attributes};
}

ApiResult<void> attach(const Session& session, const std::string& arn, const json::Object& before,
                       const json::Object& now) {
  const auto old = targets(before);
  const auto wanted = targets(now);
  for (const auto& target : wanted) {
    if (old.contains(target)) continue;
    const auto& [kind, name] = target;
    CHECK_OK(session.call("iam", operation(kind, "Attach", "Policy"),
                          {{name_member(kind), name}, {"PolicyArn", arn}}));
  }
  for (const auto& target : old) {
    if (wanted.contains(target)) continue;
    const auto& [kind, name] = target;
    CHECK_OK(session.call_gone_ok("iam", operation(kind, "Detach", "Policy"),
                                  {{name_member(kind), name}, {"PolicyArn", arn}}));
  }
  return {};
}

std::string managed_arn(const Session& session, const Desired& desired) {
  return fmt::format("arn:aws:iam::{}:policy{}{}", session.account,
                     json::string_or(desired.properties, "Path", "/"), desired.name);
}

// As it is once it is attached and has its version.
ApiResult<Instance> managed_instance(const Session& session, const std::string& arn,
                                     const json::Object& properties) {
  TRY(const auto found, session.call("iam", "GetPolicy", {{"PolicyArn", arn}}));
  const auto& policy = found.at("Policy").as_object();
  Instance out{arn, properties, {{"PolicyArn", arn}}};
  copy(out.attributes, policy,
       {"PolicyId", "AttachmentCount", "DefaultVersionId", "IsAttachable",
        "PermissionsBoundaryUsageCount"});
  for (const auto* date : {"CreateDate", "UpdateDate"})
    out.attributes[date] = aws::format_iso8601(json::number_at(policy, date).value_or(0));
  return out;
}

ApiResult<Instance> create_managed(const Session& session, const Desired& desired) {
  json::Object input{{"PolicyName", desired.name},
                     {"PolicyDocument", json::dump(desired.properties.at("PolicyDocument"))}};
  copy(input, desired.properties, {"Path", "Description"});
  TRY(const auto made, session.call("iam", "CreatePolicy", std::move(input)));
  const auto arn = text(made.at("Policy").as_object(), "Arn");
  desired.note(arn);
  CHECK_OK(attach(session, arn, {}, desired.properties));
  return managed_instance(session, arn, desired.properties);
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
  return managed_instance(session, current.id, desired.properties);
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

// One inline policy of one principal, whose Ref is "POLICY|PRINCIPAL".
json::Object embedded_key(PrincipalKind kind, const json::Object& properties) {
  json::Object out;
  copy(out, properties, {"PolicyName"});
  out[name_member(kind)] = text(properties, name_member(kind));
  return out;
}

std::string embedded_id(PrincipalKind kind, const json::Object& properties) {
  return fmt::format("{}|{}", text(properties, "PolicyName"), text(properties, name_member(kind)));
}

ApiResult<Instance> put_embedded(const Session& session, PrincipalKind kind,
                                 const json::Object& properties) {
  auto input = embedded_key(kind, properties);
  const auto* document = json::find(properties, "PolicyDocument");
  if (document == nullptr) return invalid("PolicyDocument must be specified");
  input["PolicyDocument"] = json::dump(*document);
  CHECK_OK(session.call("iam", operation(kind, "Put", "Policy"), std::move(input)));
  return Instance{embedded_id(kind, properties), properties, {}};
}

ResourceType embedded_type(PrincipalKind kind, std::string_view name, std::string_view schema) {
  return {
      .name = name,
      .schema = schema,
      .capability = "CAPABILITY_IAM",
      .create = [kind](const Session& session, const Desired& desired) -> ApiResult<Instance> {
        TRY(const bool there, session.exists("iam", operation(kind, "Get", "Policy"),
                                             embedded_key(kind, desired.properties)));
        const auto id = embedded_id(kind, desired.properties);
        if (there) {
          return aws::fail("AlreadyExists", fmt::format("{} already exists", id));
        }
        return put_embedded(session, kind, desired.properties);
      },
      .update = [kind](const Session& session, const Instance&, const Desired& desired)
          -> ApiResult<Instance> { return put_embedded(session, kind, desired.properties); },
      .remove = [kind](const Session& session, const Instance& it) -> ApiResult<void> {
        return session.call_gone_ok("iam", operation(kind, "Delete", "Policy"),
                                    embedded_key(kind, it.properties));
      },
      .list = [kind](const Session& session,
                     const Desired& desired) -> ApiResult<std::vector<std::string>> {
        TRY(const bool there, session.exists("iam", operation(kind, "Get", "Policy"),
                                             embedded_key(kind, desired.properties)));
        return there ? std::vector{embedded_id(kind, desired.properties)}
                     : std::vector<std::string>{};
      },
  };
}

}  // namespace

void add_iam_policy_types(std::vector<ResourceType>& types) {
  types.push_back({
      .name = "AWS::IAM::Policy",
      .schema = "PolicyName! string  PolicyDocument! json  Roles [ string ]  Users [ string ]  "
                "Groups [ string ]",
      .attributes = {"Id"},
      .naming = Naming{"", 128, false},
      .capability = "CAPABILITY_IAM",
      .create = create_policy,
      .update = update_policy,
      .remove = [](const Session& session,
                   const Instance& it) { return delete_inline(session, it.properties, {}); },
  });
  types.push_back({
      .name = "AWS::IAM::ManagedPolicy",
      .schema =
          "ManagedPolicyName~ string  Path~ string  Description~ string  PolicyDocument! json  "
          "Roles [ string ]  Users [ string ]  Groups [ string ]",
      .attributes = {"PolicyArn", "PolicyId", "AttachmentCount", "CreateDate", "DefaultVersionId",
                     "IsAttachable", "PermissionsBoundaryUsageCount", "UpdateDate"},
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
  types.push_back(embedded_type(PrincipalKind::kRole, "AWS::IAM::RolePolicy",
                                "PolicyName!~ string  RoleName!~ string  PolicyDocument json"));
  types.push_back(embedded_type(PrincipalKind::kUser, "AWS::IAM::UserPolicy",
                                "PolicyName!~ string  UserName!~ string  PolicyDocument json"));
  types.push_back(embedded_type(PrincipalKind::kGroup, "AWS::IAM::GroupPolicy",
                                "PolicyName!~ string  GroupName!~ string  PolicyDocument json"));
}

}  // namespace dew::cloudformation
