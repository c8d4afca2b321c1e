"""Every operation that docs/compat calls done, through boto3, the AWS CLI and the JavaScript SDK v3.

The scenarios lie in operations/<service>.yaml; operations/README.md says how they are written.
"""

import base64
import concurrent.futures
import datetime
import io
import json
import os
import pathlib
import re
import subprocess
import time
import uuid
import zipfile

import botocore.exceptions
import botocore.model
import botocore.session

import pytest
import yaml

from conftest import ENVIRONMENT, ROOT

HERE = pathlib.Path(__file__).parent
SCENARIOS = sorted(p.stem for p in (HERE / "operations").glob("*.yaml"))
JS_PACKAGES = {
    "dynamodb": "client-dynamodb", "lambda": "client-lambda", "apigateway": "client-api-gateway", "s3": "client-s3",
    "iam": "client-iam", "sts": "client-sts", "ssm": "client-ssm", "logs": "client-cloudwatch-logs",
    "cloudformation": "client-cloudformation", "ecr": "client-ecr", "xray": "client-xray",
    "codedeploy": "client-codedeploy",
    "cloudwatch": "client-cloudwatch",
}
JS_VERSION = "3.600.0"  # runs on Debian's Node.js 18 too
JS_VERSIONS = {"client-xray": "3.606.0"}  # not every package has every version
RETRY_SECONDS = 10


def steps(service):
    return yaml.safe_load((HERE / f"operations/{service}.yaml").read_text())


def done_operations(service):
    """The operations that the compatibility table calls done."""
    text = (ROOT / f"docs/compat/{service}.md").read_text()
    return {m.group(1) for m in re.finditer(r"^\|\s*`?(\w+)`?\s*\|\s*done\b", text, re.M)}


class Time(str):
    """A time in ISO 8601, which the JavaScript SDK wants as a Date."""


def dated(value):
    if isinstance(value, Time):
        return {"$date": str(value)}
    if isinstance(value, dict):
        return {k: dated(v) for k, v in value.items()}
    return [dated(v) for v in value] if isinstance(value, list) else value


def expand(value, names):
    """Fills ${name} in, and turns {$bytes}, {$zip} into bytes."""
    if isinstance(value, str):
        whole = re.fullmatch(r"\$\{(\w+)\}", value)
        if whole and whole.group(1) in names:
            return names[whole.group(1)]
        return re.sub(r"\$\{(\w+)\}", lambda m: str(names.get(m.group(1), m.group(0))), value)
    if isinstance(value, list):
        return [expand(v, names) for v in value]
    if isinstance(value, dict):
        if set(value) == {"$bytes"}:
            return expand(value["$bytes"], names).encode()
        if set(value) == {"$time"}:
            return datetime.datetime.fromtimestamp(float(expand(value["$time"], names)), datetime.timezone.utc)
        if set(value) == {"$date"}:
            return Time(expand(value["$date"], names))
        if set(value) == {"$zip"}:
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w") as archive:
                for name, text in value["$zip"].items():
                    info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
                    info.external_attr = 0o755 << 16
                    archive.writestr(info, text)
            return buffer.getvalue()
        return {expand(k, names): expand(v, names) for k, v in value.items()}
    return value


def lookup(document, path):
    for part in re.findall(r"[^.\[\]]+|\[\d+\]", path):
        if document is None:
            return None
        if part.startswith("["):
            index = int(part[1:-1])
            document = document[index] if index < len(document) else None
        else:
            document = document.get(part)
    return document


def check(output, expected, names, where):
    for path, want in (expected or {}).items():
        want = expand(want, names)
        got = lookup(output, expand(path, names))
        shown = f"{where}: {path} is {got!r}, expected {want!r} in {json.dumps(output, default=str)[:1500]}"
        if isinstance(want, str) and want == "!absent":
            assert got in (None, [], {}, ""), shown
        elif isinstance(want, str) and want == "!present":
            assert got not in (None, [], {}, ""), shown
        elif isinstance(want, str) and want.startswith("~"):
            assert got is not None and re.search(want[1:], got if isinstance(got, str) else json.dumps(got, default=str)), shown
        else:
            assert got == want, shown


def tagged(value):
    """For the JavaScript driver: what JSON has no form for."""
    if isinstance(value, datetime.datetime):
        return {"$time": value.isoformat()}
    return {"$base64": base64.b64encode(value).decode()}


def untagged(value):
    """For the AWS CLI's input documents."""
    return value.isoformat() if isinstance(value, datetime.datetime) else base64.b64encode(value).decode()


class OperationFailed(Exception):
    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


def plain(value):
    """A client's output as JSON-like data: bytes and streams as text."""
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k != "ResponseMetadata"}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


class Boto3:
    def __init__(self, cloud, tmp):
        self.cloud, self.clients = cloud, {}

    def call(self, service, operation, parameters):
        if service not in self.clients:
            self.clients[service] = self.cloud.client(service)
        try:
            return plain(getattr(self.clients[service], botocore.xform_name(operation))(**parameters))
        except botocore.exceptions.ClientError as error:
            raise OperationFailed(error.response["Error"]["Code"], error.response["Error"]["Message"])

    def close(self):
        pass


