// Deployments on a clock that the test moves, over a Lambda that is four handlers.
#include "services/codedeploy/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "services/testing.h"

namespace dew::codedeploy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kRole = "arn:aws:iam::000000000000:role/CodeDeploy";
constexpr const char* kAppSpec = R"(version: 0.0
Resources:
  - Api:
      Type: AWS::Lambda::Function
      Properties:
        Name: api
        Alias: live
        CurrentVersion: 1
        TargetVersion: 2
)";
constexpr const char* kBeforeHook = "Hooks:\n  - BeforeAllowTraffic: check\n";
constexpr const char* kAfterHook = "Hooks:\n  - AfterAllowTraffic: check\n";

class QuietAlarms final : public AlarmSource {
 public:
  aws::ApiResult<std::vector<std::string>> active(const aws::Identity&,
                                                  const std::vector<std::string>& names) override {
    ++asked;
    if (broken) return aws::fail("InternalFailure", "no answer", 500);
    std::vector<std::string> out;
    for (const auto& name : names) {
      if (name == in_alarm) out.push_back(name);
    }
    return out;
  }
  std::string in_alarm;
  bool broken = false;
  int asked = 0;
};

// What a machine would lose in a crash is in here, and only here. The engine's tasks run one after
// the other, as on its thread, at once unless they are held up.
class Running {
 public:
  Running(services::TestCloud& cloud, AlarmSource& alarms) : context_(cloud.context()) {
    service = std::make_unique<Service>(context_, &alarms,
                                        [this](net::Task task) { post(std::move(task)); });
    service->register_operations(cloud.registry);
  }
  ~Running() { service->stop(); }

  bool held_up = false;
  std::unique_ptr<Service> service;

 private:
  void post(net::Task task) {
    tasks_.push_back(std::move(task));
    if (held_up || busy_) return;
    busy_ = true;
    while (!tasks_.empty()) {
      auto next = std::move(tasks_.front());
      tasks_.pop_front();
      next();
    }
    busy_ = false;
  }

  services::Context context_;
  std::deque<net::Task> tasks_;
  bool busy_ = false;
};

class CodeDeployTest : public testing::Test {
 protected:
  CodeDeployTest() {
    const auto on = [&](const char* service, const char* name, auto handler) {
      cloud.registry.add(service, name, aws::Run::kInline, handler);
    };
    on("sts", "AssumeRole", [this](aws::Call& call) -> aws::ApiResult<json::Value> {
      if (call.identity.arn != "codedeploy.amazonaws.com" || no_role)
        return aws::fail("AccessDenied", "no", 403);
      return json::Object{
          {"AssumedRoleUser", json::Object{{"Arn", "arn:aws:sts::role"}, {"AssumedRoleId", "id"}}}};
    });
    on("lambda", "GetAlias", [this](aws::Call&) -> aws::ApiResult<json::Value> {
      if (no_alias) return aws::fail("ResourceNotFoundException", "Cannot find alias", 404);
      return json::Object{{"FunctionVersion", version}};
    });
    on("lambda", "UpdateAlias", [this](aws::Call& call) -> aws::ApiResult<json::Value> {
      EXPECT_EQ(call.identity.arn, "arn:aws:sts::role");
      if (denied) return aws::fail("AccessDeniedException", "no", 403);
      version = json::string_or(call.input, "FunctionVersion");
      const auto& weights =
          call.input.at("RoutingConfig").as_object().at("AdditionalVersionWeights").as_object();
      weight = weights.empty() ? 0 : *json::number_at(weights, weights.begin()->key());
      writes.push_back(fmt::format("{} {:.2f}", version, weight));
      return json::Object();
    });
    on("lambda", "Invoke", [this](aws::Call& call) -> aws::ApiResult<json::Value> {
      hook = json::parse(json::string_or(call.input, "Payload"))->as_object();
      ++invocations;
      return json::Object{{"StatusCode", 202}};
    });
    restart();
    cloud.ok("codedeploy", "CreateApplication",
             {{"applicationName", "app"}, {"computePlatform", "Lambda"}});
  }

