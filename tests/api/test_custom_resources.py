"""Custom resources backed by functions, and wait conditions, as templates use them.

docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html
"""

import json
import urllib.error
import urllib.request

import botocore.exceptions
import pytest

from conftest import wait_until

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
ENDED = ("COMPLETE", "FAILED")

# Answers as its properties say, and writes what it was asked into a parameter.
PROVIDER = """
import json, boto3, cfnresponse
def handler(event, context):
    wanted = event["ResourceProperties"]
    if "Log" in wanted:
        log = boto3.client("ssm")
        try:
            before = json.loads(log.get_parameter(Name=wanted["Log"])["Parameter"]["Value"])
        except log.exceptions.ParameterNotFound:
            before = []
        seen = {k: v for k, v in event.items() if k not in ("ResponseURL", "ServiceToken", "StackId")}
        seen.pop("RequestId")
        log.put_parameter(Name=wanted["Log"], Type="String", Value=json.dumps(before + [seen]), Overwrite=True, Tier="Advanced")
    if wanted.get("Silent") == event["RequestType"]:
        return
    bad = wanted.get("Fail") == event["RequestType"]
    cfnresponse.send(event, context, cfnresponse.FAILED if bad else cfnresponse.SUCCESS,
                     {"Answer": wanted.get("Say", "none"), "Deep": {"er": 7}}, wanted.get("Id", "the-id"),
                     noEcho=wanted.get("Hide") == "true", reason="as it was told" if bad else None)
"""


def provider(runtime="python3.11", code=PROVIDER):
    return {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": TRUST, "Policies": [{"PolicyName": "all", "PolicyDocument": {
                "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}]}},
        "Provider": {"Type": "AWS::Lambda::Function", "Properties": {
            "Runtime": runtime, "Handler": "index.handler", "Timeout": 30,
            "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Code": {"ZipFile": code}}},
    }


def thing(kind="Custom::Thing", **properties):
    return {"Type": kind, "Properties": {"ServiceToken": {"Fn::GetAtt": ["Provider", "Arn"]}, **properties}}


