// GetItem, PutItem, UpdateItem, DeleteItem.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
#include <fmt/format.h>

#include <array>

#include "services/dynamodb/capacity.h"
#include "services/dynamodb/engine.h"
#include "services/dynamodb/item_codec.h"
#include "services/dynamodb/legacy.h"
#include "services/dynamodb/request.h"
#include "services/dynamodb/validation.h"
#include "services/dynamodb/wire.h"

namespace dew::dynamodb {
namespace {

using Names = std::array<std::string_view, 1>;

std::unexpected<aws::ApiError> invalid(std::string message) {
  return aws::fail(aws::ApiError::validation(std::move(message)));
}

aws::ApiResult<const json::Object*> object_member(const json::Object& input,
                                                  std::string_view member) {
  const auto* object = json::object_at(input, member);
  if (object == nullptr) {
    return invalid(
        fmt::format("The parameter '{}' is required but was not present in the request", member));
  }
  return object;
}

aws::ApiResult<Item> read_member(const json::Object& input, std::string_view member) {
  TRY(const auto* wire, object_member(input, member));
  return read_checked(*wire);
}

// The one condition of a write, in either form.
aws::ApiResult<std::optional<BoundCondition>> read_condition(RequestExpressions& expressions,
                                                             const json::Object& input) {
  TRY(auto legacy, read_expected(input));
  TRY(auto condition, expressions.condition("ConditionExpression"));
  return condition ? std::move(condition) : std::move(legacy);
}

// The item that is there now, decoded only when somebody looks at it.
class Current {
 public:
  static aws::ApiResult<Current> read(const ItemStore& items, std::string_view key) {
    Current out;
    TRY(out.stored_, items.get(key));
    return out;
  }
  bool exists() const { return stored_.has_value(); }
  size_t size() const { return stored_ ? stored_->size : 0; }
  std::optional<size_t> old_size() const {
    return stored_ ? std::optional(stored_->size) : std::nullopt;
  }
  aws::ApiResult<json::Object> wire() const {
    if (!stored_) return json::Object();
    TRY(auto out, decode_item_to_wire(stored_->bytes));
    return out;
  }
  aws::ApiResult<const Item*> item() {  // an empty one when there is none
    if (!item_) {
      item_.emplace();
      if (stored_) {
        TRY(*item_, decode_item(stored_->bytes));
      }
    }
    return &*item_;
  }

