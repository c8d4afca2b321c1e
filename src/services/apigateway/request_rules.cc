#include "services/apigateway/request_rules.h"

#include <fmt/format.h>

#include <array>

#include "services/apigateway/exchange.h"

namespace dew::apigateway {

namespace {

constexpr std::string_view kDefault = "$default";
constexpr int kBadRequest = 400;

bool is_missing(const Exchange& exchange, const RequestRules::Parameter& parameter) {
  using In = RequestRules::Parameter::In;
  switch (parameter.in) {
    case In::kHeader:
      return exchange.request.headers.get(parameter.name).empty();
    case In::kQuery:
      return exchange.query_parameter(parameter.name).empty();
    case In::kPath:
      break;
  }
  return exchange.path_parameter(parameter.name).empty();
}

// A body without a content type is JSON, as for mapping templates.
const JsonSchema* schema_of(const RequestRules& rules, std::string_view type) {
  type = type.substr(0, type.find_first_of(";,"));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (type.empty()) type = "application/json";
  const JsonSchema* fallback = nullptr;
  for (const auto& [known, schema] : rules.bodies) {
    if (http::iequals(known, type)) return schema.get();
    if (known == kDefault) fallback = schema.get();
  }
  return fallback;
}

void add_required(RequestRules& rules, const json::Object& method) {
  using In = RequestRules::Parameter::In;
  static constexpr auto kPlaces = std::to_array<std::pair<std::string_view, In>>({
      {"method.request.header.", In::kHeader},
      {"method.request.multivalueheader.", In::kHeader},
      {"method.request.querystring.", In::kQuery},
      {"method.request.multivaluequerystring.", In::kQuery},
      {"method.request.path.", In::kPath},
  });
  const auto* parameters = json::object_at(method, "requestParameters");
  if (!parameters) return;
  for (const auto& parameter : *parameters) {
    if (!parameter.value().is_bool() || !parameter.value().get_bool()) continue;
    const std::string_view name{parameter.key().data(), parameter.key().size()};
    for (const auto& [prefix, in] : kPlaces) {
      if (name.starts_with(prefix))
        rules.required.push_back({in, std::string(name.substr(prefix.size()))});
    }
  }
}

}  // namespace

Result<JsonSchema> compile_model(const json::Object& model, const ModelFinder& models) {
  const auto parse = [](const json::Object& one) -> Result<json::Value> {
    const auto text = json::string_or(one, "schema");
    if (text.empty()) return json::Value(json::Object());
    return json::parse(text);
  };
  TRY(const auto schema, parse(model));
  return JsonSchema::compile(schema, [&](std::string_view document) -> Result<json::Value> {
    constexpr std::string_view kMark = "/models/";
    const size_t mark = document.rfind(kMark);
    const auto* other = document.starts_with("https://apigateway.amazonaws.com/restapis/") &&
                                mark != std::string_view::npos
                            ? models(document.substr(mark + kMark.size()))
                            : nullptr;
    if (!other) return fail(ErrorKind::kNotFound, "the API has no such model");
    return parse(*other);
  });
}

Result<RequestRulesPtr> build_rules(const json::Object& method, const json::Object& validator,
                                    const ModelFinder& models) {
  auto out = std::make_shared<RequestRules>();
  if (json::bool_at(validator, "validateRequestParameters").value_or(false))
    add_required(*out, method);
  const auto* of_types = json::object_at(method, "requestModels");
  if (of_types && json::bool_at(validator, "validateRequestBody").value_or(false)) {
    for (const auto& entry : *of_types) {
      const auto name = entry.value().is_string() ? json::str(entry.value()) : std::string();
      const auto* model = models(name);
      if (!model) return fail(ErrorKind::kInvalid, fmt::format("The API has no model {}.", name));
      auto schema = compile_model(*model, models);
      if (!schema) {
        return fail(ErrorKind::kInvalid,
                    fmt::format("The model {} is not valid: {}", name, schema.error().message));
      }
      out->bodies.emplace_back(std::string(entry.key()),
                               std::make_shared<const JsonSchema>(*std::move(schema)));
    }
  }
  if (out->required.empty() && out->bodies.empty()) return nullptr;
  return RequestRulesPtr(std::move(out));
}

std::optional<Refusal> check_request(const Exchange& exchange, const RequestRules& rules) {
  std::string missing;
  for (const auto& parameter : rules.required) {
    if (!is_missing(exchange, parameter)) continue;
    missing += (missing.empty() ? "" : ", ") + parameter.name;
  }
  const auto refuse = [](std::string_view type, std::string message, std::string reason) {
    return Refusal{.type = type,
                   .status = kBadRequest,
                   .code = "BadRequestException",
                   .message = std::move(message),
                   .body = Refusal::Body::kSpacedMessage,
                   .reason = std::move(reason)};
  };
  if (!missing.empty()) {
    auto message = fmt::format("Missing required request parameters: [{}]", missing);
    return refuse("BAD_REQUEST_PARAMETERS", message, "Request failed basic validation: " + message);
  }
  if (rules.bodies.empty()) return std::nullopt;
  const auto* schema = schema_of(rules, exchange.request.headers.get("content-type"));
  if (!schema) return std::nullopt;
  const auto body = json::parse(exchange.request.body);
  const auto wrong = body ? schema->check(*body) : std::optional<std::string>("it is not JSON");
  if (!wrong) return std::nullopt;
  return refuse("BAD_REQUEST_BODY", "Invalid request body",
                "Request body does not match model schema for its content type: " + *wrong);
}

}  // namespace dew::apigateway
