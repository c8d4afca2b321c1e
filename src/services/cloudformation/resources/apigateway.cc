// AWS::ApiGateway::Resource, Method, Account, GatewayResponse
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

ApiResult<json::Array> list_items(const Session& session, std::string_view operation,
                                  json::Object input) {
  json::Array out;
  while (true) {
    TRY(auto page, session.call("apigateway", operation, input));
    if (auto* items = page.if_contains("items"); items != nullptr && items->is_array()) {
      for (auto& item : items->get_array()) out.push_back(std::move(item));
    }
    const auto next = text(page, "position");
    if (next.empty()) return out;
    input["position"] = next;
  }
}

ApiResult<std::vector<std::string>> list_ids(
    const Session& session, std::string_view operation, json::Object input,
    const std::function<bool(const json::Object& item)>& ours) {
  TRY(const auto items, list_items(session, operation, std::move(input)));
  std::vector<std::string> out;
  for (const auto& item : items) {
    if (ours(item.as_object())) out.push_back(text(item.as_object(), "id"));
  }
  return out;
}

void patch_media_types(json::Array& patches, const std::set<std::string>& before,
                       const std::set<std::string>& now) {
  for (const auto& type : now) {
    if (!before.contains(type))
      patches.emplace_back(patch("add", "/binaryMediaTypes/" + pointer(type), std::nullopt));
  }
  for (const auto& type : before) {
    if (!now.contains(type))
      patches.emplace_back(patch("remove", "/binaryMediaTypes/" + pointer(type), std::nullopt));
  }
}

std::string endpoint_type(const json::Object& api) {
  const auto* endpoint = json::object_at(api, "endpointConfiguration");
  const auto* types = endpoint == nullptr ? nullptr : json::array_at(*endpoint, "types");
  return types == nullptr || types->empty() ? "EDGE" : json::str(types->front());
}

json::Object own_tags(const Session& session, const Desired& desired) {
  return {{"aws:cloudformation:stack-name", session.stack.name},
          {"aws:cloudformation:stack-id", session.stack.id},
          {"aws:cloudformation:logical-id", desired.logical_id}};
}

json::Object tags_of_new(const Session& session, const Desired& desired) {
  auto out = tag_map(desired.properties);
  for (auto& [key, value] : own_tags(session, desired)) out[key] = std::move(value);
  return out;
}

ApiResult<std::vector<std::string>> list_own(const Session& session, std::string_view operation,
                                             const Desired& desired) {
  const auto wanted = own_tags(session, desired);
  return list_ids(session, operation, {{"limit", 500}}, [&](const json::Object& item) {
    const auto* tags = json::object_at(item, "tags");
    return tags != nullptr && std::ranges::all_of(wanted, [&](const auto& tag) {
             return text(*tags, tag.key()) == json::str(tag.value());
           });
  });
}

ApiResult<void> change_tags(const Session& session, const std::string& path,
                            const json::Object& before, const json::Object& now) {
  const auto arn = fmt::format("arn:aws:apigateway:{}::{}", session.region, path);
  if (auto gone = keys_gone(before, now); !gone.empty()) {
    CHECK_OK(session.call("apigateway", "UntagResource",
                          {{"resourceArn", arn}, {"tagKeys", std::move(gone)}}));
  }
  json::Object changed;
  for (const auto& [key, value] : now) {
    if (differs(before, now, key)) changed[key] = value;
  }
  if (!changed.empty()) {
    CHECK_OK(session.call("apigateway", "TagResource",
                          {{"resourceArn", arn}, {"tags", std::move(changed)}}));
  }
  return {};
}

ApiResult<void> apply_tags(const Session& session, const std::string& path,
                           const json::Object& before, const json::Object& now) {
  return change_tags(session, path, tag_map(before), tag_map(now));
}

namespace {

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
  add_rest_api_type(types);
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
