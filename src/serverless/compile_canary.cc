// deploymentSettings: what serverless-plugin-canary-deployments 0.8 makes of a template. An alias
// for each function that has settings, a deployment group for it, and everything that calls the
// function calls the alias. github.com/davidgf/serverless-plugin-canary-deployments
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "serverless/compile_parts.h"
#include "serverless/naming.h"

namespace dew::serverless {

namespace {

constexpr size_t kGroupNameBytes = 100;
constexpr const char* kRole = "CodeDeployServiceRole";

const json::Value* at(const json::Value& value, std::initializer_list<std::string_view> path) {
  const auto* found = &value;
  for (const auto key : path) {
    if (found == nullptr || !found->is_object()) return nullptr;
    found = json::find(*found, key);
  }
  return found;
}

// Of {"Fn::GetAtt": [NAME, …]}.
bool is_attribute_of(const json::Value* value, std::string_view logical_id) {
  const auto* parts = value == nullptr ? nullptr : at(*value, {"Fn::GetAtt"});
  return parts != nullptr && parts->is_array() && !parts->as_array().empty() &&
         parts->as_array().front().is_string() &&
         json::view(parts->as_array().front().as_string()) == logical_id;
}

bool is_ref_to(const json::Value* value, std::string_view logical_id) {
  const auto* name = value == nullptr ? nullptr : at(*value, {"Ref"});
  return name != nullptr && name->is_string() && json::view(name->as_string()) == logical_id;
}

// Whether the text stands anywhere in the value.
bool mentions(const json::Value* value, std::string_view text) {
  if (value == nullptr) return false;
  if (value->is_string()) return json::view(value->as_string()) == text;
  if (const auto* list = value->if_array()) {
    return std::ranges::any_of(*list, [&](const auto& item) { return mentions(&item, text); });
  }
  const auto* object = value->if_object();
  return object != nullptr && std::ranges::any_of(*object, [&](const auto& member) {
           return mentions(&member.value(), text);
         });
}

json::Value alias_uri(std::string_view alias) {
  return join("", {"arn:aws:apigateway:", ref_to("AWS::Region"),
                   ":lambda:path/2015-03-31/functions/", ref_to(alias), "/invocations"});
}
json::Value partition_uri(std::string_view alias) {
  return join("", {"arn:", ref_to("AWS::Partition"), ":apigateway:", ref_to("AWS::Region"),
                   ":lambda:path/2015-03-31/functions/", ref_to(alias), "/invocations"});
}

// In a list of targets, `member` of those that are the function becomes the alias.
bool redirect_list(json::Value* list, std::string_view member, std::string_view function,
                   std::string_view alias) {
  bool found = false;
  if (list == nullptr || !list->is_array()) return false;
  for (auto& item : list->as_array()) {
    if (!is_attribute_of(at(item, {member}), function)) continue;
    item.as_object()[member] = ref_to(alias);
    found = true;
  }
  return found;
}

bool redirect_topic(json::Object& properties, std::string_view function, std::string_view alias) {
  auto* list = properties.if_contains("Subscription");
  if (list == nullptr || !list->is_array()) return false;
  auto& subscriptions = list->as_array();
  const auto mine = [&](const json::Value& one) {
    return is_attribute_of(at(one, {"Endpoint"}), function);
  };
  if (std::ranges::none_of(subscriptions, mine)) return false;
  json::Array kept;
  for (const auto& one : subscriptions) {
    if (!mine(one)) kept.push_back(one);
  }
  kept.emplace_back(json::Object{{"Endpoint", ref_to(alias)}, {"Protocol", "lambda"}});
  *list = std::move(kept);
  return true;
}

json::Value* inner(json::Object& object, std::initializer_list<std::string_view> path) {
  json::Value* found = nullptr;
  auto* here = &object;
  for (const auto key : path) {
    if (here == nullptr) return nullptr;
    found = here->if_contains(key);
    here = found == nullptr ? nullptr : found->if_object();
  }
  return found;
}

// Makes a resource that has to do with the function have to do with its alias. false: it has not.
bool redirect(std::string_view type, json::Object& resource, std::string_view function,
              std::string_view alias) {
  auto* found = resource.if_contains("Properties");
  if (found == nullptr || !found->is_object()) return false;
  auto& properties = found->as_object();
  const auto set = [&](bool matches, std::string_view member, json::Value value) {
    if (matches) properties[member] = std::move(value);
    return matches;
  };
  if (type == "AWS::Lambda::Permission") {
    const auto* name = json::find(properties, "FunctionName");
    return set(is_attribute_of(name, function) || is_ref_to(name, function), "FunctionName",
               ref_to(alias));
  }
  if (type == "AWS::Lambda::EventSourceMapping") {
    return set(mentions(json::find(properties, "FunctionName"), function), "FunctionName",
               ref_to(alias));
  }
  if (type == "AWS::ApiGateway::Method") {
    auto* integration = properties.if_contains("Integration");
    if (!mentions(integration, function)) return false;
    integration->as_object()["Uri"] = alias_uri(alias);
    return true;
  }
  if (type == "AWS::ApiGatewayV2::Integration" || type == "AWS::ApiGatewayV2::Authorizer") {
    const auto* const member = type.ends_with("Integration") ? "IntegrationUri" : "AuthorizerUri";
    return set(mentions(json::find(properties, member), function), member, partition_uri(alias));
  }
  if (type == "AWS::SNS::Topic") return redirect_topic(properties, function, alias);
  if (type == "AWS::SNS::Subscription") {
    return set(is_attribute_of(json::find(properties, "Endpoint"), function) &&
                   json::string_or(properties, "Protocol") == "lambda",
               "Endpoint", ref_to(alias));
  }
  if (type == "AWS::S3::Bucket") {
    auto* list = inner(properties, {"NotificationConfiguration", "LambdaConfigurations"});
    if (list == nullptr || !list->is_array()) return false;
    // The first one only, as the plugin does.
    for (auto& one : list->as_array()) {
      if (!is_attribute_of(at(one, {"Function"}), function)) continue;
      one.as_object()["Function"] = ref_to(alias);
      return true;
    }
    return false;
  }
  if (type == "AWS::Events::Rule") {
    return redirect_list(properties.if_contains("Targets"), "Arn", function, alias);
  }
  if (type == "AWS::Logs::SubscriptionFilter") {
    return set(is_attribute_of(json::find(properties, "DestinationArn"), function),
               "DestinationArn", ref_to(alias));
  }
  if (type == "AWS::IoT::TopicRule") {
    auto* actions = inner(properties, {"TopicRulePayload", "Actions"});
    if (actions == nullptr || !actions->is_array() || actions->as_array().empty()) return false;
    auto& first = actions->as_array().front();
    if (!is_attribute_of(at(first, {"Lambda", "FunctionArn"}), function)) return false;
    first.as_object()["Lambda"].as_object()["FunctionArn"] = ref_to(alias);
    return true;
  }
  if (type == "AWS::AppSync::DataSource") {
    const auto* config = json::find(properties, "LambdaConfig");
    return set(json::string_or(properties, "Type") == "AWS_LAMBDA" && config != nullptr &&
                   is_attribute_of(at(*config, {"LambdaFunctionArn"}), function),
               "LambdaConfig", json::Object{{"LambdaFunctionArn", ref_to(alias)}});
  }
  return false;
}

json::Object service_role(const Node* boundary) {
  json::Object statement{
      {"Action", json::Array{"sts:AssumeRole"}},
      {"Effect", "Allow"},
      {"Principal", json::Object{{"Service", json::Array{"codedeploy.amazonaws.com"}}}}};
  json::Object properties{
      {"ManagedPolicyArns",
       json::Array{"arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited",
                   "arn:aws:iam::aws:policy/AWSLambda_FullAccess"}},
      {"AssumeRolePolicyDocument",
       json::Object{{"Version", "2012-10-17"}, {"Statement", json::Array{std::move(statement)}}}}};
  if (boundary != nullptr) properties["PermissionsBoundary"] = to_json(*boundary);
  return {{"Type", "AWS::IAM::Role"}, {"Properties", std::move(properties)}};
}

// A function that has deploymentSettings, and what they are: its own over
// custom.deploymentSettings.
struct Release {
  std::string key;
  std::string function;  // logical id
  const Node* own;
  const Node* global;

