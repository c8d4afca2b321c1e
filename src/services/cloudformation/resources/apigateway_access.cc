// AWS::ApiGateway::Authorizer, Model, RequestValidator, ApiKey, UsagePlan, UsagePlanKey
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGateway.html
#include "services/cloudformation/resources/apigateway.h"
#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

namespace {

constexpr std::string_view kAuthorizer =
    "RestApiId!~ string  Name! string  Type! string  AuthType string  AuthorizerUri string  "
    "AuthorizerCredentials string  IdentitySource string  IdentityValidationExpression string  "
    "AuthorizerResultTtlInSeconds int  ProviderARNs [ string ]";

constexpr std::string_view kUsagePlan =
    "UsagePlanName string  Description string  "
    "ApiStages [ { ApiId string Stage string Throttle < { BurstLimit int RateLimit number } > } ]  "
    "Quota { Limit int Offset int Period string }  Throttle { BurstLimit int RateLimit number "
    "} " DEW_TAGS;

// ["Limit"] as limit, in every object of a property.
json::Value lowered(const json::Value& value) {
  if (value.is_array()) {
    json::Array out;
    for (const auto& one : value.get_array()) out.push_back(lowered(one));
    return out;
  }
  if (!value.is_object()) return value;
  json::Object out;
  for (const auto& [name, one] : value.get_object()) out[lower_first(name)] = lowered(one);
  return out;
}

ApiResult<Instance> create_authorizer(const Session& session, const Desired& desired) {
  json::Object input;
  for (const auto& [name, value] : desired.properties) input[lower_first(name)] = value;
  // As the model spells it.
  if (const auto* pools = json::find(desired.properties, "ProviderARNs")) {
    input["providerARNs"] = *pools;
  }
  TRY(const auto made, session.call("apigateway", "CreateAuthorizer", std::move(input)));
  const auto id = text(made, "id");
  desired.note(id);
  return Instance{id, desired.properties, {{"AuthorizerId", id}}};
}

ApiResult<Instance> update_authorizer(const Session& session, const Instance& current,
                                      const Desired& desired) {
  const auto& before = current.properties;
  const auto& now = desired.properties;
  json::Array patches;
  for (const auto* name : {"Name", "Type", "AuthType", "AuthorizerUri", "AuthorizerCredentials",
                           "IdentitySource", "IdentityValidationExpression"}) {
    patch_scalar(patches, before, now, name, "/" + lower_first(name), "");
  }
  patch_scalar(patches, before, now, "AuthorizerResultTtlInSeconds",
               "/authorizerResultTtlInSeconds", "300");
  if (differs(before, now, "ProviderARNs")) {
    for (const auto& one : strings(now, "ProviderARNs"))
      patches.emplace_back(patch("add", "/providerARNs/" + pointer(one), std::nullopt));
  }
  if (!patches.empty()) {
    CHECK_OK(session.call("apigateway", "UpdateAuthorizer",
                          {{"restApiId", text(before, "RestApiId")},
                           {"authorizerId", current.id},
                           {"patchOperations", std::move(patches)}}));
  }
  return Instance{current.id, now, current.attributes};
}

// A model's name is letters and digits alone.
std::string model_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c))) out += c;
  }
  return out;
}

std::string schema_text(const json::Object& properties) {
  const auto* schema = json::find(properties, "Schema");
  if (schema == nullptr) return "";
  return schema->is_string() ? json::str(*schema) : json::dump(*schema);
}

ApiResult<Instance> create_model(const Session& session, const Desired& desired) {
  const auto& properties = desired.properties;
  const bool named = properties.contains("Name");
  const auto name = named ? text(properties, "Name") : model_name(desired.name);
  json::Object input{
      {"name", name},
      {"contentType", json::string_or(properties, "ContentType", "application/json")}};
  copy(input, properties, {{"RestApiId", "restApiId"}, {"Description", "description"}});
  if (const auto schema = schema_text(properties); !schema.empty()) input["schema"] = schema;
  CHECK_OK(session.call("apigateway", "CreateModel", std::move(input)));
  return Instance{name, properties, {}};
}

ApiResult<Instance> update_model(const Session& session, const Instance& current,
                                 const Desired& desired) {
  json::Array patches;
  patch_scalar(patches, current.properties, desired.properties, "Description", "/description", "");
  if (const auto schema = schema_text(desired.properties);
      schema != schema_text(current.properties)) {
    patches.emplace_back(patch("replace", "/schema", schema));
  }
  if (!patches.empty()) {
    CHECK_OK(session.call("apigateway", "UpdateModel",
                          {{"restApiId", text(current.properties, "RestApiId")},
                           {"modelName", current.id},
                           {"patchOperations", std::move(patches)}}));
  }
  return Instance{current.id, desired.properties, {}};
}

