"""Templates with macros and rules: AWS::LanguageExtensions, AWS::Include, Rules, Fn::Cidr, through boto3 and the AWS CLI."""

import json

import botocore.exceptions
import pytest

from conftest import wait_until

LOOP = """
Transform: AWS::LanguageExtensions
Parameters:
  Names: {Type: CommaDelimitedList, Default: 'red,green'}
  Keep: {Type: String, Default: Delete}
Mappings:
  Colours: {red: {code: 'f00'}, green: {code: '0f0'}}
Conditions:
  Fn::ForEach::Conditions:
  - Name
  - !Ref Names
  - 'Is${Name}': !Equals [!Ref Name, !Ref Name]
Resources:
  Fn::ForEach::Parameters:
  - Name
  - !Ref Names
  - 'Parameter${Name}':
      Type: AWS::SSM::Parameter
      Condition: !Sub 'Is${Name}'
      DeletionPolicy: !Ref Keep
      Properties:
        Type: String
        Name: !Sub '/${AWS::StackName}/${Name}'
        Value:
          Fn::ToJsonString:
            name: !Ref Name
            code: !FindInMap [Colours, !Ref Name, code, {DefaultValue: none}]
            of: {'Fn::Length': !Ref Names}
            stack: !Ref AWS::StackName
Outputs:
  Fn::ForEach::Outputs:
  - Name
  - !Ref Names
  - 'Name${Name}': {Value: {Ref: !Sub 'Parameter${Name}'}}
"""


@pytest.fixture
def formation(client):
    return client("cloudformation")


@pytest.fixture
def stack(formation, unique):
    name = unique("macros")
    yield name
    formation.delete_stack(StackName=name)


def settled(formation, name):
    return wait_until(lambda: (s := formation.describe_stacks(StackName=name)["Stacks"][0]) and
                      not s["StackStatus"].endswith("IN_PROGRESS") and s, 30, "the stack's end")


def outputs(described):
    return {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])}


