#include "services/apigateway/gate.h"

#include <gmock/gmock.h>

#include "services/apigateway/test_support.h"

namespace dew::apigateway {
namespace {

using testing::HasSubstr;

class GateTest : public ServiceTest {
 protected:
  static std::string document(const std::string& effect, const std::string& resource,
                              const std::string& more = "") {
    return R"({"Version":"2012-10-17","Statement":[{"Effect":")" + effect +
           R"(","Action":"execute-api:Invoke","Resource":")" + resource + "\"" + more + "}]}";
  }
  http::Response as(const std::string& user, const std::string& target) {
    return send(request("GET", target, {{"Authorization", user}}));
  }
  static std::string type(const http::Response& response) {
    return std::string(response.headers.get("x-amzn-errortype"));
  }
};

constexpr const char* kEveryone = R"(,"Principal":"*")";

TEST_F(GateTest, AsksForTheInvocationOfAMethodWithIam) {
  make_api();
  proxy("/a/{id}", "GET", "hello", {{"authorizationType", "AWS_IAM"}});
  deploy();
  auto response = get("/dev/a/1");
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.body, R"({"message":"Missing Authentication Token"})");
  EXPECT_EQ(type(response), "MissingAuthenticationTokenException");
  response = as("wrong", "/dev/a/1");
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(type(response), "InvalidSignatureException");
  response = as("kim", "/dev/a/1");
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(type(response), "AccessDeniedException");
  EXPECT_EQ(response.body,
            R"({"Message":"User: arn:aws:iam::000000000000:user/kim is not authorized to perform: )"
            "execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********0000:" +
                api_id +
                "/dev/GET/a/1 because no identity-based policy allows the execute-api:Invoke "
                R"(action"})");
  EXPECT_TRUE(invoker.requests.empty());

  authority.identity_policy =
      document("Allow", "arn:aws:execute-api:us-east-1:000000000000:" + api_id + "/dev/GET/a/1");
  EXPECT_EQ(as("kim", "/dev/a/1").status, 200);
  EXPECT_EQ(as("kim", "/dev/a/2").status, 403);
  const auto event = invoker.event();
  const auto& identity = event.at("requestContext").at("identity").as_object();
  EXPECT_EQ(json::string_or(identity, "userArn"), "arn:aws:iam::000000000000:user/kim");
  EXPECT_EQ(json::string_or(identity, "caller"), "AIDAkim");
  EXPECT_EQ(json::string_or(identity, "user"), "AIDAkim");
  EXPECT_EQ(json::string_or(identity, "accountId"), "000000000000");
  EXPECT_EQ(json::string_or(identity, "accessKey"), "AKIAkim");
  EXPECT_FALSE(event.at("headers").as_object().contains("Authorization"));
}

TEST_F(GateTest, NobodyIsAskedAboutMethodsWithoutAuthorization) {
  make_api();
  proxy("/a", "GET");
  deploy();
  EXPECT_EQ(send(request("GET", "/dev/a", {{"Authorization", "Bearer x"}})).status, 200);
  EXPECT_EQ(authority.asked, 0);
  EXPECT_EQ(json::string_or(invoker.event().at("headers").as_object(), "Authorization"),
            "Bearer x");
}

TEST_F(GateTest, AnApisPolicyDecidesAloneWhereNobodySigns) {
  make_api({{"policy", document("Allow", "execute-api:/dev/GET/open", kEveryone)}});
  proxy("/open", "GET");
  proxy("/shut", "GET");
  deploy();
  EXPECT_EQ(get("/dev/open").status, 200);
  const auto response = get("/dev/shut");
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body, HasSubstr(R"({"Message":"User: anonymous is not authorized)"));
  // As clients of AWS find it: the inside of a JSON string.
  const auto shown = json::string_or(ok("GetRestApi", {{"restApiId", api_id}}), "policy");
  EXPECT_THAT(shown, HasSubstr(R"(\"Resource\":\"arn:aws:execute-api:us-east-1:000000000000:)" +
                               api_id + R"(/dev/GET/open\")"));
}

TEST_F(GateTest, AChangedPolicyCountsFromTheNextDeploymentOn) {
  make_api();
  proxy("/a", "GET");
  deploy();
  const auto deny = document("Deny", "*", kEveryone);
  ok("UpdateRestApi",
     {{"restApiId", api_id},
      {"patchOperations",
       json::Array{json::Object{{"op", "replace"}, {"path", "/policy"}, {"value", deny}}}}});
  EXPECT_EQ(get("/dev/a").status, 200);
  deploy();
  const auto response = get("/dev/a");
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body, HasSubstr("with an explicit deny in a resource-based policy"));
}

TEST_F(GateTest, RefusesPoliciesThatAreNone) {
  for (const auto* text :
       {"x", "{}", R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]})"}) {
    EXPECT_THAT(error("CreateRestApi", {{"name", "a"}, {"policy", text}}),
                HasSubstr("BadRequestException: Invalid policy document"));
  }
}

}  // namespace
}  // namespace dew::apigateway