  void restart() {
    running.reset();
    running = std::make_unique<Running>(cloud, alarms);
    running->service->resume();
  }
  void advance(std::chrono::microseconds by) { cloud.clock.advance(by); }
  void group(const char* config, json::Object more = {}) {
    json::Object input{
        {"applicationName", "app"},
        {"deploymentGroupName", "group"},
        {"serviceRoleArn", kRole},
        {"deploymentConfigName", config},
        {"autoRollbackConfiguration",
         json::Object{{"enabled", true},
                      {"events", json::Array{"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM",
                                             "DEPLOYMENT_STOP_ON_REQUEST"}}}}};
    for (auto& [key, value] : more) input[key] = value;
    cloud.ok("codedeploy", "CreateDeploymentGroup", std::move(input));
  }
  void group_with_alarm(const char* config) {
    group(config, {{"alarmConfiguration",
                    json::Object{{"enabled", true},
                                 {"alarms", json::Array{json::Object{{"name", "errors"}}}}}}});
  }
  json::Object deployment_input(const std::string& text) {
    return {{"applicationName", "app"},
            {"deploymentGroupName", "group"},
            {"revision", json::Object{{"revisionType", "AppSpecContent"},
                                      {"appSpecContent", json::Object{{"content", text}}}}}};
  }
  std::string deploy(const std::string& text = kAppSpec) {
    auto id = json::string_or(cloud.ok("codedeploy", "CreateDeployment", deployment_input(text)),
                              "deploymentId");
    return id;
  }
  json::Object info(const std::string& id) {
    return cloud.ok("codedeploy", "GetDeployment", {{"deploymentId", id}})
        .at("deploymentInfo")
        .as_object();
  }
  std::string status(const std::string& id) { return json::string_or(info(id), "status"); }
  std::string error_code(const std::string& id) {
    return json::string_or(info(id).at("errorInformation").as_object(), "code");
  }
  json::Object target(const std::string& id) {
    return cloud
        .ok("codedeploy", "GetDeploymentTarget", {{"deploymentId", id}, {"targetId", "api:live"}})
        .at("deploymentTarget")
        .as_object()
        .at("lambdaTarget")
        .as_object();
  }
  std::vector<std::string> events(const std::string& id) {
    std::vector<std::string> out;
    for (const auto& event : target(id).at("lifecycleEvents").as_array())
      out.push_back(json::string_or(event.as_object(), "status"));
    return out;
  }
  std::string rollback_of(const std::string& id) {
    return json::string_or(info(id).at("rollbackInfo").as_object(), "rollbackDeploymentId");
  }
  void report(const char* result) {
    cloud.ok(
        "codedeploy", "PutLifecycleEventHookExecutionStatus",
        {{"deploymentId", json::string_or(hook, "DeploymentId")},
         {"lifecycleEventHookExecutionId", json::string_or(hook, "LifecycleEventHookExecutionId")},
         {"status", result}});
  }

  services::TestCloud cloud;
  QuietAlarms alarms;
  std::unique_ptr<Running> running;
  std::string version = "1";
  double weight = 0;
  std::vector<std::string> writes;
  json::Object hook;
  int invocations = 0;
  bool denied = false;
  bool no_role = false;
  bool no_alias = false;
};

TEST_F(CodeDeployTest, AllAtOnceIsOneWrite) {
  group("CodeDeployDefault.LambdaAllAtOnce");
  const auto id = deploy();
  EXPECT_EQ(status(id), "Succeeded");
  EXPECT_THAT(writes, ElementsAre("2 0.00"));
  EXPECT_THAT(events(id), ElementsAre("Skipped", "Succeeded", "Skipped"));
}

TEST_F(CodeDeployTest, CanaryBakesForItsInterval) {
  group("CodeDeployDefault.LambdaCanary10Percent5Minutes");
  const auto id = deploy();
  EXPECT_EQ(status(id), "InProgress");
  EXPECT_THAT(writes, ElementsAre("1 0.10"));
  EXPECT_EQ(target(id).at("lambdaFunctionInfo").as_object().at("targetVersionWeight"), 10);
  advance(minutes(5) - seconds(1));
  EXPECT_EQ(status(id), "InProgress");
  advance(seconds(1));
  EXPECT_EQ(status(id), "Succeeded");
  EXPECT_THAT(writes, ElementsAre("1 0.10", "2 0.00"));
  EXPECT_EQ(json::number_at(info(id), "completeTime").value() -
                json::number_at(info(id), "createTime").value(),
            300);
}

