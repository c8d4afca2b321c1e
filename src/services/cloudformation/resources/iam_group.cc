// AWS::IAM::Group, AWS::IAM::UserToGroupAddition
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
#include "services/cloudformation/resources/common.h"
#include "services/cloudformation/resources/iam.h"

namespace dew::cloudformation {

namespace {

ApiResult<Instance> create_group(const Session& session, const Desired& desired) {
  json::Object input{{"GroupName", desired.name}};
  copy(input, desired.properties, {"Path"});
  TRY(const auto made, session.call("iam", "CreateGroup", std::move(input)));
  desired.note(desired.name);
  CHECK_OK(apply_principal(session, PrincipalKind::kGroup, desired.name, {}, desired.properties));
  return Instance{desired.name, desired.properties, {{"Arn", made.at("Group").at("Arn")}}};
}

ApiResult<Instance> update_group(const Session& session, const Instance& current,
                                 const Desired& desired) {
  auto out = Instance{current.id, desired.properties, current.attributes};
  if (differs(current.properties, desired.properties, "Path")) {
    CHECK_OK(session.call("iam", "UpdateGroup",
                          {{"GroupName", current.id},
                           {"NewPath", json::string_or(desired.properties, "Path", "/")}}));
    TRY(const auto moved, session.call("iam", "GetGroup", {{"GroupName", current.id}}));
    out.attributes["Arn"] = moved.at("Group").at("Arn");
  }
  CHECK_OK(apply_principal(session, PrincipalKind::kGroup, current.id, current.properties,
                           desired.properties));
  return out;
}

ApiResult<void> remove_group(const Session& session, const Instance& it) {
  CHECK_OK(strip_principal(session, PrincipalKind::kGroup, it));
  return session.call_gone_ok("iam", "DeleteGroup", {{"GroupName", it.id}});
}

// Who is in which group, as a set of (group, user).
using Memberships = std::set<std::pair<std::string, std::string>>;

Memberships memberships(const json::Object& properties) {
  Memberships out;
  for (const auto& user : strings(properties, "Users"))
    out.emplace(text(properties, "GroupName"), user);
  return out;
}

ApiResult<void> apply_memberships(const Session& session, const Memberships& before,
                                  const Memberships& now) {
  for (const auto& one : now) {
    if (before.contains(one)) continue;
    CHECK_OK(session.call("iam", "AddUserToGroup",
                          {{"GroupName", one.first}, {"UserName", one.second}}));
  }
  for (const auto& one : before) {
    if (now.contains(one)) continue;
    CHECK_OK(session.call_gone_ok("iam", "RemoveUserFromGroup",
                                  {{"GroupName", one.first}, {"UserName", one.second}}));
  }
  return {};
}

}  // namespace

void add_iam_group_types(std::vector<ResourceType>& types) {
  types.push_back({
      .name = "AWS::IAM::Group",
      .schema = "GroupName~ string  Path string  ManagedPolicyArns [ string ]  "
                "Policies [ { PolicyName! string PolicyDocument! json } ]",
      .attributes = {"Arn"},
      .naming = Naming{"GroupName", 128, false},
      .capability = "CAPABILITY_IAM",
      .create = create_group,
      .update = update_group,
      .remove = remove_group,
      .exists =
          [](const Session& session, const Desired& desired) {
            return session.exists("iam", "GetGroup", {{"GroupName", desired.name}});
          },
  });
  types.push_back({
      .name = "AWS::IAM::UserToGroupAddition",
      .schema = "GroupName! string  Users! [ string ]",
      .attributes = {"Id"},
      .naming = Naming{"", 128, false},
      .capability = "CAPABILITY_IAM",
      .create = [](const Session& session, const Desired& desired) -> ApiResult<Instance> {
        CHECK_OK(apply_memberships(session, {}, memberships(desired.properties)));
        return Instance{desired.name, desired.properties, {{"Id", desired.name}}};
      },
      .update = [](const Session& session, const Instance& current,
                   const Desired& desired) -> ApiResult<Instance> {
        CHECK_OK(apply_memberships(session, memberships(current.properties),
                                   memberships(desired.properties)));
        return Instance{current.id, desired.properties, current.attributes};
      },
      .remove =
          [](const Session& session, const Instance& it) {
            return apply_memberships(session, memberships(it.properties), {});
          },
  });
}

}  // namespace dew::cloudformation
