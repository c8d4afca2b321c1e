// Checks of keys and items against a table's key schema, and how a request names its table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "json/json.h"
#include "services/dynamodb/condition.h"
#include "services/dynamodb/table_definition.h"
#include "services/dynamodb/value.h"

namespace dew::dynamodb {

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
inline constexpr size_t kMaxPartitionKeyBytes = 2048;
inline constexpr size_t kMaxSortKeyBytes = 1024;
inline constexpr size_t kMaxItemBytes = size_t{400} * 1024;

// TableName: a name, or a table's ARN.
std::string_view table_name(const json::Object& input, std::string_view member = "TableName");
std::string_view table_name_of_arn(std::string_view name_or_arn);

// A key attribute's value is not empty. (Its type is checked by the others.)
aws::ApiResult<void> check_key_value(const Value& value, const KeyAttribute& attribute);

// The attributes of a primary key, as values that point into the item or key they were found in.
struct KeyValues {
  const Value* partition = nullptr;
  const Value* sort = nullptr;  // null when the table has none
};
// A Key: exactly the key attributes, of the right types and sizes.
aws::ApiResult<KeyValues> check_key(const Item& key, const KeySchema& schema);
// An Item: the key attributes among others.
aws::ApiResult<KeyValues> check_item_key(const Item& item, const KeySchema& schema);

// Key attributes are scalars: no expression may look inside them.
aws::ApiResult<void> check_nested_keys(const std::vector<PathUse>& uses, const KeySchema& schema);
std::vector<PathUse> paths_of(const std::vector<Steps>& paths);

bool is_key_attribute(std::string_view name, const KeySchema& schema);

// The key attributes of an item, as LastEvaluatedKey shows them.
Item key_of(const Item& item, const KeySchema& schema);

// read_item, with the error as a client sees it.
aws::ApiResult<Item> read_checked(const json::Object& wire, std::string_view prefix = "");

}  // namespace dew::dynamodb
