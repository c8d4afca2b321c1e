// Admission: what the checks before a method's integration have learnt about a request: who calls,
// with which key. Events, access logs and mapping templates show it. A plain value.
// docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html#context-variable-reference
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aws/call.h"
#include "json/json.h"

namespace dew::apigateway {

struct Admission {
  std::optional<aws::Identity> caller;     // of a method with AWS_IAM
  std::optional<json::Object> authorizer;  // principalId and context of a Lambda authorizer
  std::string usage_identifier_key;        // what it gives as the API key
  std::string api_key;                     // its value
  std::string api_key_id;

  // $context.identity.NAME and $context.authorizer.NAME; "" for what is absent.
  std::string identity(std::string_view name) const;
  std::string authorizer_value(std::string_view name) const;
};

// requestContext.identity's members that a caller fills, and requestContext.authorizer. Each begins
// with a comma.
void append_authorizer(std::string& out, const Admission& admission);

}  // namespace dew::apigateway
