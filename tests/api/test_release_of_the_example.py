"""A release of examples/users-cpp as its users see it: load on its API while a deployment shifts a tenth of the requests to
the new version. One that fails one request in five is seen by the example's own alarms and taken back; a good one goes to
100 %. By `dew deploy`, and by osls with the plugin from npm.
"""

import contextlib
import datetime
import json
import os
import shutil
import subprocess
import time
import urllib.parse

import boto3
import pytest

from conftest import ENVIRONMENT, REGION, ROOT, answers, wait_until

OSLS = {"osls": "4.3.1", "serverless-plugin-canary-deployments": "0.8.0"}
EXAMPLE = ROOT / "examples/users-cpp"
BROKEN = ROOT / "build/broken-release"
STACK = "users-api-prod"
FUNCTION = f"{STACK}-api"
# One request in five: reported to Lambda as the function's error, or answered with 500.
FAULT = """router.use([](Request& request, const dew::Next& next) {
        static int requests = 0;
        if (++requests % 5 != 0) return next(request);
        if (dew::env_or("FAULT", "") == "answers 500") return Response::json(500, {{"error", "broken"}});
        throw std::runtime_error("a release with an error");
      })
      .use(middleware::request_id())"""


def copy_if_other(path, text):
    """So that a build finds as old what did not change."""
    if not path.exists() or path.read_bytes() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)


@pytest.fixture(scope="module")
def programs():
    """The example's bootstrap, and one of a copy whose api.cc fails one request in five. Kept below build/ between runs."""
    folder = BROKEN
    for name in ("CMakeLists.txt", "build.sh", *(str(p.relative_to(EXAMPLE)) for p in (EXAMPLE / "src").iterdir())):
        text = (EXAMPLE / name).read_bytes()
        if name == "src/api.cc":
            before = b"router.use(middleware::request_id())"
            assert text.count(before) == 1
            text = text.replace(before, FAULT.encode()).replace(b'#include "api.h"', b'#include "api.h"\n#include <dew/env.h>')
        # By the same path as the example's, so that ccache knows the SDK already.
        copy_if_other(folder / name, text.replace(b"../../sdk", str(ROOT / "sdk").encode()))
    for place in (EXAMPLE, folder):
        done = subprocess.run(["sh", "build.sh"], cwd=place, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return {"good": EXAMPLE / "bootstrap", "broken": folder / "bootstrap"}


class Application:
    """A copy of the example whose build takes one of the two programs."""

    def __init__(self, folder, programs):
        self.folder, self.programs = folder, programs
        self.configuration = (EXAMPLE / "serverless.yml").read_text()
        folder.mkdir()

    def write(self, program, **environment):
        text, before = self.configuration, "    LOG_LEVEL: info\n"
        assert text.count(before) == 1 and text.count("build: ./build.sh") == 1
        text = text.replace(before, before + "".join(f"    {k}: {v}\n" for k, v in environment.items()))
        (self.folder / "serverless.yml").write_text(text.replace("build: ./build.sh", "build: 'true'"))
        shutil.copy(self.programs[program], self.folder / "bootstrap")


class Users:
    """Those of the API: what each request of a load was answered."""

    def __init__(self, url):
        self.url = urllib.parse.urlsplit(url.rstrip("/") + "/users")

    def ask(self, count):
        return answers(self.url.hostname, self.url.port, count, lambda c: c.request("GET", self.url.path),
                       lambda answer, _: answer.status)


class Operator:
    """Whoever releases: with a way to deploy, and boto3 to look."""

    def __init__(self, dew, endpoint, application, command):
        self.dew, self.endpoint, self.application, self.command = dew, endpoint, application, command
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "DEW_"))}
        self.environment = {**clean, **ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint, "SLS_TELEMETRY_DISABLED": "1",
                            "SLS_NOTIFICATIONS_MODE": "off", "SLS_AWS_MONITORING_FREQUENCY": "200", "CI": "1",
                            "NODE_NO_WARNINGS": "1"}
        self.lambdas, self.metrics, self.ssm = (self.client(s) for s in ("lambda", "cloudwatch", "ssm"))

    def client(self, service):
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id="test",
                            aws_secret_access_key="test")

    def start(self):
        """Deploys in the background: a release takes five minutes."""
        return subprocess.Popen([*self.command, "deploy", "--stage", "prod"], cwd=self.application.folder, text=True,
                                env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)

    def shown(self, deploying, words):
        """What dew deploy says up to the line with these words; nothing, where another tool deploys."""
        said = ""
        while self.command[0] == self.dew and words not in said:
            line = deploying.stdout.readline()
            assert line, said
            said += line
        return said

    def run(self, *arguments):
        done = subprocess.run([self.dew, *arguments, "--stage", "prod"], cwd=self.application.folder, text=True,
                              env=self.environment, capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def advance(self, time):
        subprocess.run([self.dew, "clock", "advance", time, "--endpoint", self.endpoint], check=True, capture_output=True)

    def alias(self):
        found = self.lambdas.get_alias(FunctionName=FUNCTION, Name="Live")
        return found["FunctionVersion"], found.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})

    def shifted(self):
        """The new version, once it has its tenth."""
        _, weights = wait_until(lambda: (a := self.alias())[1] and a, 60, "the shift")
        ((version, weight),) = weights.items()
        assert weight == 0.1
        return version

    def alarms(self):
        """{logical id: (state, changes of state so far)}"""
        found = {}
        for alarm in self.metrics.describe_alarms(AlarmNamePrefix=STACK)["MetricAlarms"]:
            changes = self.metrics.describe_alarm_history(
                AlarmName=alarm["AlarmName"], HistoryItemType="StateUpdate", ScanBy="TimestampAscending")["AlarmHistoryItems"]
            found[alarm["AlarmName"].split("-")[3]] = (
                alarm["StateValue"], [c["HistorySummary"].removeprefix("Alarm updated from ") for c in changes])
        return found

    def quiet(self):
        """Over the end of a minute, and of the two seconds after which alarms look at it."""
        self.advance("63s")
        wait_until(lambda: all(state == "OK" for state, _ in self.alarms().values()), what="both alarms to be OK")

    def measured(self, version):
        """(invocations, errors) of a version, through the alias, as the function's metrics have it."""
        dimensions = [{"Name": "FunctionName", "Value": FUNCTION}, {"Name": "Resource", "Value": f"{FUNCTION}:Live"},
                      {"Name": "ExecutedVersion", "Value": version}]
        start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=2)
        results = self.metrics.get_metric_data(StartTime=start, EndTime=start + datetime.timedelta(hours=6), MetricDataQueries=[
            {"Id": name.lower(), "MetricStat": {"Period": 86400, "Stat": "Sum", "Metric": {
                "Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": dimensions}}}
            for name in ("Invocations", "Errors")])["MetricDataResults"]
        return tuple(int(sum(r["Values"])) for r in results)


