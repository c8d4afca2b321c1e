"""Releases: CodeDeploy shifts an alias's traffic by the cloud's clock, asks validation functions, watches alarms, takes the
alias back, and goes on after kill -9; CloudFormation and dew deploy wait for it."""

import io
import json
import random
import subprocess
import threading
import time
import zipfile

import botocore.exceptions
import pytest

from conftest import wait_until

TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {
    "Service": ["codedeploy.amazonaws.com", "lambda.amazonaws.com"]}}]}
# Reports what RESULT says, as its own role, signed by hand: a runtime need not have boto3.
HOOK = '''
import datetime, hashlib, hmac, json, os, urllib.request

def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()

def handler(event, context):
    body = json.dumps({"deploymentId": event["DeploymentId"], "status": os.environ["RESULT"],
                       "lifecycleEventHookExecutionId": event["LifecycleEventHookExecutionId"]})
    url = os.environ["AWS_ENDPOINT_URL"]
    time = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    headers = {"content-type": "application/x-amz-json-1.1", "host": url.split("//")[1].rstrip("/"), "x-amz-date": time,
               "x-amz-security-token": os.environ["AWS_SESSION_TOKEN"],
               "x-amz-target": "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus"}
    names = ";".join(sorted(headers))
    digest = hashlib.sha256(body.encode()).hexdigest()
    request = "\\n".join(["POST", "/", "", *(f"{k}:{headers[k]}" for k in sorted(headers)), "", names, digest])
    scope = f"{time[:8]}/us-east-1/codedeploy/aws4_request"
    text = "\\n".join(["AWS4-HMAC-SHA256", time, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/"):
        key = sign(key, part)
    headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, "
                                f"SignedHeaders={names}, Signature={sign(key, text).hex()}")
    del headers["host"]
    print(urllib.request.urlopen(urllib.request.Request(url, body.encode(), headers)).read())
'''


def package(text):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", text)
    return buffer.getvalue()


def advance(dew, cloud, time):
    subprocess.run([dew, "clock", "advance", time, "--endpoint", cloud.endpoint], check=True, capture_output=True)


