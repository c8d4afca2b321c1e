// The JSON facade: the one place that names the library (Boost.JSON).
//
// json::Value is a mutable JSON document. Strings are byte strings: a blob that the model
// interpreter has decoded sits in a Value as its raw bytes. Objects keep insertion order. Numbers
// are int64, uint64 or double; a number that must keep its digits (DynamoDB's) travels as a string,
// as in AWS's wire format.
#pragma once

#include <boost/json.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"

namespace dew::json {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;
using String = boost::json::string;
using boost::json::value_from;

// Strict RFC 8259, limits::kJsonDepth deep. The message says what is wrong and at which byte.
Result<Value> parse(std::string_view text);

// Compact. `dump` of a Value with invalid UTF-8 strings gives invalid UTF-8: encode blobs first.
std::string dump(const Value& value);
std::string dump_pretty(const Value& value);  // two spaces, keys in order, no newline at the end

// Look-ups that do not throw. The views live as long as the document.
const Value* find(const Value& value,
                  std::string_view key);  // nullptr: not an object or no such key
const Value* find(const Object& object, std::string_view key);
std::optional<std::string_view> string_at(const Object& object, std::string_view key);
std::string string_or(const Object& object, std::string_view key, std::string_view fallback = "");
std::optional<int64_t> int_at(const Object& object, std::string_view key);  // whole numbers only
std::optional<double> number_at(const Object& object, std::string_view key);
std::optional<bool> bool_at(const Object& object, std::string_view key);
const Object* object_at(const Object& object, std::string_view key);
const Array* array_at(const Object& object, std::string_view key);

inline std::string_view view(const String& text) { return {text.data(), text.size()}; }
inline std::string str(const Value& value) { return std::string(view(value.as_string())); }

}  // namespace dew::json
