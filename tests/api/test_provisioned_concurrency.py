"""Provisioned concurrency: environments that are ready before anybody asks, of an alias or of a version."""

import functools
import http.server
import io
import json
import subprocess
import threading
import urllib.request
import zipfile

import botocore.exceptions
import pytest

from conftest import wait_until
from test_alarms import World, total

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
# Says where it runs, and how many invocations that environment has had.
CODE = '''
import os, time, uuid
ENVIRONMENT, INVOCATIONS = uuid.uuid4().hex, 0
print("initialized", ENVIRONMENT)

def handler(event, context):
    global INVOCATIONS
    INVOCATIONS += 1
    time.sleep(event.get("seconds", 0))
    return {"environment": ENVIRONMENT, "invocations": INVOCATIONS, "type": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"],
            **({"version": context.function_version} if "version" in event else {})}
'''
BROKEN = "raise RuntimeError('cannot start')\n"


class Function:
    """A function with two versions, and an alias on the first."""

    def __init__(self, cloud, name="f"):
        self.name = name
        role = cloud.client("iam").create_role(RoleName=f"r-{name}", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        self.connect(cloud)
        self.lambdas.create_function(FunctionName=name, Runtime="python3.11", Handler="f.handler", Role=role, Timeout=20,
                                     Code={"ZipFile": self.archive(CODE)})
        self.lambdas.publish_version(FunctionName=name)
        self.publish(CODE + "# two\n")
        self.lambdas.create_alias(FunctionName=name, Name="live", FunctionVersion="1")

    def connect(self, cloud):
        self.cloud, self.lambdas = cloud, cloud.client("lambda")

    @staticmethod
    def archive(text):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as z:
            z.writestr("f.py", text)
        return buffer.getvalue()

    def publish(self, text):
        self.lambdas.update_function_code(FunctionName=self.name, ZipFile=self.archive(text))
        return self.lambdas.publish_version(FunctionName=self.name)["Version"]

    def put(self, qualifier, count):
        return self.lambdas.put_provisioned_concurrency_config(
            FunctionName=self.name, Qualifier=qualifier, ProvisionedConcurrentExecutions=count)

    def get(self, qualifier):
        return self.lambdas.get_provisioned_concurrency_config(FunctionName=self.name, Qualifier=qualifier)

    def becomes(self, qualifier, status="READY"):
        return wait_until(lambda: (c := self.get(qualifier))["Status"] == status and c, 30, status)

    def invoke(self, qualifier, **event):
        return json.load(self.lambdas.invoke(FunctionName=self.name, Qualifier=qualifier,
                                             Payload=json.dumps(event))["Payload"])

    def together(self, qualifier, count):
        """So many at the same time."""
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.invoke(qualifier, seconds=1))) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def initialized(self, version):
        """The environments that have started, by the log."""
        try:
            events = self.cloud.client("logs").filter_log_events(
                logGroupName=f"/aws/lambda/{self.name}", filterPattern="initialized")["events"]
        except botocore.exceptions.ClientError:
            return []
        return [e["message"].split()[1] for e in events if f"[{version}]" in e["logStreamName"]]


@pytest.fixture
def function(new_cloud):
    return Function(new_cloud())


def refused(call, code, words):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call()
    assert error.value.response["Error"]["Code"] == code, error.value
    assert words in error.value.response["Error"]["Message"], error.value


