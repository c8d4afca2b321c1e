#include "services/apigateway/gateway_responses.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "services/apigateway/errors.h"
#include "services/apigateway/mapped_value.h"
#include "services/apigateway/operations.h"
#include "services/apigateway/patch.h"
#include "services/apigateway/template.h"

namespace dew::apigateway {

namespace {

constexpr auto kTypes = std::to_array<GatewayResponseType>({
    {"ACCESS_DENIED", 403},
    {"API_CONFIGURATION_ERROR", 500},
    {"AUTHORIZER_CONFIGURATION_ERROR", 500},
    {"AUTHORIZER_FAILURE", 500},
    {"BAD_REQUEST_BODY", 400},
    {"BAD_REQUEST_PARAMETERS", 400},
    {"DEFAULT_4XX", 0},
    {"DEFAULT_5XX", 0},
    {"EXPIRED_TOKEN", 403},
    {"INTEGRATION_FAILURE", 504},
    {"INTEGRATION_TIMEOUT", 504},
    {"INVALID_API_KEY", 403},
    {"INVALID_SIGNATURE", 403},
    {"MISSING_AUTHENTICATION_TOKEN", 403},
    {"QUOTA_EXCEEDED", 429},
    {"REQUEST_TOO_LARGE", 413},
    {"RESOURCE_NOT_FOUND", 404},
    {"THROTTLED", 429},
    {"UNAUTHORIZED", 401},
    {"UNSUPPORTED_MEDIA_TYPE", 415},
    {"WAF_FILTERED", 403},
});

constexpr std::string_view kHeaderPrefix = "gatewayresponse.header.";

aws::ApiResult<void> check(const json::Object& response) {
  if (const auto status = json::string_at(response, "statusCode")) {
    if (status->size() != 3 || (*status)[0] < '2' || (*status)[0] > '5' ||
        status->find_first_not_of("0123456789") != std::string_view::npos) {
      return aws::fail(bad_request("Invalid status code specified"));
    }
  }
  if (const auto* parameters = json::object_at(response, "responseParameters")) {
    for (const auto& parameter : *parameters) {
      const std::string_view name{parameter.key().data(), parameter.key().size()};
      if (!name.starts_with(kHeaderPrefix) || name.size() == kHeaderPrefix.size()) {
        return aws::fail(
            bad_request(fmt::format("Invalid mapping expression specified: {}", name)));
      }
      if (!parameter.value().is_string() || parameter.value().get_string().empty()) {
        return aws::fail(bad_request("Invalid null or empty value in responseParameters"));
      }
      CHECK_OK(mapped_value(json::view(parameter.value().get_string())));
    }
  }
  if (const auto* templates = json::object_at(response, "responseTemplates")) {
    for (const auto& entry : *templates) {
      if (!entry.value().is_string())
        return aws::fail(bad_request("Invalid null or empty value in responseTemplates"));
      if (auto compiled = Template::compile(json::view(entry.value().get_string())); !compiled) {
        return aws::fail(bad_request(compiled.error().message));
      }
    }
  }
  return {};
}

json::Object blank(const GatewayResponseType& type, bool is_default) {
  json::Object out{{"responseType", type.name}};
  if (type.status != 0) out["statusCode"] = std::to_string(type.status);
  out["responseParameters"] = json::Object();
  out["responseTemplates"] = json::Object{{"application/json", kDefaultGatewayTemplate}};
  out["defaultResponse"] = is_default;
  return out;
}

// What is set for the type, or what stands for it.
aws::ApiResult<json::Object> effective(Control& control, const std::string& api_id,
                                       const GatewayResponseType& type) {
  TRY(auto own, control.repository.get(api_id, kGatewayResponse, type.name));
  if (own) return std::move(*own);
  auto out = blank(type, true);
  if (type.status == 0) return out;
  TRY(auto fallback, control.repository.get(api_id, kGatewayResponse,
                                            type.status >= 500 ? "DEFAULT_5XX" : "DEFAULT_4XX"));
  if (!fallback) return out;
  for (const auto member : {"statusCode", "responseParameters", "responseTemplates"})
    copy_member(out, *fallback, member);
  return out;
}

aws::ApiResult<const GatewayResponseType*> type_of(const aws::Call& call) {
  const auto* type = gateway_response_type(text(call, "responseType"));
  if (!type) {
    return aws::fail(
        "ValidationException",
        fmt::format("1 validation error detected: Value '{}' at 'responseType' failed to satisfy "
                    "constraint: Member must satisfy enum value set",
                    text(call, "responseType")));
  }
  return type;
}

aws::ApiResult<void> save(Control& control, const aws::Call& call, const json::Object& response) {
  store::Batch batch;
  Repository::put(batch, text(call, "restApiId"), kGatewayResponse, text(call, "responseType"),
                  response);
  return control.repository.commit(batch);
}

}  // namespace

std::span<const GatewayResponseType> gateway_response_types() { return kTypes; }

const GatewayResponseType* gateway_response_type(std::string_view name) {
  const auto* found = std::find_if(kTypes.begin(), kTypes.end(),
                                   [&](const auto& type) { return type.name == name; });
  return found == kTypes.end() ? nullptr : found;
}

Answer put_gateway_response(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  CHECK_OK(control.api(call));
  TRY(const auto* type, type_of(call));
  auto response = blank(*type, false);
  for (const auto member : {"statusCode", "responseParameters", "responseTemplates"})
    copy_member(response, call.input, member);
  CHECK_OK(check(response));
  CHECK_OK(save(control, call, response));
  return response;
}

Answer get_gateway_response(Control& control, aws::Call& call) {
  CHECK_OK(control.api(call));
  TRY(const auto* type, type_of(call));
  TRY(auto response, effective(control, text(call, "restApiId"), *type));
  return response;
}

Answer get_gateway_responses(Control& control, aws::Call& call) {
  CHECK_OK(control.api(call));
  Repository::Documents all;
  for (const auto& type : kTypes) {
    TRY(auto response, effective(control, text(call, "restApiId"), type));
    all.push_back(std::move(response));
  }
  return page(call, std::move(all), "responseType", 500);
}

Answer update_gateway_response(Control& control, aws::Call& call) {
  using Type = PatchRule::Type;
  static constexpr auto kRules = std::to_array<PatchRule>(
      {{"/statusCode"}, {"/responseParameters", Type::kMap}, {"/responseTemplates", Type::kMap}});
  const std::scoped_lock lock(control.write);
  CHECK_OK(control.api(call));
  TRY(const auto* type, type_of(call));
  TRY(auto response, effective(control, text(call, "restApiId"), *type));
  CHECK_OK(apply_patches(response, call.input, kRules));
  response["defaultResponse"] = false;
  CHECK_OK(check(response));
  CHECK_OK(save(control, call, response));
  return response;
}

Answer delete_gateway_response(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  CHECK_OK(type_of(call));
  CHECK_OK(control.owned(call, kGatewayResponse, text(call, "responseType"),
                         not_found("Gateway response type not defined on api")));
  store::Batch batch;
  Repository::erase(batch, text(call, "restApiId"), kGatewayResponse, text(call, "responseType"));
  CHECK_OK(control.repository.commit(batch));
  return json::Object();
}

}  // namespace dew::apigateway
