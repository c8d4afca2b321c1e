"""IAM is enforced: users, roles, functions, resource policies, boundaries and sessions, with AWS's messages.

Every principal here is made for its test; `admin` is the account's administrator (the key `test`).
"""

import io
import json
import zipfile

import botocore.exceptions
import pytest
from conftest import ACCOUNT, REGION, Cloud, wait_until

LAMBDA_TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions, resources="*", **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions, resources="*", **more):
    return {"Effect": "Deny", "Action": actions, "Resource": resources, **more}


def refused(call, **arguments):
    """(code, message, status) of the error that `call` must end in."""
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(**arguments)
    response = error.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


def table_arn(name):
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


@pytest.fixture
def admin(client):
    return client


@pytest.fixture
def user(admin, cloud, unique):
    """user(statement…) gives (name, clients): clients(service) acts as a new user with that inline policy."""
    def make(*statements, boundary=None, **config):
        name = unique("user")
        more = {"PermissionsBoundary": boundary} if boundary else {}
        admin("iam").create_user(UserName=name, **more)
        if statements:
            admin("iam").put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(*statements))
        key = admin("iam").create_access_key(UserName=name)["AccessKey"]
        return name, lambda service: cloud.client(service, access_key=key["AccessKeyId"],
                                                  secret_key=key["SecretAccessKey"], **config)
    return make