ApiResult<Instance> create_validator(const Session& session, const Desired& desired) {
  json::Object input;
  for (const auto& [name, value] : desired.properties) input[lower_first(name)] = value;
  TRY(const auto made, session.call("apigateway", "CreateRequestValidator", std::move(input)));
  const auto id = text(made, "id");
  desired.note(id);
  return Instance{id, desired.properties, {{"RequestValidatorId", id}}};
}

ApiResult<Instance> update_validator(const Session& session, const Instance& current,
                                     const Desired& desired) {
  json::Array patches;
  for (const auto* name : {"ValidateRequestBody", "ValidateRequestParameters"}) {
    patch_scalar(patches, current.properties, desired.properties, name, "/" + lower_first(name),
                 "false");
  }
  if (!patches.empty()) {
    CHECK_OK(session.call("apigateway", "UpdateRequestValidator",
                          {{"restApiId", text(current.properties, "RestApiId")},
                           {"requestValidatorId", current.id},
                           {"patchOperations", std::move(patches)}}));
  }
  return Instance{current.id, desired.properties, current.attributes};
}

ApiResult<Instance> create_key(const Session& session, const Desired& desired) {
  const auto& properties = desired.properties;
  json::Object input;
  copy(input, properties,
       {{"Name", "name"},
        {"Description", "description"},
        {"CustomerId", "customerId"},
        {"Enabled", "enabled"},
        {"Value", "value"}});
  // Only what is asked for: no identifier that is the value.
  if (const auto distinct = json::bool_at(properties, "GenerateDistinctId"))
    input["generateDistinctId"] = *distinct;
  if (const auto* stages = json::find(properties, "StageKeys"))
    input["stageKeys"] = lowered(*stages);
  input["tags"] = tags_of_new(session, desired);
  TRY(const auto made, session.call("apigateway", "CreateApiKey", std::move(input)));
  const auto id = text(made, "id");
  desired.note(id);
  return Instance{id, properties, {{"APIKeyId", id}}};
}

std::set<std::string> stage_names(const json::Object& properties) {
  std::set<std::string> out;
  if (const auto* stages = json::array_at(properties, "StageKeys")) {
    for (const auto& one : *stages) {
      out.insert(text(one.as_object(), "RestApiId") + "/" + text(one.as_object(), "StageName"));
    }
  }
  return out;
}

ApiResult<Instance> update_key(const Session& session, const Instance& current,
                               const Desired& desired) {
  const auto& before = current.properties;
  const auto& now = desired.properties;
  json::Array patches;
  for (const auto* name : {"Description", "CustomerId"})
    patch_scalar(patches, before, now, name, "/" + lower_first(name), "");
  patch_scalar(patches, before, now, "Enabled", "/enabled", "false");
  const auto old = stage_names(before);
  const auto wanted = stage_names(now);
  for (const auto& one : old) {
    if (!wanted.contains(one)) patches.emplace_back(patch("remove", "/stages", one));
  }
  for (const auto& one : wanted) {
    if (!old.contains(one)) patches.emplace_back(patch("add", "/stages", one));
  }
  if (!patches.empty()) {
    CHECK_OK(session.call("apigateway", "UpdateApiKey",
                          {{"apiKey", current.id}, {"patchOperations", std::move(patches)}}));
  }
  CHECK_OK(apply_tags(session, "/apikeys/" + current.id, before, now));
  return Instance{current.id, now, current.attributes};
}

// The map of a stage's methods keeps its keys: they are paths.
json::Array api_stages(const json::Object& properties) {
  json::Array out;
  const auto* stages = json::array_at(properties, "ApiStages");
  if (stages == nullptr) return out;
  for (const auto& one : *stages) {
    const auto& stage = one.as_object();
    json::Object made{{"apiId", text(stage, "ApiId")}, {"stage", text(stage, "Stage")}};
    if (const auto* throttle = json::object_at(stage, "Throttle")) {
      json::Object methods;
      for (const auto& [name, limits] : *throttle) methods[name] = lowered(limits);
      made["throttle"] = std::move(methods);
    }
    out.emplace_back(std::move(made));
  }
  return out;
}

