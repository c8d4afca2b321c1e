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

aws::ApiResult<void> check_authorizer(Control& control, const std::string& api_id,
                                      const json::Object& method) {
  const auto id = json::string_or(method, "authorizerId");
  TRY(const auto authorizer, control.repository.get(api_id, kAuthorizer, id));
  if (id.empty() || !authorizer) {
    return aws::fail(
        bad_request("Invalid authorizer ID specified. Setting the authorization type to CUSTOM or "
                    "COGNITO_USER_POOLS requires a valid authorizer."));
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

aws::ApiResult<void> check_method(Control& control, const aws::Call& call,
                                  const json::Object& method) {
  const auto api_id = text(call, "restApiId");
  const auto authorization = json::string_or(method, "authorizationType");
  if (authorization == "COGNITO_USER_POOLS") {
    return aws::fail(
        unsupported("Cognito user pools as authorizers (authorizationType COGNITO_USER_POOLS)"));
  }
  if (authorization == "CUSTOM") {
    CHECK_OK(check_authorizer(control, api_id, method));
  } else if (authorization != "NONE" && authorization != "AWS_IAM") {
    return aws::fail(bad_request("Invalid authorization type specified: " + authorization));
  }
  if (const auto* scopes = json::array_at(method, "authorizationScopes");
      scopes && !scopes->empty()) {
    return aws::fail(unsupported("scopes of Cognito user pools (authorizationScopes)"));
  }
  if (const auto id = json::string_or(method, "requestValidatorId"); !id.empty()) {
    TRY(const auto validator, control.repository.get(api_id, kRequestValidator, id));
    if (!validator) return aws::fail(bad_request("Invalid Request Validator identifier specified"));
  }
  CHECK_OK(check_parameters(method));
  return check_models(control, api_id, method, "requestModels");
}

}  // namespace

aws::ApiResult<void> check_models(Control& control, const std::string& api_id,
                                  const json::Object& document, std::string_view member) {
  const auto* models = json::object_at(document, member);
  if (!models || models->empty()) return {};
  TRY(const auto all, models_of(control, api_id));
  for (const auto& model : *models) {
    const auto name = model.value().is_string() ? json::str(model.value()) : std::string();
    if (std::ranges::none_of(
            all, [&](const auto& one) { return json::string_or(one, "name") == name; })) {
      return aws::fail(bad_request("Invalid model identifier specified: " + name));
    }
  }
  return {};
}

aws::ApiResult<std::string> method_with(Control& control, const std::string& api_id,
                                        std::string_view member, std::string_view value) {
  TRY(const auto resources, control.repository.list(api_id, kResource));
  for (const auto& resource : resources) {
    const auto* methods = json::object_at(resource, "resourceMethods");
    if (!methods) continue;
    for (const auto& method : *methods) {
      const auto& document = method.value().as_object();
      bool uses = json::string_or(document, member) == value;
      if (const auto* map = json::object_at(document, member)) {
        uses = std::ranges::any_of(*map, [&](const auto& entry) {
          return entry.value().is_string() && json::view(entry.value().get_string()) == value;
        });
      }
      if (uses)
        return fmt::format("{} {}", std::string_view(method.key()),
                           json::string_or(resource, "path"));
    }
  }
  return std::string();
}

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
  CHECK_OK(check_method(control, call, method));
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
  CHECK_OK(check_method(control, call, found.method()));
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