@pytest.fixture
def stacks(client, unique):
    """stacks(resources, outputs) creates or updates one stack and gives it when its operation has ended."""
    formation, name = client("cloudformation"), unique("custom")

    class Stack:
        def __init__(self):
            self.name = name

        def describe(self):
            return formation.describe_stacks(StackName=name)["Stacks"][0]

        def ended(self):
            return wait_until(lambda: (s := self.describe())["StackStatus"].endswith(ENDED) and
                              "IN_PROGRESS" not in s["StackStatus"] and s, 60, f"the end of {name}")

        def apply(self, resources, outputs=None, wait=True, **more):
            body = json.dumps({"Resources": resources, "Outputs": {k: {"Value": v} for k, v in (outputs or {}).items()}})
            try:
                formation.describe_stacks(StackName=name)
                call = formation.update_stack
            except botocore.exceptions.ClientError:
                call = formation.create_stack
            call(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_IAM"], **more)
            return self.ended() if wait else None

        def delete(self):
            stack = self.describe()["StackId"]
            formation.delete_stack(StackName=name)
            return wait_until(lambda: (s := formation.describe_stacks(StackName=stack)["Stacks"][0])["StackStatus"] in
                              ("DELETE_COMPLETE", "DELETE_FAILED") and s, 60, f"the deletion of {name}")

        def reasons(self, logical):
            events = formation.get_paginator("describe_stack_events").paginate(StackName=name)
            return [(e["ResourceStatus"], e.get("ResourceStatusReason", "")) for page in events
                    for e in page["StackEvents"] if e["LogicalResourceId"] == logical][::-1]

        def outputs(self):
            return {o["OutputKey"]: o["OutputValue"] for o in self.describe()["Outputs"]}

    stack = Stack()
    yield stack
    try:
        formation.delete_stack(StackName=name)
    except botocore.exceptions.ClientError:
        pass


def log_of(client, name):
    return json.loads(client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def test_a_custom_resource_is_created_updated_replaced_and_deleted(client, stacks, unique):
    log = f"/{unique('log')}"
    outputs = {"Id": {"Ref": "Thing"}, "Answer": {"Fn::GetAtt": ["Thing", "Answer"]},
               "Deep": {"Fn::GetAtt": ["Thing", "Deep.er"]}}
    stack = stacks.apply({**provider(), "Thing": thing(Log=log, Say="one", Number=5, Flag=True, List=[1, {"a": False}])}, outputs)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stacks.reasons("Thing")
    assert stacks.outputs() == {"Id": "the-id", "Answer": "one", "Deep": "7"}
    created, = log_of(client, log)
    properties = created["ResourceProperties"]
    assert properties.pop("ServiceToken").startswith("arn:aws:lambda:")
    # Scalars arrive as text, as from AWS.
    assert properties == {"Log": log, "Say": "one", "Number": "5", "Flag": "true", "List": ["1", {"a": "false"}]}
    assert {k: v for k, v in created.items() if k != "ResourceProperties"} == {
        "RequestType": "Create", "LogicalResourceId": "Thing", "ResourceType": "Custom::Thing"}

    stacks.apply({**provider(), "Thing": thing(Log=log, Say="two")}, outputs)
    assert stacks.outputs()["Answer"] == "two"
    updated = log_of(client, log)[1]
    assert (updated["RequestType"], updated["PhysicalResourceId"]) == ("Update", "the-id")
    assert updated["OldResourceProperties"]["Say"] == "one" and updated["OldResourceProperties"]["Number"] == "5"

    # Another id is a replacement: the old one is deleted once the update is complete.
    assert stacks.apply({**provider(), "Thing": thing(Log=log, Say="two", Id="other")}, outputs)["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.outputs()["Id"] == "other"
    assert [(e["RequestType"], e.get("PhysicalResourceId")) for e in log_of(client, log)[2:]] == [
        ("Update", "the-id"), ("Delete", "the-id")]

    assert stacks.delete()["StackStatus"] == "DELETE_COMPLETE"
    last = log_of(client, log)[-1]
    assert (last["RequestType"], last["PhysicalResourceId"], last["ResourceProperties"]["Id"]) == ("Delete", "other", "other")
    client("ssm").delete_parameter(Name=log)


def test_a_failure_is_told_and_rolled_back(client, stacks, unique):
    log = f"/{unique('log')}"
    stack = stacks.apply({**provider(), "Thing": thing("AWS::CloudFormation::CustomResource", Log=log, Fail="Create", Id="failed")})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    status, reason = next(r for r in stacks.reasons("Thing") if r[0] == "CREATE_FAILED")
    assert reason.startswith("Received response status [FAILED] from custom resource. Message returned: as it was told (RequestId: ")
    assert [(e["RequestType"], e.get("PhysicalResourceId")) for e in log_of(client, log)] == [("Create", None), ("Delete", "failed")]
    client("ssm").delete_parameter(Name=log)


def test_a_failed_update_goes_back_by_another_update(client, stacks, unique):
    log = f"/{unique('log')}"
    stacks.apply({**provider(), "Thing": thing(Log=log, Say="one")}, {"A": {"Fn::GetAtt": ["Thing", "Answer"]}})
    assert stacks.apply({**provider(), "Thing": thing(Log=log, Say="two"),
                         "Bad": {"Type": "AWS::Logs::LogGroup", "DependsOn": "Thing", "Properties": {"RetentionInDays": 2}}},
                        {"A": {"Fn::GetAtt": ["Thing", "Answer"]}})["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.outputs() == {"A": "one"}
    assert [(e["RequestType"], e["ResourceProperties"]["Say"]) for e in log_of(client, log)] == [
        ("Create", "one"), ("Update", "two"), ("Update", "one")]
    stacks.delete()
    client("ssm").delete_parameter(Name=log)


def test_no_answer_is_a_failure_after_the_time_out(stacks):
    stack = stacks.apply({**provider(), "Thing": thing(Silent="Create", ServiceTimeout=1)})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    reason = next(r for s, r in stacks.reasons("Thing") if s == "CREATE_FAILED")
    assert reason.startswith("CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [")


def test_what_is_not_in_the_answer_cannot_be_got(stacks):
    stacks.apply({**provider(), "Thing": thing(),
                  "P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Fn::GetAtt": ["Thing", "Nothing"]}}}})
    reason = next(r for s, r in stacks.reasons("P") if s == "CREATE_FAILED")
    assert reason.startswith("CustomResource attribute error: Vendor response doesn't contain Nothing attribute in object")


def test_no_echo_hides_what_outputs_show(stacks):
    outputs = {"A": {"Fn::Sub": "x-${Thing.Answer}"}, "Id": {"Ref": "Thing"}}
    resources = {**provider(), "Thing": thing(Hide=True, Say="a secret"),
                 "P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Fn::GetAtt": ["Thing", "Answer"]}}}}
    stacks.apply(resources, outputs)
    assert stacks.outputs() == {"A": "****", "Id": "the-id"}
    with pytest.raises(botocore.exceptions.ClientError, match="No updates are to be performed"):
        stacks.apply(resources, outputs)


