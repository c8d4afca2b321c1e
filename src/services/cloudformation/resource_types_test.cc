// Which properties replace a resource and which change it in place, as the pages of
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/ say under "Update requires".
// A property that is supported and not in this table fails the test, and so does a type.
#include <gtest/gtest.h>

#include <iterator>
#include <sstream>

#include "services/cloudformation/resource_type.h"

namespace dew::cloudformation {
namespace {

struct Documented {
  const char* type;
  const char* replacement;
  const char* in_place;  // no interruption, or some
};

constexpr Documented kTypes[] = {
    {"AWS::ApiGateway::Account", "", "CloudWatchRoleArn"},
    {"AWS::ApiGateway::ApiKey", "Name Value GenerateDistinctId",
     "Description CustomerId Enabled StageKeys Tags"},
    {"AWS::ApiGateway::Authorizer", "RestApiId",
     "Name Type AuthType AuthorizerUri AuthorizerCredentials IdentitySource "
     "IdentityValidationExpression AuthorizerResultTtlInSeconds ProviderARNs"},
    {"AWS::ApiGateway::Deployment", "RestApiId", "Description StageName StageDescription"},
    {"AWS::ApiGateway::GatewayResponse", "RestApiId ResponseType",
     "StatusCode ResponseParameters ResponseTemplates"},
    {"AWS::ApiGateway::Method", "RestApiId ResourceId HttpMethod",
     "AuthorizationType AuthorizerId AuthorizationScopes ApiKeyRequired OperationName "
     "RequestValidatorId RequestParameters RequestModels MethodResponses Integration"},
    {"AWS::ApiGateway::Model", "RestApiId Name ContentType", "Description Schema"},
    {"AWS::ApiGateway::RequestValidator", "RestApiId Name",
     "ValidateRequestBody ValidateRequestParameters"},
    {"AWS::ApiGateway::Resource", "RestApiId ParentId PathPart", ""},
    {"AWS::ApiGateway::RestApi", "",
     "Name Description ApiKeySourceType BinaryMediaTypes EndpointConfiguration "
     "MinimumCompressionSize Policy DisableExecuteApiEndpoint Tags Body BodyS3Location "
     "FailOnWarnings Mode Parameters"},
    {"AWS::ApiGateway::Stage", "RestApiId StageName",
     "DeploymentId Description Variables TracingEnabled CacheClusterEnabled CacheClusterSize "
     "DocumentationVersion MethodSettings AccessLogSetting Tags"},
    {"AWS::ApiGateway::UsagePlan", "", "UsagePlanName Description ApiStages Quota Throttle Tags"},
    {"AWS::ApiGateway::UsagePlanKey", "KeyId KeyType UsagePlanId", ""},
    // "Updates are not supported" for a wait condition and for ServiceToken.
    {"AWS::CloudFormation::CustomResource", "", "ServiceToken ServiceTimeout"},
    {"AWS::CloudFormation::Stack", "", "TemplateURL Parameters TimeoutInMinutes Tags"},
    {"AWS::CloudFormation::WaitCondition", "", "Handle Timeout Count"},
    {"AWS::CloudFormation::WaitConditionHandle", "", ""},
    {"AWS::CloudWatch::Alarm", "AlarmName",
     "ActionsEnabled AlarmActions AlarmDescription ComparisonOperator DatapointsToAlarm Dimensions "
     "EvaluateLowSampleCountPercentile EvaluationPeriods ExtendedStatistic InsufficientDataActions "
     "MetricName Metrics Namespace OKActions Period Statistic Tags Threshold TreatMissingData "
     "Unit"},
    {"AWS::CloudWatch::CompositeAlarm", "AlarmName",
     "ActionsEnabled AlarmActions AlarmDescription AlarmRule InsufficientDataActions OKActions "
     "Tags"},
    {"AWS::CodeDeploy::Application", "ApplicationName ComputePlatform", "Tags"},
    {"AWS::CodeDeploy::DeploymentConfig",
     "DeploymentConfigName ComputePlatform TrafficRoutingConfig", ""},
    {"AWS::CodeDeploy::DeploymentGroup", "ApplicationName DeploymentGroupName",
     "ServiceRoleArn DeploymentConfigName AlarmConfiguration AutoRollbackConfiguration "
     "DeploymentStyle Tags"},
    // AttributeDefinitions: a replacement where an existing one is edited.
    {"AWS::DynamoDB::Table", "TableName KeySchema",
     "AttributeDefinitions BillingMode ProvisionedThroughput SSESpecification "
     "TimeToLiveSpecification TableClass DeletionProtectionEnabled Tags"},
    {"AWS::IAM::AccessKey", "UserName Serial", "Status"},
    {"AWS::IAM::ManagedPolicy", "ManagedPolicyName Path Description",
     "PolicyDocument Roles Users Groups"},
    {"AWS::IAM::Policy", "", "PolicyName PolicyDocument Roles Users Groups"},
    {"AWS::IAM::GroupPolicy", "PolicyName GroupName", "PolicyDocument"},
    {"AWS::IAM::RolePolicy", "PolicyName RoleName", "PolicyDocument"},
    {"AWS::IAM::UserPolicy", "PolicyName UserName", "PolicyDocument"},
    {"AWS::IAM::Group", "GroupName", "Path ManagedPolicyArns Policies"},
    {"AWS::IAM::UserToGroupAddition", "", "GroupName Users"},
    {"AWS::IAM::Role", "RoleName Path",
     "AssumeRolePolicyDocument Description ManagedPolicyArns MaxSessionDuration "
     "PermissionsBoundary Policies Tags"},
    {"AWS::IAM::User", "UserName",
     "Path ManagedPolicyArns PermissionsBoundary Policies Tags Groups LoginProfile"},
    {"AWS::Lambda::Alias", "Name FunctionName",
     "FunctionVersion Description RoutingConfig ProvisionedConcurrencyConfig UpdatePolicy"},
    {"AWS::Lambda::Function", "FunctionName PackageType",
     "Runtime Role Handler Description Timeout MemorySize ReservedConcurrentExecutions "
     "KmsKeyArn Code Environment Architectures Tags TracingConfig EphemeralStorage Layers "
     "LoggingConfig"},
    {"AWS::Lambda::LayerVersion",
     "LayerName Description LicenseInfo Content CompatibleRuntimes CompatibleArchitectures", ""},
    {"AWS::Lambda::LayerVersionPermission", "LayerVersionArn Action Principal OrganizationId", ""},
    {"AWS::Lambda::Permission", "FunctionName Action Principal SourceArn SourceAccount", ""},
    {"AWS::Lambda::Version", "FunctionName CodeSha256 Description ProvisionedConcurrencyConfig",
     ""},
    {"AWS::Logs::LogGroup", "LogGroupName", "RetentionInDays Tags"},
    {"AWS::Logs::MetricFilter", "FilterName LogGroupName",
     "FilterPattern MetricTransformations ApplyOnTransformedLogs FieldSelectionCriteria "
     "EmitSystemFieldDimensions"},
    {"AWS::Logs::SubscriptionFilter", "FilterName LogGroupName",
     "FilterPattern DestinationArn RoleArn Distribution ApplyOnTransformedLogs "
     "FieldSelectionCriteria"},
    {"AWS::S3::Bucket", "BucketName",
     "AccessControl Tags BucketEncryption PublicAccessBlockConfiguration VersioningConfiguration "
     "OwnershipControls CorsConfiguration LifecycleConfiguration"},
    {"AWS::S3::BucketPolicy", "Bucket", "PolicyDocument"},
    {"AWS::SSM::Parameter", "Name",
     "Type Value Description AllowedPattern Tier DataType Policies Tags"},
};

std::set<std::string> words(const char* text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

TEST(ResourceTypes, ChangeAndReplaceAsDocumented) {
  std::set<std::string> listed;
  for (const auto& documented : kTypes) {
    SCOPED_TRACE(documented.type);
    listed.insert(documented.type);
    const auto* type = find_type(documented.type);
    ASSERT_NE(type, nullptr);
    std::set<std::string> replacement;
    std::set<std::string> in_place;
    for (const auto& property : type->shape->members) {
      if (property.shape->kind == Kind::kUnsupported) continue;
      (type->replaced_by(property.name, {}, {}) ? replacement : in_place).insert(property.name);
    }
    EXPECT_EQ(replacement, words(documented.replacement));
    EXPECT_EQ(in_place, words(documented.in_place));
  }
  for (const auto* type : all_types())
    EXPECT_TRUE(listed.contains(std::string(type->name))) << type->name;
}

TEST(ResourceTypes, AnEditedAttributeReplacesATable) {
  const auto& table = *find_type("AWS::DynamoDB::Table");
  const auto definitions = [](const char* type, bool more = false) {
    json::Array list{json::Object{{"AttributeName", "k"}, {"AttributeType", type}}};
    if (more) list.emplace_back(json::Object{{"AttributeName", "l"}, {"AttributeType", "S"}});
    return json::Object{{"AttributeDefinitions", std::move(list)}};
  };
  EXPECT_TRUE(table.replaced_by("AttributeDefinitions", definitions("S"), definitions("N")));
  EXPECT_FALSE(table.replaced_by("AttributeDefinitions", definitions("S"), definitions("S", true)));
}

TEST(ResourceTypes, NamesOfCustomOnesAreLimited) {
  EXPECT_NE(find_type("Custom::Thing_1@2-3"), nullptr);
  EXPECT_EQ(find_type("Custom::"), nullptr);
  EXPECT_EQ(find_type("Custom::With space"), nullptr);
  EXPECT_EQ(find_type("Custom::" + std::string(60, 'x')), nullptr);
  EXPECT_EQ(find_type("Other::Thing"), nullptr);
}

}  // namespace
}  // namespace dew::cloudformation
