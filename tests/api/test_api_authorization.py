"""Who may invoke a deployed REST API: signatures (AWS_IAM), identity policies and the API's resource policy.

docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-to-api.html
"""

import json
import urllib.error
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from conftest import ACCOUNT, REGION
from test_lambda import TRUST, archive

ECHO = "exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) });"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def type(self):
        return self.headers.get("x-amzn-errortype")


def ask(url, method="GET", headers=None, body=None, keys=None, region=REGION, service="execute-api", when_sent=None):
    """One request; `keys` (access key, secret[, session token]) sign it."""
    headers = dict(headers or {})
    if body is not None:
        headers.setdefault("Content-Type", "application/json")
    request = botocore.awsrequest.AWSRequest(method, url, headers, body)
    if keys:
        credentials = botocore.credentials.Credentials(*keys)
        botocore.auth.SigV4Auth(credentials, service, region).add_auth(request)
    if when_sent:
        when_sent(request.headers)
    sent = urllib.request.Request(url, data=body, headers=dict(request.headers.items()), method=method)
    try:
        with urllib.request.urlopen(sent, timeout=60) as answer:
            return Answer(answer.status, answer.headers, answer.read().decode())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read().decode())


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def invoke(effect, resource, **more):
    return {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource, **more}


class Api:
    """A REST API of the test's own; `at(path)` is a resource, `deploy()` serves it."""

    def __init__(self, cloud, name, **options):
        self.cloud = cloud
        self.client = cloud.client("apigateway")
        made = self.client.create_rest_api(name=name, **options)
        self.id = made["id"]
        self.resources = {"": self.client.get_resources(restApiId=self.id)["items"][0]["id"]}
        self.arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{self.id}"

    def at(self, path):
        if path not in self.resources:
            parent, _, part = path.rpartition("/")
            self.resources[path] = self.client.create_resource(
                restApiId=self.id, parentId=self.at(parent), pathPart=part)["id"]
        return self.resources[path]

    def method(self, path, verb="GET", function=None, **options):
        where = {"restApiId": self.id, "resourceId": self.at(path), "httpMethod": verb}
        self.client.put_method(**where, **{"authorizationType": "NONE", **options})
        if function:
            self.client.put_integration(
                **where, type="AWS_PROXY", integrationHttpMethod="POST",
                uri=f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations")
        else:
            self.client.put_integration(**where, type="MOCK", requestTemplates={"application/json": '{"statusCode":200}'})
            self.client.put_method_response(**where, statusCode="200")
            self.client.put_integration_response(**where, statusCode="200",
                                                 responseTemplates={"application/json": '{"ok":true}'})

    def deploy(self, stage="dev"):
        self.client.create_deployment(restApiId=self.id, stageName=stage)

    def url(self, path, stage="dev"):
        return f"{self.cloud.endpoint}/restapis/{self.id}/{stage}/_user_request_{path}"

    def ask(self, path, *arguments, **options):
        return ask(self.url(path), *arguments, **options)


@pytest.fixture
def api(cloud, unique):
    made = []

    def make(on=cloud, **options):
        made.append(Api(on, unique("api"), **options))
        return made[-1]
    yield make
    for one in made:
        one.client.delete_rest_api(restApiId=one.id)


@pytest.fixture
def function(client, unique):
    """function(source) gives the ARN of a Node.js function that API Gateway may invoke."""
    made = []
    role = client("iam").create_role(RoleName=unique("role"), AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]

    def make(source=ECHO, permitted=True):
        name = unique("fn")
        arn = client("lambda").create_function(FunctionName=name, Runtime="nodejs22.x", Role=role, Handler="index.handler",
                                               Code={"ZipFile": archive({"index.js": source})})["FunctionArn"]
        made.append(name)
        if permitted:
            client("lambda").add_permission(FunctionName=name, StatementId="gateway", Action="lambda:InvokeFunction",
                                            Principal="apigateway.amazonaws.com")
        return arn
    yield make
    for name in made:
        client("lambda").delete_function(FunctionName=name)


@pytest.fixture
def user(client, unique):
    """user(statement…) gives (ARN, id, keys) of a new user with that policy."""
    def make(*statements, on=client):
        name = unique("user")
        one = on("iam").create_user(UserName=name)["User"]
        if statements:
            on("iam").put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(*statements))
        key = on("iam").create_access_key(UserName=name)["AccessKey"]
        return one["Arn"], one["UserId"], (key["AccessKeyId"], key["SecretAccessKey"])
    return make


