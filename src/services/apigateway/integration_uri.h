// The URI of a Lambda proxy integration:
//   arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/FUNCTION/invocations
// FUNCTION is the function's ARN (an alias or version after it), and may contain
// ${stageVariables.name}.
// docs.aws.amazon.com/apigateway/latest/api/API_Integration.html#apigw-Type-Integration-uri
#pragma once

#include <string>
#include <string_view>

#include "aws/api_error.h"
#include "json/json.h"

namespace dew::apigateway {

// The FUNCTION part, stage variables still in place.
aws::ApiResult<std::string> function_of_uri(std::string_view uri);

// Puts the stage's variables in; an unset one becomes empty, as on AWS.
std::string with_stage_variables(std::string_view text, const json::Object* variables);

}  // namespace dew::apigateway
