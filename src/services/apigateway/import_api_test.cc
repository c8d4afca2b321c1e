// APIs from definitions: what is made of them, what is refused, and that they then answer.
#include <gmock/gmock.h>

#include "services/apigateway/definition_text.h"
#include "services/apigateway/test_support.h"

namespace dew::apigateway {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string lambda_uri(const std::string& function) {
  return "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
         "arn:aws:lambda:us-east-1:000000000000:function:" +
         function + "/invocations";
}

// Every extension that is honoured, as Swagger 2.0.
std::string swagger() {
  return R"(
swagger: "2.0"
info: {title: pets, description: about pets, version: 1}
basePath: /v1/store
consumes: [application/json]
x-amazon-apigateway-api-key-source: HEADER
x-amazon-apigateway-binary-media-types: [image/png]
x-amazon-apigateway-request-validators:
  all: {validateRequestBody: true, validateRequestParameters: true}
  body: {validateRequestBody: true, validateRequestParameters: false}
x-amazon-apigateway-request-validator: body
x-amazon-apigateway-gateway-responses:
  DEFAULT_4XX:
    statusCode: 418
    responseParameters: {gatewayresponse.header.X-Why: "'no'"}
    responseTemplates: {application/json: '{"why":$context.error.messageString}'}
securityDefinitions:
  sigv4: {type: apiKey, name: Authorization, in: header, x-amazon-apigateway-authtype: awsSigv4}
  api_key: {type: apiKey, name: x-api-key, in: header}
  token:
    type: apiKey
    name: X-Token
    in: header
    x-amazon-apigateway-authtype: custom
    x-amazon-apigateway-authorizer: {type: token, authorizerUri: ")" +
         lambda_uri("auth") + R"(", authorizerResultTtlInSeconds: 0}
tags:
  - {name: team, x-amazon-apigateway-tag-value: red}
definitions:
  Pet: {type: object, required: [name], properties: {name: {type: string}, owner: {$ref: "#/definitions/Owner"}}}
  Owner: {type: object, properties: {age: {type: integer}}}
parameters:
  limit: {name: limit, in: query, type: integer, required: true}
paths:
  /pets:
    get:
      operationId: listPets
      x-amazon-apigateway-request-validator: all
      parameters: [{$ref: "#/parameters/limit"}, {name: X-Trace, in: header, type: string}]
      responses:
        200: {description: ok, headers: {X-Total: {type: integer}}, schema: {type: array, items: {$ref: "#/definitions/Pet"}}}
        default: {description: whatever}
      x-amazon-apigateway-integration:
        type: aws_proxy
        httpMethod: post
        uri: ")" +
         lambda_uri("list") + R"("
        passthroughBehavior: when_no_match
        responses: {default: {statusCode: 200}}
    post:
      parameters: [{name: body, in: body, schema: {$ref: "#/definitions/Pet"}}]
      security: [{api_key: []}]
      responses: {201: {description: made}}
      x-amazon-apigateway-integration: {type: aws_proxy, httpMethod: POST, uri: ")" +
         lambda_uri("make") + R"("}
    options:
      responses:
        200: {description: ok, headers: {Access-Control-Allow-Origin: {type: string}}}
      x-amazon-apigateway-integration:
        type: mock
        requestTemplates: {application/json: '{"statusCode":200}'}
        responses:
          default:
            statusCode: 200
            responseParameters: {method.response.header.Access-Control-Allow-Origin: "'*'"}
            responseTemplates: {application/json: '{"mock":true}'}
  /pets/{id}:
    parameters: [{name: id, in: path, type: string, required: true}]
    get:
      security: [{token: []}]
      x-amazon-apigateway-integration: {type: aws_proxy, httpMethod: POST, uri: ")" +
         lambda_uri("one") + R"("}
    delete:
      security: [{sigv4: []}]
      x-amazon-apigateway-integration: {type: aws_proxy, httpMethod: POST, uri: ")" +
         lambda_uri("one") + R"("}
  /files/{proxy+}:
    x-amazon-apigateway-any-method:
      x-amazon-apigateway-integration: {type: aws_proxy, httpMethod: POST, uri: ")" +
         lambda_uri("files") + R"("}
)";
}

std::string small(const std::string& method, const std::string& more = "") {
  return R"({"openapi":"3.0.1","info":{"title":"a","version":"1"},)" + more +
         R"("paths":{"/p":{"get":{)" + method + "}}}}";
}

