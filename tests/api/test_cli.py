"""The command line: every command as a user types it, against the real binary."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from conftest import DEW, ENVIRONMENT, free_port, wait_until

PYTHON_HANDLER = """
import json, os
def handler(event, context):
    print("handling", event.get("path", "an event"))
    if event.get("fail"):
        raise ValueError("told to fail")
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"},
            "body": json.dumps({"answer": %(answer)d, "secret": os.environ.get("SECRET", ""), "path": event.get("path")})}
"""

SERVERLESS_YML = """service: hello
provider:
  name: aws
  runtime: python3.11
  stage: ${opt:stage, 'dev'}
  environment:
    SECRET: ${ssm:/hello/${sls:stage}/secret}
functions:
  api:
    handler: handler.handler
    events:
      - http: GET /hello
      - http: {path: 'items/{id}', method: any, cors: true}
custom:
  dew:
    build: echo building
    parameters:
      /hello/${sls:stage}/secret: seeded
"""


def dew(*arguments, cwd=None, env=None, stdin=None, timeout=90):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    return subprocess.run([DEW, *map(str, arguments)], cwd=cwd, env={**clean, **ENVIRONMENT, **(env or {})}, input=stdin,
                          capture_output=True, text=True, timeout=timeout)


def get(url, timeout=10):
    try:
        with urllib.request.urlopen(url, timeout=timeout) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture
def service(tmp_path):
    directory = tmp_path / "hello"
    directory.mkdir()
    (directory / "serverless.yml").write_text(SERVERLESS_YML)
    (directory / "handler.py").write_text(PYTHON_HANDLER % {"answer": 1})
    return directory


def test_help_and_version():
    version = dew("--version")
    assert version.returncode == 0 and re.fullmatch(r"dew \d+\.\d+\.\d+\n", version.stdout)
    top = dew("--help")
    assert top.returncode == 0 and "Examples:" in top.stdout
    commands = re.findall(r"^  ([a-z]+) {2,}\S", top.stdout.split("Subcommands:")[1].split("Examples:")[0], re.M)
    assert {"up", "serve", "exec", "deploy", "remove", "info", "invoke", "logs", "package", "print", "token"} <= set(commands)
    for command in commands:
        text = dew(command, "--help")
        assert text.returncode == 0 and "Example" in text.stdout, command


@pytest.mark.parametrize("arguments", [[], ["nope"], ["deploy", "--nope"], ["invoke"], ["exec"], ["up", "--param", "x"], ["token"],
                                       ["serve", "--log-level", "loud"]])
def test_wrong_usage_exits_with_2(arguments, tmp_path):
    assert dew(*arguments, cwd=tmp_path).returncode == 2


def test_errors_name_the_place(service):
    text = SERVERLESS_YML.replace("    handler:", "    handlr:")
    (service / "serverless.yml").write_text(text)
    done = dew("package", service)
    # The parameter that it asks SSM for comes first when nothing answers.
    assert done.returncode == 1
    (service / "serverless.yml").write_text(text.replace("${ssm:/hello/${sls:stage}/secret}", "x"))
    done = dew("package", service)
    assert done.returncode == 1
    assert done.stderr == "error: serverless.yml:10: functions.api.handlr: unknown key (did you mean 'handler'?)\n"
    assert not (service / ".serverless").exists()
    assert dew("package", service / "nowhere").returncode == 1


def test_no_cloud_is_a_clear_error(service):
    done = dew("deploy", service, "--endpoint", f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 1
    assert "no cloud answers at" in done.stderr and "dew up" in done.stderr


def test_package_and_print_need_no_cloud(service):
    (service / "serverless.yml").write_text(SERVERLESS_YML.replace("${ssm:/hello/${sls:stage}/secret}", "${env:WHO, 'nobody'}"))
    done = dew("package", service, "--stage", "test", "--json", env={"WHO": "me"})
    assert done.returncode == 0, done.stderr
    assert "building" in done.stderr
    names = {pathlib.Path(f).name for f in json.loads(done.stdout)["files"]}
    assert names == {"cloudformation-template-create-stack.json", "cloudformation-template-update-stack.json",
                     "serverless-state.json", "hello.zip"}
    template = json.loads((service / ".serverless/cloudformation-template-update-stack.json").read_text())
    function = template["Resources"]["ApiLambdaFunction"]["Properties"]
    assert function["FunctionName"] == "hello-test-api"
    assert function["Environment"]["Variables"] == {"SECRET": "me"}
    first = hashlib.sha256((service / ".serverless/hello.zip").read_bytes()).hexdigest()
    os.utime(service / "handler.py", (1, 1))
    assert dew("package", service).returncode == 0
    assert hashlib.sha256((service / ".serverless/hello.zip").read_bytes()).hexdigest() == first
    assert dew("print", service, "--path", "provider.stage", "--format", "text").stdout == "dev\n"
    assert json.loads(dew("print", service, "--format", "json", "--stage", "x").stdout)["provider"]["stage"] == "x"
    assert "environment:\n    SECRET: nobody\n" in dew("print", service).stdout


def test_deploy_info_invoke_logs_remove(cloud, service):
    endpoint = ["--endpoint", cloud.endpoint]
    done = dew("deploy", service, *endpoint, "--stage", "cli", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["changed"] and result["stack"] == "hello-cli"
    assert "ApiLambdaFunctionQualifiedArn" in result["outputs"]
    again = dew("deploy", service, *endpoint, "--stage", "cli", "--json")
    assert again.returncode == 0 and not json.loads(again.stdout)["changed"]

    info = json.loads(dew("info", service, *endpoint, "--stage", "cli", "--json").stdout)
    assert info["routes"][0] == {"method": "GET", "path": "/hello", "function": "api"}
    api_id = info["outputs"]["ServiceEndpoint"].split("/")[2].split(".")[0]
    status, body = get(f"{cloud.endpoint}/restapis/{api_id}/cli/_user_request_/hello")
    assert status == 200 and body == {"answer": 1, "secret": "seeded", "path": "/hello"}

    invoked = dew("invoke", service, "-f", "api", "-d", '{"path": "/x"}', "--log", *endpoint, "--stage", "cli")
    assert invoked.returncode == 0, invoked.stderr
    assert json.loads(json.loads(invoked.stdout)["body"])["path"] == "/x"
    assert "REPORT RequestId" in invoked.stderr
    failed = dew("invoke", service, "-f", "api", "-d", '{"fail": true}', *endpoint, "--stage", "cli")
    assert failed.returncode == 1 and "told to fail" in failed.stdout
    assert dew("invoke", service, "-f", "other", *endpoint, "--stage", "cli").returncode == 1

    def logged():
        return "handling /x" in dew("logs", service, "-f", "api", *endpoint, "--stage", "cli").stdout

    wait_until(logged, 10, "the log line")
    logs = ("logs", service, "-f", "api", *endpoint, "--stage", "cli")
    objects = [json.loads(line) for line in dew(*logs, "--json", "--filter", "handling").stdout.splitlines()]
    assert {"handling /x\n"} < {o["message"] for o in objects} and all({"timestamp", "stream"} <= set(o) for o in objects)
    # What the platform says of a request, and so the request's id, stands before its lines.
    started = [json.loads(line) for line in dew(*logs, "--json").stdout.splitlines()]
    request = next(o["requestId"] for o in started if o["message"] == "handling /x\n")
    assert any(o["message"].startswith(f"START RequestId: {request}") for o in started)
    assert f" {request[:8]} handling /x\n" in dew(*logs).stdout and "\x1b" not in dew(*logs).stdout
    assert "handling /x" in dew(*logs, "--filter", "[what = handling, path = %^/x%]").stdout
    assert dew(*logs, "--filter", "{ $.nothing = 1 }").stdout == ""
    wrong = dew(*logs, "--filter", "a.b")
    assert wrong.returncode == 1 and "Invalid character(s) in term '.'" in wrong.stderr and "a.b" in wrong.stderr
    removed = dew("remove", service, *endpoint, "--stage", "cli", "--json")
    assert removed.returncode == 0 and json.loads(removed.stdout)["removed"], removed.stderr
    assert dew("info", service, *endpoint, "--stage", "cli").returncode == 1
    assert json.loads(dew("remove", service, *endpoint, "--stage", "cli", "--json").stdout)["removed"] is False


def test_a_failed_deployment_says_which_resource(cloud, service):
    (service / "serverless.yml").write_text(SERVERLESS_YML + "resources:\n  Resources:\n    Odd: {Type: 'AWS::Nope::Nothing'}\n")
    done = dew("deploy", service, "--endpoint", cloud.endpoint, "--stage", "broken")
    assert done.returncode == 1
    assert "AWS::Nope::Nothing" in done.stderr
    dew("remove", service, "--endpoint", cloud.endpoint, "--stage", "broken")


def test_exec_hands_over_the_environment_and_the_status(service):
    done = dew("exec", service, "--", "sh", "-c", "curl -sf $DEW_API_URL/hello && echo && echo $AWS_ENDPOINT_URL && exit 7")
    assert done.returncode == 7, done.stderr
    lines = done.stdout.splitlines()
    assert json.loads(lines[0])["secret"] == "seeded"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", lines[1])
    assert not (service / ".dew").exists() and not (service / ".serverless").exists()


def test_exec_without_a_service(tmp_path):
    done = dew("exec", "--", "sh", "-c", "test -z \"$DEW_API_URL\" && curl -sf $AWS_ENDPOINT_URL/_dew/health", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "ready"
    assert dew("exec", "--", "no-such-program", cwd=tmp_path).returncode == 127


def test_up_redeploys_on_change_and_survives_a_bad_one(service):
    port, http_port = free_port(), free_port()
    log = open(service.parent / "up.log", "wb")
    up = subprocess.Popen([DEW, "up", str(service), "--port", str(port), "--http-port", str(http_port)], stdout=log,
                          stderr=subprocess.STDOUT, env={**os.environ, **ENVIRONMENT})
    try:
        url = f"http://127.0.0.1:{http_port}/dev/hello"

        def answer():
            assert up.poll() is None, (service.parent / "up.log").read_text()
            try:
                return get(url)
            except OSError:
                return None

        wait_until(lambda: (answer() or [0])[0] == 200, 60, "the first answer")
        assert answer()[1]["answer"] == 1
        started = time.monotonic()
        (service / "handler.py").write_text(PYTHON_HANDLER % {"answer": 2})
        wait_until(lambda: answer()[1].get("answer") == 2, 20, "the changed answer")
        assert time.monotonic() - started < 5
        (service / "serverless.yml").write_text(SERVERLESS_YML.replace("handler: handler", "hndler: handler"))
        wait_until(lambda: "unknown key" in (service.parent / "up.log").read_text(), 10, "the error")
        assert answer()[1]["answer"] == 2
        (service / "serverless.yml").write_text(SERVERLESS_YML)
        wait_until(lambda: "handling /hello" in (service.parent / "up.log").read_text(), 10, "the log line")
    finally:
        up.send_signal(signal.SIGINT)
        assert up.wait(30) == 0


def test_token(cloud, tmp_path):
    cloud.client("ssm").put_parameter(Name="/cli/secret", Type="SecureString", Value="sesame")
    done = dew("token", "--secret-parameter", "/cli/secret", "--issuer", "users-api", "--subject", "ann", "--claim", "admin=true",
               "--expires", "90s", "--endpoint", cloud.endpoint)
    assert done.returncode == 0, done.stderr
    head, body, signature = done.stdout.strip().split(".")

    def decode(part):
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

    claims = json.loads(decode(body))
    assert claims["iss"] == "users-api" and claims["sub"] == "ann" and claims["admin"] is True
    assert claims["exp"] - claims["iat"] == 90
    assert decode(signature) == hmac.new(b"sesame", f"{head}.{body}".encode(), hashlib.sha256).digest()
    missing = dew("token", "--secret-parameter", "/cli/none", "--endpoint", cloud.endpoint)
    assert missing.returncode == 1 and "/cli/none" in missing.stderr
    cloud.client("ssm").delete_parameter(Name="/cli/secret")


def test_no_colours_without_a_terminal(service):
    done = dew("package", service, env={"TERM": "xterm"})
    assert "\033[" not in done.stdout + done.stderr


def test_plugins_that_are_not_built_in_are_refused_or_ignored(tmp_path):
    (tmp_path / "handler.py").write_text(PYTHON_HANDLER % {"answer": 1})
    (tmp_path / "serverless.yml").write_text(
        "service: plugged\nprovider: {name: aws, runtime: python3.11}\nplugins: [serverless-webpack]\n"
        "functions: {api: {handler: handler.handler}}\n")
    refused = dew("package", cwd=tmp_path)
    assert refused.returncode == 1
    assert "serverless.yml:3: plugins.0: the plugin serverless-webpack cannot run here" in refused.stderr
    ignored = dew("package", "--ignore-plugins", cwd=tmp_path)
    assert ignored.returncode == 0, ignored.stderr
    assert "the plugin serverless-webpack is ignored" in ignored.stderr
    assert (tmp_path / ".serverless/plugged.zip").exists()