@pytest.fixture
def role(admin, unique):
    def make(*statements, trust, **options):
        name = unique("role")
        arn = admin("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust), **options)["Role"]["Arn"]
        if statements:
            admin("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(*statements))
        return name, arn
    return make


@pytest.fixture
def table(admin, unique):
    name = unique("table")
    admin("dynamodb").create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
    admin("dynamodb").get_waiter("table_exists").wait(TableName=name)
    yield name
    admin("dynamodb").delete_table(TableName=name)


def session(cloud, credentials):
    return lambda service: cloud.client(service, access_key=credentials["AccessKeyId"],
                                        secret_key=credentials["SecretAccessKey"],
                                        session_token=credentials["SessionToken"])


def test_a_user_may_what_its_policy_says(user, table, unique):
    name, as_user = user(allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:BatchGetItem"], table_arn(table)))
    dynamodb = as_user("dynamodb")
    dynamodb.put_item(TableName=table, Item={"id": {"S": "1"}})
    assert dynamodb.get_item(TableName=table, Key={"id": {"S": "1"}})["Item"]
    arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
    other = unique("other")
    assert refused(dynamodb.get_item, TableName=other, Key={"id": {"S": "1"}}) == (
        "AccessDeniedException",
        f"User: {arn} is not authorized to perform: dynamodb:GetItem on resource: {table_arn(other)} "
        "because no identity-based policy allows the dynamodb:GetItem action", 400)
    assert refused(dynamodb.delete_item, TableName=table, Key={"id": {"S": "1"}})[1] == (
        f"User: {arn} is not authorized to perform: dynamodb:DeleteItem on resource: {table_arn(table)} "
        "because no identity-based policy allows the dynamodb:DeleteItem action")
    # Every table of a batch is asked for.
    assert refused(dynamodb.batch_get_item, RequestItems={
        table: {"Keys": [{"id": {"S": "1"}}]}, other: {"Keys": [{"id": {"S": "1"}}]}})[1].startswith(
        f"User: {arn} is not authorized to perform: dynamodb:BatchGetItem on resource: {table_arn(other)} ")
    assert as_user("sts").get_caller_identity()["Arn"] == arn  # needs no permission


def test_how_each_service_refuses(user):
    name, as_user = user()
    arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"

    def expect(call, code, status, action, on, **arguments):
        on = f" on resource: {on}" if on else ""
        assert refused(call, **arguments) == (
            code, f"User: {arn} is not authorized to perform: {action}{on} "
                  f"because no identity-based policy allows the {action} action", status)

    base = f"{REGION}:{ACCOUNT}"
    expect(as_user("lambda").get_function, "AccessDeniedException", 403, "lambda:GetFunction",
           f"arn:aws:lambda:{base}:function:f", FunctionName="f")
    expect(as_user("apigateway").get_rest_api, "AccessDeniedException", 403, "apigateway:GET",
           f"arn:aws:apigateway:{REGION}::/restapis/abc", restApiId="abc")
    expect(as_user("ssm").get_parameter, "AccessDeniedException", 400, "ssm:GetParameter",
           f"arn:aws:ssm:{base}:parameter/a/b", Name="/a/b")
    expect(as_user("logs").create_log_group, "AccessDeniedException", 400, "logs:CreateLogGroup",
           f"arn:aws:logs:{base}:log-group:g:log-stream:", logGroupName="g")
    expect(as_user("cloudformation").describe_stacks, "AccessDenied", 403, "cloudformation:DescribeStacks",
           f"arn:aws:cloudformation:{base}:stack/s/*", StackName="s")
    expect(as_user("iam").get_role, "AccessDenied", 403, "iam:GetRole", "role r", RoleName="r")
    expect(as_user("iam").create_user, "AccessDenied", 403, "iam:CreateUser",
           f"arn:aws:iam::{ACCOUNT}:user/u2", UserName="u2")
    expect(as_user("s3").list_buckets, "AccessDenied", 403, "s3:ListAllMyBuckets", "")
    expect(as_user("s3").get_object, "AccessDenied", 403, "s3:GetObject", '"arn:aws:s3:::b-u-c/k"', Bucket="b-u-c",
           Key="k")


def test_changes_count_at_once(user, admin, table):
    name, as_user = user()
    dynamodb = as_user("dynamodb")
    assert refused(dynamodb.describe_table, TableName=table)[0] == "AccessDeniedException"
    admin("iam").put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(allow("dynamodb:*")))
    assert dynamodb.describe_table(TableName=table)
    admin("iam").put_user_policy(UserName=name, PolicyName="q", PolicyDocument=policy(deny("dynamodb:Describe*")))
    assert refused(dynamodb.describe_table, TableName=table)[1].endswith(
        "with an explicit deny in an identity-based policy")
    admin("iam").delete_user_policy(UserName=name, PolicyName="q")
    admin("iam").delete_user_policy(UserName=name, PolicyName="p")
    admin("iam").attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess")
    assert dynamodb.describe_table(TableName=table)
    assert refused(dynamodb.put_item, TableName=table, Item={"id": {"S": "1"}})[0] == "AccessDeniedException"


def test_leading_keys_and_attributes(user, table):
    name, as_user = user(allow("dynamodb:*", table_arn(table), Condition={
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:username}"],
                                      "dynamodb:Attributes": ["id", "color"]},
        "Null": {"dynamodb:LeadingKeys": "false"}}))
    dynamodb = as_user("dynamodb")
    dynamodb.put_item(TableName=table, Item={"id": {"S": name}, "color": {"S": "red"}})
    assert dynamodb.query(TableName=table, KeyConditionExpression="#i = :v", ExpressionAttributeNames={"#i": "id"},
                          ExpressionAttributeValues={":v": {"S": name}})["Count"] == 1
    denied = "AccessDeniedException"
    assert refused(dynamodb.put_item, TableName=table, Item={"id": {"S": "another"}})[0] == denied
    assert refused(dynamodb.put_item, TableName=table, Item={"id": {"S": name}, "secret": {"S": "x"}})[0] == denied
    assert refused(dynamodb.query, TableName=table, KeyConditionExpression="id = :v",
                   ExpressionAttributeValues={":v": {"S": "another"}})[0] == denied
    assert refused(dynamodb.update_item, TableName=table, Key={"id": {"S": name}}, UpdateExpression="SET secret = :s",
                   ExpressionAttributeValues={":s": {"S": "x"}})[0] == denied
    assert refused(dynamodb.scan, TableName=table)[0] == denied
    assert refused(dynamodb.batch_write_item, RequestItems={table: [
        {"PutRequest": {"Item": {"id": {"S": name}}}}, {"DeleteRequest": {"Key": {"id": {"S": "another"}}}}]})[0] == denied


