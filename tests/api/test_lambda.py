"""Lambda with real clients: runtimes, hostile functions, logs, limits, and SDKs that know no endpoint variable."""

import base64
import io
import json
import re
import stat
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor

import botocore.exceptions
import pytest
from conftest import wait_until

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})


def archive(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, text in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFREG | 0o755) << 16
            z.writestr(info, text)
    return out.getvalue()


def folder_archive(folder, files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for path in sorted((folder / "node_modules").rglob("*")):
            if path.is_file() and not path.is_symlink():
                z.write(path, path.relative_to(folder))
        for name, text in files.items():
            z.writestr(name, text)
    return out.getvalue()


@pytest.fixture(scope="module")
def role(client):
    name = f"lambda-tests-{time.time_ns()}"
    arn = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    client("iam").put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
    yield arn


@pytest.fixture
def deploy(client, role, unique):
    made = []

    def make(runtime, files, handler="index.handler", code=None, **options):
        name = unique("fn")
        client("lambda").create_function(FunctionName=name, Runtime=runtime, Role=role, Handler=handler,
                                         Code={"ZipFile": code or archive(files)}, **options)
        made.append(name)
        return name

    yield make
    for name in made:
        client("lambda").delete_function(FunctionName=name)


@pytest.fixture
def invoke(client):
    def call(name, event=None, **options):
        answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps(event or {}), **options)
        body = answer["Payload"].read()
        return answer, json.loads(body) if body else None
    return call


def python(deploy, body, **options):
    return deploy("python3.11", {"index.py": body}, **options)


def log_text(client, name):
    events = client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    return "".join(event["message"] for event in events)


def works(deploy_result, invoke):
    answer, body = invoke(deploy_result, {"ok": True})
    assert "FunctionError" not in answer, body
    return body


# ---- runtimes

def test_python(deploy, invoke):
    name = python(deploy, "def handler(event, context):\n"
                          "    print('said')\n"
                          "    return {'e': event, 'id': context.aws_request_id, 'n': context.function_name,\n"
                          "            't': 0 < context.get_remaining_time_in_millis() <= 3000}\n")
    answer, body = invoke(name, {"n": 1}, LogType="Tail")
    assert body == {"e": {"n": 1}, "id": answer["ResponseMetadata"]["RequestId"], "n": name, "t": True}
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert re.search(r"^START RequestId: [0-9a-f-]{36} Version: \$LATEST\n", tail)
    assert "said\n" in tail
    assert re.search(r"REPORT RequestId: [0-9a-f-]{36}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\t"
                     r"Memory Size: 128 MB\tMax Memory Used: [1-9]\d* MB\tInit Duration: [\d.]+ ms\t\n", tail)
    again, _ = invoke(name, {}, LogType="Tail")
    assert "Init Duration" not in base64.b64decode(again["LogResult"]).decode()


def test_node_commonjs_callbacks_and_modules(deploy, invoke):
    name = deploy("nodejs20.x", {"index.js": "exports.handler = (event, context, callback) => {"
                                             " setTimeout(() => callback(null, {got: event, arn: context.invokedFunctionArn}), 5); };"})
    _, body = invoke(name, {"a": 1})
    assert body["got"] == {"a": 1} and body["arn"].endswith(name)
    name = deploy("nodejs20.x", {"index.mjs": "export const handler = async (event) => { console.log('one\\ntwo'); return event.x; };"})
    answer, body = invoke(name, {"x": 7}, LogType="Tail")
    assert body == 7
    assert re.search(r"Z\t[0-9a-f-]{36}\tINFO\tone\ntwo\n", base64.b64decode(answer["LogResult"]).decode())


def test_custom_runtime(deploy, invoke):
    name = deploy("provided.al2023", {"bootstrap": PROVIDED})
    assert invoke(name, {"a": [1]})[1] == {"a": [1]}


PROVIDED = """#!/usr/bin/python3
import http.client, os
c = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    c.request("GET", "/2018-06-01/runtime/invocation/next"); r = c.getresponse(); body = r.read()
    c.request("POST", "/2018-06-01/runtime/invocation/%s/response" % r.headers["Lambda-Runtime-Aws-Request-Id"], body); c.getresponse().read()
"""


# ---- what goes wrong, and what it must not break

