#include <fmt/format.h>
#include <fmt/ranges.h>

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
};

// What the events of one path want of the preflight, together.
struct Preflight {
  std::vector<std::string> headers;
  std::vector<std::string> methods;
  std::vector<std::string> origins;
  std::string origin;
  bool allow_credentials = false;
  int64_t max_age = 0;
  std::string cache_control;
};

std::vector<std::string> texts(const Node* node) {
  std::vector<std::string> out;
  if (node) {
    for (const auto& item : node->items) out.push_back(item.text);
  }
  return out;
}

// `first`, then what `second` has besides.
std::vector<std::string> united(std::vector<std::string> first,
                                const std::vector<std::string>& second) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& text) {
    if (std::find(out.begin(), out.end(), text) == out.end()) out.push_back(text);
  };
  for (const auto& text : first) add(text);
  for (const auto& text : second) add(text);
  return out;
}

Preflight preflight_of(const Event& event, const Node& cors) {
  Preflight out;
  out.origin = "*";
  out.methods = {"OPTIONS"};
  out.headers = {"Content-Type",         "X-Amz-Date",       "Authorization",  "X-Api-Key",
                 "X-Amz-Security-Token", "X-Amz-User-Agent", "X-Amzn-Trace-Id"};
  if (cors.is_map()) {
    if (const Node* origins = cors.find("origins")) {
      out.origins = texts(origins);
      out.origin.clear();
    }
    if (const Node* origin = cors.find("origin")) out.origin = origin->text;
    if (const Node* methods = cors.find("methods")) out.methods = texts(methods);
    if (const Node* headers = cors.find("headers")) out.headers = texts(headers);
    if (const Node* credentials = cors.find("allowCredentials"))
      out.allow_credentials = credentials->boolean;
    if (const Node* max_age = cors.find("maxAge")) out.max_age = max_age->integer;
    if (const Node* cache_control = cors.find("cacheControl"))
      out.cache_control = cache_control->text;
  }
  out.methods = united(std::move(out.methods), {"OPTIONS", event.method});
  return out;
}

void add_preflight(Preflight& into, const Preflight& one) {
  into.headers = united(one.headers, into.headers);
  into.methods = united(one.methods, into.methods);
  into.origins = united(one.origins, into.origins);
  into.origin = one.origin;
  into.allow_credentials = into.allow_credentials || one.allow_credentials;
  if (one.max_age > 0) into.max_age = one.max_age;
  if (!one.cache_control.empty()) into.cache_control = one.cache_control;
}

class Api {
 public:
  explicit Api(Compilation& out) : out_(out), service_(out.service) {}

  Result<void> run() {
    CHECK_OK(collect());
    if (events_.empty()) return {};
    rest_api();
    CHECK_OK(path_resources());
    preflight_methods();
    for (const auto& event : events_) CHECK_OK(method(event));
    deployment();
    for (const auto& event : events_) permission(event.function);
    return {};
  }

