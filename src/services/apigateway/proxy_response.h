// What a function answers behind a Lambda proxy integration, parsed and checked:
//   {"statusCode": 200, "headers": {…}, "multiValueHeaders": {…}, "body": "…", "isBase64Encoded":
//   false}
// Every member may be absent or null; any other member makes the answer malformed, as on AWS.
// docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-output-format
//
// The bytes come from user code and are hostile: header names and values that would break the HTTP
// message are refused, hop-by-hop headers dropped, and headers that belong to the gateway renamed
// (x-amzn-Remapped-…).
#pragma once

#include <string>

#include "base/result.h"
#include "net/http.h"

namespace dew::apigateway {

struct ProxyResponse {
  int status = 200;
  http::Headers headers;
  std::string body;
  bool base64 = false;
};

// The error says in one sentence what is wrong, and quotes nothing but member names. `payload` gets
// spare capacity for the parser, its text stays the same.
Result<ProxyResponse> parse_proxy_response(std::string& payload);

}  // namespace dew::apigateway
