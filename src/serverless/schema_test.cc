#include "serverless/schema.h"

#include <gtest/gtest.h>

#include "serverless/service.h"

namespace dew::serverless {
namespace {

// A document of these lines after `service` and `provider` (lines 1 to 4).
std::string outcome(const std::string& more, const std::string& provider = "") {
  const std::string yaml =
      "service: users\nprovider:\n  name: aws\n  runtime: nodejs20.x\n" + provider + more;
  const auto service = load_service_text(yaml, {});
  return service ? "ok" : service.error().message;
}

struct Case {
  const char* more;
  const char* message;
};

TEST(Schema, OneClearError) {
  const Case cases[] = {
      {"functions:\n  api:\n    handler: a.b\n", "ok"},
      {"functoins: {}\n", "serverless.yml:5: functoins: unknown key (did you mean 'functions'?)"},
      {"functions:\n  api:\n    handler: a.b\n    memorysize: 512\n",
       "serverless.yml:8: functions.api.memorysize: unknown key (did you mean 'memorySize'?)"},
      {"functions:\n  api:\n    memorySize: 512\n",
       "serverless.yml:7: functions.api: the key 'handler' is missing"},
      {"functions:\n  api:\n    handler: a.b\n    memorySize: 64\n",
       "serverless.yml:8: functions.api.memorySize: must be an integer from 128 to 10240, not 64"},
      {"functions:\n  api:\n    handler: a.b\n    timeout: soon\n",
       "serverless.yml:8: functions.api.timeout: must be an integer from 1 to 900, not 'soon'"},
      {"functions:\n  api:\n    handler: a.b\n    memorySize: ${opt:m, '512'}\n", "ok"},
      {"functions:\n  api:\n    handler: a.b\n    runtime: nodjs20\n",
       "serverless.yml:8: functions.api.runtime: must be a runtime such as provided.al2023, "
       "nodejs20.x or python3.11, not 'nodjs20'"},
      {"functions:\n  api:\n    handler: a.b\n    vpc: {}\n",
       "serverless.yml:8: functions.api.vpc: the Serverless Framework knows this key, but Dewpoint "
       "does not support it yet; remove it"},
      {"functions:\n  api:\n    handler: a.b\n    events:\n      - http: GET users/{id}\n", "ok"},
      {"functions:\n  api:\n    handler: a.b\n    events:\n      - http: FETCH /users\n",
       "serverless.yml:9: functions.api.events.0.http: the method must be one of GET, POST, PUT, "
       "PATCH, OPTIONS, HEAD, DELETE, ANY, not 'FETCH'"},
      {"functions:\n  api:\n    handler: a.b\n    events:\n      - http: {path: users, method: "
       "get, corse: true}\n",
       "serverless.yml:9: functions.api.events.0.http.corse: unknown key (did you mean 'cors'?)"},
      {"functions:\n  api:\n    handler: a.b\n    events:\n      - http: {method: get}\n",
       "serverless.yml:9: functions.api.events.0.http: the key 'path' is missing"},
      {"functions:\n  api:\n    handler: a.b\n    events:\n      - http: GET /us ers\n",
       "serverless.yml:9: functions.api.events.0.http: 'us ers' is no path that API Gateway takes: "
       "a part is letters, digits, and -_.:, or a "
       "{parameter}"},
      {"functions:\n  api:\n    handler: a.b\n    events:\n      - http: GET /{proxy+}/x\n",
       "serverless.yml:9: functions.api.events.0.http: {proxy+} must be the last part of "
       "'{proxy+}/x'"},
      {"functions:\n  api:\n    handler: a.b\n    events:\n      - sqs: arn\n",
       "serverless.yml:9: functions.api.events.0.sqs: this event type is not supported yet; "
       "Dewpoint has http and cloudwatchLog"},
      {"functions:\n  api:\n    handler: a.b\n    events:\n      - htpp: GET /x\n",
       "serverless.yml:9: functions.api.events.0.htpp: unknown event type (did you mean 'http'?)"},
      {"plugins: [serverless-offline, serverless-dotenv-plugin]\n", "ok"},
      {"plugins:\n  - serverless-webpack\n",
       "serverless.yml:6: plugins.0: the plugin serverless-webpack cannot run here: Dewpoint runs "
       "no JavaScript and has what serverless-offline, serverless-dotenv-plugin and "
       "serverless-plugin-canary-deployments do built in; remove it, or go without with "
       "--ignore-plugins"},
      {"plugins: [serverless-plugin-canary-deployments]\nfunctions:\n  api:\n    handler: a.b\n"
       "    deploymentSettings: {type: AllAtOnce, alias: live, alarms: [A, {name: b}]}\n",
       "ok"},
      {"functions:\n  api:\n    handler: a.b\n    deploymentSettings: {type: AllAtOnce}\n",
       "serverless.yml:8: functions.api.deploymentSettings: is of the plugin "
       "serverless-plugin-canary-deployments: list it under plugins"},
      {"custom:\n  deploymentSettings: {triggerConfigurations: []}\n",
       "serverless.yml:6: custom.deploymentSettings.triggerConfigurations: the Serverless "
       "Framework "
       "knows this key, but Dewpoint does not support it yet; remove it"},
      {"custom:\n  dew:\n    build: [make, ls]\n    parameters: {/a: b, /c: {type: String, value: "
       "d}}\n",
       "ok"},
      {"custom:\n  dew:\n    biuld: make\n",
       "serverless.yml:7: custom.dew.biuld: unknown key (did you mean 'build'?)"},
      {"custom:\n  dew:\n    parameters: {/a: {type: Strng, value: x}}\n",
       "serverless.yml:7: custom.dew.parameters./a.type: must be one of String, SecureString, "
       "StringList, not 'Strng'"},
      {"custom:\n  serverless-offline: {httpPort: 99999}\n",
       "serverless.yml:6: custom.serverless-offline.httpPort: must be an integer from 0 to 65535, "
       "not 99999"},
      {"resources:\n  Resources:\n    Table: x\n",
       "serverless.yml:7: resources.Resources.Table: must be a map with Type and Properties"},
      {"package:\n  patterns: ['!x']\n  pattern: x\n",
       "serverless.yml:7: package.pattern: unknown key (did you mean 'patterns'?)"},
      {"console: true\n",
       "serverless.yml:5: console: the Serverless Framework knows this key, but Dewpoint does not "
       "support it yet; remove it"},
      {"layers: {tools: {path: x}}\n", "ok"},
      {"layers: {tools: {name: x}}\n", "serverless.yml:5: layers.tools: the key 'path' is missing"},
      {"functions:\n  api:\n    handler: a.b\n    events:\n      - http: {path: x, method: get, "
       "authorizer: {name: auth, claims: [sub]}}\n",
       "serverless.yml:9: functions.api.events.0.http.authorizer.claims: the Serverless Framework "
       "knows this key, but Dewpoint does not support it yet; remove it"},
  };
  for (const auto& test : cases) EXPECT_EQ(outcome(test.more), test.message) << test.more;
}

TEST(Schema, PluginsCanBeIgnored) {
  LoadOptions options;
  options.other_plugins = OtherPlugins::kIgnored;
  const auto service = load_service_text(
      "service: users\nprovider: {name: aws}\nplugins: [serverless-webpack]\n", options);
  ASSERT_TRUE(service) << service.error().message;
  ASSERT_EQ(service->warnings.size(), 1U);
  EXPECT_EQ(service->warnings[0],
            "serverless.yml:3: the plugin serverless-webpack is ignored: what it does is not done");
}

TEST(Schema, Provider) {
  EXPECT_EQ(
      outcome(
          "",
          "  iamRoleStatements:\n    - Effect: Alow\n      Action: s3:*\n      Resource: '*'\n"),
      "serverless.yml:6: provider.iamRoleStatements.0.Effect: must be one of Allow, Deny, not "
      "'Alow'");
  EXPECT_EQ(outcome("", "  logRetentionInDays: 8\n").substr(0, 72),
            "serverless.yml:5: provider.logRetentionInDays: must be one of 1, 3, 5, 7");
  EXPECT_EQ(outcome("", "  tracing: {apiGateway: true, lambda: PassThrough}\n"), "ok");
  EXPECT_EQ(outcome("", "  vpc: {subnetIds: [a]}\n"),
            "serverless.yml:5: provider.vpc: the Serverless Framework knows this "
            "key, but Dewpoint does not support it yet; remove it");
  EXPECT_EQ(
      outcome("", "  endpointType: regional\n  iam: {role: arn:aws:iam::000000000000:role/x}\n"),
      "ok");
  EXPECT_EQ(load_service_text("service: users\nprovider: {name: google}\n", {}).error().message,
            "serverless.yml:2: provider.name: must be one of aws, not 'google'");
  EXPECT_EQ(load_service_text("provider: {name: aws}\n", {}).error().message,
            "serverless.yml:1: the key 'service' is missing");
}

TEST(Schema, Warnings) {
  const auto service = load_service_text(
      "service: users\nprovider: {name: aws, profile: me}\ncustom: {serverless-offline: {httpPort: "
      "3001, lambdaPort: 3}}\n",
      {});
  ASSERT_TRUE(service);
  EXPECT_EQ(service->http_port(), 3001);
  ASSERT_EQ(service->warnings.size(), 1U);
  EXPECT_EQ(service->warnings[0],
            "serverless.yml:3: custom.serverless-offline.lambdaPort has no effect here");
}

TEST(Service, SeedsBeforeSsm) {
  LoadOptions options;
  std::map<std::string, std::string> parameters;
  options.seed = [&](const std::vector<SeedParameter>& seeds) -> Result<void> {
    for (const auto& seed : seeds) parameters.emplace(seed.name, seed.value);
    return {};
  };
  options.sources.ssm = [&](const std::string& name, bool,
                            const std::string&) -> Result<std::optional<SsmParameter>> {
    if (!parameters.contains(name)) return std::nullopt;
    return SsmParameter{"SecureString", parameters[name]};
  };
  const auto service = load_service_text(
      "service: users\nprovider: {name: aws, environment: {S: '${ssm:/users/${sls:stage}/s}'}}\n"
      "custom: {dew: {parameters: {'/users/${sls:stage}/s': hidden}}}\n",
      options);
  ASSERT_TRUE(service) << service.error().message;
  EXPECT_EQ(service->at("provider.environment.S")->text, "hidden");
}

}  // namespace
}  // namespace dew::serverless
