// What the engine's tests share: a fake world of log groups, parameters, REST APIs, templates and a
// custom resource's provider, whose calls can be made to crash the process. Only for tests.
#pragma once

#include <gtest/gtest.h>

#include <random>

#include "services/cloudformation/service.h"
#include "services/testing.h"

namespace dew::cloudformation {

struct Crash {};

// Operations that wait to be run.
struct TestQueues {
  std::vector<net::Task> roots;
  std::vector<net::Task>
      nested;  // may be run within a step of their parent's, which waits for them

  static net::Task take(std::vector<net::Task>& from) {
    auto task = std::move(from.front());
    from.erase(from.begin());
    return task;
  }
};

// Everything on the test's own thread. Calls that were launched side by side return in an order of
// chance, so that a crash finds some of them made and others not.
struct TestSteps : Steps {
  TestSteps(TestQueues& queues_, std::mt19937& chance_) : queues(queues_), chance(chance_) {}
  void launch(std::string name, Step step) override {
    launched.emplace_back(std::move(name), std::move(step));
  }
  Returned next() override {
    while (!queues.nested.empty()) TestQueues::take(queues.nested)();
    const auto i = launched.begin() + static_cast<std::ptrdiff_t>(chance() % launched.size());
    auto [name, step] = std::move(*i);
    launched.erase(i);
    return {std::move(name), step.call()};
  }
  TestQueues& queues;
  std::mt19937& chance;
  std::vector<std::pair<std::string, Step>> launched;
};

struct TestThreads : Threads {
  TestThreads(TestQueues& queues_, std::mt19937& chance_) : queues(queues_), chance(chance_) {}
  void start(net::Task operation, Admission admission) override {
    (admission == Admission::kAtOnce ? queues.nested : queues.roots)
        .push_back(std::move(operation));
  }
  std::unique_ptr<Steps> steps() override { return std::make_unique<TestSteps>(queues, chance); }
  void later(std::chrono::milliseconds, net::Task task) override { task(); }
  void join() override {}
  TestQueues& queues;
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
    service = std::make_unique<Service>(context_, std::make_unique<TestThreads>(queues, chance));
    service->register_operations(registry);
    queues = {};
  }

  aws::ApiResult<json::Value> call(const aws::Identity& who, std::string_view name,
                                   std::string_view operation, json::Object input) override {
    if (name == "cloudformation") return TestCloud::call(who, name, operation, std::move(input));
    // What was accepted, and what is told about it, has no effect of its own.
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
    if (refused.contains(operation)) return aws::fail("AccessDeniedException", "not allowed");
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
    if (operation == "GetObject") {
      const auto it = objects.find(text("Key"));
      if (it == objects.end()) return aws::fail("NoSuchKey", "The specified key does not exist.");
      return json::Object{{"Body", it->second}};
    }
    if (operation == "Invoke") return invoke(text("Payload"));
    if (operation == "DeleteRestApi") {
      if (apis.erase(text("restApiId")) == 0) return aws::fail("NotFoundException", "");
      return json::Object{};
    }
    if (auto done = access(operation, input)) return *std::move(done);
    return aws::fail("UnknownOperation", operation);
  }

  // API keys and usage plans. nullopt: another operation.
  std::optional<aws::ApiResult<json::Value>> access(const std::string& operation,
                                                    const json::Object& input) {
    for (const auto& [kind, id_member, made] :
         {std::tuple{"ApiKey", "apiKey", &keys}, std::tuple{"UsagePlan", "usagePlanId", &plans}}) {
      if (operation == fmt::format("Create{}", kind)) {
        auto item = input;
        const auto id = fmt::format("{}{}", id_member, ++next_id);
        item["id"] = id;
        (*made)[id] = item;
        return item;
      }
      if (operation == fmt::format("Get{}s", kind)) {
        json::Array list;
        for (const auto& [id, item] : *made) list.emplace_back(item);
        return json::Object{{"items", std::move(list)}};
      }
      const auto it = made->find(json::string_or(input, id_member));
      const bool get = operation == fmt::format("Get{}", kind);
      if (!get && operation != fmt::format("Delete{}", kind)) continue;
      if (it == made->end()) return aws::fail("NotFoundException", "");
      json::Value item = it->second;
      if (!get) made->erase(it);
      return item;
    }
    return std::nullopt;
  }