def test_a_signed_caller_reaches_the_function_as_who_they_are(api, function, user):
    it = api()
    it.method("/who/{id}", function=function(), authorizationType="AWS_IAM")
    it.deploy()
    arn, user_id, keys = user(invoke("Allow", f"{it.arn}/dev/GET/who/*"))
    answer = it.ask("/who/a%20b?x=1&y=%2F", keys=keys, headers={"x-more": "1"})
    assert answer.status == 200, answer.body
    identity = answer.json["requestContext"]["identity"]
    assert {key: identity[key] for key in ("accessKey", "accountId", "caller", "user", "userArn")} == {
        "accessKey": keys[0], "accountId": ACCOUNT, "caller": user_id, "user": user_id, "userArn": arn}
    assert not any(name.lower() == "authorization" for name in answer.json["headers"])
    assert "AWS4-HMAC-SHA256" not in answer.body


def test_what_a_method_with_iam_refuses(api, user):
    it = api()
    it.method("/a", "POST", authorizationType="AWS_IAM")
    it.method("/open")
    it.deploy()
    arn, _, keys = user(invoke("Allow", f"{it.arn}/dev/POST/a"))
    assert it.ask("/a", "POST", body=b"{}", keys=keys).status == 200
    assert it.ask("/open").status == 200

    answer = it.ask("/a", "POST", body=b"{}")
    assert (answer.status, answer.json, answer.type) == (
        403, {"message": "Missing Authentication Token"}, "MissingAuthenticationTokenException")
    answer = it.ask("/a", "POST", headers={"Authorization": "Bearer x"})
    assert (answer.status, answer.type) == (403, "IncompleteSignatureException")
    answer = it.ask("/a", "POST", body=b"{}", keys=(keys[0], "wrong"))
    assert (answer.status, answer.type) == (403, "InvalidSignatureException")
    assert answer.json["message"].startswith("The request signature we calculated does not match")
    answer = it.ask("/a", "POST", body=b"{}", keys=("ASIADEWAAAAAAAAAAAAA", "x", "y"))
    assert (answer.status, answer.type) == (403, "ExpiredTokenException")
    answer = it.ask("/a", "POST", body=b"{}", keys=("AKIADEWAAAAAAAAAAAAA", "x"))
    assert (answer.status, answer.json, answer.type) == (
        403, {"message": "The security token included in the request is invalid."}, "UnrecognizedClientException")
    answer = it.ask("/a", "POST", body=b"{}", keys=keys, service="s3")
    assert (answer.status, answer.type) == (403, "InvalidSignatureException")

    def age(headers):
        headers["X-Amz-Date"] = "20200101T000000Z"
    answer = it.ask("/a", "POST", body=b"{}", keys=keys, when_sent=age)
    assert (answer.status, answer.type) == (403, "InvalidSignatureException")
    assert answer.json["message"].startswith("Signature expired: ")

    other, _, powerless = user()
    answer = it.ask("/a", "POST", body=b"{}", keys=powerless)
    assert (answer.status, answer.type) == (403, "AccessDeniedException")
    assert answer.json == {"Message": f"User: {other} is not authorized to perform: execute-api:Invoke on resource: "
                                      f"arn:aws:execute-api:{REGION}:********{ACCOUNT[-4:]}:{it.id}/dev/POST/a because "
                                      "no identity-based policy allows the execute-api:Invoke action"}


