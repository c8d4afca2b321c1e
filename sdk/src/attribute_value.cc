#include <dew/attribute_value.h>
#include <dew/encoding.h>

#include <charconv>
#include <cmath>
#include <stdexcept>

#include "json_text.h"

namespace dew::dynamodb {
namespace {

constexpr int kMaxDepth = 32;  // DynamoDB's own limit of nesting

using json_text::append_string;

template <class T>
const T& require(const T* value, const char* type) {
  if (value == nullptr)
    throw std::runtime_error(std::string("the attribute is not of type ") + type);
  return *value;
}

void append_strings(std::string& out, const std::vector<std::string>& values, bool base64) {
  out += '[';
  bool first = true;
  for (const std::string& value : values) {
    if (!first) out += ',';
    first = false;
    append_string(out, base64 ? base64_encode(value) : value);
  }
  out += ']';
}

json::value plain_number(const std::string& text) {
  json::error_code ec;
  json::value value = json::parse(text, ec);
  return ec ? json::value(text) : value;
}

std::unexpected<Error> malformed() {
  return fail("MalformedItem", "the answer has a malformed attribute value");
}

Result<std::string> text_of(const json::value& value, bool base64) {
  if (!value.is_string()) return malformed();
  const auto& text = value.get_string();
  if (!base64) return std::string(text);
  auto bytes = base64_decode(text);
  if (!bytes) return malformed();
  return std::move(*bytes);
}

Result<std::vector<std::string>> texts_of(const json::value& value, bool base64) {
  if (!value.is_array()) return malformed();
  std::vector<std::string> out;
  for (const json::value& each : value.get_array()) {
    auto text = text_of(each, base64);
    if (!text) return std::unexpected(text.error());
    out.push_back(std::move(*text));
  }
  return out;
}

Result<AttributeValue> from_json_at(const json::value& value, int depth);

Result<Item> map_of(const json::value& value, int depth) {
  if (!value.is_object()) return malformed();
  Item out;
  for (const auto& member : value.get_object()) {
    auto inner = from_json_at(member.value(), depth);
    if (!inner) return std::unexpected(inner.error());
    out.emplace_hint(out.end(), std::string(member.key()), std::move(*inner));
  }
  return out;
}

Result<AttributeValue> list_of(const json::value& value, int depth) {
  if (!value.is_array()) return malformed();
  List out;
  for (const json::value& each : value.get_array()) {
    auto inner = from_json_at(each, depth);
    if (!inner) return inner;
    out.push_back(std::move(*inner));
  }
  return AttributeValue(std::move(out));
}

template <class Set>
Result<AttributeValue> set_of(const json::value& value, bool base64) {
  auto texts = texts_of(value, base64);
  if (!texts) return std::unexpected(texts.error());
  return AttributeValue(Set{std::move(*texts)});
}

Result<AttributeValue> scalar_of(std::string_view type, const json::value& value) {
  auto text = text_of(value, type == "B");
  if (!text) return std::unexpected(text.error());
  if (type == "S") return AttributeValue(std::move(*text));
  if (type == "N") return AttributeValue(Number{std::move(*text)});
  return AttributeValue(Binary{std::move(*text)});
}

Result<AttributeValue> from_json_at(const json::value& value, int depth) {
  if (depth > kMaxDepth || !value.is_object() || value.get_object().size() != 1) return malformed();
  const auto& member = *value.get_object().begin();
  const std::string_view type = member.key();
  const json::value& inner = member.value();
  if (type == "S" || type == "N" || type == "B") return scalar_of(type, inner);
  if (type == "BOOL" && inner.is_bool()) return AttributeValue(inner.get_bool());
  if (type == "NULL") return AttributeValue();
  if (type == "SS") return set_of<StringSet>(inner, false);
  if (type == "NS") return set_of<NumberSet>(inner, false);
  if (type == "BS") return set_of<BinarySet>(inner, true);
  if (type == "L") return list_of(inner, depth + 1);
  if (type == "M") {
    auto map = map_of(inner, depth + 1);
    if (!map) return std::unexpected(map.error());
    return AttributeValue(std::move(*map));
  }
  return malformed();
}

struct Writer {
  std::string& out;
  void operator()(std::monostate) const { out += "{\"NULL\":true}"; }
  void operator()(bool truth) const { out += truth ? "{\"BOOL\":true}" : "{\"BOOL\":false}"; }
  void operator()(const Number& number) const { text("N", number.text); }
  void operator()(const std::string& value) const { text("S", value); }
  void operator()(const Binary& value) const { text("B", base64_encode(value.bytes)); }
  void operator()(const StringSet& set) const { texts("SS", set.values, false); }
  void operator()(const NumberSet& set) const { texts("NS", set.values, false); }
  void operator()(const BinarySet& set) const { texts("BS", set.values, true); }
  void operator()(const List& list) const {
    out += "{\"L\":[";
    for (size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out += ',';
      list[i].append_json(out);
    }
    out += "]}";
  }
  void operator()(const Item& map) const {
    out += "{\"M\":";
    append_json(out, map);
    out += '}';
  }
  void text(const char* type, std::string_view value) const {
    out.append("{\"").append(type).append("\":");
    append_string(out, value);
    out += '}';
  }
  void texts(const char* type, const std::vector<std::string>& values, bool base64) const {
    out.append("{\"").append(type).append("\":");
    append_strings(out, values, base64);
    out += '}';
  }
};

struct Plain {
  json::value operator()(std::monostate) const { return nullptr; }
  json::value operator()(bool truth) const { return truth; }
  json::value operator()(const Number& number) const { return plain_number(number.text); }
  json::value operator()(const std::string& value) const { return json::value(value); }
  json::value operator()(const Binary& value) const {
    return json::value(base64_encode(value.bytes));
  }
  json::value operator()(const StringSet& set) const {
    return json::array(set.values.begin(), set.values.end());
  }
  json::value operator()(const NumberSet& set) const {
    json::array out;
    for (const std::string& text : set.values) out.push_back(plain_number(text));
    return out;
  }
  json::value operator()(const BinarySet& set) const {
    json::array out;
    for (const std::string& bytes : set.values) out.emplace_back(base64_encode(bytes));
    return out;
  }
  json::value operator()(const List& list) const {
    json::array out;
    for (const AttributeValue& value : list) out.push_back(value.to_plain());
    return out;
  }
  json::value operator()(const Item& map) const { return to_plain(map); }
};

}  // namespace

AttributeValue::AttributeValue(double number) {
  if (!std::isfinite(number)) throw std::runtime_error("DynamoDB numbers are finite");
  Number made;
  json_text::append_double(made.text, number);
  value_ = std::move(made);
}

const std::string& AttributeValue::s() const { return require(get_if<std::string>(), "S"); }
const std::string& AttributeValue::n() const { return require(get_if<Number>(), "N").text; }
bool AttributeValue::as_bool() const { return require(get_if<bool>(), "BOOL"); }
const List& AttributeValue::list() const { return require(get_if<List>(), "L"); }
const Item& AttributeValue::map() const { return require(get_if<Item>(), "M"); }

int64_t AttributeValue::as_int() const {
  const std::string& text = n();
  int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size())
    throw std::runtime_error("not a 64-bit integer: " + text);
  return value;
}

double AttributeValue::as_double() const { return std::stod(n()); }

void AttributeValue::append_json(std::string& out) const { std::visit(Writer{out}, value_); }
Result<AttributeValue> AttributeValue::from_json(const json::value& value) {
  return from_json_at(value, 0);
}
json::value AttributeValue::to_plain() const { return std::visit(Plain{}, value_); }

void append_json(std::string& out, const Item& item) {
  out += '{';
  bool first = true;
  for (const auto& [name, value] : item) {
    if (!first) out += ',';
    first = false;
    append_string(out, name);
    out += ':';
    value.append_json(out);
  }
  out += '}';
}

Result<Item> item_from_json(const json::value& value) { return map_of(value, 0); }

json::object to_plain(const Item& item) {
  json::object out;
  for (const auto& [name, value] : item) out.emplace(name, value.to_plain());
  return out;
}

}  // namespace dew::dynamodb