def test_environments_are_ready_before_anybody_asks(function, dew):
    put = function.put("live", 2)
    assert (put["Status"], put["RequestedProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 2)
    ready = function.becomes("live")
    assert ready["AllocatedProvisionedConcurrentExecutions"] == ready["AvailableProvisionedConcurrentExecutions"] == 2
    environments = wait_until(lambda: len(found := function.initialized("1")) == 2 and found, what="both to be initialized")
    # Two at a time find one each; the third and the version itself, which has none, start their own.
    answers = function.together("live", 2)
    assert sorted(a["environment"] for a in answers) == sorted(environments)
    assert {a["type"] for a in answers} == {"provisioned-concurrency"}
    answers = function.together("live", 3)
    assert sorted(a["type"] for a in answers) == ["on-demand", "provisioned-concurrency", "provisioned-concurrency"]
    assert function.invoke("1")["type"] == "on-demand"
    world = World(function.cloud, dew)
    resource = {"FunctionName": "f", "Resource": "f:live"}
    for dimensions in (resource, {**resource, "ExecutedVersion": "1"}):
        assert total(world, "AWS/Lambda", "ProvisionedConcurrencyInvocations", **dimensions) == 4
        assert total(world, "AWS/Lambda", "ProvisionedConcurrencySpilloverInvocations", **dimensions) == 1
        assert total(world, "AWS/Lambda", "ProvisionedConcurrentExecutions", "Maximum", **dimensions) == 2
        assert total(world, "AWS/Lambda", "ProvisionedConcurrencyUtilization", "Maximum", **dimensions) == 1
    assert total(world, "AWS/Lambda", "ProvisionedConcurrencyInvocations", FunctionName="f", Resource="f:1") is None


def test_more_fewer_and_none(function):
    function.put("live", 3)
    function.becomes("live")
    function.put("live", 1)
    assert function.becomes("live")["AllocatedProvisionedConcurrentExecutions"] == 1
    function.put("live", 2)
    assert function.becomes("live")["AllocatedProvisionedConcurrentExecutions"] == 2
    listed = function.lambdas.list_provisioned_concurrency_configs(FunctionName="f")["ProvisionedConcurrencyConfigs"]
    assert [(c["FunctionArn"].rsplit(":", 1)[1], c["RequestedProvisionedConcurrentExecutions"], c["Status"])
            for c in listed] == [("live", 2, "READY")]
    function.lambdas.delete_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
    function.lambdas.delete_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
    refused(lambda: function.get("live"), "ProvisionedConcurrencyConfigNotFoundException",
            "No Provisioned Concurrency Config found for this function")
    assert function.invoke("live")["type"] == "on-demand"


def test_a_version_s_is_its_aliases_too(function):
    function.put("1", 1)
    function.becomes("1")
    assert function.invoke("1") | {"environment": ""} == {
        "environment": "", "invocations": 1, "type": "provisioned-concurrency"}
    assert function.invoke("live")["invocations"] == 2
    refused(lambda: function.put("live", 1), "ResourceConflictException", "already Provisioned version")


def test_an_alias_takes_it_along(function):
    function.put("live", 1)
    function.becomes("live")
    function.lambdas.update_alias(FunctionName="f", Name="live", FunctionVersion="2")
    function.becomes("live")
    assert len(wait_until(lambda: function.initialized("2"), what="the second version to be initialized")) == 1
    assert function.invoke("live")["type"] == "provisioned-concurrency"
    refused(lambda: function.put("2", 1), "ResourceConflictException", "pointed by a Provisioned Concurrency alias")
    # Divided as the traffic is.
    function.put("live", 4)
    function.lambdas.update_alias(FunctionName="f", Name="live", RoutingConfig={"AdditionalVersionWeights": {"1": 0.25}})
    function.becomes("live")
    assert len(wait_until(lambda: len(found := function.initialized("1")) == 2 and found, what="one more of the first")) == 2
    assert function.get("live")["AllocatedProvisionedConcurrentExecutions"] == 4
    refused(lambda: function.put("live", 5), "InvalidParameterValueException",
            "Alias with weights can not be used with Provisioned Concurrency")
    function.lambdas.delete_alias(FunctionName="f", Name="live")
    assert function.lambdas.list_provisioned_concurrency_configs(FunctionName="f")["ProvisionedConcurrencyConfigs"] == []


class Gate:
    """Lets through as many as it is told, of those who ask at `url`."""

    def __init__(self):
        self.passes = threading.Semaphore(0)
        gate = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                gate.passes.acquire()
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def gate():
    out = Gate()
    yield out
    out.server.shutdown()
    out.server.server_close()


def weights(function):
    alias = function.lambdas.get_alias(FunctionName="f", Name="live")
    return alias["FunctionVersion"], alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})


