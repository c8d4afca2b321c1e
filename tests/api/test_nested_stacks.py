"""Stacks within stacks.

docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html
"""

import json

import botocore.exceptions
import pytest

from conftest import wait_until

LEAF = {
    "Parameters": {"Value": {"Type": "String"}},
    "Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Value"}}}},
    "Outputs": {"Name": {"Value": {"Ref": "P"}}, "Said": {"Value": {"Fn::Sub": "said ${Value}"}}},
}
BAD = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 2}}


@pytest.fixture
def world(client, unique):
    """A bucket with templates, and one root stack."""
    formation, store = client("cloudformation"), client("s3")
    bucket = unique("templates")
    store.create_bucket(Bucket=bucket)

    class World:
        root = unique("root")

        def put(self, key, template):
            store.put_object(Bucket=bucket, Key=key, Body=json.dumps(template).encode())
            return f"https://s3.amazonaws.com/{bucket}/{key}"

        def apply(self, resources, outputs=None, **more):
            body = json.dumps({"Resources": resources, "Outputs": {k: {"Value": v} for k, v in (outputs or {}).items()}})
            try:
                formation.describe_stacks(StackName=self.root)
                call = formation.update_stack
            except botocore.exceptions.ClientError:
                call = formation.create_stack
            call(StackName=self.root, TemplateBody=body, **more)
            return self.ended()

        def stack(self, name=None):
            return formation.describe_stacks(StackName=name or self.root)["Stacks"][0]

        def ended(self):
            return wait_until(lambda: (s := self.stack())["StackStatus"].endswith(("COMPLETE", "FAILED")) and
                              not s["StackStatus"].endswith("IN_PROGRESS") and s, 60, "the root's end")

        def outputs(self, name=None):
            return {o["OutputKey"]: o["OutputValue"] for o in self.stack(name).get("Outputs", [])}

        def child(self, logical="Child"):
            return formation.describe_stack_resource(StackName=self.root, LogicalResourceId=logical)["StackResourceDetail"]["PhysicalResourceId"]

        def reasons(self, logical, name=None):
            pages = formation.get_paginator("describe_stack_events").paginate(StackName=name or self.root)
            return [(e["ResourceStatus"], e.get("ResourceStatusReason", "")) for page in pages
                    for e in page["StackEvents"] if e["LogicalResourceId"] == logical][::-1]

        def delete(self):
            stack = self.stack()["StackId"]
            formation.delete_stack(StackName=self.root)
            return wait_until(lambda: (s := self.stack(stack)["StackStatus"]) in ("DELETE_COMPLETE", "DELETE_FAILED") and s,
                              60, "the deletion")

        def parameter(self, name):
            return client("ssm").get_parameter(Name=name)["Parameter"]["Value"]

    world = World()
    yield world
    try:
        formation.delete_stack(StackName=world.root)
    except botocore.exceptions.ClientError:
        pass
    for item in store.list_objects_v2(Bucket=bucket).get("Contents", []):
        store.delete_object(Bucket=bucket, Key=item["Key"])
    store.delete_bucket(Bucket=bucket)


def nested(url, **parameters):
    return {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url, "Parameters": parameters}}


