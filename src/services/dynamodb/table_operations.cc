// CreateTable, DescribeTable, ListTables, UpdateTable, DeleteTable.
//
// A table is usable as soon as CreateTable answers; the answers still say CREATING, UPDATING and
// DELETING as AWS's do, and DescribeTable says ACTIVE from then on, so that waiters need one look.
#include <fmt/format.h>

#include "base/ids.h"
#include "services/dynamodb/engine.h"
#include "services/dynamodb/validation.h"

namespace dew::dynamodb {
namespace {

constexpr int64_t kMaxListedTables = 100;
constexpr std::string_view kInvalid = "One or more parameter values were invalid: ";

std::unexpected<aws::ApiError> invalid(std::string message) {
  return aws::fail(aws::ApiError::validation(std::move(message)));
}

json::Object answer(std::string_view member, const Engine& engine, const Table& table,
                    std::string_view status) {
  json::Object out;
  out[member] =
      describe(table.definition, engine.arn(table.definition.name), status, table.figures());
  return out;
}

aws::ApiResult<void> check_update(const json::Object& input) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kUnsupported = {
      {{"GlobalSecondaryIndexUpdates",
        "global secondary indexes (GlobalSecondaryIndexUpdates) of DynamoDB tables"},
       {"ReplicaUpdates", "global tables (ReplicaUpdates)"},
       {"OnDemandThroughput", "OnDemandThroughput of DynamoDB tables"},
       {"WarmThroughput", "WarmThroughput of DynamoDB tables"},
       {"MultiRegionConsistency", "MultiRegionConsistency of DynamoDB tables"}}};
  for (const auto& [member, words] : kUnsupported) {
    if (input.contains(member)) return aws::fail(aws::ApiError::unsupported(std::string(words)));
  }
  if (const auto* stream = json::object_at(input, "StreamSpecification")) {
    if (json::bool_at(*stream, "StreamEnabled").value_or(false)) {
      return aws::fail(aws::ApiError::unsupported("DynamoDB Streams (StreamSpecification)"));
    }
    return invalid("Table is already without a stream: StreamSpecification has nothing to disable");
  }
  for (const std::string_view member : {"ProvisionedThroughput", "BillingMode", "SSESpecification",
                                        "TableClass", "DeletionProtectionEnabled"}) {
    if (input.contains(member)) return {};
  }
  return invalid(
      "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
      "GlobalSecondaryIndexUpdates or "
      "SSESpecification or ReplicaUpdates is required");
}

aws::ApiResult<void> change_throughput(TableDefinition& definition, const Throughput& wanted,
                                       double now) {
  Throughput& current = definition.throughput;
  const bool same =
      wanted.read_units == current.read_units && wanted.write_units == current.write_units;
  if (same && definition.billing == BillingMode::kProvisioned) {
    return invalid(fmt::format(
        "The provisioned throughput for the table will not change. The requested value equals the "
        "current value. Current "
        "ReadCapacityUnits provisioned for the table: {}. Requested ReadCapacityUnits: {}. Current "
        "WriteCapacityUnits "
        "provisioned for the table: {}. Requested WriteCapacityUnits: {}. Refer to the Amazon "
        "DynamoDB Developer Guide for "
        "current limits and how to request higher limits.",
        current.read_units, wanted.read_units, current.write_units, wanted.write_units));
  }
  if (wanted.read_units > current.read_units || wanted.write_units > current.write_units)
    current.last_increase = now;
  if (wanted.read_units < current.read_units || wanted.write_units < current.write_units) {
    current.last_decrease = now;
    ++current.decreases_today;
  }
  current.read_units = wanted.read_units;
  current.write_units = wanted.write_units;
  return {};
}

aws::ApiResult<void> change_billing(TableDefinition& definition, const json::Object& input,
                                    double now) {
  const auto mode = json::string_at(input, "BillingMode");
  TRY(const auto throughput, read_throughput(input));
  const bool on_demand =
      mode ? *mode == "PAY_PER_REQUEST" : definition.billing == BillingMode::kPayPerRequest;
  if (on_demand && throughput) {
    return invalid(fmt::format(
        "{}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
        "PAY_PER_REQUEST",
        kInvalid));
  }
  if (mode == "PROVISIONED" && !throughput) {
    return invalid(fmt::format(
        "{}ProvisionedThroughput must be specified when BillingMode is PROVISIONED", kInvalid));
  }
  if (throughput) CHECK_OK(change_throughput(definition, *throughput, now));
  if (!mode) return {};
  if (on_demand && definition.billing != BillingMode::kPayPerRequest) {
    definition.pay_per_request_since = now;
    definition.throughput.read_units = 0;
    definition.throughput.write_units = 0;
  }
  if (on_demand || definition.billing == BillingMode::kPayPerRequest)
    definition.billing_shown = true;
  definition.billing = on_demand ? BillingMode::kPayPerRequest : BillingMode::kProvisioned;
  return {};
}

}  // namespace

