#include "services/dynamodb/validation.h"

#include <fmt/format.h>

#include "services/dynamodb/wire.h"

namespace dew::dynamodb {
namespace {

constexpr std::string_view kNoMatch = "The provided key element does not match the schema";

std::unexpected<aws::ApiError> invalid(std::string message) {
  return aws::fail(aws::ApiError::validation(std::move(message)));
}

aws::ApiResult<void> check_size(const Value& value, bool is_partition) {
  if (value.type == Type::kN) return {};
  if (is_partition && value.text().size() > kMaxPartitionKeyBytes) {
    return invalid(
        "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size "
        "limit of2048 bytes");
  }
  if (!is_partition && value.text().size() > kMaxSortKeyBytes) {
    return invalid(
        "One or more parameter values were invalid: Aggregated size of all range keys has exceeded "
        "the size limit of "
        "1024 bytes");
  }
  return {};
}

aws::ApiResult<const Value*> check_key_part(const Item& key, const KeyAttribute& attribute,
                                            bool is_partition) {
  const Value* value = key.find(attribute.name);
  if (value == nullptr || value->type != attribute.type) return invalid(std::string(kNoMatch));
  CHECK_OK(check_key_value(*value, attribute));
  CHECK_OK(check_size(*value, is_partition));
  return value;
}

aws::ApiResult<const Value*> check_item_part(const Item& item, const KeyAttribute& attribute,
                                             bool is_partition) {
  const Value* value = item.find(attribute.name);
  if (value == nullptr) {
    return invalid(
        fmt::format("One or more parameter values were invalid: Missing the key {} in the item",
                    attribute.name));
  }
  if (value->type != attribute.type) {
    return invalid(
        fmt::format("One or more parameter values were invalid: Type mismatch for key {} expected: "
                    "{} actual: {}",
                    attribute.name, type_name(attribute.type), type_name(value->type)));
  }
  CHECK_OK(check_key_value(*value, attribute));
  CHECK_OK(check_size(*value, is_partition));
  return value;
}

}  // namespace

std::string_view table_name_of_arn(std::string_view name_or_arn) {
  constexpr std::string_view kMark = ":table/";
  if (!name_or_arn.starts_with("arn:")) return name_or_arn;
  const auto at = name_or_arn.find(kMark);
  return at == std::string_view::npos ? name_or_arn : name_or_arn.substr(at + kMark.size());
}

std::string_view table_name(const json::Object& input, std::string_view member) {
  return table_name_of_arn(json::string_at(input, member).value_or(std::string_view()));
}

aws::ApiResult<void> check_key_value(const Value& value, const KeyAttribute& attribute) {
  if (value.type == Type::kN || !value.text().empty()) return {};
  return invalid(
      fmt::format("One or more parameter values are not valid. The AttributeValue for a key "
                  "attribute cannot contain an "
                  "empty {} value. Key: {}",
                  value.type == Type::kS ? "string" : "binary", attribute.name));
}

aws::ApiResult<KeyValues> check_key(const Item& key, const KeySchema& schema) {
  if (key.size() != (schema.sort ? 2U : 1U)) return invalid(std::string(kNoMatch));
  KeyValues out;
  TRY(out.partition, check_key_part(key, schema.partition, true));
  if (schema.sort) {
    TRY(out.sort, check_key_part(key, *schema.sort, false));
  }
  return out;
}

aws::ApiResult<KeyValues> check_item_key(const Item& item, const KeySchema& schema) {
  KeyValues out;
  TRY(out.partition, check_item_part(item, schema.partition, true));
  if (schema.sort) {
    TRY(out.sort, check_item_part(item, *schema.sort, false));
  }
  return out;
}

bool is_key_attribute(std::string_view name, const KeySchema& schema) {
  return name == schema.partition.name || (schema.sort && name == schema.sort->name);
}

aws::ApiResult<void> check_nested_keys(const std::vector<PathUse>& uses, const KeySchema& schema) {
  for (const auto& use : uses) {
    if (use.nested && is_key_attribute(use.attribute, schema)) {
      return invalid(
          fmt::format("Key attributes must be scalars; list random access '[]' and map lookup '.' "
                      "are not allowed: Key: {}",
                      use.attribute));
    }
  }
  return {};
}

std::vector<PathUse> paths_of(const std::vector<Steps>& paths) {
  std::vector<PathUse> out;
  out.reserve(paths.size());
  for (const auto& path : paths) out.push_back({path[0].name, path.size() > 1});
  return out;
}

Item key_of(const Item& item, const KeySchema& schema) {
  Item out;
  if (const Value* value = item.find(schema.partition.name)) out.set(schema.partition.name, *value);
  if (schema.sort) {
    if (const Value* value = item.find(schema.sort->name)) out.set(schema.sort->name, *value);
  }
  return out;
}

aws::ApiResult<Item> read_checked(const json::Object& wire, std::string_view prefix) {
  auto item = read_item(wire);
  if (!item) return invalid(fmt::format("{}{}", prefix, item.error()));
  return *std::move(item);
}

}  // namespace dew::dynamodb
