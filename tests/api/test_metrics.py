"""CloudWatch metrics with real clients: boto3, and the wire of newer SDKs."""

import datetime
import gzip
import json
import struct
import subprocess
import urllib.error
import urllib.request

import botocore.exceptions
import pytest

UTC = datetime.timezone.utc


def now():
    return datetime.datetime.now(UTC)


@pytest.fixture(scope="module")
def metrics(client):
    return client("cloudwatch")


def put(metrics, space, name="m", **datum):
    metrics.put_metric_data(Namespace=space, MetricData=[{"MetricName": name, **datum}])


def statistics(metrics, space, name="m", period=3600, minutes=180, names=("Sum",), **more):
    end = now() + datetime.timedelta(minutes=1)
    return metrics.get_metric_statistics(
        Namespace=space, MetricName=name, StartTime=end - datetime.timedelta(minutes=minutes), EndTime=end,
        Period=period, **({"Statistics": list(names)} if names else {}), **more)["Datapoints"]


def refused(call, code, words):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call()
    assert error.value.response["Error"]["Code"] == code, error.value
    assert words in error.value.response["Error"]["Message"], error.value


def test_values_counts_and_statistic_sets_add_up(metrics, unique):
    space = unique("Space")
    put(metrics, space, Value=1.5)
    put(metrics, space, Values=[1, 2, 10], Counts=[4, 2, 1])
    put(metrics, space, StatisticValues={"SampleCount": 2, "Sum": 8, "Minimum": 4, "Maximum": 4})
    # Ten hours, so that one period holds it all whatever the time is.
    points = statistics(metrics, space, period=36000, minutes=600,
                        names=("SampleCount", "Sum", "Average", "Minimum", "Maximum"))
    assert len(points) == 1
    assert {k: points[0][k] for k in ("SampleCount", "Sum", "Minimum", "Maximum", "Unit")} == {
        "SampleCount": 10, "Sum": 27.5, "Minimum": 1, "Maximum": 10, "Unit": "None"}
    assert points[0]["Average"] == pytest.approx(2.75)
    extended = statistics(metrics, space, period=36000, minutes=600, names=None,
                          ExtendedStatistics=["p50", "p100", "tm90", "TC(:2)", "PR(1.5:4)", "IQM", "wm90"])
    got = extended[0]["ExtendedStatistics"]
    assert got["p50"] == 1.5 and got["p100"] == 10 and got["TC(:2)"] == 7 and got["PR(1.5:4)"] == 40
    assert got["tm90"] == pytest.approx(17.5 / 9)
    # With a set whose values differ there are no percentiles.
    put(metrics, space, StatisticValues={"SampleCount": 2, "Sum": 3, "Minimum": 1, "Maximum": 2})
    assert statistics(metrics, space, period=36000, minutes=600, names=None, ExtendedStatistics=["p50"]) == []


def test_units_lie_apart(metrics, unique):
    space = unique("Space")
    put(metrics, space, Value=1, Unit="Seconds")
    put(metrics, space, Value=1000, Unit="Milliseconds")
    points = statistics(metrics, space, period=36000, minutes=600)
    assert sorted((p["Unit"], p["Sum"]) for p in points) == [("Milliseconds", 1000), ("Seconds", 1)]
    assert [p["Sum"] for p in statistics(metrics, space, period=36000, minutes=600, Unit="Seconds")] == [1]
    assert statistics(metrics, space, period=36000, minutes=600, Unit="Bytes") == []


def test_high_resolution_is_told_apart_by_the_second(metrics, unique):
    space = unique("Space")
    start = now().replace(microsecond=0) - datetime.timedelta(minutes=2)
    start = start.replace(second=0)
    for second in range(6):
        put(metrics, space, Value=second, Timestamp=start + datetime.timedelta(seconds=second), StorageResolution=1)
    put(metrics, space, name="coarse", Value=1, Timestamp=start)
    query = {"Id": "m", "MetricStat": {"Metric": {"Namespace": space, "MetricName": "m"}, "Period": 1, "Stat": "Sum"}}

    def values(period, name="m"):
        stat = {**query["MetricStat"], "Period": period, "Metric": {"Namespace": space, "MetricName": name}}
        return metrics.get_metric_data(
            MetricDataQueries=[{"Id": "m", "MetricStat": stat}], StartTime=start,
            EndTime=start + datetime.timedelta(minutes=1), ScanBy="TimestampAscending")["MetricDataResults"][0]["Values"]

    assert values(1) == [0, 1, 2, 3, 4, 5]
    assert values(5) == [10, 5]
    assert values(60) == [15]
    assert values(60, "coarse") == [1] and values(30, "coarse") == []


