// REST APIs themselves. docs.aws.amazon.com/apigateway/latest/api/API_CreateRestApi.html
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ids.h"
#include "services/apigateway/api_policy.h"
#include "services/apigateway/errors.h"
#include "services/apigateway/operations.h"
#include "services/apigateway/patch.h"

namespace dew::apigateway {

namespace {

constexpr int64_t kDefaultPage = 25;

aws::ApiResult<void> check_endpoint(const json::Object& document) {
  const auto* endpoint = json::object_at(document, "endpointConfiguration");
  if (!endpoint) return {};
  if (const auto* vpc = json::array_at(*endpoint, "vpcEndpointIds"); vpc && !vpc->empty()) {
    return aws::fail(unsupported("private REST APIs (endpointConfiguration.vpcEndpointIds)"));
  }
  const auto* types = json::array_at(*endpoint, "types");
  if (!types || types->empty()) {
    return aws::fail(
        bad_request("REGIONAL Configuration and EDGE Configuration cannot be both DISABLED."));
  }
  if (types->size() > 1) {
    return aws::fail(bad_request("Cannot create an api with multiple Endpoint Types."));
  }
  const auto type = types->front().is_string() ? json::str(types->front()) : std::string();
  if (type == "PRIVATE") return aws::fail(unsupported("private REST APIs (endpoint type PRIVATE)"));
  if (type != "EDGE" && type != "REGIONAL") {
    return aws::fail(
        bad_request("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE"));
  }
  return {};
}

// Refuses what the data plane does not do, so that nothing is silently ignored.
aws::ApiResult<void> check_options(const json::Object& document) {
  if (const auto name = json::string_at(document, "name"); !name || name->empty()) {
    return aws::fail(bad_request("Rest API name cannot be empty"));
  }
  if (const auto text = json::string_at(document, "description"); text && text->empty()) {
    return aws::fail(bad_request("Description cannot be an empty string"));
  }
  if (json::int_at(document, "minimumCompressionSize")) {
    return aws::fail(unsupported("response compression (minimumCompressionSize)"));
  }
  if (const auto source = json::string_or(document, "apiKeySource", "HEADER");
      source != "HEADER" && source != "AUTHORIZER") {
    return aws::fail(
        bad_request("Invalid API key source specified. Valid options are HEADER,AUTHORIZER"));
  }
  return check_endpoint(document);
}

// Checks the policy as a client has given it, and keeps it as it is stored.
aws::ApiResult<void> take_policy(Control& control, json::Object& api, const std::string& text) {
  if (text.empty()) {
    api.erase("policy");
    return {};
  }
  const auto& config = control.context.config;
  TRY(const auto expanded,
      expand_api_policy(text, config.region, config.account, json::string_or(api, "id")));
  api["policy"] = expanded;
  return {};
}

json::Object shown(json::Object api) {
  if (const auto text = json::string_or(api, "policy"); !text.empty())
    api["policy"] = shown_api_policy(text);
  return api;
}

}  // namespace

std::string text(const aws::Call& call, std::string_view member) {
  return json::string_or(call.input, member);
}

void copy_member(json::Object& to, const json::Object& from, std::string_view member) {
  if (const auto* value = json::find(from, member)) to[member] = *value;
}

aws::ApiResult<json::Object> Control::api(const aws::Call& call) const {
  const auto id = text(call, "restApiId");
  TRY(auto document, repository.api(id));
  if (!document) return aws::fail(no_such_api(context.config.account, id));
  return std::move(*document);
}

aws::ApiResult<json::Object> Control::owned(const aws::Call& call, std::string_view kind,
                                            std::string_view id, aws::ApiError absent) const {
  CHECK_OK(api(call));
  TRY(auto document, repository.get(text(call, "restApiId"), kind, id));
  if (!document) return aws::fail(std::move(absent));
  return std::move(*document);
}

Answer page(const aws::Call& call, Repository::Documents documents, std::string_view key,
            int64_t default_limit) {
  const auto limit =
      std::clamp<int64_t>(json::int_at(call.input, "limit").value_or(default_limit), 1, 500);
  const auto position = text(call, "position");
  json::Object out;
  json::Array items;
  for (auto& document : documents) {
    const auto id = json::string_or(document, key);
    if (!position.empty() && id <= position) continue;
    if (static_cast<int64_t>(items.size()) == limit) {
      out["position"] = json::string_or(items.back().as_object(), key);
      break;
    }
    items.emplace_back(std::move(document));
  }
  out["items"] = std::move(items);
  return out;
}

std::string new_api_id() { return random_alnum(10); }

Answer create_rest_api(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  return create_rest_api_as(control, call, new_api_id());
}

Answer create_rest_api_as(Control& control, const aws::Call& call, const std::string& id) {
  if (call.input.contains("cloneFrom")) {
    return aws::fail(unsupported("cloning of REST APIs (cloneFrom)"));
  }
  json::Object api;
  const auto root_id = random_alnum(10);
  api["id"] = id;
  for (const auto member :
       {"name", "description", "version", "binaryMediaTypes", "minimumCompressionSize"}) {
    copy_member(api, call.input, member);
  }
  api["createdDate"] = control.now();
  api["apiKeySource"] = json::string_or(call.input, "apiKeySource", "HEADER");
  if (const auto* endpoint = json::object_at(call.input, "endpointConfiguration")) {
    api["endpointConfiguration"] = *endpoint;
  } else {
    api["endpointConfiguration"] = json::Object{{"types", json::Array{"EDGE"}}};
  }
  copy_member(api, call.input, "tags");
  api["disableExecuteApiEndpoint"] =
      json::bool_at(call.input, "disableExecuteApiEndpoint").value_or(false);
  api["rootResourceId"] = root_id;
  if (const auto* types = json::array_at(api, "binaryMediaTypes"); types && types->empty()) {
    api.erase("binaryMediaTypes");
  }
  CHECK_OK(check_options(api));
  CHECK_OK(take_policy(control, api, text(call, "policy")));
  store::Batch batch;
  Repository::put_api(batch, id, api);
  Repository::put(batch, id, kResource, root_id, json::Object{{"id", root_id}, {"path", "/"}});
  CHECK_OK(control.repository.commit(batch));
  return shown(std::move(api));
}

// "container types such as … binary media types are merged with the existing API"
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-restapi.html
aws::ApiResult<void> set_api(Control& control, const std::string& id, const json::Object& settings,
                             bool overwrite) {
  TRY(auto found, control.repository.api(id));
  if (!found) return aws::fail(no_such_api(control.context.config.account, id));
  auto& api = *found;
  if (overwrite) {
    for (const auto member : {"description", "version", "binaryMediaTypes"}) api.erase(member);
  }
  for (const auto& [name, value] : settings) {
    if (name == "policy") continue;
    if (name == "binaryMediaTypes" && api.contains(name)) {
      auto& types = api[name].as_array();
      for (const auto& type : value.as_array()) {
        if (std::ranges::find(types, type) == types.end()) types.push_back(type);
      }
    } else if (name == "tags" && api.contains(name)) {
      for (const auto& [key, tag] : value.as_object()) api[name].as_object()[key] = tag;
    } else {
      api[name] = value;
    }
  }
  CHECK_OK(check_options(api));
  if (settings.contains("policy"))
    CHECK_OK(take_policy(control, api, json::string_or(settings, "policy")));
  store::Batch batch;
  Repository::put_api(batch, id, api);
  return control.repository.commit(batch);
}

Answer get_rest_api(Control& control, aws::Call& call) {
  TRY(auto api, control.api(call));
  return shown(std::move(api));
}

Answer get_rest_apis(Control& control, aws::Call& call) {
  TRY(auto apis, control.repository.apis());
  for (auto& api : apis) api = shown(std::move(api));
  return page(call, std::move(apis), "id", kDefaultPage);
}

Answer update_rest_api(Control& control, aws::Call& call) {
  using Type = PatchRule::Type;
  static constexpr auto kRules = std::to_array<PatchRule>({
      {"/name"},
      {"/description"},
      {"/version"},
      {"/apiKeySource"},
      {"/minimumCompressionSize", Type::kInteger},
      {"/disableExecuteApiEndpoint", Type::kBool},
      {"/binaryMediaTypes", Type::kList},
  });
  const std::scoped_lock lock(control.write);
  TRY(auto api, control.api(call));
  TRY(const auto operations, patch_operations(call.input));
  for (const auto& operation : operations) {
    if (operation.path == "/policy") {
      CHECK_OK(take_policy(control, api, operation.op == "remove" ? "" : operation.value));
      continue;
    }
    if (operation.tokens.front() != "endpointConfiguration") {
      CHECK_OK(apply_patch(api, operation, kRules));
      continue;
    }
    if (operation.op != "replace" || operation.tokens.size() < 2 ||
        operation.tokens[1] != "types") {
      return aws::fail(unsupported(fmt::format("patch path {}", operation.path)));
    }
    api["endpointConfiguration"].as_object()["types"] = json::Array{json::Value(operation.value)};
  }
  CHECK_OK(check_options(api));
  store::Batch batch;
  Repository::put_api(batch, text(call, "restApiId"), api);
  CHECK_OK(control.repository.commit(batch));
  control.publish(text(call, "restApiId"));
  return shown(std::move(api));
}

Answer delete_rest_api(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  CHECK_OK(control.api(call));
  store::Batch batch;
  Repository::erase_api(batch, text(call, "restApiId"));
  CHECK_OK(control.repository.commit(batch));
  control.publish(text(call, "restApiId"));
  return json::Object();
}

}  // namespace dew::apigateway
