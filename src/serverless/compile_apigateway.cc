#include <fmt/format.h>

#include "serverless/compile_api_access.h"
#include "serverless/compile_cors.h"
#include "serverless/compile_parts.h"
#include "serverless/naming.h"
#include "serverless/schema.h"

namespace dew::serverless {

namespace {

struct Event {
  std::string function;
  std::string route_path;  // users/{id}
  std::string method;      // GET
  const Node* node = nullptr;
  std::string where;  // path in the document, for errors
  std::optional<Authorizer> authorizer;
};

class Api {
 public:
  explicit Api(Compilation& out) : out_(out), service_(out.service) {}

  Result<void> run() {
    CHECK_OK(collect());
    if (events_.empty()) return {};
    if (option("restApiId")) {
      CHECK_OK(read_shared_api());
    } else {
      rest_api();
    }
    CHECK_OK(path_resources());
    preflight_methods();
    for (const auto& event : events_) CHECK_OK(method(event));
    for (const auto& event : events_) {
      if (is_function(event)) add_authorizer(out_, api_id(), *event.authorizer);
    }
    deployment();
    CHECK_OK(add_keys_and_plans(out_, api_id()));
    permissions();
    return {};
  }

 private:
  Result<void> collect() {
    for (const auto& [key, function] : service_.functions()) {
      const Node* list = function->find("events");
      if (!list) continue;
      for (size_t i = 0; i < list->items.size(); ++i) {
        if (list->items[i].entries[0].key != "http") continue;
        const Node& http = list->items[i].entries[0].value;
        Event event{key, "", "", &http, fmt::format("functions.{}.events.{}.http", key, i), {}};
        TRY(auto route, http_route(http, event.where));
        event.route_path = std::move(route.path);
        event.method = std::move(route.method);
        TRY(event.authorizer, authorizer_of(service_, http, event.where));
        const Node* cors = http.is_map() ? http.find("cors") : nullptr;
        if (cors && (cors->is_map() || cors->boolean)) {
          auto it = std::find_if(preflights_.begin(), preflights_.end(),
                                 [&](const auto& p) { return p.first == event.route_path; });
          if (it == preflights_.end())
            it = preflights_.insert(preflights_.end(), {event.route_path, {}});
          add_preflight(it->second, preflight_of(event.method, *cors));
        }
        events_.push_back(std::move(event));
      }
    }
    return {};
  }

  const Node* option(std::string_view key) const {
    const Node* node = service_.at("provider.apiGateway");
    return node ? node->find(key) : nullptr;
  }

  void rest_api() {
    const Node* name = service_.at("provider.apiName");
    const Node* service_first = option("shouldStartNameWithService");
    const bool first = service_first && service_first->boolean;
    json::Object properties;
    properties["Name"] = name ? name->text
                              : fmt::format("{}-{}", first ? service_.name : service_.stage,
                                            first ? service_.stage : service_.name);
    if (const Node* types = option("binaryMediaTypes"))
      properties["BinaryMediaTypes"] = to_json(*types);
    if (const Node* disable = option("disableDefaultEndpoint"))
      properties["DisableExecuteApiEndpoint"] = disable->boolean;
    const Node* endpoint = service_.at("provider.endpointType");
    properties["EndpointConfiguration"] =
        json::Object{{"Types", json::Array{json::Value(endpoint ? endpoint->text : "EDGE")}}};
    if (const Node* tags = service_.at("provider.tags")) properties["Tags"] = tags_of(tags);
    const Node* policy = option("resourcePolicy");
    properties["Policy"] =
        policy && !policy->items.empty()
            ? json::Value(json::Object{{"Version", "2012-10-17"}, {"Statement", to_json(*policy)}})
            : json::Value("");
    if (const Node* source = option("apiKeySourceType"))
      properties["ApiKeySourceType"] = source->text;
    if (const Node* size = option("minimumCompressionSize"))
      properties["MinimumCompressionSize"] = size->integer;
    if (const Node* description = option("description"))
      properties["Description"] = description->text;
    out_.resources["ApiGatewayRestApi"] =
        json::Object{{"Type", "AWS::ApiGateway::RestApi"}, {"Properties", std::move(properties)}};
  }

  // An API that another stack made: its id, its root's, and those of the paths that it has already.
  Result<void> read_shared_api() {
    const Node* root = option("restApiRootResourceId");
    if (!root) {
      return fail_at(option("restApiId")->mark, "provider.apiGateway.restApiId",
                     "needs provider.apiGateway.restApiRootResourceId, too");
    }
    shared_ids_[""] = to_json(*root);
    const Node* known = option("restApiResources");
    if (!known) return {};
    for (const auto& item : known->items) {
      const Node* id = item.find("resourceId");
      if (id) shared_ids_[without_slashes(item.find("path")->text)] = to_json(*id);
    }
    for (const auto& entry : known->entries)
      shared_ids_[without_slashes(entry.key)] = to_json(entry.value);
    return {};
  }

