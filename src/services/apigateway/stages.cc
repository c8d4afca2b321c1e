// Stages: named deployments with variables and settings.
// docs.aws.amazon.com/apigateway/latest/api/API_CreateStage.html, API_UpdateStage.html
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "services/apigateway/access_log.h"
#include "services/apigateway/errors.h"
#include "services/apigateway/operations.h"
#include "services/apigateway/patch.h"

namespace dew::apigateway {

namespace {

constexpr size_t kMaxNameBytes = 128;

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

aws::ApiResult<void> check_variables(const json::Object& document) {
  const auto* variables = json::object_at(document, "variables");
  if (!variables) return {};
  for (const auto& variable : *variables) {
    const std::string_view name{variable.key().data(), variable.key().size()};
    if (name.empty() || !std::all_of(name.begin(), name.end(),
                                     [](char c) { return is_name_char(c) && c != '-'; })) {
      return aws::fail(bad_request(fmt::format(
          "Invalid stage variable name: {}. Please use alphanumeric characters and underscores.",
          name)));
    }
    // docs.aws.amazon.com/apigateway/latest/api/API_Stage.html: the value must match this set.
    const auto value = variable.value().is_string() ? json::str(variable.value()) : std::string();
    if (value.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?#&=,") !=
        std::string::npos) {
      return aws::fail(
          bad_request(fmt::format("Invalid stage variable value for {}. Please use values with "
                                  "alphanumeric characters and -._~:/?#&=,",
                                  name)));
    }
  }
  return {};
}

json::Object default_settings() {
  return {{"metricsEnabled", false},
          {"dataTraceEnabled", false},
          {"throttlingBurstLimit", 5000},
          {"throttlingRateLimit", 10000.0},
          {"cachingEnabled", false},
          {"cacheTtlInSeconds", 300},
          {"cacheDataEncrypted", false},
          {"requireAuthorizationForCacheControl", true},
          {"unauthorizedCacheControlHeaderStrategy", "SUCCEED_WITH_RESPONSE_HEADER"}};
}

aws::ApiResult<void> patch_throttle(json::Object& settings, std::string_view name,
                                    std::string_view value) {
  double limit = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), limit);
  if (error != std::errc() || end != value.data() + value.size() || (limit < 0 && limit != -1)) {
    return aws::fail(bad_request(fmt::format("Invalid throttling limit specified: {}", value)));
  }
  if (name == "throttling/rateLimit") {
    settings["throttlingRateLimit"] = limit;
  } else {
    settings["throttlingBurstLimit"] = static_cast<int64_t>(limit);
  }
  return {};
}

// One setting of a method, or of all (*/*): /{resource}/{verb}/{group}/{name}.
aws::ApiResult<void> patch_setting(json::Object& stage, const PatchOperation& operation) {
  auto& settings = stage["methodSettings"].as_object();
  const auto& tokens = operation.tokens;
  std::string_view resource = tokens[0];
  if (resource.size() > 1 && resource.front() == '/') resource.remove_prefix(1);
  const auto key = fmt::format("{}/{}", resource, tokens[1]);
  if (operation.op == "remove") {
    if (settings.erase(key) == 0) {
      return aws::fail(bad_request(fmt::format(
          "Cannot remove method setting {} because there is no method setting for this method ",
          key)));
    }
    return {};
  }
  if (tokens.size() != 4)
    return aws::fail(bad_request("Invalid method setting path: " + operation.path));
  const auto name = fmt::format("{}/{}", tokens[2], tokens[3]);
  if (!settings.contains(key)) settings[key] = default_settings();
  auto& of_method = settings[key].as_object();
  if (name == "logging/loglevel") {
    if (operation.value != "OFF" && operation.value != "ERROR" && operation.value != "INFO") {
      return aws::fail(bad_request("Invalid log level. Valid values are OFF, ERROR, INFO"));
    }
    of_method["loggingLevel"] = operation.value;
    return {};
  }
  if (name == "logging/dataTrace") {
    of_method["dataTraceEnabled"] = operation.value == "true";
    return {};
  }
  if (name == "metrics/enabled") {
    of_method["metricsEnabled"] = operation.value == "true";
    return {};
  }
  if (name == "caching/enabled") {
    if (operation.value == "true")
      return aws::fail(unsupported("caching of stages (caching/enabled)"));
    of_method["cachingEnabled"] = false;
    return {};
  }
  if (name == "throttling/rateLimit" || name == "throttling/burstLimit")
    return patch_throttle(of_method, name, operation.value);
  if (tokens[2] == "throttling" || tokens[2] == "caching") {
    return aws::fail(unsupported(fmt::format("{} of stages ({})", tokens[2], name)));
  }
  return aws::fail(bad_request("Invalid method setting path: " + operation.path));
}

