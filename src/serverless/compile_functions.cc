#include <fmt/format.h>

#include "base/encoding.h"
#include "serverless/compile_parts.h"
#include "serverless/naming.h"

namespace dew::serverless {

namespace {

constexpr int64_t kDefaultMemoryMb = 1024;  // the framework's, not Lambda's 128
constexpr int64_t kDefaultTimeoutSeconds = 6;

const Node* own_or_provider(const Service& service, const Node& function, std::string_view key) {
  if (const Node* own = function.find(key)) return own;
  const Node* provider = service.root.find("provider");
  return provider->find(key);
}

// The role of a function: an ARN, another resource's, or the one that compile_role makes.
void set_role(const Service& service, const Node& function, json::Object& properties,
              json::Array& depends_on) {
  const Node* role = function.find("role");
  if (!role) {
    const Node* of_provider = service.at("provider.iam.role");
    if (of_provider &&
        (of_provider->is_string() ||
         (of_provider->entries.size() == 1 && of_provider->entries[0].key.starts_with("Fn::"))))
      role = of_provider;
    if (!role) role = service.at("provider.role");
  }
  if (!role) {
    properties["Role"] = get_att("IamRoleLambdaExecution", "Arn");
  } else if (!role->is_string()) {
    properties["Role"] = to_json(*role);
    if (const Node* att = role->find("Fn::GetAtt"); att && att->is_list() && !att->items.empty()) {
      depends_on.push_back(json::Value(att->items[0].text));
    }
  } else if (role->text.starts_with("arn:")) {
    properties["Role"] = role->text;
  } else {
    properties["Role"] = get_att(role->text, "Arn");
    depends_on.push_back(json::Value(role->text));
  }
}

json::Object environment_of(const Service& service, const Node& function) {
  json::Object variables;
  for (const Node* node : {service.at("provider.environment"), function.find("environment")}) {
    if (!node) continue;
    for (const auto& entry : node->entries) {
      variables[entry.key] =
          entry.value.is_map() ? to_json(entry.value) : json::Value(entry.value.scalar_text());
    }
  }
  return variables;
}

void set_logging(const Service& service, const Node& function, json::Object& properties) {
  const Node* logs = function.find("logs");
  if (!logs) logs = service.at("provider.logs.lambda");
  if (!logs) return;
  json::Object config;
  for (const auto& [key, property] : {std::pair{"applicationLogLevel", "ApplicationLogLevel"},
                                      {"logFormat", "LogFormat"},
                                      {"logGroup", "LogGroup"},
                                      {"systemLogLevel", "SystemLogLevel"}}) {
    if (const Node* value = logs->find(key)) config[property] = value->text;
  }
  if (!config.empty()) properties["LoggingConfig"] = std::move(config);
}

// X-Ray: the function's mode, and the permission to send segments.
void set_tracing(Compilation& out, const Node& function, json::Object& properties) {
  const Node* tracing = function.find("tracing");
  if (!tracing) tracing = out.service.at("provider.tracing.lambda");
  if (!tracing || (tracing->is_bool() && !tracing->boolean)) return;
  properties["TracingConfig"] =
      json::Object{{"Mode", tracing->is_bool() ? "Active" : tracing->text}};
  auto* role = out.resources.if_contains("IamRoleLambdaExecution");
  if (!role) return;
  const json::Value statement =
      json::Object{{"Effect", "Allow"},
                   {"Action", json::Array{"xray:PutTraceSegments", "xray:PutTelemetryRecords"}},
                   {"Resource", json::Array{"*"}}};
  auto& statements = role->at("Properties")
                         .at("Policies")
                         .as_array()
                         .at(0)
                         .at("PolicyDocument")
                         .as_object()["Statement"]
                         .as_array();
  for (const auto& existing : statements) {
    if (existing == statement) return;
  }
  statements.push_back(statement);
}

// The service's own layers among a function's: a change of theirs is a change of the function's.
// `hashes` gets the digests of their artifacts.
json::Array layer_configurations(const Compilation& out, const json::Object& properties,
                                 std::string& hashes) {
  json::Array found;
  const auto* layers = properties.if_contains("Layers");
  if (!layers || !layers->is_array()) return found;
  std::vector<std::pair<std::string, std::string>> artifacts;
  for (const auto& layer : layers->get_array()) {
    const auto ref = layer.is_object() ? json::string_at(layer.get_object(), "Ref") : std::nullopt;
    const auto name = ref ? out.layer_names.find(std::string(*ref)) : out.layer_names.end();
    if (name == out.layer_names.end()) continue;
    json::Value described = out.resources.at(*ref).at("Properties");
    described.as_object()["Content"].as_object().erase("S3Key");
    found.push_back(
        json::Object{{"name", name->second}, {"ref", *ref}, {"properties", std::move(described)}});
    const Artifact& artifact = out.artifacts.list[out.artifacts.of_layer.at(name->second)];
    artifacts.emplace_back(artifact.order, artifact.sha256_base64);
  }
  std::sort(artifacts.begin(), artifacts.end());
  for (const auto& [order, hash] : artifacts) hashes += hash;
  return found;
}

bool is_provisioned(const Node& function) {
  const Node* wanted = function.find("provisionedConcurrency");
  return wanted && !wanted->is_null() && !(wanted->is_int() && wanted->integer == 0);
}

void add_provisioned_alias(Compilation& out, const std::string& key, const Node& function,
                           const std::string& version) {
  const std::string function_id = normalized_function(key) + "LambdaFunction";
  json::Object resource{
      {"Type", "AWS::Lambda::Alias"},
      {"Properties",
       json::Object{{"FunctionName", ref_to(function_id)},
                    {"FunctionVersion", get_att(version, "Version")},
                    {"Name", kProvisionedAlias},
                    {"ProvisionedConcurrencyConfig",
                     json::Object{{"ProvisionedConcurrentExecutions",
                                   to_json(*function.find("provisionedConcurrency"))}}}}},
      {"DependsOn", function_id}};
  if (const Node* condition = function.find("condition")) resource["Condition"] = condition->text;
  out.resources[provisioned_alias_id(out.service, key)] = std::move(resource);
}

// Gives its logical id. `keep`: it stays when the stack has another one.
std::string add_version(Compilation& out, const std::string& key, const Node& function,
                        const Artifact& artifact, const json::Object& properties, bool keep) {
  // The version's logical id is a digest of code and configuration, because AWS::Lambda::Version
  // cannot be updated: a change of either makes a new resource.
  json::Object hashed = properties;
  for (const auto* name : {"Code", "ReservedConcurrentExecutions", "Tags", "LoggingConfig"})
    hashed.erase(name);
  std::string layer_hashes;
  hashed["layerConfigurations"] = layer_configurations(out, properties, layer_hashes);
  const std::string digest = base64_encode(sha256(artifact.sha256_base64 + layer_hashes +
                                                  json::dump(sorted(hashed, KeyOrder::kLocale))));
  const std::string normalized = normalized_function(key);
  const std::string logical_id = normalized + "LambdaVersion" + alphanumeric(digest);
  json::Object version{{"FunctionName", ref_to(normalized + "LambdaFunction")},
                       {"CodeSha256", artifact.sha256_base64}};
  if (const Node* description = function.find("description"))
    version["Description"] = description->text;
  json::Object resource{{"Type", "AWS::Lambda::Version"}};
  if (keep) resource["DeletionPolicy"] = "Retain";
  resource["Properties"] = std::move(version);
  json::Object output{{"Description", "Current Lambda function version"},
                      {"Value", ref_to(logical_id)}};
  if (const Node* condition = function.find("condition")) {
    resource["Condition"] = condition->text;
    output["Condition"] = condition->text;
  }
  out.resources[logical_id] = std::move(resource);
  out.outputs[normalized + "LambdaFunctionQualifiedArn"] = std::move(output);
  return logical_id;
}

Result<void> compile_function(Compilation& out, const std::string& key, const Node& function) {
  const Service& service = out.service;
  const auto index = out.artifacts.of_function.find(key);
  if (index == out.artifacts.of_function.end()) {
    return fail_at(function.mark, "functions." + key, "has no artifact");
  }
  const Artifact& artifact = out.artifacts.list[index->second];
  json::Object properties;
  const Node* bucket = service.at("provider.deploymentBucket");
  const Node* bucket_name = bucket && bucket->is_map() ? bucket->find("name") : bucket;
  properties["Code"] =
      json::Object{{"S3Bucket", bucket_name ? json::Value(bucket_name->text)
                                            : json::Value(ref_to("ServerlessDeploymentBucket"))},
                   {"S3Key", fmt::format("{}/{}", out.artifact_directory, artifact.file_name)}};
  properties["Handler"] = function.find("handler")->text;
  const Node* runtime = own_or_provider(service, function, "runtime");
  if (!runtime)
    return fail_at(function.mark, "functions." + key + ".runtime",
                   "no runtime: set it here or as provider.runtime");
  properties["Runtime"] = runtime->text;
  properties["FunctionName"] = service.function_name(key);
  const Node* memory = own_or_provider(service, function, "memorySize");
  properties["MemorySize"] = memory ? memory->integer : kDefaultMemoryMb;
  const Node* timeout = own_or_provider(service, function, "timeout");
  properties["Timeout"] = timeout ? timeout->integer : kDefaultTimeoutSeconds;
  if (const Node* architecture = own_or_provider(service, function, "architecture")) {
    properties["Architectures"] = json::Array{json::Value(architecture->text)};
  }
  if (const Node* description = function.find("description"))
    properties["Description"] = description->text;
  json::Array depends_on;
  if (const Node* depends = function.find("dependsOn")) {
    for (const auto& item : depends->items) depends_on.push_back(json::Value(item.text));
  }
  const Node* provider_tags = service.at("provider.tags");
  const Node* tags = function.find("tags");
  if (tags || provider_tags) properties["Tags"] = tags_of(provider_tags, tags);
  if (const Node* storage = function.find("ephemeralStorageSize"))
    properties["EphemeralStorage"] = json::Object{{"Size", storage->integer}};
  set_tracing(out, function, properties);
  if (auto variables = environment_of(service, function);
      !variables.empty() || function.find("environment") || service.at("provider.environment")) {
    properties["Environment"] = json::Object{{"Variables", std::move(variables)}};
  }
  set_role(service, function, properties, depends_on);
  if (const Node* reserved = function.find("reservedConcurrency"))
    properties["ReservedConcurrentExecutions"] = to_json(*reserved);
  if (const Node* layers = own_or_provider(service, function, "layers"))
    properties["Layers"] = to_json(*layers);
  const std::string normalized = normalized_function(key);
  const Node* no_logs = function.find("disableLogs");
  if (!no_logs || !no_logs->boolean)
    depends_on.insert(depends_on.begin(), json::Value(normalized + "LogGroup"));

  const json::Object before_logging = properties;
  set_logging(service, function, properties);
  json::Object resource{{"Type", "AWS::Lambda::Function"}, {"Properties", std::move(properties)}};
  if (const Node* condition = function.find("condition")) resource["Condition"] = condition->text;
  if (!depends_on.empty()) resource["DependsOn"] = std::move(depends_on);
  out.resources[normalized + "LambdaFunction"] = std::move(resource);

  const Node* versioned = function.find("versionFunction");
  if (!versioned) versioned = service.at("provider.versionFunctions");
  const bool keep = !versioned || versioned->boolean;
  const bool provisioned = is_provisioned(function);
  if (!keep && !provisioned) return {};
  const auto version = add_version(out, key, function, artifact, before_logging, keep);
  if (provisioned) add_provisioned_alias(out, key, function, version);
  return {};
}

}  // namespace

std::string provisioned_alias_id(const Service& service, const std::string& function) {
  for (const auto& [key, node] : service.functions()) {
    if (key == function && is_provisioned(*node)) {
      return normalized_function(key) + "ProvConcLambdaAlias";
    }
  }
  return {};
}

json::Value function_target(const Service& service, const std::string& function) {
  json::Object arn = get_att(normalized_function(function) + "LambdaFunction", "Arn");
  if (provisioned_alias_id(service, function).empty()) return arn;
  return join(":", {std::move(arn), kProvisionedAlias});
}

Result<void> compile_log_groups(Compilation& out) {
  for (const auto& [key, function] : out.service.functions()) {
    const Node* no_logs = function->find("disableLogs");
    if (no_logs && no_logs->boolean) continue;
    json::Object properties{{"LogGroupName", "/aws/lambda/" + out.service.function_name(key)}};
    if (const Node* days = own_or_provider(out.service, *function, "logRetentionInDays"))
      properties["RetentionInDays"] = days->integer;
    const std::string logical_id = normalized_function(key) + "LogGroup";
    if (out.resources.contains(logical_id)) {
      return fail_at(function->mark, "functions." + key,
                     "another function's name makes the same logical id " + logical_id);
    }
    json::Object resource{{"Type", "AWS::Logs::LogGroup"}, {"Properties", std::move(properties)}};
    if (const Node* condition = function->find("condition"))
      resource["Condition"] = condition->text;
    out.resources[logical_id] = std::move(resource);
  }
  return {};
}

Result<void> compile_functions(Compilation& out) {
  for (const auto& [key, function] : out.service.functions())
    CHECK_OK(compile_function(out, key, *function));
  return {};
}

}  // namespace dew::serverless