class ImportTest : public ServiceTest {
 protected:
  json::Object imported(const std::string& body, json::Object options = {}) {
    options["body"] = body;
    auto api = ok("ImportRestApi", std::move(options));
    api_id = json::string_or(api, "id");
    find_resources();
    return api;
  }
  void find_resources() {
    ids.clear();
    const auto all = ok("GetResources", {{"restApiId", api_id}, {"limit", 500}});
    for (const auto& one : all.at("items").as_array())
      ids[json::str(one.at("path"))] = json::str(one.at("id"));
  }
  json::Object put(const std::string& body, const std::string& mode) {
    auto api = ok("PutRestApi", {{"restApiId", api_id}, {"mode", mode}, {"body", body}});
    find_resources();
    return api;
  }
  json::Object method_at(const std::string& path, const std::string& verb) {
    return ok("GetMethod",
              {{"restApiId", api_id}, {"resourceId", ids.at(path)}, {"httpMethod", verb}});
  }
  std::vector<std::string> paths() const {
    std::vector<std::string> out;
    for (const auto& [path, id] : ids) out.push_back(path);
    return out;
  }
  std::vector<std::string> names(const std::string& operation) {
    std::vector<std::string> out;
    const auto all = ok(operation, {{"restApiId", api_id}});
    for (const auto& one : all.at("items").as_array()) out.push_back(json::str(one.at("name")));
    std::ranges::sort(out);
    return out;
  }
  std::string refused(const std::string& body, json::Object options = {}) {
    options["body"] = body;
    const auto apis = [&] {
      return ok("GetRestApis", {{"limit", 500}}).at("items").as_array().size();
    };
    const size_t before = apis();
    auto out = error("ImportRestApi", std::move(options));
    EXPECT_EQ(apis(), before);  // nothing of it is there
    return out;
  }
};

TEST_F(ImportTest, MakesAllThatADefinitionSays) {
  const auto api = imported(swagger());
  EXPECT_EQ(json::string_or(api, "name"), "pets");
  EXPECT_EQ(json::string_or(api, "description"), "about pets");
  EXPECT_EQ(json::string_or(api, "version"), "1");
  EXPECT_EQ(json::dump(api.at("binaryMediaTypes")), R"(["image/png"])");
  EXPECT_EQ(json::dump(api.at("tags")), R"({"team":"red"})");
  EXPECT_EQ(json::dump(api.at("endpointConfiguration")), R"({"types":["EDGE"]})");
  ASSERT_EQ(api.at("warnings").as_array().size(), 1u);
  EXPECT_THAT(json::str(api.at("warnings").at(0)), HasSubstr("'default' of GET /pets"));
  EXPECT_EQ(paths(),
            (std::vector<std::string>{"/", "/files", "/files/{proxy+}", "/pets", "/pets/{id}"}));
  EXPECT_EQ(names("GetRequestValidators"), (std::vector<std::string>{"all", "body"}));
  EXPECT_EQ(names("GetAuthorizers"), (std::vector<std::string>{"token"}));

  const auto list = method_at("/pets", "GET");
  EXPECT_EQ(json::string_or(list, "operationName"), "listPets");
  EXPECT_EQ(json::string_or(list, "authorizationType"), "NONE");
  EXPECT_EQ(json::dump(list.at("requestParameters")),
            R"({"method.request.querystring.limit":true,"method.request.header.X-Trace":false})");
  EXPECT_EQ(json::dump(list.at("methodResponses").at("200").at("responseParameters")),
            R"({"method.response.header.X-Total":false})");
  EXPECT_EQ(json::string_or(list.at("methodIntegration").as_object(), "type"), "AWS_PROXY");
  EXPECT_TRUE(list.at("methodIntegration").at("integrationResponses").as_object().contains("200"));

  const auto make = method_at("/pets", "POST");
  EXPECT_EQ(json::bool_at(make, "apiKeyRequired"), true);
  EXPECT_EQ(json::dump(make.at("requestModels")), R"({"application/json":"Pet"})");
  EXPECT_NE(json::string_or(make, "requestValidatorId"),
            json::string_or(list, "requestValidatorId"));
  const auto pet = ok("GetModel", {{"restApiId", api_id}, {"modelName", "Pet"}});
  EXPECT_THAT(json::string_or(pet, "schema"), HasSubstr(api_id + "/models/Owner"));

  const auto one = method_at("/pets/{id}", "GET");
  EXPECT_EQ(json::string_or(one, "authorizationType"), "CUSTOM");
  const auto authorizer =
      ok("GetAuthorizer", {{"restApiId", api_id}, {"authorizerId", one.at("authorizerId")}});
  EXPECT_EQ(json::string_or(authorizer, "identitySource"), "method.request.header.X-Token");
  EXPECT_EQ(json::string_or(method_at("/pets/{id}", "DELETE"), "authorizationType"), "AWS_IAM");
  EXPECT_EQ(json::string_or(method_at("/files/{proxy+}", "ANY"), "httpMethod"), "ANY");
}

