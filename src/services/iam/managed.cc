// AWS's own managed policies that serverless deployments attach.
// docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
#include "services/iam/state.h"

namespace dew::iam {

namespace {

#define ALLOW_ALL(actions)                                                      \
  R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":)" actions \
  R"(,"Resource":"*"}]})"

constexpr std::string_view kLogs =
    ALLOW_ALL(R"(["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"])");

constexpr std::string_view kVpc = ALLOW_ALL(
    R"(["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents","ec2:CreateNetworkInterface",)"
    R"("ec2:DescribeNetworkInterfaces","ec2:DescribeSubnets","ec2:DeleteNetworkInterface",)"
    R"("ec2:AssignPrivateIpAddresses","ec2:UnassignPrivateIpAddresses"])");

constexpr std::string_view kPushToLogs = ALLOW_ALL(
    R"(["logs:CreateLogGroup","logs:CreateLogStream","logs:DescribeLogGroups",)"
    R"("logs:DescribeLogStreams","logs:PutLogEvents","logs:GetLogEvents","logs:FilterLogEvents"])");

constexpr std::string_view kXray =
    ALLOW_ALL(R"(["xray:PutTraceSegments","xray:PutTelemetryRecords","xray:GetSamplingRules",)"
              R"("xray:GetSamplingTargets","xray:GetSamplingStatisticSummaries"])");

constexpr std::string_view kDynamoReadOnly = ALLOW_ALL(
    R"(["dynamodb:BatchGetItem","dynamodb:Describe*","dynamodb:List*","dynamodb:GetItem",)"
    R"("dynamodb:Query","dynamodb:Scan","dynamodb:PartiQLSelect"])");

constexpr std::string_view kDynamoStreams = ALLOW_ALL(
    R"(["dynamodb:DescribeStream","dynamodb:GetRecords","dynamodb:GetShardIterator",)"
    R"("dynamodb:ListStreams","logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"])");

constexpr std::string_view kSqs =
    ALLOW_ALL(R"(["sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes",)"
              R"("logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"])");

constexpr std::string_view kLambdaFull =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudformation:DescribeStacks",)"
    R"("cloudformation:ListStackResources","cloudwatch:ListMetrics","cloudwatch:GetMetricData",)"
    R"("iam:GetPolicy","iam:GetPolicyVersion","iam:GetRole","iam:GetRolePolicy",)"
    R"("iam:ListAttachedRolePolicies","iam:ListRolePolicies","iam:ListRoles","lambda:*",)"
    R"("logs:DescribeLogGroups","tag:GetResources","xray:GetTraceSummaries","xray:BatchGetTraces"],)"
    R"("Resource":"*"},{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":)"
    R"({"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}},{"Effect":"Allow","Action":)"
    R"(["logs:DescribeLogStreams","logs:GetLogEvents","logs:FilterLogEvents"],)"
    R"("Resource":"arn:aws:logs:*:*:log-group:/aws/lambda/*"}]})";

constexpr std::string_view kInsights =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:CreateLogGroup",)"
    R"("Resource":"*"},{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],)"
    R"("Resource":"arn:aws:logs:*:*:log-group:/aws/lambda-insights:*"}]})";

constexpr std::string_view kPowerUser =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*",)"
    R"("account:*"],"Resource":"*"},{"Effect":"Allow","Action":["iam:CreateServiceLinkedRole",)"
    R"("iam:DeleteServiceLinkedRole","iam:ListRoles","organizations:DescribeOrganization",)"
    R"("account:ListRegions"],"Resource":"*"}]})";

constexpr std::string_view kCodeDeployLambda =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudwatch:DescribeAlarms",)"
    R"("lambda:UpdateAlias","lambda:GetAlias","lambda:GetProvisionedConcurrencyConfig","sns:Publish"],)"
    R"("Resource":"*"},{"Effect":"Allow","Action":["s3:GetObject","s3:GetObjectVersion"],)"
    R"("Resource":"arn:aws:s3:::*/CodeDeploy/*"},{"Effect":"Allow","Action":["s3:GetObject",)"
    R"("s3:GetObjectVersion"],"Resource":"*","Condition":{"StringEquals":)"
    R"({"s3:ExistingObjectTag/UseWithCodeDeploy":"true"}}},{"Effect":"Allow","Action":)"
    R"("lambda:InvokeFunction","Resource":"arn:aws:lambda:*:*:function:CodeDeployHook_*"}]})";

constexpr std::string_view kCodeDeployLambdaLimited =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudwatch:DescribeAlarms",)"
    R"("lambda:UpdateAlias","lambda:GetAlias","lambda:GetProvisionedConcurrencyConfig"],)"
    R"("Resource":"*"},{"Effect":"Allow","Action":["s3:GetObject","s3:GetObjectVersion"],)"
    R"("Resource":"arn:aws:s3:::*/CodeDeploy/*"},{"Effect":"Allow","Action":["s3:GetObject",)"
    R"("s3:GetObjectVersion"],"Resource":"*","Condition":{"StringEquals":)"
    R"({"s3:ExistingObjectTag/UseWithCodeDeploy":"true"}}},{"Effect":"Allow","Action":)"
    R"("lambda:InvokeFunction","Resource":"arn:aws:lambda:*:*:function:CodeDeployHook_*"}]})";

}  // namespace

const std::vector<ManagedPolicy>& aws_managed_policies() {
  static const std::vector<ManagedPolicy> kPolicies = {
      {"/", "AdministratorAccess", ALLOW_ALL(R"("*")")},
      {"/", "PowerUserAccess", kPowerUser},
      {"/", "AWSLambda_FullAccess", kLambdaFull},
      {"/", "AWSXRayDaemonWriteAccess", kXray},
      {"/", "AWSXrayWriteOnlyAccess", kXray},
      {"/", "AmazonDynamoDBFullAccess", ALLOW_ALL(R"(["dynamodb:*","dax:*"])")},
      {"/", "AmazonDynamoDBReadOnlyAccess", kDynamoReadOnly},
      {"/", "AmazonS3FullAccess", ALLOW_ALL(R"(["s3:*","s3-object-lambda:*"])")},
      {"/", "AmazonS3ReadOnlyAccess", ALLOW_ALL(R"(["s3:Get*","s3:List*","s3:Describe*"])")},
      {"/", "AmazonSSMFullAccess", ALLOW_ALL(R"(["ssm:*"])")},
      {"/", "AmazonSSMReadOnlyAccess", ALLOW_ALL(R"(["ssm:Describe*","ssm:Get*","ssm:List*"])")},
      {"/", "CloudWatchLogsFullAccess", ALLOW_ALL(R"(["logs:*"])")},
      {"/", "CloudWatchLambdaInsightsExecutionRolePolicy", kInsights},
      {"/service-role/", "AWSCodeDeployRoleForLambda", kCodeDeployLambda},
      {"/service-role/", "AWSCodeDeployRoleForLambdaLimited", kCodeDeployLambdaLimited},
      {"/service-role/", "AWSLambdaBasicExecutionRole", kLogs},
      {"/service-role/", "AWSLambdaDynamoDBExecutionRole", kDynamoStreams},
      {"/service-role/", "AWSLambdaRole", ALLOW_ALL(R"(["lambda:InvokeFunction"])")},
      {"/service-role/", "AWSLambdaSQSQueueExecutionRole", kSqs},
      {"/service-role/", "AWSLambdaVPCAccessExecutionRole", kVpc},
      {"/service-role/", "AmazonAPIGatewayPushToCloudWatchLogs", kPushToLogs},
  };
  return kPolicies;
}

}  // namespace dew::iam