  static std::string without_slashes(std::string_view path) {
    while (path.starts_with('/')) path.remove_prefix(1);
    while (path.ends_with('/')) path.remove_suffix(1);
    return std::string(path);
  }

  json::Value api_id() const {
    const Node* shared = option("restApiId");
    return shared ? to_json(*shared) : json::Value(ref_to("ApiGatewayRestApi"));
  }

  // Another stack's API has this path already, because it has one below it.
  bool is_above_shared(const std::string& path) const {
    return std::any_of(shared_ids_.begin(), shared_ids_.end(),
                       [&](const auto& shared) { return shared.first.starts_with(path + "/"); });
  }

  json::Value resource_id(const std::string& path) const {
    if (const auto shared = shared_ids_.find(path); shared != shared_ids_.end())
      return shared->second;
    if (path.empty()) return get_att("ApiGatewayRestApi", "RootResourceId");
    return ref_to("ApiGatewayResource" + normalized_path(path));
  }

  Result<void> path_resources() {
    std::map<std::string, std::string> made;  // logical id to path
    for (const auto& event : events_) {
      for (size_t end = 0; end < event.route_path.size(); ++end) {
        end = std::min(event.route_path.find('/', end), event.route_path.size());
        const std::string path = event.route_path.substr(0, end);
        if (shared_ids_.contains(path)) continue;
        if (is_above_shared(path)) {
          return fail_at(event.node->mark, event.where,
                         fmt::format("/{} is in the API already, as what is below it: give its "
                                     "resourceId in provider.apiGateway.restApiResources",
                                     path));
        }
        const std::string logical_id = "ApiGatewayResource" + normalized_path(path);
        const auto [it, fresh] = made.emplace(logical_id, path);
        if (!fresh && it->second != path) {
          return fail_at(event.node->mark, event.where,
                         fmt::format("/{} and /{} make the same logical id {}; rename one of them",
                                     path, it->second, logical_id));
        }
        if (!fresh) continue;
        const size_t slash = path.rfind('/');
        out_.resources[logical_id] = json::Object{
            {"Type", "AWS::ApiGateway::Resource"},
            {"Properties",
             json::Object{
                 {"ParentId", resource_id(slash == std::string::npos ? "" : path.substr(0, slash))},
                 {"PathPart", slash == std::string::npos ? path : path.substr(slash + 1)},
                 {"RestApiId", api_id()}}}};
      }
    }
    return {};
  }

  static std::string method_id(const std::string& path, std::string_view method) {
    std::string name;
    for (const char c : method)
      name += c >= 'A' && c <= 'Z' && !name.empty() ? static_cast<char>(c + 32) : c;
    return "ApiGatewayMethod" + normalized_path(path) + name;
  }

  void preflight_methods() {
    for (const auto& [path, cors] : preflights_) {
      json::Object properties = preflight_method(cors);
      properties["ResourceId"] = resource_id(path);
      properties["RestApiId"] = api_id();
      const std::string logical_id = method_id(path, "OPTIONS");
      method_ids_.push_back(logical_id);
      out_.resources[logical_id] =
          json::Object{{"Type", "AWS::ApiGateway::Method"}, {"Properties", std::move(properties)}};
    }
  }

  json::Object integration(const Event& event) const {
    json::Object out{{"IntegrationHttpMethod", "POST"}, {"Type", "AWS_PROXY"}};
    const Node* timeout = event.node->is_map() ? event.node->find("timeoutInMillis") : nullptr;
    if (!timeout) timeout = option("timeoutInMillis");
    if (timeout) out["TimeoutInMillis"] = timeout->integer;
    json::Array uri{"arn:",
                    ref_to("AWS::Partition"),
                    ":apigateway:",
                    ref_to("AWS::Region"),
                    ":lambda:path/2015-03-31/functions/",
                    get_att(normalized_function(event.function) + "LambdaFunction", "Arn")};
    if (!provisioned_alias_id(service_, event.function).empty()) {
      uri.emplace_back(":");
      uri.emplace_back(kProvisionedAlias);
    }
    uri.emplace_back("/invocations");
    out["Uri"] = join("", std::move(uri));
    return out;
  }