def test_the_service_token_cannot_change(client, stacks):
    stacks.apply({**provider(), "Thing": thing()})
    other = thing()
    other["Properties"]["ServiceToken"] = {"Fn::Sub": "${Provider.Arn}:$LATEST"}
    assert stacks.apply({**provider(), "Thing": other})["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert ("UPDATE_FAILED", "Modifying service token is not allowed.") in stacks.reasons("Thing")


def test_node_code_answers_through_cfn_response(stacks):
    code = ("const response = require('cfn-response');\n"
            "exports.handler = (event, context) => response.send(event, context, response.SUCCESS, {Answer: event.RequestType}, 'n');")
    stack = stacks.apply({**provider("nodejs18.x", code), "Thing": thing()}, {"A": {"Fn::GetAtt": ["Thing", "Answer"]}})
    assert stack["StackStatus"] == "CREATE_COMPLETE", stacks.reasons("Thing")
    assert stacks.outputs() == {"A": "Create"}
    assert stacks.delete()["StackStatus"] == "DELETE_COMPLETE"


def put(url, body):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body.encode(), method="PUT", headers={"content-type": ""})) as r:
            return r.status
    except urllib.error.HTTPError as error:
        return error.code


def test_an_answer_counts_once_and_under_its_url_only(client, cloud, stacks, unique):
    """The function hands its request over; the test answers it."""
    name = f"/{unique('event')}"
    code = ("import json, boto3\ndef handler(event, context):\n"
            "    boto3.client('ssm').put_parameter(Name=event['ResourceProperties']['At'], Type='String', Value=json.dumps(event), Overwrite=True)\n")
    stacks.apply({**provider(code=code), "Thing": thing(At=name)}, {"A": {"Fn::GetAtt": ["Thing", "A"]}}, wait=False)

    def handed_over():
        try:
            return json.loads(client("ssm").get_parameter(Name=name)["Parameter"]["Value"])
        except botocore.exceptions.ClientError:
            return None

    event = wait_until(handed_over, 30, "the request")
    answer = {"Status": "SUCCESS", "PhysicalResourceId": "p", "StackId": event["StackId"], "RequestId": event["RequestId"],
              "LogicalResourceId": "Thing", "Data": {"A": "by hand"}}
    guess = event["ResponseURL"][:-1] + ("0" if event["ResponseURL"][-1] != "0" else "1")
    assert put(guess, json.dumps(answer)) == 403
    assert put(event["ResponseURL"], json.dumps(answer)) == 200
    assert put(event["ResponseURL"], json.dumps({**answer, "Data": {"A": "again"}})) == 403
    assert stacks.ended()["StackStatus"] == "CREATE_COMPLETE"
    assert stacks.outputs() == {"A": "by hand"}
    assert event["ResponseURL"] not in cloud.log and "by hand" not in cloud.log
    deleted = json.dumps({"At": name})
    assert deleted  # the deletion is asked for by a new URL
    client("cloudformation").delete_stack(StackName=stacks.name)
    event = wait_until(lambda: (e := handed_over()) and e["RequestType"] == "Delete" and e, 30, "the request")
    assert put(event["ResponseURL"], json.dumps({**answer, "RequestId": event["RequestId"]})) == 200
    client("ssm").delete_parameter(Name=name)


