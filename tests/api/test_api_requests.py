"""Requests that an API checks itself: required parameters, bodies by their models, API keys, throttles, quotas.

docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
"""

import datetime
import json

import botocore.exceptions
import pytest
from test_api_authorization import ECHO, Api, api, function  # noqa: F401: fixtures
from test_api_authorizers import AUTHORIZER, uri

PET = {"type": "object", "required": ["name"], "additionalProperties": False, "properties": {
    "name": {"type": "string", "minLength": 1}, "legs": {"type": "integer", "minimum": 0}}}


def validator(it, **what):
    return it.client.create_request_validator(restApiId=it.id, name="v", **what)["id"]


def model(it, name, schema):
    it.client.create_model(restApiId=it.id, name=name, contentType="application/json", schema=json.dumps(schema))


def test_required_parameters(api):  # noqa: F811
    it = api()
    checks = validator(it, validateRequestParameters=True)
    parameters = {"method.request.querystring.q": True, "method.request.header.X-Who": True,
                  "method.request.querystring.page": False}
    it.method("/checked", requestParameters=parameters, requestValidatorId=checks)
    it.method("/unchecked", requestParameters=parameters)
    it.deploy()
    assert it.ask("/checked?q=1", headers={"x-who": "kim"}).status == 200
    assert it.ask("/unchecked").status == 200
    answer = it.ask("/checked")
    assert (answer.status, answer.type) == (400, "BadRequestException")
    assert answer.json["message"] in ("Missing required request parameters: [q, X-Who]",
                                      "Missing required request parameters: [X-Who, q]")
    for target in ("/checked?q=&page=1", "/checked?page=1"):
        answer = it.ask(target, headers={"X-Who": "kim"})
        assert (answer.status, answer.body) == (400, '{"message": "Missing required request parameters: [q]"}')


def test_bodies_by_their_models(api, function):  # noqa: F811
    it = api()
    model(it, "Pet", PET)
    model(it, "Pets", {"type": "array", "items": {
        "$ref": f"https://apigateway.amazonaws.com/restapis/{it.id}/models/Pet"}})
    checks = validator(it, validateRequestBody=True)
    echo = function(ECHO)
    it.method("/pet", "POST", function=echo, requestModels={"application/json": "Pet"}, requestValidatorId=checks)
    it.method("/pets", "POST", function=echo, requestModels={"$default": "Pets"}, requestValidatorId=checks)
    it.method("/free", "POST", function=echo, requestModels={"application/json": "Pet"})
    it.deploy()

    def post(path, body, kind="application/json"):
        return it.ask(path, "POST", headers={"Content-Type": kind} if kind else {}, body=body)
    assert post("/pet", b'{"name":"Rex","legs":4}').status == 200
    assert post("/pet", b'{"name":"Rex"}', "application/json; charset=utf-8").status == 200
    assert post("/pet", b"<pet/>", "application/xml").status == 200, "a type without a model is not checked"
    for body in (b"", b"{", b"[]", b"{}", b'{"name":""}', b'{"name":"Rex","legs":-1}', b'{"name":"Rex","x":1}'):
        answer = post("/pet", body)
        assert (answer.status, answer.body, answer.type) == (
            400, '{"message": "Invalid request body"}', "BadRequestException"), body
    assert post("/pets", b'[{"name":"Rex"}]', "text/plain").status == 200
    assert post("/pets", b'[{"name":7}]', "text/plain").status == 400
    assert post("/free", b"{").status == 200

    it.client.put_gateway_response(restApiId=it.id, responseType="BAD_REQUEST_BODY", statusCode="422")
    it.deploy()
    assert post("/pet", b"{}").status == 422


def test_models_that_are_refused(api):  # noqa: F811
    it = api()

    def error(schema, name="Bad"):
        with pytest.raises(botocore.exceptions.ClientError) as raised:
            it.client.create_model(restApiId=it.id, name=name, contentType="application/json", schema=schema)
        return raised.value.response["Error"]["Message"]
    assert error("{").startswith("Invalid model specified")
    assert "unknown type" in error('{"type":"text"}')
    assert "which is not known" in error('{"$ref":"https://apigateway.amazonaws.com/restapis/x/models/None"}')
    assert error("{}", "not-alphanumeric").startswith("Model name must be alphanumeric")
    assert [one["name"] for one in it.client.get_models(restApiId=it.id)["items"]] == ["Empty", "Error"]
    model(it, "Pet", PET)
    model(it, "Pets", {"$ref": f"https://apigateway.amazonaws.com/restapis/{it.id}/models/Pet"})
    with pytest.raises(it.client.exceptions.ConflictException):
        it.client.delete_model(restApiId=it.id, modelName="Pet")
    it.client.delete_model(restApiId=it.id, modelName="Pets")
    it.client.delete_model(restApiId=it.id, modelName="Pet")


