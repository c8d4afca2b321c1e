// AWS::Logs::LogGroup
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html
#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

namespace {

Instance instance(const Session& session, const std::string& name, const json::Object& properties) {
  return {name,
          properties,
          {{"Arn", fmt::format("arn:aws:logs:{}:{}:log-group:{}:*", session.region, session.account,
                               name)}}};
}

ApiResult<void> apply(const Session& session, const std::string& group, const json::Object& before,
                      const json::Object& now) {
  if (differs(before, now, "RetentionInDays")) {
    if (const auto* days = json::find(now, "RetentionInDays")) {
      CHECK_OK(session.call("logs", "PutRetentionPolicy",
                            {{"logGroupName", group}, {"retentionInDays", *days}}));
    } else {
      CHECK_OK(session.call("logs", "DeleteRetentionPolicy", {{"logGroupName", group}}));
    }
  }
  return {};
}

ApiResult<Instance> create(const Session& session, const Desired& desired) {
  json::Object input{{"logGroupName", desired.name}};
  if (auto tags = tag_map(desired.properties); !tags.empty()) input["tags"] = std::move(tags);
  CHECK_OK(session.call("logs", "CreateLogGroup", std::move(input)));
  desired.note(desired.name);
  CHECK_OK(apply(session, desired.name, {}, desired.properties));
  return instance(session, desired.name, desired.properties);
}

ApiResult<Instance> update(const Session& session, const Instance& current,
                           const Desired& desired) {
  CHECK_OK(apply(session, current.id, current.properties, desired.properties));
  if (differs(current.properties, desired.properties, "Tags")) {
    const auto before = tag_map(current.properties);
    auto now = tag_map(desired.properties);
    if (auto gone = keys_gone(before, now); !gone.empty()) {
      CHECK_OK(session.call("logs", "UntagLogGroup",
                            {{"logGroupName", current.id}, {"tags", std::move(gone)}}));
    }
    if (!now.empty())
      CHECK_OK(session.call("logs", "TagLogGroup",
                            {{"logGroupName", current.id}, {"tags", std::move(now)}}));
  }
  return instance(session, current.id, desired.properties);
}

ApiResult<bool> exists(const Session& session, const Desired& desired) {
  TRY(const auto found,
      session.call("logs", "DescribeLogGroups", {{"logGroupNamePrefix", desired.name}}));
  const auto* groups = json::array_at(found, "logGroups");
  return groups != nullptr && std::ranges::any_of(*groups, [&](const json::Value& group) {
           return text(group.as_object(), "logGroupName") == desired.name;
         });
}

}  // namespace

void add_logs_types(std::vector<ResourceType>& types) {
  types.push_back({
      .name = "AWS::Logs::LogGroup",
      .schema =
          "LogGroupName~ string  RetentionInDays int  " DEW_TAGS
          "KmsKeyId unsupported  DataProtectionPolicy unsupported  LogGroupClass unsupported  "
          "FieldIndexPolicies unsupported  ResourcePolicyDocument unsupported",
      .attributes = {"Arn"},
      .naming = Naming{"LogGroupName", 512, false},
      .create = create,
      .update = update,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok("logs", "DeleteLogGroup", {{"logGroupName", it.id}});
          },
      .exists = exists,
  });
}

}  // namespace dew::cloudformation
