// AWS::DynamoDB::Table
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

namespace {

constexpr std::string_view kTable =
    "TableName~ string  AttributeDefinitions [ { AttributeName! string AttributeType! string } ]  "
    "KeySchema!~ [ { AttributeName! string KeyType! string } ]  BillingMode string  "
    "ProvisionedThroughput { ReadCapacityUnits! int WriteCapacityUnits! int }  "
    "GlobalSecondaryIndexes [ { IndexName! string KeySchema! [ { AttributeName! string KeyType! "
    "string } ] "
    "  Projection! { ProjectionType string NonKeyAttributes [ string ] } "
    "  ProvisionedThroughput { ReadCapacityUnits! int WriteCapacityUnits! int } "
    "  OnDemandThroughput unsupported ContributorInsightsSpecification unsupported WarmThroughput "
    "unsupported } ]  "
    "LocalSecondaryIndexes~ [ { IndexName! string KeySchema! [ { AttributeName! string KeyType! "
    "string } ] "
    "  Projection! { ProjectionType string NonKeyAttributes [ string ] } } ]  "
    "StreamSpecification { StreamViewType! string ResourcePolicy unsupported }  "
    "SSESpecification { SSEEnabled! bool SSEType string KMSMasterKeyId string }  "
    "TimeToLiveSpecification { AttributeName string Enabled! bool }  "
    "PointInTimeRecoverySpecification { PointInTimeRecoveryEnabled bool RecoveryPeriodInDays "
    "unsupported }  "
    "TableClass string  DeletionProtectionEnabled bool  " DEW_TAGS
    "ContributorInsightsSpecification unsupported  ImportSourceSpecification unsupported  "
    "KinesisStreamSpecification unsupported  OnDemandThroughput unsupported  ResourcePolicy "
    "unsupported  "
    "WarmThroughput unsupported";

json::Object stream(const json::Object& properties) {
  const auto* wanted = json::object_at(properties, "StreamSpecification");
  if (wanted == nullptr) return {{"StreamEnabled", false}};
  return {{"StreamEnabled", true}, {"StreamViewType", wanted->at("StreamViewType")}};
}

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
  if (differs(before, now, "PointInTimeRecoverySpecification")) {
    const auto* wanted = json::object_at(now, "PointInTimeRecoverySpecification");
    const bool enabled =
        wanted != nullptr && json::bool_at(*wanted, "PointInTimeRecoveryEnabled").value_or(false);
    if (enabled || before.contains("PointInTimeRecoverySpecification")) {
      CHECK_OK(session.call("dynamodb", "UpdateContinuousBackups",
                            {{"TableName", table},
                             {"PointInTimeRecoverySpecification",
                              json::Object{{"PointInTimeRecoveryEnabled", enabled}}}}));
    }
  }
  return {};
}

Instance instance(const json::Object& described, const std::string& name,
                  const json::Object& properties) {
  Instance out{name, properties, {{"Arn", text(described, "TableArn")}}};
  if (const auto arn = text(described, "LatestStreamArn"); !arn.empty())
    out.attributes["StreamArn"] = arn;
  return out;
}

ApiResult<Instance> create(const Session& session, const Desired& desired) {
  const auto& properties = desired.properties;
  json::Object input{{"TableName", desired.name}};
  copy(input, properties,
       {"AttributeDefinitions", "KeySchema", "BillingMode", "ProvisionedThroughput",
        "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "TableClass", "Tags",
        "DeletionProtectionEnabled"});
  if (properties.contains("StreamSpecification")) input["StreamSpecification"] = stream(properties);
  if (properties.contains("SSESpecification")) input["SSESpecification"] = encryption(properties);
  TRY(const auto made, session.call("dynamodb", "CreateTable", std::move(input)));
  CHECK_OK(apply_settings(session, desired.name, {}, properties));
  return instance(made.at("TableDescription").as_object(), desired.name, properties);
}

// UpdateTable makes, changes or deletes one index per call.
ApiResult<void> update_indexes(const Session& session, const std::string& table,
                               const json::Object& before, const json::Object& now) {
  const auto by_name = [](const json::Object& properties) {
    std::map<std::string, json::Object> out;
    if (const auto* list = json::array_at(properties, "GlobalSecondaryIndexes")) {
      for (const auto& index : *list) out[text(index.as_object(), "IndexName")] = index.as_object();
    }
    return out;
  };
  const auto update = [&](const char* kind, json::Object body) -> ApiResult<void> {
    json::Object input{
        {"TableName", table},
        {"GlobalSecondaryIndexUpdates", json::Array{json::Object{{kind, std::move(body)}}}}};
    copy(input, now, {"AttributeDefinitions"});
    CHECK_OK(session.call("dynamodb", "UpdateTable", std::move(input)));
    return {};
  };
  const auto old = by_name(before);
  const auto wanted = by_name(now);
  for (const auto& [name, index] : old) {
    const auto it = wanted.find(name);
    const bool rebuilt =
        it != wanted.end() && differs(index, it->second, {"KeySchema", "Projection"});
    if (it == wanted.end() || rebuilt) CHECK_OK(update("Delete", {{"IndexName", name}}));
    if (rebuilt) CHECK_OK(update("Create", it->second));
    if (it != wanted.end() && !rebuilt && differs(index, it->second, "ProvisionedThroughput") &&
        it->second.contains("ProvisionedThroughput")) {
      CHECK_OK(
          update("Update", {{"IndexName", name},
                            {"ProvisionedThroughput", it->second.at("ProvisionedThroughput")}}));
    }
  }
  for (const auto& [name, index] : wanted) {
    if (!old.contains(name)) CHECK_OK(update("Create", index));
  }
  return {};
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
  const bool stream_changes = differs(before, now, "StreamSpecification");
  if (stream_changes && before.contains("StreamSpecification") &&
      now.contains("StreamSpecification")) {
    // A stream's view cannot change: the old stream ends first.
    CHECK_OK(session.call(
        "dynamodb", "UpdateTable",
        {{"TableName", table}, {"StreamSpecification", json::Object{{"StreamEnabled", false}}}}));
  }
  if (stream_changes) input["StreamSpecification"] = stream(now);
  if (input.size() > 1) CHECK_OK(session.call("dynamodb", "UpdateTable", std::move(input)));
  if (differs(before, now, "GlobalSecondaryIndexes"))
    CHECK_OK(update_indexes(session, table, before, now));
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
  if (!stream_changes) return Instance{table, now, current.attributes};
  TRY(const auto described, session.call("dynamodb", "DescribeTable", {{"TableName", table}}));
  return instance(described.at("Table").as_object(), table, now);
}

}  // namespace

void add_dynamodb_types(std::vector<ResourceType>& types) {
  types.push_back({
      .name = "AWS::DynamoDB::Table",
      .schema = kTable,
      .attributes = {"Arn", "StreamArn"},
      .naming = Naming{"TableName", 255, false},
      .create = create,
      .update = update,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok("dynamodb", "DeleteTable", {{"TableName", it.id}});
          },
      .exists =
          [](const Session& session, const Desired& desired) {
            return session.exists("dynamodb", "DescribeTable", {{"TableName", desired.name}});
          },
  });
}

}  // namespace dew::cloudformation
