// Query's key conditions, from a KeyConditionExpression or the legacy KeyConditions: one partition,
// and perhaps a range of sort keys in it.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "services/dynamodb/binding.h"
#include "services/dynamodb/expression.h"
#include "services/dynamodb/key_codec.h"
#include "services/dynamodb/tables.h"
#include "services/dynamodb/value.h"

namespace dew::dynamodb {

struct KeyPredicate {
  enum class Operator : uint8_t {
    kEqual,
    kLess,
    kLessOrEqual,
    kGreater,
    kGreaterOrEqual,
    kBeginsWith,
    kBetween,
    kNotIndexable,  // legal elsewhere, but of no use to find a key
  };
  std::string attribute;
  Operator op = Operator::kEqual;
  std::vector<const Value*> values;  // 2 for kBetween, else 1
};

struct KeyQuery {
  const Value* partition = nullptr;
  std::optional<KeyPredicate> sort;
};

aws::ApiResult<std::vector<KeyPredicate>> read_key_condition(const Condition& condition,
                                                             const Binding& binding);

// Matches the predicates with the table's key.
aws::ApiResult<KeyQuery> check_key_condition(const std::vector<KeyPredicate>& predicates,
                                             const KeySchema& schema);

KeyRange range_of(TableNumber table, const KeyQuery& query);

}  // namespace dew::dynamodb
