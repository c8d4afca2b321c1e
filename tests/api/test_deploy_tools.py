"""What people deploy and copy with, beside the Serverless Framework: `aws cloudformation deploy`, `aws s3 cp` and
`sync`, and boto3's waiters.
"""

import json
import os
import subprocess
import time
import zipfile

import botocore.exceptions
import pytest

from conftest import ENVIRONMENT

TEMPLATE = """
Parameters:
  Bucket: {Type: String}
  Days: {Type: Number, Default: 7}
Resources:
  Group:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Sub /deploy/${AWS::StackName}
      RetentionInDays: !Ref Days
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.11
      Handler: handler.handler
      Role: !GetAtt Role.Arn
      Code: {S3Bucket: !Ref Bucket, S3Key: code.zip}
Outputs:
  GroupName: {Value: !Ref Group}
  FunctionName: {Value: !Ref Function}
"""


def aws(cloud, *arguments, cwd=None, check=True):
    done = subprocess.run(["/usr/bin/aws", "--endpoint-url", cloud.endpoint, *map(str, arguments)], cwd=cwd,
                          env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def deploy_stack(cloud, *arguments, **more):
    """The CLI names its change set by the second, and one without changes, which is not executed, keeps its name."""
    time.sleep(1 - time.time() % 1)
    return aws(cloud, "cloudformation", "deploy", *arguments, **more)


def test_aws_cloudformation_deploy(cloud, client, tmp_path, unique):
    stack, bucket = unique("cli"), unique("artifacts")
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
        archive.writestr("handler.py", "def handler(event, context):\n    return 'hello'\n")
    (tmp_path / "template.yml").write_text(TEMPLATE)
    aws(cloud, "s3", "mb", f"s3://{bucket}")
    aws(cloud, "s3", "cp", "code.zip", f"s3://{bucket}/code.zip", cwd=tmp_path)
    # Debian's CLI sends what --s3-bucket uploads to AWS itself, whatever the endpoint: so without it.
    deploy = ["--template-file", "template.yml", "--stack-name", stack]
    refused = deploy_stack(cloud, *deploy, "--parameter-overrides", f"Bucket={bucket}", cwd=tmp_path, check=False)
    assert refused.returncode != 0 and "CAPABILITY_IAM" in refused.stderr
    client("cloudformation").delete_stack(StackName=stack)
    deploy += ["--capabilities", "CAPABILITY_IAM"]
    done = deploy_stack(cloud, *deploy, "--parameter-overrides", f"Bucket={bucket}", cwd=tmp_path)
    assert "Successfully created/updated stack" in done.stdout
    found = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {o["OutputKey"]: o["OutputValue"] for o in found["Outputs"]}
    answer = client("lambda").invoke(FunctionName=outputs["FunctionName"])
    assert json.loads(answer["Payload"].read()) == "hello"

    again = deploy_stack(cloud, *deploy, "--fail-on-empty-changeset", cwd=tmp_path, check=False)
    assert again.returncode != 0 and "No changes to deploy" in again.stderr
    assert "No changes to deploy" in deploy_stack(cloud, *deploy, cwd=tmp_path).stdout
    deploy_stack(cloud, *deploy, "--parameter-overrides", "Days=14", "--tags", "team=users", cwd=tmp_path)
    group = client("logs").describe_log_groups(logGroupNamePrefix=outputs["GroupName"])["logGroups"][0]
    assert group["retentionInDays"] == 14
    found = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    assert found["StackStatus"] == "UPDATE_COMPLETE" and found["Tags"] == [{"Key": "team", "Value": "users"}]

    aws(cloud, "cloudformation", "delete-stack", "--stack-name", stack)
    client("cloudformation").get_waiter("stack_delete_complete").wait(
        StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    aws(cloud, "s3", "rb", f"s3://{bucket}", "--force")


def test_aws_s3_cp_and_sync(cloud, tmp_path, unique):
    bucket = unique("copies")
    aws(cloud, "s3", "mb", f"s3://{bucket}")
    site = tmp_path / "site"
    (site / "deep/er").mkdir(parents=True)
    (site / "index.html").write_text("<p>hello</p>")
    (site / "deep/er/data.json").write_text("{}")
    large = os.urandom(20 * 1024 * 1024)  # more than the 8 MB from which the CLI uploads in parts
    (site / "large.bin").write_bytes(large)
    shown = aws(cloud, "s3", "sync", site, f"s3://{bucket}/site").stdout
    assert shown.count("upload:") == 3
    assert "upload:" not in aws(cloud, "s3", "sync", site, f"s3://{bucket}/site").stdout

    (site / "index.html").write_text("<p>hello again</p>")
    (site / "deep/er/data.json").unlink()
    shown = aws(cloud, "s3", "sync", site, f"s3://{bucket}/site", "--delete").stdout
    assert shown.count("upload:") == 1 and shown.count("delete:") == 1

    back = tmp_path / "back"
    aws(cloud, "s3", "sync", f"s3://{bucket}/site", back)
    assert (back / "large.bin").read_bytes() == large
    assert (back / "index.html").read_text() == "<p>hello again</p>" and not (back / "deep").exists()

    aws(cloud, "s3", "cp", f"s3://{bucket}/site/index.html", f"s3://{bucket}/copied.html")
    piped = aws(cloud, "s3", "cp", f"s3://{bucket}/copied.html", "-")
    assert piped.stdout == "<p>hello again</p>"
    aws(cloud, "s3", "cp", f"s3://{bucket}/site/large.bin", f"s3://{bucket}/large-copy.bin")
    aws(cloud, "s3", "mv", f"s3://{bucket}/copied.html", f"s3://{bucket}/moved.html")
    listed = aws(cloud, "s3", "ls", "--recursive", f"s3://{bucket}").stdout.split()
    assert [n for n in listed if "/" in n or n.endswith((".html", ".bin"))] == [
        "large-copy.bin", "moved.html", "site/index.html", "site/large.bin"]
    missing = aws(cloud, "s3", "cp", f"s3://{bucket}/none", "-", check=False)
    assert missing.returncode != 0 and "404" in missing.stderr
    aws(cloud, "s3", "rm", "--recursive", f"s3://{bucket}")
    aws(cloud, "s3", "rb", f"s3://{bucket}")


def test_waiters_of_stacks(client, unique):
    formation, stack = client("cloudformation"), unique("waited")
    quick = {"Delay": 1, "MaxAttempts": 30}

    def body(days):
        return json.dumps({"Resources": {"G": {"Type": "AWS::Logs::LogGroup", "Properties": {
            "LogGroupName": f"/waited/{stack}", "RetentionInDays": days}}}})

    formation.create_stack(StackName=stack, TemplateBody=body(7))
    formation.get_waiter("stack_exists").wait(StackName=stack, WaiterConfig=quick)
    formation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig=quick)
    formation.create_change_set(StackName=stack, ChangeSetName="more", TemplateBody=body(14))
    formation.get_waiter("change_set_create_complete").wait(StackName=stack, ChangeSetName="more", WaiterConfig=quick)
    formation.execute_change_set(StackName=stack, ChangeSetName="more")
    formation.get_waiter("stack_update_complete").wait(StackName=stack, WaiterConfig=quick)
    # 13 is no number of days that a log group may have.
    formation.update_stack(StackName=stack, TemplateBody=body(13))
    formation.get_waiter("stack_rollback_complete").wait(StackName=stack, WaiterConfig=quick)
    with pytest.raises(botocore.exceptions.WaiterError):
        formation.get_waiter("stack_update_complete").wait(StackName=stack, WaiterConfig=quick)
    formation.delete_stack(StackName=stack)
    formation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig=quick)


