// One operation of an API definition: the method, its responses, its integration.
// docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-integration.html
#include <fmt/format.h>

#include <algorithm>

#include "net/http.h"
#include "services/apigateway/api_definition.h"
#include "services/apigateway/errors.h"

namespace dew::apigateway {

namespace {

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  return text;
}

aws::ApiError malformed(std::string_view where, std::string_view what) {
  return bad_request(fmt::format("Invalid OpenAPI input: {} {}", where, what));
}

// A parameter, a header or a media type of a method, about.
constexpr size_t kEntryBytes = 100;

struct Operation {
  Reading& reading;
  const json::Object& object;
  std::string where;  // GET /users
  DefinedMethod out;
};

// Media types: of the operation, or of the whole, in Swagger 2.0.
std::vector<std::string> media_types(const Operation& operation, std::string_view member) {
  const auto* list = json::array_at(operation.object, member);
  if (!list) list = json::array_at(operation.reading.root, member);
  std::vector<std::string> out;
  for (const auto& type : list ? *list : json::Array()) {
    if (type.is_string()) out.push_back(json::str(type));
  }
  if (out.empty()) out.emplace_back("application/json");
  return out;
}

void put_in(json::Object& owner, std::string_view member, const std::string& key,
            const json::Value& value) {
  if (!owner.contains(member)) owner[member] = json::Object();
  owner[member].as_object()[key] = value;
}

// content: { TYPE: { schema } }
aws::ApiResult<void> read_content(Operation& operation, const json::Object& owner,
                                  json::Object& target, std::string_view member) {
  const auto* content = json::object_at(owner, "content");
  if (!content) return {};
  for (const auto& [type, media] : *content) {
    const auto* schema = json::find(media, "schema");
    if (!schema) continue;
    CHECK_OK(operation.reading.count(kEntryBytes + type.size()));
    TRY(const auto name, model_of(operation.reading, *schema, operation.where));
    if (!name.empty()) put_in(target, member, std::string(type), json::String(name));
  }
  return {};
}

// For each media type that the operation consumes or produces.
aws::ApiResult<void> put_model(Operation& operation, json::Object& target, std::string_view member,
                               std::string_view types, const std::string& model) {
  for (const auto& type : media_types(operation, types)) {
    CHECK_OK(operation.reading.count(kEntryBytes + type.size()));
    put_in(target, member, type, json::String(model));
  }
  return {};
}

aws::ApiResult<void> read_parameter(Operation& operation, const json::Object& parameter) {
  const auto in = json::string_or(parameter, "in");
  const auto name = json::string_or(parameter, "name");
  CHECK_OK(operation.reading.count(kEntryBytes + name.size()));
  if (in == "body") {
    const auto* schema = json::find(parameter, "schema");
    if (!schema) return {};
    TRY(const auto model, model_of(operation.reading, *schema, operation.where));
    if (model.empty()) return {};
    return put_model(operation, operation.out.method, "requestModels", "consumes", model);
  }
  if (in == "cookie" || in == "formData") {
    operation.reading.warn(
        fmt::format("The parameter '{}' of {} is left out: parameters in {} are not supported",
                    name, operation.where, in));
    return {};
  }
  if (name.empty() || (in != "query" && in != "header" && in != "path"))
    return aws::fail(malformed(operation.where, "has a parameter without a name or a place"));
  const bool required = in == "path" || json::bool_at(parameter, "required").value_or(false);
  put_in(operation.out.method, "requestParameters",
         fmt::format("method.request.{}.{}", in == "query" ? "querystring" : in, name), required);
  return {};
}

aws::ApiResult<void> read_parameters(Operation& operation, const json::Object& owner) {
  const auto* parameters = json::array_at(owner, "parameters");
  if (!parameters) return {};
  for (const auto& one : *parameters) {
    TRY(const auto* parameter, resolved(operation.reading, one, operation.where));
    CHECK_OK(read_parameter(operation, *parameter));
  }
  return {};
}

bool is_status(std::string_view text) {
  return text.size() == 3 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

aws::ApiResult<void> read_responses(Operation& operation) {
  const auto* responses = json::object_at(operation.object, "responses");
  if (!responses) return {};
  for (const auto& [status, value] : *responses) {
    const std::string_view code{status};
    if (code.starts_with("x-")) continue;
    if (!is_status(code)) {
      operation.reading.warn(fmt::format(
          "The response '{}' of {} is left out: a method's response has one status code", code,
          operation.where));
      continue;
    }
    TRY(const auto* response, resolved(operation.reading, value, operation.where));
    json::Object made{{"statusCode", code}};
    if (const auto* headers = json::object_at(*response, "headers")) {
      for (const auto& header : *headers) {
        CHECK_OK(operation.reading.count(kEntryBytes + header.key().size()));
        put_in(made, "responseParameters",
               fmt::format("method.response.header.{}", std::string_view(header.key())), false);
      }
    }
    if (const auto* schema = json::find(*response, "schema")) {
      TRY(const auto model, model_of(operation.reading, *schema, operation.where));
      if (!model.empty()) CHECK_OK(put_model(operation, made, "responseModels", "produces", model));
    }
    CHECK_OK(read_content(operation, *response, made, "responseModels"));
    operation.out.responses.push_back(std::move(made));
  }
  return {};
}

const json::Object* security_schemes(const Reading& reading) {
  if (reading.swagger) return json::object_at(reading.root, "securityDefinitions");
  const auto* components = json::object_at(reading.root, "components");
  return components ? json::object_at(*components, "securitySchemes") : nullptr;
}

aws::ApiResult<void> require_scheme(Operation& operation, std::string_view name) {
  const auto* schemes = security_schemes(operation.reading);
  const auto* scheme = schemes ? json::object_at(*schemes, name) : nullptr;
  if (!scheme) {
    operation.reading.warn(fmt::format("{} asks for the security scheme '{}', which is not defined",
                                       operation.where, name));
    return {};
  }
  auto& method = operation.out.method;
  const auto* authorizer = json::object_at(*scheme, "x-amazon-apigateway-authorizer");
  if (json::string_or(*scheme, "x-amazon-apigateway-authtype") == "awsSigv4") {
    method["authorizationType"] = "AWS_IAM";
  } else if (authorizer) {
    const bool pool = upper(json::string_or(*authorizer, "type")) == "COGNITO_USER_POOLS";
    method["authorizationType"] = pool ? "COGNITO_USER_POOLS" : "CUSTOM";
    operation.out.authorizer = name;
  } else if (json::string_or(*scheme, "type") == "apiKey" &&
             http::iequals(json::string_or(*scheme, "name"), "x-api-key")) {
    method["apiKeyRequired"] = true;
  } else {
    operation.reading.warn(fmt::format(
        "The security scheme '{}' of {} has no authorizer and is left out", name, operation.where));
  }
  return {};
}

aws::ApiResult<void> read_security(Operation& operation) {
  auto& method = operation.out.method;
  method["authorizationType"] = "NONE";
  const auto* security = json::array_at(operation.object, "security");
  if (!security) security = json::array_at(operation.reading.root, "security");
  for (const auto& one : security ? *security : json::Array()) {
    if (!one.is_object()) return aws::fail(malformed(operation.where, "has a malformed security"));
    for (const auto& [name, scopes] : one.get_object()) {
      CHECK_OK(require_scheme(operation, name));
      if (scopes.is_array() && !scopes.get_array().empty()) method["authorizationScopes"] = scopes;
    }
  }
  if (const auto* auth = json::object_at(operation.object, "x-amazon-apigateway-auth"))
    method["authorizationType"] = upper(json::string_or(*auth, "type", "NONE"));
  return {};
}

aws::ApiResult<void> read_integration_responses(Operation& operation,
                                                const json::Object& integration) {
  const auto* responses = json::object_at(integration, "responses");
  if (!responses) return {};
  for (const auto& [pattern, value] : *responses) {
    if (!value.is_object())
      return aws::fail(malformed(operation.where, "has a malformed integration response"));
    json::Object made;
    if (pattern != "default") made["selectionPattern"] = pattern;
    for (const auto& [name, part] : value.get_object()) {
      const std::string_view key{name};
      if (key == "statusCode") {
        made["statusCode"] = scalar_text(part);
      } else if (key == "contentHandling") {
        made[key] = upper(scalar_text(part));
      } else if (key == "responseParameters" || key == "responseTemplates") {
        made[key] = part;
      } else {
        return aws::fail(
            unsupported(fmt::format("{} in an integration response ({})", key, operation.where)));
      }
    }
    if (!made.contains("statusCode"))
      return aws::fail(malformed(operation.where, "has an integration response without a status"));
    operation.out.integration_responses.push_back(std::move(made));
  }
  return {};
}

aws::ApiResult<void> read_integration(Operation& operation) {
  const auto* integration = json::object_at(operation.object, "x-amazon-apigateway-integration");
  if (!integration) return {};
  json::Object made;
  for (const auto& [name, value] : *integration) {
    const std::string_view key{name};
    if (key == "responses") continue;
    if (key == "type" || key == "passthroughBehavior" || key == "contentHandling" ||
        key == "connectionType") {
      made[key] = upper(scalar_text(value));
    } else if (key == "httpMethod") {
      made["integrationHttpMethod"] = upper(scalar_text(value));
    } else if (key == "uri" || key == "credentials" || key == "connectionId" ||
               key == "cacheNamespace") {
      made[key] = scalar_text(value);
    } else if (key == "cacheKeyParameters" || key == "requestParameters" ||
               key == "requestTemplates" || key == "tlsConfig" || key == "timeoutInMillis") {
      made[key] = value;
    } else if (key == "payloadFormatVersion" && scalar_text(value).starts_with("1")) {
      // The only one that a REST API has.
    } else {
      return aws::fail(unsupported(
          fmt::format("{} of x-amazon-apigateway-integration ({})", key, operation.where)));
    }
  }
  operation.out.integration = std::move(made);
  return read_integration_responses(operation, *integration);
}

}  // namespace

aws::ApiResult<void> read_method(Reading& reading, const std::string& path, std::string verb,
                                 const json::Object& item, const json::Object& object) {
  Operation operation{reading, object, fmt::format("{} {}", verb, path), {}};
  operation.out.path = path;
  operation.out.verb = std::move(verb);
  CHECK_OK(check_extensions(object, {"integration", "request-validator", "auth"}, operation.where));
  if (const auto id = json::string_at(object, "operationId"))
    operation.out.method["operationName"] = *id;
  CHECK_OK(read_parameters(operation, item));
  CHECK_OK(read_parameters(operation, object));
  if (const auto* body = json::find(object, "requestBody")) {
    TRY(const auto* content, resolved(reading, *body, operation.where));
    CHECK_OK(read_content(operation, *content, operation.out.method, "requestModels"));
  }
  CHECK_OK(read_responses(operation));
  CHECK_OK(read_security(operation));
  operation.out.validator =
      json::string_or(object, "x-amazon-apigateway-request-validator",
                      json::string_or(reading.root, "x-amazon-apigateway-request-validator"));
  CHECK_OK(read_integration(operation));
  reading.out.methods.push_back(std::move(operation.out));
  return {};
}

}  // namespace dew::apigateway
