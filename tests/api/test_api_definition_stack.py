"""AWS::ApiGateway::RestApi with a definition: Body and BodyS3Location, made, changed, rolled back.

docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-restapi.html
"""

import copy
import json

import botocore.exceptions
import pytest
from conftest import wait_until
from test_api_authorization import ECHO, ask
from test_cli import SERVERLESS_YML, dew, get, service  # noqa: F401: fixtures
from test_iam_enforcement import admin, allow, user  # noqa: F401: fixtures

# OpenAPI 3 as people write it, in a template of YAML.
OPENAPI = """
Parameters:
  Revision: {Type: String}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
  Function:
    Type: AWS::Lambda::Function
    Properties: {Runtime: nodejs22.x, Handler: index.handler, Role: !GetAtt Role.Arn, Code: {ZipFile: "%s"}}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref Function
      Action: lambda:InvokeFunction
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Description: of the template
      BinaryMediaTypes: [image/png]
      Tags: [{Key: team, Value: red}]
      Body:
        openapi: 3.0
        info: {title: !Sub "${AWS::StackName}-api", version: 1.0, description: of the definition}
        x-amazon-apigateway-binary-media-types: [application/zip]
        tags: [{name: team, x-amazon-apigateway-tag-value: blue}, {name: cost, x-amazon-apigateway-tag-value: low}]
        paths:
          /pets/{id}:
            get:
              responses: {200: {description: ok}}
              x-amazon-apigateway-integration:
                type: aws_proxy
                httpMethod: POST
                uri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations
  Deployment:
    Type: AWS::ApiGateway::Deployment
    Properties: {RestApiId: !GetAtt Api.RestApiId, StageName: dev, Description: !Ref Revision}
Outputs:
  Api: {Value: !Ref Api}
  Root: {Value: !GetAtt Api.RootResourceId}
""" % ECHO.replace('"', '\\"')


def mock(text="ok", **more):
    return {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": {
        "type": "mock", "requestTemplates": {"application/json": '{"statusCode":200}'},
        "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": json.dumps({"is": text})}}}},
        **more}


def definition(**paths):
    return {"swagger": "2.0", "info": {"title": {"Ref": "AWS::StackName"}, "version": "1"},
            "paths": {"/" + path.replace("__", "/"): verbs for path, verbs in paths.items()}}


