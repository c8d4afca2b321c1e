// AWS::ApiGateway::RestApi, Resource, Method, Account, GatewayResponse
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGateway.html
#include "services/cloudformation/resources/apigateway.h"

#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

json::Object patch(std::string_view op, std::string path, std::optional<std::string> value) {
  json::Object out{{"op", op}, {"path", std::move(path)}};
  if (value) out["value"] = *value;
  return out;
}

std::string pointer(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

void patch_scalar(json::Array& patches, const json::Object& before, const json::Object& now,
                  std::string_view property, std::string path, std::string_view unset) {
  if (!differs(before, now, property)) return;
  const auto* value = json::find(now, property);
  patches.emplace_back(patch("replace", std::move(path),
                             value == nullptr ? std::string(unset) : to_text(*value).value_or("")));
}

ApiResult<std::vector<std::string>> list_ids(
    const Session& session, std::string_view operation, json::Object input,
    const std::function<bool(const json::Object& item)>& ours) {
  std::vector<std::string> out;
  while (true) {
    TRY(const auto page, session.call("apigateway", operation, input));
    if (const auto* items = json::array_at(page, "items")) {
      for (const auto& item : *items) {
        if (ours(item.as_object())) out.push_back(text(item.as_object(), "id"));
      }
    }
    const auto next = text(page, "position");
    if (next.empty()) return out;
    input["position"] = next;
  }
}

ApiResult<void> apply_tags(const Session& session, const std::string& path,
                           const json::Object& before, const json::Object& now) {
  if (!differs(before, now, "Tags")) return {};
  const auto arn = fmt::format("arn:aws:apigateway:{}::{}", session.region, path);
  auto tags = tag_map(now);
  if (auto gone = keys_gone(tag_map(before), tags); !gone.empty()) {
    CHECK_OK(session.call("apigateway", "UntagResource",
                          {{"resourceArn", arn}, {"tagKeys", std::move(gone)}}));
  }
  if (!tags.empty())
    CHECK_OK(session.call("apigateway", "TagResource",
                          {{"resourceArn", arn}, {"tags", std::move(tags)}}));
  return {};
}

namespace {

constexpr std::string_view kRestApi =
    "Name string  Description string  ApiKeySourceType string  BinaryMediaTypes [ string ]  "
    "EndpointConfiguration { Types [ string ] VpcEndpointIds unsupported IpAddressType unsupported "
    "}  "
    "MinimumCompressionSize int  Policy any  DisableExecuteApiEndpoint bool  " DEW_TAGS
    "Body unsupported  BodyS3Location unsupported  CloneFrom unsupported  FailOnWarnings "
    "unsupported  "
    "Mode unsupported  Parameters unsupported";

constexpr std::string_view kMethod =
    "RestApiId!~ string  ResourceId!~ string  HttpMethod!~ string  AuthorizationType string  "
    "AuthorizerId string  "
    "AuthorizationScopes [ string ]  ApiKeyRequired bool  OperationName string  RequestValidatorId "
    "string  "
    "RequestParameters < any >  RequestModels < string >  "
    "MethodResponses [ { StatusCode! string ResponseParameters < any > ResponseModels < string > } "
    "]  "
    "Integration { Type! string IntegrationHttpMethod string Uri string Credentials string "
    "ConnectionType string "
    "  ConnectionId string PassthroughBehavior string ContentHandling string TimeoutInMillis int "
    "CacheNamespace string "
    "  CacheKeyParameters [ string ] RequestParameters < string > RequestTemplates < string > "
    "  IntegrationResponses [ { StatusCode! string SelectionPattern string ContentHandling string "
    "    ResponseParameters < string > ResponseTemplates < string > } ] "
    "  ResponseTransferMode unsupported IntegrationTarget unsupported }";

// Tools write an empty text for "no policy".
std::string policy_text(const json::Object& properties) {
  const auto* policy = json::find(properties, "Policy");
  if (policy == nullptr) return "";
  return policy->is_string() ? json::str(*policy) : json::dump(*policy);
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

// What CloudFormation writes on all that it makes and that has tags, in this form:
// docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
json::Object own_tags(const Session& session, const Desired& desired) {
  return {{"aws:cloudformation:stack-name", session.stack.name},
          {"aws:cloudformation:stack-id", session.stack.id},
          {"aws:cloudformation:logical-id", desired.logical_id}};
}

ApiResult<std::vector<std::string>> list_own_apis(const Session& session, const Desired& desired) {
  const auto wanted = own_tags(session, desired);
  return list_ids(session, "GetRestApis", {{"limit", 500}}, [&](const json::Object& api) {
    const auto* tags = json::object_at(api, "tags");
    return tags != nullptr && std::ranges::all_of(wanted, [&](const auto& tag) {
             return text(*tags, tag.key()) == json::str(tag.value());
           });
  });
}

ApiResult<Instance> create_api(const Session& session, const Desired& desired) {
  const auto& properties = desired.properties;
  if (!properties.contains("Name")) return invalid("Name must be specified");
  json::Object input;
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
  auto tags = tag_map(properties);
  for (auto& [key, value] : own_tags(session, desired)) tags[key] = std::move(value);
  input["tags"] = std::move(tags);
  TRY(const auto made, session.call("apigateway", "CreateRestApi", std::move(input)));
  const auto id = text(made, "id");
  desired.note(id);
  TRY(const auto root, root_resource(session, id, made));
  return Instance{id, properties, {{"RootResourceId", root}, {"RestApiId", id}}};
}

ApiResult<Instance> update_api(const Session& session, const Instance& current,
                               const Desired& desired) {
  const auto& before = current.properties;
  const auto& now = desired.properties;
  json::Array patches;
  patch_scalar(patches, before, now, "Name", "/name", "");
  patch_scalar(patches, before, now, "Description", "/description", "");
  patch_scalar(patches, before, now, "ApiKeySourceType", "/apiKeySource", "HEADER");
  patch_scalar(patches, before, now, "MinimumCompressionSize", "/minimumCompressionSize", "");
  patch_scalar(patches, before, now, "DisableExecuteApiEndpoint", "/disableExecuteApiEndpoint",
               "false");
  if (policy_text(before) != policy_text(now)) {
    patches.emplace_back(patch("replace", "/policy", policy_text(now)));
  }
  if (differs(before, now, "BinaryMediaTypes")) {
    const auto old = strings(before, "BinaryMediaTypes");
    const auto wanted = strings(now, "BinaryMediaTypes");
    for (const auto& type : wanted) {
      if (!old.contains(type))
        patches.emplace_back(patch("add", "/binaryMediaTypes/" + pointer(type), std::nullopt));
    }
    for (const auto& type : old) {
      if (!wanted.contains(type))
        patches.emplace_back(patch("remove", "/binaryMediaTypes/" + pointer(type), std::nullopt));
    }
  }
  if (differs(before, now, "EndpointConfiguration")) {
    const auto first = [](const json::Object& properties) -> std::string {
      const auto* endpoint = json::object_at(properties, "EndpointConfiguration");
      const auto* types = endpoint == nullptr ? nullptr : json::array_at(*endpoint, "Types");
      return types == nullptr || types->empty() ? "EDGE" : json::str((*types)[0]);
    };
    if (first(before) != first(now)) {
      patches.emplace_back(
          patch("replace", "/endpointConfiguration/types/" + first(before), first(now)));
    }
  }
  if (!patches.empty()) {
    CHECK_OK(session.call("apigateway", "UpdateRestApi",
                          {{"restApiId", current.id}, {"patchOperations", std::move(patches)}}));
  }
  CHECK_OK(apply_tags(session, "/restapis/" + current.id, before, now));
  return Instance{current.id, now, current.attributes};
}

ApiResult<Instance> create_resource(const Session& session, const Desired& desired) {
  json::Object input;
  copy(input, desired.properties,
       {{"RestApiId", "restApiId"}, {"ParentId", "parentId"}, {"PathPart", "pathPart"}});
  TRY(const auto made, session.call("apigateway", "CreateResource", std::move(input)));
  const auto id = text(made, "id");
  desired.note(id);
  return Instance{id, desired.properties, {{"ResourceId", id}}};
}

// Nobody else can make a second one: a path stands once under its parent.
ApiResult<std::vector<std::string>> list_resource(const Session& session, const Desired& desired) {
  return list_ids(session, "GetResources",
                  {{"restApiId", text(desired.properties, "RestApiId")}, {"limit", 500}},
                  [&](const json::Object& item) {
                    return text(item, "parentId") == text(desired.properties, "ParentId") &&
                           text(item, "pathPart") == text(desired.properties, "PathPart");
                  });
}

json::Object method_key(const json::Object& properties) {
  json::Object out;
  copy(out, properties,
       {{"RestApiId", "restApiId"}, {"ResourceId", "resourceId"}, {"HttpMethod", "httpMethod"}});
  return out;
}

// Maps of booleans, which a template may write as text.
json::Object booleans(const json::Object& map) {
  json::Object out;
  for (const auto& [name, value] : map)
    out[name] = value.is_bool() ? value.as_bool() : to_text(value) == "true";
  return out;
}

ApiResult<void> put_integration(const Session& session, const json::Object& key,
                                const json::Object& integration) {
  auto input = key;
  for (const auto& [name, value] : integration) {
    if (name != "IntegrationResponses") input[lower_first(name)] = value;
  }
  CHECK_OK(session.call("apigateway", "PutIntegration", std::move(input)));
  if (const auto* responses = json::array_at(integration, "IntegrationResponses")) {
    for (const auto& response : *responses) {
      input = key;
      for (const auto& [name, value] : response.as_object()) input[lower_first(name)] = value;
      CHECK_OK(session.call("apigateway", "PutIntegrationResponse", std::move(input)));
    }
  }
  return {};
}

ApiResult<Instance> create_method(const Session& session, const Desired& desired) {
  const auto& properties = desired.properties;
  const auto key = method_key(properties);
  auto input = key;
  input["authorizationType"] = json::string_or(properties, "AuthorizationType", "NONE");
  copy(input, properties,
       {{"AuthorizerId", "authorizerId"},
        {"AuthorizationScopes", "authorizationScopes"},
        {"ApiKeyRequired", "apiKeyRequired"},
        {"OperationName", "operationName"},
        {"RequestValidatorId", "requestValidatorId"},
        {"RequestModels", "requestModels"}});
  if (const auto* parameters = json::object_at(properties, "RequestParameters"))
    input["requestParameters"] = booleans(*parameters);
  CHECK_OK(session.call("apigateway", "PutMethod", std::move(input)));
  desired.note(desired.name);
  // A method's responses come first: an integration's response names one of them.
  if (const auto* responses = json::array_at(properties, "MethodResponses")) {
    for (const auto& response : *responses) {
      input = key;
      copy(input, response.as_object(),
           {{"StatusCode", "statusCode"}, {"ResponseModels", "responseModels"}});
      if (const auto* parameters = json::object_at(response.as_object(), "ResponseParameters")) {
        input["responseParameters"] = booleans(*parameters);
      }
      CHECK_OK(session.call("apigateway", "PutMethodResponse", std::move(input)));
    }
  }
  if (const auto* integration = json::object_at(properties, "Integration")) {
    CHECK_OK(put_integration(session, key, *integration));
  }
  return Instance{desired.name, properties, {}};
}

ApiResult<void> remove_method(const Session& session, const Instance& it) {
  return session.call_gone_ok("apigateway", "DeleteMethod", method_key(it.properties));
}

// What was deployed before is a copy, so that a method may be put anew without a request noticing.
ApiResult<Instance> update_method(const Session& session, const Instance& current,
                                  const Desired& desired) {
  CHECK_OK(remove_method(session, current));
  TRY(auto made, create_method(session, {desired.logical_id, current.id, desired.properties}));
  return made;
}

ApiResult<Instance> put_account(const Session& session, const std::string& id,
                                const json::Object& before, const json::Object& properties) {
  json::Array patches;
  patch_scalar(patches, before, properties, "CloudWatchRoleArn", "/cloudwatchRoleArn", "");
  if (!patches.empty())
    CHECK_OK(
        session.call("apigateway", "UpdateAccount", {{"patchOperations", std::move(patches)}}));
  return Instance{id, properties, {{"Id", id}}};
}

ApiResult<Instance> put_gateway_response(const Session& session, const std::string& id,
                                         const json::Object& properties) {
  json::Object input;
  for (const auto& [name, value] : properties) input[lower_first(name)] = value;
  CHECK_OK(session.call("apigateway", "PutGatewayResponse", std::move(input)));
  return Instance{id, properties, {{"Id", id}}};
}

}  // namespace

void add_apigateway_types(std::vector<ResourceType>& types) {
  types.push_back({
      .name = "AWS::ApiGateway::RestApi",
      .schema = kRestApi,
      .attributes = {"RootResourceId", "RestApiId"},
      .create = create_api,
      .update = update_api,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok("apigateway", "DeleteRestApi", {{"restApiId", it.id}});
          },
      .list = list_own_apis,
  });
  types.push_back({
      .name = "AWS::ApiGateway::Resource",
      .schema = "RestApiId!~ string  ParentId!~ string  PathPart!~ string",
      .attributes = {"ResourceId"},
      .create = create_resource,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok(
                "apigateway", "DeleteResource",
                {{"restApiId", text(it.properties, "RestApiId")}, {"resourceId", it.id}});
          },
      .list = list_resource,
  });
  types.push_back({
      .name = "AWS::ApiGateway::Method",
      .schema = kMethod,
      .naming = Naming{"", 128, false},
      .create = create_method,
      .update = update_method,
      .remove = remove_method,
      .exists =
          [](const Session& session, const Desired& desired) {
            return session.exists("apigateway", "GetMethod", method_key(desired.properties));
          },
  });
  types.push_back({
      .name = "AWS::ApiGateway::Account",
      .schema = "CloudWatchRoleArn string",
      .attributes = {"Id"},
      .naming = Naming{"", 128, false},
      .create =
          [](const Session& session, const Desired& desired) {
            return put_account(session, desired.name, {}, desired.properties);
          },
      .update =
          [](const Session& session, const Instance& current, const Desired& desired) {
            return put_account(session, current.id, current.properties, desired.properties);
          },
      // The account's setting outlives the stack, as on AWS.
      .remove = [](const Session&, const Instance&) -> ApiResult<void> { return {}; },
  });
  types.push_back({
      .name = "AWS::ApiGateway::GatewayResponse",
      .schema = "RestApiId!~ string  ResponseType!~ string  StatusCode string  ResponseParameters "
                "< string >  "
                "ResponseTemplates < string >",
      .attributes = {"Id"},
      .naming = Naming{"", 128, false},
      .create =
          [](const Session& session, const Desired& desired) {
            return put_gateway_response(session, desired.name, desired.properties);
          },
      .update =
          [](const Session& session, const Instance& current, const Desired& desired) {
            return put_gateway_response(session, current.id, desired.properties);
          },
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok("apigateway", "DeleteGatewayResponse",
                                        {{"restApiId", text(it.properties, "RestApiId")},
                                         {"responseType", text(it.properties, "ResponseType")}});
          },
  });
  add_deployment_types(types);
  add_access_types(types);
}

}  // namespace dew::cloudformation
