// HTTP and HTTP_PROXY integrations: what the backend gets, what the client gets, and what is
// refused.
#include "services/apigateway/http_integration.h"

#include <gmock/gmock.h>

#include "net/server.h"
#include "services/apigateway/test_support.h"

namespace dew::apigateway {
namespace {

using testing::HasSubstr;

// Answers at once with what the test has put there, or never.
class FakeBackend final : public HttpBackend {
 public:
  void send(BackendCall call, Done done) override {
    calls.push_back(std::move(call));
    if (silent) {
      pending.push_back(std::move(done));
    } else {
      done(answer);
    }
  }
  bool silent = false;
  Result<http::Response> answer = http::Response::json(200, R"({"from":"backend"})");
  std::vector<BackendCall> calls;
  std::vector<Done> pending;
};

class HttpIntegrationTest : public ServiceTest {
 protected:
  HttpIntegrationTest() {
    service = std::make_unique<Service>(context, invoker, authority, &log, &traces, &backend);
    registry = aws::Registry();
    service->register_operations(registry);
    make_api();
  }

  json::Object integration(const std::string& path, const std::string& verb, std::string type,
                           json::Object more) {
    json::Object out{{"restApiId", api_id},
                     {"resourceId", resource(path)},
                     {"httpMethod", verb},
                     {"type", std::move(type)},
                     {"integrationHttpMethod", "ANY"}};
    for (auto& [name, value] : more) out[name] = value;
    return out;
  }
  void declare(const std::string& path, const std::string& verb,
               std::initializer_list<const char*> parameters) {
    json::Object declared;
    for (const auto* name : parameters) declared[name] = false;
    method(path, verb, {{"requestParameters", std::move(declared)}});
  }
  void respond(const std::string& path, const std::string& verb, const std::string& status,
               json::Object more, json::Object headers = {}) {
    json::Object at{{"restApiId", api_id},
                    {"resourceId", resource(path)},
                    {"httpMethod", verb},
                    {"statusCode", status}};
    auto declared = at;
    declared["responseParameters"] = std::move(headers);
    ok("PutMethodResponse", std::move(declared));
    for (auto& [name, value] : more) at[name] = value;
    ok("PutIntegrationResponse", std::move(at));
  }
  const BackendCall& last() const { return backend.calls.back(); }

