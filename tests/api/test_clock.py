"""The cloud's clock: shown, moved, durable, and what comes due happens in order."""

import datetime
import io
import json
import subprocess
import zipfile

import botocore.exceptions
import pytest

from conftest import wait_until

FUNCTION = '''
import json, os, urllib.request
def handler(event, context):
    print("attempt at", context.get_remaining_time_in_millis() < 10_000)
    raise RuntimeError("no")
'''


def dew_clock(dew, cloud, *arguments, check=True):
    process = subprocess.run([dew, "clock", *arguments, "--endpoint", cloud.endpoint], capture_output=True, text=True)
    if check:
        assert process.returncode == 0, process.stderr
    return process


def now(dew, cloud):
    state = json.loads(dew_clock(dew, cloud, "--json").stdout)
    return datetime.datetime.fromisoformat(state["now"].replace("Z", "+00:00")), state


def health(cloud):
    import urllib.request
    return json.load(urllib.request.urlopen(f"{cloud.endpoint}/_dew/health"))


def test_shows_and_moves_and_survives_a_restart(dew, new_cloud):
    cloud = new_cloud()
    before, state = now(dew, cloud)
    assert not state["moved"] and state["offsetSeconds"] == 0
    assert "clock" not in health(cloud)
    assert "moved" not in dew_clock(dew, cloud).stdout
    moved = json.loads(dew_clock(dew, cloud, "advance", "1h30m", "--json").stdout)
    assert moved["moved"] and moved["offsetSeconds"] == 5400
    after, _ = now(dew, cloud)
    assert after - before >= datetime.timedelta(minutes=90)
    assert "1h 30m ahead" in health(cloud)["clock"]
    cloud.kill()
    again = new_cloud(data=cloud.data)
    later, state = now(dew, again)
    assert state["offsetSeconds"] == 5400 and later >= after
    assert "moved: 1h 30m ahead" in again.log
    # A client signs with the machine's time, and is let in.
    assert again.client("sts").get_caller_identity()["Account"] == "000000000000"


@pytest.mark.parametrize("time", ["-5m", "0", "soon", "20000d"])
def test_refuses_to_go_back_or_nowhere(dew, cloud, time):
    process = dew_clock(dew, cloud, "advance", "--", time, check=False)
    assert process.returncode != 0 and process.stderr


def test_session_credentials_end_by_the_cloud_clock(dew, new_cloud):
    cloud = new_cloud("--auth", "strict")
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    role = cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    given = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="s1", DurationSeconds=900)["Credentials"]
    who = cloud.client("sts", access_key=given["AccessKeyId"], secret_key=given["SecretAccessKey"],
                       session_token=given["SessionToken"])
    assert who.get_caller_identity()["Arn"].endswith("/s1")
    dew_clock(dew, cloud, "advance", "14m")
    who.get_caller_identity()
    dew_clock(dew, cloud, "advance", "2m")
    with pytest.raises(botocore.exceptions.ClientError) as error:
        who.get_caller_identity()
    assert error.value.response["Error"]["Code"] == "ExpiredToken"


def test_retries_of_an_event_happen_at_their_times(dew, new_cloud):
    cloud = new_cloud()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("f.py", FUNCTION)
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    role = cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    functions = cloud.client("lambda")
    functions.create_function(FunctionName="f", Runtime="python3.11", Handler="f.handler", Role=role, Timeout=5,
                              Code={"ZipFile": buffer.getvalue()})
    functions.get_waiter("function_active_v2").wait(FunctionName="f")
    functions.invoke(FunctionName="f", InvocationType="Event", Payload=b"{}")
    # The move waits for the first attempt, and for each retry, before time goes on.
    dew_clock(dew, cloud, "advance", "10m")
    logs = cloud.client("logs")

    def starts():
        events = logs.filter_log_events(logGroupName="/aws/lambda/f", filterPattern="attempt")["events"]
        return sorted(e["timestamp"] for e in events) if len(events) == 3 else None

    first, second, third = wait_until(starts, what="three attempts")
    assert 60_000 <= second - first < 75_000
    assert 120_000 <= third - second < 135_000
    # The function's deadline is in its own time, the machine's.
    assert all("attempt at True" in e["message"] for e in
               logs.filter_log_events(logGroupName="/aws/lambda/f", filterPattern="attempt")["events"])
