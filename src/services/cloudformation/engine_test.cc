// Stacks over a fake world of log groups, parameters and REST APIs: create, update, roll back,
// delete, and a crash at every call of each.
#include <gtest/gtest.h>

#include <random>

#include "services/cloudformation/service.h"
#include "services/testing.h"

namespace dew::cloudformation {
namespace {

struct Crash {};

// Everything on the test's own thread. Calls that were launched side by side return in an order of
// chance, so that a crash finds some of them made and others not.
struct TestSteps : Steps {
  explicit TestSteps(std::mt19937& chance_) : chance(chance_) {}
  void launch(std::string name, Step step) override {
    launched.emplace_back(std::move(name), std::move(step));
  }
  Returned next() override {
    const auto i = launched.begin() + static_cast<std::ptrdiff_t>(chance() % launched.size());
    auto [name, step] = std::move(*i);
    launched.erase(i);
    return {std::move(name), step.call()};
  }
  std::mt19937& chance;
  std::vector<std::pair<std::string, Step>> launched;
};

struct TestThreads : Threads {
  TestThreads(std::vector<net::Task>& queue_, std::mt19937& chance_)
      : queue(queue_), chance(chance_) {}
  void start(net::Task operation, Admission) override { queue.push_back(std::move(operation)); }
  std::unique_ptr<Steps> steps() override { return std::make_unique<TestSteps>(chance); }
  void join() override {}
  std::vector<net::Task>& queue;
  std::mt19937& chance;
};

struct World : services::TestCloud {
  explicit World(std::shared_ptr<store::Store> shared = store::make_memory_store())
      : TestCloud(std::move(shared)), context_(context()) {
    restart();
  }

  // A new process over the same store and the same world.
  void restart() {
    registry = {};
    service = std::make_unique<Service>(context_, std::make_unique<TestThreads>(queue, chance));
    service->register_operations(registry);
    queue.clear();
  }

  aws::ApiResult<json::Value> call(const aws::Identity& who, std::string_view name,
                                   std::string_view operation, json::Object input) override {
    if (name == "cloudformation") return TestCloud::call(who, name, operation, std::move(input));
    const bool crash = crash_at != 0 && ++calls == crash_at;
    if (crash && !crash_after) throw Crash{};
    auto result = answer(std::string(operation), input);
    if (crash) throw Crash{};
    return result;
  }

  aws::ApiResult<json::Value> answer(const std::string& operation, const json::Object& input) {
    if (before) before(operation);
    const auto text = [&](const char* member) { return json::string_or(input, member); };
    const auto gone = [] { return aws::fail("ResourceNotFoundException", "no such thing"); };
    if (refuse_days != 0 && json::int_at(input, "retentionInDays") == refuse_days) {
      return aws::fail("InvalidParameterException", "refused");
    }
    if (operation == "CreateLogGroup") {
      if (!groups.emplace(text("logGroupName"), 0).second)
        return aws::fail("ResourceAlreadyExistsException", "there");
      return json::Object{};
    }
    if (operation == "DescribeLogGroups") {
      json::Array list;
      for (const auto& [group, days] : groups)
        list.emplace_back(json::Object{{"logGroupName", group}});
      return json::Object{{"logGroups", std::move(list)}};
    }
    if (operation == "PutRetentionPolicy" || operation == "DeleteRetentionPolicy") {
      if (!groups.contains(text("logGroupName"))) return gone();
      groups[text("logGroupName")] = json::int_at(input, "retentionInDays").value_or(0);
      return json::Object{};
    }
    if (operation == "DeleteLogGroup") {
      if (groups.erase(text("logGroupName")) == 0) return gone();
      return json::Object{};
    }
    if (operation == "PutParameter") {
      if (text("Value") == "bad") return aws::fail("ValidationException", "a bad value");
      parameters[text("Name")] = text("Value");
      return json::Object{};
    }
    if (operation == "GetParameter") {
      if (!parameters.contains(text("Name"))) return aws::fail("ParameterNotFound", "");
      return json::Object{
          {"Parameter", json::Object{{"Type", "String"}, {"Value", parameters[text("Name")]}}}};
    }
    if (operation == "DeleteParameter") {
      if (parameters.erase(text("Name")) == 0) return aws::fail("ParameterNotFound", "");
      return json::Object{};
    }
    if (operation == "CreateRestApi") {
      const auto id = "api" + std::to_string(++next_id);
      apis[id] = text("name");
      if (const auto* tags = json::object_at(input, "tags")) api_tags[id] = *tags;
      return json::Object{{"id", id}, {"rootResourceId", "root"}};
    }
    if (operation == "GetRestApis") {
      json::Array list;
      for (const auto& [id, title] : apis)
        list.emplace_back(json::Object{{"id", id}, {"tags", api_tags[id]}});
      return json::Object{{"items", std::move(list)}};
    }
    if (operation == "UpdateRestApi") {
      apis[text("restApiId")] = json::str(input.at("patchOperations").at(0).at("value"));
      return json::Object{};
    }
    if (operation == "DeleteRestApi") {
      if (apis.erase(text("restApiId")) == 0) return aws::fail("NotFoundException", "");
      return json::Object{};
    }
    return aws::fail("UnknownOperation", operation);
  }

