// What a request gives to a Lambda authorizer: its identity, the event for the function.
// docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html
#pragma once

#include <optional>
#include <string>

#include "services/apigateway/exchange.h"
#include "services/apigateway/function_invoker.h"
#include "services/apigateway/lambda_authorizer.h"

namespace dew::apigateway {

// The values of the identity sources, as the cache's key; nullopt: one is missing that must be
// there, or the token does not look like one. A REQUEST authorizer without a cache checks nothing.
std::optional<std::string> identity_of(const Exchange& exchange,
                                       const LambdaAuthorizer& authorizer);

FunctionRequest authorizer_request(const Exchange& exchange, const LambdaAuthorizer& authorizer);

// The function ended with an error whose message is Unauthorized, its way to say 401.
bool is_unauthorized(const FunctionResponse& answer);

}  // namespace dew::apigateway