aws::ApiResult<void> patch_access_log(json::Object& stage, const PatchOperation& operation) {
  if (operation.tokens.size() == 1) {
    if (operation.op != "remove") {
      return aws::fail(
          bad_request("Invalid accessLogSettings path. Must be one of : "
                      "[/accessLogSettings/destinationArn, /accessLogSettings/format]"));
    }
    stage.erase("accessLogSettings");
    return {};
  }
  const auto& name = operation.tokens[1];
  if (operation.tokens.size() != 2 || (name != "destinationArn" && name != "format")) {
    return aws::fail(
        bad_request("Invalid accessLogSettings path. Must be one of : "
                    "[/accessLogSettings/destinationArn, /accessLogSettings/format]"));
  }
  if (operation.op == "remove") {
    return aws::fail(bad_request(
        fmt::format("Cannot remove method setting accessLogSettings/{} because there is no "
                    "method setting for this method ",
                    name)));
  }
  if (operation.value.empty()) return aws::fail(bad_request("Access Log value must not be empty"));
  if (!stage.contains("accessLogSettings")) stage["accessLogSettings"] = json::Object();
  stage["accessLogSettings"].as_object()[name] = operation.value;
  if (name == "destinationArn") CHECK_OK(log_group_of_arn(operation.value));
  return {};
}

}  // namespace

aws::ApiResult<void> check_stage_options(const json::Object& input) {
  const auto name = json::string_or(input, "stageName");
  if (name.empty() || name.size() > kMaxNameBytes ||
      !std::all_of(name.begin(), name.end(), is_name_char)) {
    return aws::fail(bad_request("Stage name only allows a-zA-Z0-9_"));
  }
  if (json::bool_at(input, "cacheClusterEnabled").value_or(false)) {
    return aws::fail(unsupported("caching of stages (cacheClusterEnabled)"));
  }
  if (input.contains("canarySettings"))
    return aws::fail(unsupported("canary releases of stages (canarySettings)"));
  if (!json::string_or(input, "documentationVersion").empty()) {
    return aws::fail(unsupported("documentation versions (documentationVersion)"));
  }
  return check_variables(input);
}

aws::ApiResult<void> check_api_stage(const Control& control, const std::string& api_id,
                                     const std::string& stage) {
  TRY(const auto found, control.repository.get(api_id, kStage, stage));
  if (!found) return aws::fail(not_found(fmt::format("API Stage not found: {}:{}", api_id, stage)));
  return {};
}

json::Object new_stage(Control& control, std::string_view name, std::string_view deployment_id) {
  return {{"deploymentId", deployment_id},    {"stageName", name},
          {"cacheClusterEnabled", false},     {"cacheClusterStatus", "NOT_AVAILABLE"},
          {"methodSettings", json::Object()}, {"tracingEnabled", false},
          {"createdDate", control.now()},     {"lastUpdatedDate", control.now()}};
}