  FakeBackend backend;
};

TEST_F(HttpIntegrationTest, AProxyPassesTheRequestOn) {
  declare("/{proxy+}", "ANY", {"method.request.path.proxy", "method.request.header.X-In"});
  ok("PutIntegration",
     integration("/{proxy+}", "ANY", "HTTP_PROXY",
                 {{"uri", "http://example.com:8080/base/{proxy}?own=1"},
                  {"requestParameters",
                   json::Object{{"integration.request.path.proxy", "method.request.path.proxy"},
                                {"integration.request.header.X-Static", "'s'"},
                                {"integration.request.header.X-Out", "method.request.header.X-In"},
                                {"integration.request.header.X-None", "context.authorizer.none"},
                                {"integration.request.querystring.added", "context.stage"}}}}));
  deploy();
  backend.answer = http::Response::json(418, "{}");
  backend.answer->headers = {{"Content-Type", "text/plain"},
                             {"Date", "then"},
                             {"Connection", "X-Hop"},
                             {"X-Hop", "1"},
                             {"Transfer-Encoding", "chunked"},
                             {"WWW-Authenticate", "Basic"},
                             {"Set-Cookie", "a=1"},
                             {"Set-Cookie", "b=2"}};
  const auto answer = send(request("PATCH", "/dev/a%20b/c?x=1&x=2&added=no&e=%26",
                                   {{"X-In", "in"},
                                    {"X-Static", "client's"},
                                    {"Connection", "close, X-Hop-By-Hop"},
                                    {"X-Hop-By-Hop", "1"},
                                    {"TE", "trailers"},
                                    {"Authorization", "Bearer b"},
                                    {"X-Forwarded-For", "9.9.9.9"}},
                                   "body"));
  const auto& sent = last().request;
  EXPECT_EQ(last().url.host, "example.com");
  EXPECT_EQ(last().url.port, 8080);
  EXPECT_EQ(last().url.target, "/base/a%20b/c?own=1&x=1&x=2&e=%26&added=dev");
  EXPECT_EQ(sent.method, "PATCH");
  EXPECT_EQ(sent.body, "body");
  EXPECT_EQ(sent.headers.get("x-static"), "s");
  EXPECT_EQ(sent.headers.get("x-out"), "in");
  EXPECT_EQ(sent.headers.get("authorization"), "Bearer b");
  EXPECT_EQ(sent.headers.get("x-forwarded-for"), "9.9.9.9, 127.0.0.1");
  EXPECT_EQ(sent.headers.get("x-forwarded-proto"), "http");
  EXPECT_EQ(sent.headers.get("x-amzn-apigateway-api-id"), api_id);
  EXPECT_TRUE(sent.headers.has("x-amzn-trace-id"));
  for (const auto* gone : {"host", "connection", "x-hop-by-hop", "te", "x-none"})
    EXPECT_FALSE(sent.headers.has(gone)) << gone;

  EXPECT_EQ(answer.status, 418);
  EXPECT_EQ(answer.headers.get("content-type"), "text/plain");
  EXPECT_EQ(answer.headers.get("x-amzn-remapped-date"), "then");
  EXPECT_EQ(answer.headers.get("x-amzn-remapped-www-authenticate"), "Basic");
  for (const auto* gone : {"date", "x-hop", "transfer-encoding", "connection"})
    EXPECT_FALSE(answer.headers.has(gone)) << gone;
  EXPECT_EQ(std::ranges::count_if(answer.headers,
                                  [](const auto& one) { return one.name == "Set-Cookie"; }),
            2);
}

TEST_F(HttpIntegrationTest, ACustomOneSendsWhatIsMapped) {
  declare("/pets/{id}", "POST",
          {"method.request.path.id", "method.request.querystring.q", "method.request.header.X-In"});
  ok("PutIntegration",
     integration(
         "/pets/{id}", "POST", "HTTP",
         {{"integrationHttpMethod", "PUT"},
          {"uri", "https://${stageVariables.host}/p/{pet}/{kind}"},
          {"passthroughBehavior", "NEVER"},
          {"requestTemplates", json::Object{{"application/json", R"({"in":$input.body})"}}},
          {"requestParameters",
           json::Object{{"integration.request.path.pet", "method.request.path.id"},
                        {"integration.request.path.kind", "'a b/c'"},
                        {"integration.request.querystring.q", "method.request.querystring.q"},
                        {"integration.request.header.X-In", "method.request.header.X-In"}}}}));
  respond(
      "/pets/{id}", "POST", "200",
      {{"responseTemplates", json::Object{{"application/json", R"({"out":$input.body})"}}},
       {"responseParameters",
        json::Object{{"method.response.header.X-Kind", "integration.response.header.X-Backend"},
                     {"method.response.header.X-None", "integration.response.header.X-Absent"}}}},
      {{"method.response.header.X-Kind", false}, {"method.response.header.X-None", false}});
  respond("/pets/{id}", "POST", "404", {{"selectionPattern", "4\\d{2}"}});
  deploy("dev", {{"variables", json::Object{{"host", "pets.example"}}}});
  backend.answer->headers.add("X-Backend", "b");
  auto answer = send(request(
      "POST", "/dev/pets/7%2F?q=1%262&other=2",
      {{"X-In", "in"}, {"X-Other", "o"}, {"Content-Type", "application/json; charset=utf-8"}},
      "[1]"));
  const auto& sent = last().request;
  EXPECT_EQ(last().url.scheme, "https");
  EXPECT_EQ(last().url.host, "pets.example");
  EXPECT_EQ(last().url.port, 443);
  EXPECT_EQ(last().url.target, "/p/7%2F/a%20b%2Fc?q=1%262");
  EXPECT_EQ(sent.method, "PUT");
  EXPECT_EQ(sent.body, R"({"in":[1]})");
  EXPECT_EQ(sent.headers.get("x-in"), "in");
  EXPECT_EQ(sent.headers.get("user-agent"), "AmazonAPIGateway_" + api_id);
  EXPECT_EQ(sent.headers.get("accept"), "application/json");
  EXPECT_EQ(sent.headers.get("content-type"), "application/json; charset=utf-8");
  for (const auto* gone : {"x-other", "x-forwarded-for"})
    EXPECT_FALSE(sent.headers.has(gone)) << gone;
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"out":{"from":"backend"}})");
  EXPECT_EQ(answer.headers.get("x-kind"), "b");
  EXPECT_FALSE(answer.headers.has("x-none"));

  backend.answer = http::Response::text(410, "gone");
  answer = send(request("POST", "/dev/pets/7", {}, "[1]"));
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body, "gone");
  EXPECT_EQ(send(request("POST", "/dev/pets/7", {{"Content-Type", "text/csv"}}, "1")).status, 415);
}

