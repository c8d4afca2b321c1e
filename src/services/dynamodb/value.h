// Value: a DynamoDB attribute value in memory; Map: named values, and so also a whole item.
//
// Invariants, kept by whoever builds a Value (wire.h and item_codec.h do): the text of a kN is
// canonical (Number::to_string), sets are sorted (kNS by number, the others by byte) and free of
// duplicates, never empty; a Map is sorted by name. So equality is memberwise. Value semantics; not
// synchronized.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "services/dynamodb/number.h"

namespace dew::dynamodb {

enum class Type : uint8_t { kS = 1, kN, kB, kSS, kNS, kBS, kM, kL, kNull, kBool };

std::string_view type_name(Type type);  // as on the wire: S, N, B, SS, NS, BS, M, L, NULL, BOOL
// As in errors about operands of UpdateExpression actions: STRING, NUMBER, BINARY, NULL, BOOLEAN,
// LIST, MAP, ...
std::string_view long_type_name(Type type);
bool type_from_name(std::string_view name, Type& out);
inline bool is_set(Type type) {
  return type == Type::kSS || type == Type::kNS || type == Type::kBS;
}

struct Value;

// Sorted by name; look-ups are binary searches.
class Map {
 public:
  using Entry = std::pair<std::string, Value>;

  using const_iterator = std::vector<Entry>::const_iterator;

  bool empty() const;
  size_t size() const;
  const_iterator begin() const;
  const_iterator end() const;

  const Value* find(std::string_view name) const;
  Value* find(std::string_view name);
  void set(std::string_view name, Value value);  // inserts or replaces
  bool erase(std::string_view name);
  void reserve(size_t count);
  // For builders: appends without looking; sort() before anything else is asked.
  void append(std::string name, Value value);
  void sort();

  bool operator==(const Map& other) const;

 private:
  std::vector<Entry> entries_;
};

using Item = Map;
using List = std::vector<Value>;
using Set = std::vector<std::string>;  // of strings, blobs, or canonical numbers

struct Value {
  Type type = Type::kNull;
  // kS, kB, kN: string; kSS, kNS, kBS: Set; kL: List; kM: Map; kBool: bool; kNull: monostate.
  std::variant<std::monostate, bool, std::string, Set, List, Map> data;

  static Value string(std::string text) { return {Type::kS, std::move(text)}; }
  static Value binary(std::string bytes) { return {Type::kB, std::move(bytes)}; }
  static Value number(const Number& value) { return {Type::kN, value.to_string()}; }
  static Value boolean(bool truth) { return {Type::kBool, truth}; }
  static Value null() { return {Type::kNull, std::monostate()}; }
  static Value list(List values) { return {Type::kL, std::move(values)}; }
  static Value map(Map values) { return {Type::kM, std::move(values)}; }
  static Value set(Type type, Set members) { return {type, std::move(members)}; }

  const std::string& text() const { return std::get<std::string>(data); }
  const Set& set() const { return std::get<Set>(data); }
  Set& set() { return std::get<Set>(data); }
  const List& list() const { return std::get<List>(data); }
  List& list() { return std::get<List>(data); }
  const Map& map() const { return std::get<Map>(data); }
  Map& map() { return std::get<Map>(data); }
  Number number() const;  // of a kN

  bool operator==(const Value& other) const { return type == other.type && data == other.data; }
};

inline bool Map::empty() const { return entries_.empty(); }
inline size_t Map::size() const { return entries_.size(); }
inline Map::const_iterator Map::begin() const { return entries_.begin(); }
inline Map::const_iterator Map::end() const { return entries_.end(); }
inline void Map::reserve(size_t count) { entries_.reserve(count); }

// Orders two values of the same type S, N or B; callers check the types.
std::strong_ordering compare(const Value& a, const Value& b);
std::strong_ordering compare_numbers(std::string_view a, std::string_view b);  // both canonical

// Sizes by the documented rules, in bytes; they decide the 400 KB limit, pages and capacity.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
size_t value_size(const Value& value);
size_t item_size(const Item& item);

// A message's rendering of a value: {S:abc}.
std::string debug_string(const Value& value);

}  // namespace dew::dynamodb