  // Runs what is queued; false: a crash.
  bool work() {
    try {
      while (!queue.empty()) {
        auto task = std::move(queue.front());
        queue.erase(queue.begin());
        task();
      }
    } catch (const Crash&) {
      return false;
    }
    return true;
  }

  json::Object stack(const char* name = "s") {
    auto out = ok("cloudformation", "DescribeStacks", {{"StackName", name}});
    return out["Stacks"].as_array()[0].as_object();
  }
  std::string status(const char* name = "s") { return json::string_or(stack(name), "StackStatus"); }
  std::string reason(const char* name = "s") {
    return json::string_or(stack(name), "StackStatusReason");
  }

  services::Context context_;
  std::mt19937 chance{1};
  std::vector<net::Task> queue;
  std::unique_ptr<Service> service;
  int calls = 0;
  int crash_at = 0;
  bool crash_after = false;
  int64_t refuse_days = 0;
  std::function<void(const std::string&)> before;  // what others do just before a call
  int next_id = 0;
  std::map<std::string, int64_t> groups;
  std::map<std::string, std::string> parameters;
  std::map<std::string, std::string> apis;
  std::map<std::string, json::Object> api_tags;
};

constexpr const char* kOne = R"({"Resources":{
  "Group":{"Type":"AWS::Logs::LogGroup","Properties":{"LogGroupName":"/g","RetentionInDays":"7"}},
  "Api":{"Type":"AWS::ApiGateway::RestApi","Properties":{"Name":{"Fn::Sub":"${Group}-api"}}},
  "Old":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"/old","Type":"String","Value":{"Fn::GetAtt":["Api","RootResourceId"]}}}},
  "Outputs":{"Id":{"Value":{"Ref":"Api"}}}})";
// The group is replaced, the API's name changes with it, one parameter goes and another comes.
constexpr const char* kTwo = R"({"Resources":{
  "Group":{"Type":"AWS::Logs::LogGroup","Properties":{"LogGroupName":"/h","RetentionInDays":14}},
  "Api":{"Type":"AWS::ApiGateway::RestApi","Properties":{"Name":{"Fn::Sub":"${Group}-api"}}},
  "New":{"Type":"AWS::SSM::Parameter","DependsOn":"Api","Properties":{"Name":"/new","Type":"String","Value":"v"}}},
  "Outputs":{"Id":{"Value":{"Ref":"Api"}}}})";
const std::string kBad = std::string(kTwo).replace(std::string(kTwo).find("\"v\""), 3, "\"bad\"");

using Groups = std::map<std::string, int64_t>;
using Texts = std::map<std::string, std::string>;

void expect_one(World& world) {
  EXPECT_EQ(world.groups, (Groups{{"/g", 7}}));
  EXPECT_EQ(world.parameters, (Texts{{"/old", "root"}}));
  ASSERT_EQ(world.apis.size(), 1u);
  EXPECT_EQ(world.apis.begin()->second, "/g-api");
}
void expect_two(World& world) {
  EXPECT_EQ(world.groups, (Groups{{"/h", 14}}));
  EXPECT_EQ(world.parameters, (Texts{{"/new", "v"}}));
  ASSERT_EQ(world.apis.size(), 1u);
  EXPECT_EQ(world.apis.begin()->second, "/h-api");
}
void expect_nothing(World& world) {
  EXPECT_TRUE(world.groups.empty());
  EXPECT_TRUE(world.parameters.empty());
  EXPECT_TRUE(world.apis.empty());
}

