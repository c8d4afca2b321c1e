#include "serverless/schema.h"

#include <fmt/format.h>

#include "serverless/rules.h"
#include "serverless/schema_events.h"
#include "serverless/suggest.h"

namespace dew::serverless {

namespace {

Rule tags() { return map_of(text(0, 256)); }
Rule strings() { return list_of(text()); }
Rule environment() { return map_of(intrinsic_or(text(0))); }
Rule memory() {
  return integer(128, 10240);
}  // docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
Rule timeout() {
  return integer(1, 900);
}  // docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
Rule architecture() { return one_of({"x86_64", "arm64"}); }
Rule retention() {
  return one_integer_of({1,   3,   5,   7,   14,   30,   60,   90,   120,  150, 180,
                         365, 400, 545, 731, 1827, 2192, 2557, 2922, 3288, 3653});
}

Rule runtime() {
  return text_like(
      [](std::string_view name) {
        const auto numbered = [&](std::string_view prefix, std::string_view suffix) {
          return name.starts_with(prefix) && name.ends_with(suffix) &&
                 name.size() > prefix.size() + suffix.size() &&
                 name.substr(prefix.size(), name.size() - prefix.size() - suffix.size())
                         .find_first_not_of("0123456789.") == std::string_view::npos;
        };
        return name == "provided" || name == "provided.al2" || name == "provided.al2023" ||
               numbered("nodejs", ".x") || numbered("python", "") || numbered("ruby", "") ||
               numbered("java", "") || numbered("java", ".al2") || numbered("dotnet", "") ||
               name == "go1.x";
      },
      "a runtime such as provided.al2023, nodejs20.x or python3.11");
}

Rule tracing() {
  return first_of(
      {{[](const Node& n) { return n.is_bool(); }, boolean()},
       {[](const Node& n) { return n.is_string(); }, one_of({"Active", "PassThrough"})}},
      "true, Active or PassThrough");
}

Rule policy_statements() {
  return list_of(record({{"Sid", text()},
                         {"Effect", one_of({"Allow", "Deny"}), true},
                         {"Action", anything()},
                         {"NotAction", anything()},
                         {"Resource", anything()},
                         {"NotResource", anything()},
                         {"Principal", anything()},
                         {"NotPrincipal", anything()},
                         {"Condition", anything()}}));
}

Rule role() {
  return first_of({{[](const Node& n) { return n.is_string(); }, text()},
                   {[](const Node& n) { return is_intrinsic(n); }, anything()}},
                  "a role's ARN, its logical id, or an intrinsic function");
}

Rule layer_arns() { return list_of(intrinsic_or(text())); }

Rule layers_rule() {
  return map_of(record(
      {{"path", text(), true},
       {"name", text(1, 140)},
       {"description", text(0, 256)},
       {"compatibleRuntimes", list_of(runtime(), 15)},
       {"compatibleArchitectures", list_of(architecture(), 2)},
       {"licenseInfo", text(1, 512)},
       {"retain", boolean()},
       {"allowedAccounts", list_of(text_like(
                               [](std::string_view account) {
                                 return account == "*" ||
                                        (account.size() == 12 && all_digits(account)) ||
                                        (account.starts_with("arn:") && account.ends_with(":root"));
                               },
                               "an account's number, its root's ARN, or *"))},
       {"package", record({{"patterns", strings()}, {"artifact", text()}})}}));
}

Rule provider_iam() {
  return record(
      {{"role",
        first_of({{[](const Node& n) { return n.is_string() || is_intrinsic(n); }, anything()},
                  {[](const Node& n) { return n.is_map(); },
                   record({{"name", text(1, 64)},
                           {"path", text()},
                           {"statements", policy_statements()},
                           {"managedPolicies", list_of(intrinsic_or(text()))},
                           {"permissionsBoundary", intrinsic_or(text())},
                           {"permissionBoundary", intrinsic_or(text())},
                           {"tags", tags()}})}},
                 "a role's ARN or a map (name, statements, managedPolicies, ...)")}},
      {"deploymentRole"});
}

Rule package_rule(bool of_function) {
  std::vector<Field> fields{{"patterns", strings()},
                            {"include", strings()},
                            {"exclude", strings()},
                            {"individually", boolean()},
                            {"artifact", text()}};
  if (!of_function) fields.push_back({"excludeDevDependencies", boolean()});
  return record(std::move(fields), {"path"});
}

Rule logs_lambda() {
  return record(
      {{"applicationLogLevel", one_of({"DEBUG", "ERROR", "FATAL", "INFO", "TRACE", "WARN"})},
       {"logFormat", one_of({"JSON", "Text"})},
       {"logGroup", text(1, 512)},
       {"systemLogLevel", one_of({"DEBUG", "INFO", "WARN"})}});
}

Rule bucket_name() {
  return text_like(
      [](std::string_view name) {
        return name.size() >= 3 && name.size() <= 63 && letters_digits_or(name, "-.");
      },
      "a bucket's name (3 to 63 lower-case letters, digits, dots and dashes)");
}

Rule deployment_bucket() {
  return first_of({{[](const Node& n) { return n.is_string(); }, bucket_name()},
                   {[](const Node& n) { return n.is_map(); },
                    record({{"name", bucket_name()},
                            {"blockPublicAccess", boolean()},
                            {"skipPolicySetup", boolean()},
                            {"versioning", boolean()},
                            {"maxPreviousDeploymentArtifacts", integer(0, 1000)},
                            {"tags", tags()}},
                           {"serverSideEncryption", "sseCustomerAlgorithim", "sseCustomerKey",
                            "sseCustomerKeyMD5", "sseKMSKeyId"})}},
                  "a bucket's name or a map");
}

Rule api_keys() {
  const Rule key =
      first_of({{[](const Node& n) { return n.is_string(); }, text()},
                {[](const Node& n) { return n.is_map(); }, record({{"name", text()},
                                                                   {"value", text(20, 128)},
                                                                   {"description", text()},
                                                                   {"customerId", text()},
                                                                   {"enabled", boolean()}})}},
               "a key's name, or a map with name, value and description");
  const auto of_plan = [](const Node& n) {
    return n.is_map() && n.entries.size() == 1 && n.entries[0].value.is_list();
  };
  return list_of(
      first_of({{of_plan, map_of(list_of(key))}, {[](const Node&) { return true; }, key}},
               "a key, or a map from a usage plan's name to its keys"));
}

Rule usage_plan() {
  return record({{"quota", record({{"limit", integer(0, INT32_MAX)},
                                   {"offset", integer(0, 27)},
                                   {"period", one_of({"DAY", "WEEK", "MONTH"})}})},
                 {"throttle", record({{"burstLimit", integer(0, INT32_MAX)},
                                      {"rateLimit", integer(0, INT32_MAX)}})}});
}

// plan: {quota: …}
Result<void> named_plan(Node& node, const std::string& path) {
  if (!node.is_map() || node.entries.size() != 1)
    return fail_at(node.mark, path, "must be a map with one key, the plan's name");
  return usage_plan()(node.entries[0].value, join_path(path, node.entries[0].key));
}

Rule provider_api_gateway() {
  return record(
      {{"binaryMediaTypes",
        list_of(text_like([](std::string_view t) { return t.find('/') != std::string_view::npos; },
                          "a media type such as image/png or */*"))},
       {"minimumCompressionSize", integer(0, 10485760)},
       {"description", text()},
       {"disableDefaultEndpoint", boolean()},
       {"shouldStartNameWithService", boolean()},
       {"stage", text_like([](std::string_view s) { return letters_digits_or(s, "-_"); },
                           "letters, digits, - and _")},
       {"timeoutInMillis", integer(50, 29000)},
       {"apiKeySourceType", one_of_any_case({"HEADER", "AUTHORIZER"})},
       {"restApiId", intrinsic_or(text())},
       {"restApiRootResourceId", intrinsic_or(text())},
       {"restApiResources",
        first_of({{[](const Node& n) { return n.is_list(); },
                   list_of(record({{"path", text(), true}, {"resourceId", intrinsic_or(text())}}))},
                  {[](const Node& n) { return n.is_map(); }, map_of(intrinsic_or(text()))}},
                 "a list of maps with path and resourceId, or a map from path to resource id")},
       {"resourcePolicy", policy_statements()},
       {"request", record({{"schemas", map_of(record({{"schema", map_of(anything()), true},
                                                      {"name", text()},
                                                      {"description", text()}}))}})},
       {"apiKeys", api_keys()},
       {"usagePlan", first_of({{[](const Node& n) { return n.is_list(); }, list_of(named_plan)},
                               {[](const Node& n) { return n.is_map(); }, usage_plan()}},
                              "a usage plan, or a list of maps from a plan's name to it")}},
      {"endpoint", "metrics", "websocketApiId"});
}

Rule provider_rule() {
  std::vector<Field> fields{
      {"name", one_of({"aws"}), true},
      {"runtime", runtime()},
      {"stage", text_like([](std::string_view s) { return letters_digits_or(s, "-_"); },
                          "letters, digits, - and _")},
      {"region", text_like([](std::string_view s) { return letters_digits_or(s, "-"); },
                           "a region such as us-east-1")},
      {"stackName", text_like(
                        [](std::string_view s) {
                          return s.size() <= 128 && is_alpha(s.empty() ? '-' : s[0]) &&
                                 letters_digits_or(s, "-");
                        },
                        "a letter, then letters, digits and -, at most 128")},
      {"memorySize", memory()},
      {"timeout", timeout()},
      {"environment", environment()},
      {"iam", provider_iam()},
      {"iamRoleStatements", policy_statements()},
      {"iamManagedPolicies", list_of(intrinsic_or(text()))},
      {"role", role()},
      {"rolePermissionsBoundary", intrinsic_or(text())},
      {"layers", layer_arns()},
      {"logRetentionInDays", retention()},
      {"apiName", text()},
      {"apiGateway", provider_api_gateway()},
      {"endpointType", one_of_any_case({"REGIONAL", "EDGE", "PRIVATE"})},
      {"tags", tags()},
      {"stackTags", tags()},
      {"deploymentBucket", deployment_bucket()},
      {"deploymentPrefix", text()},
      {"deploymentMethod", one_of({"changesets", "direct"})},
      {"versionFunctions", boolean()},
      {"lambdaHashingVersion", anything()},
      {"architecture", architecture()},
      {"tracing", record({{"lambda", tracing()}, {"apiGateway", boolean()}})},
      {"logs",
       record({{"lambda", logs_lambda()}}, {"restApi", "httpApi", "websocket", "frameworkLambda"})},
      {"profile", text()},
  };
  return record(std::move(fields), {"alb",
                                    "cfnRole",
                                    "cloudFront",
                                    "disableRollback",
                                    "ecr",
                                    "eventBridge",
                                    "httpApi",
                                    "kinesis",
                                    "kmsKeyArn",
                                    "logDataProtectionPolicy",
                                    "notificationArns",
                                    "resourcePolicy",
                                    "rollbackConfiguration",
                                    "runtimeManagement",
                                    "s3",
                                    "stackParameters",
                                    "stackPolicy",
                                    "usagePlan",
                                    "apiKeys",
                                    "vpc",
                                    "vpcEndpointIds",
                                    "websocketsApiName",
                                    "websocketsApiRouteSelectionExpression",
                                    "websocketsDescription",
                                    "resolver",
                                    "build"});
}

// Of serverless-plugin-canary-deployments, for a function or for all.
Rule deployment_settings() {
  return record({{"type", text()},
                 {"alias", text_like([](std::string_view s) { return letters_digits_or(s, "-_"); },
                                     "letters, digits, - and _")},
                 {"alarms", list_of(first_of({{[](const Node& n) { return n.is_string(); }, text()},
                                              {[](const Node& n) { return n.is_map(); },
                                               record({{"name", intrinsic_or(text()), true}})}},
                                             "an alarm's logical id, or a map with name"))},
                 {"preTrafficHook", text()},
                 {"postTrafficHook", text()},
                 {"codeDeployRole", intrinsic_or(text())},
                 {"codeDeployRolePermissionsBoundary", intrinsic_or(text())},
                 {"stages", strings()}},
                {"triggerConfigurations"});
}

Rule function_rule() {
  return record(
      {{"handler", text(), true},
       {"name",
        text_like([](std::string_view s) { return s.size() <= 64 && letters_digits_or(s, "-_"); },
                  "letters, digits, - and _, at most 64")},
       {"description", text(0, 256)},
       {"runtime", runtime()},
       {"memorySize", memory()},
       {"timeout", timeout()},
       {"reservedConcurrency", intrinsic_or(integer(0, INT64_MAX))},
       {"provisionedConcurrency", intrinsic_or(integer(0, INT64_MAX))},
       {"environment", environment()},
       {"events", events_rule()},
       {"tags", tags()},
       {"role", role()},
       {"layers", layer_arns()},
       {"package", package_rule(true)},
       {"logRetentionInDays", retention()},
       {"disableLogs", boolean()},
       {"logs", logs_lambda()},
       {"tracing", tracing()},
       {"versionFunction", boolean()},
       {"architecture", architecture()},
       {"ephemeralStorageSize", integer(512, 10240)},
       {"condition", text()},
       {"dependsOn", strings()},
       {"deploymentSettings", deployment_settings()}},
      {"awsKmsArn", "kmsKeyArn", "destinations", "durableConfig", "fileSystemConfig", "image",
       "logDataProtectionPolicy", "maximumEventAge", "maximumRetryAttempts", "onError",
       "recursiveLoop", "runtimeManagement", "snapStart", "url", "vpc"});
}

Rule functions_rule() {
  const Rule one = function_rule();
  const Rule map = [one](Node& node, const std::string& path) -> Result<void> {
    for (auto& entry : node.entries) {
      if (!letters_digits_or(entry.key, "-_")) {
        return fail_at(entry.mark, join_path(path, entry.key),
                       "a function's name may hold letters, digits, - and _");
      }
      CHECK_OK(one(entry.value, join_path(path, entry.key)));
    }
    return {};
  };
  return [map](Node& node, const std::string& path) -> Result<void> {
    if (node.is_list()) {  // a list of maps, as from several files
      Node merged = Node::map(node.mark);
      for (auto& item : node.items) {
        if (!item.is_map()) return fail_at(item.mark, path, "a list of functions must hold maps");
        for (auto& entry : item.entries) {
          if (merged.find(entry.key))
            return fail_at(entry.mark, join_path(path, entry.key), "the function is defined twice");
          merged.entries.push_back(std::move(entry));
        }
      }
      node = std::move(merged);
    }
    if (!node.is_map())
      return fail_at(node.mark, path, fmt::format("must be a map, not {}", node.kind_name()));
    return map(node, path);
  };
}

Rule resources_rule() {
  const Rule section = map_of(anything());
  const Rule one =
      record({{"AWSTemplateFormatVersion", anything()},
              {"Description", anything()},
              {"Metadata", anything()},
              {"Parameters", section},
              {"Mappings", section},
              {"Conditions", section},
              {"Rules", section},
              {"Transform", anything()},
              {"Resources", map_of([](Node& node, const std::string& path) -> Result<void> {
                 if (!node.is_map())
                   return fail_at(node.mark, path, "must be a map with Type and Properties");
                 return {};
               })},
              {"Outputs", section},
              {"extensions", section}});
  return [one](Node& node, const std::string& path) -> Result<void> {
    if (!node.is_list()) return one(node, path);
    for (size_t i = 0; i < node.items.size(); ++i)
      CHECK_OK(one(node.items[i], join_path(path, std::to_string(i))));
    return {};
  };
}

constexpr std::string_view kCanaryPlugin = "serverless-plugin-canary-deployments";

// Built in, or not needed here.
bool is_known_plugin(std::string_view name) {
  return name == "serverless-offline" || name == "serverless-dotenv-plugin" ||
         name == "serverless-localstack" || name == kCanaryPlugin;
}

std::string why_not(std::string_view plugin) {
  return fmt::format(
      "the plugin {} cannot run here: Dewpoint runs no JavaScript and has what serverless-offline, "
      "serverless-dotenv-plugin and serverless-plugin-canary-deployments do built in; remove it, "
      "or "
      "go without with --ignore-plugins",
      plugin);
}

Rule plugins_rule(std::vector<std::string>& warnings, OtherPlugins others) {
  return [&warnings, others](Node& node, const std::string& path) -> Result<void> {
    Node* list = node.is_map() ? node.find("modules") : &node;
    if (!list) return fail_at(node.mark, path, "must be a list of plugins");
    CHECK_OK(strings()(*list, path));
    for (size_t i = 0; i < list->items.size(); ++i) {
      const std::string& name = list->items[i].text;
      if (is_known_plugin(name)) continue;
      const Mark& mark = list->items[i].mark;
      if (others == OtherPlugins::kRefused)
        return fail_at(mark, join_path(path, std::to_string(i)), why_not(name));
      warnings.push_back(
          fmt::format("{}: the plugin {} is ignored: what it does is not done", mark.text(), name));
    }
    return {};
  };
}

Rule commands() { return list_of(text()); }

Rule dew_rule() {
  return record(
      {{"build", first_of({{[](const Node& n) { return n.is_string() || n.is_list(); }, commands()},
                           {[](const Node& n) { return n.is_map(); }, map_of(commands())}},
                          "a command, a list of commands, or a map from function to commands")},
       {"parameters",
        map_of(first_of({{[](const Node& n) { return n.is_scalar(); }, text(1, 8192)},
                         {[](const Node& n) { return n.is_map(); },
                          record({{"type", one_of({"String", "SecureString", "StringList"})},
                                  {"value", text(1, 8192), true}})}},
                        "a value, or a map with type and value"))}});
}

Rule custom_rule(std::vector<std::string>& warnings) {
  return [&warnings](Node& node, const std::string& path) -> Result<void> {
    if (!node.is_map())
      return fail_at(node.mark, path, fmt::format("must be a map, not {}", node.kind_name()));
    if (Node* dew = node.find("dew")) CHECK_OK(dew_rule()(*dew, join_path(path, "dew")));
    if (Node* offline = node.find("serverless-offline"); offline && offline->is_map()) {
      for (auto& entry : offline->entries) {
        const std::string here = path + ".serverless-offline." + entry.key;
        if (entry.key == "httpPort") {
          CHECK_OK(integer(0, 65535)(entry.value, here));
        } else {
          warnings.push_back(fmt::format("{}: {} has no effect here", entry.mark.text(), here));
        }
      }
    }
    if (Node* settings = node.find("deploymentSettings")) {
      CHECK_OK(deployment_settings()(*settings, join_path(path, "deploymentSettings")));
    }
    if (Node* dotenv = node.find("dotenv")) {
      const Rule names = list_of(text());
      CHECK_OK(record({{"path", names},
                       {"basePath", text()},
                       {"include", names},
                       {"exclude", names},
                       {"logging", boolean()},
                       {"variableExpansion", boolean()},
                       {"required", record({{"file", boolean()}, {"env", names}})}},
                      {"dotenvParser", "v4BreakingChanges"})(*dotenv, path + ".dotenv"));
    }
    return {};
  };
}

// Settings without the plugin would do something here and nothing elsewhere.
Result<void> check_releases_plugin(const Node& root) {
  const Node* plugins = root.find("plugins");
  if (plugins != nullptr && plugins->is_map()) plugins = plugins->find("modules");
  if (plugins != nullptr && std::ranges::any_of(plugins->items, [](const Node& one) {
        return one.text == kCanaryPlugin;
      })) {
    return {};
  }
  const Node* functions = root.find("functions");
  if (functions == nullptr) return {};
  for (const auto& function : functions->entries) {
    const Node* settings = function.value.find("deploymentSettings");
    if (settings == nullptr) continue;
    return fail_at(settings->mark,
                   join_path(join_path("functions", function.key), "deploymentSettings"),
                   fmt::format("is of the plugin {}: list it under plugins", kCanaryPlugin));
  }
  return {};
}

Rule params_rule() { return map_of(map_of(anything())); }

}  // namespace

Result<void> check_schema(Node& root, std::vector<std::string>& warnings,
                          OtherPlugins other_plugins) {
  const Rule top = record(
      {{"service",
        text_like(
            [](std::string_view s) {
              return s.size() >= 2 && is_alpha(s[0]) && letters_digits_or(s, "-");
            },
            "a letter, then letters, digits and -"),
        true},
       {"frameworkVersion", text()},
       {"configValidationMode", one_of({"error", "warn", "off"})},
       {"deprecationNotificationMode", anything()},
       {"disabledDeprecations", anything()},
       {"variablesResolutionMode", anything()},
       {"useDotenv", boolean()},
       {"params", params_rule()},
       {"provider", provider_rule(), true},
       {"functions", functions_rule()},
       {"layers", layers_rule()},
       {"package", package_rule(false)},
       {"resources", resources_rule()},
       {"plugins", plugins_rule(warnings, other_plugins)},
       {"custom", custom_rule(warnings)},
       {"org", text()},
       {"app", text()}},
      {"console", "projectDir", "dashboard", "licenseKey", "stages", "build", "state", "outputs"});
  CHECK_OK(top(root, ""));
  CHECK_OK(check_releases_plugin(root));
  for (const auto* key : {"org", "app"}) {
    if (const Node* node = root.find(key)) {
      warnings.push_back(
          fmt::format("{}: {} has no effect here: there is no dashboard", node->mark.text(), key));
    }
  }
  return {};
}

}  // namespace dew::serverless
