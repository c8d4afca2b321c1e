// AWS::ApiGateway::Deployment, AWS::ApiGateway::Stage
//
// A deployment cannot be changed: a new one takes its place (tools give it a new logical id each
// time). One that names a stage moves the stage to itself when it is created; when it is removed
// and the stage is still its own, the stage goes back to the deployment it served before (a
// rollback), or is deleted with it.
#include "services/cloudformation/resources/apigateway.h"
#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

namespace {

constexpr std::string_view kSetting =
    "{ HttpMethod string ResourcePath string CacheDataEncrypted bool CacheTtlInSeconds int "
    "CachingEnabled bool "
    "DataTraceEnabled bool LoggingLevel string MetricsEnabled bool ThrottlingBurstLimit int "
    "ThrottlingRateLimit number }";

ApiResult<std::string> stage_deployment(const Session& session, const std::string& api,
                                        const std::string& stage) {
  auto found = session.call("apigateway", "GetStage", {{"restApiId", api}, {"stageName", stage}});
  if (found) return text(*found, "deploymentId");
  if (says_not_found(found.error())) return std::string();
  return std::unexpected(std::move(found).error());
}

// Patches for /METHOD-PATH/… settings that `now` has and `before` has otherwise.
json::Array setting_patches(const json::Object& before, const json::Object& now);
// The same, of everything that a stage's properties say but its deployment.
json::Array description_patches(const json::Object& before, const json::Object& now);
// A deployment that goes leaves its stage to the one that it served before, or takes it along.
ApiResult<void> give_stage_back(const Session& session, const Instance& deployment);

ApiResult<void> patch_stage(const Session& session, const std::string& api,
                            const std::string& stage, json::Array patches) {
  if (patches.empty()) return {};
  CHECK_OK(session.call(
      "apigateway", "UpdateStage",
      {{"restApiId", api}, {"stageName", stage}, {"patchOperations", std::move(patches)}}));
  return {};
}

std::string stage_path(const std::string& api, const std::string& stage) {
  return fmt::format("/restapis/{}/stages/{}", api, stage);
}

ApiResult<Instance> create_deployment(const Session& session, const Desired& desired) {
  const auto& properties = desired.properties;
  const auto api = text(properties, "RestApiId");
  const auto stage = text(properties, "StageName");
  json::Object input{{"restApiId", api}};
  copy(input, properties, {{"Description", "description"}, {"StageName", "stageName"}});
  std::string previous;
  if (!stage.empty()) {
    TRY(previous, stage_deployment(session, api, stage));
  }
  const auto* description = json::object_at(properties, "StageDescription");
  if (description != nullptr) {
    if (stage.empty()) return invalid("StageDescription requires StageName");
    copy(input, *description,
         {{"Description", "stageDescription"},
          {"CacheClusterEnabled", "cacheClusterEnabled"},
          {"CacheClusterSize", "cacheClusterSize"},
          {"TracingEnabled", "tracingEnabled"},
          {"Variables", "variables"}});
  }
  TRY(const auto made, session.call("apigateway", "CreateDeployment", std::move(input)));
  const auto id = text(made, "id");
  desired.note(id);
  if (description != nullptr) {
    CHECK_OK(patch_stage(session, api, stage, setting_patches({}, *description)));
    CHECK_OK(apply_tags(session, stage_path(api, stage), {}, *description));
  }
  return Instance{id, properties, {{"DeploymentId", id}, {"_Previous", previous}}};
}

// Another name makes (or moves) that stage; the old one goes where nothing but this deployment made
// it.
ApiResult<void> update_deployment_stage(const Session& session, const Instance& current,
                                        const Desired& desired, Instance& out) {
  const auto& before = current.properties;
  const auto& now = desired.properties;
  const auto api = text(now, "RestApiId");
  const auto old_stage = text(before, "StageName");
  const auto stage = text(now, "StageName");
  const json::Object none;
  const auto* was = json::object_at(before, "StageDescription");
  const auto* wanted = json::object_at(now, "StageDescription");
  if (wanted != nullptr && stage.empty()) return invalid("StageDescription requires StageName");
  if (stage != old_stage) {
    if (!old_stage.empty()) CHECK_OK(give_stage_back(session, current));
    out.attributes["_Previous"] = "";
    if (stage.empty()) return {};
    TRY(const auto previous, stage_deployment(session, api, stage));
    out.attributes["_Previous"] = previous;
    if (previous.empty()) {
      CHECK_OK(
          session.call("apigateway", "CreateStage",
                       {{"restApiId", api}, {"stageName", stage}, {"deploymentId", current.id}}));
    } else if (previous != current.id) {
      CHECK_OK(patch_stage(session, api, stage, {patch("replace", "/deploymentId", current.id)}));
    }
    was = nullptr;
  }
  if (stage.empty() || (stage == old_stage && !differs(before, now, "StageDescription"))) return {};
  const auto& old_description = was == nullptr ? none : *was;
  const auto& description = wanted == nullptr ? none : *wanted;
  CHECK_OK(patch_stage(session, api, stage, description_patches(old_description, description)));
  return apply_tags(session, stage_path(api, stage), old_description, description);
}

ApiResult<Instance> update_deployment(const Session& session, const Instance& current,
                                      const Desired& desired) {
  json::Array patches;
  patch_scalar(patches, current.properties, desired.properties, "Description", "/description", "");
  if (!patches.empty()) {
    CHECK_OK(session.call("apigateway", "UpdateDeployment",
                          {{"restApiId", text(current.properties, "RestApiId")},
                           {"deploymentId", current.id},
                           {"patchOperations", std::move(patches)}}));
  }
  auto out = Instance{current.id, desired.properties, current.attributes};
  CHECK_OK(update_deployment_stage(session, current, desired, out));
  return out;
}

ApiResult<void> give_stage_back(const Session& session, const Instance& it) {
  const auto api = text(it.properties, "RestApiId");
  const auto stage = text(it.properties, "StageName");
  TRY(const auto serving, stage_deployment(session, api, stage));
  if (serving != it.id) return {};
  const auto previous = text(it.attributes, "_Previous");
  bool back = false;
  if (!previous.empty()) {
    TRY(back, session.exists("apigateway", "GetDeployment",
                             {{"restApiId", api}, {"deploymentId", previous}}));
  }
  if (back) return patch_stage(session, api, stage, {patch("replace", "/deploymentId", previous)});
  return session.call_gone_ok("apigateway", "DeleteStage",
                              {{"restApiId", api}, {"stageName", stage}});
}

ApiResult<void> remove_deployment(const Session& session, const Instance& it) {
  if (!text(it.properties, "StageName").empty()) CHECK_OK(give_stage_back(session, it));
  return session.call_gone_ok(
      "apigateway", "DeleteDeployment",
      {{"restApiId", text(it.properties, "RestApiId")}, {"deploymentId", it.id}});
}

struct SettingPath {
  std::string_view property;
  std::string_view path;
  std::string_view unset;
};
constexpr SettingPath kSettings[] = {
    {"MetricsEnabled", "metrics/enabled", "false"},
    {"LoggingLevel", "logging/loglevel", "OFF"},
    {"DataTraceEnabled", "logging/dataTrace", "false"},
    {"ThrottlingBurstLimit", "throttling/burstLimit", "-1"},
    {"ThrottlingRateLimit", "throttling/rateLimit", "-1"},
    {"CachingEnabled", "caching/enabled", "false"},
    {"CacheTtlInSeconds", "caching/ttlInSeconds", "300"},
    {"CacheDataEncrypted", "caching/dataEncrypted", "false"},
};

// "/*" and "*" mean every method; "/users/{id}" is one step of the pointer.
std::string setting_key(const json::Object& setting) {
  auto path = json::string_or(setting, "ResourcePath", "/*");
  if (path == "/*" || path == "*") {
    path = "*";
  } else {
    path = pointer(path);
  }
  return path + "/" + json::string_or(setting, "HttpMethod", "*");
}

// Of a stage; and a deployment's description of one says beside them what holds for all its
// methods.
std::map<std::string, json::Object> settings(const json::Object& properties) {
  std::map<std::string, json::Object> out;
  json::Object of_all;
  for (const auto& known : kSettings) {
    if (const auto* value = json::find(properties, known.property)) of_all[known.property] = *value;
  }
  if (!of_all.empty()) out["*/*"] = std::move(of_all);
  if (const auto* list = json::array_at(properties, "MethodSettings")) {
    for (const auto& setting : *list) out[setting_key(setting.as_object())] = setting.as_object();
  }
  return out;
}

json::Array setting_patches(const json::Object& before, const json::Object& now) {
  json::Array patches;
  const auto old = settings(before);
  const auto wanted = settings(now);
  for (const auto& [key, setting] : wanted) {
    const auto it = old.find(key);
    const json::Object none;
    const auto& was = it == old.end() ? none : it->second;
    for (const auto& known : kSettings) {
      patch_scalar(patches, was, setting, known.property, fmt::format("/{}/{}", key, known.path),
                   known.unset);
    }
  }
  for (const auto& [key, setting] : old) {
    if (!wanted.contains(key)) patches.emplace_back(patch("remove", "/" + key, std::nullopt));
  }
  if (differs(before, now, "AccessLogSetting")) {
    const auto* access = json::object_at(now, "AccessLogSetting");
    if (access == nullptr) {
      patches.emplace_back(patch("remove", "/accessLogSettings", std::nullopt));
    } else {
      patches.emplace_back(
          patch("replace", "/accessLogSettings/destinationArn", text(*access, "DestinationArn")));
      patches.emplace_back(patch("replace", "/accessLogSettings/format", text(*access, "Format")));
    }
  }
  return patches;
}

json::Array description_patches(const json::Object& before, const json::Object& now) {
  json::Array patches;
  patch_scalar(patches, before, now, "Description", "/description", "");
  patch_scalar(patches, before, now, "TracingEnabled", "/tracingEnabled", "false");
  patch_scalar(patches, before, now, "CacheClusterEnabled", "/cacheClusterEnabled", "false");
  patch_scalar(patches, before, now, "CacheClusterSize", "/cacheClusterSize", "0.5");
  patch_scalar(patches, before, now, "DocumentationVersion", "/documentationVersion", "");
  const json::Object none;
  const auto* old = json::object_at(before, "Variables");
  const auto* wanted = json::object_at(now, "Variables");
  for (const auto& [name, value] : wanted == nullptr ? none : *wanted) {
    const auto* was = old == nullptr ? nullptr : json::find(*old, name);
    if (was == nullptr || *was != value)
      patches.emplace_back(patch("replace", "/variables/" + pointer(name), json::str(value)));
  }
  for (const auto& name :
       keys_gone(old == nullptr ? none : *old, wanted == nullptr ? none : *wanted)) {
    patches.emplace_back(patch("remove", "/variables/" + pointer(json::str(name)), std::nullopt));
  }
  for (auto& setting : setting_patches(before, now)) patches.push_back(std::move(setting));
  return patches;
}

ApiResult<Instance> create_stage(const Session& session, const Desired& desired) {
  const auto& properties = desired.properties;
  if (!properties.contains("DeploymentId"))
    return invalid("DeploymentId must be specified for a stage");
  json::Object input;
  copy(input, properties,
       {{"RestApiId", "restApiId"},
        {"DeploymentId", "deploymentId"},
        {"Description", "description"},
        {"Variables", "variables"},
        {"TracingEnabled", "tracingEnabled"},
        {"CacheClusterEnabled", "cacheClusterEnabled"},
        {"CacheClusterSize", "cacheClusterSize"},
        {"DocumentationVersion", "documentationVersion"}});
  input["stageName"] = desired.name;
  if (auto tags = tag_map(properties); !tags.empty()) input["tags"] = std::move(tags);
  CHECK_OK(session.call("apigateway", "CreateStage", std::move(input)));
  desired.note(desired.name);
  CHECK_OK(patch_stage(session, text(properties, "RestApiId"), desired.name,
                       setting_patches({}, properties)));
  return Instance{desired.name, properties, {}};
}

ApiResult<Instance> update_stage(const Session& session, const Instance& current,
                                 const Desired& desired) {
  const auto& before = current.properties;
  const auto& now = desired.properties;
  const auto api = text(now, "RestApiId");
  json::Array patches = description_patches(before, now);
  patch_scalar(patches, before, now, "DeploymentId", "/deploymentId", "");
  CHECK_OK(patch_stage(session, api, current.id, std::move(patches)));
  CHECK_OK(apply_tags(session, stage_path(api, current.id), before, now));
  return Instance{current.id, now, current.attributes};
}

}  // namespace