def test_traffic_goes_over_as_environments_are_ready(function, gate, new_cloud):
    function.put("live", 2)
    function.becomes("live")
    version = function.publish(f"import urllib.request\nurllib.request.urlopen('{gate.url}').read()\n" + CODE)

    def asked(count):
        answers = [function.invoke("live", version=True) for _ in range(count)]
        assert {a["type"] for a in answers} == {"provisioned-concurrency"}
        return {a["version"] for a in answers}

    updated = function.lambdas.update_alias(FunctionName="f", Name="live", FunctionVersion=version)
    assert updated["RoutingConfig"] == {"AdditionalVersionWeights": {"1": 1.0}}
    assert weights(function) == (version, {"1": 1.0})
    assert function.get("live")["Status"] == "IN_PROGRESS"
    assert asked(10) == {"1"}
    refused(lambda: function.put("live", 3), "InvalidParameterValueException",
            "Alias with weights can not be used with Provisioned Concurrency")
    refused(lambda: function.lambdas.update_alias(FunctionName="f", Name="live", FunctionVersion="2"),
            "InvalidParameterValueException", "Invalid alias configuration for Provisioned Concurrency")
    gate.passes.release()
    wait_until(lambda: weights(function) == (version, {"1": 0.5}), 20, "half of the traffic to go over")
    assert function.get("live")["Status"] == "IN_PROGRESS"
    assert asked(60) == {"1", version}
    gate.passes.release()
    wait_until(lambda: weights(function) == (version, {}), 20, "all of the traffic to go over")
    assert asked(10) == {version}
    assert function.becomes("live")["AllocatedProvisionedConcurrentExecutions"] == 2

    # And back, which a kill interrupts.
    function.lambdas.update_alias(FunctionName="f", Name="live", FunctionVersion="2")
    function.cloud.kill()
    gate.passes.release(2)
    function.connect(new_cloud(data=function.cloud.data))
    wait_until(lambda: weights(function) == ("2", {}), 30, "all of the traffic to go over")
    function.becomes("live")
    assert asked(10) == {"2"}


def test_traffic_stays_when_the_new_version_cannot_be_initialized(function):
    function.put("live", 1)
    function.becomes("live")
    update = functools.partial(function.lambdas.update_alias, FunctionName="f", Name="live")
    update(FunctionVersion=function.publish(BROKEN))
    failed = function.becomes("live", "FAILED")
    assert "cannot start" in failed["StatusReason"]
    assert weights(function) == ("3", {"1": 1.0})
    assert function.invoke("live", version=True)["version"] == "1"
    assert function.invoke("live")["type"] == "provisioned-concurrency"
    refused(lambda: update(FunctionVersion="1"), "InvalidParameterValueException",
            "Function version 1 is already included in routing configuration")
    update(FunctionVersion="2", RoutingConfig={})
    function.becomes("live")
    assert weights(function) == ("2", {}) and function.invoke("live", version=True)["version"] == "2"
    # Without provisioned concurrency nothing is waited for.
    update(FunctionVersion="3")
    assert weights(function) == ("3", {"2": 1.0})
    function.lambdas.delete_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
    assert weights(function) == ("3", {})
    update(FunctionVersion="1")
    assert weights(function) == ("1", {})


def test_what_cannot_be_initialized_has_failed(function):
    version = function.publish(BROKEN)
    function.lambdas.update_alias(FunctionName="f", Name="live", FunctionVersion=version)
    function.put("live", 2)
    failed = function.becomes("live", "FAILED")
    assert failed["StatusReason"].startswith("FUNCTION_ERROR_INIT_FAILURE") and "cannot start" in failed["StatusReason"]
    assert failed["AllocatedProvisionedConcurrentExecutions"] == 0
    function.lambdas.update_alias(FunctionName="f", Name="live", FunctionVersion="2")
    function.becomes("live")


