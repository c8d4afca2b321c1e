"""LoggingConfig: the log's format, what a level lets through, and another log group. Debian's boto3 is older than
LoggingConfig, so that the calls with it are made by hand.
"""

import base64
import json
import re
import subprocess
import urllib.error
import urllib.request

import pytest
from conftest import ENVIRONMENT, wait_until
from test_lambda import TRUST, archive


@pytest.fixture(scope="module")
def role(client):
    return client("iam").create_role(RoleName="logging-tests", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]


@pytest.fixture
def functions(cloud):
    """functions(method, path below /functions, body): the answer's JSON."""
    def call(method, path, body=None):
        request = urllib.request.Request(f"{cloud.endpoint}/2015-03-31/functions{path}", method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)
    return call


@pytest.fixture
def logging_of(functions):
    return lambda name, qualifier="": functions("GET", f"/{name}/configuration{qualifier}")["LoggingConfig"]


@pytest.fixture
def deploy(functions, role, unique):
    def make(runtime, files, handler="index.handler", **logging):
        name = unique("fn")
        functions("POST", "", {"FunctionName": name, "Runtime": runtime, "Role": role, "Handler": handler, "Timeout": 20,
                               "Code": {"ZipFile": base64.b64encode(archive(files)).decode()}, "LoggingConfig": logging})
        return name
    return make


@pytest.fixture
def log_of(client):
    """Invokes a function and returns its log once `last` is in it: the messages, those in JSON parsed."""
    def call(name, event=None, last="platform.report", group=None):
        client("lambda").invoke(FunctionName=name, Payload=json.dumps(event or {}))

        def messages():
            try:
                found = [e["message"] for e in client("logs").filter_log_events(
                    logGroupName=group or f"/aws/lambda/{name}")["events"]]
            except client("logs").exceptions.ResourceNotFoundException:
                return None
            return found if any(last in m for m in found) else None

        out = []
        for message in wait_until(messages, 20, f"{last} in the log of {name}"):
            try:
                out.append(json.loads(message))
            except ValueError:
                out.append(message)
        return out
    return call


def of_type(log, kind):
    return [m for m in log if isinstance(m, dict) and m.get("type") == kind]


PYTHON = """import logging
log = logging.getLogger()
def handler(event, context):
    print('printed')
    log.debug('fine')
    log.info('good', extra={'order': 7})
    log.warning('odd')
    if event.get('bad'):
        raise ValueError('no')
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception('divided')
"""
NODE = """exports.handler = async (event) => {
  console.debug('fine'); console.log('good', {order: 7}); console.info({whole: true}); console.warn('odd');
  if (event.bad) throw new TypeError('no');
  console.error(new RangeError('far'));
};"""


def test_text_is_the_default(deploy, logging_of, log_of):
    name = deploy("python3.11", {"index.py": PYTHON})
    assert logging_of(name) == {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}
    log = log_of(name, last="REPORT")
    assert any(re.match(r"START RequestId: ", m) for m in log) and any(re.match(r"END RequestId: ", m) for m in log)
    assert any(re.match(r"\[WARNING\]\t\S+Z\t[0-9a-f-]{36}\todd", m) for m in log)


def test_json_of_python(deploy, logging_of, log_of):
    name = deploy("python3.11", {"index.py": PYTHON}, LogFormat="JSON")
    assert logging_of(name) == {
        "LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", "LogGroup": f"/aws/lambda/{name}"}
    log = log_of(name)
    [start], [report] = of_type(log, "platform.start"), of_type(log, "platform.report")
    assert start["record"]["version"] == "$LATEST" and re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z$", start["time"])
    metrics = report["record"]["metrics"]
    assert report["record"]["status"] == "success" and report["record"]["requestId"] == start["record"]["requestId"]
    assert metrics["memorySizeMB"] == 128 and metrics["initDurationMs"] > 0
    assert metrics["billedDurationMs"] >= metrics["durationMs"] > 0
    assert not of_type(log, "platform.runtimeDone")  # DEBUG
    assert "printed\n" in log
    own = {m["message"]: m for m in log if isinstance(m, dict) and "message" in m}
    assert set(own) == {"good", "odd", "divided"}
    assert own["good"]["level"] == "INFO" and own["good"]["order"] == 7 and own["good"]["logger"] == "root"
    assert own["odd"]["level"] == "WARNING" and own["odd"]["requestId"] == start["record"]["requestId"]
    assert own["divided"]["errorType"] == "ZeroDivisionError" and own["divided"]["stackTrace"]


def test_json_of_node(deploy, log_of):
    name = deploy("nodejs20.x", {"index.js": NODE}, LogFormat="JSON", ApplicationLogLevel="DEBUG", SystemLogLevel="DEBUG")
    log = log_of(name)
    own = [m for m in log if "level" in m]
    assert [(m["level"], m["message"]) for m in own[:4]] == [
        ("DEBUG", "fine"), ("INFO", "good { order: 7 }"), ("INFO", {"whole": True}), ("WARN", "odd")]
    assert own[4]["level"] == "ERROR" and own[4]["message"]["errorType"] == "RangeError"
    assert own[4]["message"]["errorMessage"] == "far" and own[4]["message"]["stackTrace"]
    kinds = [m["type"] for m in log if "type" in m]
    assert kinds == ["platform.initStart", "platform.initRuntimeDone", "platform.initReport", "platform.start",
                     "platform.runtimeDone", "platform.report"]
    assert of_type(log, "platform.runtimeDone")[0]["record"]["metrics"]["producedBytes"] == 4  # null


