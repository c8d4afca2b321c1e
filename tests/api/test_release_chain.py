"""From a line in a log to an alias: a metric embedded in what a new version logs, an alarm on it, the deployment that the alarm
stops, the alias back on the version before. Every link is looked at by boto3."""

import collections
import datetime
import json

import pytest

from conftest import answers, wait_until
from test_releases import Releases, advance, package

# What the second version logs; the first one logs nothing of the kind.
EMBEDDED = '''
import json, os, time

def handler(event, context):
    print(json.dumps({"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [{
        "Namespace": "Shop", "Dimensions": [["version"]], "Metrics": [{"Name": "LostOrders", "Unit": "Count"}]}]},
        "version": os.environ["AWS_LAMBDA_FUNCTION_VERSION"], "LostOrders": 3, "order": event["order"]}))
    return "lost"
'''


@pytest.fixture
def releases(new_cloud):
    return Releases(new_cloud())


def test_a_line_in_a_log_takes_a_release_back(dew, releases):
    metrics, logs = releases.cloud.client("cloudwatch"), releases.cloud.client("logs")
    releases.lambdas.update_function_code(FunctionName="f", ZipFile=package(EMBEDDED))
    version = releases.lambdas.publish_version(FunctionName="f")["Version"]
    measured = {"Namespace": "Shop", "MetricName": "LostOrders", "Dimensions": [{"Name": "version", "Value": version}]}
    metrics.put_metric_alarm(AlarmName="lost", **measured, Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=0,
                             ComparisonOperator="GreaterThanThreshold", TreatMissingData="notBreaching")
    releases.group("CodeDeployDefault.LambdaCanary10Percent5Minutes",
                   alarmConfiguration={"enabled": True, "alarms": [{"name": "lost"}]})
    advance(dew, releases.cloud, "63s")
    assert metrics.describe_alarms(AlarmNames=["lost"])["MetricAlarms"][0]["StateValue"] == "OK"
    spec = json.loads(releases.appspec())
    spec["Resources"][0]["F"]["Properties"]["TargetVersion"] = version
    deployment = releases.start(revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(spec)}})
    releases.shifted(deployment, 10)
    assert releases.alias() == ("1", {version: 0.1})

    # Invoked until the new version has been hit; the log has the line.
    answered = collections.Counter()
    while not answered[version]:
        answered[releases.lambdas.invoke(FunctionName="f", Qualifier="live", Payload=json.dumps(
            {"order": sum(answered.values())}))["ExecutedVersion"]] += 1
        assert sum(answered.values()) < 500
    lines = wait_until(lambda: logs.filter_log_events(logGroupName="/aws/lambda/f", filterPattern='{ $.LostOrders = 3 }')["events"],
                       what="the line in the log")
    assert len(lines) == 1 and f"[{version}]" in lines[0]["logStreamName"]
    assert json.loads(lines[0]["message"])["order"] == answered["1"]

    def lost():
        start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
        result = metrics.get_metric_data(StartTime=start, EndTime=start + datetime.timedelta(hours=3), MetricDataQueries=[
            {"Id": "lost", "MetricStat": {"Metric": measured, "Period": 60, "Stat": "Sum"}}])["MetricDataResults"][0]
        return result["Values"]

    assert wait_until(lost, what="the metric") == [3]

    advance(dew, releases.cloud, "63s")
    alarm = metrics.describe_alarms(AlarmNames=["lost"])["MetricAlarms"][0]
    assert alarm["StateValue"] == "ALARM" and "[3.0 (" in alarm["StateReason"]
    changes = [i["HistorySummary"] for i in metrics.describe_alarm_history(
        AlarmName="lost", HistoryItemType="StateUpdate", ScanBy="TimestampAscending")["AlarmHistoryItems"]]
    assert changes[-1] == "Alarm updated from OK to ALARM"

    advance(dew, releases.cloud, "6s")  # CodeDeploy asks every five seconds
    info = releases.ended(deployment)
    assert (info["status"], info["errorInformation"]["code"]) == ("Stopped", "ALARM_ACTIVE")
    assert "Activated alarms: lost" in info["errorInformation"]["message"]
    back = releases.ended(info["rollbackInfo"]["rollbackDeploymentId"])
    assert (back["status"], back["creator"]) == ("Succeeded", "codeDeployRollback")
    assert back["rollbackInfo"]["rollbackTriggeringDeploymentId"] == deployment
    assert releases.alias() == ("1", {})
    assert {releases.lambdas.invoke(FunctionName="f", Qualifier="live")["ExecutedVersion"] for _ in range(50)} == {"1"}


def test_weights_are_kept_within_one_percent(releases):
    """10,000 invocations of an alias with a tenth on its other version: between 9 % and 11 % of them are there, and nowhere else.
    (Each by chance: 30 is the standard deviation. To be outside of 900 to 1100 twice in a row has a chance of one in a
    million.)"""
    releases.lambdas.update_alias(FunctionName="f", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}})

    def invoked(count):
        seen = answers("127.0.0.1", releases.cloud.port, count,
                       lambda c: c.request("POST", "/2015-03-31/functions/f:live/invocations", b"{}"),
                       lambda answer, body: (answer.status, answer.headers["X-Amz-Executed-Version"], body))
        assert set(seen) == {(200, "1", b'"one"'), (200, "2", b'"two"')}
        return seen[200, "2", b'"two"']

    counts = [invoked(10_000)]
    if abs(counts[0] - 1000) > 100:
        counts.append(invoked(10_000))
    print("on the other version:", counts)
    assert abs(counts[-1] - 1000) <= 100
