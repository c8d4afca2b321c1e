// AWS::SSM::Parameter
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-parameter.html
#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

namespace {

// This type writes its tags as a map.
json::Array tag_list(const json::Object& properties) {
  json::Array out;
  if (const auto* tags = json::object_at(properties, "Tags")) {
    for (const auto& [key, value] : *tags)
      out.emplace_back(json::Object{{"Key", key}, {"Value", value}});
  }
  return out;
}

ApiResult<void> check(const json::Object& properties) {
  const auto type = text(properties, "Type");
  if (type != "String" && type != "StringList") {
    return invalid(
        fmt::format("Parameters of type {} are not supported by AWS CloudFormation", type));
  }
  return {};
}

json::Object input_of(const std::string& name, const json::Object& properties) {
  json::Object input{{"Name", name}};
  copy(input, properties,
       {"Type", "Value", "Description", "AllowedPattern", "Tier", "DataType", "Policies"});
  return input;
}

Instance instance(const std::string& name, const json::Object& properties) {
  return {name, properties, {{"Type", properties.at("Type")}, {"Value", properties.at("Value")}}};
}

ApiResult<Instance> create(const Session& session, const Desired& desired) {
  CHECK_OK(check(desired.properties));
  auto input = input_of(desired.name, desired.properties);
  if (auto tags = tag_list(desired.properties); !tags.empty()) input["Tags"] = std::move(tags);
  CHECK_OK(session.call("ssm", "PutParameter", std::move(input)));
  return instance(desired.name, desired.properties);
}

ApiResult<Instance> update(const Session& session, const Instance& current,
                           const Desired& desired) {
  CHECK_OK(check(desired.properties));
  const auto& before = current.properties;
  const auto& now = desired.properties;
  if (differs(before, now,
              {"Type", "Value", "Description", "AllowedPattern", "Tier", "DataType", "Policies"})) {
    auto input = input_of(current.id, now);
    input["Overwrite"] = true;
    CHECK_OK(session.call("ssm", "PutParameter", std::move(input)));
  }
  if (differs(before, now, "Tags")) {
    const json::Object none;
    const auto* old = json::object_at(before, "Tags");
    const auto* wanted = json::object_at(now, "Tags");
    const json::Object key{{"ResourceType", "Parameter"}, {"ResourceId", current.id}};
    if (auto gone = keys_gone(old == nullptr ? none : *old, wanted == nullptr ? none : *wanted);
        !gone.empty()) {
      auto input = key;
      input["TagKeys"] = std::move(gone);
      CHECK_OK(session.call("ssm", "RemoveTagsFromResource", std::move(input)));
    }
    if (auto tags = tag_list(now); !tags.empty()) {
      auto input = key;
      input["Tags"] = std::move(tags);
      CHECK_OK(session.call("ssm", "AddTagsToResource", std::move(input)));
    }
  }
  return instance(current.id, now);
}

}  // namespace

void add_ssm_types(std::vector<ResourceType>& types) {
  types.push_back({
      .name = "AWS::SSM::Parameter",
      .schema = "Name~ string  Type! string  Value! string  Description string  AllowedPattern "
                "string  Tier string  "
                "DataType string  Policies string  Tags < string >",
      .attributes = {"Type", "Value"},
      .naming = Naming{"Name", 1011, false},
      .create = create,
      .update = update,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok("ssm", "DeleteParameter", {{"Name", it.id}});
          },
      .exists =
          [](const Session& session, const Desired& desired) {
            return session.exists("ssm", "GetParameter", {{"Name", desired.name}});
          },
  });
}

}  // namespace dew::cloudformation
