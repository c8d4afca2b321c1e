// AttributeValue: DynamoDB's typed values.
//
//   dew::dynamodb::Item user{{"id", "42"}, {"age", 36}, {"tags", dew::dynamodb::List{"a", "b"}}};
//   std::string id = user.at("id").s();
//
// Numbers travel as text with up to 38 digits; `n()` gives the text, `as_int()`/`as_double()`
// convert. Reading a value as another type than it has throws std::runtime_error. Source:
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
#pragma once

#include <dew/json.h>

#include <concepts>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dew::dynamodb {

class AttributeValue;
using List = std::vector<AttributeValue>;
using Item = std::map<std::string, AttributeValue, std::less<>>;

struct Number {
  std::string text;
  auto operator<=>(const Number&) const = default;
};
struct Binary {
  std::string bytes;
  auto operator<=>(const Binary&) const = default;
};
struct StringSet {
  std::vector<std::string> values;
  auto operator<=>(const StringSet&) const = default;
};
struct NumberSet {
  std::vector<std::string> values;
  auto operator<=>(const NumberSet&) const = default;
};
struct BinarySet {
  std::vector<std::string> values;
  auto operator<=>(const BinarySet&) const = default;
};

class AttributeValue {
 public:
  AttributeValue() = default;  // NULL
  AttributeValue(std::nullptr_t) {}
  AttributeValue(std::string text) : value_(std::move(text)) {}
  AttributeValue(std::string_view text) : value_(std::string(text)) {}
  AttributeValue(const char* text) : value_(std::string(text)) {}
  template <class T>
    requires std::same_as<T, bool>
  AttributeValue(T truth) : value_(truth) {}
  template <class T>
    requires(std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>)
  AttributeValue(T number) : value_(Number{std::to_string(number)}) {}
  AttributeValue(double number);
  AttributeValue(Number number) : value_(std::move(number)) {}
  AttributeValue(Binary binary) : value_(std::move(binary)) {}
  AttributeValue(StringSet set) : value_(std::move(set)) {}
  AttributeValue(NumberSet set) : value_(std::move(set)) {}
  AttributeValue(BinarySet set) : value_(std::move(set)) {}
  AttributeValue(List list) : value_(std::move(list)) {}
  AttributeValue(Item map) : value_(std::move(map)) {}

  template <class T>
  [[nodiscard]] const T* get_if() const {
    return std::get_if<T>(&value_);
  }
  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  [[nodiscard]] const std::string& s() const;
  [[nodiscard]] const std::string& n() const;
  [[nodiscard]] int64_t as_int() const;
  [[nodiscard]] double as_double() const;
  [[nodiscard]] bool as_bool() const;
  [[nodiscard]] const List& list() const;
  [[nodiscard]] const Item& map() const;

  bool operator==(const AttributeValue&) const = default;

  // DynamoDB's JSON: {"S": "x"}, {"N": "1"}, ...
  void append_json(std::string& out) const;
  static Result<AttributeValue> from_json(const json::value& value);
  // Plain JSON: numbers as numbers, binary as base64, sets as arrays.
  [[nodiscard]] json::value to_plain() const;

 private:
  std::variant<std::monostate, bool, Number, std::string, Binary, StringSet, NumberSet, BinarySet,
               List, Item>
      value_;
};

void append_json(std::string& out, const Item& item);
Result<Item> item_from_json(const json::value& value);
json::object to_plain(const Item& item);

}  // namespace dew::dynamodb
