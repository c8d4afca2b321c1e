// How clients name a function: "name", "name:alias", "123456789012:function:name", a full ARN, each
// with or without a qualifier. docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/api_error.h"

namespace dew::lambda {

inline constexpr size_t kMaxFunctionNameBytes = 64;

struct FunctionName {
  std::string_view name;       // views into what was parsed
  std::string_view qualifier;  // empty if none was given
};

// nullopt: not a function's name in any of these forms. No allocation.
std::optional<FunctionName> parse_function_name(std::string_view text);

// With the request's own Qualifier member, which must not contradict the name's.
aws::ApiResult<FunctionName> named_function(const json::Object& input);

std::string function_arn(const std::string& region, const std::string& account,
                         std::string_view name, std::string_view qualifier = {});

}  // namespace dew::lambda
