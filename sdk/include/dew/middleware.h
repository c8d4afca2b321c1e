// Middleware for the router. The usual order, outermost first:
//
//   router.use(request_id()).use(access_log()).use(metrics("users-api")).use(cors()).use(errors()).use(bearer_auth(verifier));
#pragma once

#include <dew/jwt.h>
#include <dew/router.h>

#include <string>
#include <string_view>
#include <vector>

namespace dew::middleware {

// Gives the request a correlation id: the client's X-Correlation-Id when it is 1 to 128 of
// [A-Za-z0-9._-], else API Gateway's request id. It goes into every log line, and back in
// X-Correlation-Id; X-Request-Id carries API Gateway's.
Middleware request_id();

// One log line per request: method, route, path, status, took_ms.
Middleware access_log();

// One metrics line per request: Requests, Latency, ClientErrors, ServerErrors, by service, method
// and route.
Middleware metrics(std::string name_space);

struct CorsOptions {
  std::vector<std::string> origins = {
      "*"};  // others than "*" are echoed when they match the request's Origin
  std::vector<std::string> headers = {"Content-Type", "Authorization", "X-Correlation-Id"};
  std::vector<std::string> expose = {"X-Correlation-Id", "X-Request-Id"};
  int max_age_s = 600;
};
// Answers OPTIONS of every known path with 204, and lets every answer be read by pages of the
// allowed origins.
Middleware cors(CorsOptions options = {});

// HttpError becomes its answer. Any other exception is logged and becomes 500 {"error":"Internal
// server error"}; in `development` (is_development) with a `detail` that has the exception's text.
Middleware errors();

// Requires `Authorization: Bearer` with a token that `verifier` accepts, else 401 with
// WWW-Authenticate. Requests with one of `open_methods`, and those that end in 404 or 405 anyway,
// pass. The claims go to Request::claims.
Middleware bearer_auth(jwt::Verifier verifier,
                       std::vector<std::string> open_methods = {"GET", "HEAD", "OPTIONS"});

}  // namespace dew::middleware
