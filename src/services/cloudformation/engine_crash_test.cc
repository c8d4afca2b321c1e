// A crash at every call of every kind of operation: whatever was interrupted ends as it would have.
#include "services/cloudformation/engine_testing.h"

namespace dew::cloudformation {
namespace {

// Crashes at the n-th call, before or after its effect, restarts and lets the engine finish, until
// no call is left to crash at.
template <class Prepare, class Check>
void crash_everywhere(Prepare&& prepare, Check&& check, int least = 3) {
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
        EXPECT_GT(n, least);
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

// Keys and plans have no names of their own: only their tags tell whose they are.
TEST(Crashes, FindKeysAndPlansAgainByTheirTags) {
  static constexpr const char* kKeys = R"({"Resources":{
    "One":{"Type":"AWS::ApiGateway::ApiKey","Properties":{"Name":"same"}},
    "Two":{"Type":"AWS::ApiGateway::ApiKey","Properties":{"Name":"same"}},
    "None":{"Type":"AWS::ApiGateway::ApiKey"},
    "Plan":{"Type":"AWS::ApiGateway::UsagePlan","Properties":{"UsagePlanName":"same"}},
    "Other":{"Type":"AWS::ApiGateway::UsagePlan"}}})";
  crash_everywhere(
      [](World& w) {
        w.ok("cloudformation", "CreateStack", {{"StackName", "s"}, {"TemplateBody", kKeys}});
        // Somebody makes one of that name whenever the stack makes one.
        w.before = [&w](const std::string& operation) {
          if (operation != "CreateApiKey" && operation != "CreateUsagePlan") return;
          w.keys["theirs"] = {{"id", "theirs"}, {"name", "same"}};
          w.plans["theirs"] = {{"id", "theirs"}, {"name", "same"}, {"tags", json::Object{}}};
        };
      },
      [](World& w) {
        EXPECT_EQ(w.status(), "CREATE_COMPLETE") << w.reason();
        EXPECT_EQ(w.keys.size(), 4u);
        EXPECT_EQ(w.plans.size(), 3u);
        w.ok("cloudformation", "DeleteStack", {{"StackName", "s"}});
        ASSERT_TRUE(w.work());
        EXPECT_EQ(w.keys.size(), 1u);
        EXPECT_EQ(w.plans.size(), 1u);
      });
}

// What an interrupted creation has left cannot be removed: the stack says so, and keeps it.
TEST(Crashes, OfACreationThatCannotBeUndoneAreTold) {
  const std::set<std::string> deletions{"DeleteLogGroup", "DeleteRestApi", "DeleteParameter"};
  for (const auto* on_failure : {"ROLLBACK", "DELETE", "DO_NOTHING"}) {
    for (const bool after : {false, true}) {
      int failures = 0;
      for (int n = 1;; ++n) {
        SCOPED_TRACE(fmt::format("{}: call {}, after its effect: {}", on_failure, n, after));
        World world;
        world.ok("cloudformation", "CreateStack",
                 {{"StackName", "s"}, {"TemplateBody", kOne}, {"OnFailure", on_failure}});
        world.crash_at = n;
        world.crash_after = after;
        const bool survived = world.work();
        world.crash_at = 0;
        if (survived) break;
        world.refused = deletions;
        world.restart();
        world.service->resume();
        ASSERT_TRUE(world.work());
        const auto status = world.status();
        if (status == "CREATE_COMPLETE") {  // there was nothing to undo
          expect_one(world);
          continue;
        }
        ++failures;
        EXPECT_EQ(status, std::string_view(on_failure) == "ROLLBACK" ? "ROLLBACK_FAILED"
                          : std::string_view(on_failure) == "DELETE" ? "DELETE_FAILED"
                                                                     : "CREATE_FAILED");
        // Once it is allowed, everything goes.
        world.refused.clear();
        world.ok("cloudformation", "DeleteStack", {{"StackName", "s"}});
        ASSERT_TRUE(world.work());
        EXPECT_EQ(world.error("cloudformation", "DescribeStacks", {{"StackName", "s"}}),
                  "ValidationError");
        expect_nothing(world);
        if (::testing::Test::HasFailure()) return;
      }
      EXPECT_GT(failures, 1);
    }
  }
}

