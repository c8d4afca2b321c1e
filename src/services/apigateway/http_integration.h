// HTTP and HTTP_PROXY integrations: the request that a backend gets, and what its answer becomes.
// docs.aws.amazon.com/apigateway/latest/developerguide/setup-http-integrations.html
//
// HTTP_PROXY passes on the client's request (headers, query string, body) and the backend's
// response; HTTP sends what is mapped, and answers as an integration response says. What stands
// for the connection is never passed on. Pure, thread-safe.
#pragma once

#include <optional>
#include <string>

#include "services/apigateway/exchange.h"
#include "services/apigateway/http_backend.h"

namespace dew::apigateway {

// Whether an integration's URI can be a backend's: http or https, port 80, 443 or from 1024 on;
// names in braces and ${stageVariables.NAME} stand for any text.
aws::ApiResult<void> check_http_uri(std::string_view uri);

// requestParameters: integration.request.{header,querystring,path}.NAME, and where their values
// come from (mapped_value.h).
aws::ApiResult<RequestParameter> request_parameter(std::string_view name,
                                                   std::string_view expression);

// Why a request cannot be made: a gateway response's type, status, code and message.
Result<BackendCall> backend_call(const Exchange& exchange, const HttpTarget& target,
                                 std::string body);

// The client's view of what a backend has answered to an HTTP_PROXY integration.
http::Response passed_on(http::Response answer, const Exchange& exchange);

}  // namespace dew::apigateway
