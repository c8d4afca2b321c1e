// The whole of an API definition: settings, schemes, paths.
#include "services/apigateway/api_definition.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "services/apigateway/errors.h"

namespace dew::apigateway {

namespace {

constexpr auto kVerbs = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"get", "GET"},
    {"put", "PUT"},
    {"post", "POST"},
    {"delete", "DELETE"},
    {"options", "OPTIONS"},
    {"head", "HEAD"},
    {"patch", "PATCH"},
    {"x-amazon-apigateway-any-method", "ANY"},
});

aws::ApiError malformed(std::string_view what) {
  return bad_request(fmt::format("Invalid OpenAPI input: {}", what));
}

void take(json::Object& to, std::string_view as, const json::Object& from, std::string_view name) {
  if (const auto* value = json::find(from, name)) to[as] = *value;
}

// ---- The path that comes before all others

// The path of a server's URL, with the defaults of its variables.
std::string server_path(const json::Object& server) {
  auto url = json::string_or(server, "url");
  if (const auto* variables = json::object_at(server, "variables")) {
    if (const auto* base = json::object_at(*variables, "basePath"))
      return json::string_or(*base, "default");
    for (const auto& [name, variable] : *variables) {
      if (!variable.is_object()) continue;
      const auto reference = fmt::format("{{{}}}", std::string_view(name));
      if (const size_t at = url.find(reference); at != std::string::npos)
        url.replace(at, reference.size(), json::string_or(variable.get_object(), "default"));
    }
  }
  const size_t scheme = url.find("://");
  const size_t path = url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  return path == std::string::npos ? "" : url.substr(path);
}

std::string base_path(const Reading& reading) {
  std::string out;
  if (reading.swagger) {
    out = json::string_or(reading.root, "basePath");
  } else if (const auto* servers = json::array_at(reading.root, "servers")) {
    for (const auto& server : *servers) {
      if (server.is_object()) out = server_path(server.get_object());
      break;
    }
  }
  while (out.ends_with('/')) out.pop_back();
  if (!out.empty() && !out.starts_with('/')) out.insert(0, "/");
  if (reading.options.base_path == BasePath::kIgnore) return "";
  if (reading.options.base_path == BasePath::kSplit) {
    const size_t second = out.find('/', 1);
    return second == std::string::npos ? "" : out.substr(second);
  }
  return out;
}

// ---- Paths

aws::ApiResult<void> read_path(Reading& reading, const std::string& path,
                               const json::Object& item) {
  CHECK_OK(check_extensions(item, {"any-method"}, path));
  reading.out.paths.push_back(path);
  for (const auto& [name, verb] : kVerbs) {
    const auto* operation = json::find(item, name);
    if (!operation) continue;
    if (!operation->is_object())
      return aws::fail(malformed(fmt::format("{} {} is not an object", verb, path)));
    CHECK_OK(read_method(reading, path, std::string(verb), item, operation->get_object()));
  }
  if (item.contains("trace"))
    reading.warn(fmt::format("TRACE {} is left out: a method cannot be TRACE", path));
  return {};
}

aws::ApiResult<void> read_paths(Reading& reading) {
  const auto base = base_path(reading);
  if (!base.empty()) reading.out.paths.push_back(base);
  const auto* paths = json::object_at(reading.root, "paths");
  if (!paths) return aws::fail(malformed("it has no paths"));
  CHECK_OK(check_extensions(*paths, {}, "paths"));
  for (const auto& [name, value] : *paths) {
    std::string path{name};
    if (path.starts_with("x-")) continue;
    if (!path.starts_with('/'))
      return aws::fail(malformed(fmt::format("the path {} does not begin with a slash", path)));
    TRY(const auto* item, resolved(reading, value, path));
    if (value.if_object() != item) CHECK_OK(reading.count(json::dump(*item).size()));
    path.insert(0, base);
    if (path.size() > 1 && path.ends_with('/')) path.pop_back();
    CHECK_OK(read_path(reading, path, *item));
  }
  return {};
}

// ---- Authorizers, validators, gateway responses

aws::ApiResult<void> read_scheme(Reading& reading, const std::string& name,
                                 const json::Object& scheme) {
  const auto where = fmt::format("the security scheme {}", name);
  CHECK_OK(check_extensions(scheme, {"authtype", "authorizer"}, where));
  const auto* authorizer = json::object_at(scheme, "x-amazon-apigateway-authorizer");
  if (!authorizer) return {};
  json::Object made{{"name", name}};
  take(made, "authType", scheme, "x-amazon-apigateway-authtype");
  for (const auto& [key, value] : *authorizer) {
    if (key == "type") {
      auto type = value.is_string() ? json::str(value) : std::string();
      std::ranges::transform(type, type.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      });
      made["type"] = type;
    } else if (key == "authorizerUri" || key == "authorizerCredentials" ||
               key == "identitySource" || key == "identityValidationExpression" ||
               key == "authorizerResultTtlInSeconds" || key == "providerARNs") {
      made[key] = value;
    } else {
      return aws::fail(unsupported(
          fmt::format("{} of x-amazon-apigateway-authorizer ({})", std::string_view(key), name)));
    }
  }
  // A token is where the scheme says.
  if (json::string_or(made, "type") == "TOKEN" && !made.contains("identitySource") &&
      json::string_or(scheme, "in") == "header" && !json::string_or(scheme, "name").empty()) {
    made["identitySource"] =
        fmt::format("method.request.header.{}", json::string_or(scheme, "name"));
  }
  reading.out.authorizers.push_back(std::move(made));
  return {};
}