  const Node* setting(std::string_view name) const {
    const Node* found = own->find(name);
    return found != nullptr || global == nullptr ? found : global->find(name);
  }
  std::string text(std::string_view name) const {
    const Node* found = setting(name);
    return found != nullptr ? found->scalar_text() : std::string();
  }
  std::string alias() const { return function + "Alias" + text("alias"); }
  std::string group() const { return function + "DeploymentGroup"; }
};

json::Object deployment_group(const Release& release, std::string_view application,
                              std::string_view group_name) {
  json::Object properties{
      {"ApplicationName", ref_to(application)},
      {"AutoRollbackConfiguration",
       json::Object{{"Enabled", true},
                    {"Events", json::Array{"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM",
                                           "DEPLOYMENT_STOP_ON_REQUEST"}}}},
      {"DeploymentGroupName", group_name},
      {"DeploymentConfigName",
       json::Object{{"Fn::Sub", json::Array{"CodeDeployDefault.Lambda${ConfigName}",
                                            json::Object{{"ConfigName", release.text("type")}}}}}},
      {"DeploymentStyle", json::Object{{"DeploymentType", "BLUE_GREEN"},
                                       {"DeploymentOption", "WITH_TRAFFIC_CONTROL"}}}};
  const Node* role = release.setting("codeDeployRole");
  properties["ServiceRoleArn"] =
      role != nullptr ? to_json(*role) : json::Value(get_att(kRole, "Arn"));
  if (const Node* alarms = release.setting("alarms")) {
    json::Array names;
    for (const auto& alarm : alarms->items) {
      const Node* name = alarm.find("name");
      names.emplace_back(json::Object{
          {"Name", name != nullptr ? to_json(*name) : json::Value(ref_to(alarm.text))}});
    }
    properties["AlarmConfiguration"] =
        json::Object{{"Alarms", std::move(names)}, {"Enabled", true}};
  }
  return {{"Type", "AWS::CodeDeploy::DeploymentGroup"}, {"Properties", std::move(properties)}};
}

class Releases {
 public:
  Releases(const Service& service, json::Object& resources)
      : service_(service),
        resources_(resources),
        global_(service.at("custom.deploymentSettings")),
        application_(upper_first(alphanumeric(service.stack_name())) + "DeploymentApplication") {}