def test_two_levels_are_created_updated_and_deleted(client, world):
    leaf = world.put("leaf.json", LEAF)
    middle = world.put("middle.json", {
        "Parameters": {"Value": {"Type": "String"}},
        "Resources": {"Leaf": nested(leaf, Value={"Ref": "Value"})},
        "Outputs": {"Said": {"Value": {"Fn::GetAtt": ["Leaf", "Outputs.Said"]}},
                    "Name": {"Value": {"Fn::GetAtt": "Leaf.Outputs.Name"}}}})
    outputs = {"Said": {"Fn::GetAtt": ["Child", "Outputs.Said"]}, "Name": {"Fn::GetAtt": ["Child", "Outputs.Name"]}}
    stack = world.apply({"Child": nested(middle, Value="one")}, outputs, Tags=[{"Key": "team", "Value": "x"}])
    assert stack["StackStatus"] == "CREATE_COMPLETE", world.reasons("Child")
    assert world.outputs()["Said"] == "said one" and world.parameter(world.outputs()["Name"]) == "one"
    child = world.stack(world.child())
    assert child["ParentId"] == child["RootId"] == stack["StackId"]
    assert child["StackName"].startswith(f"{world.root}-Child-") and child["Tags"] == [{"Key": "team", "Value": "x"}]
    leaf_id = client("cloudformation").describe_stack_resource(
        StackName=child["StackId"], LogicalResourceId="Leaf")["StackResourceDetail"]["PhysicalResourceId"]
    leaf_stack = world.stack(leaf_id)
    assert (leaf_stack["ParentId"], leaf_stack["RootId"]) == (child["StackId"], stack["StackId"])
    assert ("CREATE_COMPLETE", "") in world.reasons("P", leaf_id)

    name = world.outputs()["Name"]
    assert world.apply({"Child": nested(middle, Value="two")}, outputs)["StackStatus"] == "UPDATE_COMPLETE"
    assert world.outputs() == {"Said": "said two", "Name": name} and world.parameter(name) == "two"
    # The same template, whose nested one has changed where it lies.
    changed = json.loads(json.dumps(LEAF))
    changed["Outputs"]["Said"]["Value"] = {"Fn::Sub": "now says ${Value}"}
    world.put("leaf.json", changed)
    assert world.apply({"Child": nested(middle, Value="two")}, outputs)["StackStatus"] == "UPDATE_COMPLETE"
    assert world.outputs()["Said"] == "now says two"

    assert world.delete() == "DELETE_COMPLETE"
    for gone in (child["StackId"], leaf_id):
        assert world.stack(gone)["StackStatus"] == "DELETE_COMPLETE"
    with pytest.raises(client("ssm").exceptions.ParameterNotFound):
        world.parameter(name)


def test_a_failed_creation_takes_the_nested_one_with_it(world):
    broken = json.loads(json.dumps(LEAF))
    broken["Resources"]["Bad"] = BAD
    assert world.apply({"Child": nested(world.put("broken.json", broken), Value="x")})["StackStatus"] == "ROLLBACK_COMPLETE"
    child = world.child()
    reason = next(r for s, r in world.reasons("Child") if s == "CREATE_FAILED")
    assert reason.startswith(f"Embedded stack {child} was not successfully created: The following resource(s) failed to create: [")
    assert "Bad" in reason
    assert world.stack(child)["StackStatus"] == "DELETE_COMPLETE"


def test_a_failed_update_puts_the_nested_template_back(world):
    """The template lies at the same URL, and is another one by then."""
    url = world.put("leaf.json", LEAF)
    world.apply({"Child": nested(url, Value="one")}, {"Said": {"Fn::GetAtt": ["Child", "Outputs.Said"]}})
    child = world.child()
    name = world.outputs(child)["Name"]
    changed = json.loads(json.dumps(LEAF))
    changed["Outputs"]["More"] = {"Value": "more"}
    world.put("leaf.json", changed)
    bad = {**BAD, "DependsOn": "Child"}
    assert world.apply({"Child": nested(url, Value="two"), "Bad": bad})["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert world.child() == child and world.stack(child)["StackStatus"] == "UPDATE_COMPLETE"
    assert world.outputs(child) == {"Name": name, "Said": "said one"} and world.parameter(name) == "one"
    assert world.outputs() == {"Said": "said one"}


def test_a_nested_update_that_fails_is_told(world):
    url = world.put("leaf.json", LEAF)
    world.apply({"Child": nested(url, Value="one")})
    broken = json.loads(json.dumps(LEAF))
    broken["Resources"]["Bad"] = BAD
    world.put("leaf.json", broken)
    assert world.apply({"Child": nested(url, Value="two")})["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    child = world.child()
    reason = next(r for s, r in world.reasons("Child") if s == "UPDATE_FAILED")
    assert reason.startswith(f"Embedded stack {child} was not successfully updated: The following resource(s) failed to create: [Bad]")
    assert world.stack(child)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert world.parameter(world.outputs(child)["Name"]) == "one"


def test_a_template_that_is_not_there_fails_the_resource(world):
    good = world.put("leaf.json", LEAF)
    missing = good.replace("leaf.json", "missing.json")
    assert world.apply({"Child": nested(missing, Value="x")})["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any("S3 error" in r for s, r in world.reasons("Child") if s == "CREATE_FAILED"), world.reasons("Child")