aws::ApiResult<void> read_schemes(Reading& reading) {
  const auto* owner = reading.swagger ? &reading.root : json::object_at(reading.root, "components");
  if (!owner) return {};
  if (!reading.swagger) CHECK_OK(check_extensions(*owner, {}, "components"));
  const auto* schemes =
      json::object_at(*owner, reading.swagger ? "securityDefinitions" : "securitySchemes");
  if (!schemes) return {};
  for (const auto& [name, scheme] : *schemes) {
    if (!scheme.is_object())
      return aws::fail(malformed(
          fmt::format("the security scheme {} is not an object", std::string_view(name))));
    CHECK_OK(read_scheme(reading, std::string(name), scheme.get_object()));
  }
  return {};
}

// NAME: { members } into inputs whose `key` is the name.
aws::ApiResult<void> read_named(const Reading& reading, std::string_view extension,
                                std::string_view key, std::initializer_list<std::string_view> known,
                                std::vector<json::Object>& out) {
  const auto* all = json::object_at(reading.root, extension);
  if (!all) return {};
  for (const auto& [name, value] : *all) {
    if (!value.is_object())
      return aws::fail(
          malformed(fmt::format("{} of {} is not an object", std::string_view(name), extension)));
    json::Object made{{key, name}};
    for (const auto& [member, part] : value.get_object()) {
      if (std::ranges::find(known, std::string_view(member)) == known.end()) {
        return aws::fail(unsupported(fmt::format("{} of {}", std::string_view(member), extension)));
      }
      made[member] = member == "statusCode" ? json::Value(scalar_text(part)) : part;
    }
    out.push_back(std::move(made));
  }
  return {};
}

// ---- Settings of the whole

aws::ApiResult<void> read_endpoint(Reading& reading) {
  const auto* endpoint =
      json::object_at(reading.root, "x-amazon-apigateway-endpoint-configuration");
  if (!endpoint) return {};
  for (const auto& [name, value] : *endpoint) {
    if (name == "disableExecuteApiEndpoint") {
      reading.out.api["disableExecuteApiEndpoint"] = value;
    } else if (name == "types") {
      reading.out.api["endpointConfiguration"] = json::Object{{"types", value}};
    } else {
      return aws::fail(unsupported(
          fmt::format("{} of x-amazon-apigateway-endpoint-configuration", std::string_view(name))));
    }
  }
  return {};
}

aws::ApiResult<void> read_settings(Reading& reading) {
  const auto& root = reading.root;
  CHECK_OK(
      check_extensions(root,
                       {"api-key-source", "binary-media-types", "documentation",
                        "endpoint-configuration", "gateway-responses", "minimum-compression-size",
                        "policy", "request-validator", "request-validators"},
                       "the definition"));
  if (root.contains("x-amazon-apigateway-documentation") && !reading.options.ignore_documentation)
    return aws::fail(unsupported("x-amazon-apigateway-documentation (ignore=documentation)"));
  auto& api = reading.out.api;
  const auto* info = json::object_at(root, "info");
  if (!info || json::string_or(*info, "title").empty())
    return aws::fail(malformed("info.title, the API's name, is missing"));
  api["name"] = json::string_or(*info, "title");
  if (const auto about = json::string_or(*info, "description"); !about.empty())
    api["description"] = about;
  if (const auto* version = json::find(*info, "version")) api["version"] = scalar_text(*version);
  take(api, "apiKeySource", root, "x-amazon-apigateway-api-key-source");
  take(api, "binaryMediaTypes", root, "x-amazon-apigateway-binary-media-types");
  take(api, "minimumCompressionSize", root, "x-amazon-apigateway-minimum-compression-size");
  if (const auto* policy = json::find(root, "x-amazon-apigateway-policy"))
    api["policy"] = policy->is_string() ? json::str(*policy) : json::dump(*policy);
  if (const auto* tags = json::array_at(root, "tags")) {
    json::Object made;
    for (const auto& tag : *tags) {
      if (!tag.is_object()) continue;
      if (const auto value = json::string_at(tag.get_object(), "x-amazon-apigateway-tag-value"))
        made[json::string_or(tag.get_object(), "name")] = *value;
    }
    if (!made.empty()) api["tags"] = std::move(made);
  }
  return read_endpoint(reading);
}