def test_an_executed_change_set_gives_its_name_back(client, unique):
    formation, stack = client("cloudformation"), unique("named")

    def propose(days, kind="UPDATE"):
        return formation.create_change_set(
            StackName=stack, ChangeSetName="same", ChangeSetType=kind, TemplateBody=json.dumps({
                "Resources": {"G": {"Type": "AWS::Logs::LogGroup", "Properties": {
                    "LogGroupName": f"/named/{stack}", "RetentionInDays": days}}}}))["Id"]

    first = propose(7, "CREATE")
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        propose(7, "CREATE")
    assert refused.value.response["Error"]["Code"] == "AlreadyExistsException"
    assert refused.value.response["Error"]["Message"] == "ChangeSet same already exists"
    formation.execute_change_set(StackName=stack, ChangeSetName="same")
    formation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    executed = formation.describe_change_set(StackName=stack, ChangeSetName="same")
    assert (executed["ChangeSetId"], executed["ExecutionStatus"]) == (first, "EXECUTE_COMPLETE")

    second = propose(7)
    assert second != first
    same = formation.describe_change_set(StackName=stack, ChangeSetName="same")
    assert (same["ChangeSetId"], same["Status"]) == (second, "FAILED")
    with pytest.raises(botocore.exceptions.ClientError, match="ChangeSet same already exists"):
        propose(14)
    formation.delete_change_set(StackName=stack, ChangeSetName="same")
    propose(14)
    formation.execute_change_set(StackName=stack, ChangeSetName="same")
    formation.get_waiter("stack_update_complete").wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    formation.delete_stack(StackName=stack)
