"""Logs and metrics, as an operator finds them in CloudWatch Logs."""

import json
import os
import time
import uuid

import pytest

from conftest import aws

pytestmark = pytest.mark.skipif("AWS_ENDPOINT_URL" not in os.environ, reason="needs a cloud")


def lines_with(correlation_id, count):
    """The JSON log lines of one request, as soon as there are `count` of them."""
    logs = aws("logs")
    deadline = time.monotonic() + 15
    while True:
        found = []
        for group in logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/users-api")["logGroups"]:
            events = logs.filter_log_events(logGroupName=group["logGroupName"], filterPattern=f'"{correlation_id}"')["events"]
            found += [json.loads(event["message"]) for event in events]
        if len(found) >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def test_each_request_leaves_a_log_line_and_a_metric(api):
    id = f"suite-{uuid.uuid4()}"
    assert api("GET", "/users/nothing", headers={"X-Correlation-Id": id}).status == 404
    lines = lines_with(id, 2)
    assert len(lines) == 2, lines
    (metric,) = [line for line in lines if "_aws" in line]
    (log,) = [line for line in lines if "_aws" not in line]

    assert log["level"] == "INFO" and log["message"] == "request" and log["service"].startswith("users-api")
    assert log["correlation_id"] == id and log["request_id"] and isinstance(log["cold_start"], bool)
    assert (log["method"], log["route"], log["path"], log["status"]) == ("GET", "/users/{id}", "/users/nothing", 404)
    assert log["timestamp"].endswith("Z") and log["took_ms"] >= 0

    (directive,) = metric["_aws"]["CloudWatchMetrics"]
    assert abs(metric["_aws"]["Timestamp"] / 1000 - time.time()) < 120
    assert directive["Namespace"] == "UsersApi"
    assert directive["Dimensions"] == [["service", "method", "route"]]
    for name in (definition["Name"] for definition in directive["Metrics"]):
        assert isinstance(metric[name], (int, float))
    assert (metric["Requests"], metric["ClientErrors"], metric["ServerErrors"]) == (1, 1, 0)
    assert metric["route"] == "/users/{id}" and metric["Latency"] >= 0


def test_tokens_never_reach_the_logs(api, token):
    id = f"suite-{uuid.uuid4()}"
    bad = token[:-6] + "AAAAAA"
    assert api("POST", "/users", {"name": "Ada"}, bad, {"X-Correlation-Id": id}).status == 401
    lines = lines_with(id, 3)
    assert any(line.get("message") == "token refused" for line in lines)
    assert token[:40] not in json.dumps(lines)
    assert bad not in json.dumps(lines)