void add_deployment_types(std::vector<ResourceType>& types) {
  static const std::string kDeploymentSchema = fmt::format(
      "RestApiId!~ string  Description string  StageName string  DeploymentCanarySettings "
      "unsupported  "
      "StageDescription {{ Description string CacheClusterEnabled bool CacheClusterSize string "
      "TracingEnabled bool Variables < string > MethodSettings [ {} ] "
      "AccessLogSetting {{ DestinationArn string Format string }} CacheDataEncrypted unsupported "
      "CacheTtlInSeconds unsupported CachingEnabled bool CanarySetting unsupported "
      "ClientCertificateId unsupported DataTraceEnabled bool DocumentationVersion unsupported "
      "LoggingLevel string MetricsEnabled bool {} ThrottlingBurstLimit int "
      "ThrottlingRateLimit number }}",
      kSetting, DEW_TAGS);
  static const std::string kStageSchema = fmt::format(
      "RestApiId!~ string  StageName~ string  DeploymentId string  Description string  Variables < "
      "string >  "
      "TracingEnabled bool  CacheClusterEnabled bool  CacheClusterSize string  "
      "DocumentationVersion string  "
      "MethodSettings [ {} ]  AccessLogSetting {{ DestinationArn string Format string }}  {} "
      "CanarySetting unsupported  ClientCertificateId unsupported",
      kSetting, DEW_TAGS);
  types.push_back({
      .name = "AWS::ApiGateway::Deployment",
      .schema = kDeploymentSchema,
      .attributes = {"DeploymentId"},
      .create = create_deployment,
      .update = update_deployment,
      .remove = remove_deployment,
      // Nothing on a deployment says who made it; one of another description is not ours.
      .list =
          [](const Session& session, const Desired& desired) {
            return list_ids(session, "GetDeployments",
                            {{"restApiId", text(desired.properties, "RestApiId")}, {"limit", 500}},
                            [&](const json::Object& item) {
                              return text(item, "description") ==
                                     text(desired.properties, "Description");
                            });
          },
  });
  types.push_back({
      .name = "AWS::ApiGateway::Stage",
      .schema = kStageSchema,
      .naming = Naming{"StageName", 128, false},
      .create = create_stage,
      .update = update_stage,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok(
                "apigateway", "DeleteStage",
                {{"restApiId", text(it.properties, "RestApiId")}, {"stageName", it.id}});
          },
      .exists =
          [](const Session& session, const Desired& desired) {
            return session.exists("apigateway", "GetStage",
                                  {{"restApiId", text(desired.properties, "RestApiId")},
                                   {"stageName", desired.name}});
          },
  });
}

}  // namespace dew::cloudformation