def test_a_permissions_boundary_limits(user, admin, unique, table):
    boundary = admin("iam").create_policy(PolicyName=unique("b"), PolicyDocument=policy(
        allow("dynamodb:GetItem"), deny("s3:*")))["Policy"]["Arn"]
    _, as_user = user(allow("*"), boundary=boundary)
    as_user("dynamodb").get_item(TableName=table, Key={"id": {"S": "1"}})
    assert refused(as_user("dynamodb").put_item, TableName=table, Item={"id": {"S": "1"}})[1].endswith(
        "because no permissions boundary allows the dynamodb:PutItem action")
    assert refused(as_user("s3").list_buckets)[1].endswith("with an explicit deny in a permissions boundary")


def test_assume_role(user, role, cloud, table):
    name, as_user = user(allow("sts:AssumeRole"))
    arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
    # Trusted by nobody but Lambda: an identity policy is not enough.
    _, closed = role(allow("dynamodb:*"), trust=LAMBDA_TRUST)
    assert refused(as_user("sts").assume_role, RoleArn=closed, RoleSessionName="s1") == (
        "AccessDenied", f"User: {arn} is not authorized to perform: sts:AssumeRole on resource: {closed} "
                        "because no role trust policy allows the sts:AssumeRole action", 403)
    role_name, trusted = role(allow("dynamodb:*"), trust={
        "Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "ours"}}})
    assert refused(as_user("sts").assume_role, RoleArn=trusted, RoleSessionName="s1")[0] == "AccessDenied"
    given = as_user("sts").assume_role(RoleArn=trusted, RoleSessionName="s1", ExternalId="ours")["Credentials"]
    as_role = session(cloud, given)
    as_role("dynamodb").describe_table(TableName=table)
    assert refused(as_role("s3").list_buckets)[1] == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{role_name}/s1 is not authorized to perform: s3:ListAllMyBuckets "
        "because no identity-based policy allows the s3:ListAllMyBuckets action")
    # A session policy limits what the role may, and grants nothing.
    given = as_user("sts").assume_role(RoleArn=trusted, RoleSessionName="s2", ExternalId="ours", Policy=policy(
        allow(["dynamodb:DescribeTable", "s3:*"])))["Credentials"]
    limited = session(cloud, given)
    limited("dynamodb").describe_table(TableName=table)
    assert refused(limited("dynamodb").get_item, TableName=table, Key={"id": {"S": "1"}})[1].endswith(
        "because no session policy allows the dynamodb:GetItem action")
    assert refused(limited("s3").list_buckets)[1].endswith(
        "because no identity-based policy allows the s3:ListAllMyBuckets action")
    # Without permission for sts:AssumeRole, trust in the account is not enough.
    _, bare = user()
    assert refused(bare("sts").assume_role, RoleArn=trusted, RoleSessionName="s1", ExternalId="ours")[1].endswith(
        "because no identity-based policy allows the sts:AssumeRole action")


def test_a_role_is_passed_only_with_permission(user, role):
    _, role_arn = role(trust=LAMBDA_TRUST)
    code = {"ZipFile": b"PK\x05\x06" + b"\0" * 18}
    _, as_user = user(allow("lambda:*"))
    arguments = dict(FunctionName="f", Runtime="python3.9", Handler="i.h", Role=role_arn, Code=code)
    error = refused(as_user("lambda").create_function, **arguments)
    assert error[0] == "AccessDeniedException" and f"iam:PassRole on resource: {role_arn} because" in error[1]
    _, as_user = user(allow("lambda:*"), allow("iam:PassRole", role_arn, Condition={
        "StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}))
    assert "iam:PassRole" in refused(as_user("lambda").create_function, **arguments)[1]


def test_a_function_without_the_permission_is_told_so_by_its_sdk(admin, role, table, unique):
    role_name, arn = role(allow("dynamodb:GetItem", table_arn(table)), trust=LAMBDA_TRUST)
    body = ("import boto3\n"
            "def handler(event, context):\n"
            "    dynamodb = boto3.client('dynamodb')\n"
            "    dynamodb.get_item(TableName=event, Key={'id': {'S': '1'}})\n"
            "    try:\n"
            "        dynamodb.put_item(TableName=event, Item={'id': {'S': '1'}})\n"
            "    except dynamodb.exceptions.ClientError as error:\n"
            "        return error.response['Error']\n")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as z:
        z.writestr("index.py", body)
    name = unique("fn")
    admin("lambda").create_function(FunctionName=name, Runtime="python3.9", Handler="index.handler", Role=arn,
                                    Timeout=60, MemorySize=512, Code={"ZipFile": packed.getvalue()})
    answer = json.loads(admin("lambda").invoke(FunctionName=name, Payload=json.dumps(table))["Payload"].read())
    admin("lambda").delete_function(FunctionName=name)
    assert answer == {
        "Code": "AccessDeniedException",
        "Message": f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{role_name}/{name} is not authorized to perform: "
                   f"dynamodb:PutItem on resource: {table_arn(table)} because no identity-based policy allows the "
                   "dynamodb:PutItem action"}


def test_bucket_policies(user, admin, unique):
    bucket = unique("bucket")
    name, as_user = user()
    arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
    admin("s3").create_bucket(Bucket=bucket)
    admin("s3").put_object(Bucket=bucket, Key="home/a", Body=b"x")
    admin("s3").put_object(Bucket=bucket, Key="secret", Body=b"x")
    s3 = as_user("s3")
    assert refused(s3.get_object, Bucket=bucket, Key="home/a")[0] == "AccessDenied"
    admin("s3").put_bucket_policy(Bucket=bucket, Policy=policy(
        allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal={"AWS": arn}),
        allow("s3:ListBucket", f"arn:aws:s3:::{bucket}", Principal={"AWS": arn},
              Condition={"StringLike": {"s3:prefix": "home/*"}}),
        deny("s3:*", f"arn:aws:s3:::{bucket}/secret", Principal="*"),
        deny("s3:*", [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"], Principal="*",
             Condition={"Bool": {"aws:SecureTransport": False}})))
    assert s3.get_object(Bucket=bucket, Key="home/a")["Body"].read() == b"x"
    assert s3.list_objects_v2(Bucket=bucket, Prefix="home/")["KeyCount"] == 1
    assert refused(s3.list_objects_v2, Bucket=bucket)[0] == "AccessDenied"
    assert refused(s3.get_object, Bucket=bucket, Key="secret") == (
        "AccessDenied", f'User: {arn} is not authorized to perform: s3:GetObject on resource: '
                        f'"arn:aws:s3:::{bucket}/secret" with an explicit deny in a resource-based policy', 403)
    # The administrator is denied, too, but can always change the policy.
    assert refused(admin("s3").get_object, Bucket=bucket, Key="secret")[0] == "AccessDenied"
    deleted = admin("s3").delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "home/a"}, {"Key": "secret"}]})
    assert [d["Key"] for d in deleted["Deleted"]] == ["home/a"]
    assert [(e["Key"], e["Code"]) for e in deleted["Errors"]] == [("secret", "AccessDenied")]
    assert deleted["Errors"][0]["Message"].endswith("with an explicit deny in a resource-based policy")
    admin("s3").put_object(Bucket=bucket, Key="home/a", Body=b"x")
    admin("s3").delete_bucket_policy(Bucket=bucket)
    assert refused(s3.get_object, Bucket=bucket, Key="home/a")[0] == "AccessDenied"
    for key in ("home/a", "secret"):
        admin("s3").delete_object(Bucket=bucket, Key=key)
    admin("s3").delete_bucket(Bucket=bucket)