ApiResult<Instance> create_plan(const Session& session, const Desired& desired) {
  const auto& properties = desired.properties;
  json::Object input{{"name", json::string_or(properties, "UsagePlanName", desired.logical_id)},
                     {"apiStages", api_stages(properties)}};
  copy(input, properties, {{"Description", "description"}});
  for (const auto* name : {"Quota", "Throttle"}) {
    if (const auto* value = json::find(properties, name))
      input[lower_first(name)] = lowered(*value);
  }
  input["tags"] = tags_of_new(session, desired);
  TRY(const auto made, session.call("apigateway", "CreateUsagePlan", std::move(input)));
  const auto id = text(made, "id");
  desired.note(id);
  return Instance{id, properties, {{"Id", id}}};
}

std::string stage_id(const json::Object& stage) {
  return text(stage, "apiId") + ":" + text(stage, "stage");
}

json::Array stage_patches(const json::Object& before, const json::Object& now) {
  json::Array patches;
  const auto old = api_stages(before);
  const auto wanted = api_stages(now);
  for (const auto& one : old) {
    if (std::ranges::find(wanted, one) == wanted.end())
      patches.emplace_back(patch("remove", "/apiStages", stage_id(one.as_object())));
  }
  for (const auto& one : wanted) {
    if (std::ranges::find(old, one) != old.end()) continue;
    const auto id = stage_id(one.as_object());
    patches.emplace_back(patch("add", "/apiStages", id));
    if (const auto* throttle = json::object_at(one.as_object(), "throttle")) {
      patches.emplace_back(patch("replace", fmt::format("/apiStages/{}/throttle", pointer(id)),
                                 json::dump(*throttle)));
    }
  }
  return patches;
}

ApiResult<Instance> update_plan(const Session& session, const Instance& current,
                                const Desired& desired) {
  const auto& before = current.properties;
  const auto& now = desired.properties;
  auto patches = stage_patches(before, now);
  patch_scalar(patches, before, now, "Description", "/description", "");
  patch_scalar(patches, before, now, "UsagePlanName", "/name", desired.logical_id);
  for (const auto* group : {"Quota", "Throttle"}) {
    const auto* old = json::object_at(before, group);
    const auto* wanted = json::object_at(now, group);
    if (wanted == nullptr) {
      if (old != nullptr)
        patches.emplace_back(patch("remove", "/" + lower_first(group), std::nullopt));
      continue;
    }
    for (const auto& [name, value] : *wanted) {
      const auto* was = old == nullptr ? nullptr : json::find(*old, name);
      if (was != nullptr && *was == value) continue;
      patches.emplace_back(patch("replace",
                                 fmt::format("/{}/{}", lower_first(group), lower_first(name)),
                                 to_text(value).value_or("")));
    }
  }
  if (!patches.empty()) {
    CHECK_OK(session.call("apigateway", "UpdateUsagePlan",
                          {{"usagePlanId", current.id}, {"patchOperations", std::move(patches)}}));
  }
  CHECK_OK(apply_tags(session, "/usageplans/" + current.id, before, now));
  return Instance{current.id, now, current.attributes};
}

// A plan with stages cannot be deleted.
ApiResult<void> remove_plan(const Session& session, const Instance& it) {
  auto plan = session.call("apigateway", "GetUsagePlan", {{"usagePlanId", it.id}});
  if (!plan) {
    if (says_not_found(plan.error())) return {};
    return std::unexpected(std::move(plan).error());
  }
  json::Array patches;
  if (const auto* stages = json::array_at(*plan, "apiStages")) {
    for (const auto& one : *stages)
      patches.emplace_back(patch("remove", "/apiStages", stage_id(one.as_object())));
  }
  if (!patches.empty()) {
    CHECK_OK(session.call("apigateway", "UpdateUsagePlan",
                          {{"usagePlanId", it.id}, {"patchOperations", std::move(patches)}}));
  }
  return session.call_gone_ok("apigateway", "DeleteUsagePlan", {{"usagePlanId", it.id}});
}

ApiResult<Instance> create_plan_key(const Session& session, const Desired& desired) {
  json::Object input;
  copy(input, desired.properties,
       {{"KeyId", "keyId"}, {"KeyType", "keyType"}, {"UsagePlanId", "usagePlanId"}});
  CHECK_OK(session.call("apigateway", "CreateUsagePlanKey", std::move(input)));
  const auto id = text(desired.properties, "KeyId") + ":" + text(desired.properties, "UsagePlanId");
  return Instance{id, desired.properties, {{"Id", id}}};
}

