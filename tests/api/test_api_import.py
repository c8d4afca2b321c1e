"""REST APIs from OpenAPI definitions, by real clients: what is imported answers, and a second definition replaces it.

docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api.html
"""

import json

import botocore.exceptions
import pytest
from test_api_authorization import ECHO, ask, function  # noqa: F401: fixtures
from conftest import REGION


def definition(path, **operations):
    return {"openapi": "3.0.1", "info": {"title": "imported", "version": "1"}, "paths": {path: operations}}


def mock(text):
    return {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": {
        "type": "mock", "requestTemplates": {"application/json": '{"statusCode":200}'},
        "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": json.dumps({"is": text})}}}}}


def proxy(arn):
    return {"responses": {}, "x-amazon-apigateway-integration": {
        "type": "aws_proxy", "httpMethod": "POST",
        "uri": f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"}}


@pytest.fixture
def gateway(client):
    made = []
    yield client("apigateway"), made
    for one in made:
        client("apigateway").delete_rest_api(restApiId=one)


def test_an_imported_api_answers(gateway, function, cloud):  # noqa: F811
    api, made = gateway
    text = definition("/pets/{id}", get=proxy(function(ECHO)), put=mock("put"))
    one = api.import_rest_api(body=json.dumps(text).encode(), failOnWarnings=True)
    made.append(one["id"])
    assert one["name"] == "imported"
    api.create_deployment(restApiId=one["id"], stageName="dev")
    url = f"{cloud.endpoint}/restapis/{one['id']}/dev/_user_request_"
    assert ask(f"{url}/pets/7?x=1").json["pathParameters"] == {"id": "7"}
    assert ask(f"{url}/pets/7", "PUT", body=b"{}").json == {"is": "put"}

    api.put_rest_api(restApiId=one["id"], mode="merge", body=json.dumps(definition("/more", get=mock("more"))).encode())
    api.create_deployment(restApiId=one["id"], stageName="dev")
    assert ask(f"{url}/more").json == {"is": "more"}
    assert ask(f"{url}/pets/7").status == 200

    api.put_rest_api(restApiId=one["id"], mode="overwrite", body=json.dumps(definition("/only", get=mock("only"))).encode())
    api.create_deployment(restApiId=one["id"], stageName="dev")
    assert ask(f"{url}/only").json == {"is": "only"}
    assert ask(f"{url}/more").status == 403
    assert {r["path"] for r in api.get_resources(restApiId=one["id"])["items"]} == {"/", "/only"}


def test_the_command_line_imports_yaml(gateway, aws_cli, tmp_path):
    api, made = gateway
    (tmp_path / "api.yaml").write_text("""swagger: "2.0"
info: {title: from yaml, version: "1"}
paths:
  /hello:
    get:
      responses: {200: {description: ok}}
      x-amazon-apigateway-integration: {type: mock, requestTemplates: {application/json: '{"statusCode":200}'}}
""")
    out = aws_cli("apigateway", "import-rest-api", "--body", f"fileb://{tmp_path}/api.yaml")
    made.append((out if isinstance(out, dict) else json.loads(out))["id"])
    assert "/hello" in {r["path"] for r in api.get_resources(restApiId=made[0])["items"]}


def test_what_is_not_honoured_is_named_and_nothing_is_made(gateway):
    api, _ = gateway
    before = {one["id"] for one in api.get_rest_apis(limit=500)["items"]}
    text = definition("/x", get=mock("x"))
    text["x-amazon-apigateway-endpoint-configuration"] = {"vpcEndpointIds": ["vpce-1"]}
    for body, word in ((json.dumps(text), "vpce"), ("{", ""), ('{"openapi":"3.0.1"}', "")):
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            api.import_rest_api(body=body.encode())
        assert refused.value.response["Error"]["Code"] == "BadRequestException"
        assert word.lower() in refused.value.response["Error"]["Message"].lower()
    assert {one["id"] for one in api.get_rest_apis(limit=500)["items"]} == before
