// Method responses and integration responses: the statuses and headers that a method declares, and
// how the integration's result becomes one.
// docs.aws.amazon.com/apigateway/latest/api/API_PutIntegrationResponse.html
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "services/apigateway/errors.h"
#include "services/apigateway/mapped_value.h"
#include "services/apigateway/operations.h"
#include "services/apigateway/patch.h"
#include "services/apigateway/template.h"

namespace dew::apigateway {

namespace {

constexpr std::string_view kHeaderPrefix = "method.response.header.";

aws::ApiError invalid_mapping(std::string_view expression) {
  return bad_request(fmt::format(
      "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid "
      "mapping expression parameter specified: {}]",
      expression));
}

bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

aws::ApiResult<void> check_method_response(Control& control, const std::string& api_id,
                                           const json::Object& response) {
  CHECK_OK(check_models(control, api_id, response, "responseModels"));
  if (const auto* parameters = json::object_at(response, "responseParameters")) {
    for (const auto& parameter : *parameters) {
      const std::string_view name{parameter.key().data(), parameter.key().size()};
      if (!name.starts_with(kHeaderPrefix) || !is_token(name.substr(kHeaderPrefix.size()))) {
        return aws::fail(invalid_mapping(name));
      }
    }
  }
  return {};
}

// `method` is the whole method, for what its method responses declare.
aws::ApiResult<void> check_integration_response(const json::Object& method,
                                                const json::Object& response) {
  const auto status = json::string_or(response, "statusCode");
  const auto* integration = json::object_at(method, "methodIntegration");
  const auto* declared = json::object_at(method, "methodResponses");
  const auto* method_response = declared ? json::object_at(*declared, status) : nullptr;
  if (!method_response) return aws::fail(no_such_response());

  const auto* parameters = json::object_at(response, "responseParameters");
  const auto* templates = json::object_at(response, "responseTemplates");
  const auto kind = integration ? json::string_or(*integration, "type") : std::string();
  if ((kind == "AWS_PROXY" || kind == "HTTP_PROXY") &&
      ((parameters && !parameters->empty()) || (templates && !templates->empty()))) {
    return aws::fail(unsupported(
        fmt::format("responseParameters and responseTemplates of {} integrations", kind)));
  }
  if (json::string_or(response, "contentHandling", "CONVERT_TO_TEXT") != "CONVERT_TO_TEXT") {
    return aws::fail(unsupported("contentHandling CONVERT_TO_BINARY"));
  }
  if (const auto pattern = json::string_or(response, "selectionPattern"); !pattern.empty()) {
    RE2::Options options;
    options.set_log_errors(false);
    if (const RE2 compiled(pattern, options); !compiled.ok()) {
      return aws::fail(bad_request("Invalid selection pattern specified: " + compiled.error()));
    }
  }
  if (parameters) {
    const auto* allowed = json::object_at(*method_response, "responseParameters");
    for (const auto& parameter : *parameters) {
      const std::string_view name{parameter.key().data(), parameter.key().size()};
      if (!allowed || !allowed->contains(name)) return aws::fail(invalid_mapping(name));
      const auto expression = parameter.value().is_string()
                                  ? json::view(parameter.value().get_string())
                                  : std::string_view();
      CHECK_OK(kind == "HTTP" ? mapped_response_value(expression) : mapped_value(expression));
    }
  }
  if (!templates) return {};
  for (const auto& entry : *templates) {
    const std::string_view type{entry.key().data(), entry.key().size()};
    if (type.find('/') == std::string_view::npos) {
      return aws::fail(bad_request(fmt::format(
          "Validation Result: warnings : [], errors : [Invalid content type specified: {}]",
          type)));
    }
    if (auto compiled =
            Template::compile(entry.value().is_string() ? json::view(entry.value().get_string())
                                                        : std::string_view());
        !compiled) {
      return aws::fail(bad_request(compiled.error().message));
    }
  }
  return {};
}

// The map that holds the responses; created when `create`, else null if there is none.
json::Object* responses_of(json::Object& owner, std::string_view member, bool create) {
  if (auto* map = owner.if_contains(member)) return &map->as_object();
  if (!create) return nullptr;
  owner[member] = json::Object();
  return &owner[member].as_object();
}

aws::ApiResult<json::Object*> response_in(json::Object& owner, std::string_view member,
                                          const aws::Call& call) {
  auto* map = responses_of(owner, member, false);
  auto* response = map ? map->if_contains(text(call, "statusCode")) : nullptr;
  if (!response) return aws::fail(no_such_response());
  return &response->as_object();
}

aws::ApiResult<json::Object*> integration_in(MethodDocument& found) {
  auto* integration = found.method().if_contains("methodIntegration");
  if (!integration) return aws::fail(no_such_integration());
  return &integration->as_object();
}

}  // namespace

Answer put_method_response(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  TRY(auto found, find_method(control, call));
  auto& responses = *responses_of(found.method(), "methodResponses", true);
  const auto status = text(call, "statusCode");
  if (responses.contains(status))
    return aws::fail(conflict("Response already exists for this resource"));
  json::Object response{{"statusCode", status}};
  copy_member(response, call.input, "responseParameters");
  copy_member(response, call.input, "responseModels");
  CHECK_OK(check_method_response(control, text(call, "restApiId"), response));
  responses[status] = response;
  CHECK_OK(save_resource(control, call, found.resource));
  return response;
}

Answer get_method_response(Control& control, aws::Call& call) {
  TRY(auto found, find_method(control, call));
  TRY(auto* response, response_in(found.method(), "methodResponses", call));
  return *response;
}

Answer update_method_response(Control& control, aws::Call& call) {
  using Type = PatchRule::Type;
  static constexpr auto kRules = std::to_array<PatchRule>(
      {{"/responseParameters", Type::kBoolMap}, {"/responseModels", Type::kMap}});
  const std::scoped_lock lock(control.write);
  TRY(auto found, find_method(control, call));
  TRY(auto* response, response_in(found.method(), "methodResponses", call));
  CHECK_OK(apply_patches(*response, call.input, kRules));
  CHECK_OK(check_method_response(control, text(call, "restApiId"), *response));
  CHECK_OK(save_resource(control, call, found.resource));
  return *response;
}

Answer delete_method_response(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  TRY(auto found, find_method(control, call));
  CHECK_OK(response_in(found.method(), "methodResponses", call));
  auto& responses = *responses_of(found.method(), "methodResponses", true);
  responses.erase(text(call, "statusCode"));
  if (responses.empty()) found.method().erase("methodResponses");
  CHECK_OK(save_resource(control, call, found.resource));
  return json::Object();
}

Answer put_integration_response(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  TRY(auto found, find_method(control, call));
  TRY(auto* integration, integration_in(found));
  const auto status = text(call, "statusCode");
  json::Object response{{"statusCode", status}};
  for (const auto member :
       {"selectionPattern", "responseParameters", "responseTemplates", "contentHandling"}) {
    copy_member(response, call.input, member);
  }
  CHECK_OK(check_integration_response(found.method(), response));
  (*responses_of(*integration, "integrationResponses", true))[status] = response;
  CHECK_OK(save_resource(control, call, found.resource));
  return response;
}

Answer get_integration_response(Control& control, aws::Call& call) {
  TRY(auto found, find_method(control, call));
  TRY(auto* integration, integration_in(found));
  TRY(auto* response, response_in(*integration, "integrationResponses", call));
  return *response;
}

Answer update_integration_response(Control& control, aws::Call& call) {
  using Type = PatchRule::Type;
  static constexpr auto kRules = std::to_array<PatchRule>({{"/selectionPattern"},
                                                           {"/contentHandling"},
                                                           {"/responseParameters", Type::kMap},
                                                           {"/responseTemplates", Type::kMap}});
  const std::scoped_lock lock(control.write);
  TRY(auto found, find_method(control, call));
  TRY(auto* integration, integration_in(found));
  TRY(auto* response, response_in(*integration, "integrationResponses", call));
  CHECK_OK(apply_patches(*response, call.input, kRules));
  CHECK_OK(check_integration_response(found.method(), *response));
  CHECK_OK(save_resource(control, call, found.resource));
  return *response;
}

Answer delete_integration_response(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  TRY(auto found, find_method(control, call));
  TRY(auto* integration, integration_in(found));
  CHECK_OK(response_in(*integration, "integrationResponses", call));
  auto& responses = *responses_of(*integration, "integrationResponses", true);
  responses.erase(text(call, "statusCode"));
  if (responses.empty()) integration->erase("integrationResponses");
  CHECK_OK(save_resource(control, call, found.resource));
  return json::Object();
}

}  // namespace dew::apigateway