def test_what_ends_while_it_waits_is_given_up(function):
    """Not started again and again without end."""
    version = function.publish("import os, threading\nthreading.Timer(0.3, os._exit, [1]).start()\n" + CODE)
    function.put(version, 1)
    failed = function.becomes(version, "FAILED")
    assert "ended while it waited" in failed["StatusReason"]
    assert len(function.initialized(version)) == 3


def test_an_environment_that_ends_is_replaced(function):
    version = function.publish(CODE + "    \nimport sys\ninner = handler\ndef handler(event, context):\n"
                               "    if event.get('end'): os._exit(3)\n    return inner(event, context)\n")
    function.put(version, 1)
    function.becomes(version)
    answer = function.lambdas.invoke(FunctionName="f", Qualifier=version, Payload=b'{"end": true}')
    assert answer["FunctionError"]
    wait_until(lambda: len(function.initialized(version)) == 2, what="another")
    function.becomes(version)
    assert function.invoke(version)["type"] == "provisioned-concurrency"


def test_it_is_there_again_after_a_kill(function, new_cloud):
    function.put("live", 2)
    function.becomes("live")
    function.cloud.kill()
    function.connect(new_cloud(data=function.cloud.data))
    assert function.get("live")["RequestedProvisionedConcurrentExecutions"] == 2
    function.becomes("live")
    assert {a["type"] for a in function.together("live", 2)} == {"provisioned-concurrency"}


