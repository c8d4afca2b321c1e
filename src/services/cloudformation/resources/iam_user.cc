// AWS::IAM::User, AWS::IAM::AccessKey
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
#include "services/cloudformation/resources/common.h"
#include "services/cloudformation/resources/iam.h"

namespace dew::cloudformation {

namespace {

ApiResult<void> apply_groups(const Session& session, const std::string& user,
                             const json::Object& before, const json::Object& now) {
  const auto old = strings(before, "Groups");
  const auto wanted = strings(now, "Groups");
  for (const auto& group : wanted) {
    if (!old.contains(group)) {
      CHECK_OK(session.call("iam", "AddUserToGroup", {{"GroupName", group}, {"UserName", user}}));
    }
  }
  for (const auto& group : old) {
    if (!wanted.contains(group)) {
      CHECK_OK(session.call_gone_ok("iam", "RemoveUserFromGroup",
                                    {{"GroupName", group}, {"UserName", user}}));
    }
  }
  return {};
}

ApiResult<void> apply_login(const Session& session, const std::string& user,
                            const json::Object& before, const json::Object& now) {
  if (!differs(before, now, "LoginProfile")) return {};
  const auto* profile = json::object_at(now, "LoginProfile");
  if (profile == nullptr)
    return session.call_gone_ok("iam", "DeleteLoginProfile", {{"UserName", user}});
  json::Object input{{"UserName", user}, {"PasswordResetRequired", false}};
  copy(input, *profile, {"Password", "PasswordResetRequired"});
  const bool there = before.contains("LoginProfile");
  CHECK_OK(
      session.call("iam", there ? "UpdateLoginProfile" : "CreateLoginProfile", std::move(input)));
  return {};
}

ApiResult<Instance> create_user(const Session& session, const Desired& desired) {
  const auto& properties = desired.properties;
  json::Object input{{"UserName", desired.name}};
  copy(input, properties, {"Path", "PermissionsBoundary", "Tags"});
  TRY(const auto made, session.call("iam", "CreateUser", std::move(input)));
  desired.note(desired.name);
  json::Object done;
  copy(done, properties, {"PermissionsBoundary", "Tags"});
  CHECK_OK(apply_principal(session, PrincipalKind::kUser, desired.name, done, properties));
  CHECK_OK(apply_groups(session, desired.name, {}, properties));
  CHECK_OK(apply_login(session, desired.name, {}, properties));
  return Instance{desired.name, properties, {{"Arn", made.at("User").at("Arn")}}};
}

ApiResult<Instance> update_user(const Session& session, const Instance& current,
                                const Desired& desired) {
  auto out = Instance{current.id, desired.properties, current.attributes};
  if (differs(current.properties, desired.properties, "Path")) {
    CHECK_OK(session.call(
        "iam", "UpdateUser",
        {{"UserName", current.id}, {"NewPath", json::string_or(desired.properties, "Path", "/")}}));
    TRY(const auto moved, session.call("iam", "GetUser", {{"UserName", current.id}}));
    out.attributes["Arn"] = moved.at("User").at("Arn");
  }
  CHECK_OK(apply_principal(session, PrincipalKind::kUser, current.id, current.properties,
                           desired.properties));
  CHECK_OK(apply_groups(session, current.id, current.properties, desired.properties));
  CHECK_OK(apply_login(session, current.id, current.properties, desired.properties));
  return out;
}

ApiResult<void> remove_user(const Session& session, const Instance& it) {
  CHECK_OK(apply_groups(session, it.id, it.properties, {}));
  CHECK_OK(apply_login(session, it.id, it.properties, {}));
  CHECK_OK(strip_principal(session, PrincipalKind::kUser, it));
  return session.call_gone_ok("iam", "DeleteUser", {{"UserName", it.id}});
}

ApiResult<void> set_status(const Session& session, const std::string& id,
                           const json::Object& properties) {
  CHECK_OK(session.call("iam", "UpdateAccessKey",
                        {{"UserName", text(properties, "UserName")},
                         {"AccessKeyId", id},
                         {"Status", json::string_or(properties, "Status", "Active")}}));
  return {};
}

// The secret is an attribute and nothing else: no event, no log line and no error has it.
ApiResult<Instance> create_key(const Session& session, const Desired& desired) {
  const auto& properties = desired.properties;
  TRY(const auto made,
      session.call("iam", "CreateAccessKey", {{"UserName", text(properties, "UserName")}}));
  const auto& key = made.at("AccessKey").as_object();
  const auto id = text(key, "AccessKeyId");
  desired.note(id);
  if (properties.contains("Status")) CHECK_OK(set_status(session, id, properties));
  return Instance{id, properties, {{"SecretAccessKey", text(key, "SecretAccessKey")}, {"Id", id}}};
}

ApiResult<Instance> update_key(const Session& session, const Instance& current,
                               const Desired& desired) {
  CHECK_OK(set_status(session, current.id, desired.properties));
  return Instance{current.id, desired.properties, current.attributes};
}

ApiResult<std::vector<std::string>> list_keys(const Session& session, const Desired& desired) {
  std::vector<std::string> out;
  TRY(const auto found,
      session.call("iam", "ListAccessKeys", {{"UserName", text(desired.properties, "UserName")}}));
  if (const auto* keys = json::array_at(found, "AccessKeyMetadata")) {
    for (const auto& key : *keys) out.push_back(text(key.as_object(), "AccessKeyId"));
  }
  return out;
}

}  // namespace

void add_iam_user_types(std::vector<ResourceType>& types) {
  types.push_back({
      .name = "AWS::IAM::User",
      .schema = "UserName~ string  Path string  ManagedPolicyArns [ string ]  PermissionsBoundary "
                "string  Policies [ { PolicyName! string PolicyDocument! json } ]  " DEW_TAGS
                "Groups [ string ]  LoginProfile { Password! string PasswordResetRequired bool }",
      .attributes = {"Arn"},
      .naming = Naming{"UserName", 64, false},
      .capability = "CAPABILITY_IAM",
      .create = create_user,
      .update = update_user,
      .remove = remove_user,
      .exists =
          [](const Session& session, const Desired& desired) {
            return session.exists("iam", "GetUser", {{"UserName", desired.name}});
          },
  });
  types.push_back({
      .name = "AWS::IAM::AccessKey",
      .schema = "UserName!~ string  Status string  Serial~ int",
      .attributes = {"SecretAccessKey", "Id"},
      .capability = "CAPABILITY_IAM",
      .create = create_key,
      .update = update_key,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok(
                "iam", "DeleteAccessKey",
                {{"UserName", text(it.properties, "UserName")}, {"AccessKeyId", it.id}});
          },
      .list = list_keys,
  });
}

}  // namespace dew::cloudformation
