// A filter pattern of CloudWatch Logs, of any form, compiled once: what FilterLogEvents, metric
// filters and subscription filters compare events with.
// docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
//
// terms_pattern.h, json_pattern.h and fields_pattern.h say what each form matches; %regex% alone is
// a fourth. Immutable, thread-safe. Limits: kMaxPatternRegexes.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "services/logs/fields_pattern.h"
#include "services/logs/json_pattern.h"
#include "services/logs/terms_pattern.h"

namespace dew::logs {

inline constexpr size_t kMaxPatternRegexes = 2;  // in one pattern

class FilterPattern {
 public:
  // InvalidParameterException says what is wrong, in AWS's words where they are known.
  static aws::ApiResult<FilterPattern> parse(std::string_view text);

  bool matches(std::string_view message) const;
  bool matches_everything() const;
  size_t regexes() const;
  // Whether events have fields that can be named: $.property, $field.
  bool has_fields() const {
    return !std::holds_alternative<TermsPattern>(form_) &&
           !std::holds_alternative<PatternRegex>(form_);
  }

  // A field of events that match, for a metric's value and its dimensions.
  using Pick = std::variant<Selector, std::string>;
  // `text` is $.property (JSON) or $name (space-delimited). An error says why it is neither.
  aws::ApiResult<Pick> pick(std::string_view text) const;
  // The picks' values of an event, in their order, if it matches.
  std::optional<std::vector<std::optional<std::string>>> take(std::string_view message,
                                                              std::span<const Pick> picks) const;
  // Of an event that matches: what TestMetricFilter shows of it.
  std::optional<json::Object> extract(std::string_view message) const;

 private:
  std::variant<TermsPattern, PatternRegex, JsonPattern, FieldsPattern> form_;
};

}  // namespace dew::logs
