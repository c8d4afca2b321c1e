// The CORS preflight of a path: what its events want, together, and the OPTIONS method that
// answers. Internal to this folder.
// www.serverless.com/framework/docs/providers/aws/events/apigateway#enabling-cors
#pragma once

#include <string>
#include <vector>

#include "json/json.h"
#include "serverless/document.h"

namespace dew::serverless {

struct Preflight {
  std::vector<std::string> headers;
  std::vector<std::string> methods;
  std::vector<std::string> origins;
  std::string origin;
  bool allow_credentials = false;
  int64_t max_age = 0;
  std::string cache_control;
};

// What one event's `cors` says.
Preflight preflight_of(const std::string& method, const Node& cors);

// Lists are united; of single values the last event's wins.
void add_preflight(Preflight& into, const Preflight& one);

// Properties of the AWS::ApiGateway::Method, but for the resource and the API.
json::Object preflight_method(const Preflight& cors);

}  // namespace dew::serverless
