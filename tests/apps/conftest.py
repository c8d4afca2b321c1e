"""What the suite needs: a client for the application under test, tokens, and its logs.

DEW_API_URL is the application's base URL (with the stage); AWS_ENDPOINT_URL the cloud. The token's secret is read from SSM, as an
operator would; DEW_JWT_SECRET replaces that for an application that runs without a cloud.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import time
import urllib.parse

import pytest

ISSUER = "users-api"
STAGE = os.environ.get("DEW_STAGE", "dev")


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.text = body.decode()

    @property
    def json(self):
        return json.loads(self.text)


class Api:
    """Thread safety: a connection per call."""

    def __init__(self, url):
        self._url = urllib.parse.urlsplit(url)

    def __call__(self, method, path, body=None, token=None, headers=None):
        headers = dict(headers or {})
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        if isinstance(body, str):
            body = body.encode()
        connection = http.client.HTTPConnection(self._url.hostname, self._url.port, timeout=30)
        try:
            connection.request(method, self._url.path.rstrip("/") + path, body, headers)
            response = connection.getresponse()
            return Answer(response, response.read())
        finally:
            connection.close()


def _encode(document):
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def sign(claims, secret, header=None):
    signed = f"{_encode({'alg': 'HS256', 'typ': 'JWT'} if header is None else header)}.{_encode(claims)}"
    return f"{signed}.{_encode(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


def aws(service):
    import boto3  # Debian's is older than AWS_ENDPOINT_URL

    return boto3.client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"],
                        region_name=os.environ.get("AWS_REGION", "us-east-1"))


@pytest.fixture(scope="session")
def api():
    url = os.environ.get("DEW_API_URL")
    if not url:
        pytest.exit("DEW_API_URL is not set: run tests/apps/run, or dew exec examples/users-cpp -- pytest tests/apps", 2)
    return Api(url)


@pytest.fixture(scope="session")
def secret():
    given = os.environ.get("DEW_JWT_SECRET")
    if given:
        return given
    name = f"/users-api/{STAGE}/jwt-secret"
    return aws("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]


@pytest.fixture(scope="session")
def claims():
    return {"iss": ISSUER, "sub": "suite", "exp": int(time.time()) + 3600}


@pytest.fixture(scope="session")
def token(secret, claims):
    return sign(claims, secret)


@pytest.fixture
def user(api, token):
    answer = api("POST", "/users", {"name": "Ada Lovelace", "email": "ada@example.com", "age": 36}, token)
    assert answer.status == 201, answer.text
    return answer.json