// The same of an update: what is new and cannot be taken back is tried once more in the clean-up.
TEST(Crashes, OfAnUpdateThatCannotBeUndoneEndAllTheSame) {
  for (const bool after : {false, true}) {
    for (int n = 1;; ++n) {
      SCOPED_TRACE(fmt::format("call {}, after its effect: {}", n, after));
      World world;
      world.ok("cloudformation", "CreateStack", {{"StackName", "s"}, {"TemplateBody", kOne}});
      ASSERT_TRUE(world.work());
      world.ok("cloudformation", "UpdateStack", {{"StackName", "s"}, {"TemplateBody", kTwo}});
      world.calls = 0;
      world.crash_at = n;
      world.crash_after = after;
      const bool survived = world.work();
      world.crash_at = 0;
      if (survived) break;
      world.refused = {"DeleteParameter"};
      world.restart();
      world.service->resume();
      ASSERT_TRUE(world.work());
      EXPECT_TRUE(world.status() == "UPDATE_COMPLETE" ||
                  world.status() == "UPDATE_ROLLBACK_COMPLETE")
          << world.status();
      world.parameters.erase(world.status() == "UPDATE_COMPLETE" ? "/old" : "/new");
      world.status() == "UPDATE_COMPLETE" ? expect_two(world) : expect_one(world);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(Stacks, AForcedDeletionLeavesBehindWhatCannotBeDeleted) {
  World world;
  world.ok("cloudformation", "CreateStack", {{"StackName", "s"}, {"TemplateBody", kOne}});
  ASSERT_TRUE(world.work());
  world.refused = {"DeleteLogGroup"};
  const json::Object forced{{"StackName", "s"}, {"DeletionMode", "FORCE_DELETE_STACK"}};
  EXPECT_EQ(world.error("cloudformation", "DeleteStack", forced), "ValidationError");
  world.ok("cloudformation", "DeleteStack", {{"StackName", "s"}});
  ASSERT_TRUE(world.work());
  EXPECT_EQ(world.status(), "DELETE_FAILED");
  EXPECT_EQ(world.reason(), "The following resource(s) failed to delete: [Group]. ");
  world.ok("cloudformation", "DeleteStack", forced);
  ASSERT_TRUE(world.work());
  EXPECT_EQ(world.error("cloudformation", "DescribeStacks", {{"StackName", "s"}}),
            "ValidationError");
  EXPECT_EQ(world.groups, (Groups{{"/g", 7}}));
  world.groups.clear();
  expect_nothing(world);
}

// ---- Custom resources and nested stacks

std::string custom(const char* say, const char* more = "") {
  return fmt::format(R"({{"Resources":{{
    "Thing":{{"Type":"Custom::Thing","Properties":{{"ServiceToken":"arn:aws:lambda:us-east-1:000000000000:function:f","Say":"{}"{}}}}},
    "P":{{"Type":"AWS::SSM::Parameter","Properties":{{"Name":"/p","Type":"String","Value":{{"Fn::GetAtt":["Thing","Said"]}}}}}}}}}})",
                     say, more);
}

TEST(Crashes, OfCustomResourcesAreFinished) {
  const auto create = [](const std::string& body) {
    return [body](World& w) {
      w.ok("cloudformation", "CreateStack", {{"StackName", "s"}, {"TemplateBody", body}});
    };
  };
  crash_everywhere(create(custom("one")), [](World& w) {
    EXPECT_EQ(w.status(), "CREATE_COMPLETE") << w.reason();
    EXPECT_EQ(w.parameters, (Texts{{"/p", "one"}}));
    ASSERT_EQ(w.things.size(), 1u);
    EXPECT_EQ(w.things.begin()->second, "one");
  });
  crash_everywhere(
      create(custom("bad")),
      [](World& w) {
        EXPECT_EQ(w.status(), "ROLLBACK_COMPLETE") << w.reason();
        expect_nothing(w);
      },
      1);
  const auto change = [&](const std::string& body) {
    return [=](World& w) {
      create(custom("one"))(w);
      ASSERT_TRUE(w.work());
      w.ok("cloudformation", "UpdateStack", {{"StackName", "s"}, {"TemplateBody", body}});
    };
  };
  crash_everywhere(change(custom("two", R"(,"Id":"other")")), [](World& w) {
    EXPECT_EQ(w.status(), "UPDATE_COMPLETE") << w.reason();
    EXPECT_EQ(w.things, (Texts{{"other", "two"}}));
  });
  crash_everywhere(
      change(custom("bad")),
      [](World& w) {
        EXPECT_EQ(w.status(), "UPDATE_ROLLBACK_COMPLETE") << w.reason();
        ASSERT_EQ(w.things.size(), 1u);
        EXPECT_EQ(w.things.begin()->second, "one");
      },
      1);
}