def test_groups_give_their_users_their_policies(user, admin, unique, table):
    name, as_user = user()
    group = unique("group")
    iam = admin("iam")
    iam.create_group(GroupName=group)
    iam.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=policy(allow("dynamodb:DescribeTable")))
    dynamodb = as_user("dynamodb")
    assert refused(dynamodb.describe_table, TableName=table)[0] == "AccessDeniedException"
    iam.add_user_to_group(GroupName=group, UserName=name)
    assert dynamodb.describe_table(TableName=table)
    iam.put_group_policy(GroupName=group, PolicyName="q", PolicyDocument=policy(deny("dynamodb:*")))
    assert refused(dynamodb.describe_table, TableName=table)[1].endswith(
        "with an explicit deny in an identity-based policy")
    iam.delete_group_policy(GroupName=group, PolicyName="q")
    iam.update_group(GroupName=group, NewGroupName=group + "-2")
    assert dynamodb.describe_table(TableName=table)
    iam.remove_user_from_group(GroupName=group + "-2", UserName=name)
    assert refused(dynamodb.describe_table, TableName=table)[0] == "AccessDeniedException"
    # A group's operations name it.
    assert refused(as_user("iam").get_group, GroupName=group + "-2")[1] == (
        f"User: arn:aws:iam::{ACCOUNT}:user/{name} is not authorized to perform: iam:GetGroup on resource: group "
        f"{group}-2 because no identity-based policy allows the iam:GetGroup action")
    iam.delete_group_policy(GroupName=group + "-2", PolicyName="p")
    iam.delete_group(GroupName=group + "-2")


