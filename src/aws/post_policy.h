// The policy document of a browser's upload form: until when, and on which conditions, whoever
// signed it lets somebody else upload.
// docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
//
// Immutable, thread-safe. Error messages are S3's where they are known.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"

namespace dew::aws {

// A form's fields, by names in lower case; variables are expanded.
using FormFields = std::map<std::string, std::string, std::less<>>;

class PostPolicy {
 public:
  // `encoded`: the field, base64 of a JSON document. InvalidPolicyDocument.
  static ApiResult<PostPolicy> parse(std::string_view encoded);

  // AccessDenied: too late, a condition that the fields do not meet, or a field that no condition
  // speaks of. `bucket`: the request's, for conditions on it.
  ApiResult<void> check(const FormFields& fields, std::string_view bucket,
                        double now_seconds) const;

  // Of the file. EntityTooSmall, EntityTooLarge.
  ApiResult<void> check_most(uint64_t bytes) const;
  ApiResult<void> check_least(uint64_t bytes) const;

 private:
  enum class Match { kEqual, kBegins };
  struct Condition {
    Match match = Match::kEqual;
    std::string field;  // lower case
    std::string value;
    std::string shown;  // as an error names it

    bool holds(std::string_view actual) const;
  };
  struct Range {
    uint64_t least = 0;
    uint64_t most = 0;
  };

  double expires_seconds_ = 0;  // since the epoch
  std::vector<Condition> conditions_;
  std::optional<Range> range_;

  ApiResult<void> add(const json::Value& condition);
  ApiResult<void> add_list(const json::Array& condition);
};

}  // namespace dew::aws
