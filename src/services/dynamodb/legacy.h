// The parameters that expressions have replaced, translated into the same forms: Expected,
// ScanFilter, QueryFilter, KeyConditions, AttributeUpdates, AttributesToGet, ConditionalOperator.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "services/dynamodb/key_condition.h"
#include "services/dynamodb/request.h"

namespace dew::dynamodb {

// nullopt when the request has no such parameter (or an empty one).
aws::ApiResult<std::optional<BoundCondition>> read_expected(const json::Object& input);
aws::ApiResult<std::optional<BoundCondition>> read_filter(const json::Object& input,
                                                          std::string_view member);
aws::ApiResult<std::optional<BoundUpdateExpression>> read_attribute_updates(
    const json::Object& input);
aws::ApiResult<std::optional<BoundProjection>> read_attributes_to_get(const json::Object& input);
aws::ApiResult<std::vector<KeyPredicate>> read_key_conditions(const json::Object& conditions,
                                                              OwnedValues& owned);

}  // namespace dew::dynamodb
