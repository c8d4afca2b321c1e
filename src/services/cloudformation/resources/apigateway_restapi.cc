// AWS::ApiGateway::RestApi
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-restapi.html
//
// An API with a definition (Body, BodyS3Location) is created as any other and then put, so that its
// tags are there from the start; an update puts the definition again. Without Mode it is merged, as
// APIs made after March 29, 2021 are: what a new definition leaves out stays, but in a rollback.
// Properties that the template gives win over what the definition says of the same.
#include <algorithm>

#include "services/cloudformation/resources/apigateway.h"
#include "services/cloudformation/resources/apigateway_before.h"
#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

namespace {

constexpr std::string_view kSchema =
    "Name string  Description string  ApiKeySourceType string  BinaryMediaTypes [ string ]  "
    "EndpointConfiguration { Types [ string ] VpcEndpointIds unsupported IpAddressType unsupported "
    "}  "
    "MinimumCompressionSize int  Policy any  DisableExecuteApiEndpoint bool  " DEW_TAGS
    "Body json  BodyS3Location { Bucket! string Key! string Version string ETag string }  "
    "CloneFrom unsupported  FailOnWarnings bool  Mode string  Parameters < string >  "
    "EndpointAccessMode unsupported  SecurityPolicy unsupported";

// "The maximum size of the API definition file is 6MB."
// docs.aws.amazon.com/apigateway/latest/api/API_ImportRestApi.html
constexpr int64_t kMaxDefinitionBytes = 6 * 1024 * 1024;

bool is_defined(const json::Object& properties) {
  return properties.contains("Body") || properties.contains("BodyS3Location");
}

ApiResult<void> check(const json::Object& properties) {
  if (properties.contains("Body") && properties.contains("BodyS3Location"))
    return invalid("Body cannot be specified together with BodyS3Location");
  if (!is_defined(properties) && !properties.contains("Name"))
    return invalid("Name must be specified");
  if (const auto mode = json::string_or(properties, "Mode", "merge");
      mode != "merge" && mode != "overwrite") {
    return invalid(fmt::format("Mode must be merge or overwrite, not '{}'", mode));
  }
  return {};
}

// Tools write an empty text for "no policy".
std::string policy_text(const json::Object& properties) {
  const auto* policy = json::find(properties, "Policy");
  if (policy == nullptr) return "";
  return policy->is_string() ? json::str(*policy) : json::dump(*policy);
}

// The first type that EndpointConfiguration gives; empty: none.
std::string wanted_endpoint(const json::Object& properties) {
  const auto* endpoint = json::object_at(properties, "EndpointConfiguration");
  const auto* types = endpoint == nullptr ? nullptr : json::array_at(*endpoint, "Types");
  return types == nullptr || types->empty() ? "" : json::str(types->front());
}

ApiResult<std::string> root_resource(const Session& session, const std::string& api,
                                     const json::Object& made) {
  if (auto id = text(made, "rootResourceId"); !id.empty()) return id;
  TRY(const auto resources,
      session.call("apigateway", "GetResources", {{"restApiId", api}, {"limit", 500}}));
  if (const auto* items = json::array_at(resources, "items")) {
    for (const auto& item : *items) {
      if (text(item.as_object(), "path") == "/") return text(item.as_object(), "id");
    }
  }
  return std::unexpected(
      aws::ApiError(Error{ErrorKind::kInternal, "a REST API has no root resource"}));
}

// As whoever asked for the stack operation may read it.
ApiResult<std::string> read_from_s3(const Session& session, const json::Object& location) {
  json::Object object{{"Bucket", text(location, "Bucket")}, {"Key", text(location, "Key")}};
  copy(object, location, {{"Version", "VersionId"}, {"ETag", "IfMatch"}});
  const auto failed = [&](const aws::ApiError& error) -> std::unexpected<aws::ApiError> {
    if (error.status >= 500) return std::unexpected(error);
    return invalid(fmt::format("Unable to retrieve the definition {} from the bucket {}: {} ({})",
                               text(location, "Key"), text(location, "Bucket"), error.message,
                               error.code));
  };
  const auto head = session.call("s3", "HeadObject", object);
  if (!head) return failed(head.error());
  if (json::int_at(*head, "ContentLength").value_or(0) > kMaxDefinitionBytes) {
    return invalid(fmt::format("The definition {} in the bucket {} is larger than 6 MB",
                               text(location, "Key"), text(location, "Bucket")));
  }
  object["IfMatch"] = text(*head, "ETag");
  const auto body = session.call("s3", "GetObject", std::move(object));
  if (!body) return failed(body.error());
  return text(*body, "Body");
}

// The API as it is after that, as GetRestApi answers.
ApiResult<json::Object> put_definition(const Session& session, const std::string& id,
                                       const json::Object& properties) {
  json::Object input{{"restApiId", id}, {"mode", json::string_or(properties, "Mode", "merge")}};
  copy(input, properties, {{"FailOnWarnings", "failOnWarnings"}, {"Parameters", "parameters"}});
  if (const auto* body = json::find(properties, "Body")) {
    input["body"] = json::dump(*body);
  } else {
    TRY(input["body"], read_from_s3(session, properties.at("BodyS3Location").as_object()));
  }
  return session.call("apigateway", "PutRestApi", std::move(input));
}

ApiResult<void> change(const Session& session, const std::string& id, json::Array patches) {
  if (patches.empty()) return {};
  CHECK_OK(session.call("apigateway", "UpdateRestApi",
                        {{"restApiId", id}, {"patchOperations", std::move(patches)}}));
  return {};
}

// What the template says itself wins; lists are merged.
ApiResult<void> put_properties(const Session& session, const std::string& id,
                               const json::Object& api, const json::Object& properties) {
  json::Array patches;
  for (const auto& [property, member] :
       {std::pair{"Name", "name"}, std::pair{"Description", "description"},
        std::pair{"ApiKeySourceType", "apiKeySource"},
        std::pair{"MinimumCompressionSize", "minimumCompressionSize"},
        std::pair{"DisableExecuteApiEndpoint", "disableExecuteApiEndpoint"}}) {
    const auto* wanted = json::find(properties, property);
    const auto* there = json::find(api, member);
    if (wanted == nullptr || (there != nullptr && *wanted == *there)) continue;
    patches.emplace_back(patch("replace", "/" + std::string(member), to_text(*wanted)));
  }
  if (const auto policy = policy_text(properties); !policy.empty())
    patches.emplace_back(patch("replace", "/policy", policy));
  const auto there = strings(api, "binaryMediaTypes");
  auto types = strings(properties, "BinaryMediaTypes");
  types.insert(there.begin(), there.end());
  patch_media_types(patches, there, types);
  if (const auto type = wanted_endpoint(properties); !type.empty() && type != endpoint_type(api))
    patches.emplace_back(
        patch("replace", "/endpointConfiguration/types/" + endpoint_type(api), type));
  CHECK_OK(change(session, id, std::move(patches)));
  const auto* tags = json::object_at(api, "tags");
  const auto before = tags == nullptr ? json::Object() : *tags;
  auto wanted = before;
  for (const auto& [key, value] : tag_map(properties)) wanted[key] = value;
  return change_tags(session, "/restapis/" + id, before, wanted);
}

ApiResult<Instance> create(const Session& session, const Desired& desired) {
  const auto& properties = desired.properties;
  CHECK_OK(check(properties));
  // A definition says the name that it is to have.
  json::Object input{{"name", desired.logical_id}};
  copy(input, properties,
       {{"Name", "name"},
        {"Description", "description"},
        {"ApiKeySourceType", "apiKeySource"},
        {"BinaryMediaTypes", "binaryMediaTypes"},
        {"MinimumCompressionSize", "minimumCompressionSize"},
        {"DisableExecuteApiEndpoint", "disableExecuteApiEndpoint"}});
  if (const auto policy = policy_text(properties); !policy.empty()) input["policy"] = policy;
  if (const auto* endpoint = json::object_at(properties, "EndpointConfiguration");
      endpoint != nullptr && endpoint->contains("Types")) {
    input["endpointConfiguration"] = json::Object{{"types", endpoint->at("Types")}};
  }
  input["tags"] = tags_of_new(session, desired);
  TRY(const auto made, session.call("apigateway", "CreateRestApi", std::move(input)));
  const auto id = text(made, "id");
  desired.note(id);
  TRY(const auto root, root_resource(session, id, made));
  if (is_defined(properties)) {
    TRY(const auto api, put_definition(session, id, properties));
    CHECK_OK(put_properties(session, id, api, properties));
  }
  return Instance{id, properties, {{"RootResourceId", root}, {"RestApiId", id}}};
}

// What the template no longer gives goes back to what it is without it. A list of types stays where
// a definition has its say, as it does on AWS.
json::Array taken_back(const json::Object& before, const json::Object& now) {
  json::Array patches;
  const auto gone = [&](std::string_view property) {
    return before.contains(property) && !now.contains(property);
  };
  if (gone("Description")) patches.emplace_back(patch("replace", "/description", std::nullopt));
  if (gone("ApiKeySourceType")) patches.emplace_back(patch("replace", "/apiKeySource", "HEADER"));
  if (gone("DisableExecuteApiEndpoint"))
    patches.emplace_back(patch("replace", "/disableExecuteApiEndpoint", "false"));
  if (policy_text(now).empty() && !policy_text(before).empty())
    patches.emplace_back(patch("replace", "/policy", ""));
  return patches;
}

ApiResult<Instance> update_defined(const Session& session, const Instance& current,
                                   const Desired& desired) {
  const auto& before = current.properties;
  const auto& now = desired.properties;
  Instance made{current.id, now, current.attributes};
  if (desired.back) {
    CHECK_OK(restore_api(session, current.id));
    return made;
  }
  CHECK_OK(note_api(session, current.id));
  CHECK_OK(change(session, current.id, taken_back(before, now)));
  json::Object gone;
  for (const auto& key : keys_gone(tag_map(before), tag_map(now))) gone[json::str(key)] = "";
  CHECK_OK(change_tags(session, "/restapis/" + current.id, gone, {}));
  TRY(const auto api, is_defined(now)
                          ? put_definition(session, current.id, now)
                          : session.call("apigateway", "GetRestApi", {{"restApiId", current.id}}));
  CHECK_OK(put_properties(session, current.id, api, now));
  return made;
}

ApiResult<Instance> update(const Session& session, const Instance& current,
                           const Desired& desired) {
  const auto& before = current.properties;
  const auto& now = desired.properties;
  if (const auto good = check(now); !good && !desired.back)
    return refused_update(good.error().message);
  if (is_defined(before) || is_defined(now)) return update_defined(session, current, desired);
  auto patches = taken_back(before, now);
  for (const auto& [property, path] :
       {std::pair{"Name", "/name"}, std::pair{"Description", "/description"},
        std::pair{"ApiKeySourceType", "/apiKeySource"},
        std::pair{"MinimumCompressionSize", "/minimumCompressionSize"},
        std::pair{"DisableExecuteApiEndpoint", "/disableExecuteApiEndpoint"}}) {
    if (now.contains(property)) patch_scalar(patches, before, now, property, path, "");
  }
  if (const auto policy = policy_text(now); !policy.empty() && policy != policy_text(before))
    patches.emplace_back(patch("replace", "/policy", policy));
  patch_media_types(patches, strings(before, "BinaryMediaTypes"), strings(now, "BinaryMediaTypes"));
  const auto type_of = [](const json::Object& properties) {
    const auto type = wanted_endpoint(properties);
    return type.empty() ? std::string("EDGE") : type;
  };
  if (type_of(before) != type_of(now)) {
    patches.emplace_back(
        patch("replace", "/endpointConfiguration/types/" + type_of(before), type_of(now)));
  }
  CHECK_OK(change(session, current.id, std::move(patches)));
  CHECK_OK(apply_tags(session, "/restapis/" + current.id, before, now));
  return Instance{current.id, now, current.attributes};
}

ApiResult<void> remove(const Session& session, const Instance& it) {
  CHECK_OK(session.call_gone_ok("apigateway", "DeleteRestApi", {{"restApiId", it.id}}));
  return forget_api(session, it.id);
}

}  // namespace

void add_rest_api_type(std::vector<ResourceType>& types) {
  types.push_back({
      .name = "AWS::ApiGateway::RestApi",
      .schema = kSchema,
      .attributes = {"RootResourceId", "RestApiId"},
      .create = create,
      .update = update,
      .remove = remove,
      .list = [](const Session& session,
                 const Desired& desired) { return list_own(session, "GetRestApis", desired); },
  });
}

}  // namespace dew::cloudformation
