#include "services/dynamodb/legacy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "services/dynamodb/wire.h"

namespace dew::dynamodb {
namespace {

constexpr std::string_view kInvalid = "One or more parameter values were invalid: ";
constexpr size_t kAnyCount = 0;  // of IN: one or more

std::unexpected<aws::ApiError> invalid(std::string message) {
  return aws::fail(aws::ApiError::validation(std::move(message)));
}

// A ComparisonOperator: how many values it takes, and of which types.
struct LegacyOperator {
  std::string_view name;
  size_t values;
  std::string_view types;  // space-separated, empty for any
};
constexpr std::array<LegacyOperator, 13> kOperators = {{{"EQ", 1, ""},
                                                        {"NE", 1, ""},
                                                        {"LE", 1, " S N B "},
                                                        {"LT", 1, " S N B "},
                                                        {"GE", 1, " S N B "},
                                                        {"GT", 1, " S N B "},
                                                        {"NOT_NULL", kAnyCount, ""},
                                                        {"NULL", kAnyCount, ""},
                                                        {"CONTAINS", 1, " S N B "},
                                                        {"NOT_CONTAINS", 1, " S N B "},
                                                        {"BEGINS_WITH", 1, " S B "},
                                                        {"IN", kAnyCount, " S N B "},
                                                        {"BETWEEN", 2, " S N B "}}};

aws::ApiResult<const LegacyOperator*> find_operator(std::string_view name) {
  const auto* it = std::find_if(kOperators.begin(), kOperators.end(),
                                [&](const LegacyOperator& op) { return op.name == name; });
  if (it == kOperators.end())
    return invalid(fmt::format("{}Unknown ComparisonOperator {}", kInvalid, name));
  return it;
}

bool takes_nothing(const LegacyOperator& op) { return op.name == "NULL" || op.name == "NOT_NULL"; }

aws::ApiResult<void> check_operator(const LegacyOperator& op, const std::vector<Value>& values) {
  const bool count_ok = takes_nothing(op)        ? values.empty()
                        : op.values == kAnyCount ? !values.empty()
                                                 : values.size() == op.values;
  if (!count_ok) {
    return invalid(fmt::format("{}Invalid number of argument(s) for the {} ComparisonOperator",
                               kInvalid, op.name));
  }
  for (const auto& value : values) {
    if (value.type != values[0].type) {
      return invalid(fmt::format("{}AttributeValues inside AttributeValueList must be of same type",
                                 kInvalid));
    }
  }
  for (const auto& value : values) {
    if (!op.types.empty() && !op.types.contains(fmt::format(" {} ", type_name(value.type)))) {
      return invalid(fmt::format("{}ComparisonOperator {} is not valid for {} AttributeValue type",
                                 kInvalid, op.name, type_name(value.type)));
    }
  }
  if (op.name == "BETWEEN" && compare(values[0], values[1]) > 0) {
    return invalid(
        "The BETWEEN condition was provided a range where the lower bound is greater than the "
        "upper bound");
  }
  return {};
}

aws::ApiResult<Value> read(const json::Value& wire) {
  auto value = read_value(wire);
  if (!value) return invalid(value.error());
  return *std::move(value);
}

aws::ApiResult<std::vector<Value>> read_list(const json::Object& condition) {
  std::vector<Value> out;
  if (const auto* list = json::array_at(condition, "AttributeValueList")) {
    for (const auto& element : *list) {
      TRY(auto value, read(element));
      out.push_back(std::move(value));
    }
  }
  return out;
}

// Builds the tree that an expression with the same meaning would have.
class Translation {
 public:
  Translation() : owned_(std::make_shared<std::deque<Value>>()) {}