def test_errors_of_handlers(deploy, invoke):
    name = python(deploy, "def handler(event, context):\n    raise ValueError('no')\n")
    answer, body = invoke(name)
    assert answer["FunctionError"] == "Unhandled" and answer["StatusCode"] == 200
    assert body["errorType"] == "ValueError" and body["errorMessage"] == "no" and body["stackTrace"]
    name = deploy("nodejs20.x", {"index.js": "exports.handler = async () => { throw new TypeError('bad'); };"})
    answer, body = invoke(name)
    assert answer["FunctionError"] == "Unhandled"
    assert body["errorType"] == "TypeError" and body["errorMessage"] == "bad" and body["trace"]


def test_failures_to_start(deploy, invoke):
    answer, body = invoke(python(deploy, "import nope\n"))
    assert answer["FunctionError"] == "Unhandled"
    assert body["errorType"] == "Runtime.ImportModuleError" and "nope" in body["errorMessage"]
    answer, body = invoke(deploy("provided.al2", {"other": "x"}))
    assert body["errorType"] == "Runtime.InvalidEntrypoint"
    assert body["errorMessage"].endswith("Error: fork/exec /var/task/bootstrap: no such file or directory")


HOSTILE = {
    "loops": ("import time\ndef handler(event, context):\n    while event.get('bad'):\n        pass\n    return 1\n",
              "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
    "allocates": ("def handler(event, context):\n    x = []\n    while event.get('bad'):\n        x.append(b'x' * (1 << 20))\n    return 1\n",
                  "Runtime.OutOfMemory", "signal: killed"),
    "exits": ("import os\ndef handler(event, context):\n    if event.get('bad'):\n        os._exit(1)\n    return 1\n",
              "Runtime.ExitError", "Runtime exited with error: exit status 1"),
    "garbage": ("import sys\ndef handler(event, context):\n    return {1, 2} if event.get('bad') else 1\n",
                "Runtime.MarshalError", "Unable to marshal response"),
}


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_hostile_functions(deploy, invoke, client, kind):
    code, error_type, message = HOSTILE[kind]
    healthy = python(deploy, "def handler(event, context):\n    return 'fine'\n")
    works(healthy, invoke)
    name = python(deploy, code, Timeout=30 if kind == "allocates" else 1)
    answer, body = invoke(name, {"bad": True})
    assert answer["StatusCode"] == 200 and answer["FunctionError"] == "Unhandled"
    assert body["errorType"] == error_type and message in body["errorMessage"]
    assert works(healthy, invoke) == "fine"
    assert works(name, invoke) == 1

    def logged():
        text = log_text(client, name)
        return text.count("REPORT RequestId:") >= 2 and (message in text or error_type in text)
    wait_until(logged, 10, "the log to tell what happened")


def test_a_function_that_prints_100_mb(deploy, invoke, client):
    """Every line is there and in order; others are answered meanwhile; and so is whoever asks for the log's tail."""
    lines = 1_000_000
    name = python(deploy, f"""
import sys
def handler(event, context):
    if not event.get('bad'):
        return 'quiet'
    for begin in range(0, {lines}, 1000):
        sys.stdout.write(''.join('%08d%s\\n' % (i, 'x' * 91) for i in range(begin, begin + 1000)))
    return 'printed'
""", Timeout=120, MemorySize=1024)
    healthy = python(deploy, "def handler(event, context):\n    return 'fine'\n")
    works(healthy, invoke)
    with ThreadPoolExecutor(1) as pool:
        flood = pool.submit(invoke, name, {"bad": True}, LogType="Tail")
        answered = 0
        while not flood.done() or answered == 0:
            assert works(healthy, invoke) == "fine"
            answered += 1
        answer, body = flood.result()
    assert "FunctionError" not in answer and body == "printed"
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert f"{lines - 1:08d}x" in tail and "REPORT RequestId:" in tail
    assert works(name, invoke) == "quiet"

    logs, group = client("logs"), f"/aws/lambda/{name}"
    stream = logs.describe_log_streams(logGroupName=group)["logStreams"][0]["logStreamName"]
    expected, token = 0, {}
    while True:
        page = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **token)
        for event in page["events"]:
            if event["message"].endswith("x\n"):
                assert event["message"] == f"{expected:08d}{'x' * 91}\n"
                expected += 1
        if token.get("nextToken") == page["nextForwardToken"]:
            break
        token = {"nextToken": page["nextForwardToken"]}
    assert expected == lines


