// Integrations of methods. AWS_PROXY (Lambda), HTTP, HTTP_PROXY and MOCK are honoured; whatever the
// data plane would not do is refused here, by name.
// docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "services/apigateway/errors.h"
#include "services/apigateway/http_integration.h"
#include "services/apigateway/integration_uri.h"
#include "services/apigateway/operations.h"
#include "services/apigateway/patch.h"
#include "services/apigateway/template.h"

namespace dew::apigateway {

namespace {

// docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
constexpr int64_t kMinTimeoutMs = 50;
constexpr int64_t kMaxTimeoutMs = 29'000;

bool has_entries(const json::Object& document, std::string_view member) {
  const auto* map = json::object_at(document, member);
  return map && !map->empty();
}

aws::ApiResult<void> check_proxy(const json::Object& integration) {
  const auto verb = json::string_or(integration, "httpMethod");
  if (verb.empty())
    return aws::fail(bad_request("Enumeration value for HttpMethod must be non-empty"));
  if (verb != "POST") {
    return aws::fail(bad_request(fmt::format(
        "Lambda functions are invoked with POST, but the integration's HTTP method is {}", verb)));
  }
  CHECK_OK(function_of_uri(json::string_or(integration, "uri")));
  for (const auto member : {"requestParameters", "requestTemplates"}) {
    if (has_entries(integration, member)) {
      return aws::fail(unsupported(fmt::format("{} of AWS_PROXY integrations", member)));
    }
  }
  if (!json::string_or(integration, "contentHandling").empty()) {
    return aws::fail(unsupported("contentHandling of AWS_PROXY integrations"));
  }
  return {};
}

aws::ApiResult<void> check_templates(const json::Object& integration) {
  const auto* templates = json::object_at(integration, "requestTemplates");
  if (!templates) return {};
  for (const auto& entry : *templates) {
    if (!entry.value().is_string())
      return aws::fail(bad_request("Invalid request template specified"));
    if (auto compiled = Template::compile(json::view(entry.value().get_string())); !compiled) {
      return aws::fail(bad_request(compiled.error().message));
    }
  }
  return {};
}

aws::ApiResult<void> check_mock(const json::Object& integration) {
  if (has_entries(integration, "requestParameters")) {
    return aws::fail(unsupported("requestParameters of MOCK integrations"));
  }
  if (json::string_or(integration, "contentHandling", "CONVERT_TO_TEXT") != "CONVERT_TO_TEXT") {
    return aws::fail(unsupported("contentHandling CONVERT_TO_BINARY"));
  }
  return check_templates(integration);
}

// What a parameter takes from the request must be one of the method's own.
aws::ApiResult<void> check_declared(const json::Object& method, std::string_view expression) {
  if (!expression.starts_with("method.request.")) return {};
  const auto* declared = json::object_at(method, "requestParameters");
  if (declared && declared->contains(expression)) return {};
  return aws::fail(bad_request(
      fmt::format("Invalid mapping expression specified: Validation Result: warnings : [], errors "
                  ": [Invalid mapping expression parameter specified: {}]",
                  expression)));
}

aws::ApiResult<void> check_http(const json::Object& integration, const json::Object& method) {
  static constexpr auto kVerbs = std::to_array<std::string_view>(
      {"GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY"});
  const auto verb = json::string_or(integration, "httpMethod");
  if (verb.empty())
    return aws::fail(bad_request("Enumeration value for HttpMethod must be non-empty"));
  if (std::ranges::find(kVerbs, verb) == kVerbs.end())
    return aws::fail(bad_request("Invalid HttpMethod specified: " + verb));
  CHECK_OK(check_http_uri(json::string_or(integration, "uri")));
  const bool proxy = json::string_or(integration, "type") == "HTTP_PROXY";
  if (proxy && has_entries(integration, "requestTemplates"))
    return aws::fail(unsupported("requestTemplates of HTTP_PROXY integrations"));
  if (const auto handling = json::string_or(integration, "contentHandling");
      !handling.empty() && (proxy || handling != "CONVERT_TO_TEXT")) {
    return aws::fail(unsupported(fmt::format("contentHandling {} of {} integrations", handling,
                                             proxy ? "HTTP_PROXY" : "HTTP")));
  }
  if (const auto* parameters = json::object_at(integration, "requestParameters")) {
    for (const auto& [name, value] : *parameters) {
      const auto expression = value.is_string() ? json::str(value) : std::string();
      CHECK_OK(request_parameter(name, expression));
      CHECK_OK(check_declared(method, expression));
    }
  }
  return check_templates(integration);
}

// `method` is the whole method, for what it declares.
aws::ApiResult<void> check_integration(const json::Object& method,
                                       const json::Object& integration) {
  const auto type = json::string_or(integration, "type");
  const bool http = type == "HTTP" || type == "HTTP_PROXY";
  if (type != "AWS_PROXY" && type != "MOCK" && !http) {
    return aws::fail(unsupported(fmt::format("integrations of type {}", type)));
  }
  if (!json::string_or(integration, "credentials").empty()) {
    return aws::fail(unsupported("execution roles of integrations (credentials)"));
  }
  if (json::string_or(integration, "connectionType", "INTERNET") != "INTERNET") {
    return aws::fail(unsupported("VPC links (connectionType VPC_LINK)"));
  }
  if (integration.contains("tlsConfig")) return aws::fail(unsupported("tlsConfig"));
  const auto passthrough = json::string_or(integration, "passthroughBehavior");
  if (passthrough != "WHEN_NO_MATCH" && passthrough != "WHEN_NO_TEMPLATES" &&
      passthrough != "NEVER") {
    return aws::fail(bad_request("Invalid passthrough behavior specified: " + passthrough));
  }
  const auto timeout_ms = json::int_at(integration, "timeoutInMillis").value_or(0);
  if (timeout_ms < kMinTimeoutMs || timeout_ms > kMaxTimeoutMs) {
    return aws::fail(bad_request("Timeout should be between 50 ms and 29000 ms"));
  }
  if (http) return check_http(integration, method);
  return type == "MOCK" ? check_mock(integration) : check_proxy(integration);
}

aws::ApiResult<json::Object*> integration_of(MethodDocument& found) {
  auto* integration = found.method().if_contains("methodIntegration");
  if (!integration) return aws::fail(no_such_integration());
  return &integration->as_object();
}

}  // namespace

Answer put_integration(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  TRY(auto found, find_method(control, call));
  json::Object integration;
  integration["type"] = text(call, "type");
  if (const auto verb = text(call, "integrationHttpMethod"); !verb.empty())
    integration["httpMethod"] = verb;
  for (const auto member :
       {"uri", "connectionType", "connectionId", "credentials", "requestParameters",
        "requestTemplates", "contentHandling", "tlsConfig"}) {
    copy_member(integration, call.input, member);
  }
  integration["passthroughBehavior"] =
      json::string_or(call.input, "passthroughBehavior", "WHEN_NO_MATCH");
  integration["timeoutInMillis"] =
      json::int_at(call.input, "timeoutInMillis").value_or(kMaxTimeoutMs);
  integration["cacheNamespace"] =
      json::string_or(call.input, "cacheNamespace", text(call, "resourceId"));
  integration["cacheKeyParameters"] = json::Array();
  copy_member(integration, call.input, "cacheKeyParameters");
  CHECK_OK(check_integration(found.method(), integration));
  found.method()["methodIntegration"] = integration;
  CHECK_OK(save_resource(control, call, found.resource));
  return integration;
}

Answer get_integration(Control& control, aws::Call& call) {
  TRY(auto found, find_method(control, call));
  TRY(auto* integration, integration_of(found));
  return *integration;
}

Answer update_integration(Control& control, aws::Call& call) {
  using Type = PatchRule::Type;
  static constexpr auto kRules = std::to_array<PatchRule>({
      {"/uri"},
      {"/httpMethod"},
      {"/timeoutInMillis", Type::kInteger},
      {"/passthroughBehavior"},
      {"/contentHandling"},
      {"/credentials"},
      {"/connectionType"},
      {"/connectionId"},
      {"/cacheNamespace"},
      {"/cacheKeyParameters", Type::kList},
      {"/requestParameters", Type::kMap},
      {"/requestTemplates", Type::kMap},
  });
  const std::scoped_lock lock(control.write);
  TRY(auto found, find_method(control, call));
  TRY(auto* integration, integration_of(found));
  CHECK_OK(apply_patches(*integration, call.input, kRules));
  CHECK_OK(check_integration(found.method(), *integration));
  CHECK_OK(save_resource(control, call, found.resource));
  return *integration;
}

Answer delete_integration(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  TRY(auto found, find_method(control, call));
  CHECK_OK(integration_of(found));
  found.method().erase("methodIntegration");
  CHECK_OK(save_resource(control, call, found.resource));
  return json::Object();
}

}  // namespace dew::apigateway
