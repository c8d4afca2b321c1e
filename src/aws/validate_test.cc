#include "aws/validate.h"

#include <gtest/gtest.h>

#include <set>

namespace dew::aws {
namespace {

ApiError check(std::string_view service, std::string_view operation, std::string_view input) {
  const auto* model = service_model(service);
  const auto parsed = json::parse(input).value();
  const auto out = validate(*model, *model->operation(operation), parsed.as_object());
  return out ? ApiError("", "") : out.error();
}

struct Case {
  std::string_view service;
  std::string_view operation;
  std::string_view input;
  std::string_view code;
  std::string_view message;
};

TEST(Validate, WordsMistakesAsAwsDoes) {
  const Case cases[] = {
      {"dynamodb", "PutItem", R"({})", "ValidationException",
       "2 validation errors detected: Value null at 'tableName' failed to satisfy constraint: "
       "Member must not be null; "
       "Value null at 'item' failed to satisfy constraint: Member must not be null"},
      {"dynamodb", "PutItem", R"({"TableName":"abc","Item":{},"ReturnValues":"hi"})",
       "ValidationException",
       "1 validation error detected: Value 'hi' at 'returnValues' failed to satisfy constraint: "
       "Member must satisfy "
       "enum value set: [NONE, ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATED_NEW]"},
      {"dynamodb", "CreateTable",
       R"({"TableName":"abc","AttributeDefinitions":[{"AttributeName":"a"}],"KeySchema":[]})",
       "ValidationException",
       "2 validation errors detected: Value null at 'attributeDefinitions.1.member.attributeType' "
       "failed to satisfy "
       "constraint: Member must not be null; Value '[]' at 'keySchema' failed to satisfy "
       "constraint: Member must have "
       "length greater than or equal to 1"},
      {"dynamodb", "CreateTable", R"({"TableName":"a"})", "ValidationException",
       "TableName must be at least 3 characters long and at most 255 characters long"},
      {"dynamodb", "DescribeTable", R"({})", "ValidationException",
       "The parameter 'TableName' is required but was not present in the request"},
      {"dynamodb", "Query", R"({"TableName":"abc","Limit":0})", "ValidationException",
       "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member "
       "must have value greater "
       "than or equal to 1"},
      {"lambda", "CreateFunction",
       R"({"FunctionName":"f","Role":"x","Code":{},"MemorySize":20000})", "ValidationException",
       "2 validation errors detected: Value 'x' at 'role' failed to satisfy constraint: Member "
       "must satisfy regular "
       "expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+; Value "
       "'20000' at "
       "'memorySize' failed to satisfy constraint: Member must have value less than or equal to "
       "10240"},
      {"logs", "CreateLogGroup", R"({"logGroupName":"a b"})", "InvalidParameterException",
       "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: "
       "Member must satisfy "
       "regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"},
      {"iam", "GetRole", R"({})", "ValidationError",
       "1 validation error detected: Value null at 'roleName' failed to satisfy constraint: Member "
       "must not be null"},
  };
  for (const auto& c : cases) {
    const auto error = check(c.service, c.operation, c.input);
    EXPECT_EQ(error.code, c.code) << c.input;
    EXPECT_EQ(error.message, c.message) << c.input;
  }
}

TEST(Validate, AcceptsWhatTheOverlaysAdd) {
  EXPECT_EQ(
      check(
          "lambda", "CreateFunction",
          R"({"FunctionName":"f","Role":"arn:aws:iam::000000000000:role/r","Code":{},"Runtime":"nodejs22.x",
                      "LoggingConfig":{"LogFormat":"JSON"}})")
          .message,
      "");
  EXPECT_EQ(
      check("dynamodb", "PutItem",
            R"({"TableName":"abc","Item":{},"ReturnValuesOnConditionCheckFailure":"ALL_OLD"})")
          .message,
      "");
}

TEST(Validate, HidesSensitiveValues) {
  const auto source =
      json::parse(R"({"metadata":{"protocol":"json"},"operations":{"Op":{"input":{"shape":"In"}}},
      "shapes":{"In":{"type":"structure","members":{"Password":{"shape":"Secret"}}},
                "Secret":{"type":"string","min":6,"sensitive":true}}})");
  const auto model = ServiceModel::build("test", *source).value();
  const auto out = validate(*model, *model->operation("Op"), json::Object{{"Password", "abc"}});
  EXPECT_EQ(out.error().message,
            "1 validation error detected: Value at 'password' failed to satisfy constraint: Member "
            "must have length "
            "greater than or equal to 6");
}

TEST(Validate, StopsAtTenErrors) {
  std::string items;
  for (int i = 0; i < 20; ++i) items += std::string(i ? "," : "") + "{}";
  const auto message =
      check("dynamodb", "CreateTable",
            R"({"TableName":"abc","KeySchema":[],"AttributeDefinitions":[)" + items + "]}")
          .message;
  EXPECT_TRUE(message.starts_with("10 validation errors detected: ")) << message;
}

TEST(Validate, SkipsTheItemsOfTheHotPath) {
  EXPECT_FALSE(service_model("dynamodb")->shape("AttributeValue")->constrained);
}

// Patterns with look-arounds and \p{Print}, which RE2 does not have: their values are not checked.
TEST(Model, OnlyThesePatternsAreUnsupported) {
  std::set<std::string> unsupported;
  for (const auto& info : embedded_models()) {
    const auto* model = service_model(info.name);
    ASSERT_NE(model, nullptr) << info.name;
    for (const auto& [name, shape] : model->shapes()) {
      if (shape->pattern && !shape->pattern->supported())
        unsupported.insert(std::string(info.name) + "." + name);
    }
  }
  EXPECT_EQ(unsupported, (std::set<std::string>{
                             "dynamodb.AutoScalingPolicyName", "iam.accountAliasType",
                             "lambda.Alias", "lambda.FunctionUrlQualifier", "lambda.S3Bucket",
                             "ssm.AlarmName", "ssm.DocumentReviewComment", "ssm.MetadataKey",
                             "ssm.OpsItemCategory", "ssm.OpsItemDataKey", "ssm.OpsItemSeverity",
                             "ssm.OpsItemSource", "ssm.OpsItemTitle", "ssm.OpsMetadataFilterKey",
                             "ssm.OpsMetadataResourceId", "ssm.RegistrationMetadataKey",
                             "ssm.RegistrationMetadataValue", "ssm.StringDateTime"}));
}

}  // namespace
}  // namespace dew::aws
