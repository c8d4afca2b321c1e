"""Stacks survive kill -9, and SIGTERM: creates, updates and deletes are begun, the cloud is ended at a random moment and
started again; every stack then reaches a terminal state by itself, and what exists is exactly what the stacks say.

DEW_CRASH_ROUNDS raises the number of rounds (`./dev crash`).
"""

import io
import json
import os
import random
import time
import zipfile

import botocore.exceptions
import pytest

from conftest import free_port, wait_until

ROUNDS = int(os.environ.get("DEW_CRASH_ROUNDS", "4"))
STACKS = 3
TERMINAL = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE", "DELETE_COMPLETE"}
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


def code():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", "def handler(event, context):\n    return 'hello'\n")
    return buffer.getvalue()


# Keeps a parameter for everything that it provides.
PROVIDER = """
import boto3, cfnresponse
def handler(event, context):
    wanted, things = event["ResourceProperties"], boto3.client("ssm")
    thing = event.get("PhysicalResourceId") or event["RequestId"]
    if event["RequestType"] == "Update" and wanted["Kind"] != event["OldResourceProperties"]["Kind"]:
        thing = event["RequestId"]
    if event["RequestType"] == "Delete":
        things.delete_parameters(Names=["/thing/" + thing])
    else:
        things.put_parameter(Name="/thing/" + thing, Type="String", Value=wanted["Say"], Overwrite=True)
    cfnresponse.send(event, context, cfnresponse.SUCCESS, {"Said": wanted["Say"]}, thing)
"""
LEAF = {
    "Parameters": {"Version": {"Type": "Number"}, "Name": {"Type": "String"}},
    "Resources": {
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Fn::Sub": "/leaf/${Name}"}}},
        "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Version"}}}},
    "Outputs": {"Value": {"Value": {"Fn::GetAtt": ["Parameter", "Value"]}}},
}