def test_a_line_longer_than_an_event(deploy, invoke, client):
    """CloudWatch Logs takes 1 MB from PutLogEvents; what functions print is cut at 256 KB, the 26 bytes that count
    beside a message included."""
    name = python(deploy, "def handler(event, context):\n    print('y' * 300_000)\n    return 1\n")
    answer, _ = invoke(name, LogType="Tail")
    assert "FunctionError" not in answer
    logs = client("logs")
    events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="%y{9}%")["events"]
    assert [len(e["message"]) for e in events] == [262_144 - 26 + 1, 300_000 - 262_118 + 1]


def test_an_answer_that_is_not_json(deploy, invoke):
    name = deploy("provided", {"bootstrap": PROVIDED.replace("body); c.", "b'<garbage>'); c.")})
    answer, body = invoke(name)
    assert answer["FunctionError"] == "Unhandled" and body["errorType"] == "Runtime.InvalidResponse"


# ---- isolation

def test_functions_are_kept_apart(deploy, invoke):
    name = python(deploy, """
import os, sys
def attempt(act):
    try:
        act()
        return True
    except OSError:
        return False
def handler(event, context):
    return {'uid': os.getuid(), 'code': attempt(lambda: open('/var/task/x', 'w')), 'etc': attempt(lambda: open('/etc/x', 'w')),
            'tmp': attempt(lambda: open('/tmp/x', 'w')), 'home': [n for n in (os.listdir('/root') if os.path.isdir('/root') else []) if not sys.executable.startswith('/root/' + n)],
            'processes': sum(n.isdigit() for n in os.listdir('/proc'))}
""")
    body = works(name, invoke)
    assert body["uid"] != 0 and body["tmp"]
    assert not (body["code"] or body["etc"] or body["home"])
    assert body["processes"] < 10


# ---- concurrency, asynchronous invocations, versions

def test_reserved_concurrency(deploy, invoke, client):
    name = python(deploy, "import time\ndef handler(event, context):\n    time.sleep(event.get('s', 0))\n    return 1\n")
    works(name, invoke)
    client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    slow = threading.Thread(target=lambda: invoke(name, {"s": 1.5}))
    slow.start()
    time.sleep(0.5)
    with pytest.raises(botocore.exceptions.ClientError) as error:
        invoke(name)
    slow.join()
    assert error.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert error.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    client("lambda").delete_function_concurrency(FunctionName=name)
    works(name, invoke)


def test_events_run(deploy, client):
    name = python(deploy, "def handler(event, context):\n    print('event', event['n'])\n")
    answer = client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n": 41}')
    assert answer["StatusCode"] == 202
    wait_until(lambda: "event 41" in log_text_or_empty(client, name), 10, "the event's line")


def log_text_or_empty(client, name):
    try:
        return log_text(client, name)
    except botocore.exceptions.ClientError:
        return ""


def test_new_code_takes_over(deploy, invoke, client):
    name = python(deploy, "def handler(event, context):\n    return 1\n")
    assert works(name, invoke) == 1
    version = client("lambda").publish_version(FunctionName=name)["Version"]
    client("lambda").update_function_code(
        FunctionName=name, ZipFile=archive({"index.py": "def handler(event, context):\n    return 2\n"}))
    assert works(name, invoke) == 2
    assert invoke(name, Qualifier=version)[1] == 1


def test_refusals(client, role, unique):
    lam = client("lambda")

    def refused(**options):
        request = dict(FunctionName=unique("fn"), Runtime="python3.11", Role=role, Handler="index.handler",
                       Code={"ZipFile": archive({"index.py": ""})})
        request.update(options)
        with pytest.raises(botocore.exceptions.ClientError) as error:
            lam.create_function(**request)
        return error.value.response["Error"]

    assert "java17" in refused(Runtime="java17")["Message"]
    assert refused(Code={"ZipFile": b"not a zip"})["Code"] == "InvalidParameterValueException"
    assert "AWS_REGION" in refused(Environment={"Variables": {"AWS_REGION": "x"}})["Message"]
    assert "cannot be assumed" in refused(Role=role + "-absent")["Message"]
    assert refused(Code={"ZipFile": archive({"../x": "y"})})["Code"] == "InvalidParameterValueException"
    assert "4KB" in refused(Environment={"Variables": {"AB": "x" * 5000}})["Message"]


# ---- SDKs that know no AWS_ENDPOINT_URL

