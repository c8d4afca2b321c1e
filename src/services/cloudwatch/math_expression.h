// Metric math: the expressions of GetMetricData and of alarms, as trees.
// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
//
//   or      := and (("OR" | "||") and)*
//   and     := compare (("AND" | "&&") compare)*
//   compare := sum (("==" | "!=" | "<=" | ">=" | "<" | ">") sum)*
//   sum     := product (("+" | "-") product)*
//   product := unary (("*" | "/") unary)*
//   unary   := "-" unary | power
//   power   := atom ("^" unary)?
//   atom    := number | id | FUNCTION "(" (or ("," or)*)? ")" | "[" or ("," or)* "]" | string | "("
//   or ")"
//
// Ids begin with a small letter, functions with a capital one. Limits: kMaxExpressionBytes,
// kMaxDepth.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace dew::cloudwatch {

inline constexpr size_t kMaxExpressionBytes = 2048;
inline constexpr int kMaxExpressionDepth = 50;

struct Expression {
  enum class Kind { kNumber, kString, kId, kFunction, kNegate, kOperator, kArray };
  Kind kind = Kind::kNumber;
  double number = 0;
  std::string text;  // the id, the function, the operator, the string
  std::vector<Expression> parts;

  // The message says what is wrong, and where.
  static Result<Expression> parse(std::string_view text);
  // With all its parentheses: parses to the same tree.
  std::string to_text() const;
  // Of every metric or expression that it names.
  void ids(std::vector<std::string>& out) const;
  bool calls(std::string_view function) const;
};

}  // namespace dew::cloudwatch