def test_it_is_counted_as_reserved(function):
    lambdas = function.lambdas
    lambdas.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=2)
    refused(lambda: function.put("live", 3), "InvalidParameterValueException",
            "should not be greater than the reservedConcurrentExecution for function")
    function.put("live", 2)
    refused(lambda: lambdas.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1),
            "InvalidParameterValueException", "total provisioned concurrency [2]")
    settings = lambdas.get_account_settings()["AccountLimit"]
    assert settings["UnreservedConcurrentExecutions"] == settings["ConcurrentExecutions"] - 2
    lambdas.delete_function_concurrency(FunctionName="f")
    assert lambdas.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == settings["ConcurrentExecutions"] - 2
    # Not AWS's: what this machine can hold, 48 MB for each in half of the memory, and half of those.
    megabytes = int(next(line for line in open("/proc/meminfo") if line.startswith("MemTotal")).split()[1]) // 1024
    limit = min(max(megabytes // 2 // 48, 16), 1000) // 2
    refused(lambda: function.put("live", limit + 1), "InvalidParameterValueException", f"This machine can keep {limit} ")
    refused(lambda: function.put("live", 901), "InvalidParameterValueException", "below its minimum value of [100]")
    refused(lambda: function.put("live", 1001), "InvalidParameterValueException", "unreserved concurrency [1000]")
    lambdas.delete_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
    assert lambdas.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == settings["ConcurrentExecutions"]


@pytest.mark.parametrize("qualifier,code,words", [
    ("$LATEST", "InvalidParameterValueException", "cannot be applied to unpublished function versions"),
    ("9", "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:9"),
    ("none", "ResourceNotFoundException", "Cannot find alias arn: arn:aws:lambda:us-east-1:000000000000:function:f:none"),
    ("latest", "InvalidParameterValueException", "cannot be applied to unpublished function versions"),
])
def test_refuses_what_is_no_published_version(function, qualifier, code, words):
    function.lambdas.create_alias(FunctionName="f", Name="latest", FunctionVersion="$LATEST")
    refused(lambda: function.put(qualifier, 1), code, words)
    if qualifier == "$LATEST":
        refused(lambda: function.get(qualifier), code, "must be an alias or a published version")


TEMPLATE = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
  F:
    Type: AWS::Lambda::Function
    Properties: {Runtime: python3.11, Handler: index.handler, Role: !GetAtt Role.Arn, Code: {ZipFile: "%(code)s"}}
  %(version)s:
    Type: AWS::Lambda::Version
    Properties: {FunctionName: !Ref F%(of_version)s}
  Live:
    Type: AWS::Lambda::Alias
    Properties: {FunctionName: !Ref F, FunctionVersion: !GetAtt %(version)s.Version, Name: live%(of_alias)s}
Outputs:
  Name: {Value: !Ref F}
"""
CONFIG = ", ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: %d}"
GOOD = "import os\\ndef handler(event, context):\\n    return os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']\\n"


def test_stacks_wait_until_it_is_ready(new_cloud):
    cloud = new_cloud()
    stacks, lambdas = cloud.client("cloudformation"), cloud.client("lambda")
    quick = {"Delay": 1}

    def body(code=GOOD, version="V1", of_version="", of_alias=""):
        return {"StackName": "s", "Capabilities": ["CAPABILITY_IAM"], "TemplateBody": TEMPLATE % {
            "code": code, "version": version, "of_version": of_version, "of_alias": of_alias}}

    def configs():
        found = lambdas.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"]
        return [(c["FunctionArn"].rsplit(":", 1)[1], c["RequestedProvisionedConcurrentExecutions"], c["Status"]) for c in found]

    stacks.create_stack(**body(of_alias=CONFIG % 2))
    stacks.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig=quick)
    name = stacks.describe_stacks(StackName="s")["Stacks"][0]["Outputs"][0]["OutputValue"]
    assert configs() == [("live", 2, "READY")]
    assert json.load(lambdas.invoke(FunctionName=name, Qualifier="live")["Payload"]) == "provisioned-concurrency"
    stacks.update_stack(**body(of_alias=CONFIG % 1))
    stacks.get_waiter("stack_update_complete").wait(StackName="s", WaiterConfig=quick)
    assert configs() == [("live", 1, "READY")]
    # Over to a version of its own.
    stacks.update_stack(**body(GOOD + "# two\\n", "V2", CONFIG % 1))
    stacks.get_waiter("stack_update_complete").wait(StackName="s", WaiterConfig=quick)
    assert configs() == [("2", 1, "READY")]
    # What cannot be initialized fails, and the version before goes on.
    stacks.update_stack(**body("raise RuntimeError('cannot start')", "V3", CONFIG % 1))
    stacks.get_waiter("stack_rollback_complete").wait(StackName="s", WaiterConfig=quick)
    why = [e["ResourceStatusReason"] for e in stacks.describe_stack_events(StackName="s")["StackEvents"]
           if e["LogicalResourceId"] == "V3" and e["ResourceStatus"] == "CREATE_FAILED"]
    assert len(why) == 1 and "failed to be applied. Reason: FUNCTION_ERROR_INIT_FAILURE" in why[0]
    assert configs() == [("2", 1, "READY")]
    assert json.load(lambdas.invoke(FunctionName=name, Qualifier="live")["Payload"]) == "provisioned-concurrency"
    stacks.delete_stack(StackName="s")
    stacks.get_waiter("stack_delete_complete").wait(StackName="s", WaiterConfig=quick)
    assert name not in [f["FunctionName"] for f in lambdas.list_functions()["Functions"]]


SERVICE = """
service: kept
provider: {name: aws, runtime: python3.11}
functions:
  api:
    handler: index.handler
    provisionedConcurrency: 1
    events: [{http: GET /}]
package: {patterns: ['!**', '*.py']}
"""
ANSWER = "import os\ndef handler(event, context):\n    return {'statusCode': 200, 'body': os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']}\n"


def test_dew_deploys_what_is_ready(new_cloud, dew, tmp_path):
    cloud = new_cloud()
    (tmp_path / "serverless.yml").write_text(SERVICE)
    for text in (ANSWER, ANSWER + "# two\n"):
        (tmp_path / "index.py").write_text(text)
        done = subprocess.run([dew, "deploy", "--endpoint", cloud.endpoint], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        config = cloud.client("lambda").get_provisioned_concurrency_config(FunctionName="kept-dev-api", Qualifier="provisioned")
        assert config["Status"] == "READY"
        api = cloud.client("apigateway").get_rest_apis()["items"][0]["id"]
        with urllib.request.urlopen(f"{cloud.endpoint}/restapis/{api}/dev/_user_request_/") as answer:
            assert answer.read() == b"provisioned-concurrency"
