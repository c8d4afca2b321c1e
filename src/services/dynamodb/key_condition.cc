#include "services/dynamodb/key_condition.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/dynamodb/validation.h"

namespace dew::dynamodb {
namespace {

using Operator = KeyPredicate::Operator;

std::unexpected<aws::ApiError> invalid(std::string message) {
  return aws::fail(aws::ApiError::validation(std::move(message)));
}

std::unexpected<aws::ApiError> invalid_operator(std::string_view text) {
  return invalid(fmt::format("Invalid operator used in KeyConditionExpression: {}", text));
}

Operator operator_of(const Condition& condition, bool mirrored) {
  if (condition.kind == Condition::Kind::kBetween) return Operator::kBetween;
  if (condition.kind == Condition::Kind::kFunction) return Operator::kBeginsWith;
  switch (condition.comparator) {
    case Comparator::kLess:
      return mirrored ? Operator::kGreater : Operator::kLess;
    case Comparator::kLessOrEqual:
      return mirrored ? Operator::kGreaterOrEqual : Operator::kLessOrEqual;
    case Comparator::kGreater:
      return mirrored ? Operator::kLess : Operator::kGreater;
    case Comparator::kGreaterOrEqual:
      return mirrored ? Operator::kLessOrEqual : Operator::kGreaterOrEqual;
    default:
      return Operator::kEqual;
  }
}

// Only comparisons, BETWEEN and begins_with can find keys.
aws::ApiResult<void> check_kind(const Condition& condition) {
  switch (condition.kind) {
    case Condition::Kind::kOr:
      return invalid_operator("OR");
    case Condition::Kind::kNot:
      return invalid_operator("NOT");
    case Condition::Kind::kIn:
      return invalid_operator("IN");
    case Condition::Kind::kCompare:
      if (condition.comparator == Comparator::kNotEqual) return invalid_operator("<>");
      return {};
    case Condition::Kind::kFunction:
      if (condition.function != Function::kBeginsWith)
        return invalid_operator(name(condition.function));
      return {};
    case Condition::Kind::kAnd:
    case Condition::Kind::kBetween:
      return {};
  }
  return {};
}

aws::ApiResult<KeyPredicate> read_leaf(const Condition& condition, const Binding& binding) {
  const auto& operands = condition.operands;
  const bool first_is_path = operands[0].kind == Operand::Kind::kPath && !operands[0].size_of;
  if (condition.kind != Condition::Kind::kCompare && !first_is_path) {
    return invalid(fmt::format(
        "Invalid condition in KeyConditionExpression: {} operator must have the key attribute "
        "as its first operand",
        condition.kind == Condition::Kind::kBetween ? "BETWEEN" : "begins_with"));
  }
  KeyPredicate out;
  size_t attribute_at = 0;
  bool found = false;
  for (size_t i = 0; i < operands.size(); ++i) {
    if (operands[i].size_of)
      return invalid("KeyConditionExpressions cannot contain nested operations");
    if (operands[i].kind == Operand::Kind::kValue) {
      out.values.push_back(binding.values[operands[i].value]);
      continue;
    }
    if (found) {
      return invalid(
          "Invalid condition in KeyConditionExpression: Multiple attribute names used in one "
          "condition");
    }
    if (operands[i].path.size() > 1) {
      return invalid("KeyConditionExpressions cannot have conditions on nested attributes");
    }
    found = true;
    attribute_at = i;
    out.attribute = bind_path(operands[i].path, binding)[0].name;
  }
  if (!found)
    return invalid("Invalid condition in KeyConditionExpression: No key attribute specified");
  out.op = operator_of(condition, attribute_at != 0);
  return out;
}

aws::ApiResult<void> read_into(const Condition& condition, const Binding& binding,
                               std::vector<KeyPredicate>& out) {
  CHECK_OK(check_kind(condition));
  if (condition.kind == Condition::Kind::kAnd) {
    for (const auto& child : condition.children) CHECK_OK(read_into(child, binding, out));
    return {};
  }
  TRY(auto predicate, read_leaf(condition, binding));
  for (const auto& other : out) {
    if (other.attribute == predicate.attribute) {
      return invalid("KeyConditionExpressions must only contain one condition per key");
    }
  }
  out.push_back(std::move(predicate));
  return {};
}

aws::ApiResult<void> check_values(const KeyPredicate& predicate, const KeyAttribute& attribute) {
  for (const Value* value : predicate.values) {
    if (value->type != attribute.type) {
      return invalid(
          "One or more parameter values were invalid: Condition parameter type does not match "
          "schema type");
    }
    if (predicate.op != Operator::kBeginsWith) CHECK_OK(check_key_value(*value, attribute));
  }
  if (predicate.op == Operator::kBeginsWith && attribute.type == Type::kN) {
    return invalid(
        "One or more parameter values were invalid: ComparisonOperator BEGINS_WITH is not valid "
        "for N AttributeValue "
        "type");
  }
  return {};
}

}  // namespace

aws::ApiResult<std::vector<KeyPredicate>> read_key_condition(const Condition& condition,
                                                             const Binding& binding) {
  std::vector<KeyPredicate> out;
  CHECK_OK(read_into(condition, binding, out));
  return out;
}

aws::ApiResult<KeyQuery> check_key_condition(const std::vector<KeyPredicate>& predicates,
                                             const KeySchema& schema) {
  if (predicates.empty() || predicates.size() > 2)
    return invalid("Conditions can be of length 1 or 2 only");
  const auto find = [&](const KeyAttribute& attribute) {
    const auto it = std::find_if(predicates.begin(), predicates.end(), [&](const KeyPredicate& p) {
      return p.attribute == attribute.name;
    });
    return it == predicates.end() ? nullptr : &*it;
  };
  const auto missed = [](const KeyAttribute& attribute) {
    return invalid(fmt::format("Query condition missed key schema element: {}", attribute.name));
  };
  const auto check = [](const KeyPredicate& predicate,
                        const KeyAttribute& attribute) -> aws::ApiResult<void> {
    if (predicate.op == Operator::kNotIndexable) {
      return invalid("Attempted conditional constraint is not an indexable operation");
    }
    return check_values(predicate, attribute);
  };

  if (!schema.sort && predicates.size() > 1) return invalid("Query key condition not supported");
  const KeyPredicate* partition = find(schema.partition);
  if (partition == nullptr) return missed(schema.partition);
  CHECK_OK(check(*partition, schema.partition));
  if (partition->op != Operator::kEqual) return invalid("Query key condition not supported");
  KeyQuery out;
  out.partition = partition->values[0];
  if (!schema.sort || predicates.size() == 1) return out;
  const KeyPredicate* sort = find(*schema.sort);
  if (sort == nullptr) return missed(*schema.sort);
  CHECK_OK(check(*sort, *schema.sort));
  if (sort->op == Operator::kBetween && compare(*sort->values[0], *sort->values[1]) > 0) {
    return invalid(
        "The BETWEEN condition was provided a range where the lower bound is greater than the "
        "upper bound");
  }
  out.sort = *sort;
  return out;
}

KeyRange range_of(TableNumber table, const KeyQuery& query) {
  const std::string prefix = partition_prefix(table, *query.partition);
  KeyRange all{prefix, prefix_end(prefix)};
  if (!query.sort) return all;
  const auto key = [&](size_t i) {
    std::string out = prefix;
    append_key_attribute(out, *query.sort->values[i]);
    return out;
  };
  switch (query.sort->op) {
    case Operator::kEqual:
      return {key(0), prefix_end(key(0))};
    case Operator::kLess:
      return {prefix, key(0)};
    case Operator::kLessOrEqual:
      return {prefix, prefix_end(key(0))};
    case Operator::kGreater:
      return {prefix_end(key(0)), all.end};
    case Operator::kGreaterOrEqual:
      return {key(0), all.end};
    case Operator::kBetween:
      return {key(0), prefix_end(key(1))};
    case Operator::kBeginsWith: {
      std::string begin = prefix;
      append_key_beginning(begin, query.sort->values[0]->text());
      return {begin, prefix_end(begin)};
    }
    case Operator::kNotIndexable:
      break;
  }
  return all;
}

}  // namespace dew::dynamodb
