// Applies a ProjectionExpression, or the paths that an update touched, to an item.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html
#pragma once

#include <vector>

#include "services/dynamodb/binding.h"
#include "services/dynamodb/value.h"

namespace dew::dynamodb {

// The item reduced to what the paths lead to: maps keep the chosen names, lists the chosen
// elements, closed up in their order. Paths that lead nowhere add nothing. The paths do not overlap
// (check_overlaps).
Item project(const std::vector<Steps>& paths, const Item& item);

}  // namespace dew::dynamodb
