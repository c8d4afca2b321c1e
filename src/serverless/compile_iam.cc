#include <fmt/format.h>

#include "serverless/compile_parts.h"

namespace dew::serverless {

namespace {

json::Object log_arn(std::string_view pattern, std::string_view tail) {
  return {{"Fn::Sub", fmt::format("arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}"
                                  "}:log-group:/aws/lambda/{}{}",
                                  pattern, tail)}};
}

struct LogResources {
  json::Array create;
  json::Array put;
  json::Array denied;
};

// Functions named service-stage-* share one pattern; others are listed one by one.
LogResources log_resources(const Service& service) {
  LogResources out;
  const std::string prefix = fmt::format("{}-{}", service.name, service.stage);
  bool shared = false;
  for (const auto& [key, function] : service.functions()) {
    const std::string name = service.function_name(key);
    const Node* no_logs = function->find("disableLogs");
    const bool silent = no_logs && no_logs->boolean;
    if (name.starts_with(prefix)) {
      if (silent) {
        out.denied.push_back(log_arn(name, ":*"));
      } else {
        shared = true;
      }
    } else if (!silent) {
      out.create.push_back(log_arn(name, ":*"));
      out.put.push_back(log_arn(name, ":*:*"));
    }
  }
  if (shared) {
    out.create.push_back(log_arn(prefix, "*:*"));
    out.put.push_back(log_arn(prefix, "*:*:*"));
  } else {
    out.denied.clear();
  }
  return out;
}

bool uses_own_role(const Service& service) {
  const Node* role = service.at("provider.iam.role");
  if (role && (role->is_string() ||
               (role->entries.size() == 1 && role->entries[0].key.starts_with("Fn::"))))
    return true;
  if (service.at("provider.role")) return true;
  const auto functions = service.functions();
  return std::all_of(functions.begin(), functions.end(),
                     [](const auto& pair) { return pair.second->find("role") != nullptr; });
}

json::Array statements_of(const Service& service, LogResources& logs) {
  json::Array statements{
      json::Object{{"Effect", "Allow"},
                   {"Action",
                    json::Array{"logs:CreateLogStream", "logs:CreateLogGroup", "logs:TagResource"}},
                   {"Resource", std::move(logs.create)}},
      json::Object{{"Effect", "Allow"},
                   {"Action", json::Array{"logs:PutLogEvents"}},
                   {"Resource", std::move(logs.put)}}};
  if (!logs.denied.empty()) {
    statements.push_back(json::Object{
        {"Effect", "Deny"}, {"Action", "logs:PutLogEvents"}, {"Resource", std::move(logs.denied)}});
  }
  const Node* own = service.at("provider.iam.role.statements");
  if (!own) own = service.at("provider.iamRoleStatements");
  if (own) {
    for (const auto& statement : own->items) statements.push_back(to_json(statement));
  }
  return statements;
}

}  // namespace

// docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
Result<void> compile_role(Compilation& out) {
  const Service& service = out.service;
  if (service.functions().empty() || uses_own_role(service)) return {};
  const Node* role = service.at("provider.iam.role");
  const auto option = [&](std::string_view key) {
    return role && role->is_map() ? role->find(key) : nullptr;
  };
  LogResources logs = log_resources(service);
  json::Object policy{
      {"PolicyName", join("-", {json::Value(service.name), json::Value(service.stage), "lambda"})},
      {"PolicyDocument",
       json::Object{{"Version", "2012-10-17"}, {"Statement", statements_of(service, logs)}}}};
  json::Object trust{{"Effect", "Allow"},
                     {"Principal", json::Object{{"Service", json::Array{"lambda.amazonaws.com"}}}},
                     {"Action", json::Array{"sts:AssumeRole"}}};
  json::Object properties{
      {"AssumeRolePolicyDocument",
       json::Object{{"Version", "2012-10-17"}, {"Statement", json::Array{std::move(trust)}}}},
      {"Policies", json::Array{std::move(policy)}},
      {"Path", option("path") ? option("path")->text : "/"}};
  if (const Node* name = option("name")) {
    properties["RoleName"] = name->text;
  } else {
    properties["RoleName"] = join("-", {json::Value(service.name), json::Value(service.stage),
                                        ref_to("AWS::Region"), "lambdaRole"});
  }
  if (const Node* tags = option("tags")) properties["Tags"] = tags_of(tags);
  const Node* boundary =
      option("permissionsBoundary") ? option("permissionsBoundary") : option("permissionBoundary");
  if (!boundary) boundary = service.at("provider.rolePermissionsBoundary");
  if (boundary) properties["PermissionsBoundary"] = to_json(*boundary);
  const Node* managed = option("managedPolicies") ? option("managedPolicies")
                                                  : service.at("provider.iamManagedPolicies");
  if (managed && !managed->items.empty()) properties["ManagedPolicyArns"] = to_json(*managed);
  out.resources["IamRoleLambdaExecution"] =
      json::Object{{"Type", "AWS::IAM::Role"}, {"Properties", std::move(properties)}};
  return {};
}

}  // namespace dew::serverless
