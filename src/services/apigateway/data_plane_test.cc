#include "services/apigateway/data_plane.h"

#include <gmock/gmock.h>

#include "services/apigateway/test_support.h"

namespace dew::apigateway {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using Kind = FunctionResponse::Kind;

class DataPlaneTest : public ServiceTest {};

TEST_F(DataPlaneTest, InvokesTheFunctionWithTheWholeProxyEvent) {
  make_api();
  proxy("/users/{id}", "GET");
  deploy("dev", {{"variables", json::Object{{"colour", "blue"}}}});
  const auto response =
      send(request("GET", "/dev/users/a%20b/?q=1&q=2&name=x+y%21&flag",
                   {{"Host", api_id + ".execute-api.localhost:4566"},
                    {"user-agent", "curl/8"},
                    {"X-Two", "1"},
                    {"x-two", "2"},
                    {"Connection", "keep-alive"},
                    {"Content-Length", "0"},
                    {"X-Forwarded-For", "10.0.0.9"},
                    {"X-Amzn-Trace-Id", "Root=1-5e66d96f-7491f09xmpl79d18acf3d050"}}));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "ok");
  EXPECT_EQ(response.headers.get("content-type"), "application/json");
  EXPECT_THAT(std::string(response.headers.get("x-amzn-requestid")), MatchesRegex("[0-9a-f-]{36}"));
  EXPECT_THAT(std::string(response.headers.get("x-amz-apigw-id")),
              MatchesRegex("[A-Za-z0-9+/]{15}="));
  EXPECT_EQ(response.headers.get("X-Amzn-Trace-Id"), "Root=1-5e66d96f-7491f09xmpl79d18acf3d050");

  ASSERT_EQ(invoker.requests.size(), 1U);
  const auto& call = invoker.requests[0];
  EXPECT_EQ(call.function_arn, "arn:aws:lambda:us-east-1:000000000000:function:hello");
  EXPECT_EQ(call.source_arn,
            "arn:aws:execute-api:us-east-1:000000000000:" + api_id + "/dev/GET/users/{id}");
  auto event = invoker.event();
  auto& about = event["requestContext"].as_object();
  EXPECT_EQ(json::string_or(about, "requestId"), response.headers.get("x-amzn-requestid"));
  EXPECT_EQ(json::string_or(about, "extendedRequestId"), response.headers.get("x-amz-apigw-id"));
  EXPECT_THAT(json::string_or(about, "deploymentId"), MatchesRegex("[a-z0-9]{6}"));
  about["requestId"] = "R";
  about["extendedRequestId"] = "E";
  about["deploymentId"] = "D";
  about["apiId"] = "A";
  about["domainName"] = "H";
  about["domainPrefix"] = "A";
  EXPECT_EQ(about["resourceId"], json::Value(ids["/users/{id}"]));
  about["resourceId"] = "I";
  event["headers"].as_object()["Host"] = "H";
  event["multiValueHeaders"].as_object()["Host"] = json::Array{"H"};
  const auto golden = json::parse(R"({
    "resource": "/users/{id}", "path": "/users/a%20b/", "httpMethod": "GET",
    "headers": {"Host": "H", "User-Agent": "curl/8", "X-Two": "2",
      "X-Amzn-Trace-Id": "Root=1-5e66d96f-7491f09xmpl79d18acf3d050",
      "X-Forwarded-For": "10.0.0.9, 127.0.0.1", "X-Forwarded-Port": "4566", "X-Forwarded-Proto": "http"},
    "multiValueHeaders": {"Host": ["H"], "User-Agent": ["curl/8"], "X-Two": ["1", "2"],
      "X-Amzn-Trace-Id": ["Root=1-5e66d96f-7491f09xmpl79d18acf3d050"],
      "X-Forwarded-For": ["10.0.0.9, 127.0.0.1"], "X-Forwarded-Port": ["4566"], "X-Forwarded-Proto": ["http"]},
    "queryStringParameters": {"q": "2", "name": "x y!", "flag": ""},
    "multiValueQueryStringParameters": {"q": ["1", "2"], "name": ["x y!"], "flag": [""]},
    "pathParameters": {"id": "a%20b"},
    "stageVariables": {"colour": "blue"},
    "requestContext": {"resourceId": "I", "resourcePath": "/users/{id}", "httpMethod": "GET",
      "extendedRequestId": "E", "requestTime": "10/Mar/2020:00:03:59 +0000", "path": "/dev/users/a%20b/",
      "accountId": "000000000000", "protocol": "HTTP/1.1", "stage": "dev", "domainPrefix": "A",
      "requestTimeEpoch": 1583798639428, "requestId": "R",
      "identity": {"cognitoIdentityPoolId": null, "accountId": null, "cognitoIdentityId": null, "caller": null,
        "sourceIp": "127.0.0.1", "principalOrgId": null, "accessKey": null, "cognitoAuthenticationType": null,
        "cognitoAuthenticationProvider": null, "userArn": null, "userAgent": "curl/8", "user": null},
      "domainName": "H", "deploymentId": "D", "apiId": "A"},
    "body": null, "isBase64Encoded": false})")
                          .value();
  EXPECT_EQ(json::dump(event), json::dump(golden));
}