class Stack:
    def __init__(self, client, name):
        self.formation, self.gateway, self.name = client("cloudformation"), client("apigateway"), name

    def apply(self, template, ends="_COMPLETE", **options):
        body = template if isinstance(template, str) else json.dumps(template)
        try:
            self.formation.describe_stacks(StackName=self.name)
            call = self.formation.update_stack
        except botocore.exceptions.ClientError:
            call = self.formation.create_stack
        call(StackName=self.name, TemplateBody=body, Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"], **options)
        end = wait_until(lambda: (s := self.formation.describe_stacks(StackName=self.name)["Stacks"][0]) and
                         not s["StackStatus"].endswith("IN_PROGRESS") and s, 60, "the stack's end")
        assert end["StackStatus"].endswith(ends), self.reasons()
        assert ("ROLLBACK" in ends) == ("ROLLBACK" in end["StackStatus"]), self.reasons()
        return {o["OutputKey"]: o["OutputValue"] for o in end.get("Outputs", [])}

    def reasons(self):
        return " ".join(e.get("ResourceStatusReason", "") for e in
                        self.formation.describe_stack_events(StackName=self.name)["StackEvents"])

    def api(self):
        return self.formation.describe_stack_resource(
            StackName=self.name, LogicalResourceId="Api")["StackResourceDetail"]["PhysicalResourceId"]

    def paths(self):
        return {r["path"]: sorted(r.get("resourceMethods", {})) for r in
                self.gateway.get_resources(restApiId=self.api(), limit=500)["items"]}

    def whole(self):
        """All that an API is, but for the dates."""
        at = {"restApiId": self.api()}
        out = {"api": self.gateway.get_rest_api(**at)}
        for name, call, more in (
                ("resources", self.gateway.get_resources, {"embed": ["methods"]}), ("models", self.gateway.get_models, {}),
                ("authorizers", self.gateway.get_authorizers, {}), ("responses", self.gateway.get_gateway_responses, {}),
                ("validators", self.gateway.get_request_validators, {})):
            out[name] = sorted(call(**at, limit=500, **more)["items"], key=lambda one: json.dumps(one, sort_keys=True))
        return {name: {k: v for k, v in part.items() if k != "ResponseMetadata"} if name == "api" else part
                for name, part in out.items()}


@pytest.fixture
def stack(client, unique):
    made = Stack(client, unique("defined"))
    yield made
    try:
        identity = made.formation.describe_stacks(StackName=made.name)["Stacks"][0]["StackId"]
    except botocore.exceptions.ClientError:
        return
    made.formation.delete_stack(StackName=made.name)
    wait_until(lambda: made.formation.describe_stacks(StackName=identity)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE",
               60, "the deletion")


def template(body, mode=None, more=None, **properties):
    api = {"Type": "AWS::ApiGateway::RestApi", "Properties": {**properties, **({"Body": body} if body else {}),
                                                              **({"Mode": mode} if mode else {})}}
    return {"Resources": {"Api": api, **(more or {})}}


def parameter(value, needs="Api"):
    """A resource that fails when its value does not match."""
    return {"Check": {"Type": "AWS::SSM::Parameter", "DependsOn": needs, "Properties": {
        "Name": {"Fn::Sub": "/${AWS::StackName}/check"}, "Type": "String", "AllowedPattern": "good.*", "Value": value}}}


def test_an_openapi_body_answers_and_is_changed_in_place(stack, cloud):
    def revision(n):
        return {"Parameters": [{"ParameterKey": "Revision", "ParameterValue": str(n)}]}
    made = stack.apply(OPENAPI, **revision(1))
    url = f"{cloud.endpoint}/restapis/{made['Api']}/dev/_user_request_"
    assert ask(f"{url}/pets/7?x=1").json["pathParameters"] == {"id": "7"}
    api = stack.gateway.get_rest_api(restApiId=made["Api"])
    # The definition has a say where the template has none; lists are merged.
    assert (api["name"], api["description"], api["version"]) == (f"{stack.name}-api", "of the template", "1.0")
    assert set(api["binaryMediaTypes"]) == {"image/png", "application/zip"}
    assert (api["tags"]["team"], api["tags"]["cost"]) == ("red", "low")
    assert api["tags"]["aws:cloudformation:logical-id"] == "Api"
    assert made["Root"] == next(r["id"] for r in stack.gateway.get_resources(restApiId=made["Api"])["items"] if r["path"] == "/")

    # A path is added: what was there stays.
    more = OPENAPI.replace("Deployment:\n", "Deployment2:\n").replace("        paths:\n", """        paths:
          /more:
            get: {responses: {200: {description: ok}}, x-amazon-apigateway-integration: {type: mock,
              requestTemplates: {application/json: '{"statusCode":200}'}, responses: {default: {statusCode: 200}}}}
""").replace("of the template", "changed")
    assert stack.apply(more, **revision(2)) == made
    assert ask(f"{url}/more").status == 200 and ask(f"{url}/pets/7").status == 200
    assert stack.gateway.get_rest_api(restApiId=made["Api"])["description"] == "changed"

    # It is left out again: merged, it stays (as on AWS); overwritten, it goes.
    stack.apply(OPENAPI.replace("Deployment:\n", "Deployment3:\n"), **revision(3))
    assert ask(f"{url}/more").status == 200
    only = OPENAPI.replace("Deployment:\n", "Deployment4:\n").replace("      Body:\n", "      Mode: overwrite\n      Body:\n")
    assert stack.apply(only, **revision(4)) == made
    assert ask(f"{url}/more").status == 403 and ask(f"{url}/pets/7").status == 200
    assert set(stack.paths()) == {"/", "/pets", "/pets/{id}"}
    assert set(stack.gateway.get_rest_api(restApiId=made["Api"])["binaryMediaTypes"]) == {"image/png", "application/zip"}


def test_a_swagger_body_and_its_options(stack):
    one = {**definition(a={"get": mock()}), "basePath": "/v1/shop",
           "definitions": {"Pet": {"type": "object", "required": ["name"]}}}
    made = template(one, Name="mine", Parameters={"basepath": "prepend", "endpointConfigurationTypes": "REGIONAL"})
    stack.apply(made)
    api = stack.gateway.get_rest_api(restApiId=stack.api())
    assert (api["name"], api["endpointConfiguration"]["types"]) == ("mine", ["REGIONAL"])
    assert stack.paths()["/v1/shop/a"] == ["GET"]
    # What the template no longer says is the definition's again, or gone.
    made["Resources"]["Api"]["Properties"] = {
        "Body": json.dumps({**one, "info": {"title": "told", "version": "2"}}), "ApiKeySourceType": "AUTHORIZER",
        "Policy": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}]}}
    stack.apply(made)
    api = stack.gateway.get_rest_api(restApiId=stack.api())
    assert (api["name"], api["version"], api["apiKeySource"], "policy" in api) == ("told", "2", "AUTHORIZER", True)
    assert stack.paths()["/a"] == ["GET"]  # basepath is ignored without the parameter
    for properties in ({"Name": "plain", "Description": "about"}, {"Name": "plain"}):
        made["Resources"]["Api"]["Properties"] = properties
        stack.apply(made)
        assert stack.gateway.get_rest_api(restApiId=stack.api()).get("description") == properties.get("Description")
    api = stack.gateway.get_rest_api(restApiId=stack.api())
    assert (api["name"], api["apiKeySource"], "policy" in api) == ("plain", "HEADER", False)
    assert stack.paths()["/a"] == ["GET"]  # nothing says that it go

    warned = definition(b={"get": mock(responses={"default": {"description": "any"}, "200": {"description": "ok"}})})
    made["Resources"]["Api"]["Properties"] = {"Body": warned, "FailOnWarnings": True}
    stack.apply(made, ends="UPDATE_ROLLBACK_COMPLETE")
    assert "Warnings found during import" in stack.reasons()
    assert "/b" not in stack.paths() and stack.gateway.get_rest_api(restApiId=stack.api())["name"] == "plain"


