// Filter patterns for unstructured events: ERROR -timeout, ?ERROR ?WARN, "exact phrase".
// docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html, "Using filter
// patterns to match terms in unstructured log events".
//
// All terms must occur, and none of the -terms; of ?terms one must, but they are ignored beside
// others. Matching is by substring, with case, and allocates nothing. Immutable, thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"

namespace dew::logs {

class TermsPattern {
 public:
  static aws::ApiResult<TermsPattern> parse(std::string_view text);
  bool matches(std::string_view message) const;
  bool matches_everything() const { return all_.empty() && none_.empty() && any_.empty(); }

 private:
  std::vector<std::string> all_;
  std::vector<std::string> none_;
  std::vector<std::string> any_;
};

}  // namespace dew::logs
