// Stacks over a fake world: create, update, roll back, delete.
#include "services/cloudformation/engine_testing.h"

namespace dew::cloudformation {
namespace {

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

TEST(Stacks, AResourceCanBeLeftOutOfARollback) {
  World world;
  world.ok("cloudformation", "CreateStack", {{"StackName", "s"}, {"TemplateBody", kOne}});
  ASSERT_TRUE(world.work());
  auto body = std::string(kOne);
  body.replace(body.find("\"7\""), 3, "\"14\"");
  const std::string value = R"({"Fn::GetAtt":["Api","RootResourceId"]})";
  body.replace(body.find(value), value.size(), "\"bad\"");
  world.ok("cloudformation", "UpdateStack", {{"StackName", "s"}, {"TemplateBody", body}});
  world.refuse_days = 7;
  ASSERT_TRUE(world.work());
  ASSERT_EQ(world.status(), "UPDATE_ROLLBACK_FAILED");
  const auto skip = [&](const char* name) {
    return json::Object{{"StackName", "s"}, {"ResourcesToSkip", json::Array{name}}};
  };
  EXPECT_EQ(world.error("cloudformation", "ContinueUpdateRollback", skip("Api")),
            "ValidationError");
  EXPECT_EQ(world.error("cloudformation", "ContinueUpdateRollback", skip("None")),
            "ValidationError");
  world.ok("cloudformation", "ContinueUpdateRollback", skip("Group"));
  ASSERT_TRUE(world.work());
  EXPECT_EQ(world.status(), "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(world.groups, (Groups{{"/g", 14}}));  // as it was left
  EXPECT_EQ(world.parameters, (Texts{{"/old", "root"}}));
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