  void add(std::string_view attribute, std::string_view op, std::vector<Value> values) {
    Condition condition;
    condition.operands.push_back(path(attribute));
    for (auto& value : values) condition.operands.push_back(own(std::move(value)));
    if (const auto comparator = comparator_of(op)) {
      condition.kind = Condition::Kind::kCompare;
      condition.comparator = *comparator;
    } else if (op == "BETWEEN") {
      condition.kind = Condition::Kind::kBetween;
    } else if (op == "IN") {
      condition.kind = Condition::Kind::kIn;
    } else {
      condition.kind = Condition::Kind::kFunction;
      condition.function = function_of(op);
    }
    if (op == "NOT_CONTAINS") condition = present_and_not(attribute, std::move(condition));
    conditions_.push_back(std::move(condition));
  }

  std::optional<BoundCondition> finish(std::string_view conditional_operator) && {
    if (conditions_.empty()) return std::nullopt;
    auto expression = std::make_shared<ConditionExpression>();
    if (conditions_.size() == 1) {
      expression->root = std::move(conditions_[0]);
    } else {
      expression->root.kind =
          conditional_operator == "OR" ? Condition::Kind::kOr : Condition::Kind::kAnd;
      expression->root.children = std::move(conditions_);
    }
    return BoundCondition{std::move(expression), std::move(binding_), std::move(owned_)};
  }

 private:
  static Operand path(std::string_view attribute) {
    Operand operand;
    operand.path.push_back({PathElement::Kind::kName, 0, std::string(attribute)});
    return operand;
  }

  Operand own(Value value) {
    Operand operand;
    operand.kind = Operand::Kind::kValue;
    operand.value = static_cast<uint32_t>(binding_.values.size());
    binding_.values.push_back(&owned_->emplace_back(std::move(value)));
    return operand;
  }

  static std::optional<Comparator> comparator_of(std::string_view op) {
    constexpr std::array<std::pair<std::string_view, Comparator>, 6> kComparators = {
        {{"EQ", Comparator::kEqual},
         {"NE", Comparator::kNotEqual},
         {"LT", Comparator::kLess},
         {"LE", Comparator::kLessOrEqual},
         {"GT", Comparator::kGreater},
         {"GE", Comparator::kGreaterOrEqual}}};
    for (const auto& [name, comparator] : kComparators) {
      if (name == op) return comparator;
    }
    return std::nullopt;
  }

  static Function function_of(std::string_view op) {
    if (op == "NULL") return Function::kAttributeNotExists;
    if (op == "NOT_NULL") return Function::kAttributeExists;
    return op == "BEGINS_WITH" ? Function::kBeginsWith : Function::kContains;
  }

  // NOT_CONTAINS is false of an attribute that is not there.
  static Condition present_and_not(std::string_view attribute, Condition condition) {
    Condition negated;
    negated.kind = Condition::Kind::kNot;
    negated.children.push_back(std::move(condition));
    Condition exists;
    exists.kind = Condition::Kind::kFunction;
    exists.function = Function::kAttributeExists;
    exists.operands.push_back(path(attribute));
    Condition both;
    both.kind = Condition::Kind::kAnd;
    both.children.push_back(std::move(exists));
    both.children.push_back(std::move(negated));
    return both;
  }

