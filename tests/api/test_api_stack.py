"""A stack's API with an authorizer, a model, a validator, a resource policy, an API key and its usage plan: made, changed, removed."""

import json

import pytest
from test_api_authorization import ask
from test_api_authorizers import AUTHORIZER

TEMPLATE = {
    "Resources": {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
                                                    "Action": "sts:AssumeRole"}]}}},
        "Check": {"Type": "AWS::Lambda::Function", "Properties": {
            "Runtime": "nodejs22.x", "Handler": "index.handler", "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": {"ZipFile": AUTHORIZER}}},
        "MayCheck": {"Type": "AWS::Lambda::Permission", "Properties": {
            "FunctionName": {"Ref": "Check"}, "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com",
            "SourceArn": {"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/authorizers/*"}}},
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {
            "Name": {"Ref": "AWS::StackName"},
            "Policy": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*/*/open"},
                {"Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*/*/shut"}]}}},
        "Authorizer": {"Type": "AWS::ApiGateway::Authorizer", "Properties": {
            "Name": "check", "Type": "TOKEN", "RestApiId": {"Ref": "Api"},
            "IdentitySource": "method.request.header.Authorization", "AuthorizerResultTtlInSeconds": 0,
            "AuthorizerUri": {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Check.Arn}/invocations"}}},
        "Validator": {"Type": "AWS::ApiGateway::RequestValidator", "Properties": {
            "RestApiId": {"Ref": "Api"}, "Name": "all", "ValidateRequestBody": True, "ValidateRequestParameters": True}},
        "Pet": {"Type": "AWS::ApiGateway::Model", "Properties": {
            "RestApiId": {"Ref": "Api"}, "ContentType": "application/json",
            "Schema": {"type": "object", "required": ["name"]}}},
        "Deployment": {"Type": "AWS::ApiGateway::Deployment", "DependsOn": ["OpenPost", "ShutGet", "KeyedGet", "CheckedGet"],
                       "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "dev"}},
        "Key": {"Type": "AWS::ApiGateway::ApiKey", "DependsOn": "Deployment", "Properties": {
            "Enabled": True, "Name": {"Ref": "AWS::StackName"},
            "StageKeys": [{"RestApiId": {"Ref": "Api"}, "StageName": "dev"}]}},
        "Plan": {"Type": "AWS::ApiGateway::UsagePlan", "DependsOn": "Deployment", "Properties": {
            "UsagePlanName": {"Ref": "AWS::StackName"}, "ApiStages": [{"ApiId": {"Ref": "Api"}, "Stage": "dev"}],
            "Quota": {"Limit": 2, "Period": "DAY"}}},
        "KeyOfPlan": {"Type": "AWS::ApiGateway::UsagePlanKey", "Properties": {
            "KeyId": {"Ref": "Key"}, "KeyType": "API_KEY", "UsagePlanId": {"Ref": "Plan"}}},
    },
    "Outputs": {name: {"Value": {"Ref": name}} for name in ("Api", "Key", "Plan", "Authorizer", "Pet", "Validator")},
}


def add_method(name, path, verb, **properties):
    TEMPLATE["Resources"][name] = {"Type": "AWS::ApiGateway::Resource", "Properties": {
        "RestApiId": {"Ref": "Api"}, "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": path}}
    TEMPLATE["Resources"][name + verb.title()] = {"Type": "AWS::ApiGateway::Method", "Properties": {
        "RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": name}, "HttpMethod": verb, "AuthorizationType": "NONE",
        "MethodResponses": [{"StatusCode": "200"}],
        "Integration": {"Type": "MOCK", "RequestTemplates": {"application/json": '{"statusCode":200}'},
                        "IntegrationResponses": [{"StatusCode": "200"}]}, **properties}}


add_method("Open", "open", "POST", RequestValidatorId={"Ref": "Validator"}, RequestModels={"application/json": {"Ref": "Pet"}})
add_method("Shut", "shut", "GET")
add_method("Keyed", "keyed", "GET", ApiKeyRequired=True, AuthorizationType="AWS_IAM")
add_method("Checked", "checked", "GET", AuthorizationType="CUSTOM", AuthorizerId={"Ref": "Authorizer"})


def test_a_stack_with_all_of_them(client, cloud, unique):
    formation, gateway, name = client("cloudformation"), client("apigateway"), unique("access")

    def apply(call, waiter):
        call(StackName=name, TemplateBody=json.dumps(TEMPLATE), Capabilities=["CAPABILITY_IAM"])
        formation.get_waiter(waiter).wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        stack = formation.describe_stacks(StackName=name)["Stacks"][0]
        return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}

    made = apply(formation.create_stack, "stack_create_complete")

    def request(path, **options):
        return ask(f"{cloud.endpoint}/restapis/{made['Api']}/dev/_user_request_{path}", **options)
    assert request("/open", method="POST", body=b'{"name":"Rex"}').status == 200
    assert request("/open", method="POST", body=b"{}").status == 400
    assert request("/shut").status == 403
    assert request("/checked").status == 401
    assert request("/checked", headers={"Authorization": "kim allow"}).status == 200
    assert request("/checked", headers={"Authorization": "kim deny"}).status == 403
    value = gateway.get_api_key(apiKey=made["Key"], includeValue=True)["value"]
    signed = {"keys": ("test", "test")}
    assert request("/keyed", **signed).status == 403
    assert [request("/keyed", headers={"x-api-key": value}, **signed).status for _ in range(3)] == [200, 200, 429]

    resources = TEMPLATE["Resources"]
    resources["Plan"]["Properties"]["Quota"] = {"Limit": 4, "Period": "DAY"}
    resources["Authorizer"]["Properties"]["AuthorizerResultTtlInSeconds"] = 60
    resources["Pet"]["Properties"]["Schema"] = {"type": "array"}
    resources["Validator"]["Properties"]["ValidateRequestParameters"] = False
    resources["Key"]["Properties"]["Description"] = "changed"
    changed = apply(formation.update_stack, "stack_update_complete")
    assert changed == made
    assert [request("/keyed", headers={"x-api-key": value}, **signed).status for _ in range(3)] == [200, 200, 429]
    assert gateway.get_authorizer(restApiId=made["Api"], authorizerId=made["Authorizer"])["authorizerResultTtlInSeconds"] == 60
    assert gateway.get_model(restApiId=made["Api"], modelName=made["Pet"])["schema"] == '{"type":"array"}'
    assert gateway.get_api_key(apiKey=made["Key"])["description"] == "changed"

    formation.delete_stack(StackName=name)
    formation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    with pytest.raises(gateway.exceptions.NotFoundException):
        gateway.get_api_key(apiKey=made["Key"])
    with pytest.raises(gateway.exceptions.NotFoundException):
        gateway.get_usage_plan(usagePlanId=made["Plan"])
