"""CloudWatch alarms, on a clock that the tests move: states, actions, composite alarms, stacks; and the metrics of the
services themselves, which alarms are made of."""

import datetime
import http.server
import io
import json
import socket
import subprocess
import threading
import urllib.request
import zipfile

import botocore.exceptions
import pytest

from conftest import wait_until

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})


def archive(text):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as z:
        z.writestr("f.py", text)
    return buffer.getvalue()


class World:
    """A cloud of the test's own, with a clock."""

    def __init__(self, cloud, dew):
        self.cloud, self.dew = cloud, dew
        self.metrics = cloud.client("cloudwatch")

    def advance(self, time):
        """63s: over the end of a minute, and of the two seconds after which alarms look at it."""
        subprocess.run([self.dew, "clock", "advance", time, "--endpoint", self.cloud.endpoint], check=True,
                       capture_output=True)

    def now(self):
        state = json.load(urllib.request.urlopen(f"{self.cloud.endpoint}/_dew/clock"))
        return datetime.datetime.fromisoformat(state["now"].replace("Z", "+00:00"))

    def put(self, value, name="m"):
        self.metrics.put_metric_data(Namespace="N", MetricData=[{"MetricName": name, "Value": value}])

    def alarm(self, name, **options):
        values = {"Namespace": "N", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
                  "Threshold": 5, "ComparisonOperator": "GreaterThanThreshold", **options}
        self.metrics.put_metric_alarm(AlarmName=name, **{k: v for k, v in values.items() if v is not None})

    def describe(self, name):
        found = self.metrics.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        return (found["MetricAlarms"] + found["CompositeAlarms"])[0]

    def state(self, name):
        return self.describe(name)["StateValue"]

    def becomes(self, name, state):
        wait_until(lambda: self.state(name) == state, what=f"{name} to be {state}")

    def history(self, name, kind=None, **more):
        return [i["HistorySummary"] for i in self.metrics.describe_alarm_history(
            AlarmName=name, ScanBy="TimestampAscending", AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            **({"HistoryItemType": kind} if kind else {}), **more)["AlarmHistoryItems"]]

    def function(self, name, text):
        role = self.cloud.client("iam").create_role(RoleName=f"r-{name}", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        functions = self.cloud.client("lambda")
        arn = functions.create_function(FunctionName=name, Runtime="python3.11", Handler="f.handler", Role=role,
                                        Code={"ZipFile": archive(text)})["FunctionArn"]
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
        return arn

    def logged(self, name, pattern):
        try:
            return [e["message"] for e in self.cloud.client("logs").filter_log_events(
                logGroupName=f"/aws/lambda/{name}", filterPattern=pattern)["events"]]
        except botocore.exceptions.ClientError:
            return []


@pytest.fixture
def world(new_cloud, dew):
    return lambda *arguments: World(new_cloud(*arguments), dew)


def test_an_alarm_lives_through_its_states(world):
    w = world()
    w.alarm("a", AlarmDescription="too much")
    described = w.describe("a")
    assert described["StateValue"] == "INSUFFICIENT_DATA"
    assert described["StateReason"].startswith(("Unchecked", "Insufficient"))
    w.put(6)
    w.advance("63s")
    described = w.describe("a")
    assert described["StateValue"] == "ALARM"
    assert "6.0" in described["StateReason"] and "was greater than the threshold (5.0)" in described["StateReason"]
    assert json.loads(described["StateReasonData"])["threshold"] == 5
    w.put(1)
    w.advance("63s")
    assert w.state("a") == "OK"
    w.advance("10m")  # nothing comes any more
    assert w.state("a") == "INSUFFICIENT_DATA"
    updates = w.history("a", "StateUpdate")
    assert updates[-3:] == ["Alarm updated from INSUFFICIENT_DATA to ALARM", "Alarm updated from ALARM to OK",
                            "Alarm updated from OK to INSUFFICIENT_DATA"]
    assert w.history("a", "ConfigurationUpdate") == ['Alarm "a" created']


@pytest.mark.parametrize("treatment,state", [
    ("missing", "INSUFFICIENT_DATA"), ("ignore", "ALARM"), ("breaching", "ALARM"), ("notBreaching", "OK")])
def test_missing_data(world, treatment, state):
    w = world()
    w.alarm("a", TreatMissingData=treatment)
    w.put(6)
    w.advance("63s")
    assert w.state("a") == "ALARM"
    w.advance("10m")
    assert w.state("a") == state


def test_m_out_of_n_math_and_percentiles(world):
    w = world()
    w.alarm("two of three", EvaluationPeriods=3, DatapointsToAlarm=2)
    w.alarm("math", MetricName=None, Namespace=None, Statistic=None, Period=None, Threshold=0.5, Metrics=[
        {"Id": "m", "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "m"}, "Period": 60, "Stat": "Sum"},
         "ReturnData": False},
        {"Id": "all", "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "all"}, "Period": 60, "Stat": "Sum"},
         "ReturnData": False},
        {"Id": "rate", "Expression": "m / all", "Label": "rate"}])
    w.alarm("p90", Statistic=None, ExtendedStatistic="p90")
    w.alarm("p90 of enough", Statistic=None, ExtendedStatistic="p90", EvaluateLowSampleCountPercentile="ignore")
    for value in (6, 1, 7):
        w.put(value)
        w.put(10, name="all")
        w.advance("63s")
    assert w.state("two of three") == "ALARM"
    assert w.state("math") == "ALARM"
    assert w.state("p90") == "ALARM"
    assert w.state("p90 of enough") == "INSUFFICIENT_DATA"
    w.metrics.put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Values": [9], "Counts": [150]}])
    w.advance("63s")
    assert w.state("p90 of enough") == "ALARM"


def test_alarms_of_dynamodb_ignore_missing_data_unless_told_otherwise(world):
    w = world()
    w.alarm("a", Namespace="AWS/DynamoDB", MetricName="UserErrors")
    w.alarm("told", Namespace="AWS/DynamoDB", MetricName="UserErrors", TreatMissingData="breaching")
    w.metrics.set_alarm_state(AlarmName="a", StateValue="OK", StateReason="to see it stay")
    w.advance("10m")
    assert w.state("a") == "OK"
    assert w.state("told") == "ALARM"


def test_composite_alarms_follow_at_once(world):
    w = world()
    w.alarm("a")
    w.alarm("b")
    w.metrics.put_composite_alarm(AlarmName="both", AlarmRule="ALARM(a) AND ALARM(b)")
    w.metrics.put_composite_alarm(AlarmName="outer", AlarmRule="NOT ALARM(both)")
    assert (w.state("both"), w.state("outer")) == ("OK", "ALARM")
    for name in ("a", "b"):
        w.metrics.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")
    assert (w.state("both"), w.state("outer")) == ("ALARM", "OK")
    assert "Alarm updated from OK to ALARM" in w.history("both")
    children = w.metrics.describe_alarms(ChildrenOfAlarmName="both")["MetricAlarms"]
    assert [c["AlarmName"] for c in children] == ["a", "b"]
    parents = w.metrics.describe_alarms(ParentsOfAlarmName="both")["CompositeAlarms"]
    assert [p["AlarmName"] for p in parents] == ["outer"]
    with pytest.raises(botocore.exceptions.ClientError, match="composite alarm"):
        w.metrics.delete_alarms(AlarmNames=["a"])
    w.metrics.delete_alarms(AlarmNames=["outer", "both", "a", "b"])
    assert w.metrics.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])["CompositeAlarms"] == []


