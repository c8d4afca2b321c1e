// The regular expressions of filter patterns: CloudWatch Logs' dialect, checked, and run by RE2
// (linear in the message, whatever the expression).
// docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html, "Supported regular
// expressions (regex) syntax". Immutable once made, thread-safe.
#pragma once

#include <memory>
#include <string_view>

#include "aws/api_error.h"

namespace re2 {
class RE2;
}

namespace dew::logs {

class PatternRegex {
 public:
  // `source` is what stands between the percent signs.
  static aws::ApiResult<PatternRegex> compile(std::string_view source);
  // Whether it occurs in the text.
  bool occurs(std::string_view text) const;

 private:
  std::shared_ptr<const re2::RE2> regex_;
};

}  // namespace dew::logs
