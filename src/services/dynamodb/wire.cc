#include "services/dynamodb/wire.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/encoding.h"

namespace dew::dynamodb {
namespace {

using ValueResult = std::expected<Value, std::string>;

constexpr std::string_view kInvalidPrefix = "One or more parameter values were invalid: ";
constexpr std::string_view kEmptyValue =
    "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";
constexpr std::string_view kManyValues =
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
    "supported "
    "datatypes";
constexpr std::string_view kTooNested =
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels "
    "beyond "
    "supported limit";
constexpr std::string_view kNameTooLarge =
    "Attribute name is too large, must be less than 65536 bytes";

std::unexpected<std::string> bad(std::string_view text) {
  return std::unexpected(std::string(text));
}

std::unexpected<std::string> wrong_form(Type type) {
  return std::unexpected(
      fmt::format("The value of the datatype {} has the wrong form", type_name(type)));
}

ValueResult read_number(const json::Value& wire) {
  const auto* text = wire.if_string();
  if (text == nullptr) return wrong_form(Type::kN);
  const auto number = Number::parse(json::view(*text));
  if (!number) return std::unexpected(message(number.error(), json::view(*text)));
  return Value::number(*number);
}

ValueResult read_set(Type type, const json::Value& wire) {
  const auto* members = wire.if_array();
  if (members == nullptr) return wrong_form(type);
  if (members->empty()) {
    if (type == Type::kBS)
      return std::unexpected(fmt::format("{}Binary sets should not be empty", kInvalidPrefix));
    return std::unexpected(fmt::format("{}An {} set  may not be empty", kInvalidPrefix,
                                       type == Type::kSS ? "string" : "number"));
  }
  Set set;
  set.reserve(members->size());
  for (const auto& member : *members) {
    const auto* text = member.if_string();
    if (text == nullptr) return wrong_form(type);
    if (type == Type::kNS) {
      const auto number = Number::parse(json::view(*text));
      if (!number) return std::unexpected(message(number.error(), json::view(*text)));
      set.push_back(number->to_string());
    } else {
      set.emplace_back(json::view(*text));
    }
  }
  const Set as_sent = set;
  if (type == Type::kNS) {
    std::sort(set.begin(), set.end(),
              [](const std::string& a, const std::string& b) { return compare_numbers(a, b) < 0; });
  } else {
    std::sort(set.begin(), set.end());
  }
  if (std::adjacent_find(set.begin(), set.end()) == set.end())
    return Value::set(type, std::move(set));
  if (type == Type::kNS) return bad("Input collection contains duplicates");
  Set shown = as_sent;
  if (type == Type::kBS) std::transform(shown.begin(), shown.end(), shown.begin(), base64_encode);
  return std::unexpected(fmt::format("{}Input collection [{}]{}contains duplicates.",
                                     kInvalidPrefix, fmt::join(shown, ", "),
                                     type == Type::kBS ? "of type BS " : " "));
}

ValueResult read_typed(Type type, const json::Value& wire, int level) {
  switch (type) {
    case Type::kS:
    case Type::kB: {
      const auto* text = wire.if_string();
      if (text == nullptr) return wrong_form(type);
      std::string bytes(json::view(*text));
      return type == Type::kS ? Value::string(std::move(bytes)) : Value::binary(std::move(bytes));
    }
    case Type::kN:
      return read_number(wire);
    case Type::kSS:
    case Type::kNS:
    case Type::kBS:
      return read_set(type, wire);
    case Type::kNull:
      if (!wire.is_bool()) return wrong_form(type);
      if (!wire.get_bool()) {
        return std::unexpected(fmt::format(
            "{}Null attribute value types must have the value of true", kInvalidPrefix));
      }
      return Value::null();
    case Type::kBool:
      if (!wire.is_bool()) return wrong_form(type);
      return Value::boolean(wire.get_bool());
    case Type::kL: {
      const auto* elements = wire.if_array();
      if (elements == nullptr) return wrong_form(type);
      List list;
      list.reserve(elements->size());
      for (const auto& element : *elements) {
        TRY(auto value, read_value(element, level + 1));
        list.push_back(std::move(value));
      }
      return Value::list(std::move(list));
    }
    case Type::kM: {
      const auto* members = wire.if_object();
      if (members == nullptr) return wrong_form(type);
      Map map;
      map.reserve(members->size());
      for (const auto& member : *members) {
        if (member.key().size() > kMaxAttributeNameBytes) return bad(kNameTooLarge);
        TRY(auto value, read_value(member.value(), level + 1));
        map.append(std::string(member.key()), std::move(value));
      }
      map.sort();
      return Value::map(std::move(map));
    }
  }
  return bad(kEmptyValue);
}

json::Value texts(const Set& set) {
  json::Array out;
  out.reserve(set.size());
  for (const auto& member : set) out.emplace_back(member);
  return out;
}

json::Value write_payload(const Value& value) {
  switch (value.type) {
    case Type::kS:
    case Type::kN:
    case Type::kB:
      return json::String(value.text());
    case Type::kSS:
    case Type::kNS:
    case Type::kBS:
      return texts(value.set());
    case Type::kNull:
      return true;
    case Type::kBool:
      return std::get<bool>(value.data);
    case Type::kL: {
      json::Array out;
      out.reserve(value.list().size());
      for (const auto& element : value.list()) out.push_back(write_value(element));
      return out;
    }
    case Type::kM:
      return write_item(value.map());
  }
  return nullptr;
}

}  // namespace

std::expected<Value, std::string> read_value(const json::Value& wire, int level) {
  if (level >= kMaxNestingLevels) return bad(kTooNested);
  const auto* object = wire.if_object();
  if (object == nullptr || object->empty()) return bad(kEmptyValue);
  // Errors of the single values come before the complaint that there are several.
  std::optional<Value> out;
  for (const auto& member : *object) {
    Type type{};
    if (!type_from_name(member.key(), type)) continue;
    TRY(auto value, read_typed(type, member.value(), level));
    out = std::move(value);
  }
  if (object->size() > 1) return bad(kManyValues);
  if (!out) return bad(kEmptyValue);
  return *std::move(out);
}

std::expected<Item, std::string> read_item(const json::Object& wire) {
  Item item;
  item.reserve(wire.size());
  for (const auto& member : wire) {
    if (member.key().size() > kMaxAttributeNameBytes) return bad(kNameTooLarge);
    TRY(auto value, read_value(member.value(), 0));
    item.append(std::string(member.key()), std::move(value));
  }
  item.sort();
  return item;
}

json::Value write_value(const Value& value) {
  json::Object out;
  out.emplace(type_name(value.type), write_payload(value));
  return out;
}

json::Object write_item(const Item& item) {
  json::Object out;
  out.reserve(item.size());
  for (const auto& [name, value] : item) out.emplace(name, write_value(value));
  return out;
}

}  // namespace dew::dynamodb