@pytest.fixture
def plan():
    """plan(api, **limits) gives (plan id, key id, key) of a key that may call the API's stage dev."""
    made = []

    def make(it, **limits):
        gateway = it.client
        one = gateway.create_usage_plan(name="plan", apiStages=[{"apiId": it.id, "stage": "dev"}], **limits)["id"]
        key = gateway.create_api_key(name="key", enabled=True)
        gateway.create_usage_plan_key(usagePlanId=one, keyId=key["id"], keyType="API_KEY")
        made.append((gateway, one, key["id"], it.id))
        return one, key["id"], key["value"]
    yield make
    for gateway, one, key, api_id in made:
        gateway.update_usage_plan(usagePlanId=one, patchOperations=[
            {"op": "remove", "path": "/apiStages", "value": f"{api_id}:dev"}])
        gateway.delete_usage_plan(usagePlanId=one)
        gateway.delete_api_key(apiKey=key)


@pytest.fixture
def private(api, function):  # noqa: F811
    def make(**options):
        it = api(**options)
        it.method("/a", function=function(ECHO), apiKeyRequired=True)
        it.method("/b", apiKeyRequired=True)
        it.deploy()
        return it
    return make


def test_a_key_of_a_plan_lets_in(private, plan):
    it = private()
    one, key_id, value = plan(it)
    forbidden = (403, {"message": "Forbidden"}, "ForbiddenException")
    for headers in ({}, {"x-api-key": "a-key-that-does-not-exist"}):
        answer = it.ask("/a", headers=headers)
        assert (answer.status, answer.json, answer.type) == forbidden
    answer = it.ask("/a", headers={"X-Api-Key": value})
    assert answer.status == 200
    identity = answer.json["requestContext"]["identity"]
    assert (identity["apiKey"], identity["apiKeyId"]) == (value, key_id)

    it.client.update_api_key(apiKey=key_id, patchOperations=[{"op": "replace", "path": "/enabled", "value": "false"}])
    assert it.ask("/a", headers={"x-api-key": value}).status == 403
    it.client.update_api_key(apiKey=key_id, patchOperations=[{"op": "replace", "path": "/enabled", "value": "true"}])
    assert it.ask("/a", headers={"x-api-key": value}).status == 200
    it.client.delete_usage_plan_key(usagePlanId=one, keyId=key_id)
    assert it.ask("/a", headers={"x-api-key": value}).status == 403


def test_a_quota_ends_and_is_counted(private, plan):
    it = private()
    one, key_id, value = plan(it, quota={"limit": 3, "period": "DAY"})
    assert [it.ask("/a", headers={"x-api-key": value}).status for _ in range(3)] == [200, 200, 200]
    answer = it.ask("/b", headers={"x-api-key": value})
    assert (answer.status, answer.json, answer.type) == (429, {"message": "Limit Exceeded"}, "LimitExceededException")
    today = datetime.datetime.now(datetime.timezone.utc).date()
    yesterday = today - datetime.timedelta(days=1)
    usage = it.client.get_usage(usagePlanId=one, startDate=str(yesterday), endDate=str(today))
    assert usage["items"] == {key_id: [[0, 3], [3, 0]]}
    it.client.update_usage(usagePlanId=one, keyId=key_id,
                           patchOperations=[{"op": "replace", "path": "/remaining", "value": "1"}])
    assert [it.ask("/a", headers={"x-api-key": value}).status for _ in range(2)] == [200, 429]


def test_a_quota_survives_an_abrupt_end(new_cloud, tmp_path):
    data = tmp_path / "data-quota"
    cloud = new_cloud(data=data)
    it = Api(cloud, "quota")
    it.method("/b", apiKeyRequired=True)
    it.deploy()
    one = it.client.create_usage_plan(name="plan", apiStages=[{"apiId": it.id, "stage": "dev"}],
                                      quota={"limit": 3, "period": "MONTH"})["id"]
    key = it.client.create_api_key(name="key", enabled=True)
    it.client.create_usage_plan_key(usagePlanId=one, keyId=key["id"], keyType="API_KEY")
    assert [it.ask("/b", headers={"x-api-key": key["value"]}).status for _ in range(2)] == [200, 200]
    cloud.kill()
    it.cloud = new_cloud(data=data)
    assert [it.ask("/b", headers={"x-api-key": key["value"]}).status for _ in range(2)] == [200, 429]