def template(name, version, fails):
    """Types whose names are chosen by the engine, by the template, and by their service; `version` updates some in
    place, replaces others, and adds or removes one; `fails` ends in a rollback.
    """
    ref = {"Fn::GetAtt": ["Role", "Arn"]}
    method = {"AuthorizationType": "NONE", "HttpMethod": "GET", "RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": "Path"},
              "Integration": {"Type": "MOCK"}}
    resources = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"Tags": [{"Key": "v", "Value": str(version)}]}},
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {
            "LogGroupName": f"/crash/{name}/{version % 2}", "RetentionInDays": [1, 3, 5, 7][version % 4]}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, "Description": f"v{version}"}},
        "Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {
            "Description": f"v{version // 2}", "Roles": [{"Ref": "Role"}],
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::v{version}/*"}]}}},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": {
            "Runtime": "python3.11", "Handler": "handler.handler", "Role": ref, "Description": f"v{version}",
            "Code": {"S3Bucket": "crash-code", "S3Key": "code.zip"}}},
        f"Version{version}": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}},
        "Permission": {"Type": "AWS::Lambda::Permission", "Properties": {
            "FunctionName": {"Ref": "Function"}, "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"}},
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
            "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": f"k{version % 3}", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": f"k{version % 3}", "AttributeType": "S"}]}},
        "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {
            "Name": f"/crash/{name}", "Type": "String", "Value": {"Ref": "Table"}}},
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": f"crash-{name}", "Description": f"v{version}"}},
        "Path": {"Type": "AWS::ApiGateway::Resource", "Properties": {
            "RestApiId": {"Ref": "Api"}, "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": f"p{version % 2}"}},
        "Method": {"Type": "AWS::ApiGateway::Method", "Properties": method},
        f"Deployment{version}": {"Type": "AWS::ApiGateway::Deployment", "DependsOn": "Method", "Properties": {
            "RestApiId": {"Ref": "Api"}, "StageName": "dev"}},
    }
    # Many that nothing connects.
    for number in range(8):
        resources[f"Wide{number}"] = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": f"v{version}"}}
    if version % 3:
        resources["Provider"] = {"Type": "AWS::Lambda::Function", "Properties": {
            "Runtime": "python3.11", "Handler": "index.handler", "Role": ref, "Timeout": 20, "Code": {"ZipFile": PROVIDER}}}
        resources["Thing"] = {"Type": "Custom::Thing", "DependsOn": "Grant", "Properties": {
            "ServiceToken": {"Fn::GetAtt": ["Provider", "Arn"]}, "Say": f"v{version}", "Kind": version % 2}}
        resources["Grant"] = {"Type": "AWS::IAM::Policy", "Properties": {
            "PolicyName": "things", "Roles": [{"Ref": "Role"}], "PolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "*", "Resource": "*"}]}}}
    if version % 5:
        resources["Child"] = {"Type": "AWS::CloudFormation::Stack", "Properties": {
            "TemplateURL": "https://s3.amazonaws.com/crash-code/leaf.json",
            "Parameters": {"Version": str(version), "Name": f"{name}-{version % 2}"}}}
    if version % 2:
        resources["Odd"] = {"Type": "AWS::Logs::LogGroup", "DependsOn": "Table", "Properties": {}}
    if fails:
        # No log group may keep its events for 2 days.
        resources["Fails"] = {"Type": "AWS::Logs::LogGroup", "DependsOn": ["Method", "Table", "Permission"],
                              "Properties": {"RetentionInDays": 2}}
    return json.dumps({"Resources": resources})


def existing(cloud):
    """All that exists, by type, under the ids that stacks would give it."""
    everything = {p["Name"] for page in cloud.client("ssm").get_paginator("describe_parameters").paginate()
                  for p in page["Parameters"]}
    parameters = {name for name in everything if not name.startswith("/thing/")}
    out = {
        "AWS::S3::Bucket": {b["Name"] for b in cloud.client("s3").list_buckets()["Buckets"]} - {"crash-code"},
        "AWS::Logs::LogGroup": {g["logGroupName"] for page in cloud.client("logs").get_paginator("describe_log_groups")
                                .paginate() for g in page["logGroups"]
                                if not g["logGroupName"].startswith("/aws/lambda/")},  # the provider's own

        "AWS::IAM::Role": {r["RoleName"] for page in cloud.client("iam").get_paginator("list_roles").paginate()
                           for r in page["Roles"]},
        "AWS::IAM::ManagedPolicy": {p["Arn"] for p in cloud.client("iam").list_policies(Scope="Local")["Policies"]},
        "AWS::DynamoDB::Table": set(cloud.client("dynamodb").list_tables()["TableNames"]),
        "AWS::SSM::Parameter": parameters,
        "Custom::Thing": {p.removeprefix("/thing/") for p in everything - parameters},
        "AWS::CloudFormation::Stack": {s["StackId"] for s in cloud.client("cloudformation").describe_stacks()["Stacks"]
                                       if "ParentId" in s},
        "AWS::Lambda::Function": set(), "AWS::Lambda::Version": set(), "AWS::ApiGateway::RestApi": set(),
        "AWS::ApiGateway::Resource": set(), "AWS::ApiGateway::Deployment": set(),
    }
    functions = cloud.client("lambda")
    for function in functions.list_functions()["Functions"]:
        out["AWS::Lambda::Function"].add(function["FunctionName"])
        out["AWS::Lambda::Version"] |= {
            v["FunctionArn"] for v in functions.list_versions_by_function(FunctionName=function["FunctionName"])["Versions"]
            if v["Version"] != "$LATEST"}
    gateway = cloud.client("apigateway")
    for api in gateway.get_rest_apis(limit=500)["items"]:
        out["AWS::ApiGateway::RestApi"].add(api["id"])
        out["AWS::ApiGateway::Resource"] |= {
            r["id"] for r in gateway.get_resources(restApiId=api["id"])["items"] if r["path"] != "/"}
        out["AWS::ApiGateway::Deployment"] |= {d["id"] for d in gateway.get_deployments(restApiId=api["id"])["items"]}
    return out


def claimed(formation, kinds):
    """All that the stacks say exists."""
    out = {kind: set() for kind in kinds}
    for stack in formation.describe_stacks()["Stacks"]:
        for resource in formation.describe_stack_resources(StackName=stack["StackId"])["StackResources"]:
            if resource["ResourceType"] in out and not resource["ResourceStatus"].startswith("DELETE"):
                kind = out[resource["ResourceType"]]
                assert resource["PhysicalResourceId"] not in kind, resource
                kind.add(resource["PhysicalResourceId"])
    return out


def begin(formation, chance, number, version):
    """Begins something on a stack, whatever is possible in its state."""
    name = f"crash-{number}"
    try:
        status = formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    except botocore.exceptions.ClientError:
        status = None
    arguments = {"StackName": name, "Capabilities": ["CAPABILITY_IAM"],
                 "TemplateBody": template(name, version, chance.random() < 0.25)}
    if status is None:
        formation.create_stack(**arguments)
        return "create"
    if status == "ROLLBACK_COMPLETE" or chance.random() < 0.4:
        formation.delete_stack(StackName=name)
        return "delete"
    formation.update_stack(**arguments)
    return "update"


@pytest.mark.timeout(120 + 20 * ROUNDS)
def test_stacks_end_and_nothing_is_orphaned_or_lost(new_cloud):
    seed = int(os.environ.get("DEW_CRASH_SEED", random.randrange(1 << 30)))
    chance = random.Random(seed)
    cloud = new_cloud()
    cloud.client("s3").create_bucket(Bucket="crash-code")
    cloud.client("s3").put_object(Bucket="crash-code", Key="code.zip", Body=code())
    cloud.client("s3").put_object(Bucket="crash-code", Key="leaf.json", Body=json.dumps(LEAF).encode())
    begun, interrupted = {"create": 0, "update": 0, "delete": 0}, 0
    for round_number in range(ROUNDS):
        formation = cloud.client("cloudformation")
        for number in range(STACKS):
            begun[begin(formation, chance, number, chance.randrange(1000))] += 1
        time.sleep(chance.uniform(0, 0.15))
        # Some die a second time, in the middle of the recovery.
        for _ in range(chance.choice([1, 1, 2])):
            cloud.kill() if chance.random() < 0.7 else cloud.stop()
            cloud.port = free_port()  # meanwhile another program's connection may have taken the old one
            cloud.start()
        formation = cloud.client("cloudformation")
        where = f"seed {seed}, round {round_number}"

        def ended():
            states = {s["StackName"]: s["StackStatus"] for s in formation.describe_stacks()["Stacks"]}
            return all(state in TERMINAL for state in states.values())

        interrupted += not ended()
        try:
            wait_until(ended, 60, f"{where}: every stack's end")
        except AssertionError as error:
            stacks = formation.describe_stacks()["Stacks"]
            raise AssertionError(f"{error}: {stacks}\n{cloud.log[-4000:]}") from error
        there = existing(cloud)
        for kind, ids in claimed(formation, there).items():
            if there[kind] != ids:
                events = [(e["StackName"], e["LogicalResourceId"], e["ResourceStatus"], e.get("PhysicalResourceId"),
                           e.get("ResourceStatusReason")) for s in formation.describe_stacks()["Stacks"]
                          for e in formation.describe_stack_events(StackName=s["StackId"])["StackEvents"][:60]]
                raise AssertionError(f"{where}: {kind}: orphaned {there[kind] - ids}, lost {ids - there[kind]}\n" +
                                     "\n".join(map(str, events)))
    print(f"{ROUNDS} rounds, {interrupted} with stacks still at work after the restart; begun: {begun}")
    assert sum(begun.values()) == ROUNDS * STACKS
