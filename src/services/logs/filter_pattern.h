// Filter patterns for log events: terms and quoted phrases, of which all must occur; -term must not
// occur; of ?term's one must. Matching is by substring, with case. JSON ({ … }), space-delimited ([
// … ]) and regular expression (%…%) patterns are refused by name.
// docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"

namespace dew::logs {

class FilterPattern {
 public:
  static aws::ApiResult<FilterPattern> parse(std::string_view text);
  bool matches(std::string_view message) const;

 private:
  std::vector<std::string> all_;
  std::vector<std::string> none_;
  std::vector<std::string> any_;
};

}  // namespace dew::logs