  Result<void> compile() {
    if (!stage_enabled()) return {};
    for (const auto& [key, function] : service_.functions()) {
      if (const Node* own = function->find("deploymentSettings")) {
        releases_.push_back({key, normalized_function(key) + "LambdaFunction", own, global_});
      }
    }
    if (releases_.empty()) return {};
    json::Object made{
        {application_, json::Object{{"Type", "AWS::CodeDeploy::Application"},
                                    {"Properties", json::Object{{"ComputePlatform", "Lambda"}}}}}};
    if (global_ == nullptr || global_->find("codeDeployRole") == nullptr) {
      made[kRole] = service_role(
          global_ == nullptr ? nullptr : global_->find("codeDeployRolePermissionsBoundary"));
    }
    allow_hooks_to_answer(made);
    for (const auto& release : releases_) CHECK_OK(add(release, made));
    for (auto& resource : made) resources_[resource.key()] = std::move(resource.value());
    return {};
  }

 private:
  bool stage_enabled() const {
    const Node* stages = global_ == nullptr ? nullptr : global_->find("stages");
    return stages == nullptr || stages->items.empty() ||
           std::ranges::any_of(stages->items,
                               [&](const Node& stage) { return stage.text == service_.stage; });
  }

  std::string group_name(const Release& release) const {
    return (service_.stack_name() + "-" + release.group()).substr(0, kGroupNameBytes);
  }

