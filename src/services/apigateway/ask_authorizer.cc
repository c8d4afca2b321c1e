#include "services/apigateway/ask_authorizer.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "services/apigateway/gate.h"
#include "services/apigateway/json_text.h"

namespace dew::apigateway {

namespace {

std::string value_of(const Exchange& exchange, const IdentitySource& source) {
  switch (source.from) {
    case IdentitySource::From::kHeader:
      return std::string(exchange.request.headers.get(source.name));
    case IdentitySource::From::kQuery:
      return exchange.query_parameter(source.name);
    case IdentitySource::From::kStageVariable:
      return json::string_or(exchange.table->variables, source.name);
    case IdentitySource::From::kContext:
      return context_value(exchange, source.name, 0);
  }
  return {};
}

}  // namespace

std::optional<std::string> identity_of(const Exchange& exchange,
                                       const LambdaAuthorizer& authorizer) {
  const bool token = authorizer.kind == LambdaAuthorizer::Kind::kToken;
  std::string out;
  for (const auto& source : authorizer.sources) {
    const auto value = value_of(exchange, source);
    if (value.empty() && (token || authorizer.ttl_ms > 0)) return std::nullopt;
    if (token && authorizer.validation && !RE2::FullMatch(value, *authorizer.validation))
      return std::nullopt;
    out += fmt::format("{}:{}", value.size(), value);
  }
  return out;
}

FunctionRequest authorizer_request(const Exchange& exchange, const LambdaAuthorizer& authorizer) {
  const auto& table = *exchange.table;
  FunctionRequest out;
  out.function_arn = authorizer.function_arn;
  out.source_arn = fmt::format("arn:aws:execute-api:{}:{}:{}/authorizers/{}", table.region,
                               table.account, table.api_id, authorizer.id);
  out.trace_header = exchange.trace;
  const auto arn = invoked_arn(exchange);
  if (authorizer.kind == LambdaAuthorizer::Kind::kRequest) {
    out.payload = authorizer_event(exchange, arn);
    return out;
  }
  out.payload = R"({"type":"TOKEN","methodArn":)";
  append_json_string(out.payload, arn);
  out.payload += ",\"authorizationToken\":";
  append_json_string(out.payload,
                     authorizer.sources.empty() ? "" : value_of(exchange, authorizer.sources[0]));
  out.payload += '}';
  return out;
}

bool is_unauthorized(const FunctionResponse& answer) {
  if (answer.kind != FunctionResponse::Kind::kFunctionError) return false;
  const auto document = json::parse(answer.payload);
  return document && document->is_object() &&
         json::string_or(document->get_object(), "errorMessage") == "Unauthorized";
}

}  // namespace dew::apigateway