def test_identity_and_resource_policies_together(api, user):
    """Table A of apigateway-authorization-flow.html: the caller's account is the API's."""
    everyone = {"Principal": "*"}
    for identity, resource, allowed in (
            ("Allow", "Allow", True), ("Allow", None, True), ("Allow", "Deny", False),
            (None, "Allow", True), (None, None, False), (None, "Deny", False),
            ("Deny", "Allow", False), ("Deny", None, False), ("Deny", "Deny", False)):
        it = api(**({"policy": policy(invoke(resource, "execute-api:/dev/GET/a", **everyone))} if resource else {}))
        it.method("/a", authorizationType="AWS_IAM")
        it.deploy()
        _, _, keys = user(*([invoke(identity, f"{it.arn}/*")] if identity else []))
        answer = it.ask("/a", keys=keys)
        assert answer.status == (200 if allowed else 403), (identity, resource, answer.body)
        if identity == "Deny" or resource == "Deny":
            assert "with an explicit deny in a" in answer.json["Message"], (identity, resource)


def test_a_resource_policy_alone_by_address(api):
    def statement(effect, address, condition="IpAddress"):
        return invoke(effect, "execute-api:/*", Principal="*", Condition={condition: {"aws:SourceIp": address}})
    it = api(policy=policy(statement("Allow", "127.0.0.0/8")))
    it.method("/a")
    it.deploy()
    assert it.ask("/a").status == 200

    it.client.update_rest_api(restApiId=it.id, patchOperations=[
        {"op": "replace", "path": "/policy", "value": policy(statement("Allow", "10.0.0.0/8"))}])
    assert it.ask("/a").status == 200, "a policy counts once it is deployed"
    it.deploy()
    answer = it.ask("/a")
    assert (answer.status, answer.type) == (403, "AccessDeniedException")
    assert answer.json["Message"].startswith("User: anonymous is not authorized to perform: execute-api:Invoke on resource: "
                                             f"arn:aws:execute-api:{REGION}:********{ACCOUNT[-4:]}:{it.id}/dev/GET/a")
    it.client.put_gateway_response(restApiId=it.id, responseType="ACCESS_DENIED", statusCode="404",
                                   responseTemplates={"application/json": '{"hidden":$context.error.messageString}'})
    it.deploy()
    answer = it.ask("/a")
    assert answer.status == 404 and answer.json["hidden"].startswith("User: anonymous")

    shown = it.client.get_rest_api(restApiId=it.id)["policy"]
    assert json.loads(json.loads(f'"{shown}"'))["Statement"][0]["Resource"] == f"{it.arn}/*"


def test_a_session_of_a_role(api, client, unique):
    it = api()
    it.method("/a", authorizationType="AWS_IAM")
    it.deploy()
    trust = policy({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"})
    name = unique("role")
    role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    client("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(invoke("Allow", f"{it.arn}/*")))

    def keys(**options):
        got = client("sts").assume_role(RoleArn=role, RoleSessionName="session", **options)["Credentials"]
        return got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"]
    assert it.ask("/a", keys=keys()).status == 200
    limited = it.ask("/a", keys=keys(Policy=policy(invoke("Allow", f"{it.arn}/prod/*"))))
    assert limited.status == 403 and "no session policy allows" in limited.json["Message"]


def test_the_modes_of_iam(new_cloud, user, unique):
    for mode, denied, message in (("audit", 200, True), ("off", 200, False)):
        it = new_cloud("--iam", mode)
        one = Api(it, "modes", policy=policy(invoke("Deny", "execute-api:/*", Principal="*")))
        one.method("/a", authorizationType="AWS_IAM")
        one.method("/open")
        one.deploy()
        _, _, keys = user(on=it.client)
        assert one.ask("/a", keys=keys).status == denied
        assert one.ask("/open").status == denied
        assert one.ask("/a").status == 403, "a signature is asked for in every mode"
        assert ("iam audit: execute-api:Invoke would be denied" in it.log) == message


def test_the_functions_policy_names_the_gateway(api, client, function):
    arn = function(permitted=False)
    it = api()
    it.method("/a", function=arn)
    it.method("/b", function=arn)
    it.deploy()
    assert it.ask("/a").status == 500
    client("lambda").add_permission(FunctionName=arn, StatementId="one", Action="lambda:InvokeFunction",
                                    Principal="apigateway.amazonaws.com", SourceArn=f"{it.arn}/*/GET/a",
                                    SourceAccount=ACCOUNT)
    assert it.ask("/a").status == 200
    assert it.ask("/b").status == 500