TEST(Stacks, AreCreatedUpdatedAndDeleted) {
  World world;
  world.ok("cloudformation", "CreateStack", {{"StackName", "s"}, {"TemplateBody", kOne}});
  EXPECT_EQ(world.status(), "CREATE_IN_PROGRESS");
  ASSERT_TRUE(world.work());
  EXPECT_EQ(world.status(), "CREATE_COMPLETE") << world.reason();
  expect_one(world);
  EXPECT_EQ(
      world.error("cloudformation", "CreateStack", {{"StackName", "s"}, {"TemplateBody", kOne}}),
      "AlreadyExistsException");
  EXPECT_EQ(
      world.message("cloudformation", "UpdateStack", {{"StackName", "s"}, {"TemplateBody", kOne}}),
      "No updates are to be performed.");
  world.ok("cloudformation", "UpdateStack", {{"StackName", "s"}, {"TemplateBody", kTwo}});
  ASSERT_TRUE(world.work());
  EXPECT_EQ(world.status(), "UPDATE_COMPLETE") << world.reason();
  expect_two(world);
  const auto id = json::string_or(world.stack(), "StackId");
  world.ok("cloudformation", "DeleteStack", {{"StackName", "s"}});
  ASSERT_TRUE(world.work());
  expect_nothing(world);
  EXPECT_EQ(world.message("cloudformation", "DescribeStacks", {{"StackName", "s"}}),
            "Stack with id s does not exist");
  EXPECT_EQ(world.status(id.c_str()), "DELETE_COMPLETE");
}

TEST(Stacks, RollBackToWhatWas) {
  World world;
  world.ok("cloudformation", "CreateStack", {{"StackName", "bad"}, {"TemplateBody", kBad}});
  ASSERT_TRUE(world.work());
  EXPECT_EQ(world.status("bad"), "ROLLBACK_COMPLETE");
  expect_nothing(world);
  world.ok("cloudformation", "CreateStack", {{"StackName", "s"}, {"TemplateBody", kOne}});
  ASSERT_TRUE(world.work());
  const auto before = world.apis;
  world.ok("cloudformation", "UpdateStack", {{"StackName", "s"}, {"TemplateBody", kBad}});
  ASSERT_TRUE(world.work());
  EXPECT_EQ(world.status(), "UPDATE_ROLLBACK_COMPLETE");
  expect_one(world);
  EXPECT_EQ(world.apis, before);
  // And it can be updated again.
  world.ok("cloudformation", "UpdateStack", {{"StackName", "s"}, {"TemplateBody", kTwo}});
  ASSERT_TRUE(world.work());
  EXPECT_EQ(world.status(), "UPDATE_COMPLETE");
  expect_two(world);
}

TEST(Stacks, NeverTouchWhatIsNotTheirs) {
  World world;
  world.groups["/g"] = 3;
  world.ok("cloudformation", "CreateStack", {{"StackName", "s"}, {"TemplateBody", kOne}});
  ASSERT_TRUE(world.work());
  EXPECT_EQ(world.status(), "ROLLBACK_COMPLETE");
  EXPECT_EQ(world.groups, (Groups{{"/g", 3}}));
}

TEST(Stacks, FailedRollbackCanBeContinued) {
  World world;
  world.ok("cloudformation", "CreateStack", {{"StackName", "s"}, {"TemplateBody", kOne}});
  ASSERT_TRUE(world.work());
  auto body = std::string(kOne);
  body.replace(body.find("\"7\""), 3, "\"14\"");
  const std::string value = R"({"Fn::GetAtt":["Api","RootResourceId"]})";
  body.replace(body.find(value), value.size(), "\"bad\"");
  world.ok("cloudformation", "UpdateStack", {{"StackName", "s"}, {"TemplateBody", body}});
  // The retention is changed, then the parameter fails, then the way back is refused.
  world.refuse_days = 7;
  ASSERT_TRUE(world.work());
  world.refuse_days = 0;
  ASSERT_EQ(world.status(), "UPDATE_ROLLBACK_FAILED");
  world.ok("cloudformation", "ContinueUpdateRollback", {{"StackName", "s"}});
  ASSERT_TRUE(world.work());
  EXPECT_EQ(world.status(), "UPDATE_ROLLBACK_COMPLETE");
  expect_one(world);
}