TEST_F(ImportTest, AnswersAsItSays) {
  imported(swagger());
  deploy();
  EXPECT_EQ(get("/dev/pets?limit=1").body, "ok");
  const auto refused = get("/dev/pets");
  EXPECT_EQ(refused.status, 418);
  EXPECT_EQ(refused.headers.get("x-why"), "no");
  EXPECT_THAT(refused.body, HasSubstr("Missing required request parameters: [limit]"));
  const auto cors = send(request("OPTIONS", "/dev/pets"));
  EXPECT_EQ(cors.status, 200);
  EXPECT_EQ(cors.headers.get("access-control-allow-origin"), "*");
  EXPECT_EQ(send(request("PUT", "/dev/files/a/b")).body, "ok");
  EXPECT_THAT(invoker.requests.back().function_arn, HasSubstr(":function:files"));
}

TEST_F(ImportTest, PlacesTheBasePath) {
  imported(swagger(), {{"parameters", json::Object{{"basepath", "prepend"}}}});
  EXPECT_TRUE(ids.contains("/v1/store/pets/{id}"));
  imported(swagger(), {{"parameters", json::Object{{"basepath", "split"}}}});
  EXPECT_TRUE(ids.contains("/store/pets/{id}"));
  EXPECT_FALSE(ids.contains("/v1"));
  const std::string servers =
      R"("servers":[{"url":"https://h.example/{basePath}","variables":{"basePath":{"default":"/x"}}}],)";
  imported(small("", servers), {{"parameters", json::Object{{"basepath", "prepend"}}}});
  EXPECT_TRUE(ids.contains("/x/p"));
  imported(small("", R"("servers":[{"url":"https://h.example/y/"}],)"),
           {{"parameters",
             json::Object{{"basepath", "prepend"}, {"endpointConfigurationTypes", "REGIONAL"}}}});
  EXPECT_TRUE(ids.contains("/y/p"));
  EXPECT_EQ(json::dump(ok("GetRestApi", {{"restApiId", api_id}}).at("endpointConfiguration")),
            R"({"types":["REGIONAL"]})");
}

TEST_F(ImportTest, ReadsBodiesOfOpenApi3) {
  imported(small(
      R"("requestBody":{"$ref":"#/components/requestBodies/B"},"responses":{"200":{"content":
         {"text/plain":{"schema":{"$ref":"#/components/schemas/S"}}}}})",
      R"("components":{"schemas":{"S":{"type":"object"}},"requestBodies":{"B":{"content":
         {"application/json":{"schema":{"type":"object","properties":{"s":{"$ref":"#/components/schemas/S"}}}}}}}},)"));
  const auto method = method_at("/p", "GET");
  const auto model = json::str(method.at("requestModels").at("application/json"));
  EXPECT_THAT(model, StartsWith("MODEL"));
  EXPECT_THAT(
      json::string_or(ok("GetModel", {{"restApiId", api_id}, {"modelName", model}}), "schema"),
      HasSubstr("/models/S"));
  EXPECT_EQ(json::dump(method.at("methodResponses").at("200").at("responseModels")),
            R"({"text/plain":"S"})");
}

TEST_F(ImportTest, PutsADefinitionIntoAnApi) {
  imported(swagger());
  const auto pets = ids.at("/pets");
  const auto token = json::string_or(method_at("/pets/{id}", "GET"), "authorizerId");
  const auto changed = put(
      R"({"swagger":"2.0","info":{"title":"more","version":"2"},
          "x-amazon-apigateway-binary-media-types":["image/gif"],
          "paths":{"/pets":{"get":{"operationId":"again"}},"/new":{"get":{}}}})",
      "merge");
  EXPECT_EQ(json::string_or(changed, "name"), "more");
  EXPECT_EQ(json::dump(changed.at("binaryMediaTypes")), R"(["image/png","image/gif"])");
  EXPECT_EQ(ids.at("/pets"), pets);
  EXPECT_EQ(json::string_or(method_at("/pets", "GET"), "operationName"), "again");
  EXPECT_FALSE(method_at("/pets", "GET").contains("methodIntegration"));
  EXPECT_EQ(json::string_or(method_at("/pets", "POST"), "httpMethod"), "POST");
  EXPECT_TRUE(ids.contains("/new"));

  put(swagger(), "overwrite");
  EXPECT_EQ(ids.at("/pets"), pets);
  EXPECT_FALSE(ids.contains("/new"));
  EXPECT_EQ(json::string_or(method_at("/pets/{id}", "GET"), "authorizerId"), token);
  put(R"({"swagger":"2.0","info":{"title":"none","version":"3"},"paths":{}})", "overwrite");
  EXPECT_EQ(paths(), std::vector<std::string>{"/"});
  EXPECT_EQ(names("GetAuthorizers"), std::vector<std::string>{});
  EXPECT_EQ(names("GetModels"), (std::vector<std::string>{"Empty", "Error"}));
  EXPECT_EQ(error("PutRestApi", {{"restApiId", "nope"}, {"body", swagger()}}).substr(0, 17),
            "NotFoundException");
  EXPECT_THAT(error("PutRestApi", {{"restApiId", api_id}, {"body", "{}"}, {"mode", "x"}}),
              HasSubstr("mode"));
}

