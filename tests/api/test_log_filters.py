"""Metric and subscription filters of log groups, to what they do; what is ingested, and for how long it is kept."""

import base64
import datetime
import gzip
import http.server
import json
import random
import subprocess
import threading
import time

import botocore.exceptions
import pytest

from conftest import wait_until
from test_lambda import TRUST, archive

DECODES = """
import base64, gzip, json
def handler(event, context):
    data = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    print("GOT " + json.dumps({"keys": sorted(event), "data": data}))
"""


@pytest.fixture
def logs(client):
    return client("logs")


@pytest.fixture
def group(logs, unique):
    name = "/filters/" + unique("g")
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    return name


@pytest.fixture
def put(logs, group):
    def call(*messages, at=None):
        at = int(time.time() * 1000) if at is None else at
        return logs.put_log_events(logGroupName=group, logStreamName="s",
                                   logEvents=[{"timestamp": at, "message": m} for m in messages])
    return call


@pytest.fixture
def function(client, unique):
    name = unique("reader")
    role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    client("lambda").create_function(FunctionName=name, Runtime="python3.11", Role=role, Handler="index.handler",
                                     Code={"ZipFile": archive({"index.py": DECODES})})
    return name


def arn(function):
    return f"arn:aws:lambda:us-east-1:000000000000:function:{function}"


def received(logs, function):
    """What the function got, a dict for each delivery."""
    try:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}", filterPattern="GOT")["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [json.loads(e["message"][4:])["data"] for e in events]


def refused(call, code, words):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call()
    assert error.value.response["Error"]["Code"] == code, error.value
    assert words in error.value.response["Error"]["Message"], error.value


def points(client, space, name, statistic, dimensions=()):
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=1)
    found = client("cloudwatch").get_metric_statistics(
        Namespace=space, MetricName=name, StartTime=end - datetime.timedelta(hours=10), EndTime=end, Period=36000,
        Statistics=[statistic], Dimensions=[{"Name": k, "Value": v} for k, v in dimensions])["Datapoints"]
    return sum(point[statistic] for point in found)


def test_a_metric_filter_counts_values_and_takes_dimensions(client, logs, group, put, unique):
    space = unique("Space")

    def filter(name, pattern, **transformation):
        logs.put_metric_filter(logGroupName=group, filterName=name, filterPattern=pattern, metricTransformations=[
            {"metricName": name, "metricNamespace": space, **transformation}])
    filter("errors", '{ $.level = "ERROR" }', metricValue="1", defaultValue=0, unit="Count")
    filter("took", "{ $.took = * }", metricValue="$.took", dimensions={"Level": "$.level"}, unit="Milliseconds")
    filter("bytes", "[method = GET, bytes > 100]", metricValue="$bytes")
    put('{"level":"ERROR","took":12.5}', '{"level":"INFO","took":2}', '{"level":"ERROR"}', "GET 1534", "GET 5", "PUT 999")
    wait_until(lambda: points(client, space, "bytes", "Sum") == 1534, what="the metric of bytes")
    wait_until(lambda: points(client, space, "errors", "Sum") == 2, what="the metric of errors")
    assert points(client, space, "errors", "SampleCount") == 6
    wait_until(lambda: points(client, space, "took", "Sum", [("Level", "ERROR")]) == 12.5, what="the dimension")
    assert points(client, space, "took", "Sum", [("Level", "INFO")]) == 2
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["metricFilterCount"] == 3


def test_a_subscribed_function_gets_what_matches(client, logs, group, put, function):
    def subscribe():
        logs.put_subscription_filter(logGroupName=group, filterName="errors", filterPattern="ERROR", destinationArn=arn(function))
    refused(subscribe, "InvalidParameterException", "Make sure you have given CloudWatch Logs permission")
    # A policy for another group does not do.
    for statement, source in (("other", "/another"), ("this", group)):
        client("lambda").add_permission(FunctionName=function, StatementId=statement, Action="lambda:InvokeFunction",
                                        Principal="logs.us-east-1.amazonaws.com", SourceAccount="000000000000",
                                        SourceArn=f"arn:aws:logs:us-east-1:000000000000:log-group:{source}:*")
        if statement == "other":
            refused(subscribe, "InvalidParameterException", "Make sure you have given CloudWatch Logs permission")
    subscribe()
    put("ERROR one", "fine", "ERROR two")
    [data] = wait_until(lambda: received(logs, function), 30, "the delivery")
    assert {k: data[k] for k in data if k != "logEvents"} == {
        "messageType": "DATA_MESSAGE", "owner": "000000000000", "logGroup": group, "logStream": "s",
        "subscriptionFilters": ["errors"]}
    stored = logs.filter_log_events(logGroupName=group, filterPattern="ERROR")["events"]
    assert data["logEvents"] == [{"id": e["eventId"], "timestamp": e["timestamp"], "message": e["message"]} for e in stored]
    wait_until(lambda: points(client, "AWS/Logs", "ForwardedLogEvents", "Sum", [
        ("DestinationType", "Lambda"), ("FilterName", "errors"), ("LogGroupName", group)]) == 2, what="the forwarded events")
    # Without the permission nothing is delivered any more.
    client("lambda").remove_permission(FunctionName=function, StatementId="this")
    put("ERROR three")
    wait_until(lambda: points(client, "AWS/Logs", "DeliveryErrors", "Sum", [
        ("DestinationType", "Lambda"), ("FilterName", "errors"), ("LogGroupName", group)]) == 1, what="the failed delivery")
    assert len(received(logs, function)) == 1


