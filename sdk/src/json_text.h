// JSON as text, for the hot path: writing strings, and a cursor that walks a document without
// building it.
//
// The cursor checks structure and strings; numbers and literals only as far as it must to know
// where they end. Depth is bounded by kMaxJsonDepth. Thread safety: none shared.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dew::json_text {

inline constexpr int kMaxJsonDepth = 64;

// Appends `text` quoted and escaped. Invalid UTF-8 becomes U+FFFD, so that the document is always
// valid.
void append_string(std::string& out, std::string_view text);
void append_int(std::string& out, int64_t value);
void append_double(std::string& out, double value);  // finite, else null

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  void skip_space();
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool eat(char c);  // after white space
  // The raw text of the value here, white space around it excluded; nothing when it is malformed.
  std::optional<std::string_view> value();
  // The raw text of the string here, without its quotes.
  std::optional<std::string_view> string();

 private:
  bool skip_value();
  bool skip_container();

  std::string_view text_;
  size_t at_ = 0;
};

// Undoes the escapes of a raw string (no quotes). Nothing when an escape is malformed; lone
// surrogates are.
std::optional<std::string> unescape(std::string_view raw);

// Calls `visit(raw_key, raw_value)` for every member of the object `text`; false when it is not a
// well-formed object.
template <class Visit>
bool for_each_member(std::string_view text, Visit&& visit) {
  Cursor cursor(text);
  if (!cursor.eat('{')) return false;
  if (!cursor.eat('}')) {
    do {
      cursor.skip_space();
      const auto key = cursor.string();
      if (!key || !cursor.eat(':')) return false;
      const auto value = cursor.value();
      if (!value) return false;
      visit(*key, *value);
    } while (cursor.eat(','));
    if (!cursor.eat('}')) return false;
  }
  cursor.skip_space();
  return cursor.at_end();
}

}  // namespace dew::json_text