TEST_F(CodeDeployTest, LinearShiftsTenTimes) {
  group("CodeDeployDefault.LambdaLinear10PercentEvery1Minute");
  const auto id = deploy();
  advance(minutes(9));
  EXPECT_EQ(status(id), "Succeeded");
  EXPECT_THAT(writes, ElementsAre("1 0.10", "1 0.20", "1 0.30", "1 0.40", "1 0.50", "1 0.60",
                                  "1 0.70", "1 0.80", "1 0.90", "2 0.00"));
}

TEST_F(CodeDeployTest, ValidationFunctionsAreWaitedFor) {
  group("CodeDeployDefault.LambdaAllAtOnce");
  const auto id = deploy(std::string(kAppSpec) + kBeforeHook);
  EXPECT_EQ(json::string_or(hook, "DeploymentId"), id);
  EXPECT_THAT(writes, ElementsAre());
  advance(minutes(59));
  EXPECT_EQ(status(id), "InProgress");
  EXPECT_EQ(cloud.error("codedeploy", "PutLifecycleEventHookExecutionStatus",
                        {{"deploymentId", id},
                         {"lifecycleEventHookExecutionId", "other"},
                         {"status", "Succeeded"}}),
            "InvalidLifecycleEventHookExecutionIdException");
  report("Succeeded");
  EXPECT_EQ(status(id), "Succeeded");
  EXPECT_EQ(cloud.error("codedeploy", "PutLifecycleEventHookExecutionStatus",
                        {{"deploymentId", id},
                         {"lifecycleEventHookExecutionId", "other"},
                         {"status", "Succeeded"}}),
            "LifecycleEventAlreadyCompletedException");
}

TEST_F(CodeDeployTest, FailedValidationAfterTrafficTakesItBackInOneWrite) {
  group("CodeDeployDefault.LambdaAllAtOnce");
  const auto id = deploy(std::string(kAppSpec) + kAfterHook);
  EXPECT_THAT(writes, ElementsAre("2 0.00"));
  report("Failed");
  EXPECT_EQ(status(id), "Failed");
  EXPECT_EQ(error_code(id), "HOOK_EXECUTION_FAILURE");
  EXPECT_THAT(events(id), ElementsAre("Skipped", "Succeeded", "Failed"));
  EXPECT_THAT(writes, ElementsAre("2 0.00", "1 0.00"));
  const auto back = info(rollback_of(id));
  EXPECT_EQ(json::string_or(back, "creator"), "codeDeployRollback");
  EXPECT_EQ(json::string_or(back, "status"), "Succeeded");
  EXPECT_EQ(json::string_or(back.at("rollbackInfo").as_object(), "rollbackTriggeringDeploymentId"),
            id);
}

TEST_F(CodeDeployTest, SilentValidationFunctionTimesOutAfterAnHour) {
  group("CodeDeployDefault.LambdaAllAtOnce");
  const auto id = deploy(std::string(kAppSpec) + kBeforeHook);
  advance(hours(1));
  EXPECT_EQ(status(id), "Failed");
  EXPECT_EQ(error_code(id), "TIMEOUT");
}

TEST_F(CodeDeployTest, AlarmStopsAtOnceAndRollsBack) {
  group_with_alarm("CodeDeployDefault.LambdaCanary10Percent5Minutes");
  const auto id = deploy();
  advance(minutes(1));
  EXPECT_GE(alarms.asked, 12);
  alarms.in_alarm = "errors";
  advance(seconds(5));
  EXPECT_EQ(status(id), "Stopped");
  EXPECT_EQ(error_code(id), "ALARM_ACTIVE");
  EXPECT_THAT(json::string_or(info(id).at("errorInformation").as_object(), "message"),
              HasSubstr("errors"));
  EXPECT_THAT(writes, ElementsAre("1 0.10", "1 0.00"));
  EXPECT_EQ(status(rollback_of(id)), "Succeeded");
}

TEST_F(CodeDeployTest, AlarmThatCannotBeReadStopsUnlessIgnored) {
  group_with_alarm("CodeDeployDefault.LambdaCanary10Percent5Minutes");
  alarms.broken = true;
  const auto id = deploy();
  EXPECT_EQ(status(id), "Stopped");
  EXPECT_THAT(writes, ElementsAre());
  auto input = deployment_input(kAppSpec);
  input["overrideAlarmConfiguration"] =
      json::Object{{"enabled", true},
                   {"ignorePollAlarmFailure", true},
                   {"alarms", json::Array{json::Object{{"name", "errors"}}}}};
  const auto second =
      json::string_or(cloud.ok("codedeploy", "CreateDeployment", std::move(input)), "deploymentId");
  advance(minutes(5));
  EXPECT_EQ(status(second), "Succeeded");
}