def test_actions_invoke_a_function_through_its_policy(world):
    w = world()
    arn = w.function("told", "import json\ndef handler(event, context):\n    print('TOLD', json.dumps(event))\n")
    w.alarm("a", AlarmActions=[arn], OKActions=[arn])
    w.put(6)
    w.advance("63s")
    assert w.state("a") == "ALARM"
    failed = wait_until(lambda: w.history("a", "Action"), what="the action's failure")
    assert "does not allow lambda.alarms.cloudwatch.amazonaws.com" in failed[0]
    w.cloud.client("lambda").add_permission(
        FunctionName="told", StatementId="alarms", Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com", SourceArn=w.describe("a")["AlarmArn"])
    w.put(1)
    w.advance("63s")
    told = wait_until(lambda: w.logged("told", "TOLD"), what="the function's log")
    event = json.loads(told[0].split("TOLD ", 1)[1])
    assert event["source"] == "aws.cloudwatch" and event["alarmArn"].endswith(":alarm:a")
    assert event["alarmData"]["state"]["value"] == "OK" and event["alarmData"]["previousState"]["value"] == "ALARM"
    assert event["alarmData"]["configuration"]["metrics"][0]["metricStat"]["metric"]["name"] == "m"
    assert f"Successfully executed action {arn}" in w.history("a", "Action")
    w.metrics.disable_alarm_actions(AlarmNames=["a"])
    count = len(w.history("a", "Action"))
    w.metrics.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="quiet")
    assert len(w.history("a", "Action")) == count