class AwsCli:
    """Debian's AWS CLI. Streaming members have arguments of their own; everything else goes as --cli-input-json."""

    COMMANDS = {"s3": "s3api", "codedeploy": "deploy"}

    def __init__(self, cloud, tmp):
        self.cloud, self.tmp = cloud, tmp
        self.session = botocore.session.get_session()
        self.models = {}

    def model(self, service, operation):
        if service not in self.models:
            self.models[service] = self.session.get_service_model(service)
        return self.models[service].operation_model(operation)

    def call(self, service, operation, parameters):
        model = self.model(service, operation)
        parameters = dict(parameters)
        extra = []
        streaming = model.get_streaming_input()
        if streaming is not None and streaming.name:
            name = next(n for n, shape in model.input_shape.members.items() if shape is streaming)
            if name in parameters:
                path = self.tmp / uuid.uuid4().hex
                body = parameters.pop(name)
                path.write_bytes(body if isinstance(body, bytes) else body.encode())
                extra += ["--" + botocore.xform_name(name, "-"), str(path) if service == "s3" else f"fileb://{path}"]
        outfile = None
        if model.has_streaming_output:
            outfile = self.tmp / uuid.uuid4().hex
            extra.append(str(outfile))
        # The CLI takes a function's code only as an argument of its own.
        if service == "lambda" and "ZipFile" in parameters.get("Code", parameters):
            holder = parameters.get("Code", parameters)
            path = self.tmp / f"{uuid.uuid4().hex}.zip"
            path.write_bytes(holder.pop("ZipFile"))
            if not parameters.get("Code", True):
                parameters.pop("Code")
            extra += ["--zip-file", f"fileb://{path}"]
        command = [self.COMMANDS.get(service, service), botocore.xform_name(operation, "-")]
        if model.has_streaming_output or operation == "Invoke":  # for which the CLI takes no document
            for name, value in parameters.items():
                command += ["--" + botocore.xform_name(name, "-"), str(value)]
            command += extra
        else:
            command += ["--cli-input-json", json.dumps(parameters, default=untagged),
                        *extra, "--no-paginate"]
        process = self.cloud.aws(*command, check=False)
        if process.returncode != 0:
            match = re.search(r"An error occurred \((\S+)\) when calling [^:]*: (.*)", process.stderr, re.S)
            if not match:
                raise AssertionError(f"aws {' '.join(command[:2])}: {process.stderr}")
            raise OperationFailed(match.group(1), match.group(2))
        output = json.loads(process.stdout) if process.stdout.strip() else {}
        if outfile is not None and outfile.exists():
            output[model.output_shape.serialization["payload"]] = outfile.read_bytes().decode("utf-8", "replace")
        return output

    def close(self):
        pass


class JavaScript:
    """The JavaScript SDK v3, in one Node.js process that takes a call per line."""

    def __init__(self, cloud, tmp, npm_install=None):
        folder = npm_install({f"@aws-sdk/{p}": JS_VERSIONS.get(p, JS_VERSION) for p in JS_PACKAGES.values()})
        self.process = subprocess.Popen(
            ["node", str(HERE / "js/driver.mjs"), str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **ENVIRONMENT, "AWS_ENDPOINT_URL": cloud.endpoint})

    def call(self, service, operation, parameters):
        request = {"package": JS_PACKAGES[service], "operation": operation, "input": dated(parameters)}
        self.process.stdin.write(json.dumps(request, default=tagged) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise OperationFailed(answer["error"], answer["message"])
        return answer["output"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def iso(seconds):
    """A time from now, on the full hour, as every client takes it."""
    return time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(time.time() + seconds))


def play(service, driver, label):
    names = {"unique": label + uuid.uuid4().hex[:8], "account": "000000000000", "region": "us-east-1", "now": int(time.time() * 1000),
             "before": iso(-3600), "after": iso(3600)}
    minute = int(time.time()) // 60 * 60
    names |= {"minute": minute, "minute_1": minute + 1, "minute_2": minute + 2, "hex24": uuid.uuid4().hex[:24]}
    for number, step in enumerate(steps(service), 1):
        of = step.get("service", service)
        where = f"{service} step {number}, {step['op']} through {label}"
        parameters = expand(step.get("in") or {}, names)
        deadline = time.monotonic() + RETRY_SECONDS
        while True:
            try:
                output = driver.call(of, step["op"], parameters)
                assert "error" not in step, f"{where}: expected {step.get('error')}, got {output}"
                check(output, step.get("out"), names, where)
                break
            except OperationFailed as error:
                wanted = step.get("error")
                accepted = wanted if isinstance(wanted, list) else [wanted]
                if error.code in accepted:
                    output = {}
                    break
                if not (step.get("retry") and time.monotonic() < deadline):
                    raise AssertionError(f"{where}: {error}") from error
            except AssertionError:
                if not (step.get("retry") and time.monotonic() < deadline):
                    raise
            time.sleep(0.05)
        for name, path in (step.get("save") or {}).items():
            path, _, pattern = path.partition(" ~ ")
            found = lookup(output, path)
            names[name] = re.search(pattern, found).group(1) if pattern else found
            assert names[name] is not None, f"{where}: nothing at {path} in {output}"


@pytest.mark.parametrize("client_name", ["boto3", "awscli", "js"])
@pytest.mark.parametrize("service", SCENARIOS)
def test_scenario(service, client_name, cloud, tmp_path, request):
    if client_name == "js":
        driver = JavaScript(cloud, tmp_path, request.getfixturevalue("npm_install"))
    else:
        driver = {"boto3": Boto3, "awscli": AwsCli}[client_name](cloud, tmp_path)
    try:
        play(service, driver, {"boto3": "b", "awscli": "c", "js": "j"}[client_name])
    finally:
        driver.close()


@pytest.mark.parametrize("service", sorted(JS_PACKAGES))
def test_every_done_operation_is_played(service):
    """A table that calls an operation done without a step that calls it would be a promise without proof."""
    done = done_operations(service)
    assert done, f"docs/compat/{service}.md lists no done operation"
    played = {s["op"] for name in SCENARIOS for s in steps(name) if s.get("service", name) == service and "error" not in s}
    assert done <= played, f"done, but in no scenario: {sorted(done - played)}"