def test_loops_become_resources(client, formation, stack):
    ssm = client("ssm")
    with pytest.raises(formation.exceptions.InsufficientCapabilitiesException, match=r"\[CAPABILITY_AUTO_EXPAND\]"):
        formation.create_stack(StackName=stack, TemplateBody=LOOP)
    formation.create_stack(StackName=stack, TemplateBody=LOOP, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    made = settled(formation, stack)
    assert made["StackStatus"] == "CREATE_COMPLETE"
    assert outputs(made) == {"Namered": f"/{stack}/red", "Namegreen": f"/{stack}/green"}

    def value(name):
        return json.loads(ssm.get_parameter(Name=f"/{stack}/{name}")["Parameter"]["Value"])

    assert value("green") == {"name": "green", "code": "0f0", "of": 2, "stack": stack}

    # As it was given, and as it is applied.
    assert formation.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"] == LOOP
    processed = formation.get_template(StackName=stack)["TemplateBody"]
    assert "Transform" not in processed and list(processed["Resources"]) == ["Parameterred", "Parametergreen"]
    assert processed["Resources"]["Parameterred"]["DeletionPolicy"] == "Delete"
    summary = formation.get_template_summary(StackName=stack)
    assert summary["DeclaredTransforms"] == ["AWS::LanguageExtensions"]
    assert summary["ResourceTypes"] == ["AWS::SSM::Parameter"]

    # The template of before, with other values, repeats what they say.
    formation.update_stack(StackName=stack, UsePreviousTemplate=True, Capabilities=["CAPABILITY_AUTO_EXPAND"],
                           Parameters=[{"ParameterKey": "Names", "ParameterValue": "red,blue"}])
    assert settled(formation, stack)["StackStatus"] == "UPDATE_COMPLETE"
    assert value("blue") == {"name": "blue", "code": "none", "of": 2, "stack": stack}
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        value("green")
    assert formation.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"] == LOOP


def test_a_change_set_needs_no_capability_for_macros(formation, stack):
    made = formation.create_change_set(StackName=stack, ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=LOOP)
    changes = formation.describe_change_set(ChangeSetName=made["Id"])["Changes"]
    assert sorted(c["ResourceChange"]["LogicalResourceId"] for c in changes) == ["Parametergreen", "Parameterred"]
    for stage, found in (("Original", LOOP), ("Processed", None)):
        body = formation.get_template(StackName=stack, ChangeSetName="c", TemplateStage=stage)["TemplateBody"]
        assert body == found if found else list(body["Resources"]) == ["Parameterred", "Parametergreen"]
    formation.execute_change_set(ChangeSetName=made["Id"])
    assert settled(formation, stack)["StackStatus"] == "CREATE_COMPLETE"
    assert formation.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"] == LOOP


def test_a_loop_that_fails_makes_no_stack(formation, stack):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        formation.create_stack(StackName=stack, TemplateBody=LOOP.replace("  - !Ref Names\n", "  - red\n"),
                               Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert refused.value.response["Error"]["Message"] == (
        "Transform AWS::LanguageExtensions failed with: Fn::ForEach layout is incorrect")
    with pytest.raises(botocore.exceptions.ClientError, match="does not exist"):
        formation.describe_stacks(StackName=stack)
    valid = formation.validate_template(TemplateBody=LOOP)
    assert valid["DeclaredTransforms"] == ["AWS::LanguageExtensions"]
    assert valid["Capabilities"] == ["CAPABILITY_AUTO_EXPAND"]
    assert [p["ParameterKey"] for p in valid["Parameters"]] == ["Names", "Keep"]


def test_includes_come_from_s3(aws_cli, client, formation, stack, unique, tmp_path):
    s3, bucket = client("s3"), unique("includes")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="parameter.yaml",
                  Body="Type: AWS::SSM::Parameter\nProperties:\n  Type: String\n  Value: {'Fn::Sub': '${AWS::StackName}-1'}\n")
    template = tmp_path / "template.yaml"
    template.write_text(json.dumps({
        "Parameters": {"Bucket": {"Type": "String"}},
        "Resources": {"Parameter": {"Fn::Transform": {
            "Name": "AWS::Include", "Parameters": {"Location": {"Fn::Sub": "s3://${Bucket}/parameter.yaml"}}}}},
        "Outputs": {"Value": {"Value": {"Fn::GetAtt": ["Parameter", "Value"]}}}}))

    def deploy():
        return aws_cli("cloudformation", "deploy", "--stack-name", stack, "--template-file", template,
                       "--parameter-overrides", f"Bucket={bucket}", check=False)

    done = deploy()
    assert done.returncode == 0, done.stderr
    assert outputs(settled(formation, stack)) == {"Value": f"{stack}-1"}

    # What is there now counts at the next deployment, and only then.
    s3.put_object(Bucket=bucket, Key="parameter.yaml",
                  Body="Type: AWS::SSM::Parameter\nProperties:\n  Type: String\n  Value: two\n")
    assert outputs(settled(formation, stack)) == {"Value": f"{stack}-1"}
    assert deploy().returncode == 0
    assert outputs(settled(formation, stack)) == {"Value": "two"}

    s3.delete_object(Bucket=bucket, Key="parameter.yaml")
    failed = deploy()
    assert failed.returncode != 0 and "Transform AWS::Include failed with" in failed.stderr


def test_rules_are_asked_before_anything_is_made(client, formation, stack):
    # The rule that the CDK writes into every template.
    version = f"/{stack}/version"
    template = json.dumps({
        "Parameters": {"BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": version},
                       "Networks": {"Type": "String", "Default": "2"}},
        "Rules": {"CheckBootstrapVersion": {"Assertions": [{
            "Assert": {"Fn::Not": [{"Fn::Contains": [["1", "2", "3", "4", "5"], {"Ref": "BootstrapVersion"}]}]},
            "AssertDescription": "Bootstrap stack version 6 required."}]}},
        "Resources": {"Group": {"Type": "AWS::Logs::LogGroup"}},
        "Outputs": {"Networks": {"Value": {"Fn::Join": [" ", {"Fn::Cidr": ["10.0.0.0/16", {"Ref": "Networks"}, "8"]}]}}}})
    ssm = client("ssm")
    ssm.put_parameter(Name=version, Value="5", Type="String")
    for create in (lambda: formation.create_stack(StackName=stack, TemplateBody=template),
                   lambda: formation.create_change_set(StackName=stack, ChangeSetName="c", ChangeSetType="CREATE",
                                                       TemplateBody=template)):
        with pytest.raises(botocore.exceptions.ClientError, match="Bootstrap stack version 6 required."):
            create()
    with pytest.raises(botocore.exceptions.ClientError, match="does not exist"):
        formation.describe_stacks(StackName=stack)
    ssm.put_parameter(Name=version, Value="21", Type="String", Overwrite=True)
    formation.create_stack(StackName=stack, TemplateBody=template)
    assert outputs(settled(formation, stack)) == {"Networks": "10.0.0.0/24 10.0.1.0/24"}
