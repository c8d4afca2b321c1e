// The answers that API Gateway gives itself, and how an API may change them: status, headers, body.
// docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace dew::apigateway {

struct GatewayResponseType {
  std::string_view name;
  int status;  // 0: the type has none of its own (DEFAULT_4XX, DEFAULT_5XX)
};

std::span<const GatewayResponseType> gateway_response_types();
const GatewayResponseType* gateway_response_type(std::string_view name);

inline constexpr std::string_view kDefaultGatewayTemplate =
    R"({"message":$context.error.messageString})";

}  // namespace dew::apigateway
