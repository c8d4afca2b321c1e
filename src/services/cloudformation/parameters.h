// Parameters: the values a template is given, checked against their declarations.
// docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
#pragma once

#include <functional>

#include "services/cloudformation/intrinsics.h"

namespace dew::cloudformation {

// What a client sends, or a stack keeps: a parameter's text.
using GivenParameters = std::map<std::string, std::string, std::less<>>;

struct BoundParameters {
  GivenParameters given;                        // with defaults filled in
  std::map<std::string, std::string> resolved;  // what SSM parameters were resolved to
  ParameterValues values;                       // as templates see them
};

// The Parameters member of an API call; UsePreviousValue takes the value from `previous`.
ApiResult<GivenParameters> read_parameters(const json::Object& input,
                                           const GivenParameters& previous);

// Checks types and constraints. `ssm` reads a parameter of the Parameter Store; for a list type it
// returns the comma-separated text.
ApiResult<BoundParameters> bind_parameters(
    const Template& tmpl, const GivenParameters& given,
    const std::function<ApiResult<std::string>(const std::string& name)>& ssm);

}  // namespace dew::cloudformation
