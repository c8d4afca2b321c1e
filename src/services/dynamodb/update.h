// Checks bound UpdateExpressions, and applies them to an item.
//
// All values on the right-hand sides are those of the item before the update, and so are all list
// indexes: SET of an index past the end appends, REMOVE of several elements removes the ones that
// were meant.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "aws/api_error.h"
#include "services/dynamodb/binding.h"
#include "services/dynamodb/expression.h"
#include "services/dynamodb/value.h"

namespace dew::dynamodb {

// The legacy AttributeUpdates are translated to an UpdateExpression; they word one error
// differently, and their ADD also appends to lists.
enum class UpdateStyle { kExpression, kLegacy };

struct BoundUpdate {
  const UpdateExpression* expression = nullptr;
  Binding binding;
  std::vector<Steps> paths;  // by expression->actions
  UpdateStyle style = UpdateStyle::kExpression;
};

// Overlapping paths, operand types. The error is AWS's message without the expression's prefix.
std::expected<BoundUpdate, std::string> bind_update(const UpdateExpression& expression,
                                                    Binding binding);

// Changes the item. Returns what ReturnValues UPDATED_NEW shows: the parts that were set, with
// their new values. After an error the item is in no useful state.
aws::ApiResult<Item> apply_update(const BoundUpdate& update, Item& item);

}  // namespace dew::dynamodb
