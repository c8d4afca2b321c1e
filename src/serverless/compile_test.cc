#include "serverless/compile.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace dew::serverless {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Every function shares one artifact whose hash is fixed.
Artifacts artifacts_for(const Service& service) {
  Artifacts artifacts;
  artifacts.list.push_back(
      {service.name + ".zip", "", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="});
  for (const auto& [key, function] : service.functions()) artifacts.of_function[key] = 0;
  return artifacts;
}

Result<Compiled> compile_text(const std::string& yaml) {
  LoadOptions options;
  options.sources.ssm = [](const std::string&, bool,
                           const std::string&) -> Result<std::optional<SsmParameter>> {
    return SsmParameter{"SecureString", "s3cret"};
  };
  TRY(const auto service, load_service_text(yaml, options));
  return compile(service, artifacts_for(service), kNow);
}

// tests/golden/serverless/NAME.yml compiles to NAME.json. DEW_UPDATE_GOLDEN=1 writes what is
// compiled now.
TEST(Compile, Goldens) {
  const std::filesystem::path directory =
      std::filesystem::path(DEW_SOURCE_DIR) / "tests/golden/serverless";
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".yml") continue;
    const auto compiled = compile_text(read(entry.path()));
    ASSERT_TRUE(compiled) << entry.path() << ": " << compiled.error().message;
    const std::string text = json::dump_pretty(compiled->update) + "\n";
    auto golden = entry.path();
    golden.replace_extension(".json");
    if (std::getenv("DEW_UPDATE_GOLDEN")) std::ofstream(golden) << text;
    EXPECT_EQ(text, read(golden)) << entry.path() << " (DEW_UPDATE_GOLDEN=1 accepts it)";
    ++compared;
  }
  EXPECT_GE(compared, 3);
}

TEST(Compile, Errors) {
  const std::string head =
      "service: users\nprovider: {name: aws, runtime: nodejs20.x}\nfunctions:\n";
  const auto message = [&](const std::string& more) {
    const auto compiled = compile_text(head + more);
    return compiled ? std::string("ok") : compiled.error().message;
  };
  EXPECT_EQ(message("  a: {handler: x.y, events: [{http: GET /u}]}\n  b: {handler: x.y, events: "
                    "[{http: GET u}]}\n"),
            "serverless.yml:5: functions.b.events.0.http: GET /u is there twice");
  EXPECT_EQ(message("  a: {handler: x.y, events: [{http: GET /ab}, {http: GET /aB}]}\n"),
            "serverless.yml:4: functions.a.events.1.http: /aB and /ab make the same logical id "
            "ApiGatewayResourceAb; rename one of them");
  EXPECT_EQ(message("  a: {handler: x.y}\nresources: {Resources: {T: {Properties: {}}}}\n"),
            "serverless.yml:5: resources.Resources.T: the resource has no Type");
  EXPECT_EQ(
      message("  a: {handler: x.y}\nresources: {extensions: {ALambdaFuncton: {Properties: {}}}}\n"),
      "serverless.yml:5: resources.extensions.ALambdaFuncton: there is no such resource to extend "
      "(did you mean 'ALambdaFunction'?)");
}

TEST(Compile, LogEvents) {
  const auto compiled = compile_text(
      "service: users\nprovider: {name: aws, runtime: nodejs20.x}\nfunctions:\n  a:\n    handler: "
      "x.y\n    events:\n      - cloudwatchLog: /x/one\n      - cloudwatchLog: {logGroup: /x/two, "
      "filter: '{ $.level = \\\"ERROR\\\" }'}\n");
  ASSERT_TRUE(compiled) << compiled.error().message;
  const auto& resources = compiled->update.at("Resources");
  const auto properties = [&](const char* id) { return resources.at(id).at("Properties"); };
  EXPECT_EQ(json::dump(resources.at("ALogsSubscriptionFilterCloudWatchLog1").at("DependsOn")),
            R"(["ALambdaPermissionLogsSubscriptionFilterCloudWatchLog"])");
  EXPECT_EQ(json::dump(properties("ALogsSubscriptionFilterCloudWatchLog1")),
            R"({"LogGroupName":"/x/one","FilterPattern":"",)"
            R"("DestinationArn":{"Fn::GetAtt":["ALambdaFunction","Arn"]}})");
  EXPECT_EQ(properties("ALogsSubscriptionFilterCloudWatchLog2").at("FilterPattern"),
            R"({ $.level = "ERROR" })");
  const auto permission = properties("ALambdaPermissionLogsSubscriptionFilterCloudWatchLog");
  EXPECT_EQ(json::dump(permission.at("Principal")),
            R"({"Fn::Join":["",["logs.",{"Ref":"AWS::Region"},".amazonaws.com"]]})");
  EXPECT_EQ(permission.at("SourceArn").at("Fn::Join").at(1).at(7), "/x/*");
  const auto third = compile_text(
      "service: users\nprovider: {name: aws, runtime: nodejs20.x}\nfunctions:\n  a: {handler: x.y, "
      "events: [{cloudwatchLog: /g}, {cloudwatchLog: /g}, {cloudwatchLog: /g}]}\n");
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().message,
            "serverless.yml:4: functions.a.events.2.cloudwatchLog: the log group /g has two "
            "subscription filters already, as many as it can have");
}

TEST(Compile, NormalizedTemplatesIgnoreTime) {
  const std::string yaml =
      "service: users\nprovider: {name: aws, runtime: nodejs20.x}\nfunctions: {a: {handler: x.y, "
      "events: [{http: GET /}]}}\n";
  LoadOptions options;
  const auto service = load_service_text(yaml, options);
  ASSERT_TRUE(service);
  const auto one = compile(*service, artifacts_for(*service), kNow);
  const auto two = compile(*service, artifacts_for(*service), kNow + 1);
  ASSERT_TRUE(one && two);
  EXPECT_NE(one->update, two->update);
  EXPECT_EQ(normalized_template(one->update), normalized_template(two->update));
}

}  // namespace
}  // namespace dew::serverless