class Releases:
    """A function with two versions, an alias on the first, and a deployment group for it."""

    def __init__(self, cloud):
        self.cloud = cloud
        iam = cloud.client("iam")
        self.role = iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        iam.attach_role_policy(RoleName="deploy", PolicyArn="arn:aws:iam::aws:policy/AWSLambda_FullAccess")
        iam.put_role_policy(RoleName="deploy", PolicyName="more", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": [
                "codedeploy:PutLifecycleEventHookExecutionStatus", "cloudwatch:DescribeAlarms", "s3:GetObject", "s3:ListBucket"]}]}))
        self.connect(cloud)
        self.function("f", "def handler(event, context):\n    return 'one'\n")
        self.lambdas.publish_version(FunctionName="f")
        self.lambdas.update_function_code(FunctionName="f", ZipFile=package(
            "def handler(event, context):\n    return 'two'\n"))
        self.lambdas.publish_version(FunctionName="f")
        self.lambdas.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
        self.deploy.create_application(applicationName="app", computePlatform="Lambda")

    def connect(self, cloud):
        self.cloud = cloud
        self.lambdas = cloud.client("lambda")
        self.deploy = cloud.client("codedeploy")

    def function(self, name, code, **environment):
        self.lambdas.create_function(FunctionName=name, Runtime="python3.11", Handler="index.handler", Role=self.role,
                                     Code={"ZipFile": package(code)}, Environment={"Variables": environment})

    def group(self, config, **more):
        self.deploy.create_deployment_group(
            applicationName="app", deploymentGroupName="group", serviceRoleArn=self.role, deploymentConfigName=config,
            autoRollbackConfiguration={"enabled": True, "events": [
                "DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]}, **more)

    @staticmethod
    def appspec(hooks=()):
        return json.dumps({"version": 0.0, "Resources": [{"F": {"Type": "AWS::Lambda::Function", "Properties": {
            "Name": "f", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2"}}}],
            "Hooks": [{event: function} for event, function in hooks]})

    def start(self, hooks=(), revision=None, **more):
        revision = revision or {"revisionType": "AppSpecContent", "appSpecContent": {"content": self.appspec(hooks)}}
        return self.deploy.create_deployment(applicationName="app", deploymentGroupName="group", revision=revision,
                                             **more)["deploymentId"]

    def info(self, deployment):
        return self.deploy.get_deployment(deploymentId=deployment)["deploymentInfo"]

    def target(self, deployment):
        return self.deploy.get_deployment_target(deploymentId=deployment, targetId="f:live")["deploymentTarget"][
            "lambdaTarget"]

    def ended(self, deployment, seconds=20):
        wait_until(lambda: self.info(deployment)["status"] in ("Succeeded", "Failed", "Stopped"), seconds,
                   f"the end of {deployment}")
        return self.info(deployment)

    def shifted(self, deployment, percent):
        def there():
            try:
                return self.target(deployment)["lambdaFunctionInfo"]["targetVersionWeight"] == percent
            except botocore.exceptions.ClientError:
                return False
        wait_until(there, 20, f"{percent} % on the new version")

    def alias(self):
        found = self.lambdas.get_alias(FunctionName="f", Name="live")
        return found["FunctionVersion"], found.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})


@pytest.fixture
def releases(new_cloud):
    return Releases(new_cloud())


def test_canary_by_the_clock(dew, releases):
    releases.group("CodeDeployDefault.LambdaCanary10Percent5Minutes")
    deployment = releases.start()
    releases.shifted(deployment, 10)
    assert releases.alias() == ("1", {"2": 0.1})
    # By chance, each invocation for itself: one in ten.
    seen = [releases.lambdas.invoke(FunctionName="f", Qualifier="live")["ExecutedVersion"] for _ in range(100)]
    assert set(seen) == {"1", "2"} and seen.count("2") < 40
    advance(dew, releases.cloud, "4m")
    assert releases.info(deployment)["status"] == "InProgress"
    advance(dew, releases.cloud, "1m")
    info = releases.ended(deployment)
    assert info["status"] == "Succeeded"
    assert 300 <= (info["completeTime"] - info["startTime"]).total_seconds() < 330
    assert releases.alias() == ("2", {})


def test_linear_by_the_clock(dew, releases):
    releases.group("CodeDeployDefault.LambdaLinear10PercentEvery1Minute")
    deployment = releases.start()
    for percent in range(10, 100, 10):
        releases.shifted(deployment, percent)
        assert releases.alias() == ("1", {"2": percent / 100})
        advance(dew, releases.cloud, "1m")
    assert releases.ended(deployment)["status"] == "Succeeded"
    assert releases.alias() == ("2", {})


def test_validation_functions_decide(dew, releases):
    releases.group("CodeDeployDefault.LambdaAllAtOnce")
    releases.function("good", HOOK, RESULT="Succeeded")
    releases.function("bad", HOOK, RESULT="Failed")
    first = releases.start([("BeforeAllowTraffic", "bad")])
    info = releases.ended(first)
    assert (info["status"], info["errorInformation"]["code"]) == ("Failed", "HOOK_EXECUTION_FAILURE")
    assert releases.ended(info["rollbackInfo"]["rollbackDeploymentId"])["status"] == "Succeeded"
    assert releases.alias() == ("1", {})
    second = releases.start([("BeforeAllowTraffic", "good"), ("AfterAllowTraffic", "bad")])
    info = releases.ended(second)
    assert info["status"] == "Failed"
    events = {e["lifecycleEventName"]: e["status"] for e in releases.target(second)["lifecycleEvents"]}
    assert events == {"BeforeAllowTraffic": "Succeeded", "AllowTraffic": "Succeeded", "AfterAllowTraffic": "Failed"}
    back = releases.ended(info["rollbackInfo"]["rollbackDeploymentId"])
    assert (back["status"], back["creator"]) == ("Succeeded", "codeDeployRollback")
    assert releases.alias() == ("1", {})
    third = releases.start([("BeforeAllowTraffic", "good"), ("AfterAllowTraffic", "good")])
    assert releases.ended(third)["status"] == "Succeeded"
    assert releases.alias() == ("2", {})


def test_silent_validation_function_has_one_hour(dew, releases):
    releases.group("CodeDeployDefault.LambdaAllAtOnce")
    deployment = releases.start([("BeforeAllowTraffic", "f")])
    wait_until(lambda: releases.info(deployment)["status"] == "InProgress", 20)
    wait_until(lambda: releases.target(deployment)["lifecycleEvents"][0]["status"] == "InProgress", 20)
    advance(dew, releases.cloud, "59m")
    assert releases.info(deployment)["status"] == "InProgress"
    advance(dew, releases.cloud, "2m")
    assert releases.ended(deployment)["errorInformation"]["code"] == "TIMEOUT"


def test_revision_in_s3(releases):
    releases.group("CodeDeployDefault.LambdaAllAtOnce")
    s3 = releases.cloud.client("s3")
    s3.create_bucket(Bucket="revisions")
    place = {"bucket": "revisions", "key": "appspec.json", "bundleType": "JSON"}
    missing = releases.start(revision={"revisionType": "S3", "s3Location": place})
    assert releases.ended(missing)["errorInformation"]["code"] == "REVISION_MISSING"
    s3.put_object(Bucket="revisions", Key="appspec.json", Body=releases.appspec())
    assert releases.ended(releases.start(revision={"revisionType": "S3", "s3Location": place}))["status"] == "Succeeded"


def test_role_needs_permissions_and_trust(releases):
    releases.group("CodeDeployDefault.LambdaAllAtOnce")
    iam = releases.cloud.client("iam")
    iam.put_role_policy(RoleName="deploy", PolicyName="no", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Resource": "*", "Action": "lambda:UpdateAlias"}]}))
    info = releases.ended(releases.start())
    assert info["errorInformation"]["code"] == "IAM_ROLE_PERMISSIONS"
    assert "role/deploy" in info["errorInformation"]["message"] and "AWSLambda" in info["errorInformation"]["message"]
    assert releases.alias() == ("1", {})
    iam.create_role(RoleName="other", AssumeRolePolicyDocument=json.dumps(TRUST).replace("codedeploy.", "other."))
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidRoleException"):
        releases.deploy.update_deployment_group(
            applicationName="app", currentDeploymentGroupName="group",
            serviceRoleArn=releases.role.replace("deploy", "other"))


def test_alarm_stops_and_takes_back(dew, releases):
    alarms = releases.cloud.client("cloudwatch")
    alarms.put_metric_alarm(AlarmName="errors", Namespace="N", MetricName="M", Statistic="Sum", Period=60,
                            EvaluationPeriods=1, Threshold=0, ComparisonOperator="GreaterThanThreshold",
                            TreatMissingData="ignore")
    releases.group("CodeDeployDefault.LambdaCanary10Percent30Minutes",
                   alarmConfiguration={"enabled": True, "alarms": [{"name": "errors"}]})
    deployment = releases.start()
    releases.shifted(deployment, 10)
    alarms.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")
    advance(dew, releases.cloud, "6s")
    info = releases.ended(deployment)
    assert (info["status"], info["errorInformation"]["code"]) == ("Stopped", "ALARM_ACTIVE")
    assert releases.ended(info["rollbackInfo"]["rollbackDeploymentId"])["status"] == "Succeeded"
    assert releases.alias() == ("1", {})
    # With the alarm still on, nothing begins.
    info = releases.ended(releases.start())
    assert info["errorInformation"]["code"] == "ALARM_ACTIVE" and "rollbackInfo" not in info


@pytest.mark.parametrize("seed", range(4))
def test_goes_on_after_kill(dew, new_cloud, seed):
    """Killed again and again while it shifts: the alias ends on one version with no routing, as the record says."""
    chance = random.Random(seed)
    releases = Releases(new_cloud())
    releases.group("CodeDeployDefault.LambdaLinear10PercentEvery1Minute")
    releases.function("hook", HOOK, RESULT=chance.choice(["Succeeded", "Failed"]))
    deployment = releases.start([("BeforeAllowTraffic", "hook"), ("AfterAllowTraffic", "hook")] if seed % 2 else [])
    data = releases.cloud.data
    for _ in range(4):
        killer = threading.Timer(chance.uniform(0.0, 0.4), releases.cloud.kill)
        killer.start()
        subprocess.run([dew, "clock", "advance", f"{chance.randrange(30, 240)}s", "--endpoint", releases.cloud.endpoint],
                       capture_output=True)
        killer.join()
        releases.connect(new_cloud(data=data))
        version, weights = releases.alias()
        assert version in ("1", "2") and (version == "1" or weights == {})
    for _ in range(12):
        advance(dew, releases.cloud, "1m")
        time.sleep(0.05)
    info = releases.ended(deployment)
    if info["status"] == "Succeeded":
        assert releases.alias() == ("2", {})
    else:
        assert releases.ended(info["rollbackInfo"]["rollbackDeploymentId"])["status"] == "Succeeded"
        assert releases.alias() == ("1", {})


SERVICE = """
service: shop
plugins: [serverless-plugin-canary-deployments]
provider: {name: aws, runtime: python3.11}
functions:
  api:
    handler: index.handler
    events: [{http: GET /}]
    deploymentSettings: {type: %(type)s, alias: Live%(hooks)s}
  hook:
    handler: hook.handler
    environment: {RESULT: %(result)s}
package: {patterns: ['!**', '*.py']}
"""


class Project:
    def __init__(self, dew, cloud, directory):
        self.dew, self.cloud, self.directory = dew, cloud, directory
        (directory / "hook.py").write_text(HOOK)

    def write(self, text, **settings):
        settings = {"type": "AllAtOnce", "hooks": "", "result": "Succeeded"} | settings
        (self.directory / "serverless.yml").write_text(SERVICE % settings)
        (self.directory / "index.py").write_text(
            "def handler(event, context):\n    return {'statusCode': 200, 'body': '%s'}\n" % text)

    def run(self, command, *arguments, check=True):
        done = subprocess.run([self.dew, command, *arguments, "--endpoint", self.cloud.endpoint], cwd=self.directory,
                              capture_output=True, text=True, timeout=120)
        if check:
            assert done.returncode == 0, done.stderr
        return done

    def alias(self):
        found = self.cloud.client("lambda").get_alias(FunctionName="shop-dev-api", Name="Live")
        return found["FunctionVersion"]

    def releases(self):
        return json.loads(self.run("releases", "--json").stdout)


@pytest.fixture
def project(dew, new_cloud, tmp_path):
    directory = tmp_path / "shop"
    directory.mkdir()
    return Project(dew, new_cloud(), directory)


def test_stack_update_releases_and_dew_tells(project):
    project.write("one")
    project.run("deploy")
    assert project.alias() == "1"
    assert project.releases()["releases"] == []
    project.write("two")
    project.run("deploy")
    assert project.alias() == "2"
    (release,) = project.releases()["releases"]
    assert (release["from"], release["to"], release["status"]) == ("1", "2", "Succeeded")
    assert project.releases()["aliases"] == [
        {"function": "shop-dev-api", "alias": "Live", "version": "2", "weights": {"2": 100}}]
    # The API goes through the alias.
    api = project.cloud.client("apigateway")
    rest = api.get_rest_apis()["items"][0]["id"]
    root = api.get_resources(restApiId=rest)["items"][0]["id"]
    assert api.get_integration(restApiId=rest, resourceId=root, httpMethod="GET")["uri"].endswith(
        "function:shop-dev-api:Live/invocations")
    done = json.loads(project.run("rollback", "--json").stdout)
    assert done["rolledBack"][0]["from"] == "2" and done["rolledBack"][0]["to"] == "1"
    assert project.alias() == "1"
    assert "shop-dev-api:Live" in project.run("releases").stdout


def test_stack_goes_back_when_the_release_fails(project):
    project.write("one")
    project.run("deploy")
    project.write("two", hooks=", preTrafficHook: hook", result="Failed")
    done = project.run("deploy", check=False)
    assert done.returncode == 1
    assert "HOOK_EXECUTION_FAILURE" in done.stderr and "d-" in done.stderr, done.stderr
    assert project.alias() == "1"
    status = project.cloud.client("cloudformation").describe_stacks(StackName="shop-dev")["Stacks"][0]["StackStatus"]
    assert status == "UPDATE_ROLLBACK_COMPLETE"
    project.write("three", hooks=", preTrafficHook: hook", result="Succeeded")
    project.run("deploy")
    assert project.alias() not in ("1", "2")
    text = project.run("releases").stdout
    assert "HOOK_EXECUTION_FAILURE" in text and "taken back by d-" in text


def test_deploy_shows_the_shift_and_can_be_taken_back(dew, project):
    project.write("one", type="Canary10Percent5Minutes")
    project.run("deploy")
    project.write("two", type="Canary10Percent5Minutes")
    deploying = subprocess.Popen([dew, "deploy", "--endpoint", project.cloud.endpoint], cwd=project.directory,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: [r for r in project.releases()["releases"] if r["weight"] == 10], 30, "the first shift")
    assert project.releases()["aliases"][0]["weights"] == {"1": 90, "2": 10}
    told = ""
    while "10 % on version 2" not in told and deploying.poll() is None:
        told += deploying.stderr.readline()
    done = json.loads(project.run("rollback", "--json").stdout)
    assert done["rolledBack"][0]["to"] == "1"
    told += deploying.communicate(timeout=60)[1]
    assert deploying.returncode == 1
    assert "10 % on version 2, 90 % on version 1" in told and "MANUAL_STOP" in told, told
    assert project.alias() == "1"


def test_stack_update_waits_over_a_kill(dew, new_cloud, project):
    project.write("one", type="Canary10Percent5Minutes")
    project.run("deploy")
    project.write("two", type="Canary10Percent5Minutes")
    deploying = subprocess.Popen([dew, "deploy", "--endpoint", project.cloud.endpoint], cwd=project.directory,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: [r for r in project.releases()["releases"] if r["weight"] == 10], 30, "the first shift")
    project.cloud.kill()
    deploying.wait(timeout=60)
    project.cloud = new_cloud(data=project.cloud.data)
    formation = project.cloud.client("cloudformation")
    assert formation.describe_stacks(StackName="shop-dev")["Stacks"][0]["StackStatus"] == "UPDATE_IN_PROGRESS"
    advance(dew, project.cloud, "6m")
    wait_until(lambda: formation.describe_stacks(StackName="shop-dev")["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE",
               30, "the end of the update")
    assert project.alias() == "2"
    assert len(project.releases()["releases"]) == 1