  Result<void> method(const Event& event) {
    const std::string logical_id = method_id(event.route_path, event.method);
    if (out_.resources.contains(logical_id)) {
      return fail_at(event.node->mark, event.where,
                     event.method == "OPTIONS"
                         ? fmt::format("OPTIONS /{} is there twice: `cors` makes one already",
                                       event.route_path)
                         : fmt::format("{} /{} is there twice", event.method, event.route_path));
    }
    const bool long_form = event.node->is_map();
    const Node* is_private = long_form ? event.node->find("private") : nullptr;
    json::Object properties{{"HttpMethod", event.method}};
    check_requests(out_, api_id(), *event.node, logical_id, properties);
    properties["ResourceId"] = resource_id(event.route_path);
    properties["RestApiId"] = api_id();
    if (const Node* operation = long_form ? event.node->find("operationId") : nullptr)
      properties["OperationName"] = operation->text;
    properties["ApiKeyRequired"] = is_private && is_private->boolean;
    authorize_method(properties, event.authorizer);
    properties["Integration"] = integration(event);
    properties["MethodResponses"] = json::Array{};
    method_ids_.push_back(logical_id);
    json::Array depends_on{json::Value(is_function(event) ? event.authorizer->logical_id()
                                                          : permission_id(event.function))};
    if (auto alias = provisioned_alias_id(service_, event.function); !alias.empty())
      depends_on.emplace_back(std::move(alias));
    out_.resources[logical_id] = json::Object{{"Type", "AWS::ApiGateway::Method"},
                                              {"Properties", std::move(properties)},
                                              {"DependsOn", std::move(depends_on)}};
    return {};
  }

  static bool is_function(const Event& event) {
    return event.authorizer && event.authorizer->kind == Authorizer::Kind::kFunction;
  }

  void deployment() {
    json::Object properties{{"RestApiId", api_id()}, {"StageName", service_.api_stage()}};
    if (const Node* description = option("description"))
      properties["Description"] = description->text;
    // The framework sets it behind CloudFormation's back, once the stack is there.
    if (const Node* tracing = service_.at("provider.tracing.apiGateway"))
      properties["StageDescription"] = json::Object{{"TracingEnabled", tracing->boolean}};
    json::Array depends_on;
    for (const auto& id : method_ids_) depends_on.push_back(json::Value(id));
    out_.resources["ApiGatewayDeployment" + out_.instance_id] =
        json::Object{{"Type", "AWS::ApiGateway::Deployment"},
                     {"Properties", std::move(properties)},
                     {"DependsOn", std::move(depends_on)}};
    out_.outputs["ServiceEndpoint"] = json::Object{
        {"Description", "URL of the service endpoint"},
        {"Value", join("", {"https://", api_id(), ".execute-api.", ref_to("AWS::Region"), ".",
                            ref_to("AWS::URLSuffix"), json::Value("/" + service_.api_stage())})}};
  }

  static std::string permission_id(const std::string& name) {
    return normalized_function(name) + "LambdaPermissionApiGateway";
  }

  void permissions() {
    for (const auto& event : events_) {
      permission(event.function, function_target(service_, event.function),
                 provisioned_alias_id(service_, event.function));
      if (!is_function(event) || event.authorizer->managed_externally) continue;
      if (out_.resources.contains(permission_id(event.authorizer->name))) continue;
      const auto& alias = event.authorizer->alias;
      permission(event.authorizer->name,
                 alias.empty() ? event.authorizer->function : json::Value(ref_to(alias)), "");
    }
  }

  // API Gateway may invoke the function, which `needed` makes.
  void permission(const std::string& name, json::Value function, const std::string& needed) {
    json::Object properties{
        {"FunctionName", std::move(function)},
        {"Action", "lambda:InvokeFunction"},
        {"Principal", "apigateway.amazonaws.com"},
        {"SourceArn",
         join("", {"arn:", ref_to("AWS::Partition"), ":execute-api:", ref_to("AWS::Region"), ":",
                   ref_to("AWS::AccountId"), ":", api_id(), "/*/*"})}};
    json::Object resource{{"Type", "AWS::Lambda::Permission"},
                          {"Properties", std::move(properties)}};
    if (!needed.empty()) resource["DependsOn"] = needed;
    out_.resources[permission_id(name)] = std::move(resource);
  }

  Compilation& out_;
  const Service& service_;
  std::vector<Event> events_;
  std::map<std::string, json::Value> shared_ids_;              // path to resource id
  std::vector<std::pair<std::string, Preflight>> preflights_;  // by path, in order of appearance
  std::vector<std::string> method_ids_;
};

}  // namespace

Result<void> compile_api(Compilation& out) { return Api(out).run(); }

}  // namespace dew::serverless
