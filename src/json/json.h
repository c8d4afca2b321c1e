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

// Memory for values that end together: taken piece by piece, given back at once by the arena's end.
// A value that is moved out keeps pointing into it; a copy does not. One thread at a time.
using Arena = boost::json::monotonic_resource;

// Strict RFC 8259, limits::kJsonDepth deep, numbers within a double's range. The message says what
// is wrong and at which byte. With an arena the value lives in it.
Result<Value> parse(std::string_view text, Arena* arena = nullptr);
// The same, but for any number: of what is handed on as it came.
Result<void> check(std::string_view text);

// `to` becomes `from` without a copy, wherever `from` lives. (An assignment copies between
// memories.)
inline void take_over(Object& to, Object&& from) {
  std::destroy_at(&to);
  std::construct_at(&to, std::move(from));
}

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