  // The execution role of all functions may tell CodeDeploy how a validation went.
  void allow_hooks_to_answer(json::Object& made) const {
    json::Array groups;
    for (const auto& release : releases_) {
      if (release.setting("preTrafficHook") == nullptr &&
          release.setting("postTrafficHook") == nullptr) {
        continue;
      }
      groups.emplace_back(json::Object{
          {"Fn::Sub", fmt::format("arn:${{AWS::Partition}}:codedeploy:${{AWS::Region}}:"
                                  "${{AWS::AccountId}}:deploymentgroup:${{{}}}/{}",
                                  application_, group_name(release))}});
    }
    constexpr const char* kExecutionRole = "IamRoleLambdaExecution";
    const auto* role = json::find(resources_, kExecutionRole);
    if (role == nullptr || groups.empty()) return;
    json::Value changed = *role;
    auto* policies = inner(changed.as_object(), {"Properties", "Policies"});
    if (policies == nullptr || !policies->is_array() || policies->as_array().empty()) return;
    auto* statements =
        inner(policies->as_array().front().as_object(), {"PolicyDocument", "Statement"});
    if (statements == nullptr || !statements->is_array()) return;
    statements->as_array().emplace_back(
        json::Object{{"Action", json::Array{"codedeploy:PutLifecycleEventHookExecutionStatus"}},
                     {"Effect", "Allow"},
                     {"Resource", std::move(groups)}});
    made[kExecutionRole] = std::move(changed);
  }

  Result<std::string> version_of(const Release& release) const {
    for (const auto& resource : resources_) {
      const auto* type = at(resource.value(), {"Type"});
      if (type == nullptr || !type->is_string() ||
          json::view(type->as_string()) != "AWS::Lambda::Version") {
        continue;
      }
      if (is_ref_to(at(resource.value(), {"Properties", "FunctionName"}), release.function)) {
        return std::string(resource.key());
      }
    }
    return fail_at(release.own->mark, fmt::format("functions.{}.deploymentSettings", release.key),
                   "an alias needs a version to point to: versionFunctions must not be false");
  }

  Result<void> hook(const Release& release, std::string_view setting, std::string_view event,
                    json::Object& policy) const {
    const Node* name = release.setting(setting);
    if (name == nullptr) return {};
    const auto functions = service_.functions();
    if (std::ranges::none_of(functions, [&](const auto& one) { return one.first == name->text; })) {
      return fail_at(name->mark,
                     fmt::format("functions.{}.deploymentSettings.{}", release.key, setting),
                     fmt::format("there is no function {}", name->text));
    }
    policy[event] = ref_to(normalized_function(name->text) + "LambdaFunction");
    return {};
  }

  Result<void> add(const Release& release, json::Object& made) const {
    for (const auto* required : {"type", "alias"}) {
      if (release.setting(required) != nullptr) continue;
      return fail_at(release.own->mark, fmt::format("functions.{}.deploymentSettings", release.key),
                     fmt::format("{} is missing, here and in custom.deploymentSettings", required));
    }
    made[release.group()] = deployment_group(release, application_, group_name(release));
    json::Object policy{{"ApplicationName", ref_to(application_)}};
    CHECK_OK(hook(release, "postTrafficHook", "AfterAllowTrafficHook", policy));
    CHECK_OK(hook(release, "preTrafficHook", "BeforeAllowTrafficHook", policy));
    policy["DeploymentGroupName"] = ref_to(release.group());
    TRY(const auto version, version_of(release));
    made[release.alias()] = json::Object{
        {"Type", "AWS::Lambda::Alias"},
        {"Properties", json::Object{{"FunctionVersion", get_att(version, "Version")},
                                    {"FunctionName", ref_to(release.function)},
                                    {"Name", release.text("alias")}}},
        {"UpdatePolicy", json::Object{{"CodeDeployLambdaAliasUpdate", std::move(policy)}}}};
    for (const auto& resource : resources_) {
      const auto* object = resource.value().if_object();
      if (object == nullptr) continue;
      // What another function's settings have changed goes on being changed.
      const auto* before = made.if_contains(resource.key());
      json::Object changed = before != nullptr ? before->as_object() : *object;
      if (redirect(json::string_or(*object, "Type"), changed, release.function, release.alias())) {
        made[resource.key()] = std::move(changed);
      }
    }
    return {};
  }

  const Service& service_;
  json::Object& resources_;
  const Node* global_;
  std::string application_;
  std::vector<Release> releases_;
};

}  // namespace

Result<void> compile_releases(const Service& service, json::Object& resources) {
  return Releases(service, resources).compile();
}

}  // namespace dew::serverless
