#include "serverless/compile_api_access.h"

#include <fmt/format.h>

#include "serverless/naming.h"

namespace dew::serverless {

namespace {

constexpr std::string_view kDefaultSource = "method.request.header.Authorization";

std::string upper(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

const Node* option(const Service& service, std::string_view key) {
  const Node* node = service.at("provider.apiGateway");
  return node ? node->find(key) : nullptr;
}

// arn:aws:lambda:us-east-1:123:function:service-dev-check makes check.
std::string name_of_arn(std::string_view arn) {
  const auto last = arn.substr(arn.rfind(':') + 1);
  return std::string(last.substr(last.rfind('-') + 1));
}

bool is_pool(std::string_view arn) { return arn.find(":cognito-idp:") != std::string_view::npos; }

Result<json::Value> own_function(const Service& service, const std::string& name, const Node& node,
                                 const std::string& where) {
  for (const auto& [key, function] : service.functions()) {
    if (key == name) return function_target(service, name);
  }
  return fail_at(node.mark, where,
                 fmt::format("names the function '{}', which this service does not have", name));
}

Result<Authorizer> short_form(const Service& service, const Node& node, const std::string& where) {
  Authorizer out;
  if (upper(node.text) == "AWS_IAM") return out;
  out.kind = Authorizer::Kind::kFunction;
  out.type = "TOKEN";
  out.identity_source = kDefaultSource;
  if (node.text.find(':') == std::string::npos) {
    out.name = node.text;
    TRY(out.function, own_function(service, out.name, node, where));
    out.alias = provisioned_alias_id(service, out.name);
  } else {
    out.name = name_of_arn(node.text);
    out.function = node.text;
  }
  return out;
}

Result<void> find_function(Authorizer& out, const Service& service, const Node& node,
                           const std::string& where) {
  const Node* arn = node.find("arn");
  const Node* name = node.find("name");
  if (!arn) {
    if (!name) return fail_at(node.mark, where, "needs the name of a function, or an arn");
    out.name = name->text;
    TRY(out.function, own_function(service, out.name, node, where));
    out.alias = provisioned_alias_id(service, out.name);
    return {};
  }
  out.function = to_json(*arn);
  if (!name && !arn->is_string())
    return fail_at(node.mark, where, "needs a name, since its arn is only known when deployed");
  out.name = name ? name->text : name_of_arn(arn->text);
  return {};
}

Result<Authorizer> long_form(const Service& service, const Node& node, const std::string& where) {
  Authorizer out;
  const Node* type = node.find("type");
  const auto kind = type ? upper(type->text) : std::string();
  if (kind == "AWS_IAM") return out;
  if (const Node* id = node.find("authorizerId"); id && type) {
    out.kind = Authorizer::Kind::kElsewhere;
    out.type = "CUSTOM";
    out.id = to_json(*id);
    return out;
  }
  out.kind = Authorizer::Kind::kFunction;
  out.type = kind.empty() ? "TOKEN" : kind;
  CHECK_OK(find_function(out, service, node, where));
  const Node* ttl = node.find("resultTtlInSeconds");
  out.ttl_seconds = ttl ? ttl->integer : 300;
  if (const Node* source = node.find("identitySource")) out.identity_source = source->text;
  if (out.identity_source.empty() && !(out.type == "REQUEST" && out.ttl_seconds == 0))
    out.identity_source = kDefaultSource;
  if (const Node* pattern = node.find("identityValidationExpression"))
    out.validation = pattern->text;
  const Node* external = node.find("managedExternally");
  out.managed_externally = external && external->boolean;
  return out;
}

// The words of a name, as lodash takes a name apart: by case, by digits, at anything else.
std::vector<std::string> words(std::string_view text) {
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_number = [](char c) { return c >= '0' && c <= '9'; };
  std::vector<std::string> out;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    if (is_number(text[i])) {
      while (end < text.size() && is_number(text[end])) ++end;
    } else if (is_upper(text[i])) {
      while (end < text.size() && is_upper(text[end])) ++end;
      if (end < text.size() && is_lower(text[end])) {
        if (end - i > 1) {
          --end;  // the last capital begins the next word
        } else {
          while (end < text.size() && is_lower(text[end])) ++end;
        }
      }
    } else if (is_lower(text[i])) {
      while (end < text.size() && is_lower(text[end])) ++end;
    } else {
      ++i;
      continue;
    }
    out.emplace_back(text.substr(i, end - i));
    i = end;
  }
  return out;
}

enum class Rest { kAsItIs, kLower };

std::string joined_words(std::string_view text, Rest rest) {
  std::string out;
  for (auto word : words(text)) {
    if (rest == Rest::kLower) {
      for (auto& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    out += upper_first(word);
  }
  return out;
}

std::string add_validator(Compilation& out, const json::Value& api_id) {
  const auto& service = out.service;
  auto logical_id = "ApiGateway" + upper_first(alphanumeric(service.name)) + "RequestValidator";
  out.resources[logical_id] = json::Object{
      {"Type", "AWS::ApiGateway::RequestValidator"},
      {"Properties",
       json::Object{{"RestApiId", api_id},
                    {"ValidateRequestBody", true},
                    {"ValidateRequestParameters", true},
                    {"Name", fmt::format("{}-{} | Validate request body and querystring parameters",
                                         service.name, service.stage)}}}};
  return logical_id;
}

std::string add_model(Compilation& out, const json::Value& api_id, std::string logical_id,
                      std::string_view content_type, const Node& given) {
  const Node* schema = given.is_map() ? given.find("schema") : nullptr;
  json::Object properties{{"RestApiId", api_id},
                          {"ContentType", content_type},
                          {"Schema", to_json(schema ? *schema : given)}};
  if (schema) {
    for (const auto& [key, property] :
         {std::pair{"name", "Name"}, {"description", "Description"}}) {
      if (const Node* value = given.find(key)) properties[property] = value->text;
    }
  }
  out.resources[logical_id] =
      json::Object{{"Type", "AWS::ApiGateway::Model"}, {"Properties", std::move(properties)}};
  return logical_id;
}

// True: one of them is required.
bool request_parameters(const Node* request, json::Object& properties) {
  json::Object parameters;
  bool any_required = false;
  const Node* declared = request ? request->find("parameters") : nullptr;
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
  return any_required;
}

json::Object key_resource(Compilation& out, const json::Value& api_id, const Node& key) {
  json::Object properties;
  const Node* enabled = key.is_map() ? key.find("enabled") : nullptr;
  properties["Enabled"] = !enabled || enabled->boolean;
  if (key.is_string()) {
    properties["Name"] = key.text;
  } else {
    for (const auto& [name, property] : {std::pair{"name", "Name"},
                                         {"value", "Value"},
                                         {"description", "Description"},
                                         {"customerId", "CustomerId"}}) {
      if (const Node* value = key.find(name)) properties[property] = value->text;
    }
  }
  properties["StageKeys"] =
      json::Array{json::Object{{"RestApiId", api_id}, {"StageName", out.service.api_stage()}}};
  return {{"Type", "AWS::ApiGateway::ApiKey"},
          {"Properties", std::move(properties)},
          {"DependsOn", "ApiGatewayDeployment" + out.instance_id}};
}

json::Object plan_resource(Compilation& out, const json::Value& api_id, const std::string& name,
                           const Node* plan) {
  const auto& service = out.service;
  const auto stage = service.stage;
  json::Object properties{
      {"ApiStages", json::Array{json::Object{{"ApiId", api_id}, {"Stage", service.api_stage()}}}},
      {"Description",
       name.empty() ? fmt::format("Usage plan for {} {} stage", service.name, stage)
                    : fmt::format("Usage plan \"{}\" for {} {} stage", name, service.name, stage)},
      {"UsagePlanName", name.empty() ? fmt::format("{}-{}", service.name, stage)
                                     : fmt::format("{}-{}-{}", service.name, name, stage)}};
  for (const auto& [key, property] : {std::pair{"quota", "Quota"}, {"throttle", "Throttle"}}) {
    const Node* group = plan ? plan->find(key) : nullptr;
    if (!group || group->entries.empty()) continue;
    json::Object values;
    for (const auto& entry : group->entries) values[upper_first(entry.key)] = to_json(entry.value);
    properties[property] = std::move(values);
  }
  return {{"Type", "AWS::ApiGateway::UsagePlan"},
          {"DependsOn", "ApiGatewayDeployment" + out.instance_id},
          {"Properties", std::move(properties)}};
}

// Plans by name; one that has none is the service's only one.
struct Plans {
  std::vector<std::string> names;
  bool named(std::string_view name) const { return std::ranges::find(names, name) != names.end(); }
};

Plans add_plans(Compilation& out, const json::Value& api_id, const Node* plans) {
  Plans made;
  if (!plans || !plans->is_list()) {
    out.resources["ApiGatewayUsagePlan"] = plan_resource(out, api_id, "", plans);
    return made;
  }
  for (const auto& item : plans->items) {
    const auto& [name, mark, plan] = item.entries[0];
    out.resources["ApiGatewayUsagePlan" + upper_first(name)] =
        plan_resource(out, api_id, name, &plan);
    made.names.push_back(name);
  }
  return made;
}

void add_key(Compilation& out, const json::Value& api_id, const Node& key, const std::string& plan,
             size_t number) {
  const auto suffix = upper_first(plan) + std::to_string(number);
  out.resources["ApiGatewayApiKey" + suffix] = key_resource(out, api_id, key);
  out.resources["ApiGatewayUsagePlanKey" + suffix] = json::Object{
      {"Type", "AWS::ApiGateway::UsagePlanKey"},
      {"Properties",
       json::Object{{"KeyId", ref_to("ApiGatewayApiKey" + suffix)},
                    {"KeyType", "API_KEY"},
                    {"UsagePlanId", ref_to("ApiGatewayUsagePlan" + upper_first(plan))}}}};
}

}  // namespace

std::string Authorizer::logical_id() const {
  return normalized_function(name) + "ApiGatewayAuthorizer";
}

Result<std::optional<Authorizer>> authorizer_of(const Service& service, const Node& event,
                                                const std::string& where) {
  const Node* node = event.is_map() ? event.find("authorizer") : nullptr;
  if (!node) return std::optional<Authorizer>();
  const auto here = join_path(where, "authorizer");
  TRY(auto out,
      node->is_map() ? long_form(service, *node, here) : short_form(service, *node, here));
  if (out.function.is_string() && is_pool(json::view(out.function.get_string())))
    return fail_at(node->mark, here, "Cognito user pools are not supported yet");
  return std::optional(std::move(out));
}

void authorize_method(json::Object& properties, const std::optional<Authorizer>& authorizer) {
  if (!authorizer) {
    properties["AuthorizationType"] = "NONE";
  } else if (authorizer->kind == Authorizer::Kind::kSignature) {
    properties["AuthorizationType"] = "AWS_IAM";
  } else {
    properties["AuthorizationType"] = "CUSTOM";
    properties["AuthorizerId"] = authorizer->kind == Authorizer::Kind::kElsewhere
                                     ? authorizer->id
                                     : json::Value(ref_to(authorizer->logical_id()));
  }
}

void add_authorizer(Compilation& out, const json::Value& api_id, const Authorizer& authorizer) {
  json::Object properties{{"Name", authorizer.name}, {"RestApiId", api_id}};
  if (authorizer.ttl_seconds) properties["AuthorizerResultTtlInSeconds"] = *authorizer.ttl_seconds;
  if (!authorizer.identity_source.empty())
    properties["IdentitySource"] = authorizer.identity_source;
  if (!authorizer.validation.empty())
    properties["IdentityValidationExpression"] = authorizer.validation;
  properties["AuthorizerUri"] =
      join("", {"arn:", ref_to("AWS::Partition"), ":apigateway:", ref_to("AWS::Region"),
                ":lambda:path/2015-03-31/functions/", authorizer.function, "/invocations"});
  properties["Type"] = authorizer.type;
  json::Object resource{{"Type", "AWS::ApiGateway::Authorizer"},
                        {"Properties", std::move(properties)}};
  if (!authorizer.alias.empty()) resource["DependsOn"] = authorizer.alias;
  out.resources[authorizer.logical_id()] = std::move(resource);
}

void check_requests(Compilation& out, const json::Value& api_id, const Node& event,
                    const std::string& method_id, json::Object& properties) {
  const Node* request = event.is_map() ? event.find("request") : nullptr;
  if (request_parameters(request, properties))
    properties["RequestValidatorId"] = ref_to(add_validator(out, api_id));
  const Node* schemas = request ? request->find("schemas") : nullptr;
  if (!schemas || schemas->entries.empty()) return;
  properties["RequestValidatorId"] = ref_to(add_validator(out, api_id));
  json::Object models;
  const Node* shared = out.service.at("provider.apiGateway.request.schemas");
  for (const auto& [type, mark, given] : schemas->entries) {
    const Node* named = shared && given.is_string() ? shared->find(given.text) : nullptr;
    models[type] = ref_to(
        named ? add_model(out, api_id,
                          fmt::format("ApiGateway{}Model", joined_words(given.text, Rest::kLower)),
                          "application/json", *named)
              : add_model(out, api_id,
                          fmt::format("{}{}Model", method_id, joined_words(type, Rest::kAsItIs)),
                          type, given));
  }
  properties["RequestModels"] = std::move(models);
}

Result<void> add_keys_and_plans(Compilation& out, const json::Value& api_id) {
  const Node* keys = option(out.service, "apiKeys");
  const Node* plans = option(out.service, "usagePlan");
  if (!keys && !plans) return {};
  const auto made = add_plans(out, api_id, plans);
  if (!keys) return {};
  size_t number = 0;
  for (size_t i = 0; i < keys->items.size(); ++i) {
    const auto& item = keys->items[i];
    const bool of_plan =
        item.is_map() && item.entries.size() == 1 && item.entries[0].value.is_list();
    if (!of_plan) {
      if (!made.names.empty()) {
        return fail_at(item.mark, fmt::format("provider.apiGateway.apiKeys.{}", i),
                       "must name one of the usage plans, as in `- plan: [key]`");
      }
      add_key(out, api_id, item, "", ++number);
      continue;
    }
    const auto& [plan, mark, list] = item.entries[0];
    if (!made.named(plan)) {
      return fail_at(mark, fmt::format("provider.apiGateway.apiKeys.{}", i),
                     fmt::format("has no usage plan '{}' in provider.apiGateway.usagePlan", plan));
    }
    number = 0;
    for (const auto& key : list.items) add_key(out, api_id, key, plan, ++number);
  }
  return {};
}

}  // namespace dew::serverless
