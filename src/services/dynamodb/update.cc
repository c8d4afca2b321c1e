#include "services/dynamodb/update.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/dynamodb/projection.h"

namespace dew::dynamodb {
namespace {

using Check = std::expected<void, std::string>;
using Kind = UpdateAction::Kind;
using Arithmetic = UpdateAction::Arithmetic;

std::unexpected<aws::ApiError> invalid(std::string message) {
  return aws::fail(aws::ApiError::validation(std::move(message)));
}

std::unexpected<aws::ApiError> wrong_type(UpdateStyle style = UpdateStyle::kExpression) {
  return invalid(style == UpdateStyle::kLegacy
                     ? "Type mismatch for attribute to update"
                     : "An operand in the update expression has an incorrect data type");
}

std::unexpected<aws::ApiError> wrong_path() {
  return invalid("The document path provided in the update expression is invalid for update");
}

Check check_operand_type(std::string_view operation, const UpdateOperand& operand,
                         const Binding& binding, Type wanted) {
  if (operand.kind != UpdateOperand::Kind::kValue) return {};
  const Type type = binding.values[operand.value]->type;
  if (type == wanted) return {};
  return std::unexpected(fmt::format(
      "Incorrect operand type for operator or function; operator or function: {}, operand type: {}",
      operation, type_name(type)));
}

// The operands of list_append, wherever it stands.
Check check_calls(const UpdateOperand& operand, const Binding& binding) {
  for (const auto& argument : operand.arguments) {
    CHECK_OK(check_calls(argument, binding));
    if (operand.kind == UpdateOperand::Kind::kListAppend) {
      CHECK_OK(check_operand_type("list_append", argument, binding, Type::kL));
    }
  }
  return {};
}

Check check_set(const UpdateAction& action, const Binding& binding) {
  for (const auto& operand : action.operands) {
    CHECK_OK(check_calls(operand, binding));
    if (action.arithmetic == Arithmetic::kNone) continue;
    const auto operation = action.arithmetic == Arithmetic::kPlus ? "+" : "-";
    CHECK_OK(check_operand_type(operation, operand, binding, Type::kN));
    if (operand.kind == UpdateOperand::Kind::kListAppend) {
      return std::unexpected(
          fmt::format("Incorrect operand type for operator or function; operator or function: {}, "
                      "operand type: L",
                      operation));
    }
  }
  return {};
}

Check check_add_or_delete(const UpdateAction& action, const Binding& binding) {
  const Type type = binding.values[action.value]->type;
  if (is_set(type) || (action.kind == Kind::kAdd && type == Type::kN)) return {};
  return std::unexpected(
      fmt::format("Incorrect operand type for operator or function; operator: {}, operand type: {}",
                  action.kind == Kind::kAdd ? "ADD" : "DELETE", long_type_name(type)));
}

aws::ApiResult<Value> evaluate(const UpdateOperand& operand, const Binding& binding,
                               const Item& item) {
  switch (operand.kind) {
    case UpdateOperand::Kind::kValue:
      return *binding.values[operand.value];
    case UpdateOperand::Kind::kPath: {
      const Value* value = resolve(operand.path, binding, item);
      if (value == nullptr) {
        return invalid(
            "The provided expression refers to an attribute that does not exist in the item");
      }
      return *value;
    }
    case UpdateOperand::Kind::kIfNotExists: {
      const Value* value = resolve(operand.path, binding, item);
      if (value != nullptr) return *value;
      return evaluate(operand.arguments[0], binding, item);
    }
    case UpdateOperand::Kind::kListAppend: {
      TRY(Value first, evaluate(operand.arguments[0], binding, item));
      TRY(Value second, evaluate(operand.arguments[1], binding, item));
      if (first.type != Type::kL || second.type != Type::kL) return wrong_type();
      for (auto& element : second.list()) first.list().push_back(std::move(element));
      return first;
    }
  }
  return wrong_type();
}

aws::ApiResult<Value> evaluate_set(const UpdateAction& action, const Binding& binding,
                                   const Item& item) {
  TRY(Value left, evaluate(action.operands[0], binding, item));
  if (action.arithmetic == Arithmetic::kNone) return left;
  TRY(Value right, evaluate(action.operands[1], binding, item));
  if (left.type != Type::kN || right.type != Type::kN) return wrong_type();
  const auto result = action.arithmetic == Arithmetic::kPlus ? left.number().plus(right.number())
                                                             : left.number().minus(right.number());
  if (!result) return invalid(message(result.error(), {}));
  return Value::number(*result);
}

// The list or map that holds the last step of a path: exactly one of the two is set.
struct Holder {
  Map* map = nullptr;
  List* list = nullptr;
};

aws::ApiResult<Holder> find_holder(const Steps& path, Item& item) {
  if (path.size() == 1) return Holder{&item, nullptr};
  Value* value = item.find(path[0].name);
  for (size_t i = 1; i < path.size(); ++i) {
    if (value == nullptr) return wrong_path();
    if (value->type != (path[i].is_index ? Type::kL : Type::kM)) return wrong_path();
    if (i + 1 == path.size()) break;
    if (path[i].is_index) {
      value = path[i].index < value->list().size() ? &value->list()[path[i].index] : nullptr;
    } else {
      value = value->map().find(path[i].name);
    }
  }
  return path.back().is_index ? Holder{nullptr, &value->list()} : Holder{&value->map(), nullptr};
}

Value* find_in(const Holder& holder, const Step& step) {
  if (holder.map != nullptr) return holder.map->find(step.name);
  return step.index < holder.list->size() ? &(*holder.list)[step.index] : nullptr;
}

bool member_less(Type type, const std::string& a, const std::string& b) {
  return type == Type::kNS ? compare_numbers(a, b) < 0 : a < b;
}

void merge_set(Value& into, const Value& more) {
  const auto less = [&](const std::string& a, const std::string& b) {
    return member_less(into.type, a, b);
  };
  Set merged;
  std::set_union(into.set().begin(), into.set().end(), more.set().begin(), more.set().end(),
                 std::back_inserter(merged), less);
  into.set() = std::move(merged);
}

void subtract_set(Value& from, const Value& less_these) {
  const auto less = [&](const std::string& a, const std::string& b) {
    return member_less(from.type, a, b);
  };
  Set rest;
  std::set_difference(from.set().begin(), from.set().end(), less_these.set().begin(),
                      less_these.set().end(), std::back_inserter(rest), less);
  from.set() = std::move(rest);
}

// One run of an update over one item.
class Application {
 public:
  Application(const BoundUpdate& update, Item& item) : update_(update), item_(item) {}