def test_levels_filter(deploy, log_of):
    name = deploy("python3.11", {"index.py": PYTHON}, LogFormat="JSON", ApplicationLogLevel="WARN")
    log = log_of(name)
    assert {m["message"] for m in log if "message" in m} == {"odd", "divided"}
    assert "printed\n" not in log  # what names no level is INFO
    name = deploy("nodejs20.x", {"index.js": NODE}, LogFormat="JSON", ApplicationLogLevel="ERROR", SystemLogLevel="WARN")
    log = log_of(name, last="RangeError")
    assert [m["level"] for m in log] == ["ERROR"]
    # A failing invocation is worse than WARN in the platform's eyes, and its error is in the log.
    log = log_of(name, {"bad": True}, last="TypeError")
    assert log[-1]["message"]["errorType"] == "TypeError"


CUSTOM = """#!/usr/bin/python3
import http.client, os, sys
c = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    c.request("GET", "/2018-06-01/runtime/invocation/next"); r = c.getresponse(); r.read()
    for level in ("debug", "error"):
        print('{"level": "%s", "msg": "as %s", "timestamp": "2024-11-02T16:51:31.587199Z"}' % (level, level), flush=True)
    print(os.environ["AWS_LAMBDA_LOG_FORMAT"], os.environ.get("AWS_LAMBDA_LOG_LEVEL"), flush=True)
    if r.headers["Lambda-Runtime-Client-Context"]: sys.exit(3)
    c.request("POST", "/2018-06-01/runtime/invocation/%s/response" % r.headers["Lambda-Runtime-Aws-Request-Id"], "1"); c.getresponse().read()
"""


def test_custom_runtimes_are_filtered_by_what_they_write(deploy, client, log_of):
    name = deploy("provided.al2023", {"bootstrap": CUSTOM}, LogFormat="JSON", SystemLogLevel="WARN")
    log = log_of(name, last="JSON INFO")
    assert [m["msg"] for m in log if isinstance(m, dict) and "msg" in m] == ["as error"] and not of_type(log, "platform.start")
    client("lambda").invoke(FunctionName=name, ClientContext="e30=")
    log = log_of(name, last='"platform.report"')
    [done], [report] = of_type(log, "platform.runtimeDone"), of_type(log, "platform.report")
    for event in (done, report):
        assert event["record"]["status"] == "error" and event["record"]["errorType"] == "Runtime.ExitError"


def test_one_group_for_several_functions(deploy, client, log_of, unique):
    group = f"/shared/{unique('g')}"
    names = [deploy("python3.11", {"index.py": f"def handler(e, c):\n    print('from {n}', c.log_group_name)\n"}, LogGroup=group)
             for n in "ab"]
    log_of(names[0], last="from a", group=group)
    log = log_of(names[1], last="from b", group=group)
    assert f"from a {group}\n" in log and f"from b {group}\n" in log
    streams = [s["logStreamName"] for s in client("logs").describe_log_streams(logGroupName=group)["logStreams"]]
    for name in names:
        assert any(re.fullmatch(rf"\d{{4}}/\d\d/\d\d/{name}\[\$LATEST\][0-9a-f]{{32}}", s) for s in streams), streams


def test_updates_replace_and_versions_keep(deploy, client, functions, logging_of):
    name = deploy("python3.11", {"index.py": PYTHON}, LogFormat="JSON", SystemLogLevel="DEBUG")
    client("lambda").publish_version(FunctionName=name)
    changed = functions("PUT", f"/{name}/configuration", {"LoggingConfig": {"LogFormat": "Text"}})
    assert changed["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}
    assert logging_of(name, "?Qualifier=1")["SystemLogLevel"] == "DEBUG"
    with pytest.raises(urllib.error.HTTPError) as refused:
        functions("PUT", f"/{name}/configuration", {"LoggingConfig": {"ApplicationLogLevel": "WARN"}})
    assert refused.value.code == 400 and refused.value.headers["x-amzn-errortype"].startswith("InvalidParameterValueException")
    assert 'LogLevel is not supported when LogFormat is set to "Text"' in json.load(refused.value)["message"]


SERVICE = """
service: logging-SUFFIX
provider:
  name: aws
  runtime: python3.11
  logs:
    lambda: {logFormat: JSON, applicationLogLevel: WARN, logGroup: /logging/SUFFIX}
functions:
  one: {handler: index.handler}
  two: {handler: index.handler, logs: {logFormat: Text}}
"""


def test_dew_deploys_it_and_follows_the_group(client, cloud, dew, logging_of, tmp_path, unique):
    suffix = unique("s")[2:]
    (tmp_path / "serverless.yml").write_text(SERVICE.replace("SUFFIX", suffix))
    (tmp_path / "index.py").write_text(PYTHON)

    def run(*arguments):
        done = subprocess.run([dew, *arguments, "--endpoint", cloud.endpoint], cwd=tmp_path, capture_output=True, text=True,
                              env={"PATH": "/usr/bin:/bin", **ENVIRONMENT})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("deploy")
    assert logging_of(f"logging-{suffix}-dev-one") == {
        "LogFormat": "JSON", "ApplicationLogLevel": "WARN", "SystemLogLevel": "INFO", "LogGroup": f"/logging/{suffix}"}
    assert logging_of(f"logging-{suffix}-dev-two")["LogFormat"] == "Text"
    client("lambda").invoke(FunctionName=f"logging-{suffix}-dev-one")
    wait_until(lambda: "odd" in run("logs", "--function", "one"), 20, "the log of the function's own group")
    # Without the property again, the defaults.
    text = (tmp_path / "serverless.yml").read_text()
    (tmp_path / "serverless.yml").write_text(re.sub(r"  logs:\n    lambda.*\n", "", text))
    run("deploy")
    assert logging_of(f"logging-{suffix}-dev-one") == {"LogFormat": "Text", "LogGroup": f"/aws/lambda/logging-{suffix}-dev-one"}