std::string nested(const char* value, const char* more = "") {
  return fmt::format(R"({{"Resources":{{
    "Child":{{"Type":"AWS::CloudFormation::Stack","Properties":{{"TemplateURL":"https://s3.amazonaws.com/b/leaf","Parameters":{{"Value":"{}"}}}}}}{}}},
    "Outputs":{{"Said":{{"Value":{{"Fn::GetAtt":["Child","Outputs.Said"]}}}}}}}})",
                     value, more);
}
constexpr const char* kLeaf = R"({"Parameters":{"Value":{"Type":"String"}},"Resources":{
  "P":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"/p","Type":"String","Value":{"Ref":"Value"}}},
  "A":{"Type":"AWS::ApiGateway::RestApi","Properties":{"Name":"a"}}},
  "Outputs":{"Said":{"Value":{"Fn::Sub":"said ${Value}"}}}})";

std::string said(World& world) {
  const auto stack = world.stack();
  const auto* outputs = json::array_at(stack, "Outputs");
  return outputs == nullptr ? "" : json::string_or(outputs->at(0).as_object(), "OutputValue");
}

TEST(Crashes, OfNestedStacksAreFinished) {
  const auto create = [](World& w) {
    w.objects["leaf"] = kLeaf;
    w.ok("cloudformation", "CreateStack", {{"StackName", "s"}, {"TemplateBody", nested("one")}});
  };
  crash_everywhere(create, [](World& w) {
    EXPECT_EQ(w.status(), "CREATE_COMPLETE") << w.reason();
    EXPECT_EQ(w.parameters, (Texts{{"/p", "one"}}));
    EXPECT_EQ(w.apis.size(), 1u);
    EXPECT_EQ(said(w), "said one");
  });
  const auto change = [&](const std::string& body) {
    return [=](World& w) {
      create(w);
      ASSERT_TRUE(w.work());
      // Another template at the same place.
      auto leaf = std::string(kLeaf);
      leaf.replace(leaf.find("said $"), 4, "told");
      w.objects["leaf"] = leaf;
      w.ok("cloudformation", "UpdateStack", {{"StackName", "s"}, {"TemplateBody", body}});
    };
  };
  crash_everywhere(
      change(nested("two")),
      [](World& w) {
        EXPECT_EQ(w.status(), "UPDATE_COMPLETE") << w.reason();
        EXPECT_EQ(w.parameters, (Texts{{"/p", "two"}}));
        EXPECT_EQ(w.apis.size(), 1u);
        EXPECT_EQ(said(w), "told two");
      },
      2);
  const auto went_back = [](World& w) {
    EXPECT_EQ(w.status(), "UPDATE_ROLLBACK_COMPLETE") << w.reason();
    EXPECT_EQ(w.parameters, (Texts{{"/p", "one"}}));
    EXPECT_EQ(w.apis.size(), 1u);
    EXPECT_EQ(said(w), "said one");
  };
  crash_everywhere(
      change(nested(
          "two",
          R"(,"Bad":{"Type":"AWS::SSM::Parameter","DependsOn":"Child","Properties":{"Name":"/bad","Type":"String","Value":"bad"}})")),
      went_back);
  crash_everywhere(change(nested("bad")), went_back, 2);
  crash_everywhere(
      [&](World& w) {
        create(w);
        ASSERT_TRUE(w.work());
        w.ok("cloudformation", "DeleteStack", {{"StackName", "s"}});
      },
      [](World& w) { expect_nothing(w); }, 1);
}

}  // namespace
}  // namespace dew::cloudformation