@pytest.mark.parametrize("datum,code,words", [
    ({}, "MissingParameter", "MetricData.member.1.Value"),
    ({"Value": 1, "StatisticValues": {"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1}},
     "InvalidParameterCombination", "mutually exclusive"),
    ({"Values": [1, 2], "Counts": [1]}, "InvalidParameterValue", "must be of the same size"),
    ({"Values": [1] * 151}, "InvalidParameterValue", "greater than 150"),
    ({"Value": float("nan")}, "InvalidParameterValue", "NaN"),
    ({"Value": 2.0 ** 361}, "InvalidParameterValue", "MetricData.member.1.Value"),
    ({"Value": 1, "StorageResolution": 5}, "InvalidParameterValue", "StorageResolution"),
    ({"Value": 1, "Timestamp": datetime.datetime(2020, 1, 1)}, "InvalidParameterValue", "past two weeks"),
    ({"Value": 1, "Timestamp": datetime.datetime(2099, 1, 1)}, "InvalidParameterValue", "two hours in the future"),
    ({"Value": 1, "Unit": "Parsecs"}, "ValidationError", "enum"),
    ({"Value": 1, "Dimensions": [{"Name": str(i), "Value": "x"} for i in range(31)]}, "ValidationError", "30"),
])
def test_refuses_bad_data_and_keeps_none_of_it(metrics, unique, datum, code, words):
    space = unique("Space")
    refused(lambda: put(metrics, space, **datum), code, words)
    good = {"MetricName": "good", "Value": 1}
    if code != "ValidationError":
        refused(lambda: metrics.put_metric_data(Namespace=space, MetricData=[good, {"MetricName": "m", **datum}]),
                code, words.replace("member.1", "member.2"))
    assert metrics.list_metrics(Namespace=space)["Metrics"] == []


def test_limits_of_a_call(metrics, unique):
    space = unique("Space")
    data = [{"MetricName": f"m{i:04}", "Value": i} for i in range(1000)]
    metrics.put_metric_data(Namespace=space, MetricData=data)
    refused(lambda: metrics.put_metric_data(Namespace=space, MetricData=data + data[:1]),
            "InvalidParameterValue", "1000")
    listed = [m["MetricName"] for page in metrics.get_paginator("list_metrics").paginate(Namespace=space)
              for m in page["Metrics"]]
    assert listed == [d["MetricName"] for d in data]
    refused(lambda: statistics(metrics, space, period=60, minutes=1500), "InvalidParameterCombination",
            "exceeds the limit of 1440")
    refused(lambda: metrics.list_metrics(NextToken="x"), "InvalidParameterValue", "NextToken")


def test_pages_of_data_points(metrics, unique):
    space = unique("Space")
    start = now().replace(second=0, microsecond=0) - datetime.timedelta(minutes=30)
    for minute in range(10):
        metrics.put_metric_data(Namespace=space, MetricData=[
            {"MetricName": name, "Value": minute, "Timestamp": start + datetime.timedelta(minutes=minute)}
            for name in ("a", "b")])
    queries = [{"Id": n, "MetricStat": {"Metric": {"Namespace": space, "MetricName": n}, "Period": 60, "Stat": "Sum"}}
               for n in ("a", "b")]
    request = {"MetricDataQueries": queries, "StartTime": start, "EndTime": start + datetime.timedelta(minutes=10)}
    whole = metrics.get_metric_data(**request)["MetricDataResults"]
    assert [r["Values"] for r in whole] == [list(range(9, -1, -1))] * 2
    assert [r["StatusCode"] for r in whole] == ["Complete"] * 2
    first = metrics.get_metric_data(**request, MaxDatapoints=7)
    assert [r["StatusCode"] for r in first["MetricDataResults"]] == ["PartialData", "PartialData"]
    assert [len(r["Values"]) for r in first["MetricDataResults"]] == [7, 0]
    paged = {"a": [], "b": []}
    token, pages = None, 0
    while True:
        page = metrics.get_metric_data(**request, MaxDatapoints=7, **({"NextToken": token} if token else {}))
        pages += 1
        for result in page["MetricDataResults"]:
            paged[result["Id"]] += result["Values"]
        token = page.get("NextToken")
        if not token:
            break
    assert pages == 3 and paged == {"a": list(range(9, -1, -1)), "b": list(range(9, -1, -1))}
    refused(lambda: metrics.get_metric_data(**{**request, "ScanBy": "TimestampAscending"}, NextToken=first["NextToken"]),
            "InvalidNextToken", "token")


@pytest.mark.parametrize("queries,words", [
    ([{"Id": "M", "Expression": "1"}], "lowercase"),
    ([{"Id": "a", "Expression": "b"}], "there is no metric b"),
    ([{"Id": "a", "Expression": "b"}, {"Id": "b", "Expression": "a"}], "made of itself"),
    ([{"Id": "a", "Expression": "1 +"}], "missing at the end"),
    ([{"Id": "a", "Expression": "1"}], "must be a time series"),
    ([{"Id": "a", "Expression": "TIME_SERIES(1)"}, {"Id": "a", "Expression": "TIME_SERIES(1)"}], "not unique"),
    ([{"Id": "a"}], "Exactly one"),
    ([{"Id": "a", "Expression": "SELECT AVG(x) FROM y"}], "Metrics Insights"),
    ([{"Id": "a", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 45, "Stat": "Sum"}}], "Period"),
    ([{"Id": "a", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "p101"}}], "Stat"),
])
def test_refuses_bad_queries(metrics, queries, words):
    refused(lambda: metrics.get_metric_data(MetricDataQueries=queries, StartTime=now() - datetime.timedelta(hours=1),
                                            EndTime=now()), "ValidationError", words)


