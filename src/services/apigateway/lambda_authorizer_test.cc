#include "services/apigateway/lambda_authorizer.h"

#include <gmock/gmock.h>

#include "services/apigateway/test_support.h"

namespace dew::apigateway {
namespace {

using testing::HasSubstr;

constexpr const char* kAllow =
    R"("policyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}]})";

TEST(VerdictTest, TakesWhatAwsTakes) {
  const auto verdict = read_verdict(
      std::string(R"({"principalId":"kim","context":{"a":"x","b":1.5,"c":true,"d":null},)"
                  R"("usageIdentifierKey":"key",)") +
      kAllow + "}");
  ASSERT_TRUE(verdict) << verdict.error().message;
  EXPECT_EQ(json::dump(verdict->authorizer),
            R"({"a":"x","b":"1.5","c":"true","principalId":"kim"})");
  EXPECT_EQ(verdict->usage_identifier_key, "key");
  EXPECT_TRUE(read_verdict("{" + std::string(kAllow) + "}"));
  for (const auto& [text, why] :
       {std::pair{std::string("nonsense"), "JSON"},
        {std::string("[]"), "an object"},
        {std::string("{}"), "policyDocument"},
        {std::string(R"({"policyDocument":{}})"), ""},
        {R"({"context":[],)" + std::string(kAllow) + "}", "context"},
        {R"({"context":{"a":{}},)" + std::string(kAllow) + "}", "context"},
        {R"({"principalId":[],)" + std::string(kAllow) + "}", "principalId"}}) {
    const auto refused = read_verdict(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_THAT(refused.error().message, HasSubstr(why)) << text;
  }
}

TEST(VerdictCacheTest, ForgetsInTimeAndIsBounded) {
  VerdictCache cache;
  const auto verdict = std::make_shared<const Verdict>();
  cache.keep("kim", verdict, 100, 0);
  EXPECT_EQ(cache.find("kim", 99), verdict);
  EXPECT_EQ(cache.find("kim", 100), nullptr);
  EXPECT_EQ(cache.find("lee", 0), nullptr);
  for (size_t i = 0; i < 3 * VerdictCache::kMaxEntries; ++i)
    cache.keep(std::to_string(i), verdict, 1000 + static_cast<int64_t>(i), 0);
  size_t kept = 0;
  for (size_t i = 0; i < 3 * VerdictCache::kMaxEntries; ++i)
    kept += cache.find(std::to_string(i), 0) != nullptr ? 1 : 0;
  EXPECT_LE(kept, VerdictCache::kMaxEntries);
  EXPECT_GT(kept, 0U);
}

class AuthorizedTest : public ServiceTest {
 protected:
  void make(json::Object options) {
    make_api();
    options["restApiId"] = api_id;
    options["name"] = "check";
    if (!options.contains("type")) options["type"] = "TOKEN";
    options["authorizerUri"] = uri("check");
    const auto id = json::string_or(ok("CreateAuthorizer", std::move(options)), "id");
    proxy("/a", "GET", "hello", {{"authorizationType", "CUSTOM"}, {"authorizerId", id}});
    deploy();
    invoker.silent = true;
  }
  // Answers the invocation that waits, if it is of the function named.
  void answer(FunctionResponse response) {
    ASSERT_FALSE(invoker.pending.empty());
    auto done = std::move(invoker.pending.back());
    invoker.pending.pop_back();
    done(std::move(response));
  }
};

TEST_F(AuthorizedTest, TheIntegrationRunsOnlyOnceTheAuthorizerHasAnswered) {
  make({{"authorizerResultTtlInSeconds", 0}});
  std::optional<http::Response> response;
  auto one = request("GET", "/dev/a", {{"Authorization", "token"}});
  auto address = data_plane_address(one);
  service->handle(std::move(one),
                  http::Responder([&](http::Response out) { response = std::move(out); }),
                  std::move(*address));
  ASSERT_EQ(invoker.requests.size(), 1U);
  EXPECT_THAT(invoker.requests[0].function_arn, HasSubstr("function:check"));
  EXPECT_THAT(invoker.requests[0].source_arn, HasSubstr(api_id + "/authorizers/"));
  answer({FunctionResponse::Kind::kPayload, "{\"principalId\":\"kim\"," + std::string(kAllow) + "}",
          ""});
  ASSERT_EQ(invoker.requests.size(), 2U);
  EXPECT_FALSE(response);
  answer({FunctionResponse::Kind::kPayload, R"({"statusCode":201})", ""});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 201);
}

TEST_F(AuthorizedTest, FailuresOfAuthorizers) {
  make({{"authorizerResultTtlInSeconds", 0}});
  invoker.silent = false;
  const auto ask = [&](FunctionResponse said) {
    invoker.answer = std::move(said);
    return send(request("GET", "/dev/a", {{"Authorization", "token"}}));
  };
  using Kind = FunctionResponse::Kind;
  for (const auto& [said, status, type] :
       {std::tuple{FunctionResponse{Kind::kThrottled, "", ""}, 500, "AuthorizerFailureException"},
        {FunctionResponse{Kind::kDenied, "", ""}, 500, "AuthorizerConfigurationException"},
        {FunctionResponse{Kind::kFunctionError, R"({"errorMessage":"x"})", ""}, 500,
         "AuthorizerConfigurationException"},
        {FunctionResponse{Kind::kFunctionError, R"({"errorMessage":"Unauthorized"})", ""}, 401,
         "UnauthorizedException"}}) {
    const auto response = ask(said);
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.headers.get("x-amzn-errortype"), type);
    EXPECT_EQ(response.body,
              status == 401 ? R"({"message":"Unauthorized"})" : R"({"message":null})");
  }
}

}  // namespace
}  // namespace dew::apigateway
