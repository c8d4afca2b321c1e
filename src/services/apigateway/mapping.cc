#include "services/apigateway/mapping.h"

#include <re2/re2.h>

#include <algorithm>

namespace dew::apigateway {

TemplateScope scope_of(const Exchange& exchange, int status, std::string_view body) {
  TemplateScope scope;
  scope.body = body;
  scope.parameter = [&exchange](std::string_view name) {
    auto value = exchange.path_parameter(name);
    if (value.empty()) value = exchange.query_parameter(name);
    return value.empty() ? std::string(exchange.request.headers.get(name)) : value;
  };
  scope.context = [&exchange, status](std::string_view name) {
    return context_value(exchange, name, status);
  };
  scope.stage_variable = [&exchange](std::string_view name) {
    return json::string_or(exchange.table->variables, name);
  };
  return scope;
}

std::string resolve(const MappedValue& value, const Exchange& exchange, int status,
                    const http::Response* backend) {
  switch (value.kind) {
    case MappedValue::Kind::kStatic:
      return value.text;
    case MappedValue::Kind::kContext:
      return context_value(exchange, value.text, status);
    case MappedValue::Kind::kStageVariable:
      return json::string_or(exchange.table->variables, value.text);
    case MappedValue::Kind::kRequestHeader:
      return std::string(exchange.request.headers.get(value.text));
    case MappedValue::Kind::kRequestQuery:
      return exchange.query_parameter(value.text);
    case MappedValue::Kind::kRequestPath:
      return exchange.path_parameter(value.text);
    case MappedValue::Kind::kBackendHeader:
      return backend ? std::string(backend->headers.get(value.text)) : std::string();
  }
  return {};
}

std::string one_line(std::string text) {
  std::erase_if(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
  return text;
}

const std::pair<std::string, Template>* choose(
    const std::vector<std::pair<std::string, Template>>& templates, std::string_view type) {
  type = type.substr(0, type.find_first_of(";,"));
  while (type.ends_with(' ')) type.remove_suffix(1);
  const auto found = std::find_if(templates.begin(), templates.end(),
                                  [&](const auto& one) { return http::iequals(one.first, type); });
  return found == templates.end() ? nullptr : &*found;
}

http::Response mapped_response(const Exchange& exchange, const MappedResponse& chosen,
                               std::string body, const http::Response* backend) {
  http::Response response;
  response.status = chosen.status;
  const auto* text = choose(chosen.templates, "application/json");
  if (!text && !chosen.templates.empty()) text = &chosen.templates.front();
  response.headers.add("Content-Type", text ? text->first : "application/json");
  for (const auto& [name, value] : chosen.headers) {
    auto header = one_line(resolve(value, exchange, response.status, backend));
    // What the backend did not send is not there either.
    if (!header.empty() || value.kind != MappedValue::Kind::kBackendHeader)
      response.headers.set(name, header);
  }
  if (!text) {
    response.body = std::move(body);
    return response;
  }
  auto rendered = text->second.render(scope_of(exchange, response.status, body));
  response.body = std::move(rendered.text);
  if (rendered.status != 0) response.status = rendered.status;
  for (const auto& header : rendered.header_overrides)
    response.headers.set(header.name, one_line(header.value));
  return response;
}

const MappedResponse* select_response(const std::vector<MappedResponse>& responses,
                                      std::string_view text) {
  const MappedResponse* chosen = nullptr;
  for (const auto& one : responses) {
    if (one.pattern && RE2::FullMatch(text, *one.pattern)) return &one;
    if (!one.pattern && !chosen) chosen = &one;
  }
  return chosen;
}

}  // namespace dew::apigateway
