#include <gmock/gmock.h>

#include "services/apigateway/template.h"
#include "services/apigateway/test_support.h"

namespace dew::apigateway {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class ControlPlaneTest : public ServiceTest {
 protected:
  json::Object at(const std::string& path, const std::string& verb) {
    return {{"restApiId", api_id}, {"resourceId", resource(path)}, {"httpMethod", verb}};
  }
  json::Array patch(const std::string& op, const std::string& path, const std::string& value) {
    return {json::Object{{"op", op}, {"path", path}, {"value", value}}};
  }
};

TEST_F(ControlPlaneTest, KeepsRestApis) {
  make_api({{"description", "d"}, {"tags", json::Object{{"a", "b"}}}});
  EXPECT_THAT(api_id, MatchesRegex("[a-z0-9]{10}"));
  const auto api = ok("GetRestApi", {{"restApiId", api_id}});
  EXPECT_EQ(json::dump(api.at("endpointConfiguration")), R"({"types":["EDGE"]})");
  EXPECT_EQ(json::string_or(api, "rootResourceId"), ids["/"]);
  EXPECT_EQ(error("GetRestApi", {{"restApiId", "nope"}}),
            "NotFoundException: Invalid API identifier specified 000000000000:nope");
  auto changed =
      ok("UpdateRestApi", {{"restApiId", api_id},
                           {"patchOperations", patch("add", "/binaryMediaTypes/image~1png", "")}});
  EXPECT_EQ(json::dump(changed.at("binaryMediaTypes")), R"(["image/png"])");
  changed =
      ok("UpdateRestApi",
         {{"restApiId", api_id},
          {"patchOperations", patch("replace", "/endpointConfiguration/types/EDGE", "REGIONAL")}});
  EXPECT_EQ(json::dump(changed.at("endpointConfiguration")), R"({"types":["REGIONAL"]})");
  EXPECT_EQ(
      error("UpdateRestApi", {{"restApiId", api_id},
                              {"patchOperations", patch("replace", "/binaryMediaTypes", "x")}}),
      "BadRequestException: Invalid patch path /binaryMediaTypes");
  EXPECT_THAT(error("UpdateRestApi", {{"restApiId", api_id},
                                      {"patchOperations", patch("replace", "/policy", "{}")}}),
              HasSubstr("policy"));
  EXPECT_THAT(error("CreateRestApi", {{"name", "x"}, {"minimumCompressionSize", 1}}),
              HasSubstr("minimumCompressionSize"));
  ok("DeleteRestApi", {{"restApiId", api_id}});
  EXPECT_EQ(error("DeleteRestApi", {{"restApiId", api_id}}).substr(0, 17), "NotFoundException");
  for (auto cursor = store->cursor("", ""); cursor->valid(); cursor->next())
    ADD_FAILURE() << "left behind: " << cursor->key();
}

TEST_F(ControlPlaneTest, PagesLists) {
  for (int i = 0; i < 5; ++i) make_api();
  std::vector<std::string> seen;
  json::Object input{{"limit", 2}};
  while (true) {
    const auto page = ok("GetRestApis", input);
    for (const auto& api : page.at("items").as_array()) seen.push_back(json::str(api.at("id")));
    if (!page.contains("position")) break;
    input["position"] = page.at("position");
  }
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST_F(ControlPlaneTest, GuardsTheResourceTree) {
  make_api();
  resource("/users/{id}/photo");
  const auto add = [&](const std::string& parent, const std::string& part) {
    return error("CreateResource",
                 {{"restApiId", api_id}, {"parentId", resource(parent)}, {"pathPart", part}});
  };
  EXPECT_EQ(
      add("/", "users"),
      "ConflictException: Another resource with the same parent already has this name: users");
  EXPECT_EQ(add("/users", "{other}"),
            "BadRequestException: A sibling ({id}) of this resource already has a variable path "
            "part -- only one is allowed");
  EXPECT_EQ(add("/users", "a b").substr(0, 19), "BadRequestException");
  EXPECT_EQ(add("/users", "{}").substr(0, 19), "BadRequestException");
  resource("/files/{path+}");
  EXPECT_EQ(add("/files/{path+}", "x"),
            "BadRequestException: Cannot create a child of a resource with a greedy path variable: "
            "{path+}");
  EXPECT_EQ(
      error("CreateResource", {{"restApiId", api_id}, {"parentId", "nope"}, {"pathPart", "x"}}),
      "NotFoundException: Invalid Resource identifier specified");

  const auto update = [&](const std::string& path, const std::string& where,
                          const std::string& value) {
    return error("UpdateResource", {{"restApiId", api_id},
                                    {"resourceId", resource(path)},
                                    {"patchOperations", patch("replace", where, value)}});
  };
  EXPECT_EQ(update("/", "/pathPart", "x"),
            "BadRequestException: Root resource cannot update its pathPart.");
  EXPECT_EQ(update("/users", "/parentId", ids["/users/{id}"]),
            "BadRequestException: Resources cannot be cyclical.");
  EXPECT_EQ(update("/users", "/invalid", "x"),
            "BadRequestException: Invalid patch path  '/invalid' specified for op 'replace'. Must "
            "be one of: [/parentId, /pathPart]");
  EXPECT_EQ(update("/users", "/pathPart", "people"), "none");
  const auto moved =
      ok("GetResource", {{"restApiId", api_id}, {"resourceId", ids["/users/{id}/photo"]}});
  EXPECT_EQ(json::string_or(moved, "path"), "/people/{id}/photo");
  ok("DeleteResource", {{"restApiId", api_id}, {"resourceId", ids["/users"]}});
  EXPECT_EQ(ok("GetResources", {{"restApiId", api_id}}).at("items").as_array().size(), 3U);
}

TEST_F(ControlPlaneTest, EmbedsMethodsOnRequest) {
  make_api();
  proxy("/a", "GET");
  const auto methods = [&](json::Object input) {
    input["restApiId"] = api_id;
    input["resourceId"] = ids["/a"];
    return ok("GetResource", std::move(input)).at("resourceMethods").at("GET").as_object();
  };
  EXPECT_TRUE(methods({}).empty());
  EXPECT_EQ(
      json::str(methods({{"embed", json::Array{"methods"}}}).at("methodIntegration").at("type")),
      "AWS_PROXY");
}

TEST_F(ControlPlaneTest, RefusesByNameWhatItDoesNotHonour) {
  make_api();
  const auto method_error = [&](json::Object more) {
    auto input = at("/", "GET");
    input["authorizationType"] = "NONE";
    for (auto& one : more) input[one.key()] = one.value();
    return error("PutMethod", std::move(input));
  };
  EXPECT_THAT(method_error({{"authorizationType", "CUSTOM"}, {"authorizerId", "x"}}),
              HasSubstr("Invalid authorizer ID specified"));
  EXPECT_THAT(method_error({{"authorizationType", "COGNITO_USER_POOLS"}, {"authorizerId", "x"}}),
              HasSubstr("COGNITO_USER_POOLS"));
  EXPECT_EQ(method_error({{"requestValidatorId", "x"}}),
            "BadRequestException: Invalid Request Validator identifier specified");
  EXPECT_EQ(method_error({{"requestModels", json::Object{{"application/json", "Pet"}}}}),
            "BadRequestException: Invalid model identifier specified: Pet");
  EXPECT_THAT(method_error({{"httpMethod", "FETCH"}}), HasSubstr("Invalid HttpMethod specified"));
  EXPECT_EQ(method_error({}), "none");
  EXPECT_EQ(method_error({}), "ConflictException: Method already exists for this resource");

  const auto integration_error = [&](json::Object more) {
    auto input = at("/", "GET");
    input["type"] = "AWS_PROXY";
    input["integrationHttpMethod"] = "POST";
    input["uri"] = uri("f");
    for (auto& one : more) input[one.key()] = one.value();
    return error("PutIntegration", std::move(input));
  };
  EXPECT_THAT(integration_error({{"type", "AWS"}}), HasSubstr("integrations of type AWS"));
  EXPECT_THAT(integration_error({{"credentials", "arn:aws:iam::0:role/x"}}),
              HasSubstr("credentials"));
  EXPECT_THAT(integration_error({{"connectionType", "VPC_LINK"}}), HasSubstr("VPC"));
  EXPECT_THAT(integration_error({{"timeoutInMillis", 30000}}),
              HasSubstr("Timeout should be between 50 ms and 29000 ms"));
  EXPECT_EQ(integration_error({{"uri", "http://x"}}),
            "BadRequestException: Invalid ARN specified in the request");
  EXPECT_EQ(integration_error({{"uri", "arn:aws:apigateway:us-east-1:lambda:other"}}),
            "BadRequestException: AWS ARN for integration must contain path or action");
  EXPECT_THAT(integration_error({{"uri", "arn:aws:apigateway:us-east-1:s3:path/x"}}),
              HasSubstr("currently only supports Lambda function"));
  EXPECT_EQ(integration_error({{"integrationHttpMethod", ""}}),
            "BadRequestException: Enumeration value for HttpMethod must be non-empty");
  EXPECT_THAT(integration_error(
                  {{"requestParameters", json::Object{{"integration.request.header.x", "'y'"}}}}),
              HasSubstr("requestParameters"));
  EXPECT_THAT(integration_error({{"type", "MOCK"},
                                 {"requestTemplates",
                                  json::Object{{"application/json", "#foreach($x in $y)#end"}}}}),
              HasSubstr("#foreach"));
  EXPECT_EQ(integration_error({}), "none");
  EXPECT_THAT(error("CreateDeployment",
                    {{"restApiId", api_id}, {"stageName", "dev"}, {"cacheClusterEnabled", true}}),
              HasSubstr("cacheClusterEnabled"));
}

TEST_F(ControlPlaneTest, ChecksDeploymentsAndStages) {
  make_api();
  EXPECT_EQ(error("CreateDeployment", {{"restApiId", api_id}}),
            "BadRequestException: The REST API doesn't contain any methods");
  method("/", "GET");
  EXPECT_EQ(error("CreateDeployment", {{"restApiId", api_id}}),
            "BadRequestException: No integration defined for method");
  proxy("/a", "GET");
  ok("DeleteMethod", at("/", "GET"));
  deploy();
  const auto id = json::string_or(ok("GetStage", {{"restApiId", api_id}, {"stageName", "dev"}}),
                                  "deploymentId");
  EXPECT_EQ(
      error("DeleteDeployment", {{"restApiId", api_id}, {"deploymentId", id}}),
      "BadRequestException: Active stages pointing to this deployment must be moved or deleted");
  EXPECT_EQ(
      error("CreateStage", {{"restApiId", api_id}, {"stageName", "dev"}, {"deploymentId", id}}),
      "ConflictException: Stage already exists");
  EXPECT_EQ(
      error("CreateStage", {{"restApiId", api_id}, {"stageName", "x"}, {"deploymentId", "nope"}}),
      "BadRequestException: Deployment id does not exist");
  EXPECT_EQ(
      error("CreateStage", {{"restApiId", api_id}, {"stageName", "a b"}, {"deploymentId", id}})
          .substr(0, 19),
      "BadRequestException");
  const auto summary =
      ok("GetDeployment",
         {{"restApiId", api_id}, {"deploymentId", id}, {"embed", json::Array{"apisummary"}}});
  EXPECT_EQ(json::dump(summary.at("apiSummary")),
            R"({"/a":{"GET":{"authorizationType":"NONE","apiKeyRequired":false}}})");
  const auto stage =
      ok("UpdateStage", {{"restApiId", api_id},
                         {"stageName", "dev"},
                         {"patchOperations", patch("replace", "/*/*/logging/loglevel", "INFO")}});
  EXPECT_EQ(json::str(stage.at("methodSettings").at("*/*").at("loggingLevel")), "INFO");
  const auto measured =
      ok("UpdateStage", {{"restApiId", api_id},
                         {"stageName", "dev"},
                         {"patchOperations", patch("replace", "/*/*/metrics/enabled", "true")}});
  EXPECT_EQ(measured.at("methodSettings").at("*/*").at("metricsEnabled"), true);
  EXPECT_THAT(error("UpdateStage",
                    {{"restApiId", api_id},
                     {"stageName", "dev"},
                     {"patchOperations", patch("replace", "/canarySettings/percentTraffic", "1")}}),
              HasSubstr("canarySettings"));
}

TEST_F(ControlPlaneTest, ChecksResponses) {
  make_api();
  proxy("/", "GET");
  auto response = at("/", "GET");
  response["statusCode"] = "200";
  EXPECT_EQ(error("PutIntegrationResponse", response),
            "NotFoundException: Invalid Response status code specified");
  ok("PutMethodResponse", response);
  EXPECT_EQ(error("PutMethodResponse", response),
            "ConflictException: Response already exists for this resource");
  auto mapped = response;
  mapped["responseParameters"] = json::Object{{"method.response.header.X", "'x'"}};
  EXPECT_THAT(error("PutIntegrationResponse", mapped), HasSubstr("responseParameters"));
  ok("PutIntegrationResponse", response);
  EXPECT_EQ(error("DeleteGatewayResponse", {{"restApiId", api_id}, {"responseType", "THROTTLED"}}),
            "NotFoundException: Gateway response type not defined on api");
  EXPECT_EQ(ok("GetGatewayResponses", {{"restApiId", api_id}}).at("items").as_array().size(), 21U);
}

TEST(TemplateTest, RendersWhatItUnderstandsAndNamesWhatItDoesNot) {
  const auto render = [](std::string_view text) {
    TemplateScope scope;
    scope.parameter = [](std::string_view name) {
      return name == "a" ? std::string("1") : std::string();
    };
    scope.context = [](std::string_view name) { return "<" + std::string(name) + ">"; };
    const auto compiled = Template::compile(text);
    return compiled ? compiled->render(scope).text : "error: " + compiled.error().message;
  };
  EXPECT_EQ(render("plain $5 # text"), "plain $5 # text");
  EXPECT_EQ(render("$input.params('a')$context.stage ${context.path}x $nothing$!nothing"),
            "1<stage> <path>x $nothing");
  EXPECT_EQ(render("#set($x = \"y\")\n$x"), "y");
  EXPECT_EQ(
      render("#if($input.params('a') == \"1\" && !($input.params('b') != ''))yes#{else}no#end")
          .substr(0, 6),
      "error:");
  EXPECT_EQ(render("#if($input.params('a') == '1')yes#else no#end"), "yes");
  EXPECT_EQ(render("#if($input.params('a') == "
                   "'2')1#elseif($input.params('a').matches('[0-9]+'))2#end## note"),
            "2");
  EXPECT_THAT(render("#foreach($a in $b)#end"), HasSubstr("#foreach"));
  EXPECT_THAT(render("$util.escapeJavaScript('x')"), HasSubstr("$util.escapeJavaScript()"));
  EXPECT_THAT(render("$input.json('$')"), HasSubstr("$input.json()"));
  EXPECT_THAT(render("$context.authorizer.claims"), HasSubstr("$context.authorizer.claims"));
  EXPECT_THAT(render("#if($a"), HasSubstr("expected"));
  EXPECT_THAT(render("#end"), HasSubstr("without #if"));
}

}  // namespace
}  // namespace dew::apigateway
