"""Traces through the whole application: stages, functions, their calls, the daemon's port, the command line, and OTLP."""

import http.client
import http.server
import io
import json
import os
import pathlib
import re
import socket
import stat
import subprocess
import threading
import time
import uuid
import zipfile

import pytest
from conftest import DEW, ENVIRONMENT, ROOT, free_port, wait_until

HERE = pathlib.Path(__file__).parent
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
NODE_PACKAGES = {"aws-xray-sdk-core": "3.10.3", "@aws-sdk/client-dynamodb": "3.600.0"}

PYTHON = """
import boto3, json, os, time
table = boto3.client("dynamodb")
def handler(event, context):
    if event.get("fail"): raise ValueError("told to fail")
    if event.get("env"): return {k: v for k, v in os.environ.items() if "XRAY" in k or "TRACE" in k}
    table.put_item(TableName=os.environ["TABLE"], Item={"id": {"S": "1"}})
    try:
        table.get_item(TableName="no-such-table", Key={"id": {"S": "1"}})
    except Exception as error:
        pass
    return {"statusCode": 200, "body": os.environ["_X_AMZN_TRACE_ID"]}
"""

NODE = """
const AWSXRay = require('aws-xray-sdk-core');
const { DynamoDBClient, GetItemCommand } = require('@aws-sdk/client-dynamodb');
const db = AWSXRay.captureAWSv3Client(new DynamoDBClient({}));
exports.handler = async () => {
  await AWSXRay.captureAsyncFunc('work', async (work) => {
    work.addAnnotation('language', 'JavaScript');
    await new Promise((done) => setTimeout(done, 200));
    work.close();
  });
  await db.send(new GetItemCommand({ TableName: process.env.TABLE, Key: { id: { S: '1' } } }));
  return { statusCode: 200, body: 'ok' };
};
"""


def archive(files, folder=None):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for path in sorted((folder / "node_modules").rglob("*")) if folder else ():
            wanted = path.suffix in (".js", ".json", ".cjs") and "dist-es" not in path.parts and "dist-types" not in path.parts
            if path.is_file() and not path.is_symlink() and wanted:
                z.write(path, path.relative_to(folder))
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFREG | 0o755) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            z.writestr(info, content)
    return out.getvalue()