TEST_F(ImportTest, AFailedPutChangesNothing) {
  imported(swagger());
  const auto bad =
      R"({"swagger":"2.0","info":{"title":"bad","version":"2"},"paths":{"/a":{"get":{
          "x-amazon-apigateway-integration":{"type":"aws_proxy","httpMethod":"POST","uri":"nonsense"}}}}})";
  EXPECT_EQ(
      error("PutRestApi", {{"restApiId", api_id}, {"mode", "overwrite"}, {"body", bad}}),
      "BadRequestException: Errors found during import:\n\tUnable to put integration on 'GET' "
      "for resource at path '/a': Invalid ARN specified in the request");
  find_resources();
  EXPECT_TRUE(ids.contains("/pets/{id}"));
  EXPECT_EQ(json::string_or(ok("GetRestApi", {{"restApiId", api_id}}), "name"), "pets");
}

TEST_F(ImportTest, RefusesByName) {
  const auto integration = [](const std::string& text) {
    return small(R"("x-amazon-apigateway-integration":{"type":"mock",)" + text + "}");
  };
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "it is empty"},
      {"[1]", "not an object"},
      {"a: &x 1\nb: *x\n", "aliases"},
      {"a: 1\na: 2\n", "a is there twice"},
      {"{\"openapi\":\"3.1.0\"}", "neither swagger"},
      {R"({"openapi":"3.0.0","info":{},"paths":{}})", "info.title"},
      {R"({"openapi":"3.0.0","info":{"title":"a"}})", "no paths"},
      {small("", R"("x-amazon-apigateway-cors":{},)"),
       "x-amazon-apigateway-cors in the definition"},
      {small(R"("x-amazon-apigateway-integrations":{})"),
       "x-amazon-apigateway-integrations in GET /p"},
      {small("", R"("x-amazon-apigateway-documentation":{},)"),
       "x-amazon-apigateway-documentation"},
      {small("", R"("x-amazon-apigateway-minimum-compression-size":5,)"), "minimumCompressionSize"},
      {small("", R"("x-amazon-apigateway-endpoint-configuration":{"vpcEndpointIds":["v"]},)"),
       "vpcEndpointIds"},
      {small("", R"("x-amazon-apigateway-gateway-responses":{"NOPE":{}},)"), "NOPE"},
      {small("", R"("x-amazon-apigateway-gateway-responses":{"THROTTLED":{"x":1}},)"),
       "x of x-amazon-apigateway-gateway-responses"},
      {small("", R"("x-amazon-apigateway-binary-media-types":[1],)"), "not a list of text"},
      {integration(R"("integrationSubtype":"x")"), "integrationSubtype"},
      {integration(R"("payloadFormatVersion":"2.0")"), "payloadFormatVersion"},
      {integration(R"("requestTemplates":{"application/json":1})"), "not a map of text"},
      {integration(R"("responses":{"default":{"statusCode":200}})"),
       "Unable to put integration response on 'GET' for resource at path '/p': Invalid Response"},
      {small(R"("x-amazon-apigateway-request-validator":"v")"), "the request validator 'v'"},
      {small(R"("x-amazon-apigateway-auth":{"type":"custom"})"), "Invalid authorizer ID"},
      {small(R"("parameters":[{"$ref":"#/nowhere"}])"), "refers to #/nowhere"},
      {small(R"("parameters":[{"$ref":"other.yaml#/a"}])"), "refers to other.yaml#/a"},
      {small("", R"("components":{"schemas":{"A_B":{"type":"object"}}},)"), "alphanumeric"},
      {small("", R"("components":{"schemas":{"A":{"type":"nonsense"}}},)"), "nonsense"},
      {small("", R"("components":{"a":{"$ref":"#/components/b"},"b":{"$ref":"#/components/a"}},)")
           .replace(0, 0, ""),
       "none"},
      {R"({"openapi":"3.0.1","info":{"title":"a"},"paths":{"/a b":{"get":{}}}})", "path part"},
      {R"({"openapi":"3.0.1","info":{"title":"a"},"paths":{"a":{"get":{}}}})", "slash"},
  };
  for (const auto& [body, why] : cases) {
    SCOPED_TRACE(body);
    if (why == "none") {
      ok("ImportRestApi", {{"body", body}});
      continue;
    }
    EXPECT_THAT(refused(body), HasSubstr(why));
  }
  EXPECT_THAT(refused(small(""), {{"parameters", json::Object{{"basepath", "what"}}}}),
              HasSubstr("basepath=what"));
  EXPECT_THAT(refused(swagger(), {{"failOnWarnings", true}}),
              HasSubstr("Warnings found during import:\n\tThe response 'default'"));
  imported(small("", R"("x-amazon-apigateway-documentation":{},)"),
           {{"parameters", json::Object{{"ignore", "documentation"}}}});
}

TEST_F(ImportTest, WarnsOfWhatIsLeftOut) {
  const auto api = imported(small(
      R"("security":[{"nobody":[]},{"plain":[]}],"parameters":[{"in":"cookie","name":"c"}],
         "requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/No"}}}},
         "responses":{"2XX":{}})",
      R"("components":{"securitySchemes":{"plain":{"type":"http","scheme":"basic"}}},)"));
  EXPECT_EQ(api.at("warnings").as_array().size(), 5u);
}