json::Object plan_key(const json::Object& properties) {
  return {{"usagePlanId", text(properties, "UsagePlanId")}, {"keyId", text(properties, "KeyId")}};
}

// Types whose ids their API chooses and that have no tags: how they are found (by the name, which
// is all that tells one from another) and removed.
auto lists(std::string_view operation) {
  return [operation](const Session& session, const Desired& desired) {
    const auto name = text(desired.properties, "Name");
    return list_ids(session, operation,
                    {{"restApiId", text(desired.properties, "RestApiId")}, {"limit", 500}},
                    [&](const json::Object& item) { return text(item, "name") == name; });
  };
}
auto removes(std::string_view operation, std::string_view member) {
  return [operation, member](const Session& session, const Instance& it) {
    return session.call_gone_ok("apigateway", operation,
                                {{"restApiId", text(it.properties, "RestApiId")}, {member, it.id}});
  };
}

void add_request_types(std::vector<ResourceType>& types) {
  types.push_back({
      .name = "AWS::ApiGateway::Authorizer",
      .schema = kAuthorizer,
      .attributes = {"AuthorizerId"},
      .create = create_authorizer,
      .update = update_authorizer,
      .remove = removes("DeleteAuthorizer", "authorizerId"),
      .list = lists("GetAuthorizers"),
  });
  types.push_back({
      .name = "AWS::ApiGateway::Model",
      .schema = "RestApiId!~ string  Name~ string  ContentType~ string  Description string  Schema "
                "any",
      .naming = Naming{"Name", 128, false},
      .create = create_model,
      .update = update_model,
      .remove =
          [](const Session& session, const Instance& it) {
            const bool named = it.properties.contains("Name");
            return session.call_gone_ok(
                "apigateway", "DeleteModel",
                {{"restApiId", text(it.properties, "RestApiId")},
                 {"modelName", named ? text(it.properties, "Name") : model_name(it.id)}});
          },
      .exists =
          [](const Session& session, const Desired& desired) {
            const bool named = desired.properties.contains("Name");
            return session.exists("apigateway", "GetModel",
                                  {{"restApiId", text(desired.properties, "RestApiId")},
                                   {"modelName", named ? text(desired.properties, "Name")
                                                       : model_name(desired.name)}});
          },
  });
  types.push_back({
      .name = "AWS::ApiGateway::RequestValidator",
      .schema = "RestApiId!~ string  Name~ string  ValidateRequestBody bool  "
                "ValidateRequestParameters bool",
      .attributes = {"RequestValidatorId"},
      .create = create_validator,
      .update = update_validator,
      .remove = removes("DeleteRequestValidator", "requestValidatorId"),
      .list = lists("GetRequestValidators"),
  });
}

}  // namespace

void add_access_types(std::vector<ResourceType>& types) {
  add_request_types(types);
  types.push_back({
      .name = "AWS::ApiGateway::ApiKey",
      .schema = "Name~ string  Value~ string  Description string  CustomerId string  Enabled bool  "
                "GenerateDistinctId~ bool  StageKeys [ { RestApiId string StageName string } "
                "] " DEW_TAGS,
      .attributes = {"APIKeyId"},
      .create = create_key,
      .update = update_key,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok("apigateway", "DeleteApiKey", {{"apiKey", it.id}});
          },
      .list = [](const Session& session,
                 const Desired& desired) { return list_own(session, "GetApiKeys", desired); },
  });
  types.push_back({
      .name = "AWS::ApiGateway::UsagePlan",
      .schema = kUsagePlan,
      .attributes = {"Id"},
      .create = create_plan,
      .update = update_plan,
      .remove = remove_plan,
      .list = [](const Session& session,
                 const Desired& desired) { return list_own(session, "GetUsagePlans", desired); },
  });
  types.push_back({
      .name = "AWS::ApiGateway::UsagePlanKey",
      .schema = "KeyId!~ string  KeyType!~ string  UsagePlanId!~ string",
      .attributes = {"Id"},
      .naming = Naming{"", 128, false},
      .create = create_plan_key,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok("apigateway", "DeleteUsagePlanKey",
                                        plan_key(it.properties));
          },
      .exists =
          [](const Session& session, const Desired& desired) {
            return session.exists("apigateway", "GetUsagePlanKey", plan_key(desired.properties));
          },
  });
}

}  // namespace dew::cloudformation