 private:
  Result<void> collect() {
    for (const auto& [key, function] : service_.functions()) {
      const Node* list = function->find("events");
      if (!list) continue;
      for (size_t i = 0; i < list->items.size(); ++i) {
        const Node& http = list->items[i].entries[0].value;
        Event event{key, "", "", &http, fmt::format("functions.{}.events.{}.http", key, i)};
        TRY(auto route, http_route(http, event.where));
        event.route_path = std::move(route.path);
        event.method = std::move(route.method);
        const Node* cors = http.is_map() ? http.find("cors") : nullptr;
        if (cors && (cors->is_map() || cors->boolean)) {
          auto it = std::find_if(preflights_.begin(), preflights_.end(),
                                 [&](const auto& p) { return p.first == event.route_path; });
          if (it == preflights_.end())
            it = preflights_.insert(preflights_.end(), {event.route_path, {}});
          add_preflight(it->second, preflight_of(event, *cors));
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
    properties["Policy"] = "";
    if (const Node* size = option("minimumCompressionSize"))
      properties["MinimumCompressionSize"] = size->integer;
    if (const Node* description = option("description"))
      properties["Description"] = description->text;
    out_.resources["ApiGatewayRestApi"] =
        json::Object{{"Type", "AWS::ApiGateway::RestApi"}, {"Properties", std::move(properties)}};
  }

  json::Value resource_id(const std::string& path) const {
    if (path.empty()) return get_att("ApiGatewayRestApi", "RootResourceId");
    return ref_to("ApiGatewayResource" + normalized_path(path));
  }

  Result<void> path_resources() {
    std::map<std::string, std::string> made;  // logical id to path
    for (const auto& event : events_) {
      for (size_t end = 0; end < event.route_path.size(); ++end) {
        end = std::min(event.route_path.find('/', end), event.route_path.size());
        const std::string path = event.route_path.substr(0, end);
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
                 {"RestApiId", ref_to("ApiGatewayRestApi")}}}};
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

  // Several origins cannot stand in one header: the template answers the one that asked.
  static std::string origin_template(const std::vector<std::string>& origins) {
    std::vector<std::string> tests;
    for (const auto& origin : origins) {
      std::string pattern;
      bool starred = false;
      for (const char c : origin) {
        if (c == '.') {
          pattern += "[.]";
        } else if (c == '*' && !starred) {
          pattern += ".+";
          starred = true;
        } else {
          pattern += c;
        }
      }
      tests.push_back(fmt::format("$origin.matches(\"{}\")", pattern));
    }
    return fmt::format(
        "#set($origin = $input.params(\"Origin\"))\n#if($origin == \"\") #set($origin = "
        "$input.params(\"origin\")) #end\n"
        "#if({}) #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin) #end",
        fmt::join(tests, " || "));
  }

  // docs.aws.amazon.com/apigateway/latest/developerguide/how-to-cors.html
  void preflight_methods() {
    for (const auto& [path, cors] : preflights_) {
      std::vector<std::string> origins = cors.origins;
      std::string origin = cors.origin;
      if (origin.find(',') != std::string::npos) {
        origins.clear();
        for (size_t begin = 0; begin <= origin.size();) {
          const size_t end = std::min(origin.find(',', begin), origin.size());
          std::string one = origin.substr(begin, end - begin);
          one.erase(0, std::min(one.find_first_not_of(' '), one.size()));
          one.resize(one.find_last_not_of(' ') + 1);
          origins.push_back(std::move(one));
          begin = end + 1;
        }
      }
      if (!origins.empty()) origin = origins[0];
      std::string methods = fmt::format("{}", fmt::join(cors.methods, ","));
      if (const size_t any = methods.find("ANY"); any != std::string::npos)
        methods.replace(any, 3, "DELETE,GET,HEAD,PATCH,POST,PUT");
      std::vector<std::pair<std::string, std::string>> headers{
          {"Access-Control-Allow-Origin", origin},
          {"Access-Control-Allow-Headers", fmt::format("{}", fmt::join(cors.headers, ","))},
          {"Access-Control-Allow-Methods", methods}};
      if (cors.allow_credentials) headers.emplace_back("Access-Control-Allow-Credentials", "true");
      if (cors.max_age > 0)
        headers.emplace_back("Access-Control-Max-Age", std::to_string(cors.max_age));
      if (!cors.cache_control.empty()) headers.emplace_back("Cache-Control", cors.cache_control);
      json::Object declared;
      json::Object values;
      for (const auto& [name, value] : headers) {
        declared["method.response.header." + name] = true;
        values["method.response.header." + name] = fmt::format("'{}'", value);
      }
      json::Object response{
          {"StatusCode", "200"},
          {"ResponseParameters", std::move(values)},
          {"ResponseTemplates",
           json::Object{
               {"application/json", origins.empty() ? std::string() : origin_template(origins)}}}};
      json::Object properties{
          {"AuthorizationType", "NONE"},
          {"HttpMethod", "OPTIONS"},
          {"MethodResponses", json::Array{json::Object{{"StatusCode", "200"},
                                                       {"ResponseParameters", std::move(declared)},
                                                       {"ResponseModels", json::Object{}}}}},
          {"RequestParameters", json::Object{}},
          {"Integration", json::Object{{"Type", "MOCK"},
                                       {"RequestTemplates",
                                        json::Object{{"application/json", "{statusCode:200}"}}},
                                       {"ContentHandling", "CONVERT_TO_TEXT"},
                                       {"IntegrationResponses", json::Array{std::move(response)}}}},
          {"ResourceId", resource_id(path)},
          {"RestApiId", ref_to("ApiGatewayRestApi")}};
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
    out["Uri"] = join("", {"arn:", ref_to("AWS::Partition"), ":apigateway:", ref_to("AWS::Region"),
                           ":lambda:path/2015-03-31/functions/",
                           get_att(normalized_function(event.function) + "LambdaFunction", "Arn"),
                           "/invocations"});
    return out;
  }

  // `request.parameters`: declared on the method, and required ones checked by a validator.
  void request_parameters(const Event& event, json::Object& properties) {
    json::Object parameters;
    bool any_required = false;
    const Node* declared = event.node->is_map() ? event.node->at("request.parameters") : nullptr;
    for (const auto& [section, location] :
         {std::pair{"querystrings", "querystring"}, {"paths", "path"}, {"headers", "header"}}) {
      const Node* group = declared ? declared->find(section) : nullptr;
      if (!group) continue;
      for (const auto& entry : group->entries) {
        const Node* flag = entry.value.is_map() ? entry.value.find("required") : &entry.value;
        const bool required = !flag || flag->boolean;
        any_required = any_required || required;
        parameters[fmt::format("method.request.{}.{}", location, entry.key)] = required;
      }
    }
    properties["RequestParameters"] = std::move(parameters);
    if (!any_required) return;
    const std::string logical_id =
        "ApiGateway" + upper_first(alphanumeric(service_.name)) + "RequestValidator";
    properties["RequestValidatorId"] = ref_to(logical_id);
    out_.resources[logical_id] = json::Object{
        {"Type", "AWS::ApiGateway::RequestValidator"},
        {"Properties",
         json::Object{
             {"RestApiId", ref_to("ApiGatewayRestApi")},
             {"ValidateRequestBody", true},
             {"ValidateRequestParameters", true},
             {"Name", fmt::format("{}-{} | Validate request body and querystring parameters",
                                  service_.name, service_.stage)}}}};
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
    request_parameters(event, properties);
    properties["ResourceId"] = resource_id(event.route_path);
    properties["RestApiId"] = ref_to("ApiGatewayRestApi");
    if (const Node* operation = long_form ? event.node->find("operationId") : nullptr)
      properties["OperationName"] = operation->text;
    properties["ApiKeyRequired"] = is_private && is_private->boolean;
    properties["AuthorizationType"] =
        long_form && event.node->find("authorizer") ? "AWS_IAM" : "NONE";
    properties["Integration"] = integration(event);
    properties["MethodResponses"] = json::Array{};
    method_ids_.push_back(logical_id);
    out_.resources[logical_id] =
        json::Object{{"Type", "AWS::ApiGateway::Method"},
                     {"Properties", std::move(properties)},
                     {"DependsOn", json::Array{json::Value(normalized_function(event.function) +
                                                           "LambdaPermissionApiGateway")}}};
    return {};
  }

  void deployment() {
    json::Object properties{{"RestApiId", ref_to("ApiGatewayRestApi")},
                            {"StageName", service_.api_stage()}};
    if (const Node* description = option("description"))
      properties["Description"] = description->text;
    json::Array depends_on;
    for (const auto& id : method_ids_) depends_on.push_back(json::Value(id));
    out_.resources["ApiGatewayDeployment" + out_.instance_id] =
        json::Object{{"Type", "AWS::ApiGateway::Deployment"},
                     {"Properties", std::move(properties)},
                     {"DependsOn", std::move(depends_on)}};
    out_.outputs["ServiceEndpoint"] = json::Object{
        {"Description", "URL of the service endpoint"},
        {"Value",
         join("", {"https://", ref_to("ApiGatewayRestApi"), ".execute-api.", ref_to("AWS::Region"),
                   ".", ref_to("AWS::URLSuffix"), json::Value("/" + service_.api_stage())})}};
  }

  void permission(const std::string& function) {
    const std::string normalized = normalized_function(function);
    json::Object properties{
        {"FunctionName", get_att(normalized + "LambdaFunction", "Arn")},
        {"Action", "lambda:InvokeFunction"},
        {"Principal", "apigateway.amazonaws.com"},
        {"SourceArn",
         join("", {"arn:", ref_to("AWS::Partition"), ":execute-api:", ref_to("AWS::Region"), ":",
                   ref_to("AWS::AccountId"), ":", ref_to("ApiGatewayRestApi"), "/*/*"})}};
    out_.resources[normalized + "LambdaPermissionApiGateway"] =
        json::Object{{"Type", "AWS::Lambda::Permission"}, {"Properties", std::move(properties)}};
  }

  Compilation& out_;
  const Service& service_;
  std::vector<Event> events_;
  std::vector<std::pair<std::string, Preflight>> preflights_;  // by path, in order of appearance
  std::vector<std::string> method_ids_;
};

}  // namespace

Result<void> compile_api(Compilation& out) { return Api(out).run(); }

}  // namespace dew::serverless
