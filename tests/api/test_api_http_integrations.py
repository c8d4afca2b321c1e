"""HTTP and HTTP_PROXY integrations: a deployed API in front of a backend that listens beside it.

docs.aws.amazon.com/apigateway/latest/developerguide/setup-http-integrations.html
"""

import http.server
import json
import threading
import urllib.parse

import botocore.exceptions
import pytest
from conftest import free_port
from test_api_authorization import ask


class Backend(http.server.BaseHTTPRequestHandler):
    """Tells what it was asked; ?status=N answers with that status, /never does not answer before the test's end."""

    protocol_version = "HTTP/1.1"
    over = threading.Event()

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        if self.path.startswith("/never"):
            self.over.wait(60)
            return
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        told = json.dumps({"method": self.command, "path": self.path, "body": body,
                           "headers": {k.lower(): v for k, v in self.headers.items()}}).encode()
        self.send_response(int(query.get("status", ["200"])[0]))
        self.send_header("Content-Type", "application/vnd.told+json")
        self.send_header("X-Backend", "here")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def backend():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    Backend.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def imported(client):
    made = []

    def make(paths, **stage):
        gateway = client("apigateway")
        api = gateway.import_rest_api(failOnWarnings=True, body=json.dumps(
            {"openapi": "3.0.1", "info": {"title": "http", "version": "1"}, "paths": paths}).encode())["id"]
        made.append(api)
        gateway.create_deployment(restApiId=api, stageName="dev", **stage)
        return api
    yield make
    for api in made:
        client("apigateway").delete_rest_api(restApiId=api)


def parameter(name, place):
    return {"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}}


def test_a_proxy_in_front_of_a_backend(imported, backend, cloud):
    api = imported({"/{proxy+}": {"x-amazon-apigateway-any-method": {
        "parameters": [parameter("proxy", "path")], "responses": {},
        "x-amazon-apigateway-integration": {
            "type": "http_proxy", "httpMethod": "ANY", "uri": "${stageVariables.scheme}" + backend[4:] + "/base/{proxy}",
            "requestParameters": {"integration.request.path.proxy": "method.request.path.proxy",
                                  "integration.request.header.X-Stage": "context.stage"}}}}},
        variables={"scheme": "http"})
    url = f"{cloud.endpoint}/restapis/{api}/dev/_user_request_"
    got = ask(f"{url}/a%20b/c?x=1&x=2&y=%26", "PUT", {"X-Mine": "m", "User-Agent": "me"}, b"text")
    told = got.json
    assert (got.status, told["method"], told["path"], told["body"]) == (200, "PUT", "/base/a%20b/c?x=1&x=2&y=%26", "text")
    assert told["headers"]["x-mine"] == "m" and told["headers"]["user-agent"] == "me" and told["headers"]["x-stage"] == "dev"
    assert told["headers"]["host"] == backend[7:] and told["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert told["headers"]["x-amzn-apigateway-api-id"] == api
    assert got.headers["content-type"] == "application/vnd.told+json" and got.headers["x-backend"] == "here"
    assert got.headers["x-amzn-remapped-content-length"] and got.headers["x-amzn-remapped-server"]
    assert ask(f"{url}/x?status=503").status == 503
    assert ask(f"{url}/x", "DELETE").json["method"] == "DELETE"


def test_a_custom_integration_maps_both_ways(imported, backend, cloud):
    api = imported({"/pets/{id}": {"post": {
        "parameters": [parameter("id", "path"), parameter("q", "query")],
        "responses": {"200": {"description": "ok", "headers": {"X-From": {"schema": {"type": "string"}}}},
                      "404": {"description": "none"}},
        "x-amazon-apigateway-integration": {
            "type": "http", "httpMethod": "GET", "uri": backend + "/p/{pet}", "passthroughBehavior": "never",
            "requestParameters": {"integration.request.path.pet": "method.request.path.id",
                                  "integration.request.querystring.status": "method.request.querystring.q"},
            "requestTemplates": {"application/json": '{"was": $input.body}'},
            "responses": {
                "default": {"statusCode": "200",
                            "responseParameters": {"method.response.header.X-From": "integration.response.header.X-Backend"}},
                "4\\d{2}": {"statusCode": "404", "responseTemplates": {"application/json": '{"gone": true}'}}}}}}})
    url = f"{cloud.endpoint}/restapis/{api}/dev/_user_request_/pets/7"
    got = ask(f"{url}?q=201&other=1", "POST", {"X-Mine": "m"}, b"[1]")
    told = got.json
    assert (got.status, told["method"], told["path"], told["body"]) == (200, "GET", "/p/7?status=201", '{"was": [1]}')
    assert "x-mine" not in told["headers"] and told["headers"]["user-agent"] == f"AmazonAPIGateway_{api}"
    assert got.headers["x-from"] == "here" and got.headers["content-type"] == "application/json"
    got = ask(f"{url}?q=410", "POST", body=b"[1]")
    assert (got.status, got.json) == (404, {"gone": True})
    assert ask(url, "POST", {"Content-Type": "text/csv"}, b"1").status == 415


def test_backends_that_do_not_answer(imported, backend, cloud):
    def proxy(uri, **more):
        return {"get": {"responses": {}, "x-amazon-apigateway-integration": {
            "type": "http_proxy", "httpMethod": "GET", "uri": uri, **more}}}
    api = imported({"/never": proxy(backend + "/never", timeoutInMillis=50),
                    "/nobody": proxy(f"http://127.0.0.1:{free_port()}/"), "/unset": proxy(backend + "/{unset}")})
    url = f"{cloud.endpoint}/restapis/{api}/dev/_user_request_"
    for path, status, message in (("/never", 504, "Endpoint request timed out"),
                                  ("/nobody", 504, "Network error communicating with endpoint"),
                                  ("/unset", 500, "Internal server error")):
        got = ask(url + path)
        assert (got.status, got.json) == (status, {"message": message}), path


def test_what_is_refused_is_named(client, unique):
    gateway = client("apigateway")
    api = gateway.create_rest_api(name=unique("http"))
    root = gateway.get_resources(restApiId=api["id"])["items"][0]["id"]
    at = {"restApiId": api["id"], "resourceId": root, "httpMethod": "GET"}
    gateway.put_method(**at, authorizationType="NONE")
    for options, why in (({"uri": "ftp://example.com"}, "Invalid HTTP endpoint"),
                         ({"uri": "http://example.com:22/"}, "port"),
                         ({"uri": "http://example.com/", "requestParameters": {"integration.request.header.A": "method.request.header.B"}},
                          "method.request.header.B"),
                         ({"uri": "http://example.com/", "connectionType": "VPC_LINK", "connectionId": "x"}, "VPC links")):
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            gateway.put_integration(**at, type="HTTP_PROXY", integrationHttpMethod="GET", **options)
        assert refused.value.response["Error"]["Code"] == "BadRequestException"
        assert why in refused.value.response["Error"]["Message"]
    gateway.delete_rest_api(restApiId=api["id"])
