"""The Serverless Framework, unmodified: osls (the maintained fork of version 3) with AWS_ENDPOINT_URL alone, and
serverless@3 with the serverless-localstack plugin. Each takes a copy of examples/users-node through its whole life.
"""

import json
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest

from conftest import ENVIRONMENT, ROOT

OSLS = {"osls": "4.3.1"}
SERVERLESS_3 = {"serverless": "3.40.0", "serverless-localstack": "1.4.0"}
SECRET = "/users-api/{}/jwt-secret"


class Tool:
    """One of the two, in a folder with a copy of the application."""

    def __init__(self, cloud, folder, program, stage):
        self.cloud, self.folder, self.program, self.stage = cloud, folder, program, stage

    def run(self, *arguments, check=True):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        done = subprocess.run(
            [str(self.program), *arguments, "--stage", self.stage], cwd=self.folder, capture_output=True, text=True,
            timeout=240, stdin=subprocess.DEVNULL,
            env={**environment, **ENVIRONMENT, "AWS_ENDPOINT_URL": self.cloud.endpoint, "NODE_NO_WARNINGS": "1",
                 "SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off", "CI": "1"})
        assert not check or done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}\n{self.cloud.log[-4000:]}"
        return done.stdout + done.stderr

    def edit(self, name, old, new):
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def application(tmp_path_factory):
    """examples/users-node with its dependencies installed."""
    folder = tmp_path_factory.mktemp("application") / "users-node"
    shutil.copytree(ROOT / "examples/users-node", folder, ignore=shutil.ignore_patterns(".dew", ".serverless"))
    subprocess.run(["sh", "build.sh"], cwd=folder, check=True, capture_output=True)
    return folder