TEST_F(DataPlaneTest, GivesNullWhereThereIsNothing) {
  make_api();
  proxy("/", "ANY");
  deploy();
  EXPECT_EQ(get("/dev").status, 200);
  const auto event = invoker.event();
  for (const auto* key : {"queryStringParameters", "multiValueQueryStringParameters",
                          "pathParameters", "stageVariables", "body"}) {
    ASSERT_TRUE(event.contains(key)) << key;
    EXPECT_TRUE(event.at(key).is_null()) << key;
  }
  EXPECT_TRUE(event.at("requestContext").at("identity").at("userAgent").is_null());
  EXPECT_EQ(json::string_or(event, "path"), "/");
  EXPECT_THAT(json::str(event.at("headers").at("X-Amzn-Trace-Id")),
              MatchesRegex("Root=1-[0-9a-f]{8}-[0-9a-f]{24}"));
}

TEST_F(DataPlaneTest, PassesTextAndBinaryBodies) {
  make_api({{"binaryMediaTypes", json::Array{"image/png"}}});
  proxy("/{proxy+}", "ANY");
  deploy();
  send(request("POST", "/dev/a/b", {{"Content-Type", "application/json"}}, "{\"a\":\"\u00e9\n\"}"));
  EXPECT_EQ(json::string_or(invoker.event(), "body"), "{\"a\":\"\u00e9\n\"}");
  EXPECT_EQ(json::str(invoker.event().at("pathParameters").at("proxy")), "a/b");
  send(request("POST", "/dev/a", {{"Content-Type", "text/plain"}},
               "a\xff"
               "b"));
  EXPECT_EQ(json::string_or(invoker.event(), "body"),
            "a\xef\xbf\xbd"
            "b");
  send(request("POST", "/dev/a", {{"Content-Type", "Image/PNG; q=1"}}, std::string("\x00\xff", 2)));
  EXPECT_EQ(json::string_or(invoker.event(), "body"), "AP8=");
  EXPECT_TRUE(invoker.event().at("isBase64Encoded").as_bool());

  invoker.answer.payload = R"({"statusCode":200,"isBase64Encoded":true,"body":"AP8="})";
  EXPECT_EQ(send(request("GET", "/dev/a", {{"Accept", "image/png, */*"}})).body,
            std::string("\x00\xff", 2));
  EXPECT_EQ(get("/dev/a").body, "AP8=");
}