RICH = {
    **definition(
        a={"get": mock("a"), "post": mock("a", parameters=[{"name": "b", "in": "body", "schema": {"$ref": "#/definitions/Pet"}}],
                                          **{"x-amazon-apigateway-request-validator": "all"})},
        a__deep__er={"get": mock("deep", security=[{"check": []}])}),
    "definitions": {"Pet": {"type": "object", "properties": {"owner": {"$ref": "#/definitions/Owner"}}},
                    "Owner": {"type": "object", "properties": {"pet": {"$ref": "#/definitions/Pet"}}}},
    "securityDefinitions": {"check": {
        "type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": {"type": "token", "authorizerResultTtlInSeconds": 0, "authorizerUri": {
            "Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
                       "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:check/invocations"}}}},
    "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": True, "validateRequestParameters": True}},
    "x-amazon-apigateway-gateway-responses": {"DEFAULT_4XX": {"statusCode": 418}},
    "x-amazon-apigateway-binary-media-types": ["image/png"],
}


def others():
    """A definition that changes all that RICH says, leaves out some of it and adds more of each kind."""
    out = copy.deepcopy(RICH)
    out["info"] = {"title": "other", "version": "9", "description": "other"}
    out["paths"] = {"/a": {"post": mock("changed")}, "/a/{new}": {"get": mock("new", security=[{"more": []}])}}
    out["definitions"] = {"Pet": {"type": "array"}, "New": {"properties": {"n": {"$ref": "#/definitions/Newer"}}},
                          "Newer": {"properties": {"n": {"$ref": "#/definitions/New"}}}}
    out["securityDefinitions"]["more"] = copy.deepcopy(out["securityDefinitions"]["check"])
    out["securityDefinitions"]["check"]["x-amazon-apigateway-authorizer"]["authorizerResultTtlInSeconds"] = 60
    out["x-amazon-apigateway-request-validators"] = {
        "all": {"validateRequestBody": False, "validateRequestParameters": False}, "none": {}}
    out["x-amazon-apigateway-gateway-responses"] = {"DEFAULT_4XX": {"statusCode": 419}, "DEFAULT_5XX": {"statusCode": 555}}
    out["x-amazon-apigateway-binary-media-types"] = ["image/gif"]
    return out


@pytest.mark.parametrize("mode", ["merge", "overwrite"])
def test_a_failed_update_goes_back_to_exactly_what_was(stack, mode):
    fine = template(RICH, mode, parameter("good"), Tags=[{"Key": "team", "Value": "red"}], ApiKeySourceType="AUTHORIZER")
    stack.apply(fine)
    # Something that no definition says, beside the stack.
    resources = {r["path"]: r["id"] for r in stack.gateway.get_resources(restApiId=stack.api(), limit=500)["items"]}
    stack.gateway.put_method(restApiId=stack.api(), resourceId=resources["/a"], httpMethod="DELETE", authorizationType="NONE")
    before = stack.whole()

    # A definition that is refused changes nothing.
    bad = copy.deepcopy(others())
    bad["paths"]["/a"]["post"]["x-amazon-apigateway-integration"]["type"] = "nonsense"
    stack.apply(template(bad, mode, parameter("good")), ends="UPDATE_ROLLBACK_COMPLETE")
    assert "nonsense" in stack.reasons().lower()
    assert stack.whole() == before

    # One that is taken is undone when another resource fails.
    stack.apply(template(others(), mode, parameter("bad"), Tags=[{"Key": "team", "Value": "blue"}, {"Key": "x", "Value": "y"}],
                         Description="no"), ends="UPDATE_ROLLBACK_COMPLETE")
    after = stack.whole()
    if mode == "overwrite":  # what it deleted is there again, under other ids
        before, after = (without_ids(one) for one in (before, after))
    assert after == before

    stack.apply(template(others(), mode, parameter("good")))
    assert stack.gateway.get_rest_api(restApiId=stack.api())["name"] == "other"
    assert "/a/{new}" in stack.paths() and ("/a/deep/er" in stack.paths()) == (mode == "merge")


