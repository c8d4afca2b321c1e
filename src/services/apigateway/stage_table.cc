#include "services/apigateway/stage_table.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <charconv>

#include "services/apigateway/http_integration.h"
#include "services/apigateway/integration_uri.h"
#include "services/apigateway/json_text.h"

namespace dew::apigateway {

namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::string_view media_type(std::string_view text) {
  text = text.substr(0, text.find_first_of(";,"));
  while (text.ends_with(' ')) text.remove_suffix(1);
  while (text.starts_with(' ')) text.remove_prefix(1);
  return text;
}

int timeout_of(const json::Object& integration) {
  return static_cast<int>(json::int_at(integration, "timeoutInMillis").value_or(29'000));
}

int status_number(std::string_view text, int fallback) {
  int status = fallback;
  std::from_chars(text.data(), text.data() + text.size(), status);
  return status;
}

Result<MappedValue> mapped(const json::Value& value) {
  auto out = mapped_response_value(value.is_string() ? json::view(value.get_string())
                                                     : std::string_view());
  if (!out) return fail(ErrorKind::kInvalid, out.error().message);
  return std::move(*out);
}

using HeaderList = std::vector<std::pair<std::string, MappedValue>>;
using TemplateList = std::vector<std::pair<std::string, Template>>;

Result<HeaderList> compile_headers(const json::Object& document, std::string_view prefix) {
  HeaderList out;
  const auto* parameters = json::object_at(document, "responseParameters");
  if (!parameters) return out;
  for (const auto& parameter : *parameters) {
    const std::string_view name{parameter.key().data(), parameter.key().size()};
    TRY(auto value, mapped(parameter.value()));
    out.emplace_back(name.substr(std::min(prefix.size(), name.size())), std::move(value));
  }
  return out;
}

Result<TemplateList> compile_templates(const json::Object& document, std::string_view member) {
  TemplateList out;
  const auto* templates = json::object_at(document, member);
  if (!templates) return out;
  for (const auto& entry : *templates) {
    TRY(auto compiled,
        Template::compile(entry.value().is_string() ? json::view(entry.value().get_string())
                                                    : std::string_view()));
    out.emplace_back(std::string(entry.key().data(), entry.key().size()), std::move(compiled));
  }
  return out;
}

// Whether a body without a template of its type is passed on.
bool passes_unmatched(const json::Object& integration, const TemplateList& templates) {
  const auto passthrough = json::string_or(integration, "passthroughBehavior", "WHEN_NO_MATCH");
  return passthrough == "WHEN_NO_MATCH" ||
         (passthrough == "WHEN_NO_TEMPLATES" && templates.empty());
}

Result<std::vector<MappedResponse>> build_responses(const json::Object& integration) {
  std::vector<MappedResponse> out;
  const auto* responses = json::object_at(integration, "integrationResponses");
  if (!responses) return out;
  for (const auto& entry : *responses) {
    const auto& document = entry.value().as_object();
    MappedResponse response;
    response.status = status_number(json::string_or(document, "statusCode"), 200);
    if (const auto pattern = json::string_or(document, "selectionPattern"); !pattern.empty()) {
      response.pattern = std::make_shared<RE2>(pattern, RE2::Quiet);
    }
    TRY(response.headers, compile_headers(document, "method.response.header."));
    TRY(response.templates, compile_templates(document, "responseTemplates"));
    out.push_back(std::move(response));
  }
  return out;
}

Result<MockTarget> build_mock(const json::Object& integration) {
  MockTarget out;
  TRY(out.templates, compile_templates(integration, "requestTemplates"));
  out.pass_unmatched = passes_unmatched(integration, out.templates);
  TRY(out.responses, build_responses(integration));
  return out;
}

Result<HttpTarget> build_http(const json::Object& integration, const json::Object& variables) {
  HttpTarget out;
  out.proxy = json::string_or(integration, "type") == "HTTP_PROXY";
  out.method = json::string_or(integration, "httpMethod");
  out.uri = with_stage_variables(json::string_or(integration, "uri"), &variables);
  out.timeout_ms = timeout_of(integration);
  if (const auto* parameters = json::object_at(integration, "requestParameters")) {
    for (const auto& [name, value] : *parameters) {
      auto parameter = request_parameter(name, value.is_string() ? json::str(value) : "");
      if (!parameter) return fail(ErrorKind::kInvalid, parameter.error().message);
      out.parameters.push_back(std::move(*parameter));
    }
  }
  if (out.proxy) return out;
  TRY(out.templates, compile_templates(integration, "requestTemplates"));
  out.pass_unmatched = passes_unmatched(integration, out.templates);
  TRY(out.responses, build_responses(integration));
  return out;
}

Result<ProxyTarget> build_proxy(const json::Object& integration, const json::Object& variables) {
  auto function = function_of_uri(json::string_or(integration, "uri"));
  if (!function) return fail(ErrorKind::kInvalid, function.error().message);
  return ProxyTarget{with_stage_variables(*function, &variables), timeout_of(integration)};
}

// Those of every method, then the route's own.
std::vector<const json::Object*> settings_of(const Route& route, const json::Object& settings) {
  std::vector<const json::Object*> out;
  const auto path = route.resource_path.substr(1);
  for (const auto& key : {std::string("*/*"), fmt::format("{}/{}", path, route.method)}) {
    if (const auto* one = json::object_at(settings, key)) out.push_back(one);
  }
  return out;
}

// The account's own limits are not enforced, so that they are none here. -1 turns a limit off.
std::optional<Limits> throttle_of(const Route& route, const json::Object& stage) {
  const auto* settings = json::object_at(stage, "methodSettings");
  if (!settings) return std::nullopt;
  Limits limits = kAccountLimits;
  for (const auto* one : settings_of(route, *settings)) {
    limits.rate = json::number_at(*one, "throttlingRateLimit").value_or(kAccountLimits.rate);
    limits.burst = json::number_at(*one, "throttlingBurstLimit").value_or(kAccountLimits.burst);
  }
  if (limits.rate < 0) limits.rate = kAccountLimits.rate;
  if (limits.burst < 0) limits.burst = kAccountLimits.burst;
  if (limits == kAccountLimits) return std::nullopt;
  return limits;
}

void set_log_level(Route& route, const json::Object& stage) {
  const auto* settings = json::object_at(stage, "methodSettings");
  if (!settings) return;
  for (const auto* one : settings_of(route, *settings)) {
    const auto level = json::string_or(*one, "loggingLevel", "OFF");
    route.log_level = level == "INFO"    ? LogLevel::kInfo
                      : level == "ERROR" ? LogLevel::kError
                                         : LogLevel::kOff;
    route.log_data = json::bool_at(*one, "dataTraceEnabled").value_or(false);
    route.detailed_metrics = json::bool_at(*one, "metricsEnabled").value_or(false);
  }
}

Result<void> add_resource(StageTable& table, const DeploymentParts& parts,
                          const json::Object& stage, const json::Object& resource) {
  const auto* methods = json::object_at(resource, "resourceMethods");
  if (!methods) return {};
  for (const auto& entry : *methods) {
    const auto* integration = json::object_at(entry.value().as_object(), "methodIntegration");
    if (!integration) continue;
    Route route;
    route.method = std::string(entry.key().data(), entry.key().size());
    route.resource_path = json::string_or(resource, "path");
    route.resource_id = json::string_or(resource, "id");
    route.parameters = RouteTree::parameters(route.resource_path);
    const auto type = json::string_or(*integration, "type");
    if (type == "HTTP" || type == "HTTP_PROXY") {
      TRY(auto backend, build_http(*integration, table.variables));
      route.target = std::move(backend);
    } else if (type == "MOCK") {
      TRY(auto mock, build_mock(*integration));
      route.target = std::move(mock);
    } else {
      TRY(auto proxy, build_proxy(*integration, table.variables));
      route.target = std::move(proxy);
    }
    set_log_level(route, stage);
    TRY(route.checks, build_checks(parts, entry.value().as_object(), throttle_of(route, stage)));
    route.event_head = fmt::format(R"({{"resource":{},"path":)", quoted(route.resource_path));
    route.context_head =
        fmt::format(R"("requestContext":{{"resourceId":{},"resourcePath":{},"httpMethod":)",
                    quoted(route.resource_id), quoted(route.resource_path));
    table.tree.add(route.method, route.resource_path,
                   static_cast<RouteTree::Target>(table.routes.size()));
    table.routes.push_back(std::move(route));
  }
  return {};
}

Result<void> add_gateway_answers(StageTable& table, const json::Object& snapshot) {
  const auto* list = json::array_at(snapshot, "gatewayResponses");
  if (!list) return {};
  for (const auto& element : *list) {
    const auto& document = element.as_object();
    GatewayAnswer answer;
    answer.status = status_number(json::string_or(document, "statusCode"), 0);
    TRY(answer.headers, compile_headers(document, "gatewayresponse.header."));
    TRY(answer.templates, compile_templates(document, "responseTemplates"));
    table.gateway_answers[json::string_or(document, "responseType")] = std::move(answer);
  }
  return {};
}

Result<void> set_access_log(StageTable& table, const json::Object& stage) {
  const auto* settings = json::object_at(stage, "accessLogSettings");
  if (!settings || json::string_or(*settings, "destinationArn").empty()) return {};
  auto group = log_group_of_arn(json::string_or(*settings, "destinationArn"));
  auto format = AccessLogFormat::compile(json::string_or(*settings, "format"));
  if (!group || !format)
    return fail(ErrorKind::kInvalid, "The stage's access log settings are not valid.");
  table.access_log_group = *group;
  table.access_log_format = std::move(*format);
  return {};
}

}  // namespace

bool StageTable::is_binary(std::string_view type) const {
  type = media_type(type);
  return std::any_of(
      binary_media_types.begin(), binary_media_types.end(),
      [&](const std::string& known) { return known == "*/*" || http::iequals(known, type); });
}

Result<std::shared_ptr<const StageTable>> build_stage_table(std::string_view account,
                                                            std::string_view region,
                                                            const json::Object& api,
                                                            const json::Object& stage,
                                                            const json::Object& snapshot) {
  auto table = std::make_shared<StageTable>();
  table->account = account;
  table->region = region;
  table->api_id = json::string_or(api, "id");
  table->api_name = json::string_or(api, "name");
  table->stage = json::string_or(stage, "stageName");
  table->deployment_id = json::string_or(stage, "deploymentId");
  table->endpoint_disabled = json::bool_at(api, "disableExecuteApiEndpoint").value_or(false);
  table->tracing = json::bool_at(stage, "tracingEnabled").value_or(false);
  table->trace_name = fmt::format("{}/{}", table->api_name, table->stage);
  table->trace_arn = fmt::format("arn:aws:apigateway:{}::/restapis/{}/stages/{}", region,
                                 table->api_id, table->stage);
  if (const auto* variables = json::object_at(stage, "variables")) table->variables = *variables;
  table->stage_variables_json =
      "\"stageVariables\":" +
      (table->variables.empty() ? std::string("null") : json::dump(table->variables));
  table->context_tail = fmt::format(R"(,"deploymentId":{},"apiId":{}}})",
                                    quoted(table->deployment_id), quoted(table->api_id));
  if (const auto* types = json::array_at(snapshot, "binaryMediaTypes")) {
    for (const auto& type : *types)
      table->binary_media_types.push_back(lower(type.is_string() ? json::str(type) : ""));
  }
  TRY(const auto parts, build_parts(snapshot, table->variables));
  if (const auto* resources = json::array_at(snapshot, "resources")) {
    for (const auto& resource : *resources)
      CHECK_OK(add_resource(*table, parts, stage, resource.as_object()));
  }
  CHECK_OK(add_gateway_answers(*table, snapshot));
  CHECK_OK(set_access_log(*table, stage));
  return std::shared_ptr<const StageTable>(std::move(table));
}

}  // namespace dew::apigateway
