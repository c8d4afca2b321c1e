// AWS::DynamoDB::Table
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

namespace {

constexpr std::string_view kTable =
    "TableName~ string  AttributeDefinitions [ { AttributeName! string AttributeType! string } ]  "
    "KeySchema!~ [ { AttributeName! string KeyType! string } ]  BillingMode string  "
    "ProvisionedThroughput { ReadCapacityUnits! int WriteCapacityUnits! int }  "
    "SSESpecification { SSEEnabled! bool SSEType string KMSMasterKeyId string }  "
    "TimeToLiveSpecification { AttributeName string Enabled! bool }  "
    "TableClass string  DeletionProtectionEnabled bool  " DEW_TAGS
    "GlobalSecondaryIndexes unsupported  LocalSecondaryIndexes unsupported  StreamSpecification "
    "unsupported  "
    "PointInTimeRecoverySpecification unsupported  ContributorInsightsSpecification unsupported  "
    "ImportSourceSpecification unsupported  KinesisStreamSpecification unsupported  "
    "OnDemandThroughput unsupported  ResourcePolicy unsupported  WarmThroughput unsupported";

json::Object encryption(const json::Object& properties) {
  const auto* wanted = json::object_at(properties, "SSESpecification");
  if (wanted == nullptr) return {{"Enabled", false}};
  json::Object out;
  copy(out, *wanted, {{"SSEEnabled", "Enabled"}, "SSEType", "KMSMasterKeyId"});
  return out;
}

// What is set by operations of its own.
ApiResult<void> apply_settings(const Session& session, const std::string& table,
                               const json::Object& before, const json::Object& now) {
  if (differs(before, now, "TimeToLiveSpecification")) {
    const auto* wanted = json::object_at(now, "TimeToLiveSpecification");
    const auto* old = json::object_at(before, "TimeToLiveSpecification");
    const auto enabled = [](const json::Object* spec) {
      return spec != nullptr && json::bool_at(*spec, "Enabled").value_or(false);
    };
    if (enabled(wanted) || enabled(old)) {
      const auto* source = enabled(wanted) ? wanted : old;
      CHECK_OK(session.call("dynamodb", "UpdateTimeToLive",
                            {{"TableName", table},
                             {"TimeToLiveSpecification",
                              json::Object{{"Enabled", enabled(wanted)},
                                           {"AttributeName", text(*source, "AttributeName")}}}}));
    }
  }
  return {};
}

Instance instance(const json::Object& described, const std::string& name,
                  const json::Object& properties) {
  return {name, properties, {{"Arn", text(described, "TableArn")}}};
}

ApiResult<Instance> create(const Session& session, const Desired& desired) {
  const auto& properties = desired.properties;
  json::Object input{{"TableName", desired.name}};
  copy(input, properties,
       {"AttributeDefinitions", "KeySchema", "BillingMode", "ProvisionedThroughput", "TableClass",
        "Tags", "DeletionProtectionEnabled"});
  if (properties.contains("SSESpecification")) input["SSESpecification"] = encryption(properties);
  TRY(const auto made, session.call("dynamodb", "CreateTable", std::move(input)));
  desired.note(desired.name);
  CHECK_OK(apply_settings(session, desired.name, {}, properties));
  return instance(made.at("TableDescription").as_object(), desired.name, properties);
}

ApiResult<Instance> update(const Session& session, const Instance& current,
                           const Desired& desired) {
  const auto& before = current.properties;
  const auto& now = desired.properties;
  const auto& table = current.id;
  json::Object input{{"TableName", table}};
  if (differs(before, now, {"BillingMode", "ProvisionedThroughput"})) {
    input["BillingMode"] = json::string_or(now, "BillingMode", "PROVISIONED");
    copy(input, now, {"ProvisionedThroughput"});
  }
  if (differs(before, now, "TableClass"))
    input["TableClass"] = json::string_or(now, "TableClass", "STANDARD");
  if (differs(before, now, "DeletionProtectionEnabled")) {
    input["DeletionProtectionEnabled"] =
        json::bool_at(now, "DeletionProtectionEnabled").value_or(false);
  }
  if (differs(before, now, "SSESpecification")) input["SSESpecification"] = encryption(now);
  if (input.size() > 1) CHECK_OK(session.call("dynamodb", "UpdateTable", std::move(input)));
  CHECK_OK(apply_settings(session, table, before, now));
  if (differs(before, now, "Tags")) {
    const auto arn = text(current.attributes, "Arn");
    if (auto gone = keys_gone(tag_map(before), tag_map(now)); !gone.empty()) {
      CHECK_OK(session.call("dynamodb", "UntagResource",
                            {{"ResourceArn", arn}, {"TagKeys", std::move(gone)}}));
    }
    if (now.contains("Tags"))
      CHECK_OK(session.call("dynamodb", "TagResource",
                            {{"ResourceArn", arn}, {"Tags", now.at("Tags")}}));
  }
  return Instance{table, now, current.attributes};
}

// "Replacement if you edit an existing AttributeDefinition."
bool redefines_attribute(const json::Object& before, const json::Object& now) {
  std::map<std::string, std::string> types;
  if (const auto* old = json::array_at(before, "AttributeDefinitions")) {
    for (const auto& one : *old)
      types[text(one.as_object(), "AttributeName")] = text(one.as_object(), "AttributeType");
  }
  const auto* wanted = json::array_at(now, "AttributeDefinitions");
  return wanted != nullptr && std::ranges::any_of(*wanted, [&](const json::Value& one) {
           const auto it = types.find(text(one.as_object(), "AttributeName"));
           return it != types.end() && it->second != text(one.as_object(), "AttributeType");
         });
}

}  // namespace

void add_dynamodb_types(std::vector<ResourceType>& types) {
  types.push_back({
      .name = "AWS::DynamoDB::Table",
      .schema = kTable,
      .attributes = {"Arn"},
      .naming = Naming{"TableName", 255, false},
      .create = create,
      .update = update,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok("dynamodb", "DeleteTable", {{"TableName", it.id}});
          },
      .replaces = redefines_attribute,
      .exists =
          [](const Session& session, const Desired& desired) {
            return session.exists("dynamodb", "DescribeTable", {{"TableName", desired.name}});
          },
  });
}

}  // namespace dew::cloudformation