  OwnedValues owned_;
  Binding binding_;
  std::vector<Condition> conditions_;
};

// One entry of Expected.
aws::ApiResult<void> translate_expected(Translation& out, std::string_view attribute,
                                        const json::Object& condition) {
  const bool has_list = condition.contains("AttributeValueList");
  const auto* value = json::find(condition, "Value");
  const auto exists = json::bool_at(condition, "Exists");
  if (has_list && value != nullptr) {
    return invalid(
        fmt::format("{}Value and AttributeValueList cannot be used together for Attribute: {}",
                    kInvalid, attribute));
  }
  if (const auto name = json::string_at(condition, "ComparisonOperator")) {
    if (exists) {
      return invalid(
          fmt::format("{}Exists and ComparisonOperator cannot be used together for Attribute: {}",
                      kInvalid, attribute));
    }
    TRY(const auto* op, find_operator(*name));
    if (!takes_nothing(*op) && !has_list && value == nullptr) {
      return invalid(
          fmt::format("{}Value or AttributeValueList must be used with ComparisonOperator: {} for "
                      "Attribute: {}",
                      kInvalid, op->name, attribute));
    }
    TRY(auto values, read_list(condition));
    if (value != nullptr) {
      TRY(auto single, read(*value));
      values.push_back(std::move(single));
    }
    CHECK_OK(check_operator(*op, values));
    out.add(attribute, op->name, std::move(values));
    return {};
  }
  if (has_list) {
    return invalid(fmt::format(
        "{}AttributeValueList can only be used with a ComparisonOperator for Attribute: {}",
        kInvalid, attribute));
  }
  if (exists.value_or(true)) {
    if (value == nullptr) {
      return invalid(fmt::format("{}Value must be provided when Exists is {} for Attribute: {}",
                                 kInvalid, exists ? "true" : "null", attribute));
    }
    TRY(auto wanted, read(*value));
    std::vector<Value> values;
    values.push_back(std::move(wanted));
    out.add(attribute, "EQ", std::move(values));
    return {};
  }
  if (value != nullptr) {
    return invalid(fmt::format("{}Value cannot be used when Exists is false for Attribute: {}",
                               kInvalid, attribute));
  }
  out.add(attribute, "NULL", {});
  return {};
}

aws::ApiResult<const json::Object*> as_object(std::string_view member, const json::Value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return invalid(fmt::format("{}{} has the wrong form", kInvalid, member));
  return object;
}

KeyPredicate::Operator key_operator(std::string_view op) {
  using Operator = KeyPredicate::Operator;
  constexpr std::array<std::pair<std::string_view, Operator>, 7> kIndexable = {
      {{"EQ", Operator::kEqual},
       {"LT", Operator::kLess},
       {"LE", Operator::kLessOrEqual},
       {"GT", Operator::kGreater},
       {"GE", Operator::kGreaterOrEqual},
       {"BEGINS_WITH", Operator::kBeginsWith},
       {"BETWEEN", Operator::kBetween}}};
  for (const auto& [name, found] : kIndexable) {
    if (name == op) return found;
  }
  return Operator::kNotIndexable;
}

aws::ApiResult<UpdateAction::Kind> update_kind(std::string_view action,
                                               const std::optional<Value>& value) {
  if (!value && action != "DELETE") {
    return invalid(fmt::format(
        "{}Only DELETE action is allowed when no attribute value is specified", kInvalid));
  }
  if (action == "PUT") return UpdateAction::Kind::kSet;
  if (action == "DELETE") {
    if (!value) return UpdateAction::Kind::kRemove;
    if (!is_set(value->type)) {
      return invalid(fmt::format("{}DELETE action with value is not supported for the type {}",
                                 kInvalid, type_name(value->type)));
    }
    return UpdateAction::Kind::kDelete;
  }
  if (action != "ADD")
    return invalid(fmt::format("{}Unknown action {} of AttributeUpdates", kInvalid, action));
  if (!is_set(value->type) && value->type != Type::kN && value->type != Type::kL) {
    return invalid(fmt::format("{}ADD action is not supported for the type {}", kInvalid,
                               type_name(value->type)));
  }
  return UpdateAction::Kind::kAdd;
}

}  // namespace

aws::ApiResult<std::optional<BoundCondition>> read_expected(const json::Object& input) {
  const auto* expected = json::object_at(input, "Expected");
  if (expected == nullptr) return std::nullopt;
  Translation translation;
  for (const auto& entry : *expected) {
    TRY(const auto* condition, as_object("Expected", entry.value()));
    CHECK_OK(translate_expected(translation, entry.key(), *condition));
  }
  return std::move(translation).finish(json::string_or(input, "ConditionalOperator"));
}

aws::ApiResult<std::optional<BoundCondition>> read_filter(const json::Object& input,
                                                          std::string_view member) {
  const auto* filter = json::object_at(input, member);
  if (filter == nullptr) return std::nullopt;
  Translation translation;
  for (const auto& entry : *filter) {
    TRY(const auto* condition, as_object(member, entry.value()));
    TRY(const auto* op, find_operator(json::string_or(*condition, "ComparisonOperator")));
    TRY(auto values, read_list(*condition));
    CHECK_OK(check_operator(*op, values));
    translation.add(entry.key(), op->name, std::move(values));
  }
  return std::move(translation).finish(json::string_or(input, "ConditionalOperator"));
}

aws::ApiResult<std::vector<KeyPredicate>> read_key_conditions(const json::Object& conditions,
                                                              OwnedValues& owned) {
  owned = std::make_shared<std::deque<Value>>();
  std::vector<KeyPredicate> out;
  for (const auto& entry : conditions) {
    TRY(const auto* condition, as_object("KeyConditions", entry.value()));
    TRY(const auto* op, find_operator(json::string_or(*condition, "ComparisonOperator")));
    TRY(auto values, read_list(*condition));
    CHECK_OK(check_operator(*op, values));
    KeyPredicate predicate;
    predicate.attribute = entry.key();
    predicate.op = key_operator(op->name);
    for (auto& value : values) predicate.values.push_back(&owned->emplace_back(std::move(value)));
    out.push_back(std::move(predicate));
  }
  return out;
}

aws::ApiResult<std::optional<BoundUpdateExpression>> read_attribute_updates(
    const json::Object& input) {
  const auto* updates = json::object_at(input, "AttributeUpdates");
  if (updates == nullptr) return std::nullopt;
  BoundUpdateExpression out;
  out.owned = std::make_shared<std::deque<Value>>();
  auto expression = std::make_shared<UpdateExpression>();
  Binding binding;
  for (const auto& entry : *updates) {
    TRY(const auto* update, as_object("AttributeUpdates", entry.value()));
    std::optional<Value> value;
    if (const auto* wire = json::find(*update, "Value")) {
      TRY(value, read(*wire));
    }
    UpdateAction action;
    TRY(action.kind, update_kind(json::string_or(*update, "Action", "PUT"), value));
    action.path.push_back({PathElement::Kind::kName, 0, entry.key()});
    if (value) {
      action.value = static_cast<uint32_t>(binding.values.size());
      UpdateOperand operand;
      operand.kind = UpdateOperand::Kind::kValue;
      operand.value = action.value;
      action.operands.push_back(std::move(operand));
      binding.values.push_back(&out.owned->emplace_back(*std::move(value)));
    }
    expression->actions.push_back(std::move(action));
  }
  for (const auto& action : expression->actions)
    out.update.paths.push_back(bind_path(action.path, binding));
  out.update.expression = expression.get();
  out.update.binding = std::move(binding);
  out.update.style = UpdateStyle::kLegacy;
  out.expression = std::move(expression);
  return out;
}

aws::ApiResult<std::optional<BoundProjection>> read_attributes_to_get(const json::Object& input) {
  const auto* names = json::array_at(input, "AttributesToGet");
  if (names == nullptr) return std::nullopt;
  auto expression = std::make_shared<ProjectionExpression>();
  std::set<std::string_view> seen;
  for (const auto& name : *names) {
    const auto* text = name.if_string();
    if (text == nullptr)
      return invalid(fmt::format("{}AttributesToGet has the wrong form", kInvalid));
    if (!seen.insert(json::view(*text)).second) {
      return invalid(
          fmt::format("{}Duplicate value in attribute name: {}", kInvalid, json::view(*text)));
    }
    expression->paths.push_back({{PathElement::Kind::kName, 0, std::string(json::view(*text))}});
  }
  BoundProjection out;
  for (const auto& path : expression->paths) out.paths.push_back(bind_path(path, out.binding));
  out.expression = std::move(expression);
  return out;
}

}  // namespace dew::dynamodb
