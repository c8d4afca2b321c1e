// Attribute values between the wire's form (json::Value, blobs already raw bytes) and Value.
//
// Reading checks all that DynamoDB checks of a value by itself: exactly one datatype, numbers in
// range and made canonical, sets neither empty nor with duplicates, NULL only true, at most 32
// levels. Pure functions.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
#pragma once

#include "aws/api_error.h"
#include "json/json.h"
#include "services/dynamodb/value.h"

namespace dew::dynamodb {

// Levels of lists and maps around a value, its own included.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
inline constexpr int kMaxNestingLevels = 32;
inline constexpr size_t kMaxAttributeNameBytes = 65'535;

// The error's message, without any context; the caller says where the value stood.
std::expected<Value, std::string> read_value(const json::Value& wire, int level = 0);
// A map of attribute values: an Item or a Key.
std::expected<Item, std::string> read_item(const json::Object& wire);

json::Value write_value(const Value& value);
json::Object write_item(const Item& item);

}  // namespace dew::dynamodb
