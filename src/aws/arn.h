// Amazon Resource Names: arn:partition:service:region:account:resource.
// docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dew::aws {

struct Arn {
  std::string partition = "aws";
  std::string service;
  std::string region;   // empty for global resources
  std::string account;  // empty for S3 buckets and keys
  std::string
      resource;  // everything after the fifth colon, e.g. "function:hello:live" or "table/users"

  // nullopt unless it starts with "arn:" and has all six parts, the resource not empty.
  static std::optional<Arn> parse(std::string_view text);
  std::string str() const;

  // The resource's parts around its first '/' or ':' - ("table", "users"); the second is empty
  // without one.
  std::string_view resource_type() const;
  std::string_view resource_name() const;
};

}  // namespace dew::aws