def test_a_plan_throttles(private, plan):
    it = private()
    _, _, value = plan(it, throttle={"rateLimit": 0.001, "burstLimit": 2})
    statuses = [it.ask("/b", headers={"x-api-key": value}).status for _ in range(4)]
    assert statuses == [200, 200, 429, 429]
    answer = it.ask("/b", headers={"x-api-key": value})
    assert (answer.json, answer.type) == ({"message": "Too Many Requests"}, "TooManyRequestsException")


def test_a_plan_throttles_a_method_of_its_own(private, plan):
    it = private()
    one, _, value = plan(it)
    it.client.update_usage_plan(usagePlanId=one, patchOperations=[
        {"op": "replace", "path": f"/apiStages/{it.id}:dev/throttle/~1b~1GET/{name}", "value": limit}
        for name, limit in (("rateLimit", "0.001"), ("burstLimit", "1"))])
    assert [it.ask("/b", headers={"x-api-key": value}).status for _ in range(2)] == [200, 429]
    assert [it.ask("/a", headers={"x-api-key": value}).status for _ in range(2)] == [200, 200]


def test_a_stage_throttles_its_methods(api):  # noqa: F811
    it = api()
    it.method("/a")
    it.method("/b")
    it.deploy()
    it.client.update_stage(restApiId=it.id, stageName="dev", patchOperations=[
        {"op": "replace", "path": "/~1a/GET/throttling/rateLimit", "value": "0.001"},
        {"op": "replace", "path": "/~1a/GET/throttling/burstLimit", "value": "1"}])
    assert [it.ask("/a").status for _ in range(3)] == [200, 429, 429]
    assert [it.ask("/b").status for _ in range(3)] == [200, 200, 200]


def test_a_key_from_an_authorizer(api, function, plan):  # noqa: F811
    it = api(apiKeySource="AUTHORIZER")
    authorizer = it.client.create_authorizer(
        restApiId=it.id, name="check", type="TOKEN", authorizerUri=uri(function(AUTHORIZER)),
        identitySource="method.request.header.Authorization")["id"]
    it.method("/a", authorizationType="CUSTOM", authorizerId=authorizer, apiKeyRequired=True)
    it.deploy()
    one, _, _ = plan(it)
    value = "the-key-of-kim-in-the-usage-plan"
    key = it.client.create_api_key(name="of-kim", enabled=True, value=value)["id"]
    it.client.create_usage_plan_key(usagePlanId=one, keyId=key, keyType="API_KEY")
    assert it.ask("/a", headers={"Authorization": "kim allow"}).status == 200
    assert it.ask("/a", headers={"Authorization": "lee allow", "x-api-key": value}).status == 403
    it.client.delete_api_key(apiKey=key)


def test_keys_and_plans_that_are_refused(client):
    gateway = client("apigateway")

    def error(call, **arguments):
        with pytest.raises(botocore.exceptions.ClientError) as raised:
            call(**arguments)
        return raised.value.response["Error"]["Message"]
    assert error(gateway.create_api_key, name="k", value="short") == "API Key value should be at least 20 characters"
    key = gateway.create_api_key(name="k", value="a-value-that-is-there-twice")["id"]
    assert error(gateway.create_api_key, name="k", value="a-value-that-is-there-twice") == "API Key already exists"
    assert "value" not in gateway.get_api_key(apiKey=key)
    assert gateway.get_api_key(apiKey=key, includeValue=True)["value"] == "a-value-that-is-there-twice"
    gateway.delete_api_key(apiKey=key)
    assert error(gateway.get_api_key, apiKey=key) == "Invalid API Key identifier specified"
    for period, offset, words in (("DAY", 1, "must be zero in the DAY period"),
                                  ("WEEK", 7, "between zero and six inclusive in the WEEK period"),
                                  ("MONTH", 28, "between zero and 27 inclusive in the MONTH period")):
        assert words in error(gateway.create_usage_plan, name="p", quota={"limit": 1, "offset": offset, "period": period})
    assert error(gateway.create_usage_plan, name="p", apiStages=[{"apiId": "x", "stage": "y"}]) == "API Stage not found: x:y"