def test_actions_are_posted_to_the_webhook(world):
    got = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    topic = "arn:aws:sns:us-east-1:000000000000:topic"
    try:
        w = world("--alarm-webhook", f"http://127.0.0.1:{server.server_port}/alarms")
        w.alarm("a", AlarmActions=[topic])
        w.metrics.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="test")
        wait_until(lambda: got, what="the webhook's call")
        assert got[0]["action"] == topic and got[0]["alarmData"]["state"]["value"] == "ALARM"
        wait_until(lambda: w.history("a", "Action"), what="the history")
    finally:
        server.shutdown()
    without = world()
    without.alarm("a", AlarmActions=[topic])
    without.metrics.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="test")
    history = wait_until(lambda: without.history("a", "Action"), what="the history")
    assert "--alarm-webhook" in history[0]


def test_alarms_survive_a_kill_and_go_on(world, new_cloud, dew):
    w = world()
    w.alarm("a", Tags=[{"Key": "k", "Value": "v"}])
    w.put(6)
    w.advance("63s")
    w.cloud.kill()
    again = World(new_cloud(data=w.cloud.data), dew)
    assert again.state("a") == "ALARM"
    assert again.metrics.list_tags_for_resource(ResourceARN=again.describe("a")["AlarmArn"])["Tags"] == [
        {"Key": "k", "Value": "v"}]
    again.put(1)
    again.advance("63s")
    assert again.state("a") == "OK"


@pytest.mark.parametrize("options,words", [
    ({"Statistic": None}, "Statistic"),
    ({"ExtendedStatistic": "p90"}, "Statistic or ExtendedStatistic"),
    ({"Statistic": None, "ExtendedStatistic": "p900"}, "not supported"),
    ({"Period": 45}, "multiple of 60"),
    ({"EvaluationPeriods": 2000}, "across more than a day"),
    ({"TreatMissingData": "sometimes"}, "TreatMissingData"),
    ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "anomaly detection"),
    ({"AlarmActions": ["topic"]}, "arn"),
    ({"Threshold": None}, "Threshold"),
    ({"Metrics": [{"Id": "m", "Expression": "TIME_SERIES(1)"}]}, "mutually exclusive"),
])
def test_refuses_bad_alarms(world, cloud, dew, options, words):
    w = World(cloud, dew)
    with pytest.raises(botocore.exceptions.ClientError, match=words):
        w.alarm("never", **options)
    assert w.metrics.describe_alarms(AlarmNames=["never"])["MetricAlarms"] == []


