// YAML as JSON: one document of YAML (or of JSON, which YAML includes) as a value.
//
// Hostile input: length, depth and number of parts are limited by whoever reads, and aliases are
// refused, so that no text grows while it is read (a few lines of aliases to aliases are billions
// of parts). Keys are text, and stand once in their map. Pure, thread-safe.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/json.h"

namespace dew::json {

// A plain scalar is neither quoted nor tagged.
enum class Scalar { kPlain, kText };

// yaml.org/spec/1.2.2/#103-core-schema, but for octal and hexadecimal numbers and those that are
// not finite, which stay text; yes and no are text.
Value core_scalar(std::string_view text, Scalar kind);

struct YamlRules {
  size_t max_bytes;
  size_t max_parts;  // scalars (keys too), lists and maps
  size_t max_depth;  // lists and maps in each other
  std::function<Value(std::string_view text, Scalar kind)> scalar = core_scalar;
  // What a key is called; `depth` is that of its map, 1 for the outermost. nullptr: as it is
  // written.
  std::function<std::string(std::string_view key, size_t depth)> key = nullptr;
};

// The first document. The error says what is wrong: "it is nested too deeply".
Result<Value> parse_yaml(std::string_view text, const YamlRules& rules);

}  // namespace dew::json
