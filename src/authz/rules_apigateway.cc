// API Gateway's actions are HTTP methods on paths, so that the API's own model is the table.
// docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-iam-policy-examples.html
// docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
#include "authz/rule.h"
#include "aws/model.h"
#include "base/encoding.h"

namespace dew::authz {

namespace {

constexpr std::string_view kService = "apigateway.amazonaws.com";

std::string_view action_of(std::string_view method) {
  if (method == "GET") return "apigateway:GET";
  if (method == "POST") return "apigateway:POST";
  if (method == "PUT") return "apigateway:PUT";
  if (method == "PATCH") return "apigateway:PATCH";
  return "apigateway:DELETE";
}

void request(const Scope& scope, Checks& checks) {
  const auto* model = aws::service_model("apigateway");
  const auto* operation = model ? model->operation(scope.call.operation) : nullptr;
  auto& check = checks.add(operation ? action_of(operation->method) : "apigateway:*");
  check.resource.append("arn:aws:apigateway:").append(scope.call.region).append("::");
  if (operation == nullptr) return;
  for (const auto& segment : operation->uri.segments) {
    check.resource += '/';
    if (segment.kind == aws::UriTemplate::Segment::Kind::kLiteral) {
      check.resource += segment.text;
      continue;
    }
    for (const auto& member : operation->input.shape->members) {
      if (member.location != aws::Location::kUri || member.wire_name != segment.text) continue;
      check.resource += url_encode(scope.text(member.name));
    }
  }
}

void put_integration(const Scope& scope, Checks& checks) {
  request(scope, checks);
  pass_role(scope, checks, scope.text("credentials"), kService);
}

void update_account(const Scope& scope, Checks& checks) {
  request(scope, checks);
  const auto* patches = json::array_at(scope.input(), "patchOperations");
  if (patches == nullptr) return;
  for (const auto& patch : *patches) {
    if (!patch.is_object()) continue;
    const auto path = json::string_at(patch.as_object(), "path");
    const auto value = json::string_at(patch.as_object(), "value");
    if (path && value && *path == "/cloudwatchRoleArn") {
      pass_role(scope, checks, *value, kService);
    }
  }
}

}  // namespace

std::vector<Rule> apigateway_rules() {
  std::vector<Rule> out;
  for (const auto* name : {"CreateApiKey",
                           "CreateAuthorizer",
                           "CreateBasePathMapping",
                           "CreateDeployment",
                           "CreateDomainName",
                           "CreateModel",
                           "CreateRequestValidator",
                           "CreateResource",
                           "CreateRestApi",
                           "CreateStage",
                           "CreateUsagePlan",
                           "CreateUsagePlanKey",
                           "DeleteApiKey",
                           "DeleteAuthorizer",
                           "DeleteDeployment",
                           "DeleteGatewayResponse",
                           "DeleteIntegration",
                           "DeleteIntegrationResponse",
                           "DeleteMethod",
                           "DeleteMethodResponse",
                           "DeleteModel",
                           "DeleteRequestValidator",
                           "DeleteResource",
                           "DeleteRestApi",
                           "DeleteStage",
                           "DeleteUsagePlan",
                           "DeleteUsagePlanKey",
                           "FlushStageAuthorizersCache",
                           "FlushStageCache",
                           "GetAccount",
                           "GetApiKey",
                           "GetApiKeys",
                           "GetAuthorizer",
                           "GetAuthorizers",
                           "GetDeployment",
                           "GetDeployments",
                           "GetExport",
                           "GetGatewayResponse",
                           "GetGatewayResponses",
                           "GetIntegration",
                           "GetIntegrationResponse",
                           "GetMethod",
                           "GetMethodResponse",
                           "GetModel",
                           "GetModels",
                           "GetRequestValidator",
                           "GetRequestValidators",
                           "GetResource",
                           "GetResources",
                           "GetRestApi",
                           "GetRestApis",
                           "GetStage",
                           "GetStages",
                           "GetTags",
                           "GetUsage",
                           "GetUsagePlan",
                           "GetUsagePlanKey",
                           "GetUsagePlanKeys",
                           "GetUsagePlans",
                           "ImportRestApi",
                           "PutGatewayResponse",
                           "PutIntegrationResponse",
                           "PutMethod",
                           "PutMethodResponse",
                           "PutRestApi",
                           "TagResource",
                           "TestInvokeAuthorizer",
                           "TestInvokeMethod",
                           "UntagResource",
                           "UpdateApiKey",
                           "UpdateAuthorizer",
                           "UpdateDeployment",
                           "UpdateGatewayResponse",
                           "UpdateIntegration",
                           "UpdateIntegrationResponse",
                           "UpdateMethod",
                           "UpdateMethodResponse",
                           "UpdateModel",
                           "UpdateRequestValidator",
                           "UpdateResource",
                           "UpdateRestApi",
                           "UpdateStage",
                           "UpdateUsage",
                           "UpdateUsagePlan"}) {
    out.push_back({.operation = name, .action = "", .more = request});
  }
  out.push_back({.operation = "PutIntegration", .action = "", .more = put_integration});
  out.push_back({.operation = "UpdateAccount", .action = "", .more = update_account});
  return out;
}

}  // namespace dew::authz