TEST_F(DataPlaneTest, AnswersForWhatCannotBeRouted) {
  make_api();
  proxy("/users", "GET");
  deploy();
  const auto missing = get("/dev/nothing");
  EXPECT_EQ(missing.status, 403);
  EXPECT_EQ(missing.body, R"({"message":"Missing Authentication Token"})");
  EXPECT_EQ(missing.headers.get("x-amzn-errortype"), "MissingAuthenticationTokenException");
  EXPECT_EQ(send(request("POST", "/dev/users")).status, 403);
  const auto stage = get("/prod/users");
  EXPECT_EQ(stage.status, 403);
  EXPECT_EQ(stage.body, R"({"message":"Forbidden"})");
  EXPECT_EQ(send(request("POST", "/dev/users", {}, std::string(10 * 1024 * 1024 + 1, 'x'))).status,
            413);
  EXPECT_EQ(send(request("GET", "/dev/users", {{"X-Big", std::string(11'000, 'x')}})).status, 431);
}

TEST_F(DataPlaneTest, TurnsEveryFailureIntoAwsAnswer) {
  make_api();
  proxy("/", "GET");
  deploy();
  const auto expect = [&](FunctionResponse answer, int status) {
    invoker.answer = std::move(answer);
    const auto response = get("/dev/");
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.body, R"({"message":"Internal server error"})");
    EXPECT_EQ(response.headers.get("x-amzn-errortype"), "InternalServerErrorException");
    EXPECT_TRUE(response.headers.has("x-amzn-requestid"));
  };
  expect({Kind::kFunctionError, R"({"errorMessage":"x"})", ""}, 502);
  expect({Kind::kPayload, R"("just a string")", ""}, 502);
  expect({Kind::kPayload, R"({"statusCode":200,"body":{"a":1}})", ""}, 502);
  expect({Kind::kPayload, R"({"statusCode":200,"headers":{"a":"b\r\nc: d"}})", ""}, 502);
  expect({Kind::kPayload, "", ""}, 502);
  expect({Kind::kThrottled, "", "reserved concurrency"}, 500);
  expect({Kind::kDenied, "", ""}, 500);
  expect({Kind::kFailed, "", "no such function"}, 500);
}

TEST_F(DataPlaneTest, EndsAnIntegrationThatTakesTooLong) {
  make_api();
  method("/", "GET");
  ok("PutIntegration", {{"restApiId", api_id},
                        {"resourceId", ids["/"]},
                        {"httpMethod", "GET"},
                        {"type", "AWS_PROXY"},
                        {"integrationHttpMethod", "POST"},
                        {"uri", uri("slow")},
                        {"timeoutInMillis", 50}});
  deploy();
  invoker.silent = true;
  const auto response = get("/dev/");
  EXPECT_EQ(response.status, 504);
  EXPECT_EQ(response.body, R"({"message":"Endpoint request timed out"})");
  ASSERT_EQ(invoker.pending.size(), 1U);
  invoker.pending[0]({Kind::kPayload, "{}", ""});  // late: nobody is there any more
}

TEST_F(DataPlaneTest, AnswersPreflightsAsTheServerlessFrameworkSetsThemUp) {
  make_api();
  method("/users", "OPTIONS");
  const json::Object at{{"restApiId", api_id},
                        {"resourceId", ids["/users"]},
                        {"httpMethod", "OPTIONS"},
                        {"statusCode", "200"}};
  auto declared = at;
  declared["responseParameters"] =
      json::Object{{"method.response.header.Access-Control-Allow-Origin", true},
                   {"method.response.header.Access-Control-Allow-Methods", true}};
  ok("PutMethodResponse", declared);
  ok("PutIntegration",
     {{"restApiId", api_id},
      {"resourceId", ids["/users"]},
      {"httpMethod", "OPTIONS"},
      {"type", "MOCK"},
      {"requestTemplates", json::Object{{"application/json", "{statusCode:200}"}}},
      {"contentHandling", "CONVERT_TO_TEXT"}});
  auto mapped = at;
  mapped["responseParameters"] =
      json::Object{{"method.response.header.Access-Control-Allow-Origin", "'*'"},
                   {"method.response.header.Access-Control-Allow-Methods", "'OPTIONS,GET'"}};
  mapped["responseTemplates"] =
      json::Object{{"application/json", R"(#set($origin = $input.params("Origin"))
#if($origin == "") #set($origin = $input.params("origin")) #end
#if($origin.matches("http://.*\.example\.com") || $origin.matches("http://localhost")) #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin) #end)"}};
  ok("PutIntegrationResponse", mapped);
  deploy();
  const auto plain = send(request("OPTIONS", "/dev/users"));
  EXPECT_EQ(plain.status, 200);
  EXPECT_EQ(plain.headers.get("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(plain.headers.get("Access-Control-Allow-Methods"), "OPTIONS,GET");
  EXPECT_EQ(plain.headers.get("Content-Type"), "application/json");
  const auto known = send(request("OPTIONS", "/dev/users", {{"origin", "http://www.example.com"}}));
  EXPECT_EQ(known.headers.get("Access-Control-Allow-Origin"), "http://www.example.com");
  EXPECT_TRUE(invoker.requests.empty());
}

TEST_F(DataPlaneTest, HonoursGatewayResponses) {
  make_api();
  proxy("/", "GET");
  ok("PutGatewayResponse",
     {{"restApiId", api_id},
      {"responseType", "DEFAULT_4XX"},
      {"responseParameters",
       json::Object{{"gatewayresponse.header.Access-Control-Allow-Origin", "'*'"}}}});
  ok("PutGatewayResponse",
     {{"restApiId", api_id},
      {"responseType", "DEFAULT_5XX"},
      {"statusCode", "503"},
      {"responseTemplates",
       json::Object{{"application/json",
                     R"({"oops":$context.error.messageString,"id":"$context.requestId"})"}}}});
  deploy();
  const auto missing = get("/dev/x");
  EXPECT_EQ(missing.status, 403);
  EXPECT_EQ(missing.headers.get("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(missing.body, R"({"message":"Missing Authentication Token"})");
  invoker.answer = {Kind::kFunctionError, "{}", ""};
  const auto failed = get("/dev/");
  EXPECT_EQ(failed.status, 503);
  EXPECT_THAT(failed.body, MatchesRegex(R"(\{"oops":"Internal server error","id":"[0-9a-f-]+"\})"));
}

TEST_F(DataPlaneTest, WritesAccessAndExecutionLogs) {
  make_api();
  proxy("/", "GET");
  deploy();
  const json::Array patch{
      json::Object{{"op", "replace"},
                   {"path", "/accessLogSettings/destinationArn"},
                   {"value", "arn:aws:logs:us-east-1:000000000000:log-group:access:*"}},
      json::Object{{"op", "replace"},
                   {"path", "/accessLogSettings/format"},
                   {"value", "$context.httpMethod $context.path $context.status $context.nothing"}},
      json::Object{{"op", "replace"}, {"path", "/*/*/logging/loglevel"}, {"value", "ERROR"}}};
  ok("UpdateStage", {{"restApiId", api_id}, {"stageName", "dev"}, {"patchOperations", patch}});
  get("/dev/");
  EXPECT_EQ(log.lines["access"], (std::vector<std::string>{"GET /dev/ 200 -"}));
  EXPECT_EQ(log.lines.size(), 1U);
  invoker.answer.payload = "[]";
  get("/dev/");
  const auto& lines = log.lines["API-Gateway-Execution-Logs_" + api_id + "/dev"];
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("Malformed Lambda proxy response: it is not a JSON object"));
}

TEST_F(DataPlaneTest, ServesDeploymentsNotDrafts) {
  make_api();
  proxy("/a", "GET", "first");
  deploy();
  proxy("/b", "GET");
  EXPECT_EQ(get("/dev/b").status, 403);
  deploy();
  EXPECT_EQ(get("/dev/b").status, 200);
  restart();
  EXPECT_EQ(get("/dev/a").status, 200);
  EXPECT_EQ(service->api_of_stage("dev"), api_id);
  ok("DeleteStage", {{"restApiId", api_id}, {"stageName", "dev"}});
  EXPECT_EQ(get("/dev/a").status, 403);
  EXPECT_FALSE(service->api_of_stage("dev"));
}

TEST(DataPlaneAddressTest, UnderstandsBothForms) {
  const auto parse = [](std::string host, std::string target) {
    http::Request request;
    request.target = std::move(target);
    request.headers.add("Host", host);
    return data_plane_address(request);
  };
  using A = DataPlaneAddress;
  EXPECT_EQ(parse("abc.execute-api.localhost:4566", "/dev/users?x=/1"),
            (A{"abc", "dev", "/users"}));
  EXPECT_EQ(parse("ABC.execute-api.us-east-1.amazonaws.com", "/dev"), (A{"abc", "dev", "/"}));
  EXPECT_EQ(parse("abc.execute-api.localhost", "/"), (A{"abc", "", "/"}));
  EXPECT_EQ(parse("localhost:4566", "/restapis/abc/dev/_user_request_/a/b"),
            (A{"abc", "dev", "/a/b"}));
  EXPECT_EQ(parse("localhost:4566", "/restapis/abc/dev/_user_request_?a"), (A{"abc", "dev", "/"}));
  EXPECT_EQ(parse("localhost:4566", "/restapis/abc/dev/_user_request_x"), std::nullopt);
  EXPECT_EQ(parse("localhost:4566", "/restapis/abc/stages"), std::nullopt);
  EXPECT_EQ(parse("localhost:4566", "/"), std::nullopt);
  EXPECT_EQ(parse("a.b.execute-api.localhost", "/dev"), std::nullopt);
}

TEST(RouteTreeTest, PrefersTheMostSpecificRouteThatHasTheMethod) {
  RouteTree tree;
  tree.add("GET", "/", 0);
  tree.add("GET", "/users", 1);
  tree.add("GET", "/users/me", 2);
  tree.add("GET", "/users/{id}", 3);
  tree.add("PUT", "/users/{id}/photo", 4);
  tree.add("ANY", "/{proxy+}", 5);
  const auto target = [&](std::string_view method, std::string_view path) {
    const auto match = tree.match(method, path);
    return match ? static_cast<int>(match->target) : -1;
  };
  EXPECT_EQ(target("GET", "/"), 0);
  EXPECT_EQ(target("GET", ""), 0);
  EXPECT_EQ(target("POST", "/"), -1);
  EXPECT_EQ(target("GET", "/users/"), 1);
  EXPECT_EQ(target("GET", "/users/me"), 2);
  EXPECT_EQ(target("GET", "/users/you"), 3);
  EXPECT_EQ(target("PUT", "/users/me/photo"), 4);
  EXPECT_EQ(target("POST", "/users"), 5);
  EXPECT_EQ(target("GET", "/users/me/photo"), 5);
  EXPECT_EQ(target("GET", "/a//b"), 5);
  EXPECT_EQ(tree.match("PUT", "/users/x%2Fy/photo/")->values,
            std::vector<std::string_view>{"x%2Fy"});
  EXPECT_EQ(tree.match("GET", "/a/b/c/")->values, std::vector<std::string_view>{"a/b/c"});
}

TEST_F(DataPlaneTest, TracesWhereTheStageSaysSo) {
  make_api();
  proxy("/users", "GET");
  deploy("dev");
  const auto patch = [&](const std::string& value) {
    const json::Object operation{{"op", "replace"}, {"path", "/tracingEnabled"}, {"value", value}};
    return ok(
        "UpdateStage",
        {{"restApiId", api_id}, {"stageName", "dev"}, {"patchOperations", json::Array{operation}}});
  };
  send(request("GET", "/dev/users"));
  EXPECT_TRUE(traces.asked.empty());
  EXPECT_EQ(patch("true").at("tracingEnabled"), json::Value(true));

  const auto response = send(request("GET", "/dev/users", {{"User-Agent", "curl"}}));
  EXPECT_EQ(traces.asked, std::vector<std::string>{"test/dev /dev/users"});
  ASSERT_EQ(traces.records.size(), 1U);
  const RequestTrace one = traces.records[0];
  EXPECT_EQ(one.status, 200);
  EXPECT_EQ(one.api_name + "/" + one.stage, "test/dev");
  EXPECT_EQ(one.user_agent, "curl");
  EXPECT_EQ(response.headers.get("X-Amzn-Trace-Id"),
            "Root=" + one.trace_id + ";Parent=" + one.id + ";Sampled=1");
  EXPECT_EQ(invoker.requests.back().trace_header,
            "Root=" + one.trace_id + ";Parent=" + one.integration.id + ";Sampled=1");

  // What the client decided stays decided.
  const std::string root = "Root=1-5e66d96f-7491f0900000079d18acf3d0";
  send(request("GET", "/dev/users", {{"X-Amzn-Trace-Id", root + ";Sampled=0"}}));
  EXPECT_EQ(invoker.requests.back().trace_header, root + ";Sampled=0");
  send(request("GET", "/dev/users",
               {{"X-Amzn-Trace-Id", root + ";Parent=53995c3f42cd8ad8;Sampled=1"}}));
  EXPECT_EQ(traces.asked.size(), 1U);
  ASSERT_EQ(traces.records.size(), 2U);
  EXPECT_EQ(traces.records[1].parent_id, "53995c3f42cd8ad8");

  traces.answer = false;
  const auto unsampled = send(request("GET", "/dev/users", {{"X-Amzn-Trace-Id", root}}));
  EXPECT_EQ(unsampled.headers.get("X-Amzn-Trace-Id"), root + ";Sampled=0");
  invoker.answer.kind = Kind::kThrottled;
  traces.answer = true;
  send(request("GET", "/dev/users"));
  EXPECT_EQ(traces.records.back().status, 500);
  EXPECT_EQ(traces.records.back().integration.status, 429);
  EXPECT_EQ(patch("false").at("tracingEnabled"), json::Value(false));
  send(request("GET", "/dev/users"));
  EXPECT_EQ(traces.records.size(), 3U);
}

}  // namespace
}  // namespace dew::apigateway
