// Refusal: an answer of the gateway's own, before it has been given the API's form (gateway
// responses). A plain value.
// docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
#pragma once

#include <string>
#include <string_view>

namespace dew::apigateway {

struct Refusal {
  // How the body without a gateway response of the API's own names the message: what the policy
  // engine says is "Message", what a validator says comes after a space, and an authorizer that
  // failed says null.
  enum class Body { kMessage, kSpacedMessage, kCapitalMessage, kNull };

  std::string_view type;  // of gateway_responses.h
  int status = 403;
  std::string code;  // x-amzn-ErrorType
  std::string message;
  Body body = Body::kMessage;
  std::string reason;  // for the execution log; empty: nothing more to say
};

}  // namespace dew::apigateway