def without_ids(whole):
    names = {one["id"]: one.get("path") or one.get("name") for part in ("resources", "authorizers", "validators", "models")
             for one in whole[part]}

    def shown(value):
        if isinstance(value, dict):
            return {k: shown(v) for k, v in value.items() if k != "cacheNamespace"}
        if isinstance(value, list):
            return sorted((shown(v) for v in value), key=lambda one: json.dumps(one, sort_keys=True))
        return names.get(value, value) if isinstance(value, str) else value
    return shown(whole)


def test_a_definition_that_is_refused_at_first_leaves_nothing(stack):
    bad = definition(a={"get": mock()})
    bad["paths"]["/a"]["get"]["x-amazon-apigateway-integration"]["type"] = "nonsense"
    stack.apply(template(bad), ends="ROLLBACK_COMPLETE")
    assert "nonsense" in stack.reasons().lower()
    assert not [one for one in stack.gateway.get_rest_apis(limit=500)["items"]
                if one.get("tags", {}).get("aws:cloudformation:stack-name") == stack.name]


@pytest.fixture
def bucket(client, unique):
    name = unique("definitions")
    s3 = client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    yield name
    for one in s3.list_object_versions(Bucket=name).get("Versions", []):
        s3.delete_object(Bucket=name, Key=one["Key"], VersionId=one["VersionId"])
    s3.delete_bucket(Bucket=name)


def test_a_definition_in_s3(stack, client, bucket):
    s3 = client("s3")

    def put(*paths):
        text = "openapi: 3.0.1\ninfo: {title: from s3, version: 1.0}\npaths:\n" + "".join(
            f"  {path}: {{get: {json.dumps(mock(path))}}}\n" for path in paths)
        done = s3.put_object(Bucket=bucket, Key="api.yaml", Body=text.encode())
        return done["VersionId"], done["ETag"]

    def at(**location):
        return template(None, "overwrite", BodyS3Location={"Bucket": bucket, "Key": "api.yaml", **location})
    first, etag = put("/first")
    put("/second")
    stack.apply(at(Version=first, ETag=etag))
    assert set(stack.paths()) == {"/", "/first"}
    assert stack.gateway.get_rest_api(restApiId=stack.api())["name"] == "from s3"
    stack.apply(at())
    assert set(stack.paths()) == {"/", "/second"}
    before = stack.whole()
    for location, why in (({"ETag": etag}, "PreconditionFailed"), ({"Key": "none.yaml"}, "none.yaml"),
                          ({"Version": "null"}, "api.yaml")):
        stack.apply(at(**location), ends="UPDATE_ROLLBACK_COMPLETE")
        assert why in stack.reasons()
    s3.put_object(Bucket=bucket, Key="large.yaml", Body=b"#" * (6 * 1024 * 1024 + 1))
    stack.apply(at(Key="large.yaml"), ends="UPDATE_ROLLBACK_COMPLETE")
    assert "larger than 6 MB" in stack.reasons()
    assert stack.whole() == before
    # What lies there now is not what was: a rollback does not read it.
    put("/third")
    failing = {**at(Version=first), "Resources": {**at(Version=first)["Resources"], **parameter("bad")}}
    stack.apply(failing, ends="UPDATE_ROLLBACK_COMPLETE")
    assert without_ids(stack.whole()) == without_ids(before)


def test_a_definition_that_is_included(stack, client, bucket):
    client("s3").put_object(Bucket=bucket, Key="api.yaml", Body=f"""
openapi: 3.0.1
info: {{title: {{'Fn::Sub': '${{AWS::StackName}}-included'}}, version: 1.0}}
paths: {{/included: {{get: {json.dumps(mock())}}}}}
""".encode())
    stack.apply(template({"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": f"s3://{bucket}/api.yaml"}}}))
    api = stack.gateway.get_rest_api(restApiId=stack.api())
    assert (api["name"], api["version"]) == (f"{stack.name}-included", "1.0")
    assert set(stack.paths()) == {"/", "/included"}


