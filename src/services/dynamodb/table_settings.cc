// Tags, time to live, backups, limits and endpoints.
#include <fmt/format.h>

#include "services/dynamodb/engine.h"
#include "services/dynamodb/validation.h"

namespace dew::dynamodb {
namespace {

constexpr size_t kMaxTags = 50;
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
constexpr int64_t kAccountCapacityUnits = 80'000;
constexpr int64_t kTableCapacityUnits = 40'000;
constexpr int64_t kEndpointMinutes = 1440;

std::unexpected<aws::ApiError> invalid(std::string message) {
  return aws::fail(aws::ApiError::validation(std::move(message)));
}

// The table that a ResourceArn names.
aws::ApiResult<std::string> arn_table(const Engine& engine, const json::Object& input) {
  const auto arn = json::string_or(input, "ResourceArn");
  if (arn.empty()) return invalid("Invalid TableArn");
  std::string name(table_name_of_arn(arn));
  if (!arn.starts_with("arn:aws:dynamodb:") || name.find('/') != std::string::npos ||
      name.size() < 3) {
    return invalid(fmt::format("Invalid TableArn: Invalid ResourceArn provided as input {}", arn));
  }
  if (!engine.tables.find(name) || arn != engine.arn(name)) {
    return aws::fail("ResourceNotFoundException",
                     fmt::format("Requested resource not found: ResourcArn: {} not found", arn));
  }
  return name;
}

json::Object describe_ttl(const TimeToLive& time_to_live) {
  json::Object out;
  out["TimeToLiveStatus"] = time_to_live.enabled ? "ENABLED" : "DISABLED";
  if (time_to_live.enabled) out["AttributeName"] = time_to_live.attribute;
  return out;
}

aws::ApiResult<void> change_ttl(TimeToLive& current, bool enabled, const std::string& attribute) {
  if (attribute.empty()) return invalid("TimeToLiveSpecification needs an AttributeName");
  if (enabled) {
    if (current.enabled && current.attribute == attribute)
      return invalid("TimeToLive is already enabled");
    if (current.enabled) {
      return invalid(fmt::format(
          "TimeToLive is active on a different AttributeName: current AttributeName is {}",
          current.attribute));
    }
  } else {
    if (!current.enabled) return invalid("TimeToLive is already disabled");
    if (current.attribute != attribute) {
      return invalid(fmt::format(
          "TimeToLive is active on a different AttributeName: current AttributeName is {}",
          current.attribute));
    }
  }
  current = {enabled, attribute};
  return {};
}

}  // namespace

Output describe_time_to_live(Engine& engine, aws::Call& call) {
  TRY(const TablePtr table, engine.tables.find(table_name(call.input), Tables::Words::kTables));
  json::Object out;
  out["TimeToLiveDescription"] = describe_ttl(table->definition.time_to_live);
  return out;
}

Output update_time_to_live(Engine& engine, aws::Call& call) {
  const auto* wanted = json::object_at(call.input, "TimeToLiveSpecification");
  if (wanted == nullptr) return invalid("TimeToLiveSpecification is required");
  const bool enabled = json::bool_at(*wanted, "Enabled").value_or(false);
  const std::string attribute = json::string_or(*wanted, "AttributeName");
  const auto change = [&](TableDefinition& definition) {
    return change_ttl(definition.time_to_live, enabled, attribute);
  };
  CHECK_OK(engine.tables.update(table_name(call.input), change));
  json::Object out;
  json::Object specification;
  specification["Enabled"] = enabled;
  specification["AttributeName"] = attribute;
  out["TimeToLiveSpecification"] = std::move(specification);
  return out;
}

Output describe_continuous_backups(Engine& engine, aws::Call& call) {
  const auto name = table_name(call.input);
  if (!engine.tables.find(name)) {
    return aws::fail("TableNotFoundException", fmt::format("Table not found: {}", name));
  }
  json::Object recovery;
  recovery["PointInTimeRecoveryStatus"] = "DISABLED";
  json::Object description;
  description["ContinuousBackupsStatus"] = "DISABLED";
  description["PointInTimeRecoveryDescription"] = std::move(recovery);
  json::Object out;
  out["ContinuousBackupsDescription"] = std::move(description);
  return out;
}

Output list_tags_of_resource(Engine& engine, aws::Call& call) {
  TRY(const auto name, arn_table(engine, call.input));
  TRY(const TablePtr table, engine.tables.find(name));
  json::Array tags;
  for (const auto& [key, value] : table->definition.tags) {
    json::Object tag;
    tag["Key"] = key;
    tag["Value"] = value;
    tags.push_back(std::move(tag));
  }
  json::Object out;
  out["Tags"] = std::move(tags);
  return out;
}

Output tag_resource(Engine& engine, aws::Call& call) {
  TRY(const auto name, arn_table(engine, call.input));
  const auto* tags = json::array_at(call.input, "Tags");
  if (tags == nullptr || tags->empty())
    return invalid("Atleast one Tag needs to be provided as Input.");
  const auto change = [&](TableDefinition& definition) -> aws::ApiResult<void> {
    for (const auto& tag : *tags) {
      const auto* object = tag.if_object();
      const auto key = object == nullptr ? std::nullopt : json::string_at(*object, "Key");
      if (!key || key->empty()) return invalid("Each tag needs a Key");
      definition.tags[std::string(*key)] = json::string_or(*object, "Value");
    }
    if (definition.tags.size() > kMaxTags) {
      return invalid(fmt::format(
          "One or more parameter values were invalid: A table has at most {} tags", kMaxTags));
    }
    return {};
  };
  CHECK_OK(engine.tables.update(name, change));
  return json::Object();
}

Output untag_resource(Engine& engine, aws::Call& call) {
  TRY(const auto name, arn_table(engine, call.input));
  const auto* keys = json::array_at(call.input, "TagKeys");
  if (keys == nullptr || keys->empty())
    return invalid("Atleast one Tag Key needs to be provided as Input.");
  const auto change = [&](TableDefinition& definition) -> aws::ApiResult<void> {
    for (const auto& key : *keys) {
      if (key.is_string()) definition.tags.erase(json::str(key));
    }
    return {};
  };
  CHECK_OK(engine.tables.update(name, change));
  return json::Object();
}

Output describe_limits(Engine& /*engine*/, aws::Call& /*call*/) {
  json::Object out;
  out["AccountMaxReadCapacityUnits"] = kAccountCapacityUnits;
  out["AccountMaxWriteCapacityUnits"] = kAccountCapacityUnits;
  out["TableMaxReadCapacityUnits"] = kTableCapacityUnits;
  out["TableMaxWriteCapacityUnits"] = kTableCapacityUnits;
  return out;
}

Output describe_endpoints(Engine& engine, aws::Call& /*call*/) {
  json::Object endpoint;
  endpoint["Address"] = fmt::format("127.0.0.1:{}", engine.config.port);
  endpoint["CachePeriodInMinutes"] = kEndpointMinutes;
  json::Array endpoints;
  endpoints.push_back(std::move(endpoint));
  json::Object out;
  out["Endpoints"] = std::move(endpoints);
  return out;
}

}  // namespace dew::dynamodb
