"""Resource types, property by property, where a stack's template sets them and a service's own API shows them."""

import json

import botocore.exceptions
import pytest

from conftest import wait_until

ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]}
TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


@pytest.fixture
def stack(client, unique):
    formation, name = client("cloudformation"), unique("types")

    class Stack:
        def apply(self, resources, outputs=None):
            body = json.dumps({"Resources": resources, "Outputs": {k: {"Value": v} for k, v in (outputs or {}).items()}})
            try:
                formation.describe_stacks(StackName=name)
                call = formation.update_stack
            except botocore.exceptions.ClientError:
                call = formation.create_stack
            call(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
            described = wait_until(lambda: (s := formation.describe_stacks(StackName=name)["Stacks"][0]) and
                                   not s["StackStatus"].endswith("IN_PROGRESS") and s, 30, "the stack's end")
            assert described["StackStatus"].endswith("_COMPLETE") and "ROLLBACK" not in described["StackStatus"], self.events()
            return {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])}

        def events(self):
            return [(e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason")) for e in
                    formation.describe_stack_events(StackName=name)["StackEvents"]]

        def id(self, logical):
            return formation.describe_stack_resource(
                StackName=name, LogicalResourceId=logical)["StackResourceDetail"]["PhysicalResourceId"]

        def delete(self):
            identity = formation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
            formation.delete_stack(StackName=name)
            wait_until(lambda: formation.describe_stacks(StackName=identity)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE",
                       30, "the deletion")

    stack = Stack()
    stack.name = name
    yield stack
    try:
        formation.delete_stack(StackName=name)
    except botocore.exceptions.ClientError:
        pass


def test_users_and_their_keys(client, cloud, stack):
    user = {"Type": "AWS::IAM::User", "Properties": {
        "Path": "/staff/", "Policies": [{"PolicyName": "list", "PolicyDocument": ALLOW}], "Tags": [{"Key": "a", "Value": "1"}]}}
    key = {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": {"Ref": "User"}}}
    outputs = {"User": {"Ref": "User"}, "Arn": {"Fn::GetAtt": ["User", "Arn"]}, "Key": {"Ref": "Key"},
               "Secret": {"Fn::GetAtt": ["Key", "SecretAccessKey"]}}
    told = stack.apply({"User": user, "Key": key}, outputs)
    assert told["Arn"].endswith(f":user/staff/{told['User']}")
    # The key works, and does what the user's policy says.
    theirs = {"access_key": told["Key"], "secret_key": told["Secret"]}
    assert cloud.client("sts", **theirs).get_caller_identity()["Arn"] == told["Arn"]
    cloud.client("s3", **theirs).list_buckets()
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        cloud.client("dynamodb", **theirs).list_tables()
    # Its secret is nowhere but in the output that asks for it.
    formation = client("cloudformation")
    pages = [*formation.get_paginator("describe_stack_events").paginate(StackName=stack.name)]
    shown = json.dumps([pages, formation.describe_stack_resources(StackName=stack.name),
                        formation.describe_stack_resource(StackName=stack.name, LogicalResourceId="Key")], default=str)
    assert told["Secret"] not in shown and told["Secret"] not in cloud.log

    iam = client("iam")
    user["Properties"]["Policies"] = []
    user["Properties"]["Tags"] = [{"Key": "b", "Value": "2"}]
    key["Properties"]["Status"] = "Inactive"
    assert stack.apply({"User": user, "Key": key}, outputs) == told
    assert iam.list_user_policies(UserName=told["User"])["PolicyNames"] == []
    assert iam.list_access_keys(UserName=told["User"])["AccessKeyMetadata"][0]["Status"] == "Inactive"
    # Another serial number is another key.
    key["Properties"] = {"UserName": {"Ref": "User"}, "Serial": 2}
    rotated = stack.apply({"User": user, "Key": key}, outputs)
    assert rotated["Key"] != told["Key"] and rotated["Secret"] != told["Secret"]
    assert [k["AccessKeyId"] for k in iam.list_access_keys(UserName=told["User"])["AccessKeyMetadata"]] == [rotated["Key"]]
    stack.delete()
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_user(UserName=told["User"])


def test_an_inline_policy_may_get_another_name(client, stack):
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}
    policy = {"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "one", "PolicyDocument": ALLOW, "Roles": [{"Ref": "Role"}]}}
    stack.apply({"Role": role, "Policy": policy})
    before = stack.id("Policy")
    policy["Properties"]["PolicyName"] = "two"
    stack.apply({"Role": role, "Policy": policy})
    assert stack.id("Policy") == before
    assert client("iam").list_role_policies(RoleName=stack.id("Role"))["PolicyNames"] == ["two"]


def test_rules_of_buckets(client, stack):
    properties = {
        "CorsConfiguration": {"CorsRules": [{
            "Id": "web", "AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://*.example.com"],
            "AllowedHeaders": ["*"], "ExposedHeaders": ["ETag"], "MaxAge": "600"}]},
        "LifecycleConfiguration": {"Rules": [
            {"Id": "old", "Status": "Enabled", "Prefix": "log/", "ExpirationInDays": 30,
             "NoncurrentVersionExpiration": {"NoncurrentDays": 7, "NewerNoncurrentVersions": 2}},
            {"Id": "many", "Status": "Disabled", "Prefix": "x/", "TagFilters": [{"Key": "k", "Value": "v"}],
             "ObjectSizeGreaterThan": "10", "ExpirationDate": "2030-01-02T00:00:00Z",
             "Transitions": [{"StorageClass": "GLACIER_IR", "TransitionDate": "2029-01-02T00:00:00Z"}]},
            {"Id": "all", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3}}]},
    }
    stack.apply({"B": {"Type": "AWS::S3::Bucket", "Properties": properties}})
    s3, bucket = client("s3"), stack.id("B")
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == [{
        "ID": "web", "AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://*.example.com"],
        "AllowedHeaders": ["*"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 600}]
    rules = {r["ID"]: r for r in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
    assert rules["old"]["Filter"] == {"Prefix": "log/"} and rules["old"]["Expiration"] == {"Days": 30}
    assert rules["old"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7, "NewerNoncurrentVersions": 2}
    assert rules["many"]["Filter"] == {"And": {"Prefix": "x/", "Tags": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": 10}}
    assert rules["many"]["Expiration"]["Date"].isoformat() == "2030-01-02T00:00:00+00:00"
    moved, = rules["many"]["Transitions"]
    assert (moved["Date"].isoformat(), moved["StorageClass"]) == ("2029-01-02T00:00:00+00:00", "GLACIER_IR")
    assert rules["all"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 3}
    stack.apply({"B": {"Type": "AWS::S3::Bucket"}})
    for call, error in ((s3.get_bucket_cors, "NoSuchCORSConfiguration"),
                        (s3.get_bucket_lifecycle_configuration, "NoSuchLifecycleConfiguration")):
        with pytest.raises(botocore.exceptions.ClientError, match=error):
            call(Bucket=bucket)


def test_an_edited_attribute_makes_another_table(client, stack):
    def table(kind):
        return {"T": {"Type": "AWS::DynamoDB::Table", "Properties": {
            "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": kind}]}}}
    stack.apply(table("S"))
    first = stack.id("T")
    stack.apply(table("N"))
    assert stack.id("T") != first
    described = client("dynamodb").describe_table(TableName=stack.id("T"))["Table"]
    assert described["AttributeDefinitions"] == [{"AttributeName": "k", "AttributeType": "N"}]
    assert first not in client("dynamodb").list_tables()["TableNames"]


def test_a_deployments_stage_changes_in_place(client, stack):
    def api(**deployment):
        return {
            "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": stack.name}},
            "Method": {"Type": "AWS::ApiGateway::Method", "Properties": {
                "RestApiId": {"Ref": "Api"}, "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "HttpMethod": "GET",
                "AuthorizationType": "NONE", "Integration": {"Type": "MOCK"}}},
            "Deployment": {"Type": "AWS::ApiGateway::Deployment", "DependsOn": "Method", "Properties": {
                "RestApiId": {"Ref": "Api"}, **deployment}}}
    gateway = client("apigateway")
    stack.apply(api(StageName="one", StageDescription={"Variables": {"v": "1"}}))
    rest_api, deployment = stack.id("Api"), stack.id("Deployment")
    # CloudFormation's own tags are on what it makes.
    tags = gateway.get_rest_api(restApiId=rest_api)["tags"]
    assert tags["aws:cloudformation:stack-name"] == stack.name and tags["aws:cloudformation:logical-id"] == "Api"
    stack.apply(api(StageName="one", StageDescription={"Variables": {"v": "2"}}))
    assert gateway.get_stage(restApiId=rest_api, stageName="one")["variables"] == {"v": "2"}
    stack.apply(api(StageName="two"))
    stages = {s["stageName"]: s["deploymentId"] for s in gateway.get_stages(restApiId=rest_api)["item"]}
    assert stages == {"two": deployment} and stack.id("Deployment") == deployment
    stack.delete()
