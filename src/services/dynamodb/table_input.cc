// Reading and checking CreateTable's input (table_definition.h).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "services/dynamodb/table_definition.h"

namespace dew::dynamodb {
namespace {

constexpr int64_t kMaxCapacityUnits = 1'000'000'000'000;
constexpr size_t kMaxKeyNameBytes = 255;
constexpr size_t kMaxTags = 50;
constexpr std::string_view kInvalid = "One or more parameter values were invalid: ";

std::unexpected<aws::ApiError> invalid(std::string message) {
  return aws::fail(aws::ApiError::validation(std::move(message)));
}

struct Named {
  std::string name;
  std::string kind;
};

// A list of {AttributeName, <kind_member>}.
std::vector<Named> read_named(const json::Object& input, std::string_view member,
                              std::string_view kind_member) {
  std::vector<Named> out;
  if (const auto* list = json::array_at(input, member)) {
    for (const auto& element : *list) {
      if (const auto* object = element.if_object()) {
        out.push_back(
            {json::string_or(*object, "AttributeName"), json::string_or(*object, kind_member)});
      }
    }
  }
  return out;
}

std::vector<std::string_view> names_of(const std::vector<Named>& named) {
  std::vector<std::string_view> out;
  for (const auto& entry : named) out.emplace_back(entry.name);
  return out;
}

aws::ApiResult<void> check_unsupported(const json::Object& input) {
  struct Member {
    std::string_view name;
    std::string_view words;
  };
  constexpr std::array<Member, 6> kMembers = {{
      {"GlobalSecondaryIndexes",
       "global secondary indexes (GlobalSecondaryIndexes) of DynamoDB tables"},
      {"LocalSecondaryIndexes",
       "local secondary indexes (LocalSecondaryIndexes) of DynamoDB tables"},
      {"OnDemandThroughput", "OnDemandThroughput of DynamoDB tables"},
      {"WarmThroughput", "WarmThroughput of DynamoDB tables"},
      {"ResourcePolicy", "resource policies (ResourcePolicy) of DynamoDB tables"},
      {"GlobalTableSourceArn", "global tables (GlobalTableSourceArn)"},
  }};
  for (const auto& member : kMembers) {
    if (input.contains(member.name))
      return aws::fail(aws::ApiError::unsupported(std::string(member.words)));
  }
  if (const auto* stream = json::object_at(input, "StreamSpecification")) {
    if (json::bool_at(*stream, "StreamEnabled").value_or(false)) {
      return aws::fail(aws::ApiError::unsupported("DynamoDB Streams (StreamSpecification)"));
    }
  }
  return {};
}

aws::ApiResult<void> check_billing(const json::Object& input, BillingMode mode) {
  if (mode == BillingMode::kPayPerRequest) {
    if (input.contains("ProvisionedThroughput")) {
      return invalid(fmt::format(
          "{}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
          "PAY_PER_REQUEST",
          kInvalid));
    }
    return {};
  }
  if (!input.contains("ProvisionedThroughput")) {
    return invalid(fmt::format(
        "{}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is "
        "PROVISIONED",
        kInvalid));
  }
  return {};
}

aws::ApiResult<KeySchema> read_keys(const json::Object& input) {
  const auto definitions = read_named(input, "AttributeDefinitions", "AttributeType");
  const auto schema = read_named(input, "KeySchema", "KeyType");
  const auto find = [&](const std::string& name) {
    return std::find_if(definitions.begin(), definitions.end(),
                        [&](const Named& d) { return d.name == name; });
  };
  if (schema.empty()) return invalid("Invalid KeySchema: no key element given");
  if (schema.size() > definitions.size())
    return invalid("Invalid KeySchema: Some index key attribute have no definition");
  for (const auto& key : schema) {
    if (find(key.name) != definitions.end()) continue;
    return invalid(fmt::format(
        "{}Some index key attributes are not defined in AttributeDefinitions. Keys: [{}], "
        "AttributeDefinitions: [{}]",
        kInvalid, fmt::join(names_of(schema), ", "), fmt::join(names_of(definitions), ", ")));
  }
  if (schema.size() > 1 && schema[0].name == schema[1].name) {
    return invalid(
        "Both the Hash Key and the Range Key element in the KeySchema have the same name");
  }
  if (schema[0].kind != "HASH")
    return invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
  if (schema.size() > 1 && schema[1].kind != "RANGE") {
    return invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
  }
  if (schema.size() > 2) return invalid("Invalid KeySchema: more than two key elements given");
  if (schema.size() != definitions.size()) {
    return invalid(
        fmt::format("{}Number of attributes in KeySchema does not exactly match number of "
                    "attributes defined in "
                    "AttributeDefinitions",
                    kInvalid));
  }
  const auto attribute = [&](const Named& key) -> aws::ApiResult<KeyAttribute> {
    KeyAttribute out{key.name, Type::kS};
    if (key.name.empty() || key.name.size() > kMaxKeyNameBytes) {
      return invalid(fmt::format("{}The name of a key attribute has 1 to 255 bytes", kInvalid));
    }
    if (!type_from_name(find(key.name)->kind, out.type) ||
        (out.type != Type::kS && out.type != Type::kN && out.type != Type::kB)) {
      return invalid(
          fmt::format("{}The type of the key attribute {} must be S, N or B", kInvalid, key.name));
    }
    return out;
  };
  KeySchema keys;
  TRY(keys.partition, attribute(schema[0]));
  if (schema.size() > 1) {
    TRY(keys.sort, attribute(schema[1]));
  }
  return keys;
}

}  // namespace

aws::ApiResult<std::optional<Throughput>> read_throughput(const json::Object& input) {
  const auto* given = json::object_at(input, "ProvisionedThroughput");
  if (given == nullptr) return std::nullopt;
  Throughput out;
  const auto units = [&](std::string_view member, int64_t& into) -> aws::ApiResult<void> {
    into = json::int_at(*given, member).value_or(0);
    if (into < 1) {
      return invalid(fmt::format(
          "{}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is "
          "PROVISIONED",
          kInvalid));
    }
    if (into > kMaxCapacityUnits)
      return invalid(fmt::format("Given value {} for {} is out of bounds", into, member));
    return {};
  };
  CHECK_OK(units("ReadCapacityUnits", out.read_units));
  CHECK_OK(units("WriteCapacityUnits", out.write_units));
  return out;
}

aws::ApiResult<std::optional<json::Object>> read_encryption(const json::Object& specification) {
  if (!json::bool_at(specification, "Enabled").value_or(false)) {
    if (specification.contains("SSEType") || specification.contains("KMSMasterKeyId")) {
      return invalid(fmt::format(
          "{}SSEType and KMSMasterKeyId can only be specified with Enabled true", kInvalid));
    }
    return std::nullopt;
  }
  const auto type = json::string_or(specification, "SSEType", "KMS");
  if (type != "KMS")
    return invalid(fmt::format("{}SSEType {} is not supported; only KMS is", kInvalid, type));
  return specification;
}

aws::ApiResult<TableDefinition> read_definition(const json::Object& input) {
  TableDefinition out;
  out.name = json::string_or(input, "TableName");
  out.billing = json::string_or(input, "BillingMode", "PROVISIONED") == "PAY_PER_REQUEST"
                    ? BillingMode::kPayPerRequest
                    : BillingMode::kProvisioned;
  CHECK_OK(check_billing(input, out.billing));
  TRY(const auto throughput, read_throughput(input));
  if (throughput) out.throughput = *throughput;
  CHECK_OK(check_unsupported(input));
  TRY(out.keys, read_keys(input));
  out.billing_shown = out.billing == BillingMode::kPayPerRequest;
  out.table_class = json::string_or(input, "TableClass");
  out.deletion_protection = json::bool_at(input, "DeletionProtectionEnabled").value_or(false);
  if (const auto* encryption = json::object_at(input, "SSESpecification")) {
    TRY(out.encryption, read_encryption(*encryption));
  }
  if (const auto* tags = json::array_at(input, "Tags")) {
    for (const auto& tag : *tags) {
      if (const auto* object = tag.if_object())
        out.tags[json::string_or(*object, "Key")] = json::string_or(*object, "Value");
    }
    if (out.tags.size() > kMaxTags)
      return invalid(fmt::format("{}A table has at most {} tags", kInvalid, kMaxTags));
  }
  return out;
}

}  // namespace dew::dynamodb
