#include "services/dynamodb/expression.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace dew::dynamodb {
namespace {

std::string print(const Path& path, const Symbols& symbols) {
  std::string out;
  for (const auto& element : path) {
    switch (element.kind) {
      case PathElement::Kind::kIndex:
        out += fmt::format("[{}]", element.index);
        break;
      case PathElement::Kind::kName:
        if (!out.empty()) out += '.';
        out += element.name;
        break;
      case PathElement::Kind::kPlaceholder:
        if (!out.empty()) out += '.';
        out += symbols.names[element.index];
        break;
    }
  }
  return out;
}

std::string print(const Operand& operand, const Symbols& symbols) {
  const std::string inner = operand.kind == Operand::Kind::kPath ? print(operand.path, symbols)
                                                                 : symbols.values[operand.value];
  return operand.size_of ? fmt::format("size({})", inner) : inner;
}

std::string print_list(const std::vector<Operand>& operands, size_t first, const Symbols& symbols) {
  std::string out;
  for (size_t i = first; i < operands.size(); ++i) {
    if (i > first) out += ", ";
    out += print(operands[i], symbols);
  }
  return out;
}

bool is_logical(const Condition& condition) {
  return condition.kind == Condition::Kind::kAnd || condition.kind == Condition::Kind::kOr;
}

std::string print(const Condition& condition, const Symbols& symbols) {
  const auto operand = [&](size_t i) { return print(condition.operands[i], symbols); };
  switch (condition.kind) {
    case Condition::Kind::kAnd:
    case Condition::Kind::kOr: {
      std::string out;
      for (const auto& child : condition.children) {
        if (!out.empty()) out += condition.kind == Condition::Kind::kAnd ? " AND " : " OR ";
        // An AND inside an OR needs no parentheses; everything else logical does, to stay a child.
        const bool bare = !is_logical(child) || (condition.kind == Condition::Kind::kOr &&
                                                 child.kind == Condition::Kind::kAnd);
        out += bare ? print(child, symbols) : fmt::format("({})", print(child, symbols));
      }
      return out;
    }
    case Condition::Kind::kNot: {
      const auto& child = condition.children[0];
      const bool bare = !is_logical(child) && child.kind != Condition::Kind::kNot;
      return bare ? fmt::format("NOT {}", print(child, symbols))
                  : fmt::format("NOT ({})", print(child, symbols));
    }
    case Condition::Kind::kCompare:
      return fmt::format("{} {} {}", operand(0), symbol(condition.comparator), operand(1));
    case Condition::Kind::kBetween:
      return fmt::format("{} BETWEEN {} AND {}", operand(0), operand(1), operand(2));
    case Condition::Kind::kIn:
      return fmt::format("{} IN ({})", operand(0), print_list(condition.operands, 1, symbols));
    case Condition::Kind::kFunction:
      return fmt::format("{}({})", name(condition.function),
                         print_list(condition.operands, 0, symbols));
  }
  return {};
}

std::string print(const UpdateOperand& operand, const Symbols& symbols) {
  switch (operand.kind) {
    case UpdateOperand::Kind::kPath:
      return print(operand.path, symbols);
    case UpdateOperand::Kind::kValue:
      return symbols.values[operand.value];
    case UpdateOperand::Kind::kIfNotExists:
      return fmt::format("if_not_exists({}, {})", print(operand.path, symbols),
                         print(operand.arguments[0], symbols));
    case UpdateOperand::Kind::kListAppend:
      return fmt::format("list_append({}, {})", print(operand.arguments[0], symbols),
                         print(operand.arguments[1], symbols));
  }
  return {};
}

std::string print(const UpdateAction& action, const Symbols& symbols) {
  std::string path = print(action.path, symbols);
  switch (action.kind) {
    case UpdateAction::Kind::kRemove:
      return path;
    case UpdateAction::Kind::kAdd:
    case UpdateAction::Kind::kDelete:
      return fmt::format("{} {}", path, symbols.values[action.value]);
    case UpdateAction::Kind::kSet:
      break;
  }
  std::string out = fmt::format("{} = {}", path, print(action.operands[0], symbols));
  if (action.arithmetic != UpdateAction::Arithmetic::kNone) {
    out += action.arithmetic == UpdateAction::Arithmetic::kPlus ? " + " : " - ";
    out += print(action.operands[1], symbols);
  }
  return out;
}

}  // namespace

std::string_view symbol(Comparator comparator) {
  constexpr std::array<std::string_view, 6> kSymbols = {"=", "<>", "<", "<=", ">", ">="};
  return kSymbols[static_cast<size_t>(comparator)];
}

std::string_view name(Function function) {
  constexpr std::array<std::string_view, 5> kNames = {"attribute_exists", "attribute_not_exists",
                                                      "attribute_type", "begins_with", "contains"};
  return kNames[static_cast<size_t>(function)];
}

size_t operand_count(Function function) {
  return function == Function::kAttributeExists || function == Function::kAttributeNotExists ? 1
                                                                                             : 2;
}

std::string to_string(const ConditionExpression& expression) {
  return print(expression.root, expression.symbols);
}

std::string to_string(const UpdateExpression& expression) {
  constexpr std::array<std::string_view, 4> kSections = {"SET", "REMOVE", "ADD", "DELETE"};
  std::string out;
  for (size_t i = 0; i < expression.actions.size(); ++i) {
    const auto& action = expression.actions[i];
    if (i > 0 && expression.actions[i - 1].kind == action.kind) {
      out += ", ";
    } else {
      if (i > 0) out += ' ';
      out += kSections[static_cast<size_t>(action.kind)];
      out += ' ';
    }
    out += print(action, expression.symbols);
  }
  return out;
}

std::string to_string(const ProjectionExpression& expression) {
  std::string out;
  for (const auto& path : expression.paths) {
    if (!out.empty()) out += ", ";
    out += print(path, expression.symbols);
  }
  return out;
}

}  // namespace dew::dynamodb