std::string Engine::arn(std::string_view table) const {
  return fmt::format("arn:aws:dynamodb:{}:{}:table/{}", config.region, config.account, table);
}

Output create_table(Engine& engine, aws::Call& call) {
  TRY(auto definition, read_definition(call.input));
  definition.id = uuid_v4();
  definition.created = engine.clock.now_seconds();
  if (definition.billing == BillingMode::kPayPerRequest)
    definition.pay_per_request_since = definition.created;
  TRY(const TablePtr table, engine.tables.create(std::move(definition)));
  return answer("TableDescription", engine, *table, "CREATING");
}

Output describe_table(Engine& engine, aws::Call& call) {
  TRY(const TablePtr table, engine.tables.find(table_name(call.input), Tables::Words::kTables));
  return answer("Table", engine, *table, "ACTIVE");
}

Output list_tables(Engine& engine, aws::Call& call) {
  const auto limit = json::int_at(call.input, "Limit").value_or(kMaxListedTables);
  if (limit < 1 || limit > kMaxListedTables) return invalid("Limit must be between 1 and 100");
  const auto after = json::string_or(call.input, "ExclusiveStartTableName");
  TRY(auto listed, engine.tables.names(after, static_cast<size_t>(limit)));
  json::Array names;
  for (const auto& name : listed.names) names.emplace_back(name);
  json::Object out;
  if (listed.more) out["LastEvaluatedTableName"] = listed.names.back();
  out["TableNames"] = std::move(names);
  return out;
}

Output update_table(Engine& engine, aws::Call& call) {
  const auto& input = call.input;
  CHECK_OK(check_update(input));
  const auto change = [&](TableDefinition& definition) -> aws::ApiResult<void> {
    CHECK_OK(change_billing(definition, input, engine.clock.now_seconds()));
    if (const auto table_class = json::string_at(input, "TableClass"))
      definition.table_class = *table_class;
    if (const auto protection = json::bool_at(input, "DeletionProtectionEnabled")) {
      definition.deletion_protection = *protection;
    }
    if (const auto* encryption = json::object_at(input, "SSESpecification")) {
      TRY(definition.encryption, read_encryption(*encryption));
    }
    return {};
  };
  TRY(const TablePtr table, engine.tables.update(table_name(input), change));
  return answer("TableDescription", engine, *table, "UPDATING");
}

Output delete_table(Engine& engine, aws::Call& call) {
  const auto check = [&](const TableDefinition& definition) -> aws::ApiResult<void> {
    if (!definition.deletion_protection) return {};
    return invalid(
        "Resource cannot be deleted as it is currently protected against deletion. "
        "Disable deletion "
        "protection first.");
  };
  TRY(const TablePtr table, engine.tables.erase(table_name(call.input), check));
  return answer("TableDescription", engine, *table, "DELETING");
}

}  // namespace dew::dynamodb
