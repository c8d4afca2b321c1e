// Query and Scan.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
#include <fmt/format.h>

#include <array>

#include "services/dynamodb/capacity.h"
#include "services/dynamodb/engine.h"
#include "services/dynamodb/key_condition.h"
#include "services/dynamodb/legacy.h"
#include "services/dynamodb/page.h"
#include "services/dynamodb/validation.h"

namespace dew::dynamodb {
namespace {

constexpr int64_t kMaxSegments = 1'000'000;

std::unexpected<aws::ApiError> invalid(std::string message) {
  return aws::fail(aws::ApiError::validation(std::move(message)));
}

// The first key after `key`: item keys delimit themselves, so none starts with another.
std::string after(std::string key) {
  key += '\0';
  return key;
}

// Filters of a Query run after the key has done its part.
aws::ApiResult<void> check_filter_keys(const std::optional<BoundCondition>& filter,
                                       const KeySchema& schema, std::string_view words) {
  if (!filter) return {};
  for (const auto& use : filter->paths()) {
    if (is_key_attribute(use.attribute, schema)) {
      return invalid(
          fmt::format("{} can only contain non-primary key attributes: Primary key attribute: {}",
                      words, use.attribute));
    }
  }
  return {};
}

aws::ApiResult<std::string> check_query_start(const Item& start, const Table& table,
                                              const KeyQuery& query, const KeyRange& range) {
  const auto& schema = table.definition.keys;
  if (start.size() != (schema.sort ? 2U : 1U) || start.find(schema.partition.name) == nullptr ||
      (schema.sort && start.find(schema.sort->name) == nullptr)) {
    return invalid("The provided starting key is invalid");
  }
  TRY(const KeyValues values, check_key(start, schema));
  std::string key = item_key(table.definition.number, *values.partition, values.sort);
  if (*values.partition != *query.partition) {
    return invalid(
        "The provided starting key is outside query boundaries based on provided conditions");
  }
  if (query.sort && !range.contains(key)) {
    return invalid("The provided starting key does not match the range key predicate");
  }
  return key;
}

struct Segment {
  uint64_t index = 0;
  uint64_t total = 1;
};

aws::ApiResult<Segment> read_segment(const json::Object& input) {
  const auto index = json::int_at(input, "Segment");
  const auto total = json::int_at(input, "TotalSegments");
  if (index && !total) {
    return invalid(
        "The TotalSegments parameter is required but was not present in the request when Segment "
        "parameter is "
        "present");
  }
  if (!total) return Segment{};
  if (!index) {
    return invalid(
        "The Segment parameter is required but was not present in the request when parameter "
        "TotalSegments is "
        "present");
  }
  if (*index >= *total) {
    return invalid(
        fmt::format("The Segment parameter is zero-based and must be less than parameter "
                    "TotalSegments: Segment: "
                    "{} is not less than TotalSegments: {}",
                    *index, *total));
  }
  if (*index < 0 || *total > kMaxSegments) {
    return invalid(fmt::format("TotalSegments must be between 1 and {}, and Segment not negative",
                               kMaxSegments));
  }
  return Segment{static_cast<uint64_t>(*index), static_cast<uint64_t>(*total)};
}

aws::ApiResult<std::string> check_scan_start(const Item& start, const Table& table,
                                             const Segment& segment, const KeyRange& range) {
  const auto values = check_key(start, table.definition.keys);
  if (!values)
    return invalid(fmt::format("The provided starting key is invalid: {}", values.error().message));
  std::string key = item_key(table.definition.number, *values->partition, values->sort);
  if (!range.contains(key)) {
    return invalid(
        fmt::format("The provided starting key is invalid: Invalid ExclusiveStartKey. Please use "
                    "ExclusiveStartKey with correct Segment. TotalSegments: {} Segment: {}",
                    segment.total, segment.index));
  }
  return key;
}

}  // namespace

Output query(Engine& engine, aws::Call& call) {
  const auto& input = call.input;
  constexpr std::array<std::string_view, 3> kExpressions = {
      "ProjectionExpression", "FilterExpression", "KeyConditionExpression"};
  // KeyConditions may stand beside the other two expressions.
  const bool legacy_keys =
      input.contains("KeyConditions") && !input.contains("KeyConditionExpression");
  constexpr std::array<std::string_view, 4> kLegacy = {"AttributesToGet", "QueryFilter",
                                                       "ConditionalOperator", "KeyConditions"};
  CHECK_OK(check_expression_members(input,
                                    {kExpressions, std::span(kLegacy).first(legacy_keys ? 3 : 4)}));
  TRY(auto filter, read_filter(input, "QueryFilter"));
  TRY(auto projection, read_attributes_to_get(input));
  TRY(const auto start, read_start_key(input));
  if (!input.contains("KeyConditions") && !input.contains("KeyConditionExpression")) {
    return invalid(
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the "
        "request.");
  }
  TRY(auto expressions, RequestExpressions::read(engine.expressions, input));
  TRY(const auto key_expression, expressions.condition("KeyConditionExpression"));
  TRY(auto filter_expression, expressions.condition("FilterExpression"));
  TRY(auto projection_expression, expressions.projection());
  CHECK_OK(expressions.check_all_used());
  const bool filter_is_legacy = filter.has_value();
  if (filter_expression) filter = std::move(filter_expression);
  if (projection_expression) projection = std::move(projection_expression);
  OwnedValues owned;
  std::vector<KeyPredicate> predicates;
  if (key_expression) {
    TRY(predicates, read_key_condition(key_expression->expression->root, key_expression->binding));
  } else {
    TRY(predicates, read_key_conditions(*json::object_at(input, "KeyConditions"), owned));
  }
  CHECK_OK(check_select(input));

  TRY(const TablePtr table, engine.tables.find(table_name(input)));
  const auto& schema = table->definition.keys;
  CHECK_OK(check_index(input));
  TRY(const KeyQuery keys, check_key_condition(predicates, schema));
  PageRequest page{table.get(), range_of(table->definition.number, keys)};
  const bool forward = json::bool_at(input, "ScanIndexForward").value_or(true);
  page.direction = forward ? store::Direction::kForward : store::Direction::kBackward;
  if (start) {
    TRY(std::string key, check_query_start(*start, *table, keys, page.range));
    if (forward) {
      page.range.begin = after(std::move(key));
    } else {
      page.range.end = std::move(key);
    }
  }
  if (projection) CHECK_OK(check_nested_keys(paths_of(projection->paths), schema));
  CHECK_OK(
      check_filter_keys(filter, schema, filter_is_legacy ? "QueryFilter" : "Filter Expression"));
  page.filter = std::move(filter);
  page.projection = std::move(projection);
  return read_page(engine, input, page);
}

Output scan(Engine& engine, aws::Call& call) {
  const auto& input = call.input;
  constexpr std::array<std::string_view, 2> kExpressions = {"ProjectionExpression",
                                                            "FilterExpression"};
  constexpr std::array<std::string_view, 3> kLegacy = {"AttributesToGet", "ScanFilter",
                                                       "ConditionalOperator"};
  CHECK_OK(check_expression_members(input, {kExpressions, kLegacy}));
  TRY(auto projection, read_attributes_to_get(input));
  TRY(auto filter, read_filter(input, "ScanFilter"));
  TRY(const auto start, read_start_key(input));
  TRY(const Segment segment, read_segment(input));
  TRY(auto expressions, RequestExpressions::read(engine.expressions, input));
  TRY(auto projection_expression, expressions.projection());
  TRY(auto filter_expression, expressions.condition("FilterExpression"));
  CHECK_OK(expressions.check_all_used());
  if (filter_expression) filter = std::move(filter_expression);
  if (projection_expression) projection = std::move(projection_expression);
  CHECK_OK(check_select(input));

  TRY(const TablePtr table, engine.tables.find(table_name(input)));
  const auto& schema = table->definition.keys;
  CHECK_OK(check_index(input));
  PageRequest page{table.get(),
                   segment_range(table->definition.number, segment.index, segment.total)};
  if (start) {
    TRY(std::string key, check_scan_start(*start, *table, segment, page.range));
    page.range.begin = after(std::move(key));
  }
  if (projection) CHECK_OK(check_nested_keys(paths_of(projection->paths), schema));
  if (filter) CHECK_OK(check_nested_keys(filter->paths(), schema));
  page.filter = std::move(filter);
  page.projection = std::move(projection);
  return read_page(engine, input, page);
}

}  // namespace dew::dynamodb
