#include <dew/log.h>
#include <dew/middleware.h>
#include <dew/router.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace dew {
namespace {

const std::string kSecret = "a-secret-of-at-least-thirty-two-bytes";

std::string event_of(std::string_view method, std::string_view path,
                     const json::object& headers = {}, std::string_view body = {}) {
  return json::serialize(json::object{{"httpMethod", method},
                                      {"path", path},
                                      {"headers", headers},
                                      {"requestContext", {{"requestId", "gw-1"}}},
                                      {"body", body}});
}

struct Answer {
  int status;
  json::object headers;
  std::string body;
};

Answer call(const Router& router, const std::string& event) {
  std::string out;
  router(event, Context{}, out);
  const json::value value = json::parse(out);
  return {static_cast<int>(value.at("statusCode").as_int64()), value.at("headers").as_object(),
          std::string(value.at("body").as_string())};
}

Router sample() {
  Router router;
  router.get("/users", [](Request&) { return Response::json(200, json::object{{"list", true}}); });
  router.post("/users",
              [](Request& request) { return Response::json(201, request.json_object()); });
  router.get("/users/me", [](Request&) { return Response::text(200, "me"); });
  router.get("/users/{id}", [](Request& request) {
    return Response::text(200, std::string(request.param("id")));
  });
  router.put("/users/{id}", [](Request& request) {
    return Response::text(200, "put " + std::string(request.param("id")));
  });
  router.get("/files/{path+}", [](Request& request) {
    return Response::text(200, std::string(request.param("path")));
  });
  return router;
}

TEST(Router, FindsTheMostSpecificRoute) {
  const Router router = sample();
  EXPECT_EQ(call(router, event_of("GET", "/users")).body, R"({"list":true})");
  EXPECT_EQ(call(router, event_of("GET", "/users/")).body, R"({"list":true})");
  EXPECT_EQ(call(router, event_of("GET", "/users/me")).body, "me");
  EXPECT_EQ(call(router, event_of("PUT", "/users/me")).body, "put me");
  EXPECT_EQ(call(router, event_of("GET", "/users/a%20b%zz")).body, "a b%zz");
  EXPECT_EQ(call(router, event_of("GET", "/files/a/b")).body, "a/b");
}

TEST(Router, Answers404And405) {
  const Router router = sample();
  EXPECT_EQ(call(router, event_of("GET", "/nothing")).status, 404);
  EXPECT_EQ(call(router, event_of("GET", "/users/1/2")).status, 404);
  EXPECT_EQ(call(router, event_of("GET", "/files")).status, 404);
  EXPECT_EQ(call(router, event_of("GET", "//")).status, 404);
  const Answer answer = call(router, event_of("PATCH", "/users/1"));
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.headers.at("Allow"), "GET, PUT");
}

TEST(Router, RefusesMalformedPatterns) {
  Router router;
  const RouteHandler handler = [](Request&) { return Response{}; };
  EXPECT_THROW(router.get("users", handler), std::invalid_argument);
  EXPECT_THROW(router.get("/{a+}/b", handler), std::invalid_argument);
  EXPECT_THROW(router.get("/{a", handler), std::invalid_argument);
  router.get("/a", handler);
  EXPECT_THROW(router.get("/a/", handler), std::invalid_argument);
}

TEST(Response, WritesRepeatedHeadersAndBinaryBodies) {
  Response response = Response::empty(200);
  response.add("Set-Cookie", "a=1").add("Set-Cookie", "b=2").set("X", "y");
  response.body = "\xff\x00";
  response.base64 = true;
  std::string out;
  response.write(out);
  const json::value value = json::parse(out);
  EXPECT_EQ(value.at("headers"), (json::value{{"X", "y"}}));
  EXPECT_EQ(value.at("multiValueHeaders").at("Set-Cookie"), (json::value{"a=1", "b=2"}));
  EXPECT_TRUE(value.at("isBase64Encoded").as_bool());
  EXPECT_EQ(value.at("body").as_string(), "/w==");
}

