// Checks bound conditions as AWS does before it runs a request, and evaluates them against items.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "services/dynamodb/binding.h"
#include "services/dynamodb/expression.h"
#include "services/dynamodb/value.h"

namespace dew::dynamodb {

// Operand types and counts, distinct operands, order of BETWEEN's bounds. The error is AWS's
// message without the expression's prefix.
std::expected<void, std::string> check_condition(const Condition& condition,
                                                 const Binding& binding);

// An attribute that is missing is equal to nothing, not even to another missing one.
bool evaluate(const Condition& condition, const Binding& binding, const Item& item);

// The top-level attributes that the condition looks at; `nested` tells those with .name or [index]
// behind.
struct PathUse {
  std::string_view attribute;
  bool nested = false;
};
std::vector<PathUse> paths_of(const Condition& condition, const Binding& binding);

// contains(value, part), as the function and the legacy operators define it.
bool contains(const Value& value, const Value& part);

}  // namespace dew::dynamodb