TEMPLATE = """
Resources:
  Errors:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: N
      MetricName: m
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 1
      Threshold: %s
      ComparisonOperator: GreaterThanThreshold
      Tags: [{Key: stage, Value: "%s"}]
  All:
    Type: AWS::CloudWatch::CompositeAlarm
    Properties:
      AlarmRule: !Sub 'ALARM("${Errors}")'
Outputs:
  Arn: {Value: !GetAtt Errors.Arn}
  Name: {Value: !Ref Errors}
"""


def test_stacks_have_alarms(world):
    w = world()
    stacks = w.cloud.client("cloudformation")
    stacks.create_stack(StackName="s", TemplateBody=TEMPLATE % (5, "one"))
    stacks.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stacks.describe_stacks(StackName="s")["Stacks"][0]["Outputs"]}
    assert outputs["Arn"].endswith(":alarm:" + outputs["Name"]) and outputs["Name"].startswith("s-Errors-")
    w.put(6)
    w.advance("63s")
    assert w.state(outputs["Name"]) == "ALARM"
    stacks.update_stack(StackName="s", TemplateBody=TEMPLATE % (50, "two"))
    stacks.get_waiter("stack_update_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    assert w.describe(outputs["Name"])["Threshold"] == 50
    assert w.metrics.list_tags_for_resource(ResourceARN=outputs["Arn"])["Tags"] == [{"Key": "stage", "Value": "two"}]
    stacks.delete_stack(StackName="s")
    stacks.get_waiter("stack_delete_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    assert w.metrics.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])["MetricAlarms"] == []


def total(w, space, name, stat="Sum", **dimensions):
    end = w.now() + datetime.timedelta(minutes=2)
    result = w.metrics.get_metric_data(
        StartTime=end - datetime.timedelta(hours=3), EndTime=end,
        MetricDataQueries=[{"Id": "m", "MetricStat": {"Period": 36000, "Stat": stat, "Metric": {
            "Namespace": space, "MetricName": name,
            "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()]}}}])["MetricDataResults"][0]
    return result["Values"][0] if result["Values"] else None


def test_lambda_tells_what_functions_do(world):
    w = world()
    w.function("f", "def handler(event, context):\n    if event.get('fail'): raise ValueError('no')\n    return 1\n")
    functions = w.cloud.client("lambda")
    version = functions.publish_version(FunctionName="f")["Version"]
    functions.create_alias(FunctionName="f", Name="live", FunctionVersion=version)
    for payload in (b"{}", b"{}", b'{"fail": true}'):
        functions.invoke(FunctionName="f", Payload=payload)
    functions.invoke(FunctionName="f", Qualifier="live", Payload=b"{}")
    functions.invoke(FunctionName="f", InvocationType="Event", Payload=b"{}")
    wait_until(lambda: total(w, "AWS/Lambda", "Invocations", FunctionName="f") == 5, what="five invocations")
    assert total(w, "AWS/Lambda", "Errors", FunctionName="f") == 1
    assert total(w, "AWS/Lambda", "Errors", "SampleCount", FunctionName="f") == 5
    assert total(w, "AWS/Lambda", "Throttles", FunctionName="f") == 0
    assert total(w, "AWS/Lambda", "Invocations") == 5
    assert total(w, "AWS/Lambda", "Invocations", FunctionName="f", Resource="f") == 4
    assert total(w, "AWS/Lambda", "Invocations", FunctionName="f", Resource="f:live") == 1
    assert total(w, "AWS/Lambda", "Invocations", FunctionName="f", Resource="f:live", ExecutedVersion=version) == 1
    assert 0 < total(w, "AWS/Lambda", "Duration", "Maximum", FunctionName="f") < 60_000
    assert total(w, "AWS/Lambda", "ConcurrentExecutions", "Maximum", FunctionName="f") == 1
    assert total(w, "AWS/Lambda", "AsyncEventsReceived", FunctionName="f") == 1
    functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    with pytest.raises(botocore.exceptions.ClientError):
        functions.invoke(FunctionName="f", Payload=b"{}")
    assert total(w, "AWS/Lambda", "Throttles", FunctionName="f") == 1
    assert total(w, "AWS/Lambda", "Invocations", FunctionName="f") == 5


def test_dynamodb_tells_what_tables_do(world):
    w = world()
    tables = w.cloud.client("dynamodb")
    tables.create_table(TableName="things", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
                        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}])
    tables.put_item(TableName="things", Item={"k": {"S": "a"}, "x": {"S": "y" * 1500}})
    tables.get_item(TableName="things", Key={"k": {"S": "a"}}, ConsistentRead=True)
    for _ in range(2):
        with pytest.raises(botocore.exceptions.ClientError):
            tables.put_item(TableName="things", Item={"k": {"S": "a"}}, ConditionExpression="attribute_not_exists(k)")
    with pytest.raises(botocore.exceptions.ClientError):
        tables.get_item(TableName="things", Key={"wrong": {"S": "a"}})
    assert total(w, "AWS/DynamoDB", "ConsumedWriteCapacityUnits", TableName="things") == 2
    assert total(w, "AWS/DynamoDB", "ConsumedReadCapacityUnits", TableName="things") == 1
    assert total(w, "AWS/DynamoDB", "ConditionalCheckFailedRequests", TableName="things") == 2
    assert total(w, "AWS/DynamoDB", "UserErrors") == 1
    assert total(w, "AWS/DynamoDB", "SuccessfulRequestLatency", "SampleCount", TableName="things", Operation="PutItem") == 1


def test_services_may_be_told_to_be_silent(world):
    w = world("--no-metrics")
    table = w.cloud.client("dynamodb")
    table.create_table(TableName="things", BillingMode="PAY_PER_REQUEST",
                       AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                       KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}])
    table.get_waiter("table_exists").wait(TableName="things")
    table.put_item(TableName="things", Item={"id": {"S": "a"}})
    w.put(6)
    assert [m["Namespace"] for m in w.metrics.list_metrics()["Metrics"]] == ["N"]


def test_api_gateway_tells_how_it_answers(world):
    w = world()
    arn = w.function("f", "def handler(e, c):\n    return {'statusCode': int(e['queryStringParameters']['s']), 'body': ''}\n")
    w.cloud.client("lambda").add_permission(FunctionName="f", StatementId="api", Action="lambda:InvokeFunction",
                                            Principal="apigateway.amazonaws.com")
    apis = w.cloud.client("apigateway")
    api = apis.create_rest_api(name="shop")["id"]
    root = apis.get_resources(restApiId=api)["items"][0]["id"]
    apis.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    apis.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="AWS_PROXY", integrationHttpMethod="POST",
                         uri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations")
    apis.create_deployment(restApiId=api, stageName="dev")

    def call(status):
        try:
            urllib.request.urlopen(f"{w.cloud.endpoint}/restapis/{api}/dev/_user_request_/?s={status}").read()
        except urllib.error.HTTPError as error:
            assert error.code == status

    for status in (200, 200, 404, 500):
        call(status)
    assert total(w, "AWS/ApiGateway", "Count", "SampleCount", ApiName="shop") == 4
    assert total(w, "AWS/ApiGateway", "4XXError", ApiName="shop") == 1
    assert total(w, "AWS/ApiGateway", "5XXError", ApiName="shop", Stage="dev") == 1
    assert total(w, "AWS/ApiGateway", "5XXError", "Average", ApiName="shop", Stage="dev") == 0.25
    latency = total(w, "AWS/ApiGateway", "Latency", "Maximum", ApiName="shop")
    assert latency >= total(w, "AWS/ApiGateway", "IntegrationLatency", "Maximum", ApiName="shop") > 0
    assert total(w, "AWS/ApiGateway", "Count", ApiName="shop", Stage="dev", Method="GET", Resource="/") is None
    apis.update_stage(restApiId=api, stageName="dev", patchOperations=[
        {"op": "replace", "path": "/*/*/metrics/enabled", "value": "true"}])
    call(200)
    assert total(w, "AWS/ApiGateway", "Count", ApiName="shop", Stage="dev", Method="GET", Resource="/") == 1


EMF = {"_aws": {"Timestamp": 0, "CloudWatchMetrics": [{"Namespace": "App", "Dimensions": [["route"], []], "Metrics": [
    {"Name": "served", "Unit": "Count"}, {"Name": "took", "Unit": "Milliseconds"}]}]}, "route": "/users", "served": 1,
    "took": [3, 5]}


def test_metrics_embedded_in_log_lines(world):
    w = world()
    w.function("f", f"import json, time\nE = json.loads({json.dumps(json.dumps(EMF))})\n"
               "def handler(event, context):\n    E['_aws']['Timestamp'] = int(time.time() * 1000)\n"
               "    print(json.dumps(E))\n    if event.get('bad'): print(json.dumps({**E, 'served': 'one'}))\n")
    functions = w.cloud.client("lambda")
    w.advance("1h")  # the function lives by the machine's time
    functions.invoke(FunctionName="f", Payload=b"{}", LogType="Tail")
    functions.invoke(FunctionName="f", Payload=b'{"bad": true}', LogType="Tail")
    wait_until(lambda: total(w, "App", "served") == 2, what="the embedded metrics")
    assert total(w, "App", "served", route="/users") == 2
    assert total(w, "App", "took", "Average", route="/users") == 4
    assert total(w, "AWS/Logs", "EMFValidationErrors", LogGroupName="/aws/lambda/f") == 1
    # In the minute in which they came, by the cloud's clock.
    start = w.now() - datetime.timedelta(minutes=3)
    recent = w.metrics.get_metric_statistics(Namespace="App", MetricName="served", StartTime=start,
                                             EndTime=start + datetime.timedelta(minutes=5), Period=300, Statistics=["Sum"])
    assert sum(p["Sum"] for p in recent["Datapoints"]) == 2


def test_metrics_embedded_over_tcp(world):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    w = world("--emf-port", str(port))
    stamp = int(w.now().timestamp() * 1000)
    lines = [{**EMF, "_aws": {**EMF["_aws"], "Timestamp": stamp, "LogGroupName": "agent"}},
             {**EMF, "_aws": {**EMF["_aws"], "Timestamp": stamp}}]
    with socket.create_connection(("127.0.0.1", port)) as agent:
        agent.sendall("".join(json.dumps(line) + "\n" for line in lines).encode() + b"no json\n")
    wait_until(lambda: total(w, "App", "served") == 2, what="the embedded metrics")
    events = w.cloud.client("logs").filter_log_events(logGroupName="agent")["events"]
    assert len(events) == 1 and json.loads(events[0]["message"])["route"] == "/users"


def test_prometheus_reads_them_all(world):
    w = world()
    w.metrics.put_metric_data(Namespace="My/App", MetricData=[
        {"MetricName": "HttpErrors", "Value": 2.5, "Unit": "Count", "Dimensions": [{"Name": "api-name", "Value": 'a "b"'}]},
        {"MetricName": "HttpErrors", "Value": 1.5, "Unit": "Count", "Dimensions": [{"Name": "api-name", "Value": 'a "b"'}]}])
    answer = urllib.request.urlopen(f"{w.cloud.endpoint}/_dew/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    text = answer.read().decode()
    assert "# TYPE my_app_http_errors summary\n" in text
    assert 'my_app_http_errors_sum{dimension_api_name="a \\"b\\"",unit="Count"} 4\n' in text
    assert 'my_app_http_errors_count{dimension_api_name="a \\"b\\"",unit="Count"} 2\n' in text