// Crashes at the n-th call, before or after its effect, restarts and lets the engine finish, until
// no call is left to crash at.
template <class Prepare, class Check>
void crash_everywhere(Prepare&& prepare, Check&& check) {
  for (const bool after : {false, true}) {
    for (int n = 1;; ++n) {
      World world;
      prepare(world);
      world.calls = 0;
      world.crash_at = n;
      world.crash_after = after;
      const bool survived = world.work();
      world.crash_at = 0;
      if (survived) {
        EXPECT_GT(n, 3);
        break;
      }
      world.restart();
      world.service->resume();
      ASSERT_TRUE(world.work());
      SCOPED_TRACE(fmt::format("call {}, {} its effect", n, after ? "after" : "before"));
      check(world);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

// A wide graph: everything but the last is launched at once.
const std::string kWide = [] {
  std::string out = R"({"Resources":{)";
  for (int i = 0; i < 6; ++i) {
    out += fmt::format(
        R"("G{0}":{{"Type":"AWS::Logs::LogGroup","Properties":{{"RetentionInDays":7}}}},
           "A{0}":{{"Type":"AWS::ApiGateway::RestApi","Properties":{{"Name":"same"}}}},)",
        i);
  }
  return out + R"("Last":{"Type":"AWS::SSM::Parameter","DependsOn":["G0","A0","A5"],
    "Properties":{"Name":"/last","Type":"String","Value":"VALUE"}}}})";
}();
std::string wide(const std::string& value) {
  auto out = kWide;
  return out.replace(out.find("VALUE"), 5, value);
}

std::vector<std::string> events(World& world, const std::string& logical) {
  std::vector<std::string> out;
  json::Object input{{"StackName", json::string_or(world.stack(), "StackId")}};
  while (true) {
    const auto page = world.ok("cloudformation", "DescribeStackEvents", input);
    for (const auto& event : page.at("StackEvents").as_array()) {
      if (json::string_or(event.as_object(), "LogicalResourceId") == logical)
        out.insert(out.begin(), json::string_or(event.as_object(), "ResourceStatus"));
    }
    if (!page.contains("NextToken")) return out;
    input["NextToken"] = page.at("NextToken");
  }
}

