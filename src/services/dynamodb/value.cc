#include "services/dynamodb/value.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace dew::dynamodb {
namespace {

struct TypeNames {
  std::string_view wire;
  std::string_view spelled;
};
// By Type, which starts at 1.
constexpr std::array<TypeNames, 11> kTypeNames = {{{},
                                                   {"S", "STRING"},
                                                   {"N", "NUMBER"},
                                                   {"B", "BINARY"},
                                                   {"SS", "SS"},
                                                   {"NS", "NS"},
                                                   {"BS", "BS"},
                                                   {"M", "MAP"},
                                                   {"L", "LIST"},
                                                   {"NULL", "NULL"},
                                                   {"BOOL", "BOOLEAN"}}};

constexpr size_t kDocumentOverhead = 3;         // of a list or map
constexpr size_t kDocumentElementOverhead = 1;  // of each of its elements

size_t number_size(std::string_view canonical) {
  const auto number = Number::parse(canonical);
  return number ? number->stored_bytes() : canonical.size();
}

}  // namespace

std::string_view type_name(Type type) { return kTypeNames[static_cast<size_t>(type)].wire; }
std::string_view long_type_name(Type type) { return kTypeNames[static_cast<size_t>(type)].spelled; }

bool type_from_name(std::string_view name, Type& out) {
  for (size_t i = 1; i < kTypeNames.size(); ++i) {
    if (kTypeNames[i].wire == name) {
      out = static_cast<Type>(i);
      return true;
    }
  }
  return false;
}

namespace {

template <class Entries>
auto lower_bound(Entries& entries, std::string_view name) {
  return std::lower_bound(
      entries.begin(), entries.end(), name,
      [](const Map::Entry& entry, std::string_view key) { return entry.first < key; });
}

}  // namespace

const Value* Map::find(std::string_view name) const {
  const auto it = lower_bound(entries_, name);
  return it != entries_.end() && it->first == name ? &it->second : nullptr;
}

Value* Map::find(std::string_view name) {
  const auto it = lower_bound(entries_, name);
  return it != entries_.end() && it->first == name ? &it->second : nullptr;
}

void Map::set(std::string_view name, Value value) {
  const auto it = lower_bound(entries_, name);
  if (it != entries_.end() && it->first == name) {
    it->second = std::move(value);
  } else {
    entries_.emplace(it, std::string(name), std::move(value));
  }
}

bool Map::erase(std::string_view name) {
  const auto it = lower_bound(entries_, name);
  if (it == entries_.end() || it->first != name) return false;
  entries_.erase(it);
  return true;
}

void Map::append(std::string name, Value value) {
  entries_.emplace_back(std::move(name), std::move(value));
}

void Map::sort() {
  const auto less = [](const Entry& a, const Entry& b) { return a.first < b.first; };
  if (!std::is_sorted(entries_.begin(), entries_.end(), less)) {
    std::sort(entries_.begin(), entries_.end(), less);
  }
}

bool Map::operator==(const Map& other) const { return entries_ == other.entries_; }

Number Value::number() const { return Number::parse(text()).value_or(Number()); }

std::strong_ordering compare_numbers(std::string_view a, std::string_view b) {
  if (a == b) return std::strong_ordering::equal;
  return Number::parse(a).value_or(Number()) <=> Number::parse(b).value_or(Number());
}

std::strong_ordering compare(const Value& a, const Value& b) {
  if (a.type == Type::kN) return compare_numbers(a.text(), b.text());
  return a.text().compare(b.text()) <=> 0;  // char_traits<char> compares bytes as unsigned
}

size_t value_size(const Value& value) {
  switch (value.type) {
    case Type::kS:
    case Type::kB:
      return value.text().size();
    case Type::kN:
      return number_size(value.text());
    case Type::kSS:
    case Type::kBS: {
      size_t sum = 0;
      for (const auto& member : value.set()) sum += member.size();
      return sum;
    }
    case Type::kNS: {
      size_t sum = 0;
      for (const auto& member : value.set()) sum += number_size(member);
      return sum;
    }
    case Type::kL: {
      size_t sum = kDocumentOverhead;
      for (const auto& element : value.list())
        sum += kDocumentElementOverhead + value_size(element);
      return sum;
    }
    case Type::kM: {
      return kDocumentOverhead + value.map().size() * kDocumentElementOverhead +
             item_size(value.map());
    }
    case Type::kNull:
    case Type::kBool:
      return 1;
  }
  return 0;
}

size_t item_size(const Item& item) {
  size_t sum = 0;
  for (const auto& [name, value] : item) sum += name.size() + value_size(value);
  return sum;
}

std::string debug_string(const Value& value) {
  std::string inner;
  switch (value.type) {
    case Type::kS:
    case Type::kN:
      inner = value.text();
      break;
    case Type::kB:
      inner = base64_encode(value.text());
      break;
    case Type::kSS:
    case Type::kNS:
      inner = fmt::format("[{}]", fmt::join(value.set(), ", "));
      break;
    case Type::kBS: {
      Set encoded;
      for (const auto& member : value.set()) encoded.push_back(base64_encode(member));
      inner = fmt::format("[{}]", fmt::join(encoded, ", "));
      break;
    }
    case Type::kNull:
      inner = "true";
      break;
    case Type::kBool:
      inner = std::get<bool>(value.data) ? "true" : "false";
      break;
    case Type::kL:
    case Type::kM:
      inner = "...";
      break;
  }
  return fmt::format("{{{}:{}}}", type_name(value.type), inner);
}

}  // namespace dew::dynamodb