TEST(Middleware, AnswersPreflightAndAddsCors) {
  Router router = sample();
  router.use(middleware::cors());
  Answer answer = call(router, event_of("OPTIONS", "/users"));
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.headers.at("Access-Control-Allow-Methods"), "GET, POST, OPTIONS");
  EXPECT_EQ(answer.headers.at("Access-Control-Allow-Origin"), "*");
  answer = call(router, event_of("PATCH", "/users"));
  EXPECT_EQ(answer.headers.at("Allow"), "GET, POST, OPTIONS");
  EXPECT_EQ(answer.headers.at("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(call(router, event_of("OPTIONS", "/nothing")).status, 404);

  Router picky = sample();
  picky.use(middleware::cors({.origins = {"https://a.example"}}));
  answer = call(picky, event_of("GET", "/users", {{"origin", "https://a.example"}}));
  EXPECT_EQ(answer.headers.at("Access-Control-Allow-Origin"), "https://a.example");
  EXPECT_EQ(answer.headers.at("Vary"), "Origin");
  answer = call(picky, event_of("GET", "/users", {{"origin", "https://b.example"}}));
  EXPECT_FALSE(answer.headers.contains("Access-Control-Allow-Origin"));
}

TEST(Middleware, NeverLeaksInternals) {
  std::string logged;
  log::set_sink([&](std::string_view line) { logged += line; });
  Router router;
  router.use(middleware::errors());
  router.get("/boom", [](Request&) -> Response { throw std::runtime_error("password=hunter2"); });
  router.get("/gone", [](Request&) -> Response { throw HttpError(410, "Gone", {{"why", "old"}}); });
  ::setenv("STAGE", "dev", 1);
  Answer answer = call(router, event_of("GET", "/boom"));
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body, R"({"error":"Internal server error"})");
  EXPECT_NE(logged.find("hunter2"), std::string::npos);
  ::setenv("STAGE", "development", 1);
  EXPECT_NE(call(router, event_of("GET", "/boom")).body.find("hunter2"), std::string::npos);
  ::unsetenv("STAGE");
  answer = call(router, event_of("GET", "/gone"));
  EXPECT_EQ(answer.status, 410);
  EXPECT_EQ(answer.body, R"({"error":"Gone","why":"old"})");
  log::set_sink({});
}

TEST(Middleware, EchoesOnlySafeCorrelationIds) {
  Router router = sample();
  router.use(middleware::request_id());
  Answer answer = call(router, event_of("GET", "/users", {{"x-correlation-id", "abc-1.2_3"}}));
  EXPECT_EQ(answer.headers.at("X-Correlation-Id"), "abc-1.2_3");
  EXPECT_EQ(answer.headers.at("X-Request-Id"), "gw-1");
  for (const std::string& bad :
       {std::string("a b"), std::string("a\r\nb"), std::string(129, 'a'), std::string()}) {
    answer = call(router, event_of("GET", "/users", {{"x-correlation-id", bad}}));
    EXPECT_EQ(answer.headers.at("X-Correlation-Id"), "gw-1");
  }
}

TEST(Middleware, RequiresATokenForWrites) {
  log::set_sink([](std::string_view) {});
  Router router = sample();
  router.use(middleware::errors())
      .use(middleware::bearer_auth(jwt::Verifier::hs256(kSecret, {.issuer = "me"})));
  EXPECT_EQ(call(router, event_of("GET", "/users")).status, 200);
  EXPECT_EQ(call(router, event_of("PATCH", "/users")).status, 405);
  Answer answer = call(router, event_of("POST", "/users", {}, "{}"));
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.headers.at("WWW-Authenticate"), "Bearer");
  EXPECT_EQ(answer.body, R"({"error":"Unauthorized"})");
  const std::string token = jwt::sign_hs256({{"iss", "me"}, {"exp", 9'999'999'999}}, kSecret);
  EXPECT_EQ(
      call(router, event_of("POST", "/users", {{"authorization", "bearer " + token}}, "{}")).status,
      201);
  EXPECT_EQ(
      call(router, event_of("POST", "/users", {{"authorization", "Bearer " + token + "x"}}, "{}"))
          .status,
      401);
  EXPECT_EQ(call(router, event_of("POST", "/users", {{"authorization", token}}, "{}")).status, 401);
  EXPECT_EQ(
      call(router, event_of("POST", "/users", {{"authorization", "Bearer " + token}}, "{")).status,
      400);
  EXPECT_EQ(
      call(router, event_of("POST", "/users", {{"authorization", "Bearer " + token}}, "[]")).status,
      400);
  log::set_sink({});
}

TEST(Middleware, WritesOneLogLineAndOneMetricLine) {
  std::vector<std::string> lines;
  log::set_sink([&](std::string_view line) { lines.emplace_back(line); });
  Router router = sample();
  router.use(middleware::request_id()).use(middleware::access_log()).use(middleware::metrics("ns"));
  call(router, event_of("GET", "/users/7"));
  log::set_sink({});
  ASSERT_EQ(lines.size(), 2U);
  const json::value metric = json::parse(lines[0]);
  const json::value& directive = metric.at("_aws").at("CloudWatchMetrics").at(0);
  EXPECT_EQ(directive.at("Namespace"), "ns");
  EXPECT_EQ(directive.at("Dimensions"), (json::value{json::array{"service", "method", "route"}}));
  EXPECT_EQ(metric.at("route"), "/users/{id}");
  EXPECT_EQ(metric.at("Requests").to_number<double>(), 1);
  const json::value line = json::parse(lines[1]);
  EXPECT_EQ(line.at("level"), "INFO");
  EXPECT_EQ(line.at("status"), 200);
  EXPECT_EQ(line.at("correlation_id"), "gw-1");
  EXPECT_EQ(line.at("timestamp").as_string().size(), 24U);
}

}  // namespace
}  // namespace dew
