#include "services/dynamodb/condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace dew::dynamodb {
namespace {

using Check = std::expected<void, std::string>;

bool is_ordered(Type type) { return type == Type::kS || type == Type::kN || type == Type::kB; }

// The type of an operand that is known without an item.
std::optional<Type> known_type(const Operand& operand, const Binding& binding) {
  if (operand.size_of) return Type::kN;
  if (operand.kind == Operand::Kind::kValue) return binding.values[operand.value]->type;
  return std::nullopt;
}

const Value* constant(const Operand& operand, const Binding& binding) {
  return operand.kind == Operand::Kind::kValue && !operand.size_of ? binding.values[operand.value]
                                                                   : nullptr;
}

bool is_path(const Operand& operand) {
  return operand.kind == Operand::Kind::kPath && !operand.size_of;
}

std::unexpected<std::string> wrong_type(std::string_view what, std::string_view operation,
                                        Type type) {
  return std::unexpected(
      fmt::format("Incorrect operand type for operator or function; {}: {}, operand type: {}", what,
                  operation, type_name(type)));
}

Check check_distinct(std::string_view operation, const Condition& condition,
                     const Binding& binding) {
  const Operand& first = condition.operands[0];
  if (!is_path(first)) return {};
  const Steps path = bind_path(first.path, binding);
  for (size_t i = 1; i < condition.operands.size(); ++i) {
    const Operand& other = condition.operands[i];
    if (is_path(other) && bind_path(other.path, binding) == path) {
      return std::unexpected(fmt::format(
          "The first operand must be distinct from the remaining operands for this operator or "
          "function; operator: {}, first operand: {}",
          operation, to_string(path)));
    }
  }
  return {};
}

Check check_between(const Condition& condition, const Binding& binding) {
  for (const auto& operand : condition.operands) {
    const auto type = known_type(operand, binding);
    if (type && !is_ordered(*type)) return wrong_type("operator", "BETWEEN", *type);
  }
  const Value* lower = constant(condition.operands[1], binding);
  const Value* upper = constant(condition.operands[2], binding);
  if (lower == nullptr || upper == nullptr) return {};
  std::string_view problem;
  if (lower->type != upper->type) {
    problem = "requires same data type for lower and upper bounds";
  } else if (compare(*lower, *upper) > 0) {
    problem = "requires upper bound to be greater than or equal to lower bound";
  } else {
    return {};
  }
  return std::unexpected(fmt::format(
      "The BETWEEN operator {}; lower bound operand: AttributeValue: {}, upper bound operand: "
      "AttributeValue: {}",
      problem, debug_string(*lower), debug_string(*upper)));
}

Check check_function(const Condition& condition, const Binding& binding) {
  const auto function = name(condition.function);
  const auto& operands = condition.operands;
  switch (condition.function) {
    case Function::kAttributeExists:
    case Function::kAttributeNotExists:
      if (!is_path(operands[0])) {
        return std::unexpected(fmt::format(
            "Operator or function requires a document path; operator or function: {}", function));
      }
      return {};
    case Function::kBeginsWith:
      for (const auto& operand : operands) {
        const auto type = known_type(operand, binding);
        if (type && *type != Type::kS && *type != Type::kB)
          return wrong_type("operator or function", function, *type);
      }
      return {};
    case Function::kAttributeType: {
      const auto type = known_type(operands[1], binding);
      if (!type) {
        return std::unexpected(
            fmt::format("Incorrect operand type for operator or function; operator or function: "
                        "{}, operand type: "
                        "{{NS,SS,L,BS,N,M,B,BOOL,NULL,S}}",
                        function));
      }
      if (*type != Type::kS) return wrong_type("operator or function", function, *type);
      const Value* wanted = constant(operands[1], binding);
      Type ignored{};
      if (!type_from_name(wanted->text(), ignored)) {
        return std::unexpected(
            fmt::format("Invalid attribute type name found; type: {}, valid types: "
                        "{{B,NULL,SS,BOOL,L,BS,N,NS,S,M}}",
                        wanted->text()));
      }
      return {};
    }
    case Function::kContains:
      return {};
  }
  return {};
}

Check check_sizes(const Condition& condition, const Binding& binding) {
  for (const auto& operand : condition.operands) {
    if (!operand.size_of || operand.kind != Operand::Kind::kValue) continue;
    const Type type = binding.values[operand.value]->type;
    if (type == Type::kN || type == Type::kBool || type == Type::kNull) {
      return wrong_type("operator or function", "size", type);
    }
  }
  return {};
}

Check check_leaf(const Condition& condition, const Binding& binding) {
  if (!condition.late_error.empty()) return std::unexpected(condition.late_error);
  CHECK_OK(check_sizes(condition, binding));
  switch (condition.kind) {
    case Condition::Kind::kCompare: {
      const auto operation = symbol(condition.comparator);
      CHECK_OK(check_distinct(operation, condition, binding));
      if (condition.comparator == Comparator::kEqual ||
          condition.comparator == Comparator::kNotEqual)
        return {};
      for (const auto& operand : condition.operands) {
        const auto type = known_type(operand, binding);
        if (type && !is_ordered(*type)) return wrong_type("operator", operation, *type);
      }
      return {};
    }
    case Condition::Kind::kBetween:
      return check_between(condition, binding);
    case Condition::Kind::kIn:
      return check_distinct("IN", condition, binding);
    case Condition::Kind::kFunction:
      if (condition.operands.size() == 2)
        CHECK_OK(check_distinct(name(condition.function), condition, binding));
      return check_function(condition, binding);
    case Condition::Kind::kAnd:
    case Condition::Kind::kOr:
    case Condition::Kind::kNot:
      break;
  }
  return {};
}

// size(): bytes of S (UTF-8) and B, members of sets, lists and maps; other types have none.
std::optional<size_t> size_of(const Value& value) {
  switch (value.type) {
    case Type::kS:
    case Type::kB:
      return value.text().size();
    case Type::kSS:
    case Type::kNS:
    case Type::kBS:
      return value.set().size();
    case Type::kL:
      return value.list().size();
    case Type::kM:
      return value.map().size();
    case Type::kN:
    case Type::kNull:
    case Type::kBool:
      return std::nullopt;
  }
  return std::nullopt;
}

// The value of an operand; `scratch` holds a computed one.
const Value* value_of(const Operand& operand, const Binding& binding, const Item& item,
                      Value& scratch) {
  const Value* value = operand.kind == Operand::Kind::kValue ? binding.values[operand.value]
                                                             : resolve(operand.path, binding, item);
  if (value == nullptr || !operand.size_of) return value;
  const auto size = size_of(*value);
  if (!size) return nullptr;
  scratch = {Type::kN, std::to_string(*size)};
  return &scratch;
}

bool equal(const Value* a, const Value* b) { return a != nullptr && b != nullptr && *a == *b; }

std::optional<std::strong_ordering> order(const Value* a, const Value* b) {
  if (a == nullptr || b == nullptr || a->type != b->type || !is_ordered(a->type))
    return std::nullopt;
  return compare(*a, *b);
}

bool compare_with(Comparator comparator, const Value* a, const Value* b) {
  if (comparator == Comparator::kEqual) return equal(a, b);
  if (comparator == Comparator::kNotEqual) return !equal(a, b);
  const auto ordering = order(a, b);
  if (!ordering) return false;
  switch (comparator) {
    case Comparator::kLess:
      return *ordering < 0;
    case Comparator::kLessOrEqual:
      return *ordering <= 0;
    case Comparator::kGreater:
      return *ordering > 0;
    default:
      return *ordering >= 0;
  }
}

bool evaluate_function(Function function, const Value* first, const Value* second) {
  switch (function) {
    case Function::kAttributeExists:
      return first != nullptr;
    case Function::kAttributeNotExists:
      return first == nullptr;
    case Function::kAttributeType:
      return first != nullptr && second != nullptr && second->type == Type::kS &&
             type_name(first->type) == second->text();
    case Function::kBeginsWith:
      return first != nullptr && second != nullptr && first->type == second->type &&
             (first->type == Type::kS || first->type == Type::kB) &&
             first->text().starts_with(second->text());
    case Function::kContains:
      return first != nullptr && second != nullptr && contains(*first, *second);
  }
  return false;
}

}  // namespace

