// Parses the text of expressions into the trees of expression.h.
//
// An error is AWS's message without its "Invalid ConditionExpression: " prefix: syntax errors
// first, then mistakes that need no placeholder's value, in AWS's order of precedence. Pure
// functions. Limits: 4 KB of text, 300 operators and functions, 100 operands of IN.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "services/dynamodb/expression.h"

namespace dew::dynamodb {

inline constexpr size_t kMaxExpressionBytes = 4096;
inline constexpr int kMaxOperators = 300;
inline constexpr size_t kMaxInOperands = 100;
inline constexpr int kMaxExpressionDepth =
    320;  // of parentheses and calls; deeper has too many operators

std::expected<ConditionExpression, std::string> parse_condition(std::string_view text);
std::expected<UpdateExpression, std::string> parse_update(std::string_view text);
std::expected<ProjectionExpression, std::string> parse_projection(std::string_view text);

}  // namespace dew::dynamodb