def test_the_calls_are_the_callers(stack, client, bucket, user, admin):  # noqa: F811
    client("s3").put_object(Bucket=bucket, Key="api.json", Body=json.dumps(
        {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"get": mock()}}}).encode())
    body = json.dumps(template(None, BodyS3Location={"Bucket": bucket, "Key": "api.json"}))

    def attempt(*statements):
        _, as_user = user(allow("cloudformation:*"), *statements)
        as_user("cloudformation").create_stack(StackName=stack.name, TemplateBody=body)
        end = wait_until(lambda: (s := stack.formation.describe_stacks(StackName=stack.name)["Stacks"][0]["StackStatus"]) and
                         not s.endswith("IN_PROGRESS") and s, 60, "the end")
        reasons = stack.reasons()
        if end != "CREATE_COMPLETE":
            stack.formation.delete_stack(StackName=stack.name)
            wait_until(lambda: stack.name not in {s["StackName"] for s in stack.formation.list_stacks(
                StackStatusFilter=["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_IN_PROGRESS"])["StackSummaries"]}, 60, "the deletion")
        return end, reasons
    end, reasons = attempt(allow("apigateway:*"))
    assert end == "ROLLBACK_COMPLETE" and "definition api.json" in reasons
    end, reasons = attempt(allow(["apigateway:POST", "apigateway:GET", "apigateway:DELETE"]), allow("s3:GetObject"))
    assert end == "ROLLBACK_COMPLETE" and "apigateway:PUT" in reasons
    assert attempt(allow("apigateway:*"), allow("s3:GetObject"))[0] == "CREATE_COMPLETE"


@pytest.mark.parametrize("properties, word", [
    ({"Body": {"Fn::Transform": {"Name": "Mine", "Parameters": {}}}}, "Mine"),
    ({"Name": "n", "CloneFrom": "abc"}, "CloneFrom"),
    ({"BodyS3Location": {"Bucket": "b"}}, "Key"),
    ({"Body": {}, "SecurityPolicy": "x"}, "SecurityPolicy"),
])
def test_what_is_refused_is_named_before_anything_is_made(stack, properties, word):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        stack.formation.create_stack(StackName=stack.name, TemplateBody=json.dumps(template(None, **properties)))
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert word in refused.value.response["Error"]["Message"]


@pytest.mark.parametrize("properties, word", [
    ({"Body": definition(a={"get": mock()}), "BodyS3Location": {"Bucket": "b", "Key": "k"}}, "BodyS3Location"),
    ({"Description": "nameless"}, "Name must be specified"),
    ({"Body": "no document"}, "Body: must be a JSON object"),
    ({"Body": definition(a={"get": mock()}), "Mode": "replace"}, "Mode"),
])
def test_what_does_not_go_together_is_refused(stack, properties, word):
    stack.apply(template(None, **properties), ends="ROLLBACK_COMPLETE")
    assert word in stack.reasons()


def test_dew_deploys_a_definition_among_the_resources(cloud, service):  # noqa: F811
    (service / "serverless.yml").write_text(SERVERLESS_YML + """
resources:
  Resources:
    Second:
      Type: AWS::ApiGateway::RestApi
      Properties:
        Mode: overwrite
        Body:
          openapi: 3.0.1
          info: {title: second, version: "1"}
          paths:
            /described:
              get:
                responses: {}
                x-amazon-apigateway-integration:
                  type: aws_proxy
                  httpMethod: POST
                  uri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${ApiLambdaFunction.Arn}/invocations
    SecondMay:
      Type: AWS::Lambda::Permission
      Properties:
        FunctionName: !Ref ApiLambdaFunction
        Action: lambda:InvokeFunction
        Principal: apigateway.amazonaws.com
        SourceArn: !Sub arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Second}/*
    SecondDeployment: {Type: AWS::ApiGateway::Deployment, Properties: {RestApiId: !Ref Second, StageName: live}}
  Outputs:
    SecondId: {Value: !Ref Second}
""")
    options = ["--endpoint", cloud.endpoint, "--stage", "described"]
    done = dew("deploy", service, *options, "--json")
    assert done.returncode == 0, done.stderr
    second = json.loads(done.stdout)["outputs"]["SecondId"]
    status, body = get(f"{cloud.endpoint}/restapis/{second}/live/_user_request_/described")
    assert (status, body["path"]) == (200, "/described")
    assert dew("remove", service, *options).returncode == 0