// The members that operations take as they are have the types that their models say.
aws::ApiResult<void> check_types(const ApiDefinition& out) {
  if (const auto* types = json::find(out.api, "binaryMediaTypes");
      types && (!types->is_array() || !std::ranges::all_of(types->get_array(), [](const auto& one) {
        return one.is_string();
      })))
    return aws::fail(malformed("x-amazon-apigateway-binary-media-types is not a list of text"));
  const auto check_map = [](const json::Object& owner, std::string_view member) {
    const auto* map = json::find(owner, member);
    return !map || (map->is_object() && std::ranges::all_of(map->get_object(), [](const auto& one) {
                      return one.value().is_string();
                    }));
  };
  for (const auto& method : out.methods) {
    auto parts = method.integration_responses;
    if (method.integration) parts.push_back(*method.integration);
    for (const auto& part : parts) {
      for (const auto member :
           {"requestParameters", "requestTemplates", "responseParameters", "responseTemplates"}) {
        if (!check_map(part, member)) {
          return aws::fail(malformed(
              fmt::format("{} of {} {} is not a map of text", member, method.verb, method.path)));
        }
      }
    }
  }
  for (const auto& response : out.gateway_responses) {
    if (!check_map(response, "responseParameters") || !check_map(response, "responseTemplates"))
      return aws::fail(malformed("a gateway response is not made of maps of text"));
  }
  return {};
}

}  // namespace

aws::ApiResult<void> Reading::count(size_t more) {
  bytes += more;
  if (bytes > kMaxDefinedBytes)
    return aws::fail(malformed("its operations refer to the same large parts too often"));
  return {};
}

std::string scalar_text(const json::Value& value) {
  if (value.is_string()) return json::str(value);
  if (!value.is_double()) return json::dump(value);
  auto text = fmt::format("{}", value.get_double());
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

aws::ApiResult<void> check_extensions(const json::Object& object,
                                      std::initializer_list<std::string_view> known,
                                      std::string_view where) {
  for (const auto& entry : object) {
    const std::string_view name{entry.key()};
    if (!name.starts_with(kExtension)) continue;
    if (std::ranges::find(known, name.substr(kExtension.size())) == known.end())
      return aws::fail(unsupported(fmt::format("{} in {}", name, where)));
  }
  return {};
}

aws::ApiResult<const json::Object*> resolved(const Reading& reading, const json::Value& value,
                                             std::string_view where) {
  constexpr int kMaxSteps = 8;  // a reference to a reference
  const auto* at = &value;
  for (int step = 0; step < kMaxSteps; ++step) {
    if (!at->is_object()) return aws::fail(malformed(fmt::format("{} is not an object", where)));
    const auto reference = json::string_at(at->get_object(), "$ref");
    if (!reference) return &at->get_object();
    const json::Object* owner = &reading.root;
    std::string_view rest = reference->starts_with("#/") ? reference->substr(2) : "";
    const json::Value* found = nullptr;
    while (owner && !rest.empty()) {
      const size_t slash = rest.find('/');
      found = json::find(*owner, rest.substr(0, slash));
      rest = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
      owner = found && found->is_object() ? &found->get_object() : nullptr;
      if (!rest.empty() && !owner) found = nullptr;
    }
    if (!found)
      return aws::fail(
          malformed(fmt::format("{} refers to {}, which is not there", where, *reference)));
    at = found;
  }
  return aws::fail(malformed(fmt::format("{} refers to references without end", where)));
}

aws::ApiResult<ApiDefinition> read_definition(const json::Object& document,
                                              const DefinitionOptions& options) {
  Reading reading{document, options};
  const auto* swagger = json::find(document, "swagger");
  const auto* version = json::find(document, "openapi");
  reading.swagger = swagger && scalar_text(*swagger).starts_with("2");
  if (!reading.swagger && !(version && scalar_text(*version).starts_with("3.0"))) {
    return aws::fail(
        bad_request("Invalid OpenAPI input: it says neither swagger: \"2.0\" nor openapi: 3.0"));
  }
  CHECK_OK(read_settings(reading));
  CHECK_OK(read_models(reading));
  CHECK_OK(read_schemes(reading));
  CHECK_OK(read_named(reading, "x-amazon-apigateway-request-validators", "name",
                      {"validateRequestBody", "validateRequestParameters"},
                      reading.out.validators));
  CHECK_OK(read_named(reading, "x-amazon-apigateway-gateway-responses", "responseType",
                      {"statusCode", "responseParameters", "responseTemplates"},
                      reading.out.gateway_responses));
  CHECK_OK(read_paths(reading));
  const auto& out = reading.out;
  if (out.authorizers.size() > kMaxNamedParts || out.validators.size() > kMaxNamedParts ||
      out.models.size() > kMaxModels) {
    return aws::fail(
        malformed(fmt::format("it has more than {} authorizers or request validators, or {} models",
                              kMaxNamedParts, kMaxModels)));
  }
  CHECK_OK(check_types(out));
  return std::move(reading.out);
}

}  // namespace dew::apigateway
