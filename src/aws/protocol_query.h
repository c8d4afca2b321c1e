// The query protocol: a form in (Action=CreateRole&Version=2010-05-08&Tags.member.1.Key=a), XML
// out. IAM, STS, CloudFormation, CloudWatch.
//
// Hostile forms are bounded: kMaxFormFields fields, kMaxFormDepth dots in a name.
#pragma once

#include <string_view>

#include "aws/api_error.h"
#include "aws/model.h"

namespace dew::aws {

inline constexpr size_t kMaxFormFields = 20'000;
inline constexpr size_t kMaxFormDepth = 48;

// `form` is x-www-form-urlencoded: the body of a POST, the query string of a GET.
ApiResult<json::Object> parse_form_input(const Member& input, std::string_view form);
// A top-level field, decoded: Action, Version. Empty when absent.
std::string form_field(std::string_view form, std::string_view name);

}  // namespace dew::aws
