// Small helpers of the resource types. Pure functions.
#pragma once

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "services/cloudformation/resource_type.h"

namespace dew::cloudformation {

// A list of tags, as most types have it.
#define DEW_TAGS "Tags [ { Key! string Value! string } ] "

inline std::string text(const json::Object& properties, std::string_view name) {
  return json::string_or(properties, name);
}

// Copies members that are present, under another name where a pair gives one.
struct Renamed {
  std::string_view from;
  std::string_view to;
  Renamed(const char* name) : from(name), to(name) {}  // NOLINT: lists of names read as such
  Renamed(const char* from_, const char* to_) : from(from_), to(to_) {}
};
inline void copy(json::Object& to, const json::Object& from, std::initializer_list<Renamed> names) {
  for (const auto& name : names) {
    if (const auto* value = json::find(from, name.from)) to[name.to] = *value;
  }
}

// ["Name"] of a property as API Gateway's models spell it: first letter in lower case.
inline std::string lower_first(std::string_view name) {
  std::string out(name);
  if (!out.empty()) out[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(out[0])));
  return out;
}

inline json::Object tag_map(const json::Object& properties) {
  json::Object out;
  if (const auto* tags = json::array_at(properties, "Tags")) {
    for (const auto& tag : *tags)
      out[text(tag.as_object(), "Key")] = text(tag.as_object(), "Value");
  }
  return out;
}

inline bool differs(const json::Object& a, const json::Object& b, std::string_view name) {
  const auto* x = json::find(a, name);
  const auto* y = json::find(b, name);
  return x == nullptr || y == nullptr ? x != y : *x != *y;
}
inline bool differs(const json::Object& a, const json::Object& b,
                    std::initializer_list<const char*> names) {
  return std::ranges::any_of(names, [&](const char* name) { return differs(a, b, name); });
}

// Keys of `before` that `after` lacks.
inline json::Array keys_gone(const json::Object& before, const json::Object& after) {
  json::Array out;
  for (const auto& [key, value] : before) {
    if (!after.contains(key)) out.emplace_back(key);
  }
  return out;
}

// The strings of a list property.
inline std::set<std::string> strings(const json::Object& properties, std::string_view name) {
  std::set<std::string> out;
  if (const auto* list = json::array_at(properties, name)) {
    for (const auto& item : *list) out.insert(json::str(item));
  }
  return out;
}

}  // namespace dew::cloudformation
