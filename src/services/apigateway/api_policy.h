// Resource policies of REST APIs: the text that a client gives, as it is stored, shown and
// compiled.
// docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-create-attach.html
#pragma once

#include <string>
#include <string_view>

#include "aws/api_error.h"
#include "policy/policy.h"

namespace dew::apigateway {

// Checked, and with "execute-api:/stage/METHOD/path" written out as an ARN of the API.
aws::ApiResult<std::string> expand_api_policy(std::string_view text, std::string_view region,
                                              std::string_view account, std::string_view api_id);

// How RestApi.policy shows it: as the inside of a JSON string.
std::string shown_api_policy(std::string_view text);

}  // namespace dew::apigateway
