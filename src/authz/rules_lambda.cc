// docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
#include "authz/rule.h"

namespace dew::authz {

namespace {

constexpr std::string_view kService = "lambda.amazonaws.com";

// "name", "name:qualifier", "account:function:name", or an ARN; with the Qualifier member.
void name_function(const Scope& scope, Check& check, bool qualified) {
  const auto given = scope.text("FunctionName");
  check.policy = ResourcePolicyKind::kFunction;
  if (given.starts_with("arn:")) {
    check.resource = given;
  } else {
    append_arn(scope, "lambda", check.resource);
    check.resource += "function:";
    const auto at = given.find(":function:");
    check.resource += at == given.npos ? given : given.substr(at + 10);
  }
  // arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]
  size_t colons = 0;
  size_t end = check.resource.size();
  for (size_t i = 0; i < check.resource.size(); ++i) {
    if (check.resource[i] == ':' && ++colons == 7) end = i;
  }
  const auto qualifier = scope.text("Qualifier");
  if (!qualified) {
    check.resource.resize(end);
  } else if (!qualifier.empty() && end == check.resource.size()) {
    check.resource.append(":").append(qualifier);
  }
}

void function(const Scope& scope, Check& check) { name_function(scope, check, false); }
void qualified(const Scope& scope, Check& check) { name_function(scope, check, true); }
void tagged(const Scope& scope, Check& check) { check.resource = scope.text("Resource"); }

// "name" or an ARN; with the version where the request has one.
void layer(const Scope& scope, Check& check) {
  const auto given = scope.text("LayerName");
  if (given.starts_with("arn:")) {
    check.resource = given;
  } else {
    append_arn(scope, "lambda", check.resource);
    check.resource.append("layer:").append(given);
  }
}
void layer_version(const Scope& scope, Check& check) {
  layer(scope, check);
  if (const auto number = json::int_at(scope.input(), "VersionNumber"))
    check.resource.append(":").append(std::to_string(*number));
}
void layer_version_arn(const Scope& scope, Check& check) { check.resource = scope.text("Arn"); }

// Whoever configures a function needs to be able to read its layers.
// docs.aws.amazon.com/lambda/latest/dg/permissions-user-function.html
void read_layers(const Scope& scope, Checks& checks) {
  const auto* layers = json::array_at(scope.input(), "Layers");
  if (layers == nullptr) return;
  for (const auto& each : *layers) {
    if (each.is_string()) checks.add("lambda:GetLayerVersion").resource = json::str(each);
  }
}

// lambda:Layer of CreateFunction and UpdateFunctionConfiguration
bool function_keys(const Scope& scope, const Check&, std::string_view key, policy::Values& out) {
  if (key != "lambda:layer") return false;
  const auto* layers = json::array_at(scope.input(), "Layers");
  if (layers == nullptr || layers->empty()) return false;
  for (const auto& each : *layers) {
    if (each.is_string()) out.emplace_back(std::string_view(each.as_string()));
  }
  return true;
}

void create(const Scope& scope, Checks& checks) {
  read_layers(scope, checks);
  pass_role(scope, checks, scope.text("Role"), kService);
  if (const auto* tags = json::object_at(scope.input(), "Tags"); tags && !tags->empty()) {
    function(scope, checks.add("lambda:TagResource"));
  }
}

void configure(const Scope& scope, Checks& checks) {
  read_layers(scope, checks);
  pass_role(scope, checks, scope.text("Role"), kService);
}

bool permission_keys(const Scope& scope, const Check&, std::string_view key, policy::Values& out) {
  if (key != "lambda:principal") return false;
  const auto principal = scope.text("Principal");
  if (principal.empty()) return false;
  out.emplace_back(principal);
  return true;
}

}  // namespace

std::vector<Rule> lambda_rules() {
  return {
      {"AddLayerVersionPermission", "lambda:AddLayerVersionPermission", layer_version},
      {"AddPermission", "lambda:AddPermission", qualified, permission_keys},
      {"CreateAlias", "lambda:CreateAlias", function},
      {"CreateFunction", "lambda:CreateFunction", function, function_keys, create},
      {"DeleteAlias", "lambda:DeleteAlias", function},
      {"DeleteFunction", "lambda:DeleteFunction", qualified},
      {"DeleteFunctionConcurrency", "lambda:DeleteFunctionConcurrency", function},
      {"DeleteFunctionEventInvokeConfig", "lambda:DeleteFunctionEventInvokeConfig", qualified},
      {"DeleteLayerVersion", "lambda:DeleteLayerVersion", layer_version},
      {"GetAccountSettings", "lambda:GetAccountSettings", any_resource},
      {"GetAlias", "lambda:GetAlias", function},
      {"GetFunction", "lambda:GetFunction", qualified},
      {"GetFunctionConcurrency", "lambda:GetFunctionConcurrency", function},
      {"GetFunctionConfiguration", "lambda:GetFunctionConfiguration", qualified},
      {"GetFunctionEventInvokeConfig", "lambda:GetFunctionEventInvokeConfig", qualified},
      {"GetLayerVersion", "lambda:GetLayerVersion", layer_version},
      {"GetLayerVersionByArn", "lambda:GetLayerVersion", layer_version_arn},
      {"GetLayerVersionPolicy", "lambda:GetLayerVersionPolicy", layer_version},
      {"GetPolicy", "lambda:GetPolicy", qualified},
      {"Invoke", "lambda:InvokeFunction", qualified},
      {"InvokeAsync", "lambda:InvokeAsync", qualified},
      {"ListAliases", "lambda:ListAliases", function},
      {"ListFunctions", "lambda:ListFunctions", any_resource},
      {"ListLayerVersions", "lambda:ListLayerVersions", layer},
      {"ListLayers", "lambda:ListLayers", any_resource},
      {"ListTags", "lambda:ListTags", tagged},
      {"ListVersionsByFunction", "lambda:ListVersionsByFunction", function},
      {"PublishLayerVersion", "lambda:PublishLayerVersion", layer},
      {"PublishVersion", "lambda:PublishVersion", function},
      {"PutFunctionConcurrency", "lambda:PutFunctionConcurrency", function},
      {"PutProvisionedConcurrencyConfig", "lambda:PutProvisionedConcurrencyConfig", qualified},
      {"GetProvisionedConcurrencyConfig", "lambda:GetProvisionedConcurrencyConfig", qualified},
      {"DeleteProvisionedConcurrencyConfig", "lambda:DeleteProvisionedConcurrencyConfig",
       qualified},
      {"ListProvisionedConcurrencyConfigs", "lambda:ListProvisionedConcurrencyConfigs", function},
      {"PutFunctionEventInvokeConfig", "lambda:PutFunctionEventInvokeConfig", qualified},
      {"RemoveLayerVersionPermission", "lambda:RemoveLayerVersionPermission", layer_version},
      {"RemovePermission", "lambda:RemovePermission", qualified},
      {"TagResource", "lambda:TagResource", tagged},
      {"UntagResource", "lambda:UntagResource", tagged},
      {"UpdateAlias", "lambda:UpdateAlias", function},
      {"UpdateFunctionCode", "lambda:UpdateFunctionCode", function},
      {"UpdateFunctionConfiguration", "lambda:UpdateFunctionConfiguration", function, function_keys,
       configure},
      {"UpdateFunctionEventInvokeConfig", "lambda:UpdateFunctionEventInvokeConfig", qualified},
  };
}

}  // namespace dew::authz