@contextlib.contextmanager
def inside(dew, *arguments, cwd):
    """What `dew exec` gives a command: the cloud's endpoint and, with a service, its API's URL."""
    running = subprocess.Popen([dew, "exec", *arguments, "--", "sh", "-c", 'echo "$AWS_ENDPOINT_URL|$DEW_API_URL"; read -r end'],
                               cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        endpoint, _, url = running.stdout.readline().strip().partition("|")
        yield endpoint, url
    finally:
        running.communicate("end\n", timeout=60)
    assert running.returncode == 0


def bad_release(operator, users, alarms):
    """Deploys what is written, which is broken, over version 1. What the deploying command said, and its exit status."""
    assert users.ask(200) == {200: 200}
    operator.quiet()
    assert operator.alias() == ("1", {})
    deploying = operator.start()
    version = operator.shifted()
    said = operator.shown(deploying, f"10 % on version {version}, 90 % on version 1; alarms: ")
    before = operator.measured("1")
    seen = users.ask(2000)
    # A tenth of the requests by chance, each for itself, and a fifth of those failed.
    invocations, errors = operator.measured(version)
    assert operator.measured("1") == (before[0] + 2000 - invocations, 0)
    assert 140 <= invocations <= 260, "a tenth of 2000, within four standard deviations"
    failed = seen.total() - seen[200]
    assert invocations // 5 - 8 <= failed <= invocations // 5, "each of its environments counts for itself"
    assert set(seen) <= {200, 500, 502}
    assert errors == seen[502]
    operator.advance("63s")
    for alarm, (state, changes) in operator.alarms().items():
        if alarm in alarms:
            assert (state, changes[-1]) == ("ALARM", "OK to ALARM")
        else:
            assert state == "OK"
    operator.advance("6s")  # CodeDeploy asks every five seconds
    wait_until(lambda: operator.alias() == ("1", {}), 30, "the alias to be back")
    assert users.ask(1000) == {200: 1000}
    said += deploying.communicate(timeout=120)[0]
    history = json.loads(operator.run("releases", "--json"))
    rollback, release = history["releases"]
    assert (release["from"], release["to"], release["status"], release["rolledBackBy"]) == (
        "1", version, "Stopped", rollback["id"])
    assert release["error"]["code"] == "ALARM_ACTIVE"
    assert all(f"{STACK}-{alarm}-" in release["error"]["message"] for alarm in alarms)
    assert (rollback["status"], rollback["rollsBack"]) == ("Succeeded", release["id"])
    assert history["aliases"] == [{"function": FUNCTION, "alias": "Live", "version": "1", "weights": {"1": 100}}]
    return said, deploying.returncode


def good_release(operator, users):
    """Deploys what is written. What the deploying command said."""
    operator.quiet()
    deploying = operator.start()
    version = operator.shifted()
    assert users.ask(1000) == {200: 1000}
    operator.quiet()
    operator.advance("4m")
    said, _ = deploying.communicate(timeout=120)
    assert deploying.returncode == 0, said
    assert operator.alias() == (version, {})
    before, old = operator.measured(version), operator.measured("1")
    assert 50 <= before[0] <= 150 and before[1] == 0
    assert users.ask(200) == {200: 200}
    assert operator.measured(version) == (before[0] + 200, 0) and operator.measured("1") == old
    return said


@pytest.mark.parametrize("fault,alarms", [
    ("throws", {"ApiErrorRateAlarm", "ApiServerErrorsAlarm"}), ("answers 500", {"ApiServerErrorsAlarm"})])
def test_a_bad_release_is_taken_back_and_a_good_one_is_not(dew, programs, tmp_path, fault, alarms):
    application = Application(tmp_path / "users", programs)
    application.write("good")
    began = time.monotonic()
    with inside(dew, str(application.folder), "--stage", "prod", cwd=tmp_path) as (endpoint, url):
        operator, users = Operator(dew, endpoint, application, [dew]), Users(url)
        application.write("broken", FAULT=fault)
        said, status = bad_release(operator, users, alarms)
        assert status == 1 and "ALARM_ACTIVE" in said, said
        assert "ALARM_ACTIVE" in operator.run("releases")
        application.write("good", FAULT="none")
        good_release(operator, users)
    print(f"from dew exec to its end: {time.monotonic() - began:.1f} s")


@pytest.mark.timeout(400)
def test_the_same_with_osls_and_the_plugin(dew, programs, npm_install, tmp_path):
    application = Application(tmp_path / "users", programs)
    application.write("good")
    program = npm_install(OSLS) / "node_modules/.bin/osls"
    began = time.monotonic()
    with inside(dew, cwd=tmp_path) as (endpoint, _):
        operator = Operator(dew, endpoint, application, [str(program)])
        operator.ssm.put_parameter(Name="/users-api/prod/jwt-secret", Type="SecureString", Value="a-secret")
        first = operator.start()
        said, _ = first.communicate(timeout=120)
        assert first.returncode == 0, said
        api = operator.client("apigateway").get_rest_apis()["items"][0]["id"]
        users = Users(f"{endpoint}/restapis/{api}/prod/_user_request_")
        deployed = time.monotonic()
        application.write("broken", FAULT="throws")
        said, status = bad_release(operator, users, {"ApiErrorRateAlarm", "ApiServerErrorsAlarm"})
        assert status == 1 and "ALARM_ACTIVE" in said, said
        application.write("good", FAULT="none")
        good_release(operator, users)
        released = time.monotonic()
    print(f"with osls: {released - deployed:.1f} s for both releases, {time.monotonic() - began:.1f} s from dew exec to its end")