def test_boto3_before_1_28_reaches_dewpoint(deploy, invoke, client, unique):
    table = unique("table")
    client("dynamodb").create_table(TableName=table, BillingMode="PAY_PER_REQUEST",
                                    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                                    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
    name = python(deploy, "import boto3\ntable = boto3.resource('dynamodb').Table('%s')\n"
                          "def handler(event, context):\n    table.put_item(Item={'id': 'a', 'n': 1})\n"
                          "    return table.get_item(Key={'id': 'a'})['Item']['n']\n" % table,
                  Timeout=30, MemorySize=512)
    assert works(name, invoke) == 1


def test_javascript_sdk_2_reaches_dewpoint(deploy, invoke, client, unique, npm_install):
    table = unique("table")
    client("dynamodb").create_table(TableName=table, BillingMode="PAY_PER_REQUEST",
                                    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                                    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
    folder = npm_install({"aws-sdk": "2"})
    code = folder_archive(folder, {"index.js": """
const DynamoDB = require('aws-sdk/clients/dynamodb');
const db = new DynamoDB.DocumentClient();
exports.handler = async () => {
  await db.put({TableName: '%s', Item: {id: 'a', n: 2}}).promise();
  return (await db.get({TableName: '%s', Key: {id: 'a'}}).promise()).Item.n;
};""" % (table, table)})
    name = deploy("nodejs20.x", None, code=code, Timeout=30, MemorySize=512)
    assert works(name, invoke) == 2


# ---- aliases with weights

def test_an_alias_with_weights_runs_both_versions(client, deploy, unique):
    functions = client("lambda")
    name = python(deploy, "def handler(event, context):\n    return context.function_version\n")
    functions.publish_version(FunctionName=name)
    functions.update_function_configuration(FunctionName=name, Description="another")
    functions.publish_version(FunctionName=name)

    def ran(qualifier, times):
        out = []
        for _ in range(times):
            answer = functions.invoke(FunctionName=name, Qualifier=qualifier)
            out.append(answer["ExecutedVersion"])
            assert json.loads(answer["Payload"].read()) == out[-1]
        return set(out)

    def refused(code, **arguments):
        with pytest.raises(botocore.exceptions.ClientError) as error:
            functions.create_alias(FunctionName=name, Name=unique("a"), **arguments)
        assert error.value.response["Error"]["Code"] == code

    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    alias = functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1", RoutingConfig=weights)
    assert alias["RoutingConfig"] == weights and functions.get_alias(FunctionName=name, Name="live")["RoutingConfig"] == weights
    assert ran("live", 60) == {"1", "2"}
    functions.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.0}})
    assert ran("live", 10) == {"1"}
    functions.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 1.0}})
    assert ran("live", 10) == {"2"}
    assert [a["Name"] for a in functions.list_aliases(FunctionName=name, FunctionVersion="2")["Aliases"]] == ["live"]
    with pytest.raises(functions.exceptions.ResourceConflictException):
        functions.delete_function(FunctionName=name, Qualifier="2")
    functions.update_alias(FunctionName=name, Name="live", Description="kept")
    assert ran("live", 3) == {"2"}
    functions.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    assert "RoutingConfig" not in functions.get_alias(FunctionName=name, Name="live") and ran("live", 3) == {"1"}

    refused("InvalidParameterValueException", FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"1": 0.5}})
    refused("InvalidParameterValueException", FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"2": 0.1, "3": 0.1}})
    refused("InvalidParameterValueException", FunctionVersion="$LATEST", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    refused("ResourceNotFoundException", FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"9": 0.5}})

    stack = unique("stack")
    template = {"Parameters": {"Weight": {"Type": "Number", "Default": 1}}, "Resources": {"Alias": {
        "Type": "AWS::Lambda::Alias", "Properties": {
            "FunctionName": name, "Name": "stacked", "FunctionVersion": "1",
            "RoutingConfig": {"AdditionalVersionWeights": [{"FunctionVersion": "2", "FunctionWeight": {"Ref": "Weight"}}]}}}}}
    formation = client("cloudformation")
    formation.create_stack(StackName=stack, TemplateBody=json.dumps(template))
    formation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    assert ran("stacked", 5) == {"2"}
    del template["Resources"]["Alias"]["Properties"]["RoutingConfig"]
    formation.update_stack(StackName=stack, TemplateBody=json.dumps(template))
    formation.get_waiter("stack_update_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    assert ran("stacked", 5) == {"1"}
