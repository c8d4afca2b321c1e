// Filter patterns for space-delimited events: [ip, user, ..., status_code = 4*, bytes > 1000].
// docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html, "Using filter
// patterns to match terms in space-delimited log events".
//
// An event's fields are parted by spaces; what stands in [] or "" is one field. Without an
// ellipsis the pattern's fields are the event's first, and the last takes the rest of the event
// ("[w1=ERROR, w2]" matches whatever follows ERROR); an event of fewer fields does not match. An
// ellipsis stands for any number of fields, none too; [] for all. Immutable, thread-safe. Matching
// uses vectors that the thread keeps.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json/json.h"
#include "services/logs/pattern_condition.h"
#include "services/logs/pattern_expression.h"

namespace dew::logs {

class FieldsPattern {
 public:
  // The whole pattern, in its brackets.
  static aws::ApiResult<FieldsPattern> parse(std::string_view text);

  bool matches(std::string_view message) const;
  size_t regexes() const { return regexes_; }
  // The fields of an event that matches: "$name", and "$4" for the fourth where it has no name.
  json::Object extract(std::string_view message) const;
  // What "$name" or "$4" is called, without the $, if the pattern has it.
  bool has(std::string_view name) const;

 private:
  struct Field {
    std::string name;  // empty: none
    bool is_ellipsis = false;
    std::optional<PatternExpression<Condition>> conditions;
  };
  // One field of the event, and where the event's rest begins with it.
  struct Token {
    std::string_view value;
    std::string_view from_here;
  };
  static aws::ApiResult<Field> read_field(PatternReader& in, size_t& regexes);
  static void split(std::string_view message, std::vector<Token>& out);
  // Gives each field of the pattern its value; false when there are too few.
  bool assign(const std::vector<Token>& tokens, std::vector<std::string_view>& out) const;
  bool conditions_hold(const std::vector<std::string_view>& values) const;

  std::vector<Field> fields_;
  std::optional<size_t> ellipsis_;  // its place
  size_t regexes_ = 0;
};

}  // namespace dew::logs
