#include "aws/router.h"

#include <gtest/gtest.h>

namespace dew::aws {
namespace {

http::Request request(std::string_view method, std::string_view target, http::Headers headers = {},
                      std::string body = "") {
  http::Request out;
  out.method = method;
  out.target = target;
  out.headers = std::move(headers);
  if (!out.headers.has("Host")) out.headers.add("Host", "localhost:4566");
  out.body = std::move(body);
  return out;
}

// "service operation", or the error's code.
std::string routed(const http::Request& from, std::string_view scope_service = "-") {
  Signature signature;
  signature.service = scope_service;
  const auto out = route(from, scope_service == "-" ? nullptr : &signature);
  if (!out) return out.error().error.code;
  if (out->health_check) return "health";
  return out->service->name + " " + out->operation->name +
         (out->target.empty() ? "" : " " + out->target);
}

TEST(Router, ByScope) {
  EXPECT_EQ(
      routed(request("POST", "/", {{"X-Amz-Target", "DynamoDB_20120810.PutItem"}}), "dynamodb"),
      "dynamodb PutItem");
  EXPECT_EQ(routed(request("POST", "/", {}, "Action=GetCallerIdentity&Version=2011-06-15"), "sts"),
            "sts GetCallerIdentity");
  EXPECT_EQ(
      routed(request("POST", "/", {}, "Action=PutMetricData&Version=2010-08-01"), "monitoring"),
      "cloudwatch PutMetricData");
  EXPECT_EQ(routed(request("GET", "/"), "s3"), "s3 ListBuckets");
  EXPECT_EQ(routed(request("GET", "/"), "sqs"), "NotImplemented");
}

TEST(Router, ByTargetWhenTheScopeIsEmpty) {
  EXPECT_EQ(routed(request("POST", "/", {{"X-Amz-Target", "AmazonSSM.GetParameter"}}), ""),
            "ssm GetParameter");
  EXPECT_EQ(routed(request("POST", "/", {{"X-Amz-Target", "Logs_20140328.PutLogEvents"}})),
            "logs PutLogEvents");
}

TEST(Router, ByHostFormAndPath) {
  EXPECT_EQ(routed(request("GET", "/2015-03-31/functions/",
                           {{"Host", "lambda.us-east-1.amazonaws.com"}})),
            "lambda ListFunctions");
  EXPECT_EQ(routed(request("POST", "/", {{"Content-Type", "application/x-www-form-urlencoded"}},
                           "Version=2010-05-08&Action=ListRoles")),
            "iam ListRoles");
  EXPECT_EQ(routed(request("POST", "/2015-03-31/functions/f/invocations")), "lambda Invoke");
  EXPECT_EQ(routed(request("GET", "/restapis/abc/resources")), "apigateway GetResources");
  EXPECT_EQ(routed(request("GET", "/bucket/some/key")), "s3 GetObject");
  EXPECT_EQ(routed(request("GET", "/")), "health");
  EXPECT_EQ(routed(request("GET", "/", {{"Host", "dynamodb.us-east-1.amazonaws.com"}})), "health");
}

TEST(Router, S3Buckets) {
  EXPECT_EQ(routed(request("PUT", "/a/b", {{"Host", "bucket.s3.localhost.localstack.cloud:4566"}})),
            "s3 PutObject /bucket/a/b");
  EXPECT_EQ(
      routed(request("GET", "/?list-type=2", {{"Host", "my.bucket.s3.eu-west-1.amazonaws.com"}})),
      "s3 ListObjectsV2 /my.bucket?list-type=2");
  EXPECT_EQ(routed(request("GET", "/k", {{"Host", "lambda.s3.us-east-1.amazonaws.com"}})),
            "s3 GetObject /lambda/k");
  EXPECT_EQ(routed(request("GET", "/k", {{"Host", "bucket.localhost:4566"}}), "s3"),
            "s3 GetObject /bucket/k");
  EXPECT_EQ(routed(request("GET", "/bucket/", {{"Host", "s3.us-east-1.amazonaws.com"}})),
            "s3 ListObjects");
}

TEST(Router, S3OperationsThatShareAnUri) {
  const auto s3 = [](std::string_view method, std::string_view target, http::Headers headers = {}) {
    return routed(request(method, target, std::move(headers)), "s3");
  };
  EXPECT_EQ(s3("PUT", "/b/k"), "s3 PutObject");
  EXPECT_EQ(s3("PUT", "/b/k", {{"x-amz-copy-source", "/a/k"}}), "s3 CopyObject");
  EXPECT_EQ(s3("PUT", "/b/k?partNumber=1&uploadId=u"), "s3 UploadPart");
  EXPECT_EQ(s3("PUT", "/b/k?partNumber=1&uploadId=u", {{"x-amz-copy-source", "/a/k"}}),
            "s3 UploadPartCopy");
  EXPECT_EQ(s3("POST", "/b/k?uploads"), "s3 CreateMultipartUpload");
  EXPECT_EQ(s3("POST", "/b/k?uploadId=u"), "s3 CompleteMultipartUpload");
  EXPECT_EQ(s3("DELETE", "/b/k?uploadId=u"), "s3 AbortMultipartUpload");
  EXPECT_EQ(s3("DELETE", "/b/k"), "s3 DeleteObject");
  EXPECT_EQ(s3("POST", "/b?delete="), "s3 DeleteObjects");
  EXPECT_EQ(s3("GET", "/b?location"), "s3 GetBucketLocation");
  EXPECT_EQ(s3("GET", "/b/a//k/"), "s3 GetObject");
  EXPECT_EQ(s3("GET", "/b/k?x-id=GetObject"), "s3 GetObject");
  EXPECT_EQ(s3("PATCH", "/b/k"), "MethodNotAllowed");
}

TEST(Router, TellsTheRestApisApart) {
  const auto api = [](std::string_view method, std::string_view target) {
    return routed(request(method, target), "apigateway");
  };
  EXPECT_EQ(api("POST", "/restapis"), "apigateway CreateRestApi");
  EXPECT_EQ(api("POST", "/restapis?mode=import"), "apigateway ImportRestApi");
  EXPECT_EQ(api("PUT", "/restapis/a/resources/r/methods/GET/integration"),
            "apigateway PutIntegration");
  EXPECT_EQ(api("GET", "/nonsense"), "UnknownOperationException");
}

TEST(Router, NamesWhatItDoesNotKnow) {
  EXPECT_EQ(routed(request("POST", "/", {{"X-Amz-Target", "DynamoDB_20120810.Nope"}}), "dynamodb"),
            "UnknownOperationException");
  EXPECT_EQ(routed(request("POST", "/", {}, "Action=Nope&Version=2011-06-15"), "sts"),
            "InvalidAction");
  EXPECT_EQ(routed(request("POST", "/", {{"X-Amz-Target", "Nope.Nope"}})),
            "UnknownOperationException");
}

}  // namespace
}  // namespace dew::aws