  aws::ApiResult<Item> run() {
    const auto& actions = update_.expression->actions;
    std::vector<Value> values(actions.size());
    for (size_t i = 0; i < actions.size(); ++i) {
      if (actions[i].kind != Kind::kSet) continue;
      TRY(values[i], evaluate_set(actions[i], update_.binding, item_));
    }
    for (size_t i = 0; i < actions.size(); ++i) {
      TRY(const Holder holder, find_holder(update_.paths[i], item_));
      switch (actions[i].kind) {
        case Kind::kSet:
          put(holder, update_.paths[i], std::move(values[i]));
          break;
        case Kind::kRemove:
          if (find_in(holder, update_.paths[i].back()) != nullptr)
            removals_.push_back(update_.paths[i]);
          break;
        case Kind::kAdd:
          CHECK_OK(add(holder, update_.paths[i], *update_.binding.values[actions[i].value]));
          break;
        case Kind::kDelete:
          CHECK_OK(subtract(holder, update_.paths[i], *update_.binding.values[actions[i].value]));
          break;
      }
    }
    append_all();
    Item updated = project(touched_, item_);
    remove_all();
    return updated;
  }

 private:
  struct Append {
    Steps path;
    Value value;
  };

  void put(const Holder& holder, const Steps& path, Value value) {
    if (holder.map != nullptr) {
      holder.map->set(path.back().name, std::move(value));
      touched_.push_back(path);
    } else if (path.back().index < holder.list->size()) {
      (*holder.list)[path.back().index] = std::move(value);
      touched_.push_back(path);
    } else {
      appends_.push_back({path, std::move(value)});
    }
  }

  aws::ApiResult<void> add(const Holder& holder, const Steps& path, const Value& operand) {
    Value* existing = find_in(holder, path.back());
    if (existing == nullptr) {
      put(holder, path, operand);
      return {};
    }
    if (existing->type != operand.type) return wrong_type(update_.style);
    if (operand.type == Type::kN) {
      const auto sum = existing->number().plus(operand.number());
      if (!sum) return invalid(message(sum.error(), {}));
      *existing = Value::number(*sum);
    } else if (operand.type == Type::kL) {
      for (const auto& element : operand.list()) existing->list().push_back(element);
    } else {
      merge_set(*existing, operand);
    }
    touched_.push_back(path);
    return {};
  }

  aws::ApiResult<void> subtract(const Holder& holder, const Steps& path, const Value& operand) {
    Value* existing = find_in(holder, path.back());
    if (existing == nullptr) return {};
    if (existing->type != operand.type) return wrong_type(update_.style);
    subtract_set(*existing, operand);
    if (existing->set().empty()) {
      removals_.push_back(path);
    } else {
      touched_.push_back(path);
    }
    return {};
  }

  // Elements past the end of a list become its new last ones, in the order of their indexes.
  void append_all() {
    std::sort(appends_.begin(), appends_.end(),
              [](const Append& a, const Append& b) { return a.path < b.path; });
    for (auto& append : appends_) {
      const auto holder = find_holder(append.path, item_);
      if (!holder) continue;  // was there before, and nothing removes in between
      append.path.back().index = static_cast<uint32_t>(holder->list->size());
      holder->list->push_back(std::move(append.value));
      touched_.push_back(append.path);
    }
  }

  // Later elements first, so that the indexes of the others stay right.
  void remove_all() {
    std::sort(removals_.begin(), removals_.end(), std::greater<>());
    for (const auto& path : removals_) {
      const auto holder = find_holder(path, item_);
      if (!holder) continue;
      if (holder->map != nullptr) {
        holder->map->erase(path.back().name);
      } else if (path.back().index < holder->list->size()) {
        holder->list->erase(holder->list->begin() + path.back().index);
      }
    }
  }

  const BoundUpdate& update_;
  Item& item_;
  std::vector<Steps> touched_;
  std::vector<Append> appends_;
  std::vector<Steps> removals_;
};

}  // namespace

std::expected<BoundUpdate, std::string> bind_update(const UpdateExpression& expression,
                                                    Binding binding) {
  BoundUpdate out;
  out.expression = &expression;
  out.paths.reserve(expression.actions.size());
  for (const auto& action : expression.actions)
    out.paths.push_back(bind_path(action.path, binding));
  CHECK_OK(check_overlaps(out.paths));
  for (const auto& action : expression.actions) {
    if (action.kind == Kind::kAdd || action.kind == Kind::kDelete)
      CHECK_OK(check_add_or_delete(action, binding));
  }
  if (!expression.late_error.empty()) return std::unexpected(expression.late_error);
  for (const auto& action : expression.actions) {
    if (action.kind == Kind::kSet) CHECK_OK(check_set(action, binding));
  }
  out.binding = std::move(binding);
  return out;
}

aws::ApiResult<Item> apply_update(const BoundUpdate& update, Item& item) {
  return Application(update, item).run();
}

}  // namespace dew::dynamodb