TEST_F(CodeDeployTest, StopWithAndWithoutRollback) {
  group("CodeDeployDefault.LambdaCanary10Percent5Minutes");
  const auto id = deploy();
  cloud.ok("codedeploy", "StopDeployment", {{"deploymentId", id}, {"autoRollbackEnabled", false}});
  EXPECT_EQ(status(id), "Stopped");
  EXPECT_FALSE(info(id).contains("rollbackInfo"));
  EXPECT_THAT(writes, ElementsAre("1 0.10"));
  EXPECT_EQ(cloud.error("codedeploy", "StopDeployment", {{"deploymentId", id}}),
            "DeploymentAlreadyCompletedException");

  const auto second = deploy();
  cloud.ok("codedeploy", "StopDeployment", {{"deploymentId", second}});
  EXPECT_EQ(error_code(second), "MANUAL_STOP");
  EXPECT_EQ(status(rollback_of(second)), "Succeeded");
  EXPECT_THAT(writes, ElementsAre("1 0.10", "1 0.10", "1 0.00"));
}

TEST_F(CodeDeployTest, OneDeploymentOfAGroupAtATime) {
  group("CodeDeployDefault.LambdaCanary10Percent5Minutes");
  const auto id = deploy();
  EXPECT_THAT(cloud.message("codedeploy", "CreateDeployment", deployment_input(kAppSpec)),
              HasSubstr(id));
  EXPECT_EQ(cloud.error("codedeploy", "CreateDeployment", deployment_input(kAppSpec)),
            "DeploymentLimitExceededException");
}

TEST_F(CodeDeployTest, WhatCannotBeDeployedFailsBeforeAnythingIsShifted) {
  group("CodeDeployDefault.LambdaAllAtOnce");
  version = "7";
  EXPECT_EQ(error_code(deploy()), "INVALID_LAMBDA_CONFIGURATION");
  version = "1";
  no_alias = true;
  EXPECT_EQ(error_code(deploy()), "INVALID_LAMBDA_FUNCTION");
  no_alias = false;
  denied = true;
  const auto id = deploy();
  EXPECT_EQ(error_code(id), "IAM_ROLE_PERMISSIONS");
  EXPECT_EQ(status(rollback_of(id)), "Failed");
  EXPECT_THAT(writes, ElementsAre());
}

// A crash after any number of the engine's tasks, and in the middle of any of them (the record is
// what the last commit made it), changes neither the end nor what is written on the way but for
// repetitions.
TEST_F(CodeDeployTest, GoesOnAfterARestartAtAnyStep) {
  group("CodeDeployDefault.LambdaLinear10PercentEvery10Minutes");
  const auto text = std::string(kAppSpec) +
                    "Hooks:\n  - BeforeAllowTraffic: check\n  - AfterAllowTraffic: check\n";
  running->held_up = true;
  const auto id = deploy(text);
  EXPECT_EQ(status(id), "Created");
  restart();
  EXPECT_EQ(invocations, 1);
  restart();
  advance(minutes(30));
  EXPECT_EQ(invocations, 1);
  report("Succeeded");
  for (int i = 0; i < 9; ++i) {
    restart();
    advance(minutes(10));
  }
  EXPECT_EQ(invocations, 2);
  restart();
  report("Failed");
  restart();
  advance(seconds(1));
  EXPECT_EQ(status(id), "Failed");
  EXPECT_EQ(status(rollback_of(id)), "Succeeded");
  EXPECT_EQ(writes.size(), 11U);
  EXPECT_EQ(writes.back(), "1 0.00");
}

TEST_F(CodeDeployTest, AnswerThatCameWhileTheMachineWasDownIsNotLost) {
  group("CodeDeployDefault.LambdaAllAtOnce");
  const auto id = deploy(std::string(kAppSpec) + kBeforeHook);
  cloud.ok(
      "codedeploy", "PutLifecycleEventHookExecutionStatus",
      {{"deploymentId", id},
       {"lifecycleEventHookExecutionId", json::string_or(hook, "LifecycleEventHookExecutionId")},
       {"status", "Succeeded"}});
  restart();
  EXPECT_EQ(status(id), "Succeeded");
}

