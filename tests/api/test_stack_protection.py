"""What an update may not do, and ways out of failures: stack policies, retention on rollback, forced deletion.

docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
"""

import json

import botocore.exceptions
import pytest

from conftest import wait_until

ALLOW = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}


def policy(*denials):
    return json.dumps({"Statement": [ALLOW, *({"Effect": "Deny", "Principal": "*", **d} for d in denials)]})


def group(days=7, **more):
    return {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": days, **more.pop("properties", {})}, **more}


@pytest.fixture
def stack(client, unique):
    formation, name = client("cloudformation"), unique("protected")

    class Stack:
        def call(self, operation, resources=None, **more):
            if resources is not None:
                more["TemplateBody"] = json.dumps({"Resources": resources})
            getattr(formation, operation)(StackName=name, **more)
            return self.ended()

        def ended(self):
            state = lambda: formation.describe_stacks(StackName=self.id())["Stacks"][0]["StackStatus"]
            return wait_until(lambda: not (s := state()).endswith("IN_PROGRESS") and s, 30, "the end")

        def id(self):
            self.known = getattr(self, "known", None) or formation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
            return self.known

        def reasons(self, logical):
            events = formation.describe_stack_events(StackName=self.id())["StackEvents"]
            return [e.get("ResourceStatusReason", "") for e in events if e["LogicalResourceId"] == logical]

    stack = Stack()
    stack.name = name
    yield stack
    try:
        formation.delete_stack(StackName=name)
    except botocore.exceptions.ClientError:
        pass


def test_a_policy_forbids_each_kind_of_change(client, stack, unique):
    base = {"A": group(), "B": group(), "C": group()}
    stack.call("create_stack", base, StackPolicyBody=policy(
        {"Action": "Update:Modify", "Resource": "LogicalResourceId/A"},
        {"Action": "Update:Replace", "Resource": "LogicalResourceId/B"},
        {"Action": "Update:Delete", "Resource": "*", "Condition": {"StringEquals": {"ResourceType": ["AWS::Logs::LogGroup"]}}}))
    denied = "Action denied by stack policy: Statement [#{}] does not allow [Update:{}] for resource [LogicalResourceId/{}]"
    assert stack.call("update_stack", {**base, "A": group(14)}) == "UPDATE_ROLLBACK_COMPLETE"
    assert denied.format(2, "Modify", "A") in stack.reasons("A")
    renamed = group(properties={"LogGroupName": f"/{unique('renamed')}"})
    assert stack.call("update_stack", {**base, "B": renamed}) == "UPDATE_ROLLBACK_COMPLETE"
    assert denied.format(3, "Replace", "B") in stack.reasons("B")
    assert stack.call("update_stack", {"A": group(), "B": group()}) == "UPDATE_ROLLBACK_COMPLETE"
    assert denied.format(4, "Delete", "C") in stack.reasons("C")
    assert len(client("cloudformation").list_stack_resources(StackName=stack.name)["StackResourceSummaries"]) == 3
    # What is not forbidden goes through, and an exception lets one update through.
    assert stack.call("update_stack", {**base, "B": group(14)}) == "UPDATE_COMPLETE"
    assert stack.call("update_stack", {"A": group(14), "B": group(14)},
                      StackPolicyDuringUpdateBody=json.dumps({"Statement": [ALLOW]})) == "UPDATE_COMPLETE"
    assert "Deny" in client("cloudformation").get_stack_policy(StackName=stack.name)["StackPolicyBody"]


def test_a_policy_protects_everything_that_it_does_not_allow(stack):
    stack.call("create_stack", {"A": group(), "B": group()}, StackPolicyBody=json.dumps(
        {"Statement": {**ALLOW, "Resource": "LogicalResourceId/A"}}))
    assert stack.call("update_stack", {"A": group(14), "B": group()}) == "UPDATE_COMPLETE"
    assert stack.call("update_stack", {"A": group(14), "B": group(14)}) == "UPDATE_ROLLBACK_COMPLETE"
    assert any(r.startswith("Action denied by stack policy") for r in stack.reasons("B"))


def test_a_failed_update_that_replaced_something_is_rolled_back_later_or_deleted(client, stack, unique):
    names = [f"/{unique('replaced')}" for _ in range(2)]
    groups = client("logs")
    there = lambda: {g["logGroupName"] for n in names for g in groups.describe_log_groups(logGroupNamePrefix=n)["logGroups"]}
    stack.call("create_stack", {"A": group(properties={"LogGroupName": names[0]})})
    broken = {"A": group(properties={"LogGroupName": names[1]}), "Bad": group(2, DependsOn="A")}
    assert stack.call("update_stack", broken, DisableRollback=True) == "UPDATE_FAILED"
    assert there() == set(names)
    assert stack.call("rollback_stack") == "UPDATE_ROLLBACK_COMPLETE"
    assert there() == {names[0]}
    assert stack.call("update_stack", broken, DisableRollback=True) == "UPDATE_FAILED"
    # Repaired instead: what was replaced goes.
    assert stack.call("update_stack", {"A": broken["A"]}) == "UPDATE_COMPLETE"
    assert there() == {names[1]}
    broken["A"] = group(properties={"LogGroupName": names[0]})
    assert stack.call("update_stack", broken, DisableRollback=True) == "UPDATE_FAILED"
    assert there() == set(names)
    assert stack.call("delete_stack") == "DELETE_COMPLETE"
    assert there() == set()


def test_a_deletion_that_failed_can_be_forced(client, stack):
    assert stack.call("create_stack", {"B": {"Type": "AWS::S3::Bucket"}, "G": group()}) == "CREATE_COMPLETE"
    bucket = client("cloudformation").describe_stack_resource(
        StackName=stack.name, LogicalResourceId="B")["StackResourceDetail"]["PhysicalResourceId"]
    client("s3").put_object(Bucket=bucket, Key="k", Body=b"")
    assert stack.call("delete_stack") == "DELETE_FAILED"
    assert stack.call("delete_stack", RetainResources=["B"]) == "DELETE_COMPLETE"
    client("s3").delete_object(Bucket=bucket, Key="k")
    client("s3").delete_bucket(Bucket=bucket)