def test_a_keys_last_use_is_known(user, admin):
    name, as_user = user()
    key = admin("iam").list_access_keys(UserName=name)["AccessKeyMetadata"][0]["AccessKeyId"]
    assert admin("iam").get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"]["ServiceName"] == "N/A"
    as_user("sts").get_caller_identity()
    used = admin("iam").get_access_key_last_used(AccessKeyId=key)
    assert used["UserName"] == name
    assert (used["AccessKeyLastUsed"]["ServiceName"], used["AccessKeyLastUsed"]["Region"]) == ("sts", REGION)


def test_tags_of_resources_decide(user, role, admin, unique, table):
    """aws:ResourceTag/ and its kin, for every kind of resource that has tags."""
    only_blue = {"StringEquals": {"aws:ResourceTag/team": "blue"}}
    name, as_user = user(
        allow(["dynamodb:*", "lambda:*", "logs:*", "ssm:GetParameter", "cloudformation:DescribeStacks", "iam:GetRole"],
              Condition=only_blue),
        allow("s3:GetObject", Condition={"StringEquals": {"s3:ExistingObjectTag/team": "blue"}}),
        allow("s3:PutObject*", Condition={"StringEquals": {"s3:RequestObjectTag/team": "blue"}}))
    blue = [{"Key": "team", "Value": "blue"}]
    group, parameter, stack, bucket = f"/{unique('g')}", f"/{unique('p')}/q", unique("stack"), unique("bucket")
    role_name, role_arn = role(trust=LAMBDA_TRUST)
    admin("logs").create_log_group(logGroupName=group)
    admin("ssm").put_parameter(Name=parameter, Value="v", Type="String")
    admin("s3").create_bucket(Bucket=bucket)
    admin("s3").put_object(Bucket=bucket, Key="a/b", Body=b"x")
    template = json.dumps({"Resources": {"G": {"Type": "AWS::Logs::LogGroup",
                                               "Properties": {"LogGroupName": f"/stack/{stack}"}}}})
    admin("cloudformation").create_stack(StackName=stack, TemplateBody=template, Tags=blue)
    admin("cloudformation").get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.js", "exports.handler = async () => 1")
    function = unique("function")
    arn = admin("lambda").create_function(FunctionName=function, Role=role_arn, Runtime="nodejs18.x",
                                          Handler="index.handler", Code={"ZipFile": archive.getvalue()})["FunctionArn"]
    calls = [
        (as_user("dynamodb").describe_table, {"TableName": table},
         lambda: admin("dynamodb").tag_resource(ResourceArn=table_arn(table), Tags=blue)),
        (as_user("lambda").get_function, {"FunctionName": function},
         lambda: admin("lambda").tag_resource(Resource=arn, Tags={"team": "blue"})),
        (as_user("lambda").get_function, {"FunctionName": function, "Qualifier": "$LATEST"}, None),
        (as_user("logs").describe_log_streams, {"logGroupName": group},
         lambda: admin("logs").tag_log_group(logGroupName=group, tags={"team": "blue"})),
        (as_user("ssm").get_parameter, {"Name": parameter},
         lambda: admin("ssm").add_tags_to_resource(ResourceType="Parameter", ResourceId=parameter, Tags=blue)),
        (as_user("iam").get_role, {"RoleName": role_name},
         lambda: admin("iam").tag_role(RoleName=role_name, Tags=blue)),
        (as_user("s3").get_object, {"Bucket": bucket, "Key": "a/b"},
         lambda: admin("s3").put_object_tagging(Bucket=bucket, Key="a/b", Tagging={"TagSet": blue})),
    ]
    for call, arguments, tag in calls:
        if tag:
            assert refused(call, **arguments)[0].startswith("AccessDenied")
            tag()
        assert call(**arguments)
    assert as_user("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    s3 = as_user("s3")
    assert refused(s3.put_object, Bucket=bucket, Key="new", Body=b"x")[0] == "AccessDenied"
    assert refused(s3.put_object, Bucket=bucket, Key="new", Body=b"x", Tagging="team=red")[0] == "AccessDenied"
    s3.put_object(Bucket=bucket, Key="new", Body=b"x", Tagging="team=blue&a=b")
    admin("s3").delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "new"}, {"Key": "a/b"}]})
    admin("s3").delete_bucket(Bucket=bucket)
    admin("cloudformation").delete_stack(StackName=stack)
    admin("lambda").delete_function(FunctionName=function)
    admin("logs").delete_log_group(logGroupName=group)
    admin("ssm").delete_parameter(Name=parameter)