Answer create_stage(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  const auto api_id = text(call, "restApiId");
  const auto name = text(call, "stageName");
  const auto deployment_id = text(call, "deploymentId");
  CHECK_OK(control.api(call));
  CHECK_OK(check_stage_options(call.input));
  TRY(const auto existing, control.repository.get(api_id, kStage, name));
  if (existing) return aws::fail(conflict("Stage already exists"));
  TRY(const auto deployment, control.repository.get(api_id, kDeployment, deployment_id));
  if (!deployment) return aws::fail(bad_request("Deployment id does not exist"));
  auto stage = new_stage(control, name, deployment_id);
  stage["tracingEnabled"] = json::bool_at(call.input, "tracingEnabled").value_or(false);
  for (const auto member : {"description", "variables", "tags"})
    copy_member(stage, call.input, member);
  store::Batch batch;
  Repository::put(batch, api_id, kStage, name, stage);
  CHECK_OK(control.repository.commit(batch));
  control.publish(api_id);
  return stage;
}

Answer get_stage(Control& control, aws::Call& call) {
  TRY(auto stage, control.owned(call, kStage, text(call, "stageName"), no_such_stage()));
  return stage;
}

Answer get_stages(Control& control, aws::Call& call) {
  CHECK_OK(control.api(call));
  TRY(auto stages, control.repository.list(text(call, "restApiId"), kStage));
  const auto deployment_id = text(call, "deploymentId");
  json::Array items;
  for (auto& stage : stages) {
    if (!deployment_id.empty() && json::string_or(stage, "deploymentId") != deployment_id) continue;
    items.emplace_back(std::move(stage));
  }
  return json::Object{{"item", std::move(items)}};
}

Answer update_stage(Control& control, aws::Call& call) {
  using Type = PatchRule::Type;
  static constexpr auto kRules = std::to_array<PatchRule>({{"/deploymentId"},
                                                           {"/description"},
                                                           {"/cacheClusterEnabled", Type::kBool},
                                                           {"/tracingEnabled", Type::kBool},
                                                           {"/variables", Type::kMap}});
  const std::scoped_lock lock(control.write);
  const auto api_id = text(call, "restApiId");
  const auto name = text(call, "stageName");
  TRY(auto stage, control.owned(call, kStage, name, no_such_stage()));
  TRY(const auto operations, patch_operations(call.input));
  for (const auto& operation : operations) {
    const auto& first = operation.tokens.front();
    const bool known = std::any_of(kRules.begin(), kRules.end(), [&](const PatchRule& rule) {
      return rule.path.substr(1) == first;
    });
    if (first == "accessLogSettings") {
      CHECK_OK(patch_access_log(stage, operation));
    } else if (first == "canarySettings" || first == "clientCertificateId" ||
               first == "cacheClusterSize" || first == "documentationVersion" ||
               first == "webAclArn") {
      return aws::fail(unsupported(fmt::format("{} of stages", first)));
    } else if (known) {
      CHECK_OK(apply_patch(stage, operation, kRules));
    } else if (operation.tokens.size() >= 2) {
      CHECK_OK(patch_setting(stage, operation));
    } else {
      return aws::fail(bad_request("Invalid method setting path: " + operation.path));
    }
  }
  CHECK_OK(check_stage_options(stage));
  TRY(const auto deployment,
      control.repository.get(api_id, kDeployment, json::string_or(stage, "deploymentId")));
  if (!deployment) return aws::fail(bad_request("Deployment id does not exist"));
  if (const auto* log = json::object_at(stage, "accessLogSettings")) {
    CHECK_OK(AccessLogFormat::compile(json::string_or(*log, "format")));
  }
  stage["lastUpdatedDate"] = control.now();
  store::Batch batch;
  Repository::put(batch, api_id, kStage, name, stage);
  CHECK_OK(control.repository.commit(batch));
  control.publish(api_id);
  return stage;
}

Answer delete_stage(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  const auto api_id = text(call, "restApiId");
  const auto name = text(call, "stageName");
  CHECK_OK(control.owned(call, kStage, name, no_such_stage()));
  store::Batch batch;
  Repository::erase(batch, api_id, kStage, name);
  CHECK_OK(control.repository.commit(batch));
  control.publish(api_id);
  return json::Object();
}

}  // namespace dew::apigateway
