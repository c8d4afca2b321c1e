"""Lambda authorizers of REST APIs: TOKEN and REQUEST, what they let in, what they remember, how they fail.

docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

import json

import botocore.exceptions
import pytest
from conftest import ACCOUNT, REGION
from test_api_authorization import ECHO, api, function, invoke, policy  # noqa: F401: fixtures

# Decides by what it is told: who/effect, and how it fails.
AUTHORIZER = """
let calls = 0;
exports.handler = async (event) => {
  calls += 1;
  const told = event.type === 'TOKEN' ? event.authorizationToken : event.headers['X-Told'] || 'nobody allow';
  const [who, what] = told.split(' ');
  if (what === 'unauthorized') throw new Error('Unauthorized');
  if (what === 'crash') throw new Error('another one');
  if (what === 'nonsense') return 'nonsense';
  if (what === 'nested') return { principalId: who, policyDocument: document('Allow', '*'), context: { a: {} } };
  const resource = what === 'elsewhere' ? event.methodArn + '/more' : what === 'only' ? event.methodArn : '*';
  return {
    principalId: who,
    policyDocument: document(what === 'deny' ? 'Deny' : 'Allow', resource),
    context: { text: 'some text', number: 7, flag: true, nothing: null, calls, event: JSON.stringify(event) },
    usageIdentifierKey: 'the-key-of-' + who + '-in-the-usage-plan',
  };
};
const document = (Effect, Resource) => ({ Version: '2012-10-17', Statement: [{ Action: 'execute-api:Invoke', Effect, Resource }] });
"""


def uri(arn):
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"


@pytest.fixture
def guarded(api, function):  # noqa: F811
    """guarded(**authorizer) gives an API whose /a (GET, POST) and /b are behind an authorizer."""
    def make(source=AUTHORIZER, permitted=True, policy_of_api=None, **options):
        it = api(**({"policy": policy_of_api} if policy_of_api else {}))
        given = {"name": "check", "type": "TOKEN", "identitySource": "method.request.header.Authorization",
                 "authorizerUri": uri(function(source, permitted)), **options}
        it.authorizer = it.client.create_authorizer(restApiId=it.id, **given)["id"]
        echo = function(ECHO)
        for path, verb in (("/a", "GET"), ("/a", "POST"), ("/b", "GET")):
            it.method(path, verb, function=echo, authorizationType="CUSTOM", authorizerId=it.authorizer)
        it.deploy()
        return it
    return make


def told(text):
    return {"Authorization": text}


def test_a_token_lets_in_with_its_context(guarded):
    it = guarded(authorizerResultTtlInSeconds=0)
    answer = it.ask("/a?q=1", headers=told("kim allow"))
    assert answer.status == 200, answer.body
    authorizer = answer.json["requestContext"]["authorizer"]
    seen = json.loads(authorizer.pop("event"))
    assert authorizer.pop("integrationLatency") >= 0
    assert authorizer == {"principalId": "kim", "text": "some text", "number": "7", "flag": "true", "calls": "1"}
    assert seen == {"type": "TOKEN", "authorizationToken": "kim allow", "methodArn": f"{it.arn}/dev/GET/a"}


def test_what_a_token_authorizer_refuses(guarded):
    it = guarded(authorizerResultTtlInSeconds=0, identityValidationExpression=r"^[a-z]+ .*")
    unauthorized = (401, {"message": "Unauthorized"}, "UnauthorizedException")
    broken = (500, {"message": None}, "AuthorizerConfigurationException")
    for headers, expected in (
            ({}, unauthorized),
            (told(""), unauthorized),
            (told("123 allow"), unauthorized),
            (told("kim unauthorized"), unauthorized),
            (told("kim deny"), (403, {"Message": "User is not authorized to access this resource with an explicit deny"},
                                "AccessDeniedException")),
            (told("kim elsewhere"), (403, {"Message": "User is not authorized to access this resource"},
                                     "AccessDeniedException")),
            (told("kim crash"), broken), (told("kim nonsense"), broken), (told("kim nested"), broken)):
        answer = it.ask("/a", headers=headers)
        assert (answer.status, answer.json, answer.type) == expected, headers


def test_an_answer_is_remembered_by_its_identity_for_a_while(guarded):
    it = guarded(authorizerResultTtlInSeconds=300)
    for path, verb in (("/a", "GET"), ("/a", "GET"), ("/b", "GET"), ("/a", "POST")):
        answer = it.ask(path, verb, headers=told("kim allow"), body=b"{}" if verb == "POST" else None)
        assert answer.json["requestContext"]["authorizer"]["calls"] == "1"
    assert it.ask("/a", headers=told("lee allow")).json["requestContext"]["authorizer"]["calls"] == "2"
    # The policy, not the answer, is remembered: it is weighed anew for every method.
    assert it.ask("/a", headers=told("ann only")).status == 200
    assert it.ask("/a", headers=told("ann only")).status == 200
    assert it.ask("/b", headers=told("ann only")).status == 403
    it.client.flush_stage_authorizers_cache(restApiId=it.id, stageName="dev")
    assert it.ask("/b", headers=told("ann only")).status == 200


def test_without_a_time_to_live_every_request_asks(guarded):
    it = guarded(authorizerResultTtlInSeconds=0)
    calls = [it.ask("/a", headers=told("kim allow")).json["requestContext"]["authorizer"]["calls"] for _ in range(3)]
    assert calls == ["1", "2", "3"]


def test_a_request_authorizer_sees_the_request(guarded):
    it = guarded(type="REQUEST", authorizerResultTtlInSeconds=300,
                 identitySource="method.request.header.X-Told, method.request.querystring.q")
    for url, headers in (("/a", {"X-Told": "kim allow"}), ("/a?q=1", {})):
        answer = it.ask(url, headers=headers)
        assert (answer.status, answer.json) == (401, {"message": "Unauthorized"})
    answer = it.ask("/a?q=1&q=2", "POST", headers={"X-Told": "kim allow"}, body=b'{"secret":1}')
    seen = json.loads(answer.json["requestContext"]["authorizer"]["event"])
    assert seen["type"] == "REQUEST" and seen["methodArn"] == f"{it.arn}/dev/POST/a"
    assert seen["httpMethod"] == "POST" and seen["path"] == "/a" and seen["resource"] == "/a"
    assert seen["queryStringParameters"] == {"q": "2"}
    assert seen["multiValueQueryStringParameters"] == {"q": ["1", "2"]}
    assert seen["headers"]["X-Told"] == "kim allow"
    assert seen["requestContext"]["stage"] == "dev" and "authorizer" not in seen["requestContext"]
    assert "body" not in seen


def test_a_request_authorizer_without_identity_sources(guarded):
    it = guarded(type="REQUEST", authorizerResultTtlInSeconds=0, identitySource="")
    assert it.ask("/a").status == 200
    assert it.ask("/a", headers={"X-Told": "kim deny"}).status == 403


def test_an_api_s_policy_comes_first_and_counts_in_the_end(guarded):
    it = guarded(policy_of_api=policy(invoke("Deny", "execute-api:/dev/GET/a", Principal="*"),
                                      invoke("Allow", "execute-api:/dev/GET/b", Principal="*")))
    answer = it.ask("/a", headers=told("kim allow"))
    assert answer.status == 403
    assert "with an explicit deny in a resource-based policy" in answer.json["Message"]
    # Table A: an authorizer that says nothing about the method, and an API's policy that allows it.
    assert it.ask("/b", headers=told("kim elsewhere")).status == 200
    assert it.ask("/b", headers=told("kim deny")).status == 403
    assert it.ask("/a", "POST", headers=told("kim elsewhere"), body=b"{}").status == 403


def test_an_authorizer_that_may_not_be_invoked(guarded):
    it = guarded(permitted=False)
    answer = it.ask("/a", headers=told("kim allow"))
    assert (answer.status, answer.json, answer.type) == (500, {"message": None}, "AuthorizerConfigurationException")


def test_gateway_responses_of_authorizers(guarded):
    it = guarded(authorizerResultTtlInSeconds=0)
    for kind, status in (("UNAUTHORIZED", "418"), ("ACCESS_DENIED", "404"), ("AUTHORIZER_CONFIGURATION_ERROR", "503")):
        it.client.put_gateway_response(
            restApiId=it.id, responseType=kind, statusCode=status,
            responseParameters={"gatewayresponse.header.x-kind": f"'{kind}'"},
            responseTemplates={"application/json": '{"said":$context.error.messageString}'})
    it.deploy()
    for headers, status, said in (({}, 418, "Unauthorized"), (told("kim crash"), 503, None),
                                  (told("kim elsewhere"), 404, "User is not authorized to access this resource")):
        answer = it.ask("/a", headers=headers)
        assert (answer.status, answer.json) == (status, {"said": said})
        assert answer.headers["x-kind"]


def test_test_invoke_authorizer(guarded):
    it = guarded()
    said = it.client.test_invoke_authorizer(restApiId=it.id, authorizerId=it.authorizer, headers=told("kim allow"))
    assert said["clientStatus"] == 200 and said["principalId"] == "kim"
    assert json.loads(said["policy"])["Statement"][0]["Effect"] == "Allow"
    assert said["authorization"]["text"] == ["some text"] and said["log"]
    said = it.client.test_invoke_authorizer(restApiId=it.id, authorizerId=it.authorizer, headers=told("kim unauthorized"))
    assert said["clientStatus"] == 401
    assert it.client.test_invoke_authorizer(restApiId=it.id, authorizerId=it.authorizer)["clientStatus"] == 401
    said = it.client.test_invoke_authorizer(restApiId=it.id, authorizerId=it.authorizer, headers=told("kim crash"))
    assert said["clientStatus"] == 500


def test_authorizers_that_are_refused(api, function):  # noqa: F811
    it = api()
    good = {"name": "a", "type": "TOKEN", "authorizerUri": uri(f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"),
            "identitySource": "method.request.header.Authorization"}

    def error(**changes):
        with pytest.raises(botocore.exceptions.ClientError) as raised:
            it.client.create_authorizer(restApiId=it.id, **{**good, **changes})
        return raised.value.response["Error"]["Message"]
    assert "COGNITO_USER_POOLS" in error(type="COGNITO_USER_POOLS")
    assert error(authorizerUri="http://x").startswith("Invalid Authorizer URI: http://x.")
    assert "TTL" in error(authorizerResultTtlInSeconds=3601)
    assert "Invalid mapping expression" in error(identitySource="header.x")
    assert "Identity source is required" in error(type="REQUEST", identitySource="")
    assert "authorizerCredentials" in error(authorizerCredentials=f"arn:aws:iam::{ACCOUNT}:role/r")
    made = it.client.create_authorizer(restApiId=it.id, **good)
    assert error() == "Authorizer name must be unique. Authorizer a already exists in this RestApi."
    it.method("/a", authorizationType="CUSTOM", authorizerId=made["id"])
    with pytest.raises(it.client.exceptions.ConflictException):
        it.client.delete_authorizer(restApiId=it.id, authorizerId=made["id"])
    with pytest.raises(it.client.exceptions.BadRequestException):
        it.method("/b", authorizationType="CUSTOM", authorizerId="none")