def test_what_is_acknowledged_survives_a_kill(new_cloud):
    cloud = new_cloud()
    metrics = cloud.client("cloudwatch")
    for value in range(20):
        put(metrics, "Durable", Value=value)
    cloud.kill()
    again = new_cloud(data=cloud.data).client("cloudwatch")
    points = statistics(again, "Durable", period=36000, minutes=600, names=("Sum", "SampleCount"))
    assert [(p["Sum"], p["SampleCount"]) for p in points] == [(190, 20)]
    assert [m["MetricName"] for m in again.list_metrics(Namespace="Durable")["Metrics"]] == ["m"]


def test_old_data_is_rolled_up_as_the_clock_moves(dew, new_cloud):
    cloud = new_cloud()
    metrics = cloud.client("cloudwatch")
    start = now().replace(minute=0, second=0, microsecond=0) - datetime.timedelta(hours=2)
    for minute in range(60):
        put(metrics, "Old", Value=1, Timestamp=start + datetime.timedelta(minutes=minute))

    def points(period):
        return len(metrics.get_metric_statistics(
            Namespace="Old", MetricName="m", StartTime=start, EndTime=start + datetime.timedelta(hours=1),
            Period=period, Statistics=["Sum"])["Datapoints"])

    assert (points(60), points(300), points(3600)) == (60, 12, 1)
    subprocess.run([dew, "clock", "advance", "16d", "--endpoint", cloud.endpoint], check=True, capture_output=True)
    assert (points(60), points(300), points(3600)) == (0, 12, 1)
    subprocess.run([dew, "clock", "advance", "50d", "--endpoint", cloud.endpoint], check=True, capture_output=True)
    assert (points(60), points(300), points(3600)) == (0, 0, 1)
    assert metrics.list_metrics(Namespace="Old")["Metrics"] == []  # silent for two weeks


def rpc(cloud, protocol, operation, body, headers=None):
    """A call as newer SDKs make it, unsigned: the cloud is relaxed."""
    if protocol == "cbor":
        path = f"/service/GraniteServiceVersion20100801/operation/{operation}"
        head = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor", "Accept": "application/cbor"}
    else:
        path = "/"
        head = {"X-Amz-Target": f"GraniteServiceVersion20100801.{operation}", "Content-Type": "application/x-amz-json-1.0"}
    request = urllib.request.Request(cloud.endpoint + path, body, {**head, **(headers or {})}, method="POST")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def cbor(value):
    """Enough of CBOR to call with."""
    def head(major, n):
        return bytes([major << 5 | n]) if n < 24 else bytes([major << 5 | 25]) + struct.pack(">H", n)
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, datetime.datetime):
        return b"\xc1\xfb" + struct.pack(">d", value.timestamp())
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    return head(0, value)


@pytest.mark.parametrize("protocol", ["cbor", "json"])
def test_the_protocols_of_newer_clients(cloud, metrics, unique, protocol):
    space = unique("Space")
    pack = cbor if protocol == "cbor" else lambda v: json.dumps(v, default=lambda d: d.timestamp()).encode()
    data = {"Namespace": space, "MetricData": [{"MetricName": "m", "Value": 2.5, "Timestamp": now(), "Unit": "Count"}]}
    status, headers, _ = rpc(cloud, protocol, "PutMetricData", gzip.compress(pack(data)), {"Content-Encoding": "gzip"})
    assert status == 200
    if protocol == "cbor":
        assert headers["smithy-protocol"] == "rpc-v2-cbor" and headers["Content-Type"] == "application/cbor"
    assert statistics(metrics, space, period=36000, minutes=600)[0]["Sum"] == 2.5
    status, _, body = rpc(cloud, protocol, "ListMetrics", pack({"Namespace": space}))
    assert status == 200 and space.encode() in body
    status, headers, body = rpc(cloud, protocol, "PutMetricData", pack({"Namespace": space, "MetricData": [{"MetricName": "m"}]}))
    assert status == 400 and headers["x-amzn-query-error"] == "MissingParameter;Sender"
    assert b"MissingRequiredParameterException" in body
    assert rpc(cloud, protocol, "NoSuchThing", pack({}))[0] in (400, 404)
    assert rpc(cloud, protocol, "PutMetricData", b"\xff\x00")[0] == 400


def test_namespace_is_a_condition_of_policies(new_cloud):
    cloud = new_cloud("--auth", "strict")
    iam = cloud.client("iam")
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*",
                                                "Condition": {"StringEquals": {"cloudwatch:namespace": "Mine"}}}]}))
    key = iam.create_access_key(UserName="u")["AccessKey"]
    metrics = cloud.client("cloudwatch", access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"])
    put(metrics, "Mine", Value=1)
    refused(lambda: put(metrics, "Theirs", Value=1), "AccessDenied", "cloudwatch:PutMetricData")
    refused(lambda: metrics.list_metrics(), "AccessDenied", "cloudwatch:ListMetrics")
