#include "services/dynamodb/table_definition.h"

#include <fmt/format.h>

namespace dew::dynamodb {
namespace {

constexpr int64_t kStoredVersion = 1;

json::Object attribute_json(const KeyAttribute& attribute) {
  json::Object out;
  out["name"] = attribute.name;
  out["type"] = type_name(attribute.type);
  return out;
}

bool load_attribute(const json::Object& stored, KeyAttribute& out) {
  out.name = json::string_or(stored, "name");
  return type_from_name(json::string_or(stored, "type"), out.type);
}

json::Object key_element(const KeyAttribute& attribute, std::string_view key_type) {
  json::Object out;
  out["AttributeName"] = attribute.name;
  out["KeyType"] = key_type;
  return out;
}

json::Object attribute_definition(const KeyAttribute& attribute) {
  json::Object out;
  out["AttributeName"] = attribute.name;
  out["AttributeType"] = type_name(attribute.type);
  return out;
}

json::Object describe_throughput(const Throughput& throughput) {
  json::Object out;
  if (throughput.last_increase > 0) out["LastIncreaseDateTime"] = throughput.last_increase;
  if (throughput.last_decrease > 0) out["LastDecreaseDateTime"] = throughput.last_decrease;
  out["NumberOfDecreasesToday"] = throughput.decreases_today;
  out["ReadCapacityUnits"] = throughput.read_units;
  out["WriteCapacityUnits"] = throughput.write_units;
  return out;
}

std::string_view billing_name(BillingMode mode) {
  return mode == BillingMode::kPayPerRequest ? "PAY_PER_REQUEST" : "PROVISIONED";
}

}  // namespace

std::string store_definition(const TableDefinition& definition) {
  json::Object out;
  out["v"] = kStoredVersion;
  out["number"] = definition.number;
  out["name"] = definition.name;
  out["id"] = definition.id;
  out["created"] = definition.created;
  out["partition"] = attribute_json(definition.keys.partition);
  if (definition.keys.sort) out["sort"] = attribute_json(*definition.keys.sort);
  out["billing"] = billing_name(definition.billing);
  out["billingShown"] = definition.billing_shown;
  out["payPerRequestSince"] = definition.pay_per_request_since;
  out["readUnits"] = definition.throughput.read_units;
  out["writeUnits"] = definition.throughput.write_units;
  out["decreasesToday"] = definition.throughput.decreases_today;
  out["lastIncrease"] = definition.throughput.last_increase;
  out["lastDecrease"] = definition.throughput.last_decrease;
  out["tableClass"] = definition.table_class;
  if (definition.encryption) out["encryption"] = *definition.encryption;
  out["deletionProtection"] = definition.deletion_protection;
  out["ttlEnabled"] = definition.time_to_live.enabled;
  out["ttlAttribute"] = definition.time_to_live.attribute;
  json::Object tags;
  for (const auto& [key, value] : definition.tags) tags[key] = value;
  out["tags"] = std::move(tags);
  return json::dump(out);
}

Result<TableDefinition> load_definition(std::string_view stored) {
  TRY(const auto value, json::parse(stored));
  const auto* object = value.if_object();
  if (object == nullptr || json::int_at(*object, "v") != kStoredVersion) {
    return fail(ErrorKind::kInternal,
                "A stored table definition has a form that this version does not know");
  }
  TableDefinition out;
  const auto number = json::find(*object, "number");
  out.number = number != nullptr && number->is_number() ? number->to_number<uint64_t>() : 0;
  out.name = json::string_or(*object, "name");
  out.id = json::string_or(*object, "id");
  out.created = json::number_at(*object, "created").value_or(0);
  const auto* partition = json::object_at(*object, "partition");
  if (partition == nullptr || !load_attribute(*partition, out.keys.partition)) {
    return fail(
        ErrorKind::kInternal,
        fmt::format("The stored definition of the table {} has no partition key", out.name));
  }
  if (const auto* sort = json::object_at(*object, "sort")) {
    KeyAttribute attribute;
    if (!load_attribute(*sort, attribute)) {
      return fail(
          ErrorKind::kInternal,
          fmt::format("The stored definition of the table {} has a damaged sort key", out.name));
    }
    out.keys.sort = std::move(attribute);
  }
  out.billing = json::string_or(*object, "billing") == billing_name(BillingMode::kPayPerRequest)
                    ? BillingMode::kPayPerRequest
                    : BillingMode::kProvisioned;
  out.billing_shown = json::bool_at(*object, "billingShown").value_or(false);
  out.pay_per_request_since = json::number_at(*object, "payPerRequestSince").value_or(0);
  out.throughput.read_units = json::int_at(*object, "readUnits").value_or(0);
  out.throughput.write_units = json::int_at(*object, "writeUnits").value_or(0);
  out.throughput.decreases_today = json::int_at(*object, "decreasesToday").value_or(0);
  out.throughput.last_increase = json::number_at(*object, "lastIncrease").value_or(0);
  out.throughput.last_decrease = json::number_at(*object, "lastDecrease").value_or(0);
  out.table_class = json::string_or(*object, "tableClass");
  if (const auto* encryption = json::object_at(*object, "encryption")) out.encryption = *encryption;
  out.deletion_protection = json::bool_at(*object, "deletionProtection").value_or(false);
  out.time_to_live.enabled = json::bool_at(*object, "ttlEnabled").value_or(false);
  out.time_to_live.attribute = json::string_or(*object, "ttlAttribute");
  if (const auto* tags = json::object_at(*object, "tags")) {
    for (const auto& tag : *tags) out.tags[tag.key()] = json::str(tag.value());
  }
  return out;
}

json::Object describe(const TableDefinition& definition, std::string_view arn,
                      std::string_view status, const TableFigures& figures) {
  json::Object out;
  json::Array attributes;
  json::Array schema;
  attributes.push_back(attribute_definition(definition.keys.partition));
  schema.push_back(key_element(definition.keys.partition, "HASH"));
  if (definition.keys.sort) {
    attributes.push_back(attribute_definition(*definition.keys.sort));
    schema.push_back(key_element(*definition.keys.sort, "RANGE"));
  }
  out["AttributeDefinitions"] = std::move(attributes);
  out["TableName"] = definition.name;
  out["KeySchema"] = std::move(schema);
  out["TableStatus"] = status;
  out["CreationDateTime"] = definition.created;
  out["ProvisionedThroughput"] = describe_throughput(definition.throughput);
  out["TableSizeBytes"] = figures.bytes;
  out["ItemCount"] = figures.items;
  out["TableArn"] = arn;
  out["TableId"] = definition.id;
  if (definition.billing_shown) {
    json::Object summary;
    summary["BillingMode"] = billing_name(definition.billing);
    if (definition.pay_per_request_since > 0) {
      summary["LastUpdateToPayPerRequestDateTime"] = definition.pay_per_request_since;
    }
    out["BillingModeSummary"] = std::move(summary);
  }
  if (definition.encryption) {
    json::Object encryption;
    encryption["Status"] = "ENABLED";
    encryption["SSEType"] = "KMS";
    if (const auto key = json::string_at(*definition.encryption, "KMSMasterKeyId"))
      encryption["KMSMasterKeyArn"] = *key;
    out["SSEDescription"] = std::move(encryption);
  }
  if (!definition.table_class.empty()) {
    json::Object table_class;
    table_class["TableClass"] = definition.table_class;
    out["TableClassSummary"] = std::move(table_class);
  }
  out["DeletionProtectionEnabled"] = definition.deletion_protection;
  return out;
}

}  // namespace dew::dynamodb