  // A custom resource's provider: a thing for every id, which says what its properties say.
  aws::ApiResult<json::Value> invoke(const std::string& payload) {
    const auto event = json::parse(payload)->as_object();
    const auto type = json::string_or(event, "RequestType");
    const auto& wanted = event.at("ResourceProperties").as_object();
    const auto say = json::string_or(wanted, "Say");
    auto id = json::string_or(event, "PhysicalResourceId");
    if (type == "Create") id = json::string_or(event, "RequestId");  // the same when asked again
    if (wanted.contains("Id")) id = json::string_or(wanted, "Id");
    if (type == "Delete") {
      things.erase(json::string_or(event, "PhysicalResourceId"));
    } else {
      things[id] = say;
    }
    const json::Object answer{{"Status", say == "bad" && type != "Delete" ? "FAILED" : "SUCCESS"},
                              {"Reason", "told so"},
                              {"PhysicalResourceId", id},
                              {"RequestId", event.at("RequestId")},
                              {"LogicalResourceId", event.at("LogicalResourceId")},
                              {"Data", json::Object{{"Said", say}}}};
    Replies(*store).receive(Replies::token_of(json::string_or(event, "ResponseURL")),
                            json::dump(answer));
    return json::Object{};
  }

  // Runs what is queued; false: a crash.
  bool work() {
    try {
      while (!queues.roots.empty() || !queues.nested.empty()) {
        TestQueues::take(queues.roots.empty() ? queues.nested : queues.roots)();
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
  TestQueues queues;
  std::unique_ptr<Service> service;
  int calls = 0;
  int crash_at = 0;
  bool crash_after = false;
  int64_t refuse_days = 0;
  std::set<std::string> refused;                   // operations
  std::function<void(const std::string&)> before;  // what others do just before a call
  int next_id = 0;
  std::map<std::string, int64_t> groups;
  std::map<std::string, std::string> parameters;
  std::map<std::string, std::string> apis;
  std::map<std::string, json::Object> api_tags;
  std::map<std::string, json::Object> keys;  // of REST APIs, and the plans that they count with
  std::map<std::string, json::Object> plans;
  std::map<std::string, std::string> objects;  // templates in S3
  std::map<std::string, std::string> things;   // of a custom resource's provider
};

using Groups = std::map<std::string, int64_t>;
using Texts = std::map<std::string, std::string>;

inline void expect_nothing(World& world) {
  EXPECT_TRUE(world.groups.empty());
  EXPECT_TRUE(world.parameters.empty());
  EXPECT_TRUE(world.apis.empty());
  EXPECT_TRUE(world.things.empty());
}

// A group that is replaced, an API whose name changes with it, a parameter that goes and another
// that comes.
inline constexpr const char* kOne = R"({"Resources":{
  "Group":{"Type":"AWS::Logs::LogGroup","Properties":{"LogGroupName":"/g","RetentionInDays":"7"}},
  "Api":{"Type":"AWS::ApiGateway::RestApi","Properties":{"Name":{"Fn::Sub":"${Group}-api"}}},
  "Old":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"/old","Type":"String","Value":{"Fn::GetAtt":["Api","RootResourceId"]}}}},
  "Outputs":{"Id":{"Value":{"Ref":"Api"}}}})";
inline constexpr const char* kTwo = R"({"Resources":{
  "Group":{"Type":"AWS::Logs::LogGroup","Properties":{"LogGroupName":"/h","RetentionInDays":14}},
  "Api":{"Type":"AWS::ApiGateway::RestApi","Properties":{"Name":{"Fn::Sub":"${Group}-api"}}},
  "New":{"Type":"AWS::SSM::Parameter","DependsOn":"Api","Properties":{"Name":"/new","Type":"String","Value":"v"}}},
  "Outputs":{"Id":{"Value":{"Ref":"Api"}}}})";
inline const std::string kBad =
    std::string(kTwo).replace(std::string(kTwo).find("\"v\""), 3, "\"bad\"");

inline void expect_one(World& world) {
  EXPECT_EQ(world.groups, (Groups{{"/g", 7}}));
  EXPECT_EQ(world.parameters, (Texts{{"/old", "root"}}));
  ASSERT_EQ(world.apis.size(), 1u);
  EXPECT_EQ(world.apis.begin()->second, "/g-api");
}
inline void expect_two(World& world) {
  EXPECT_EQ(world.groups, (Groups{{"/h", 14}}));
  EXPECT_EQ(world.parameters, (Texts{{"/new", "v"}}));
  ASSERT_EQ(world.apis.size(), 1u);
  EXPECT_EQ(world.apis.begin()->second, "/h-api");
}

}  // namespace dew::cloudformation