TEST_F(ImportTest, BoundsWhatReferencesMakeOfALittleText) {
  std::string types;
  for (int i = 0; i < 2000; ++i) {
    types += fmt::format(R"({}"application/x-{}":{{"schema":{{"$ref":"#/components/schemas/P"}}}})",
                         i ? "," : "", i);
  }
  std::string paths;
  for (int i = 0; i < 300; ++i) {
    paths += fmt::format(
        R"({}"/p{}":{{"post":{{"requestBody":{{"$ref":"#/components/requestBodies/all"}}}}}})",
        i ? "," : "", i);
  }
  EXPECT_THAT(refused(R"({"openapi":"3.0.1","info":{"title":"a"},"components":{"schemas":{"P":{}},)"
                      R"("requestBodies":{"all":{"content":{)" +
                      types + R"(}}}},"paths":{)" + paths + "}}"),
              HasSubstr("refer to the same large parts too often"));
  std::string validators;
  for (int i = 0; i < 501; ++i) validators += fmt::format(R"({}"v{}":{{}})", i ? "," : "", i);
  EXPECT_THAT(
      refused(small("", R"("x-amazon-apigateway-request-validators":{)" + validators + "},")),
      HasSubstr("more than 500 authorizers or request validators"));
  // One error, not one for each path.
  paths.clear();
  for (int i = 0; i < 400; ++i) paths += fmt::format(R"({}"/p{}":{{}})", i ? "," : "", i);
  const auto many = refused(R"({"openapi":"3.0.1","info":{"title":"a"},"paths":{)" + paths + "}}");
  EXPECT_EQ(std::ranges::count(many, '\n'), 1) << many;
  EXPECT_THAT(many, HasSubstr("Maximum number of resources"));
}

TEST_F(ImportTest, TakesNumbersAsTheyAreWritten) {
  const auto api = imported("swagger: 2.0\ninfo: {title: a, version: 1.0}\npaths: {/: {}}\n");
  EXPECT_EQ(json::string_or(api, "version"), "1.0");
  imported("openapi: 3.0\ninfo: {title: a, version: 2}\npaths: {/: {}}\n");
}

TEST(DefinitionText, TypesPlainScalars) {
  const auto read = [](const char* text) { return json::dump(*parse_definition(text)); };
  EXPECT_EQ(read("a: [1, 1.5, true, yes, null, ~, '1', 010, 1e3, .5, 1.2.3]\n200: x\n"),
            R"({"a":[1,1.5E0,true,"yes",null,null,"1",10,1E3,".5","1.2.3"],"200":"x"})");
  EXPECT_EQ(read(" {\"a\": 1}"), R"({"a":1})");
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "[";
  deep += std::string(100, ']');
  EXPECT_THAT(parse_definition("a: " + deep).error().message, HasSubstr("too deeply"));
}

}  // namespace
}  // namespace dew::apigateway