 private:
  std::optional<StoredItem> stored_;
  std::optional<Item> item_;
};

aws::ApiResult<void> check_condition_holds(const std::optional<BoundCondition>& condition,
                                           Current& current, const json::Object& input) {
  if (!condition) return {};
  TRY(const Item* item, current.item());
  if (condition->matches(*item)) return {};
  aws::ApiError error("ConditionalCheckFailedException", "The conditional request failed");
  if (current.exists() &&
      json::string_at(input, "ReturnValuesOnConditionCheckFailure") == "ALL_OLD") {
    TRY(error.members["Item"], current.wire());
  }
  return aws::fail(std::move(error));
}

aws::ApiResult<void> check_return_values(const json::Object& input) {
  const auto wanted = json::string_or(input, "ReturnValues", "NONE");
  if (wanted == "NONE" || wanted == "ALL_OLD") return {};
  return invalid("ReturnValues can only be ALL_OLD or NONE");
}

void add_capacity(json::Object& out, const json::Object& input, const Table& table, double units) {
  if (wants_capacity(input))
    out["ConsumedCapacity"] = consumed_capacity(input, table.definition.name, units);
}

aws::ApiResult<void> add_old(json::Object& out, const json::Object& input, const Current& current) {
  if (!current.exists() || json::string_at(input, "ReturnValues") != "ALL_OLD") return {};
  TRY(out["Attributes"], current.wire());
  return {};
}

StoredItem store_form(const Item& item) {
  const size_t size = item_size(item);
  return {encode_item(item, size), size};
}

bool too_deep(const Value& value, int level) {
  if (level >= kMaxNestingLevels) return true;
  if (value.type == Type::kL) {
    for (const auto& element : value.list()) {
      if (too_deep(element, level + 1)) return true;
    }
  } else if (value.type == Type::kM) {
    for (const auto& [name, member] : value.map()) {
      if (too_deep(member, level + 1)) return true;
    }
  }
  return false;
}

aws::ApiResult<void> check_updated(const Item& item) {
  for (const auto& [name, value] : item) {
    if (name.size() > kMaxAttributeNameBytes) {
      return invalid("Attribute name is too large, must be less than 65536 bytes");
    }
    if (too_deep(value, 0)) {
      return invalid(
          "Nesting Levels have exceeded supported limits: Attributes in the item have nested "
          "levels beyond supported "
          "limit");
    }
  }
  return {};
}

aws::ApiResult<void> check_not_key(const BoundUpdate& update, const KeySchema& schema) {
  for (const auto& path : update.paths) {
    if (path.size() == 1 && is_key_attribute(path[0].name, schema)) {
      return invalid(
          fmt::format("One or more parameter values were invalid: Cannot update attribute {}. This "
                      "attribute is "
                      "part of the key",
                      path[0].name));
    }
  }
  return check_nested_keys(paths_of(update.paths), schema);
}

// What UpdateItem returns of the items before and after.
void add_updated(json::Object& out, const json::Object& input,
                 const std::optional<BoundUpdateExpression>& update, const Item& before,
                 const Item& after, Item changed) {
  const auto wanted = json::string_or(input, "ReturnValues", "NONE");
  Item shown;
  if (wanted == "ALL_OLD") {
    shown = before;
  } else if (wanted == "ALL_NEW") {
    shown = after;
  } else if (wanted == "UPDATED_OLD" && update) {
    shown = project(update->update.paths, before);
  } else if (wanted == "UPDATED_NEW") {
    shown = std::move(changed);
  }
  if (!shown.empty()) out["Attributes"] = write_item(shown);
}

}  // namespace

Output get_item(Engine& engine, aws::Call& call) {
  const auto& input = call.input;
  constexpr Names kExpressions = {"ProjectionExpression"};
  constexpr Names kLegacy = {"AttributesToGet"};
  CHECK_OK(check_expression_members(input, {kExpressions, kLegacy}));
  TRY(const Item key, read_member(input, "Key"));
  TRY(auto legacy, read_attributes_to_get(input));
  TRY(auto expressions, RequestExpressions::read(engine.expressions, input));
  TRY(auto projection, expressions.projection());
  CHECK_OK(expressions.check_all_used());
  if (!projection) projection = std::move(legacy);

  TRY(const TablePtr table, engine.tables.find(table_name(input)));
  const auto& schema = table->definition.keys;
  TRY(const KeyValues values, check_key(key, schema));
  if (projection) CHECK_OK(check_nested_keys(paths_of(projection->paths), schema));

  TRY(const auto bytes,
      engine.items.store().get(item_key(table->definition.number, *values.partition, values.sort)));
  if (bytes && !projection && call.json_output != nullptr && !wants_capacity(input)) {
    *call.json_output = R"({"Item":)";
    CHECK_OK(append_item_json(*bytes, *call.json_output));
    *call.json_output += '}';
    TRY(const size_t read_bytes, decode_item_size(*bytes));
    (void)read_units(read_bytes, consistency(input));  // noted, for the metrics
    return json::Value();
  }
  json::Object out;
  size_t size = 0;
  if (bytes) {
    TRY(size, decode_item_size(*bytes));
    if (projection) {
      TRY(const Item item, decode_item(*bytes));
      out["Item"] = write_item(project(projection->paths, item));
    } else {
      TRY(out["Item"], decode_item_to_wire(*bytes));
    }
  }
  add_capacity(out, input, *table, read_units(size, consistency(input)));
  return out;
}

Output put_item(Engine& engine, aws::Call& call) {
  const auto& input = call.input;
  constexpr Names kExpressions = {"ConditionExpression"};
  constexpr std::array<std::string_view, 2> kLegacy = {"Expected", "ConditionalOperator"};
  CHECK_OK(check_expression_members(input, {kExpressions, kLegacy}));
  TRY(const Item item, read_member(input, "Item"));
  CHECK_OK(check_return_values(input));
  StoredItem stored = store_form(item);
  if (stored.size > kMaxItemBytes)
    return invalid("Item size has exceeded the maximum allowed size");
  TRY(auto expressions, RequestExpressions::read(engine.expressions, input));
  TRY(const auto condition, read_condition(expressions, input));
  CHECK_OK(expressions.check_all_used());

  TRY(const TablePtr table, engine.tables.find(table_name(input)));
  const auto& schema = table->definition.keys;
  TRY(const KeyValues values, check_item_key(item, schema));
  if (condition) CHECK_OK(check_nested_keys(condition->paths(), schema));

  std::string key = item_key(table->definition.number, *values.partition, values.sort);
  TRY(const WriteLatch latch, engine.items.latch(table, key));
  TRY(Current current, Current::read(engine.items, key));
  CHECK_OK(check_condition_holds(condition, current, input));
  json::Object out;
  CHECK_OK(add_old(out, input, current));
  add_capacity(out, input, *table, write_units(current.size(), stored.size));
  const ItemChange change{table.get(), std::move(key), std::move(stored), current.old_size()};
  CHECK_OK(engine.items.commit(latch, std::span(&change, 1)));
  return out;
}

Output delete_item(Engine& engine, aws::Call& call) {
  const auto& input = call.input;
  constexpr Names kExpressions = {"ConditionExpression"};
  constexpr std::array<std::string_view, 2> kLegacy = {"Expected", "ConditionalOperator"};
  CHECK_OK(check_expression_members(input, {kExpressions, kLegacy}));
  TRY(const Item key_item, read_member(input, "Key"));
  CHECK_OK(check_return_values(input));
  TRY(auto expressions, RequestExpressions::read(engine.expressions, input));
  TRY(const auto condition, read_condition(expressions, input));
  CHECK_OK(expressions.check_all_used());

  TRY(const TablePtr table, engine.tables.find(table_name(input)));
  const auto& schema = table->definition.keys;
  TRY(const KeyValues values, check_key(key_item, schema));
  if (condition) CHECK_OK(check_nested_keys(condition->paths(), schema));

  std::string key = item_key(table->definition.number, *values.partition, values.sort);
  TRY(const WriteLatch latch, engine.items.latch(table, key));
  TRY(Current current, Current::read(engine.items, key));
  CHECK_OK(check_condition_holds(condition, current, input));
  json::Object out;
  CHECK_OK(add_old(out, input, current));
  add_capacity(out, input, *table, write_units(current.size(), 0));
  if (current.exists()) {
    const ItemChange change{table.get(), std::move(key), std::nullopt, current.old_size()};
    CHECK_OK(engine.items.commit(latch, std::span(&change, 1)));
  }
  return out;
}

Output update_item(Engine& engine, aws::Call& call) {
  const auto& input = call.input;
  constexpr std::array<std::string_view, 2> kExpressions = {"UpdateExpression",
                                                            "ConditionExpression"};
  constexpr std::array<std::string_view, 3> kLegacy = {"AttributeUpdates", "Expected",
                                                       "ConditionalOperator"};
  CHECK_OK(check_expression_members(input, {kExpressions, kLegacy}));
  TRY(const Item key_item, read_member(input, "Key"));
  TRY(auto legacy_update, read_attribute_updates(input));
  TRY(auto expressions, RequestExpressions::read(engine.expressions, input));
  TRY(auto update, expressions.update());
  TRY(const auto condition, read_condition(expressions, input));
  CHECK_OK(expressions.check_all_used());
  if (!update) update = std::move(legacy_update);

  TRY(const TablePtr table, engine.tables.find(table_name(input)));
  const auto& schema = table->definition.keys;
  TRY(const KeyValues values, check_key(key_item, schema));
  if (update) CHECK_OK(check_not_key(update->update, schema));
  if (condition) CHECK_OK(check_nested_keys(condition->paths(), schema));

  std::string key = item_key(table->definition.number, *values.partition, values.sort);
  TRY(const WriteLatch latch, engine.items.latch(table, key));
  TRY(Current current, Current::read(engine.items, key));
  CHECK_OK(check_condition_holds(condition, current, input));
  TRY(const Item* before, current.item());
  Item after = current.exists() ? *before : key_item;
  Item changed;
  if (update) {
    TRY(changed, apply_update(update->update, after));
  }
  CHECK_OK(check_updated(after));
  StoredItem stored = store_form(after);
  if (stored.size > kMaxItemBytes)
    return invalid("Item size to update has exceeded the maximum allowed size");
  json::Object out;
  add_updated(out, input, update, *before, after, std::move(changed));
  add_capacity(out, input, *table, write_units(current.size(), stored.size));
  const ItemChange change{table.get(), std::move(key), std::move(stored), current.old_size()};
  CHECK_OK(engine.items.commit(latch, std::span(&change, 1)));
  return out;
}

}  // namespace dew::dynamodb