TEST_F(HttpIntegrationTest, WhatGoesWrongIsAnsweredAsOnAws) {
  method("/a", "GET");
  ok("PutIntegration", integration("/a", "GET", "HTTP", {{"uri", "http://example.com/"}}));
  method("/b", "GET");
  ok("PutIntegration", integration("/b", "GET", "HTTP_PROXY",
                                   {{"uri", "http://example.com/{no}"}, {"timeoutInMillis", 50}}));
  method("/c", "GET");
  ok("PutIntegration", integration("/c", "GET", "HTTP_PROXY",
                                   {{"uri", "http://example.com/"}, {"timeoutInMillis", 50}}));
  deploy();
  const auto body = [](const char* message) {
    return fmt::format(R"({{"message":"{}"}})", message);
  };
  auto answer = get("/dev/a");  // no integration response
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body, body("Internal server error"));
  EXPECT_EQ(get("/dev/b").status, 500);
  backend.answer = fail(ErrorKind::kUnavailable, "refused");
  answer = get("/dev/c");
  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(answer.body, body("Network error communicating with endpoint"));
  backend.silent = true;
  answer = get("/dev/c");
  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(answer.body, body("Endpoint request timed out"));
  backend.pending.back()(http::Response::text(200, "late"));  // is dropped
}

TEST_F(HttpIntegrationTest, RefusesByName) {
  declare("/r", "GET", {"method.request.header.X-Known"});
  const auto refused = [&](std::string type, json::Object more) {
    if (!more.contains("uri")) more["uri"] = "http://example.com/";
    return error("PutIntegration", integration("/r", "GET", std::move(type), std::move(more)));
  };
  const auto parameters = [](const char* name, const char* value) {
    return json::Object{{"requestParameters", json::Object{{name, value}}}};
  };
  const auto* header = "integration.request.header.X";
  for (const auto* uri : {"ftp://example.com", "example.com", "http://example.com:22/", "http://",
                          "", "http://user:secret@example.com/"}) {
    EXPECT_THAT(refused("HTTP_PROXY", {{"uri", uri}}),
                HasSubstr("Invalid HTTP endpoint specified for URI"))
        << uri;
  }
  EXPECT_EQ(refused("HTTP_PROXY", {{"uri", "https://${stageVariables.host}:8443/{a}"}}), "none");
  EXPECT_THAT(refused("HTTP", {{"integrationHttpMethod", ""}}),
              HasSubstr("HttpMethod must be non-empty"));
  EXPECT_THAT(refused("HTTP", {{"integrationHttpMethod", "FETCH"}}), HasSubstr("FETCH"));
  EXPECT_THAT(
      refused("HTTP_PROXY", {{"requestTemplates", json::Object{{"application/json", "x"}}}}),
      HasSubstr("requestTemplates of HTTP_PROXY"));
  EXPECT_THAT(refused("HTTP", {{"contentHandling", "CONVERT_TO_BINARY"}}),
              HasSubstr("CONVERT_TO_BINARY"));
  EXPECT_THAT(refused("HTTP", parameters(header, "method.request.header.X-Unknown")),
              HasSubstr("method.request.header.X-Unknown"));
  EXPECT_EQ(refused("HTTP", parameters(header, "method.request.header.X-Known")), "none");
  EXPECT_THAT(refused("HTTP", parameters(header, "method.request.body")),
              HasSubstr("method.request.body"));
  EXPECT_THAT(refused("HTTP", parameters("integration.request.body", "'x'")),
              HasSubstr("integration.request.body"));
  EXPECT_THAT(refused("AWS", {}), HasSubstr("integrations of type AWS"));
}

// Over the network, and stopped while a backend does not answer.
TEST(HttpWorkersTest, SendOverTheNetworkAndStop) {
  net::Loops loops{1};
  std::mutex mutex;
  std::vector<http::Responder> held;
  std::condition_variable changed;
  auto server = net::Server::listen(loops, {.address = "127.0.0.1", .port = 0},
                                    [&](http::Request request, http::Responder responder) {
                                      if (request.target == "/now")
                                        return responder(http::Response::text(200, request.body));
                                      const std::scoped_lock lock(mutex);
                                      held.push_back(std::move(responder));
                                      changed.notify_all();
                                    });
  ASSERT_TRUE(server);
  const auto call = [&](const char* path) {
    BackendCall out;
    out.url = *net::Url::parse(fmt::format("http://127.0.0.1:{}{}", (*server)->port(), path));
    out.request.method = "POST";
    out.request.body = "hello";
    out.until = std::chrono::steady_clock::now() + std::chrono::hours(1);
    return out;
  };
  auto workers = std::make_unique<HttpWorkers>();
  std::optional<std::string> body;
  workers->send(call("/now"), [&](Result<http::Response> answer) {
    const std::scoped_lock lock(mutex);
    body = answer ? answer->body : answer.error().message;
    changed.notify_all();
  });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return body.has_value(); });
  EXPECT_EQ(*body, "hello");
  bool called = false;
  workers->send(call("/never"), [&](Result<http::Response>) { called = true; });
  changed.wait(lock, [&] { return !held.empty(); });
  lock.unlock();
  workers.reset();  // does not wait for the hour: ctest's limit would tell
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace dew::apigateway
