"""Resource types, property by property, where a stack's template sets them and a service's own API shows them."""

import json

import botocore.exceptions
import pytest

from conftest import ACCOUNT, REGION, wait_until

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
            if not described["StackStatus"].endswith("_COMPLETE") or "ROLLBACK" in described["StackStatus"]:
                raise AssertionError(str(self.events()))
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


def test_groups_of_a_stack_decide_what_their_users_may(client, cloud, stack):
    table_arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/"

    def allow(action):
        return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
    group = {"Type": "AWS::IAM::Group", "Properties": {
        "Path": "/staff/", "Policies": [{"PolicyName": "list", "PolicyDocument": allow("dynamodb:ListTables")}],
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess"]}}
    more = {"Type": "AWS::IAM::Group"}
    user = {"Type": "AWS::IAM::User", "Properties": {"Groups": [{"Ref": "Group"}]}}
    other = {"Type": "AWS::IAM::User", "Properties": {"LoginProfile": {"Password": "Long-enough-1", "PasswordResetRequired": True}}}
    added = {"Type": "AWS::IAM::UserToGroupAddition", "Properties": {"GroupName": {"Ref": "More"}, "Users": [{"Ref": "Other"}]}}
    inline = {"Type": "AWS::IAM::Policy", "Properties": {
        "PolicyName": "buckets", "PolicyDocument": ALLOW, "Groups": [{"Ref": "Group"}], "Users": [{"Ref": "Other"}]}}
    managed = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {
        "PolicyDocument": allow("logs:DescribeLogGroups"), "Groups": [{"Ref": "Group"}, {"Ref": "More"}]}}
    own = {"Type": "AWS::IAM::GroupPolicy", "Properties": {
        "GroupName": {"Ref": "More"}, "PolicyName": "own", "PolicyDocument": allow("sqs:ListQueues")}}
    resources = {"Group": group, "More": more, "User": user, "Other": other, "Added": added, "Inline": inline,
                 "Managed": managed, "Own": own,
                 "Key": {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": {"Ref": "User"}}},
                 "OtherKey": {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": {"Ref": "Other"}}}}
    outputs = {name: {"Fn::GetAtt": parts.split(".")} for name, parts in {
        "Arn": "Group.Arn", "Added": "Added.Id", "UserArn": "User.Arn", "Secret": "Key.SecretAccessKey", "KeyId": "Key.Id",
        "OtherSecret": "OtherKey.SecretAccessKey", "Count": "Managed.AttachmentCount", "Version": "Managed.DefaultVersionId",
        "Attachable": "Managed.IsAttachable"}.items()} | {"OtherKey": {"Ref": "OtherKey"}, "Own": {"Ref": "Own"}}
    told = stack.apply(resources, outputs)
    iam, name = client("iam"), stack.id("Group")
    assert told["Arn"] == f"arn:aws:iam::{ACCOUNT}:group/staff/{name}" and told["Added"] == stack.id("Added")
    assert (told["Count"], told["Version"], told["Attachable"]) == ("2", "v1", "true")
    assert told["Own"] == f"own|{stack.id('More')}"
    theirs = {"access_key": told["KeyId"], "secret_key": told["Secret"]}
    others = {"access_key": told["OtherKey"], "secret_key": told["OtherSecret"]}
    # What the group's inline, managed and other policies allow, and no more.
    cloud.client("dynamodb", **theirs).list_tables()
    cloud.client("ssm", **theirs).describe_parameters()
    cloud.client("s3", **theirs).list_buckets()
    cloud.client("logs", **theirs).describe_log_groups()
    with pytest.raises(botocore.exceptions.ClientError) as error:
        cloud.client("dynamodb", **theirs).describe_table(TableName="ttt")
    assert error.value.response["Error"] == {
        "Code": "AccessDeniedException",
        "Message": f"User: {told['UserArn']} is not authorized to perform: dynamodb:DescribeTable on resource: {table_arn}ttt "
                   "because no identity-based policy allows the dynamodb:DescribeTable action"}
    cloud.client("logs", **others).describe_log_groups()
    with pytest.raises(botocore.exceptions.ClientError, match="no identity-based policy allows the dynamodb:ListTables action"):
        cloud.client("dynamodb", **others).list_tables()
    assert iam.get_login_profile(UserName=stack.id("Other"))["LoginProfile"]["PasswordResetRequired"] is True
    assert "Long-enough-1" not in cloud.log and "Long-enough-1" not in json.dumps(stack.events(), default=str)

    # Everything changes in place: a path, memberships, who has a policy.
    before = {logical: stack.id(logical) for logical in resources}
    group["Properties"] = {"Path": "/crew/", "Policies": [{"PolicyName": "get", "PolicyDocument": allow("dynamodb:GetItem")}]}
    del user["Properties"]["Groups"]
    added["Properties"] = {"GroupName": {"Ref": "Group"}, "Users": [{"Ref": "Other"}, {"Ref": "User"}]}
    del other["Properties"]["LoginProfile"]
    inline["Properties"]["Groups"] = [{"Ref": "More"}]
    managed["Properties"]["Groups"] = [{"Ref": "More"}]
    told = stack.apply(resources, outputs)
    assert {logical: stack.id(logical) for logical in resources} == before
    assert told["Arn"] == f"arn:aws:iam::{ACCOUNT}:group/crew/{name}" and told["Count"] == "1"
    assert iam.list_group_policies(GroupName=name)["PolicyNames"] == ["get"]
    assert iam.list_attached_group_policies(GroupName=name)["AttachedPolicies"] == []
    assert {u["UserName"] for u in iam.get_group(GroupName=name)["Users"]} == {before["User"], before["Other"]}
    assert iam.list_groups_for_user(UserName=before["Other"])["Groups"][0]["GroupName"] == name
    assert sorted(iam.list_group_policies(GroupName=before["More"])["PolicyNames"]) == ["buckets", "own"]
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_login_profile(UserName=before["Other"])
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        cloud.client("dynamodb", **theirs).list_tables()
    stack.delete()
    for call, key in ((iam.get_group, {"GroupName": name}), (iam.get_user, {"UserName": before["Other"]}),
                      (iam.get_policy, {"PolicyArn": before["Managed"]})):
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            call(**key)


def test_a_failed_membership_is_taken_back(client, stack, unique):
    iam, name = client("iam"), unique("user")
    iam.create_user(UserName=name)
    with pytest.raises(AssertionError, match="cannot be found"):
        stack.apply({"Group": {"Type": "AWS::IAM::Group", "Properties": {"GroupName": name}},
                     "Added": {"Type": "AWS::IAM::UserToGroupAddition",
                               "Properties": {"GroupName": {"Ref": "Group"}, "Users": [name, name + "-absent"]}}})
    assert iam.list_groups_for_user(UserName=name)["Groups"] == []
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_group(GroupName=name)
    iam.delete_user(UserName=name)


def test_a_policy_of_a_role_that_is_there_already_is_nobodys(client, stack, unique):
    iam, role = client("iam"), unique("role")
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=json.dumps(ALLOW))
    with pytest.raises(AssertionError, match="already exists"):
        stack.apply({"P": {"Type": "AWS::IAM::RolePolicy", "Properties": {
            "RoleName": role, "PolicyName": "p", "PolicyDocument": ALLOW}}})
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["p"]
    iam.delete_role_policy(RoleName=role, PolicyName="p")
    iam.delete_role(RoleName=role)


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
    # What a description says beside its method settings holds for all methods.
    stack.apply(api(StageName="one", StageDescription={
        "Variables": {"v": "2"}, "LoggingLevel": "ERROR", "MetricsEnabled": True, "DataTraceEnabled": True,
        "ThrottlingBurstLimit": 7, "ThrottlingRateLimit": 3.5, "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}))
    stage = gateway.get_stage(restApiId=rest_api, stageName="one")
    assert stage["variables"] == {"v": "2"} and stage["tags"] == {"a": "1", "b": "2"}
    settings = stage["methodSettings"]["*/*"]
    assert {k: settings[k] for k in ("loggingLevel", "metricsEnabled", "dataTraceEnabled", "throttlingBurstLimit",
                                     "throttlingRateLimit")} == {
        "loggingLevel": "ERROR", "metricsEnabled": True, "dataTraceEnabled": True, "throttlingBurstLimit": 7,
        "throttlingRateLimit": 3.5}
    stack.apply(api(StageName="one", StageDescription={"Tags": [{"Key": "b", "Value": "3"}]}))
    stage = gateway.get_stage(restApiId=rest_api, stageName="one")
    assert stage["tags"] == {"b": "3"} and "*/*" not in stage["methodSettings"]
    stack.apply(api(StageName="two"))
    stages = {s["stageName"]: s["deploymentId"] for s in gateway.get_stages(restApiId=rest_api)["item"]}
    assert stages == {"two": deployment} and stack.id("Deployment") == deployment
    stack.delete()


def test_a_bucket_policy_that_is_there_already_is_nobodys(client, stack, unique):
    s3, bucket = client("s3"), unique("bucket")
    s3.create_bucket(Bucket=bucket)
    theirs, ours = ({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": f"arn:aws:s3:::{bucket}/*"}]}
        for action in ("s3:DeleteObject", "s3:PutObject"))
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(theirs))
    resources = {"P": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": bucket, "PolicyDocument": ours}}}
    with pytest.raises(AssertionError, match=f"The bucket policy already exists on bucket {bucket}"):
        stack.apply(resources)
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == theirs
    s3.delete_bucket_policy(Bucket=bucket)
    stack.delete()
    stack.apply(resources)
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == ours and stack.id("P") == bucket
    stack.delete()
    with pytest.raises(botocore.exceptions.ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=bucket)
    s3.delete_bucket(Bucket=bucket)


def test_what_a_function_tells_of_itself(client, stack):
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        "F": {"Type": "AWS::Lambda::Function", "Properties": {
            "Runtime": "python3.12", "Handler": "index.handler", "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": {"ZipFile": "def handler(event, context): return 1"}, "Tags": [{"Key": "bare"}]}}}
    told = stack.apply(resources, {"Snap": {"Fn::GetAtt": ["F", "SnapStartResponse.ApplyOn"]},
                                   "State": {"Fn::GetAtt": ["F", "SnapStartResponse.OptimizationStatus"]}})
    assert told == {"Snap": "None", "State": "Off"}
    assert client("lambda").get_function(FunctionName=stack.id("F"))["Tags"]["bare"] == ""
