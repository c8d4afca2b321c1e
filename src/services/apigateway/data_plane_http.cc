// The data plane's HTTP and HTTP_PROXY integrations.
#include <fmt/format.h>

#include "services/apigateway/data_plane.h"
#include "services/apigateway/http_integration.h"
#include "services/apigateway/mapping.h"

namespace dew::apigateway {

void DataPlane::ask_backend(const ExchangePtr& exchange, const HttpTarget& target) {
  auto body = exchange->request.body;
  if (!target.proxy) {
    const auto type = exchange->request.headers.get("content-type");
    if (const auto* text = choose(target.templates, type.empty() ? "application/json" : type)) {
      body = text->second.render(scope_of(*exchange, 0, exchange->request.body)).text;
    } else if (!target.pass_unmatched) {
      return refuse(exchange, "UNSUPPORTED_MEDIA_TYPE", 415, "BadRequestException",
                    "Unsupported Media Type");
    }
  }
  auto call = backend_call(*exchange, target, std::move(body));
  if (!call) return misconfigured(exchange, call.error().message);
  if (exchange->route->log_level == LogLevel::kInfo) {
    if (exchange->route->log_data)
      log_execution(*exchange,
                    "Endpoint request body after transformations: " + call->request.body);
    log_execution(*exchange, fmt::format("Sending request to {}://{}:{}{}", call->url.scheme,
                                         call->url.host, call->url.port, call->url.target));
  }
  await(exchange, target.timeout_ms, "the backend");
  call->until = *exchange->asked + std::chrono::milliseconds(target.timeout_ms);
  backend_.send(std::move(*call), [this, exchange, &target](Result<http::Response> answer) {
    if (exchange->finished.exchange(true)) return;
    exchange->answered = std::chrono::steady_clock::now();
    exchange->timer.cancel();
    finish_http(exchange, target, std::move(answer));
  });
}

void DataPlane::finish_http(const ExchangePtr& exchange, const HttpTarget& target,
                            Result<http::Response> answer) {
  if (!answer) {
    explain(exchange, fmt::format("Execution failed due to a network error communicating with "
                                  "endpoint: {}",
                                  answer.error().message));
    if (answer.error().kind == ErrorKind::kTimeout) {
      return refuse(exchange, "INTEGRATION_TIMEOUT", 504, "InternalServerErrorException",
                    "Endpoint request timed out");
    }
    return refuse(exchange, "INTEGRATION_FAILURE", 504, "InternalServerErrorException",
                  "Network error communicating with endpoint");
  }
  if (target.proxy) return send(exchange, passed_on(std::move(*answer), *exchange));
  const auto* chosen = select_response(target.responses, std::to_string(answer->status));
  if (!chosen) {
    return misconfigured(
        exchange,
        fmt::format("No match for output mapping and no default output mapping configured. "
                    "Endpoint Response Status Code: {}",
                    answer->status));
  }
  auto body = std::move(answer->body);
  auto response = mapped_response(*exchange, *chosen, std::move(body), &*answer);
  response.headers.add("X-Amzn-Trace-Id", exchange->trace);
  send(exchange, std::move(response));
}

void DataPlane::misconfigured(const ExchangePtr& exchange, std::string_view why) {
  explain(exchange, fmt::format("Execution failed due to configuration error: {}", why));
  refuse(exchange, "API_CONFIGURATION_ERROR", 500, "InternalServerErrorException",
         "Internal server error");
}

}  // namespace dew::apigateway