def answer(url):
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def whole_life(tool):
    cloud, stack = tool.cloud, f"users-api-node-{tool.stage}"
    functions, formation, s3 = cloud.client("lambda"), cloud.client("cloudformation"), cloud.client("s3")
    ssm = cloud.client("ssm")
    ssm.put_parameter(Name=SECRET.format(tool.stage), Type="SecureString", Value="a-secret")

    def configuration():
        return functions.get_function_configuration(FunctionName=f"{stack}-api")

    def outputs():
        found = formation.describe_stacks(StackName=stack)["Stacks"][0]
        assert found["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        return {o["OutputKey"]: o["OutputValue"] for o in found["Outputs"]}

    tool.run("package")
    template = json.loads((tool.folder / ".serverless/cloudformation-template-update-stack.json").read_text())
    assert "ApiLambdaFunction" in template["Resources"]

    tool.run("deploy")
    first = outputs()
    bucket = first["ServerlessDeploymentBucketName"]
    api_id = re.match(r"https://(\w+)\.", first["ServiceEndpoint"]).group(1)
    url = f"{cloud.endpoint}/restapis/{api_id}/{tool.stage}/_user_request_/users"
    assert answer(url) == 200
    assert configuration()["Environment"]["Variables"]["LOG_LEVEL"] == "info"

    tool.edit("serverless.yml", "LOG_LEVEL: info", "LOG_LEVEL: debug")
    tool.run("deploy")
    assert configuration()["Environment"]["Variables"]["LOG_LEVEL"] == "debug"
    assert outputs()["ServiceEndpoint"] == first["ServiceEndpoint"]
    assert outputs()["ApiLambdaFunctionQualifiedArn"].endswith(":2")
    assert answer(url) == 200

    before = configuration()["CodeSha256"]
    tool.edit("src/handler.js", "export ", "// changed\nexport ")
    shown = tool.run("deploy", "function", "--function", "api")
    assert "Function code deployed" in shown
    assert configuration()["CodeSha256"] != before

    shown = tool.run("info", "--verbose")
    assert stack in shown and api_id in shown and f"{stack}-api" in shown and bucket in shown

    event = json.dumps({"httpMethod": "GET", "path": "/users", "headers": {}})
    shown = tool.run("invoke", "--function", "api", "--data", event)
    assert '"statusCode": 200' in shown
    assert '"message":"request"' in tool.run("logs", "--function", "api")

    stamps = re.findall(r"Timestamp: (\d+)", tool.run("deploy", "list"))
    assert len(stamps) == 2
    tool.run("rollback", "--timestamp", stamps[0])
    assert configuration()["Environment"]["Variables"]["LOG_LEVEL"] == "info"
    assert answer(url) == 200

    tool.run("remove")
    assert f"{stack}-api" not in [f["FunctionName"] for f in functions.list_functions()["Functions"]]
    assert bucket not in [b["Name"] for b in s3.list_buckets()["Buckets"]]
    assert answer(url) in (403, 404)
    with pytest.raises(formation.exceptions.ClientError, match="does not exist"):
        formation.describe_stacks(StackName=stack)
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{stack}")["logGroups"]
    roles = [r["RoleName"] for r in cloud.client("iam").list_roles()["Roles"]]
    tables = cloud.client("dynamodb").list_tables()["TableNames"]
    assert not groups and not [n for n in roles + tables if n.startswith(stack)]
    ssm.delete_parameter(Name=SECRET.format(tool.stage))


@pytest.mark.timeout(400)
def test_osls(cloud, application, npm_install, tmp_path):
    program = npm_install(OSLS) / "node_modules/.bin/osls"
    folder = tmp_path / "users-node"
    shutil.copytree(application, folder, symlinks=True)
    whole_life(Tool(cloud, folder, program, "osls"))


@pytest.mark.timeout(400)
def test_serverless_3_with_the_localstack_plugin(cloud, application, npm_install, tmp_path):
    installed = npm_install(SERVERLESS_3)
    folder = tmp_path / "users-node"
    shutil.copytree(application, folder, symlinks=True)
    # As `serverless plugin install` does: the plugin beside the service, named in its serverless.yml.
    (folder / "node_modules/serverless-localstack").symlink_to(installed / "node_modules/serverless-localstack")
    text = (folder / "serverless.yml").read_text()
    assert text.rstrip().splitlines()[-1].startswith("      /users-api/"), "custom: is no longer the last section"
    (folder / "serverless.yml").write_text(
        text.rstrip() + "\n  localstack:\n    stages: [three]\n    host: http://127.0.0.1\n"
        f"    edgePort: {cloud.port}\nplugins:\n  - serverless-localstack\n")
    whole_life(Tool(cloud, folder, installed / "node_modules/.bin/serverless", "three"))


LAYERED = """
service: layered-osls
provider:
  name: aws
  runtime: nodejs20.x
  stage: ${opt:stage}
  logs:
    lambda: {logFormat: JSON, systemLogLevel: WARN}
layers:
  words: {path: words, compatibleRuntimes: [nodejs20.x], allowedAccounts: ['*']}
  more: {path: more}
functions:
  read:
    handler: index.handler
    layers: [!Ref WordsLambdaLayer, !Ref MoreLambdaLayer]
"""


@pytest.mark.timeout(400)
def test_osls_deploys_layers(cloud, npm_install, tmp_path):
    functions = cloud.client("lambda")
    for path, text in {"serverless.yml": LAYERED, "index.js": "exports.handler = async () => [require('words'), require('more')];",
                       "words/nodejs/node_modules/words/index.js": "module.exports = 'one';",
                       "more/nodejs/node_modules/more/index.js": "module.exports = 'more';"}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    tool = Tool(cloud, tmp_path, npm_install(OSLS) / "node_modules/.bin/osls", "layers")
    tool.run("deploy")

    def result():
        return json.loads(functions.invoke(FunctionName="layered-osls-layers-read")["Payload"].read())

    assert result() == ["one", "more"]
    with urllib.request.urlopen(f"{cloud.endpoint}/2015-03-31/functions/layered-osls-layers-read/configuration") as answered:
        assert json.load(answered)["LoggingConfig"]["SystemLogLevel"] == "WARN"  # Debian's boto3 does not know it
    tool.edit("words/nodejs/node_modules/words/index.js", "one", "two")
    tool.run("deploy")
    assert result() == ["two", "more"]
    tool.run("remove")
    assert functions.list_layer_versions(LayerName="words")["LayerVersions"] == []
