// One request to a deployed API on its way through the data plane, and what can be said of it:
// the proxy event, the $context variables, the standard response headers.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "net/http.h"
#include "net/loop.h"
#include "services/apigateway/admission.h"
#include "services/apigateway/stage_table.h"
#include "services/apigateway/trace_sink.h"

namespace dew::apigateway {

// Made on an io thread, finished once, on whatever thread the function's answer comes. Not copied
// or moved: the views point into `request`.
struct Exchange {
  std::shared_ptr<const StageTable> table;
  const Route* route = nullptr;  // null: none matched
  http::Request request;
  http::Responder responder;
  std::string path;                      // without the stage, still percent-encoded: /users/42
  std::vector<std::string_view> values;  // of the route's parameters, into `path`
  TimePoint received;
  // For latencies: the cloud's clock may be moved meanwhile.
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
  std::optional<std::chrono::steady_clock::time_point> asked;     // the function
  std::optional<std::chrono::steady_clock::time_point> answered;  // by it
  std::string request_id;
  std::string extended_id;
  std::string trace;                     // X-Amzn-Trace-Id
  std::unique_ptr<RequestTrace> record;  // null: not traced
  net::Timer timer;
  std::atomic<bool> finished = false;
  std::unique_ptr<Admission> admission;  // null: the route asks for nothing

  // Set when an answer of the gateway's own is rendered.
  std::string error_message;
  std::string_view error_type;

  std::string source_ip() const { return request.remote_address; }
  std::string domain_name() const { return std::string(request.host()); }
  std::string full_path() const { return "/" + table->stage + path; }
  std::string path_parameter(std::string_view name) const;
  std::string query_parameter(std::string_view name) const;  // decoded; the last value
};

void stamp(Exchange& exchange, const Clock& clock);  // time and ids

// docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
std::string proxy_event(const Exchange& exchange);

// What a REQUEST authorizer gets: the same without the body.
// docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html
std::string authorizer_event(const Exchange& exchange, std::string_view method_arn);

// $context.NAME; "" if unknown or absent. `status` is the response's, 0 while there is none.
std::string context_value(const Exchange& exchange, std::string_view name, int status);

// 10/Oct/2020:13:55:36 +0000, the Common Log Format's time.
std::string clf_time(TimePoint time);

}  // namespace dew::apigateway