def test_a_function_does_not_read_itself(client, logs, group, put, function):
    """Each delivery writes lines: without the guard this would never end."""
    own = f"/aws/lambda/{function}"
    client("lambda").add_permission(FunctionName=function, StatementId="logs", Action="lambda:InvokeFunction",
                                    Principal="logs.amazonaws.com")
    logs.create_log_group(logGroupName=own)
    for each in (own, group):
        logs.put_subscription_filter(logGroupName=each, filterName="all", filterPattern="", destinationArn=arn(function))
    event = {"awslogs": {"data": base64.b64encode(gzip.compress(b"{}")).decode()}}
    client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    wait_until(lambda: len(received(logs, function)) == 1, what="the function's lines")
    # Filters run in the order of what comes in: behind this one nothing of the function's own waits.
    put("from outside")
    wait_until(lambda: len(received(logs, function)) > 1, 30, "the delivery")
    assert [data.get("logGroup") for data in received(logs, function)] == [None, group]


def test_a_stack_has_filters(client, logs, put, group, function, unique):
    stack, space = unique("stack"), unique("Space")
    template = {"Resources": {
        "Count": {"Type": "AWS::Logs::MetricFilter", "Properties": {
            "LogGroupName": group, "FilterPattern": "{ $.code = 5* }", "ApplyOnTransformedLogs": False,
            "FieldSelectionCriteria": '@aws.region = "us-east-1"', "EmitSystemFieldDimensions": ["@aws.region"],
            "MetricTransformations": [
                {"MetricName": "Failures", "MetricNamespace": space, "MetricValue": 1, "Unit": "Count",
                 "Dimensions": [{"Key": "Code", "Value": "$.code"}]}]}},
        "May": {"Type": "AWS::Lambda::Permission", "Properties": {
            "FunctionName": function, "Action": "lambda:InvokeFunction", "Principal": "logs.amazonaws.com"}},
        "Sub": {"Type": "AWS::Logs::SubscriptionFilter", "DependsOn": "May", "Properties": {
            "LogGroupName": group, "FilterPattern": "", "DestinationArn": arn(function),
            "FieldSelectionCriteria": '@aws.account NOT IN ["123456789012"]'}}},
        "Outputs": {"Count": {"Value": {"Ref": "Count"}}}}
    cloudformation = client("cloudformation")

    def deploy(operation):
        getattr(cloudformation, operation + "_stack")(StackName=stack, TemplateBody=json.dumps(template))
        cloudformation.get_waiter(f"stack_{operation}_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    deploy("create")
    [metric] = logs.describe_metric_filters(logGroupName=group)["metricFilters"]
    assert metric["metricTransformations"] == [{"metricName": "Failures", "metricNamespace": space, "metricValue": "1",
                                                "unit": "Count", "dimensions": {"Code": "$.code"}}]
    [output] = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    assert metric["filterName"] == output["OutputValue"] and output["OutputValue"].startswith(f"{stack}-Count-")
    put('{"code":503}')
    wait_until(lambda: points(client, space, "Failures", "Sum", [("@aws.region", "us-east-1"), ("Code", "503")]) == 1, what="the metric")
    wait_until(lambda: received(logs, function), 30, "the delivery")
    template["Resources"]["Count"]["Properties"]["FilterPattern"] = "{ $.code = 4* }"
    del template["Resources"]["Sub"]
    deploy("update")
    assert logs.describe_metric_filters(logGroupName=group)["metricFilters"][0]["filterPattern"] == "{ $.code = 4* }"
    assert logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"] == []
    cloudformation.delete_stack(StackName=stack)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    assert logs.describe_metric_filters(logGroupName=group)["metricFilters"] == []


def test_a_service_subscribes_and_counts(dew, client, cloud, logs, group, put, tmp_path, unique):
    """cloudwatchLog events, and a metric filter among serverless.yml's resources."""
    service, space = unique("svc"), unique("Space")
    (tmp_path / "serverless.yml").write_text(f"""service: {service}
provider: {{name: aws, runtime: python3.11}}
functions:
  reader:
    handler: index.handler
    events:
      - http: GET /read
      - cloudwatchLog: {{logGroup: {group}, filter: '{{ $.level = "ERROR" }}'}}
resources:
  Resources:
    Failures:
      Type: AWS::Logs::MetricFilter
      Properties:
        LogGroupName: {group}
        FilterPattern: '{{ $.level = "ERROR" }}'
        MetricTransformations: [{{MetricName: Failures, MetricNamespace: {space}, MetricValue: "1"}}]
""")
    (tmp_path / "index.py").write_text(DECODES)
    for command in (["deploy"], ["info"]):
        done = subprocess.run([dew, *command, str(tmp_path), "--endpoint", cloud.endpoint], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    put('{"level":"INFO"}', '{"level":"ERROR"}')
    [data] = wait_until(lambda: received(logs, f"{service}-dev-reader"), 30, "the delivery")
    assert [e["message"] for e in data["logEvents"]] == ['{"level":"ERROR"}']
    wait_until(lambda: points(client, space, "Failures", "Sum") == 1, what="the metric")


def test_limits_of_what_is_put(logs, group, put):
    now, hour = int(time.time() * 1000), 3_600_000
    put("x" * (1_048_576 - 26))
    refused(lambda: put("x" * (1_048_576 - 25)), "InvalidParameterException", "1048577 bytes exceeds limit of 1048576")
    refused(lambda: put(*["x" * 600_000] * 2), "InvalidParameterException", "Upload too large")
    events = [{"timestamp": now + at * hour, "message": str(at)} for at in (-15 * 24, -1, 0, 3)]

    def call(logEvents):
        return logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=logEvents)
    assert call(events)["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 3}
    # What is rejected does not count for the span of what is not.
    refused(lambda: call([{"timestamp": now - 25 * hour, "message": "a"}, {"timestamp": now, "message": "b"}]),
            "InvalidParameterException", "24 hours")
    refused(lambda: call([{"timestamp": now, "message": "b"}, {"timestamp": now - 1, "message": "a"}]),
            "InvalidParameterException", "chronological")
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    assert call([{"timestamp": now - 30 * hour, "message": "a"}, {"timestamp": now, "message": "b"}])[
        "rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}


def test_retention_follows_the_clouds_clock(dew, new_cloud):
    cloud = new_cloud()
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    logs.put_retention_policy(logGroupName="g", retentionInDays=3)
    logs.put_log_events(logGroupName="g", logStreamName="s",
                        logEvents=[{"timestamp": int(time.time() * 1000), "message": "old"}])

    def messages():
        return [e["message"] for e in logs.filter_log_events(logGroupName="g")["events"]]

    def advance(by):
        subprocess.run([dew, "clock", "advance", by, "--endpoint", cloud.endpoint], check=True, capture_output=True)
    advance("2d")
    assert messages() == ["old"]
    advance("25h")
    assert messages() == []
    # Longer retention does not bring back what is gone from the store.
    advance("2h")
    logs.put_retention_policy(logGroupName="g", retentionInDays=30)
    assert messages() == []


TELLS = """
import base64, gzip, json, urllib.request
def handler(event, context):
    data = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    lines = "\\n".join(e["message"] for e in data["logEvents"])
    urllib.request.urlopen(URL, lines.encode()).read()
"""


class Listener:
    """Keeps every line that is posted to it: a log would lose some with the cloud."""

    def __init__(self):
        self.lines = set()
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                listener.lines.update(self.rfile.read(int(self.headers["Content-Length"])).decode().split("\n"))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/"


def test_what_was_acknowledged_is_delivered_over_kills(new_cloud):
    listener, chance = Listener(), random.Random(7)
    cloud = new_cloud()
    role = cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    cloud.client("lambda").create_function(
        FunctionName="reader", Runtime="python3.11", Role=role, Handler="index.handler",
        Code={"ZipFile": archive({"index.py": f"URL = '{listener.url}'\n{TELLS}"})})
    cloud.client("lambda").add_permission(FunctionName="reader", StatementId="s", Action="lambda:InvokeFunction",
                                          Principal="logs.amazonaws.com")
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    logs.put_subscription_filter(logGroupName="g", filterName="some", filterPattern="take", destinationArn=arn("reader"))
    acknowledged, number = set(), 0
    for turn in range(4):
        killer = threading.Timer(chance.uniform(0.1, 0.6), cloud.kill)
        killer.start()
        try:
            while True:
                lines = [f"take {number + i} {'x' * 100}" for i in range(1000)]
                number += len(lines)
                logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[
                    {"timestamp": int(time.time() * 1000), "message": m} for line in lines for m in (line, "leave " + line[5:])])
                acknowledged.update(lines)
        except botocore.exceptions.BotoCoreError:
            pass
        killer.join()
        cloud = new_cloud(data=cloud.data)
        logs = cloud.client("logs")
    assert acknowledged
    wait_until(lambda: acknowledged <= listener.lines, 60, "everything that was acknowledged to be delivered")
    assert all(line.startswith("take ") for line in listener.lines)
    listener.server.shutdown()