def test_wait_conditions_count_their_signals(client, stacks):
    formation = client("cloudformation")
    resources = {"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
                 "Wait": {"Type": "AWS::CloudFormation::WaitCondition",
                          "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "60", "Count": 2}}}
    stacks.apply(resources, {"Data": {"Fn::GetAtt": ["Wait", "Data"]}}, wait=False)

    def url():
        resource = formation.describe_stack_resource(StackName=stacks.name, LogicalResourceId="Handle")["StackResourceDetail"]
        return resource["ResourceStatus"] == "CREATE_COMPLETE" and resource["PhysicalResourceId"]

    def found():
        try:
            return url()
        except botocore.exceptions.ClientError:
            return None

    handle = wait_until(found, 10, "the handle")
    signal = {"Status": "SUCCESS", "Reason": "done", "UniqueId": "a", "Data": "first"}
    assert put(handle, "no json") == 400
    assert put(handle, json.dumps(signal)) == 200
    assert put(handle, json.dumps({**signal, "Data": "again"})) == 200  # the same signal, once more
    assert "IN_PROGRESS" in stacks.describe()["StackStatus"]
    assert put(handle, json.dumps({**signal, "UniqueId": "b"})) == 200
    assert stacks.ended()["StackStatus"] == "CREATE_COMPLETE"
    assert json.loads(stacks.outputs()["Data"]) == {"a": "again", "b": "first"}
    resources["Wait"]["Properties"]["Count"] = 1
    assert stacks.apply(resources)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert ("UPDATE_FAILED", "Update to resource type AWS::CloudFormation::WaitCondition is not supported.") in stacks.reasons("Wait")
    assert stacks.delete()["StackStatus"] == "DELETE_COMPLETE"
    assert put(handle, json.dumps(signal)) == 403


def test_wait_conditions_fail_by_signal_and_by_time(client, stacks, unique):
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    stack = stacks.apply({"Handle": handle, "Wait": {"Type": "AWS::CloudFormation::WaitCondition", "Properties": {
        "Handle": {"Ref": "Handle"}, "Timeout": 0}}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert ("CREATE_FAILED", "WaitCondition timed out. Received 0 conditions when expecting 1") in stacks.reasons("Wait")
    stacks.delete()

    code = ("import json, urllib.request\nimport cfnresponse\ndef handler(event, context):\n"
            "    if event['RequestType'] == 'Create':\n"
            "        body = json.dumps({'Status': 'FAILURE', 'UniqueId': 'u', 'Reason': 'no luck', 'Data': ''}).encode()\n"
            "        urllib.request.urlopen(urllib.request.Request(event['ResourceProperties']['Handle'], data=body, method='PUT'))\n"
            "    cfnresponse.send(event, context, cfnresponse.SUCCESS, {})\n")
    stack = stacks.apply({**provider(code=code), "Handle": handle, "Thing": thing(Handle={"Ref": "Handle"}),
                          "Wait": {"Type": "AWS::CloudFormation::WaitCondition", "Properties": {
                              "Handle": {"Ref": "Handle"}, "Timeout": 60}}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert ("CREATE_FAILED", "WaitCondition received failed message: 'no luck' for uniqueId: u") in stacks.reasons("Wait")


def test_a_cancelled_wait_does_not_hold_the_stack_up(client, stacks):
    """The others' failure ends a wait that would go on for an hour."""
    stack = stacks.apply({
        "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "Wait": {"Type": "AWS::CloudFormation::WaitCondition", "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": 3600}},
        "Table": {"Type": "AWS::Logs::LogGroup", "DependsOn": "Handle"},
        "Bad": {"Type": "AWS::Logs::LogGroup", "DependsOn": "Table", "Properties": {"RetentionInDays": 2}}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert ("CREATE_FAILED", "Resource creation cancelled") in stacks.reasons("Wait")