@pytest.fixture(scope="module")
def application(cloud, client):
    """Makes functions with an API in front: application(runtime, zip, handler, tracing) gives (function, api id)."""
    unique = f"traces-{uuid.uuid4().hex[:8]}"
    client("dynamodb").create_table(TableName=unique, BillingMode="PAY_PER_REQUEST",
                                    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                                    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}])
    role = client("iam").create_role(RoleName=unique, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    client("iam").put_role_policy(RoleName=unique, PolicyName="all", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
    made = []

    def make(runtime, code, handler="index.handler", mode="PassThrough", stage_tracing=True):
        name = f"{unique}-{uuid.uuid4().hex[:4]}"
        function = client("lambda").create_function(
            FunctionName=name, Runtime=runtime, Role=role, Handler=handler, Code={"ZipFile": code}, Timeout=20, MemorySize=512,
            TracingConfig={"Mode": mode}, Environment={"Variables": {"TABLE": unique}})["FunctionArn"]
        client("lambda").add_permission(FunctionName=name, StatementId="api", Action="lambda:InvokeFunction",
                                        Principal="apigateway.amazonaws.com")
        gateway = client("apigateway")
        api = gateway.create_rest_api(name=name)
        made.append((name, api["id"]))
        root = gateway.get_resources(restApiId=api["id"])["items"][0]["id"]
        gateway.put_method(restApiId=api["id"], resourceId=root, httpMethod="GET", authorizationType="NONE")
        gateway.put_integration(
            restApiId=api["id"], resourceId=root, httpMethod="GET", type="AWS_PROXY", integrationHttpMethod="POST",
            uri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations")
        deployment = gateway.create_deployment(restApiId=api["id"])["id"]
        stage = gateway.create_stage(restApiId=api["id"], stageName="dev", deploymentId=deployment, tracingEnabled=stage_tracing)
        assert stage["tracingEnabled"] is stage_tracing
        return name, api["id"]

    make.table = unique
    yield make
    for name, api in made:
        client("apigateway").delete_rest_api(restApiId=api)
        client("lambda").delete_function(FunctionName=name)


def new_root():
    return f"1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}"


def request(cloud, api, header=None):
    """GET / of the API; its status, its trace header, its body, and how long it took in seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=60)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    headers = {"Host": f"{api}.execute-api.localhost:{cloud.port}", "User-Agent": "test"}
    if header:
        headers["X-Amzn-Trace-Id"] = header
    start = time.perf_counter()
    connection.request("GET", "/dev/", headers=headers)
    response = connection.getresponse()
    body = response.read()
    took = time.perf_counter() - start
    connection.close()
    return response.status, response.headers.get("X-Amzn-Trace-Id"), body.decode(), took


class Node:
    def __init__(self, document, parent=None):
        self.document, self.parent, self.children = document, parent, []
        self.start, self.end = document["start_time"], document.get("end_time", document["start_time"])

    def __getattr__(self, name):
        return self.document.get(name)

    def find(self, *names):
        node = self
        for name in names:
            node = next(c for c in node.children if c.name == name)
        return node

    def own(self):
        """Time that no child covers."""
        covered, until = 0, self.start
        for child in sorted(self.children, key=lambda c: c.start):
            begin, end = max(until, child.start), min(self.end, child.end)
            if end > begin:
                covered, until = covered + end - begin, end
        return self.end - self.start - covered

    def all(self):
        yield self
        for child in self.children:
            yield from child.all()


def tree(client, root, expected=1):
    """The trace's roots, joined by their parents; inferred segments apart. Waits until `expected` function segments are there."""
    def fetch():
        traces = client("xray").batch_get_traces(TraceIds=[root])["Traces"]
        documents = [json.loads(s["Document"]) for s in traces[0]["Segments"]] if traces else []
        return documents if sum(d.get("origin") == "AWS::Lambda::Function" for d in documents) >= expected else None

    documents = wait_until(fetch, 10, f"the function's segment of {root}")
    nodes, inferred = {}, [d for d in documents if d.get("inferred")]

    def add(document, parent=None):
        node = nodes[document["id"]] = Node(document, parent)
        if parent:
            parent.children.append(node)
        for part in document.get("subsegments", ()):
            add(part, node)

    for document in documents:
        if not document.get("inferred"):
            add(document)
    roots = []
    for node in [n for n in nodes.values() if n.parent is None]:
        parent = nodes.get(node.parent_id)
        node.parent = parent
        (parent.children if parent else roots).append(node)
    return roots, inferred


def root_of(header):
    return re.search(r"Root=(1-[0-9a-f]{8}-[0-9a-f]{24})", header).group(1)


def test_api_function_and_table_are_one_trace(cloud, client, application):
    name, api = application("python3.11", archive({"index.py": PYTHON}))
    root = new_root()
    status, header, seen, _ = request(cloud, api, f"Root={root};Sampled=1")
    assert status == 200 and root_of(header) == root and header.endswith(";Sampled=1")
    (stage,), inferred = tree(client, root)

    assert (stage.name, stage.origin) == (f"{name}/dev", "AWS::ApiGateway::Stage")
    assert stage.resource_arn == f"arn:aws:apigateway:us-east-1::/restapis/{api}/stages/dev"
    assert stage.http["request"]["method"] == "GET" and stage.http["response"]["status"] == 200
    assert stage.aws["api_gateway"]["rest_api_id"] == api and stage.fault is None
    invoke = stage.find("Lambda")
    assert invoke.namespace == "aws" and invoke.aws["operation"] == "Invoke"
    service = invoke.find(name)
    assert service.origin == "AWS::Lambda" and service.resource_arn.endswith(f":function:{name}")
    function = service.find(name)
    assert function.origin == "AWS::Lambda::Function"
    assert [c.name for c in function.children] == ["Initialization", "Invocation", "Overhead"]
    assert [c.name for c in function.find("Initialization").children] == ["Prepare", "Sandbox", "Runtime"]
    invocation = function.find("Invocation")
    assert f"Parent={invocation.id}" in seen

    put, get = sorted((c for c in invocation.children), key=lambda c: c.start)
    assert put.name == get.name == "DynamoDB" and put.namespace == "aws"
    assert put.aws["operation"] == "PutItem" and put.aws["table_name"] == application.table
    assert put.aws["resource_names"] == [application.table] and re.fullmatch("[A-Z0-9]{52}", put.aws["request_id"])
    assert put.http["response"]["status"] == 200 and put.error is None
    assert get.error is True and get.cause["exceptions"][0]["type"] == "ResourceNotFoundException"
    assert {i["name"] for i in inferred} == {application.table, "no-such-table"}
    assert all(i["origin"] == "AWS::DynamoDB::Table" for i in inferred)

    services = client("xray").get_trace_graph(TraceIds=[root])["Services"]
    types = {s["ReferenceId"]: s["Type"] for s in services}
    edges = {(types[s["ReferenceId"]], types[e["ReferenceId"]]) for s in services for e in s["Edges"]}
    assert edges == {("client", "AWS::ApiGateway::Stage"), ("AWS::ApiGateway::Stage", "AWS::Lambda"),
                     ("AWS::Lambda", "AWS::Lambda::Function"), ("AWS::Lambda::Function", "AWS::DynamoDB::Table")}

    # Warm: no initialization any more.
    second = new_root()
    request(cloud, api, f"Root={second};Sampled=1")
    (stage,), _ = tree(client, second)
    assert [c.name for c in stage.find("Lambda", name, name).children] == ["Invocation", "Overhead"]


def test_whoever_decides_first_decides(cloud, client, application):
    traced, traced_api = application("python3.11", archive({"index.py": PYTHON}))
    active, plain_api = application("python3.11", archive({"index.py": PYTHON}), mode="Active", stage_tracing=False)
    rule = {"ResourceARN": "*", "FixedRate": 1.0, "ReservoirSize": 0, "ServiceType": "*", "Host": "*", "HTTPMethod": "*",
            "URLPath": "*", "Version": 1}
    xray = client("xray")
    never = [(traced, f"{traced}/dev"), (active, active)]
    try:
        # Sampled=0 is kept by both.
        root = new_root()
        _, header, seen, _ = request(cloud, traced_api, f"Root={root};Sampled=0")
        assert header == f"Root={root};Sampled=0" and "Sampled=0" in seen
        for rule_name, service in never:
            xray.create_sampling_rule(SamplingRule={**rule, "RuleName": rule_name, "Priority": 10, "FixedRate": 0.0, "ServiceName": service})
        _, header, seen, _ = request(cloud, traced_api)
        assert "Sampled=0" in header and "Sampled=0" in seen
        _, _, seen, _ = request(cloud, plain_api)
        assert "Sampled=0" in seen
        for rule_name, _ in never:
            xray.update_sampling_rule(SamplingRuleUpdate={"RuleName": rule_name, "FixedRate": 1.0})
        _, header, seen, _ = request(cloud, traced_api)
        assert header.endswith(";Sampled=1") and root_of(seen) == root_of(header) and seen.endswith(";Sampled=1")
        tree(client, root_of(header))
        # The function decides where the stage does not.
        _, header, seen, _ = request(cloud, plain_api)
        assert "Sampled" not in header and seen.endswith(";Sampled=1")
        (service,), _ = tree(client, root_of(seen))
        assert service.origin == "AWS::Lambda"
        assert xray.batch_get_traces(TraceIds=[root])["Traces"] == []
    finally:
        for rule_name, _ in never:
            xray.delete_sampling_rule(RuleName=rule_name)


def test_failures_show(cloud, client, application):
    name, api = application("python3.11", archive({"index.py": "def handler(event, context): raise ValueError('told to fail')"}))
    root = new_root()
    status, _, _, _ = request(cloud, api, f"Root={root};Sampled=1")
    assert status == 502
    (stage,), _ = tree(client, root)
    assert stage.fault is True and stage.http["response"]["status"] == 502
    function = stage.find("Lambda", name, name)
    assert function.fault is True and function.cause["exceptions"][0]["message"] == "told to fail"
    assert function.find("Invocation").fault is True
    summary, = client("xray").get_trace_summaries(
        StartTime=time.time() - 60, EndTime=time.time() + 60,
        FilterExpression=f'service(id(name: "{name}", type: "AWS::Lambda::Function")) {{ fault AND message = "told to fail" }}')["TraceSummaries"]
    assert summary["Id"] == root and summary["HasFault"] and summary["Http"]["HttpStatus"] == 502
    cause, = summary["FaultRootCauses"]
    assert cause["ClientImpacting"] and [s["Type"] for s in cause["Services"]] == [
        "AWS::ApiGateway::Stage", "AWS::Lambda", "AWS::Lambda::Function"]
    own, invocation = cause["Services"][-1]["EntityPath"]
    assert (own["Name"], invocation["Name"]) == (name, "Invocation")
    assert own["Exceptions"] == [{"Name": "ValueError", "Message": "told to fail"}]
    assert summary["ErrorRootCauses"] == []
    slow, = summary["ResponseTimeRootCauses"]
    assert slow["Services"][0]["Type"] == "AWS::ApiGateway::Stage" and slow["Services"][0]["EntityPath"][0]["Coverage"] == 1.0
    like = json.dumps([{"Services": [{"Name": s["Name"], "Type": s["Type"]} for s in cause["Services"]]}])
    for expression, found in (
            ('rootcause.fault.exception { last and message = "told to fail" }', [root]),
            (f'rootcause.fault.service {{ first and name = "{name}" }}', []),
            ("rootcause.responsetime.entity { first and coverage > 0.9 }", [root]),
            (f"rootcause.json = #{like}", [root]), (f"rootcause.json != #{like}", [])):
        summaries = client("xray").get_trace_summaries(
            StartTime=time.time() - 60, EndTime=time.time() + 60,
            FilterExpression=f'service("{name}") AND {expression}')["TraceSummaries"]
        assert [s["Id"] for s in summaries] == found, expression

    broken, api = application("provided.al2023", archive({"bootstrap": "#!/bin/sh\nexit 7\n"}))
    root = new_root()
    request(cloud, api, f"Root={root};Sampled=1")
    (stage,), _ = tree(client, root)
    function = stage.find("Lambda", broken, broken)
    assert function.fault is True and [c.name for c in function.children] == ["Initialization"]


def test_functions_find_the_daemon(cloud, client, application):
    name, _ = application("python3.11", archive({"index.py": PYTHON}))
    answer = json.loads(client("lambda").invoke(FunctionName=name, Payload=json.dumps({"env": True}))["Payload"].read())
    host, port = answer["AWS_XRAY_DAEMON_ADDRESS"].split(":")
    assert host == "127.0.0.1" and answer["AWS_XRAY_CONTEXT_MISSING"] == "LOG_ERROR"
    assert (answer["_AWS_XRAY_DAEMON_ADDRESS"], answer["_AWS_XRAY_DAEMON_PORT"]) == (host, port)
    assert "Sampled=0" in answer["_X_AMZN_TRACE_ID"]

    # Over UDP, in the daemon's form; and nothing else.
    root = new_root()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        document = {"name": "udp", "id": "00000000000000a1", "trace_id": root, "start_time": time.time(), "end_time": time.time()}
        for text in ("garbage", json.dumps(document), '{"format":"json","version":1}\n{"id":1}',
                     '{"format": "json", "version": 1}\n' + json.dumps(document)):
            udp.sendto(text.encode(), (host, int(port)))
    wait_until(lambda: client("xray").batch_get_traces(TraceIds=[root])["Traces"], 10, "the UDP segment")
    # Over TCP, what the SDKs ask.
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request("POST", "/GetSamplingRules", "{}")
    rules = json.loads(connection.getresponse().read())["SamplingRuleRecords"]
    assert any(r["SamplingRule"]["RuleName"] == "Default" for r in rules)
    connection.request("POST", "/SamplingTargets", json.dumps({"SamplingStatisticsDocuments": [
        {"RuleName": "Default", "ClientID": "0" * 24, "Timestamp": time.time(), "RequestCount": 1, "SampledCount": 1, "BorrowCount": 0}]}))
    targets = json.loads(connection.getresponse().read())
    assert targets["SamplingTargetDocuments"][0]["Interval"] == 10 and targets["LastRuleModification"] >= 0
    connection.request("POST", "/SamplingTargets", "{}")
    assert connection.getresponse().status == 400
    # A web page of another origin asks nothing.
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request("POST", "/GetSamplingRules", "{}", {"Origin": "https://example.com"})
    assert connection.getresponse().status == 403


def check_times(cloud, client, application, name, api, language):
    request(cloud, api, "Sampled=0")  # warm
    for _ in range(5):
        root = new_root()
        status, _, body, took = request(cloud, api, f"Root={root};Sampled=1")
        assert (status, body) == (200, "ok")

        def joined():
            """The trace, once what came over UDP is in it."""
            roots, inferred = tree(client, root)
            if len(roots) != 1:
                return None
            invocation = roots[0].find("Lambda", name, name, "Invocation")
            names = sorted(c.name for c in invocation.children)
            return (roots[0], invocation, inferred) if names == ["DynamoDB", "work"] else None

        stage, invocation, inferred = wait_until(joined, 10, "the function's own segments to join the trace")
        call, work = invocation.find("DynamoDB"), invocation.find("work")
        assert call.aws["operation"] == "GetItem" and call.aws["table_name"] == application.table and not call.children
        assert [i["name"] for i in inferred] == [application.table]
        assert work.annotations == {"language": language} and 0.19 <= work.end - work.start
        total = sum(node.own() for node in stage.all() if node.name != "Overhead")
        # The client's own time is all in the trace. The machine may be busy elsewhere once.
        if abs(total - took) <= 0.05 * took:
            return
    raise AssertionError(f"exclusive times are {total:.4f} s, the client measured {took:.4f} s")


def test_the_xray_sdk_of_node_joins(cloud, client, application, npm_install):
    folder = npm_install(NODE_PACKAGES)
    name, api = application("nodejs20.x", archive({"index.js": NODE}, folder))
    # The SDK's own description of the call stays, ours gives way: one DynamoDB below the invocation.
    check_times(cloud, client, application, name, api, "JavaScript")


@pytest.fixture(scope="module")
def cpp_function():
    """The function of traces/, built with the SDK; kept under build/ between runs."""
    build = ROOT / "build/traces-function"
    for command in (["cmake", "-S", HERE / "traces", "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_COMPILER=clang++-19"],
                    ["cmake", "--build", build, "-j2"]):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return (build / "bootstrap").read_bytes()


def test_segments_over_udp_from_cpp_join(cloud, client, application, cpp_function):
    name, api = application("provided.al2023", archive({"bootstrap": cpp_function}))
    check_times(cloud, client, application, name, api, "C++")


def dew(*arguments, **options):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    return subprocess.run([DEW, *map(str, arguments)], env={**clean, **ENVIRONMENT}, capture_output=True, text=True, timeout=90, **options)


def test_the_command_line_shows_traces(cloud, client, application, tmp_path):
    name, api = application("python3.11", archive({"index.py": PYTHON}))
    root = new_root()
    request(cloud, api, f"Root={root};Sampled=1")
    tree(client, root)
    listed = dew("traces", "--endpoint", cloud.endpoint, "--filter", f'service("{name}/dev")', cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    line, = listed.stdout.splitlines()
    assert root in line and f"{name}/dev  GET http://" in line and line.endswith("200") and "\033" not in line
    shown = dew("traces", root, "--endpoint", cloud.endpoint, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[0].startswith(root) and lines[1].startswith(f"{name}/dev  AWS::ApiGateway::Stage")
    for part in ("Initialization", "Sandbox", "Runtime", "Invocation", f"DynamoDB  PutItem {application.table}", "Overhead"):
        assert any(f" {part}" in one and "█" in one and " ms" in one for one in lines), part
    data = json.loads(dew("traces", root, "--json", "--endpoint", cloud.endpoint, cwd=tmp_path).stdout)
    assert data["id"] == root and data["work"][0]["status"] == 200
    assert sum(w["ownMs"] for w in data["work"]) == pytest.approx(data["durationMs"], rel=0.05)
    missing = dew("traces", new_root(), "--endpoint", cloud.endpoint, cwd=tmp_path)
    assert missing.returncode == 1 and "there is no trace" in missing.stderr
    wrong = dew("traces", "--filter", "responsetime >", "--endpoint", cloud.endpoint, cwd=tmp_path)
    assert wrong.returncode == 1 and "expected a value" in wrong.stderr


def test_a_busy_daemon_port(tmp_path):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        refused = dew("exec", "--xray-port", port, "--", "true", cwd=tmp_path)
        assert refused.returncode == 1 and f"cannot listen on 127.0.0.1:{port}" in refused.stderr
    chosen = free_port()
    done = dew("exec", "--xray-port", chosen, "--", "sh", "-c", "echo $AWS_XRAY_DAEMON_ADDRESS", cwd=tmp_path)
    assert done.stdout.strip() == f"127.0.0.1:{chosen}"
    # The usual port: whoever has it, the command finds one that works.
    with socket.socket() as usual:
        try:
            usual.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            usual.bind(("127.0.0.1", 2000))
            usual.listen()
        except OSError:
            pass  # taken already, which serves as well
        done = dew("exec", "--", "sh", "-c", "curl -s -X POST $AWS_XRAY_DAEMON_ADDRESS/GetSamplingRules", cwd=tmp_path)
    assert "port 2000 of X-Ray's daemon is in use by another program" in done.stderr
    assert json.loads(done.stdout)["SamplingRuleRecords"][0]["SamplingRule"]["RuleName"] == "Default"


def test_traces_survive_a_kill(new_cloud):
    cloud = new_cloud("--xray-port", "0")
    root = new_root()
    document = {"name": "kept", "id": "00000000000000a1", "trace_id": root, "start_time": time.time(), "end_time": time.time() + 1}
    assert cloud.client("xray").put_trace_segments(TraceSegmentDocuments=[json.dumps(document)])["UnprocessedTraceSegments"] == []
    cloud.kill()
    again = new_cloud("--xray-port", "0", data=cloud.data).client("xray")
    assert again.batch_get_traces(TraceIds=[root])["Traces"][0]["Id"] == root
    assert again.get_trace_summaries(StartTime=time.time() - 60, EndTime=time.time() + 60)["TraceSummaries"][0]["Id"] == root


def test_traces_go_to_a_collector(new_cloud):
    received = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.append((self.path, body))
            self.send_response(200 if len(received) > 1 else 503)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    try:
        cloud = new_cloud("--otlp", f"http://127.0.0.1:{collector.server_port}", "--xray-port", "0")
        root = new_root()
        document = {"name": "sent", "id": "00000000000000a1", "trace_id": root, "start_time": time.time(), "end_time": time.time() + 1}
        cloud.client("xray").put_trace_segments(TraceSegmentDocuments=[json.dumps(document)])
        wait_until(lambda: len(received) > 1, 10, "the collector to be asked again")
        for path, body in received:  # the same, once more
            span = body["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
            assert path == "/v1/traces" and span["name"] == "sent" and span["traceId"] == root[2:].replace("-", "")
    finally:
        collector.shutdown()


def test_serverless_yml_turns_tracing_on(new_cloud, tmp_path):
    (tmp_path / "index.py").write_text("def handler(event, context): return {'statusCode': 200, 'body': 'hi'}\n")
    (tmp_path / "serverless.yml").write_text("""service: traced
provider:
  name: aws
  runtime: python3.11
  tracing: {apiGateway: true, lambda: true}
functions:
  api:
    handler: index.handler
    events: [{http: GET /hello}]
""")
    cloud = new_cloud("--xray-port", "0")
    done = dew("deploy", "--endpoint", cloud.endpoint, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    gateway = cloud.client("apigateway")
    api = gateway.get_rest_apis()["items"][0]["id"]
    assert gateway.get_stage(restApiId=api, stageName="dev")["tracingEnabled"] is True
    assert cloud.client("lambda").get_function_configuration(FunctionName="traced-dev-api")["TracingConfig"] == {"Mode": "Active"}
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=60)
    root = new_root()
    connection.request("GET", "/dev/hello", headers={"Host": f"{api}.execute-api.localhost", "X-Amzn-Trace-Id": f"Root={root};Sampled=1"})
    assert connection.getresponse().read() == b"hi"
    (stage,), _ = tree(cloud.client, root)
    assert stage.name == "dev-traced/dev"
