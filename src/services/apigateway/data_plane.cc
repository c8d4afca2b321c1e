#include "services/apigateway/data_plane.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/log.h"
#include "services/apigateway/exchange_trace.h"
#include "services/apigateway/gateway_responses.h"
#include "services/apigateway/json_text.h"
#include "services/apigateway/mapping.h"
#include "services/apigateway/proxy_response.h"

namespace dew::apigateway {

namespace {

// API Gateway's quota for the values of all headers together; more is refused before any work.
constexpr size_t kMaxHeaderValueBytes = 10'240;
constexpr size_t kMaxRequestHeaders = 200;

bool headers_too_large(const http::Headers& headers) {
  size_t bytes = 0;
  for (const auto& header : headers) bytes += header.value.size();
  return bytes > kMaxHeaderValueBytes || headers.size() > kMaxRequestHeaders;
}

// The number after statusCode in what a MOCK request template gives, which AWS reads leniently: the
// Serverless Framework writes {statusCode:200}. 0: none.
int mock_status(std::string_view text) {
  const size_t key = text.find("statusCode");
  if (key == std::string_view::npos) return 0;
  size_t at = key + 10;
  while (at < text.size() &&
         std::string_view(" \t\r\n\"':").find(text[at]) != std::string_view::npos)
    ++at;
  int status = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9' && status < 1000; ++at)
    status = status * 10 + (text[at] - '0');
  return status >= 100 && status <= 599 ? status : 0;
}

http::Response forbidden() {
  auto response = http::Response::json(403, R"({"message":"Forbidden"})");
  response.headers.add("x-amzn-ErrorType", "ForbiddenException");
  return response;
}

}  // namespace

void DataPlane::publish(const std::string& api_id, Tables tables) {
  apis_.with([&](auto& apis) {
    if (tables.empty()) {
      apis.erase(api_id);
    } else {
      apis[api_id].swap(tables);  // the old ones are released after the lock
    }
  });
}

std::shared_ptr<const StageTable> DataPlane::find(std::string_view api_id,
                                                  std::string_view stage) const {
  return apis_.read([&](const auto& apis) -> std::shared_ptr<const StageTable> {
    const auto api = apis.find(api_id);
    if (api == apis.end()) return nullptr;
    const auto found = api->second.find(stage);
    return found == api->second.end() ? nullptr : found->second;
  });
}

std::string DataPlane::api_of_stage(std::string_view stage) const {
  return apis_.read([&](const auto& apis) {
    for (const auto& [id, stages] : apis) {
      if (stages.contains(stage)) return id;
    }
    return std::string();
  });
}

void DataPlane::handle(http::Request request, http::Responder responder, DataPlaneAddress address) {
  auto table = find(address.api_id, address.stage);
  if (!table || table->endpoint_disabled) return responder(forbidden());
  auto exchange = std::make_shared<Exchange>();
  exchange->table = std::move(table);
  exchange->request = std::move(request);
  exchange->responder = std::move(responder);
  exchange->path = std::move(address.path);
  stamp(*exchange, clock_);
  if (exchange->table->tracing && traces_ != nullptr) begin_trace(*exchange, *traces_);

  if (exchange->request.body.size() > limits::kApiBodyBytes) {
    return refuse(exchange, "REQUEST_TOO_LARGE", 413, "RequestTooLargeException",
                  "Request Too Long");
  }
  if (headers_too_large(exchange->request.headers)) {
    return refuse(exchange, "DEFAULT_4XX", 431, "BadRequestException",
                  "Request Header Fields Too Large");
  }
  auto match = exchange->table->tree.match(exchange->request.method, exchange->path);
  if (!match) {
    return refuse(exchange, "MISSING_AUTHENTICATION_TOKEN", 403,
                  "MissingAuthenticationTokenException", "Missing Authentication Token");
  }
  exchange->route = &exchange->table->routes[match->target];
  exchange->values = std::move(match->values);
  if (!exchange->route->checks) return integrate(exchange);
  gate_.check(exchange, [this, exchange](std::optional<Refusal> refusal) {
    if (!refusal) return integrate(exchange);
    if (!refusal->reason.empty()) explain(exchange, refusal->reason);
    refuse(exchange, *refusal);
  });
}

void DataPlane::integrate(const ExchangePtr& exchange) {
  if (const auto* mock = std::get_if<MockTarget>(&exchange->route->target))
    return answer_mock(exchange, *mock);
  if (const auto* backend = std::get_if<HttpTarget>(&exchange->route->target))
    return ask_backend(exchange, *backend);
  invoke(exchange, std::get<ProxyTarget>(exchange->route->target));
}

void DataPlane::invoke(const ExchangePtr& exchange, const ProxyTarget& target) {
  const auto& table = *exchange->table;
  FunctionRequest call;
  call.payload = proxy_event(*exchange);
  if (call.payload.size() > limits::kInvocationBytes) {
    return refuse(exchange, "REQUEST_TOO_LARGE", 413, "RequestTooLargeException",
                  "Request Too Long");
  }
  call.function_arn = target.function_arn;
  call.source_arn =
      fmt::format("arn:aws:execute-api:{}:{}:{}/{}/{}{}", table.region, table.account, table.api_id,
                  table.stage, exchange->request.method, exchange->route->resource_path);
  call.trace_header = exchange->record ? begin_integration(*exchange, target.function_arn, clock_)
                                       : exchange->trace;
  if (exchange->route->log_level == LogLevel::kInfo) {
    log_execution(*exchange, fmt::format("HTTP Method: {}, Resource Path: {}",
                                         exchange->request.method, exchange->full_path()));
    if (exchange->route->log_data)
      log_execution(*exchange, "Endpoint request body after transformations: " + call.payload);
    log_execution(*exchange, fmt::format("Sending request to {}", target.function_arn));
  }
  await(exchange, target.timeout_ms, "the function");
  invoker_.invoke(std::move(call), [this, exchange](FunctionResponse answer) {
    if (exchange->finished.exchange(true)) return;
    exchange->answered = std::chrono::steady_clock::now();
    exchange->timer.cancel();
    if (exchange->record) end_integration(*exchange, answer.kind, clock_);
    finish_proxy(exchange, std::move(answer));
  });
}

void DataPlane::await(const ExchangePtr& exchange, int timeout_ms, std::string_view whom) {
  exchange->timer =
      start_timer_(std::chrono::milliseconds(timeout_ms), [this, exchange, timeout_ms, whom] {
        if (exchange->finished.exchange(true)) return;
        exchange->answered = std::chrono::steady_clock::now();
        explain(exchange, fmt::format("{} did not answer within {} ms", whom, timeout_ms));
        refuse(exchange, "INTEGRATION_TIMEOUT", 504, "InternalServerErrorException",
               "Endpoint request timed out");
      });
  exchange->asked = std::chrono::steady_clock::now();
}

void DataPlane::finish_proxy(const ExchangePtr& exchange, FunctionResponse answer) {
  using Kind = FunctionResponse::Kind;
  const auto internal_error = [&](int status) {
    refuse(exchange, "DEFAULT_5XX", status, "InternalServerErrorException",
           "Internal server error");
  };
  switch (answer.kind) {
    case Kind::kPayload:
      break;
    case Kind::kFunctionError:
      explain(exchange, "the function ended with an error, which its log shows");
      return internal_error(502);
    case Kind::kThrottled:
      explain(exchange, fmt::format("the function was throttled: {}", answer.message));
      return internal_error(500);
    case Kind::kDenied:
      explain(
          exchange,
          "Execution failed due to configuration error: Invalid permissions on Lambda function");
      return internal_error(500);
    case Kind::kFailed:
      explain(exchange, fmt::format("the function could not be invoked: {}", answer.message));
      return internal_error(500);
  }
  auto parsed = parse_proxy_response(answer.payload);
  if (!parsed) {
    explain(exchange,
            fmt::format(
                "Execution failed due to configuration error: Malformed Lambda proxy response: {}",
                parsed.error().message));
    return internal_error(502);
  }
  http::Response response;
  response.status = parsed->status;
  response.headers = std::move(parsed->headers);
  response.body = std::move(parsed->body);
  if (parsed->base64 && exchange->table->is_binary(exchange->request.headers.get("accept"))) {
    auto bytes = base64_decode(response.body);
    if (!bytes) {
      explain(exchange,
              "Execution failed due to configuration error: Unable to base64 decode the body");
      return internal_error(500);
    }
    response.body = std::move(*bytes);
  }
  if (!response.headers.has("content-type"))
    response.headers.add("Content-Type", "application/json");
  response.headers.add("X-Amzn-Trace-Id", exchange->trace);
  send(exchange, std::move(response));
}

void DataPlane::answer_mock(const ExchangePtr& exchange, const MockTarget& target) {
  const auto type = exchange->request.headers.get("content-type");
  const auto* request_template = choose(target.templates, type.empty() ? "application/json" : type);
  const auto broken = [&](std::string_view why) {
    explain(exchange, why);
    refuse(exchange, "API_CONFIGURATION_ERROR", 500, "InternalServerErrorException",
           "Internal server error");
  };
  std::string text;
  if (request_template) {
    text = request_template->second.render(scope_of(*exchange, 0, exchange->request.body)).text;
  } else if (target.pass_unmatched) {
    text = exchange->request.body;
  } else {
    return refuse(exchange, "UNSUPPORTED_MEDIA_TYPE", 415, "BadRequestException",
                  "Unsupported Media Type");
  }
  const int selected = mock_status(text);
  if (selected == 0) return broken("the MOCK integration's request template gives no statusCode");
  const auto* chosen = select_response(target.responses, std::to_string(selected));
  if (!chosen)
    return broken(fmt::format("no integration response matches the status {}", selected));
  send(exchange, mapped_response(*exchange, *chosen, "", nullptr));
}

void DataPlane::refuse(const ExchangePtr& exchange, std::string_view type, int status,
                       std::string_view code, std::string_view message) {
  refuse(exchange, Refusal{.type = type,
                           .status = status,
                           .code = std::string(code),
                           .message = std::string(message)});
}

void DataPlane::refuse(const ExchangePtr& exchange, const Refusal& refusal) {
  const auto& [type, status, code, message, body_form, reason] = refusal;
  exchange->error_message = message;
  exchange->error_type = type;
  const auto& answers = exchange->table->gateway_answers;
  auto custom = answers.find(type);
  if (custom == answers.end()) custom = answers.find(status >= 500 ? "DEFAULT_5XX" : "DEFAULT_4XX");

  http::Response response;
  response.status = status;
  response.headers.add("x-amzn-ErrorType", code);
  if (custom != answers.end()) {
    const auto& answer = custom->second;
    if (answer.status != 0) response.status = answer.status;
    const auto* body = choose(answer.templates, exchange->request.headers.get("accept"));
    if (!body) body = choose(answer.templates, "application/json");
    if (!body && !answer.templates.empty()) body = &answer.templates.front();
    response.headers.add("Content-Type", body ? body->first : "application/json");
    for (const auto& [name, value] : answer.headers) {
      response.headers.set(name, one_line(resolve(value, *exchange, response.status)));
    }
    if (body) {
      response.body =
          body->second.render(scope_of(*exchange, response.status, exchange->request.body)).text;
      return send(exchange, std::move(response));
    }
  } else {
    response.headers.add("Content-Type", "application/json");
  }
  response.body = body_form == Refusal::Body::kCapitalMessage  ? "{\"Message\":"
                  : body_form == Refusal::Body::kSpacedMessage ? "{\"message\": "
                                                               : "{\"message\":";
  if (body_form == Refusal::Body::kNull) {
    response.body += "null";
  } else {
    append_json_string(response.body, message);
  }
  response.body += '}';
  send(exchange, std::move(response));
}

void DataPlane::send(const ExchangePtr& exchange, http::Response response) {
  if (response.status == 204 || response.status == 304) response.body.clear();
  response.headers.add("x-amzn-RequestId", exchange->request_id);
  response.headers.add("x-amz-apigw-id", exchange->extended_id);
  if (exchange->route && exchange->route->log_level == LogLevel::kInfo) {
    if (exchange->route->log_data)
      log_execution(*exchange, "Method response body after transformations: " + response.body);
    log_execution(*exchange, fmt::format("Method completed with status: {}", response.status));
  }
  if (metrics_ != nullptr) measure(*exchange, response.status);
  const auto& table = *exchange->table;
  if (log_ && !table.access_log_group.empty()) {
    const auto latency =
        std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - exchange->received)
            .count();
    auto line = table.access_log_format.render([&](std::string_view name) {
      if (name == "responseLatency" || name == "integrationLatency") return std::to_string(latency);
      if (name == "responseLength") return std::to_string(response.body.size());
      return context_value(*exchange, name, response.status);
    });
    log_->append(table.access_log_group, fmt::format("{}-{}", table.api_id, table.stage),
                 clock_.now_ms(), std::move(line));
  }
  const int status = response.status;
  const size_t bytes = response.body.size();
  exchange->responder(std::move(response));
  if (exchange->record) end_trace(*exchange, status, bytes, clock_, *traces_);
}