std::expected<void, std::string> check_condition(const Condition& condition,
                                                 const Binding& binding) {
  for (const auto& child : condition.children) CHECK_OK(check_condition(child, binding));
  return check_leaf(condition, binding);
}

bool contains(const Value& value, const Value& part) {
  if (value.type == Type::kL) {
    return std::find(value.list().begin(), value.list().end(), part) != value.list().end();
  }
  if ((value.type == Type::kS || value.type == Type::kB) && part.type == value.type) {
    return value.text().find(part.text()) != std::string::npos;
  }
  const bool member = (value.type == Type::kSS && part.type == Type::kS) ||
                      (value.type == Type::kNS && part.type == Type::kN) ||
                      (value.type == Type::kBS && part.type == Type::kB);
  return member &&
         std::find(value.set().begin(), value.set().end(), part.text()) != value.set().end();
}

bool evaluate(const Condition& condition, const Binding& binding, const Item& item) {
  const auto holds = [&](const Condition& child) { return evaluate(child, binding, item); };
  const auto& operands = condition.operands;
  Value scratch_a;
  Value scratch_b;
  switch (condition.kind) {
    case Condition::Kind::kAnd:
      return std::all_of(condition.children.begin(), condition.children.end(), holds);
    case Condition::Kind::kOr:
      return std::any_of(condition.children.begin(), condition.children.end(), holds);
    case Condition::Kind::kNot:
      return !holds(condition.children[0]);
    case Condition::Kind::kCompare:
      return compare_with(condition.comparator, value_of(operands[0], binding, item, scratch_a),
                          value_of(operands[1], binding, item, scratch_b));
    case Condition::Kind::kBetween: {
      const Value* value = value_of(operands[0], binding, item, scratch_a);
      return compare_with(Comparator::kGreaterOrEqual, value,
                          value_of(operands[1], binding, item, scratch_b)) &&
             compare_with(Comparator::kLessOrEqual, value,
                          value_of(operands[2], binding, item, scratch_b));
    }
    case Condition::Kind::kIn: {
      const Value* value = value_of(operands[0], binding, item, scratch_a);
      return std::any_of(operands.begin() + 1, operands.end(), [&](const Operand& candidate) {
        return equal(value, value_of(candidate, binding, item, scratch_b));
      });
    }
    case Condition::Kind::kFunction:
      return evaluate_function(
          condition.function, value_of(operands[0], binding, item, scratch_a),
          operands.size() > 1 ? value_of(operands[1], binding, item, scratch_b) : nullptr);
  }
  return false;
}

std::vector<PathUse> paths_of(const Condition& condition, const Binding& binding) {
  std::vector<PathUse> out;
  for (const auto& operand : condition.operands) {
    if (operand.kind != Operand::Kind::kPath) continue;
    const auto& head = operand.path[0];
    const std::string_view attribute = head.kind == PathElement::Kind::kPlaceholder
                                           ? binding.names[head.index]
                                           : std::string_view(head.name);
    out.push_back({attribute, operand.path.size() > 1});
  }
  for (const auto& child : condition.children) {
    for (const auto& use : paths_of(child, binding)) out.push_back(use);
  }
  return out;
}

}  // namespace dew::dynamodb
