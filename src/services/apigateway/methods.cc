// Methods of resources. docs.aws.amazon.com/apigateway/latest/api/API_PutMethod.html
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "services/apigateway/errors.h"
#include "services/apigateway/operations.h"
#include "services/apigateway/patch.h"

namespace dew::apigateway {

namespace {

constexpr std::array<std::string_view, 8> kVerbs = {"GET",   "PUT",     "POST", "DELETE",
                                                    "PATCH", "OPTIONS", "HEAD", "ANY"};

// Every API has these two models on AWS; others are refused until models exist here.
bool is_builtin_model(std::string_view name) { return name == "Empty" || name == "Error"; }

aws::ApiResult<void> check_models(const json::Object& document, std::string_view member) {
  const auto* models = json::object_at(document, member);
  if (!models) return {};
  for (const auto& model : *models) {
    const auto name = model.value().is_string() ? json::str(model.value()) : std::string();
    if (!is_builtin_model(name)) {
      return aws::fail(bad_request("Invalid model identifier specified: " + name));
    }
  }
  return {};
}

aws::ApiResult<void> check_parameters(const json::Object& document) {
  const auto* parameters = json::object_at(document, "requestParameters");
  if (!parameters) return {};
  for (const auto& parameter : *parameters) {
    const std::string_view name{parameter.key().data(), parameter.key().size()};
    if (!name.starts_with("method.request.querystring.") &&
        !name.starts_with("method.request.header.") && !name.starts_with("method.request.path.") &&
        !name.starts_with("method.request.multivaluequerystring.") &&
        !name.starts_with("method.request.multivalueheader.")) {
      return aws::fail(bad_request(
          fmt::format("Invalid mapping expression specified: Validation Result: warnings : [], "
                      "errors : [Invalid mapping expression specified: {}]",
                      name)));
    }
  }
  return {};
}

aws::ApiResult<void> check_method(const json::Object& method) {
  const auto authorization = json::string_or(method, "authorizationType");
  if (authorization == "CUSTOM" || authorization == "COGNITO_USER_POOLS") {
    return aws::fail(unsupported(fmt::format("authorizers (authorizationType {})", authorization)));
  }
  if (authorization != "NONE" && authorization != "AWS_IAM") {
    return aws::fail(bad_request("Invalid authorization type specified: " + authorization));
  }
  if (!json::string_or(method, "authorizerId").empty()) {
    return aws::fail(unsupported("authorizers (authorizerId)"));
  }
  if (const auto* scopes = json::array_at(method, "authorizationScopes");
      scopes && !scopes->empty()) {
    return aws::fail(unsupported("authorizers (authorizationScopes)"));
  }
  if (json::bool_at(method, "apiKeyRequired").value_or(false)) {
    return aws::fail(unsupported("API keys (apiKeyRequired)"));
  }
  if (!json::string_or(method, "requestValidatorId").empty()) {
    return aws::fail(unsupported("request validators (requestValidatorId)"));
  }
  CHECK_OK(check_parameters(method));
  return check_models(method, "requestModels");
}

}  // namespace

aws::ApiResult<MethodDocument> find_method(Control& control, const aws::Call& call) {
  TRY(auto resource, control.owned(call, kResource, text(call, "resourceId"), no_such_resource()));
  auto verb = text(call, "httpMethod");
  const auto* methods = json::object_at(resource, "resourceMethods");
  if (!methods || !methods->contains(verb)) return aws::fail(no_such_method());
  return MethodDocument{std::move(resource), std::move(verb)};
}

aws::ApiResult<void> save_resource(Control& control, const aws::Call& call,
                                   const json::Object& resource) {
  store::Batch batch;
  Repository::put(batch, text(call, "restApiId"), kResource, json::string_or(resource, "id"),
                  resource);
  return control.repository.commit(batch);
}

Answer put_method(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  TRY(auto resource, control.owned(call, kResource, text(call, "resourceId"), no_such_resource()));
  const auto verb = text(call, "httpMethod");
  if (std::find(kVerbs.begin(), kVerbs.end(), verb) == kVerbs.end()) {
    return aws::fail(bad_request(
        "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,"
        "ANY"));
  }
  json::Object method;
  method["httpMethod"] = verb;
  method["authorizationType"] = text(call, "authorizationType");
  method["apiKeyRequired"] = json::bool_at(call.input, "apiKeyRequired").value_or(false);
  for (const auto member : {"authorizerId", "operationName", "requestParameters", "requestModels",
                            "requestValidatorId", "authorizationScopes"}) {
    copy_member(method, call.input, member);
  }
  CHECK_OK(check_method(method));
  if (!resource.contains("resourceMethods")) resource["resourceMethods"] = json::Object();
  auto& methods = resource["resourceMethods"].as_object();
  if (methods.contains(verb)) {
    return aws::fail(conflict("Method already exists for this resource"));
  }
  methods[verb] = method;
  CHECK_OK(save_resource(control, call, resource));
  return method;
}

Answer get_method(Control& control, aws::Call& call) {
  TRY(auto found, find_method(control, call));
  return found.method();
}

Answer update_method(Control& control, aws::Call& call) {
  using Type = PatchRule::Type;
  static constexpr auto kRules = std::to_array<PatchRule>({
      {"/authorizationType"},
      {"/authorizerId"},
      {"/authorizationScopes", Type::kList},
      {"/apiKeyRequired", Type::kBool},
      {"/requestValidatorId"},
      {"/operationName"},
      {"/requestParameters", Type::kBoolMap},
      {"/requestModels", Type::kMap},
  });
  const std::scoped_lock lock(control.write);
  TRY(auto found, find_method(control, call));
  CHECK_OK(apply_patches(found.method(), call.input, kRules));
  CHECK_OK(check_method(found.method()));
  CHECK_OK(save_resource(control, call, found.resource));
  return found.method();
}

Answer delete_method(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  TRY(auto found, find_method(control, call));
  auto& methods = found.resource["resourceMethods"].as_object();
  methods.erase(found.verb);
  if (methods.empty()) found.resource.erase("resourceMethods");
  CHECK_OK(save_resource(control, call, found.resource));
  return json::Object();
}

}  // namespace dew::apigateway
