// One comparison of a filter pattern: an operator and what is on its right, a string with
// wildcards, a number, or a regular expression. Immutable, thread-safe.
//
// A wildcard (*) stands for any text at the beginning or the end of a string; a star within is
// itself ("Ev*ent will only match the actual string Ev*ent").
// docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "services/logs/pattern_reader.h"
#include "services/logs/pattern_regex.h"

namespace dew::logs {

// An integer or decimal with an optional sign and exponent: 10, -1.5, +1e3. Nothing else beside it.
std::optional<long double> parse_pattern_number(std::string_view text);

class Condition {
 public:
  // At the operator. Regular expressions are counted in `regexes`.
  static aws::ApiResult<Condition> read(PatternReader& in, size_t& regexes);

  // Of a string that is no number.
  bool holds_for_text(std::string_view text) const;
  // Of a number; `text` is how it is written.
  bool holds_for_number(long double number, std::string_view text) const;

 private:
  enum class Operator { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };
  struct Text {
    std::string middle;
    bool any_before;
    bool any_after;
    bool matches(std::string_view text) const;
  };
  bool equals(std::string_view text) const;

  Operator operator_ = Operator::kEqual;
  std::variant<Text, PatternRegex> right_;
  std::optional<long double> number_;  // what right_ is as a number
};

}  // namespace dew::logs