TEST(Parallel, IndependentResourcesCrashAndAreFinished) {
  for (const bool after : {false, true}) {
    for (int n = 1; n < 60; ++n) {
      World world;
      world.chance.seed(static_cast<unsigned>(n));
      world.ok("cloudformation", "CreateStack",
               {{"StackName", "s"}, {"TemplateBody", wide(n % 3 == 0 ? "bad" : "good")}});
      world.calls = 0;
      world.crash_at = n;
      world.crash_after = after;
      const bool survived = world.work();
      world.crash_at = 0;
      if (!survived) {
        // Somebody makes an API meanwhile, which no recovery may touch.
        world.apis["theirs"] = "same";
        world.restart();
        world.service->resume();
        ASSERT_TRUE(world.work());
      }
      SCOPED_TRACE(fmt::format("call {}, {} its effect", n, after ? "after" : "before"));
      const bool good = n % 3 != 0;
      EXPECT_EQ(world.status(), good ? "CREATE_COMPLETE" : "ROLLBACK_COMPLETE") << world.reason();
      EXPECT_EQ(world.apis.contains("theirs"), !survived);
      EXPECT_EQ(world.apis.size(), (good ? 6u : 0u) + (survived ? 0u : 1u));
      EXPECT_EQ(world.groups.size(), good ? 6u : 0u);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(Parallel, AFailureCancelsWhatIsBeingMade) {
  World world;
  world.refuse_days = 3;
  std::string body = kWide;
  body.replace(body.find("\"RetentionInDays\":7"), 19, "\"RetentionInDays\":3");
  world.ok("cloudformation", "CreateStack",
           {{"StackName", "s"}, {"TemplateBody", body}, {"DisableRollback", false}});
  ASSERT_TRUE(world.work());
  EXPECT_EQ(world.status(), "ROLLBACK_COMPLETE");
  expect_nothing(world);
  EXPECT_EQ(events(world, "Last"), std::vector<std::string>{});  // never begun
  int cancelled = 0;
  for (const auto* name : {"G1", "G2", "G3", "G4", "G5", "A0", "A1", "A2", "A3", "A4", "A5"}) {
    const auto all = events(world, name);
    ASSERT_GE(all.size(), 3u) << name;
    EXPECT_EQ(all.front(), "CREATE_IN_PROGRESS");
    EXPECT_EQ(all.back(), "DELETE_COMPLETE");
    cancelled += all[1] == "CREATE_FAILED";
  }
  EXPECT_GT(cancelled, 0);
}

TEST(Parallel, WhatSomebodyElseMadeMeanwhileStays) {
  World world;
  // Between the look whether the name is free and the creation.
  world.before = [&](const std::string& operation) {
    if (operation == "CreateLogGroup") world.groups["/g"] = 3;
  };
  world.ok("cloudformation", "CreateStack", {{"StackName", "s"}, {"TemplateBody", kOne}});
  ASSERT_TRUE(world.work());
  EXPECT_EQ(world.status(), "ROLLBACK_COMPLETE");
  EXPECT_EQ(world.groups, (Groups{{"/g", 3}}));
}

TEST(Crashes, OfACreationAreFinished) {
  crash_everywhere(
      [](World& w) {
        w.ok("cloudformation", "CreateStack", {{"StackName", "s"}, {"TemplateBody", kOne}});
      },
      [](World& w) {
        EXPECT_EQ(w.status(), "CREATE_COMPLETE") << w.reason();
        expect_one(w);
      });
}

TEST(Crashes, OfAnUpdateAreFinished) {
  crash_everywhere(
      [](World& w) {
        w.ok("cloudformation", "CreateStack", {{"StackName", "s"}, {"TemplateBody", kOne}});
        ASSERT_TRUE(w.work());
        w.ok("cloudformation", "UpdateStack", {{"StackName", "s"}, {"TemplateBody", kTwo}});
      },
      [](World& w) {
        EXPECT_EQ(w.status(), "UPDATE_COMPLETE") << w.reason();
        expect_two(w);
      });
}

TEST(Crashes, OfARollbackAreFinished) {
  crash_everywhere(
      [](World& w) {
        w.ok("cloudformation", "CreateStack", {{"StackName", "s"}, {"TemplateBody", kOne}});
        ASSERT_TRUE(w.work());
        w.ok("cloudformation", "UpdateStack", {{"StackName", "s"}, {"TemplateBody", kBad}});
      },
      [](World& w) {
        EXPECT_EQ(w.status(), "UPDATE_ROLLBACK_COMPLETE") << w.reason();
        expect_one(w);
      });
}

TEST(Crashes, OfADeletionAreFinished) {
  crash_everywhere(
      [](World& w) {
        w.ok("cloudformation", "CreateStack", {{"StackName", "s"}, {"TemplateBody", kOne}});
        ASSERT_TRUE(w.work());
        w.ok("cloudformation", "DeleteStack", {{"StackName", "s"}});
      },
      [](World& w) {
        EXPECT_EQ(w.error("cloudformation", "DescribeStacks", {{"StackName", "s"}}),
                  "ValidationError");
        expect_nothing(w);
      });
}

TEST(ChangeSets, PlanAndExecute) {
  World world;
  world.ok("cloudformation", "CreateChangeSet",
           {{"StackName", "s"},
            {"ChangeSetName", "c"},
            {"ChangeSetType", "CREATE"},
            {"TemplateBody", kOne}});
  EXPECT_EQ(world.status(), "REVIEW_IN_PROGRESS");
  world.ok("cloudformation", "ExecuteChangeSet", {{"StackName", "s"}, {"ChangeSetName", "c"}});
  ASSERT_TRUE(world.work());
  EXPECT_EQ(world.status(), "CREATE_COMPLETE");
  world.ok("cloudformation", "CreateChangeSet",
           {{"StackName", "s"}, {"ChangeSetName", "u"}, {"TemplateBody", kTwo}});
  const auto described =
      world.ok("cloudformation", "DescribeChangeSet", {{"StackName", "s"}, {"ChangeSetName", "u"}});
  std::map<std::string, std::string> actions;
  for (const auto& change : described.at("Changes").as_array()) {
    const auto& resource = change.at("ResourceChange").as_object();
    actions[json::string_or(resource, "LogicalResourceId")] =
        json::string_or(resource, "Action") + " " + json::string_or(resource, "Replacement");
  }
  EXPECT_EQ(
      actions,
      (Texts{
          {"Group", "Modify True"}, {"Api", "Modify False"}, {"New", "Add "}, {"Old", "Remove "}}));
  world.ok("cloudformation", "CreateChangeSet",
           {{"StackName", "s"}, {"ChangeSetName", "n"}, {"TemplateBody", kOne}});
  const auto none =
      world.ok("cloudformation", "DescribeChangeSet", {{"StackName", "s"}, {"ChangeSetName", "n"}});
  EXPECT_EQ(json::string_or(none, "Status"), "FAILED");
  EXPECT_EQ(world.error("cloudformation", "ExecuteChangeSet",
                        {{"StackName", "s"}, {"ChangeSetName", "n"}}),
            "InvalidChangeSetStatus");
  world.ok("cloudformation", "ExecuteChangeSet", {{"StackName", "s"}, {"ChangeSetName", "u"}});
  ASSERT_TRUE(world.work());
  EXPECT_EQ(world.status(), "UPDATE_COMPLETE");
  expect_two(world);
}

TEST(Validation, NamesEverythingAtOnce) {
  World world;
  const auto message = world.message("cloudformation", "CreateStack",
                                     {{"StackName", "s"}, {"TemplateBody", R"({"Resources":{
    "A":{"Type":"AWS::Nope::Thing"},
    "B":{"Type":"AWS::Logs::LogGroup","Properties":{"Wrong":1,"RetentionInDays":"x","KmsKeyId":"k"}}}})"}});
  for (const auto* part :
       {"AWS::Nope::Thing", "/Resources/B/Properties/Wrong", "RetentionInDays", "KmsKeyId"}) {
    EXPECT_NE(message.find(part), std::string::npos) << part << " in " << message;
  }
  EXPECT_EQ(
      world.error(
          "cloudformation", "CreateStack",
          {{"StackName", "s"},
           {"TemplateBody",
            R"({"Resources":{"R":{"Type":"AWS::IAM::Role","Properties":{"RoleName":"r","AssumeRolePolicyDocument":{}}}}})"}}),
      "InsufficientCapabilitiesException");
}

TEST(Exports, AreGuarded) {
  World world;
  world.ok(
      "cloudformation", "CreateStack",
      {{"StackName", "a"},
       {"TemplateBody",
        R"({"Resources":{"G":{"Type":"AWS::Logs::LogGroup"}},"Outputs":{"O":{"Value":"v","Export":{"Name":"shared"}}}})"}});
  ASSERT_TRUE(world.work());
  world.ok(
      "cloudformation", "CreateStack",
      {{"StackName", "b"},
       {"TemplateBody",
        R"({"Resources":{"P":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"/p","Type":"String","Value":{"Fn::ImportValue":"shared"}}}}})"}});
  ASSERT_TRUE(world.work());
  EXPECT_EQ(world.status("b"), "CREATE_COMPLETE") << world.reason("b");
  EXPECT_EQ(world.parameters["/p"], "v");
  EXPECT_EQ(world.ok("cloudformation", "ListImports", {{"ExportName", "shared"}})["Imports"]
                .as_array()
                .size(),
            1u);
  world.ok("cloudformation", "DeleteStack", {{"StackName", "a"}});
  ASSERT_TRUE(world.work());
  EXPECT_EQ(world.status("a"), "DELETE_FAILED");
  for (const auto* name : {"b", "a"}) {
    world.ok("cloudformation", "DeleteStack", {{"StackName", name}});
    ASSERT_TRUE(world.work());
  }
  expect_nothing(world);
}

}  // namespace
}  // namespace dew::cloudformation