TEST_F(CodeDeployTest, RoleMustTrustCodeDeploy) {
  no_role = true;
  EXPECT_EQ(cloud.error("codedeploy", "CreateDeploymentGroup",
                        {{"applicationName", "app"},
                         {"deploymentGroupName", "group"},
                         {"serviceRoleArn", "arn:aws:iam::000000000000:role/Other"}}),
            "InvalidRoleException");
}

TEST_F(CodeDeployTest, RefusesWhatIsNotForLambda) {
  EXPECT_EQ(cloud.error("codedeploy", "CreateApplication", {{"applicationName", "servers"}}),
            "NotImplemented");
  for (const auto* member : {"ec2TagFilters", "autoScalingGroups", "triggerConfigurations"}) {
    EXPECT_THAT(cloud.message("codedeploy", "CreateDeploymentGroup",
                              {{"applicationName", "app"},
                               {"deploymentGroupName", "group"},
                               {"serviceRoleArn", kRole},
                               {member, json::Array{json::Object{}}}}),
                HasSubstr(member));
  }
}

TEST(Routing, ChecksPercentagesAndIntervals) {
  const auto canary = [](int percentage, int interval) {
    return parse_routing({{"type", "TimeBasedCanary"},
                          {"timeBasedCanary", json::Object{{"canaryPercentage", percentage},
                                                           {"canaryInterval", interval}}}});
  };
  EXPECT_TRUE(canary(1, 1));
  EXPECT_FALSE(canary(0, 1));
  EXPECT_FALSE(canary(100, 1));
  EXPECT_FALSE(canary(10, 2881));
  const auto linear = parse_routing(
      {{"type", "TimeBasedLinear"},
       {"timeBasedLinear", json::Object{{"linearPercentage", 30}, {"linearInterval", 1}}}});
  ASSERT_TRUE(linear);
  EXPECT_EQ(linear->weight(0), 30);
  EXPECT_EQ(linear->weight(2), 90);
  EXPECT_EQ(linear->weight(3), 100);
  for (const auto& config : predefined_configs()) {
    const auto again = parse_routing(to_json(config.routing));
    ASSERT_TRUE(again) << config.name;
    EXPECT_EQ(again->percentage, config.routing.percentage) << config.name;
  }
}

TEST(AppSpec, ReadsYamlAndJsonInBothSpellings) {
  const AppSpec expected{"api", "live", "1", "2", "check", ""};
  EXPECT_EQ(*parse_appspec(std::string(kAppSpec) + kBeforeHook), expected);
  EXPECT_EQ(
      *parse_appspec(R"({"version": 0.0, "resources": [{"Api": {"type": "AWS::Lambda::Function",
      "properties": {"name": "api", "alias": "live", "currentversion": "1", "targetversion": "2"}}}],
      "hooks": [{"BeforeAllowTraffic": "check"}]})"),
      expected);
  EXPECT_EQ(*parse_appspec(to_text(expected)), expected);
}

TEST(AppSpec, SaysWhatIsWrong) {
  const auto wrong = [](const std::string& text) {
    const auto spec = parse_appspec(text);
    return spec ? std::string() : spec.error().message;
  };
  EXPECT_THAT(wrong(""), HasSubstr("empty"));
  EXPECT_THAT(wrong("version: 1.0"), HasSubstr("version"));
  EXPECT_THAT(wrong("version: 0.0\nResources: []"), HasSubstr("exactly one"));
  EXPECT_THAT(wrong("version: 0.0\nResources:\n - A:\n    Type: AWS::ECS::Service"),
              HasSubstr("AWS::ECS::Service"));
  EXPECT_THAT(wrong(std::string(kAppSpec) + "Hooks:\n  - BeforeInstall: f"),
              HasSubstr("BeforeInstall"));
  EXPECT_THAT(wrong("a: &a [*a]"), HasSubstr("alias"));
  EXPECT_THAT(wrong(std::string(kMaxAppSpecBytes + 1, ' ')), HasSubstr("longer"));
  EXPECT_THAT(wrong("a: ["), HasSubstr("line"));
}

}  // namespace
}  // namespace dew::codedeploy