void DataPlane::measure(const Exchange& exchange, int status) const {
  using Milliseconds = std::chrono::duration<double, std::milli>;
  const auto& table = *exchange.table;
  AnsweredRequest answered{.api_id = table.api_id,
                           .api_name = table.api_name,
                           .stage = table.stage,
                           .method = {},
                           .resource = {},
                           .status = status};
  answered.latency_ms = Milliseconds(std::chrono::steady_clock::now() - exchange.began).count();
  if (exchange.asked && exchange.answered)
    answered.integration_ms = Milliseconds(*exchange.answered - *exchange.asked).count();
  if (exchange.route != nullptr && exchange.route->detailed_metrics) {
    answered.method = exchange.request.method;
    answered.resource = exchange.route->resource_path;
  }
  metrics_->answered(answered);
}

void DataPlane::explain(const ExchangePtr& exchange, std::string_view why) {
  log::warn("{} {} ({}, request {}): {}", exchange->request.method, exchange->full_path(),
            exchange->table->api_id, exchange->request_id, why);
  if (exchange->route && exchange->route->log_level != LogLevel::kOff)
    log_execution(*exchange, std::string(why));
}

// docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html: the group's name.
void DataPlane::log_execution(const Exchange& exchange, std::string message) {
  constexpr size_t kMaxEventBytes = 1024;  // API Gateway truncates what it logs
  if (!log_) return;
  if (message.size() > kMaxEventBytes) message = message.substr(0, kMaxEventBytes) + " [TRUNCATED]";
  const auto& table = *exchange.table;
  log_->append(fmt::format("API-Gateway-Execution-Logs_{}/{}", table.api_id, table.stage),
               hex_encode(md5(table.deployment_id)), clock_.now_ms(),
               fmt::format("({}) {}", exchange.request_id, message));
}

}  // namespace dew::apigateway
