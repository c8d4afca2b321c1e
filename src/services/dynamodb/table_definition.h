// What a table is, apart from its items: the definition that CreateTable gives and DescribeTable
// shows.
//
// A value: changed by making a changed copy. Its stored form is JSON
// (docs/formats/dynamodb-items.md).
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aws/api_error.h"
#include "base/result.h"
#include "json/json.h"
#include "services/dynamodb/key_codec.h"
#include "services/dynamodb/value.h"

namespace dew::dynamodb {

struct KeyAttribute {
  std::string name;
  Type type = Type::kS;  // kS, kN or kB
};

struct KeySchema {
  KeyAttribute partition;
  std::optional<KeyAttribute> sort;
};

enum class BillingMode { kProvisioned, kPayPerRequest };

struct Throughput {
  int64_t read_units = 0;
  int64_t write_units = 0;
  int64_t decreases_today = 0;
  double last_increase = 0;  // seconds since the epoch; 0 for never
  double last_decrease = 0;
};

struct TimeToLive {
  bool enabled = false;
  std::string attribute;
};

struct TableDefinition {
  TableNumber number = 0;
  std::string name;
  std::string id;  // a uuid
  double created = 0;
  KeySchema keys;
  BillingMode billing = BillingMode::kProvisioned;
  bool billing_shown = false;  // AWS shows a BillingModeSummary once PAY_PER_REQUEST was chosen
  double pay_per_request_since = 0;
  Throughput throughput;
  std::string table_class;                 // empty until chosen
  std::optional<json::Object> encryption;  // the SSESpecification that enabled a KMS key
  bool deletion_protection = false;
  TimeToLive time_to_live;
  std::map<std::string, std::string> tags;
};

std::string store_definition(const TableDefinition& definition);
Result<TableDefinition> load_definition(std::string_view stored);

struct TableFigures {
  int64_t items = 0;
  int64_t bytes = 0;
};
// The TableDescription. `status` is ACTIVE, CREATING, UPDATING or DELETING.
json::Object describe(const TableDefinition& definition, std::string_view arn,
                      std::string_view status, const TableFigures& figures);

// CreateTable's input, fully checked; number, id and creation time are the caller's to give.
aws::ApiResult<TableDefinition> read_definition(const json::Object& input);

// Members shared with UpdateTable.
aws::ApiResult<std::optional<Throughput>> read_throughput(const json::Object& input);
aws::ApiResult<std::optional<json::Object>> read_encryption(const json::Object& specification);

}  // namespace dew::dynamodb