def test_who_may_not_list_is_not_told_what_is_missing(user, admin, unique):
    bucket = unique("bucket")
    admin("s3").create_bucket(Bucket=bucket)
    admin("s3").put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="a=b")
    name, as_user = user(allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{bucket}/*"))
    s3 = as_user("s3")
    source = {"Bucket": bucket, "Key": "absent"}
    for call, arguments in ((s3.get_object, {"Key": "absent"}), (s3.copy_object, {"Key": "c", "CopySource": source})):
        assert refused(call, Bucket=bucket, **arguments) == (
            "AccessDenied", f"User: arn:aws:iam::{ACCOUNT}:user/{name} is not authorized to perform: s3:ListBucket on "
                            f'resource: "arn:aws:s3:::{bucket}" because no identity-based policy allows the '
                            "s3:ListBucket action", 403)
    assert refused(s3.head_object, Bucket=bucket, Key="absent")[2] == 403
    # Tags go along with a copy, and have actions of their own.
    copy = {"Bucket": bucket, "Key": "c", "CopySource": {"Bucket": bucket, "Key": "k"}}
    assert "s3:GetObjectTagging" in refused(s3.copy_object, **copy)[1]
    s3.copy_object(TaggingDirective="REPLACE", **copy)
    # And so have an object's attributes.
    assert "s3:GetObjectAttributes" in refused(
        s3.get_object_attributes, Bucket=bucket, Key="k", ObjectAttributes=["ETag"])[1]
    admin("iam").put_user_policy(UserName=name, PolicyName="list", PolicyDocument=policy(
        allow("s3:ListBucket", f"arn:aws:s3:::{bucket}")))
    assert refused(s3.get_object, Bucket=bucket, Key="absent")[::2] == ("NoSuchKey", 404)
    assert refused(s3.head_object, Bucket=bucket, Key="absent")[2] == 404
    # The permission to list one prefix is none to look whether any key is there.
    admin("iam").put_user_policy(UserName=name, PolicyName="list", PolicyDocument=policy(
        allow("s3:ListBucket", f"arn:aws:s3:::{bucket}", Condition={"StringLike": {"s3:prefix": "*"}})))
    assert refused(s3.get_object, Bucket=bucket, Key="absent")[2] == 403
    admin("s3").delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}, {"Key": "c"}]})
    admin("s3").delete_bucket(Bucket=bucket)


def test_multipart_uploads_have_their_own_actions(user, admin, unique):
    bucket = unique("bucket")
    admin("s3").create_bucket(Bucket=bucket)
    objects = f"arn:aws:s3:::{bucket}/*"
    name, as_user = user(allow("s3:PutObject", objects))
    s3 = as_user("s3")
    upload = {"Bucket": bucket, "Key": "k", "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]}
    tag = s3.upload_part(PartNumber=1, Body=b"x", **upload)["ETag"]
    assert "s3:ListMultipartUploadParts" in refused(s3.list_parts, **upload)[1]
    assert "s3:ListBucketMultipartUploads" in refused(s3.list_multipart_uploads, Bucket=bucket)[1]
    assert "s3:AbortMultipartUpload" in refused(s3.abort_multipart_upload, **upload)[1]
    assert "s3:GetObject " in refused(
        s3.upload_part_copy, PartNumber=2, CopySource={"Bucket": bucket, "Key": "other"}, **upload)[1]
    s3.complete_multipart_upload(MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]}, **upload)
    admin("s3").delete_object(Bucket=bucket, Key="k")
    admin("s3").delete_bucket(Bucket=bucket)


@pytest.fixture
def strict(tmp_path):
    """A cloud in which who sends no signature is nobody."""
    running = Cloud(tmp_path / "data", "--auth", "strict").start()
    yield running
    running.stop()


def test_public_access_is_blocked_unless_it_is_meant(strict, unique):
    bucket = unique("bucket")
    s3 = strict.client("s3")
    s3.create_bucket(Bucket=bucket)
    everything = f"arn:aws:s3:::{bucket}/*"
    public = policy(allow("s3:GetObject", everything, Principal="*"))
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(block.values()) and len(block) == 4
    assert refused(s3.put_bucket_policy, Bucket=bucket, Policy=public) == (
        "AccessDenied", f"User: {ROOT} is not authorized to perform: s3:PutBucketPolicy on resource: "
                        f'"arn:aws:s3:::{bucket}" because public policies are prevented by the BlockPublicPolicy '
                        "setting in S3 Block Public Access.", 403)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(
        allow("s3:GetObject", everything, Principal="*", Condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}})))
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is False
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    nobody = strict.client("s3", signature_version=botocore.UNSIGNED)
    assert nobody.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    s3.put_bucket_policy(Bucket=bucket, Policy=public)
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True
    assert refused(nobody.get_object, Bucket=bucket, Key="k")[::2] == ("AccessDenied", 403)
    s3.delete_public_access_block(Bucket=bucket)
    assert nobody.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    assert refused(nobody.get_object, Bucket=bucket, Key="absent")[2] == 403
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)


def test_a_stack_acts_as_its_caller(user, role, admin, unique):
    stack = unique("stack")
    template = json.dumps({"Resources": {"G": {"Type": "AWS::Logs::LogGroup",
                                               "Properties": {"LogGroupName": f"/stack/{stack}"}}}})
    _, as_user = user(allow("cloudformation:*"))
    cloudformation = as_user("cloudformation")
    cloudformation.create_stack(StackName=stack, TemplateBody=template)
    wait_until(lambda: cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"].startswith("ROLLBACK_"),
               20, "the rollback")
    reasons = [e.get("ResourceStatusReason", "") for e in cloudformation.describe_stack_events(StackName=stack)["StackEvents"]]
    assert any("is not authorized to perform: logs:" in reason for reason in reasons), reasons
    admin("cloudformation").delete_stack(StackName=stack)
    # With a role, its permissions count; and it must be passed.
    _, service_role = role(allow("logs:*"), trust={
        "Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"})
    other = unique("stack")
    template = template.replace(stack, other)
    error = refused(cloudformation.create_stack, StackName=other, TemplateBody=template, RoleARN=service_role)
    assert "iam:PassRole" in error[1]
    _, as_user = user(allow(["cloudformation:*", "iam:PassRole"]))
    cloudformation = as_user("cloudformation")
    cloudformation.create_stack(StackName=other, TemplateBody=template, RoleARN=service_role)
    cloudformation.get_waiter("stack_create_complete").wait(StackName=other, WaiterConfig={"Delay": 1})
    cloudformation.delete_stack(StackName=other)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=other, WaiterConfig={"Delay": 1})


@pytest.mark.parametrize("mode", ["audit", "off"])
def test_other_modes_let_through(new_cloud, mode):
    cloud = new_cloud("--iam", mode)
    iam = cloud.client("iam")
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    as_user = cloud.client("dynamodb", access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"])
    assert as_user.list_tables()["TableNames"] == []
    message = (f"User: arn:aws:iam::{ACCOUNT}:user/u is not authorized to perform: dynamodb:ListTables on resource: "
               f"{table_arn('*')} because no identity-based policy allows the dynamodb:ListTables action")
    assert (message in cloud.log) == (mode == "audit")


def test_keys_and_policies_outlive_a_restart(new_cloud):
    first = new_cloud()
    iam = first.client("iam")
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=policy(allow("dynamodb:ListTables")))
    key = iam.create_access_key(UserName="u")["AccessKey"]
    first.stop()
    again = new_cloud(data=first.data)
    dynamodb = again.client("dynamodb", access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"])
    assert dynamodb.list_tables()["TableNames"] == []
    assert refused(dynamodb.describe_limits)[0] == "AccessDeniedException"


def test_simulations_say_what_would_be_decided(user, admin):
    name, as_user = user(allow("s3:Get*", "arn:aws:s3:::b/*"), deny("s3:GetObject", "arn:aws:s3:::b/secret"),
                         allow("s3:ListBucket", Condition={"StringEquals": {"s3:prefix": "a"}}))
    arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"

    def simulate(action, resource, **more):
        result = admin("iam").simulate_principal_policy(PolicySourceArn=arn, ActionNames=[action],
                                                        ResourceArns=[resource], **more)["EvaluationResults"][0]
        return result["EvalDecision"], result
    assert simulate("s3:GetObject", "arn:aws:s3:::b/k")[0] == "allowed"
    decision, result = simulate("s3:GetObject", "arn:aws:s3:::b/secret")
    assert decision == "explicitDeny" and result["MatchedStatements"][0]["SourcePolicyId"] == f"user_{name}_p"
    assert simulate("s3:PutObject", "arn:aws:s3:::b/k")[0] == "implicitDeny"
    decision, result = simulate("s3:ListBucket", "arn:aws:s3:::b")
    assert decision == "implicitDeny" and result["MissingContextValues"] == ["s3:prefix"]
    assert simulate("s3:ListBucket", "arn:aws:s3:::b", ContextEntries=[
        {"ContextKeyName": "s3:prefix", "ContextKeyValues": ["a"], "ContextKeyType": "string"}])[0] == "allowed"
    custom = admin("iam").simulate_custom_policy(PolicyInputList=[policy(allow("s3:*"))], ActionNames=["s3:GetObject"],
                                                 PermissionsBoundaryPolicyInputList=[policy(allow("iam:*"))])
    result = custom["EvaluationResults"][0]
    assert result["EvalDecision"] == "implicitDeny"
    assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    assert refused(as_user("iam").simulate_principal_policy, PolicySourceArn=arn, ActionNames=["s3:GetObject"])[
        0] == "AccessDenied"
