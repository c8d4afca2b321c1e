// One page of a Query or Scan: the walk over a range of keys that both share.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
#pragma once

#include <optional>
#include <string_view>

#include "aws/api_error.h"
#include "services/dynamodb/engine.h"
#include "services/dynamodb/request.h"

namespace dew::dynamodb {

// A page ends with the item that brings its size to this, before any filter.
inline constexpr size_t kPageBytes = size_t{1024} * 1024;

struct PageRequest {
  const Table* table = nullptr;
  KeyRange range;
  store::Direction direction = store::Direction::kForward;
  std::optional<BoundCondition> filter;
  std::optional<BoundProjection> projection;
};

// The operation's output: Items (unless only the Count is wanted), Count, ScannedCount,
// LastEvaluatedKey, ConsumedCapacity; by Limit, Select, ConsistentRead and ReturnConsumedCapacity
// of the input.
Output read_page(Engine& engine, const json::Object& input, const PageRequest& request);

// Select against ProjectionExpression, AttributesToGet and IndexName; tables have no indexes yet.
aws::ApiResult<void> check_select(const json::Object& input);
aws::ApiResult<void> check_index(const json::Object& input);

// ExclusiveStartKey, as far as it can be read without the table; nullopt when absent.
aws::ApiResult<std::optional<Item>> read_start_key(const json::Object& input);

}  // namespace dew::dynamodb
