// Ordered keys: tuples of strings and unsigned numbers whose byte order is the tuple's order.
//
//   Key("ssm").add("parameter").add(name).str()
//
// Format (pinned by golden tests, docs/formats/keys.md): a string is its bytes with 00 written as
// 00 FF, ended by 00 01; a number is eight bytes, big-endian. A tuple is thus a prefix, as bytes,
// of every longer tuple that starts with it, and of nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dew::store {

class Key {
 public:
  Key() = default;
  explicit Key(std::string_view first) { add(first); }

  Key& add(std::string_view text);
  Key& add(uint64_t number);
  Key& add_raw(
      std::string_view bytes) {  // already ordered bytes; must be last, or of a fixed length
    bytes_ += bytes;
    return *this;
  }

  const std::string& str() const& { return bytes_; }
  std::string str() && { return std::move(bytes_); }
  operator std::string_view() const { return bytes_; }  // NOLINT: a key is its bytes

  // The first key after every key that starts with this one: cursor(key, key.prefix_end()).
  std::string prefix_end() const;

 private:
  std::string bytes_;
};

// Reads a key's components back, in order. nullopt: malformed or at the end.
class KeyReader {
 public:
  explicit KeyReader(std::string_view bytes) : rest_(bytes) {}
  std::optional<std::string> text();
  std::optional<uint64_t> number();
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace dew::store
