"""Lambda layers with real clients: what functions find below /opt, what is refused, and how stacks make them."""

import io
import json
import shutil
import subprocess
import zipfile

import botocore.exceptions
import pytest
from conftest import ACCOUNT, ENVIRONMENT, REGION, ROOT, wait_until
from test_lambda import TRUST, archive


@pytest.fixture(scope="module")
def role(client):
    return client("iam").create_role(RoleName="layer-tests", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]


@pytest.fixture
def functions(client):
    return client("lambda")


@pytest.fixture
def publish(functions, unique):
    def make(files, name=None, **options):
        return functions.publish_layer_version(LayerName=name or unique("layer"), Content={"ZipFile": archive(files)},
                                               **options)["LayerVersionArn"]
    return make


@pytest.fixture
def deploy(functions, role, unique):
    def make(runtime, files, layers=(), handler="index.handler", **options):
        name = unique("fn")
        functions.create_function(FunctionName=name, Runtime=runtime, Role=role, Handler=handler, Timeout=20,
                                  Code={"ZipFile": archive(files)}, Layers=list(layers), **options)
        return name
    return make


@pytest.fixture
def invoke(functions):
    def call(name, event=None, **options):
        answer = functions.invoke(FunctionName=name, Payload=json.dumps(event or {}), **options)
        body = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, body
        return body
    return call


READ_OPT = """import os
def handler(event, context):
    out = {path: open(path).read() if os.path.exists(path) else None for path in event['read']}
    try:
        open('/opt/new', 'w')
        out['writable'] = True
    except OSError:
        out['writable'] = False
    return out
"""


def test_python_imports_from_layers_and_later_ones_win(publish, deploy, invoke, functions):
    first = publish({"python/shared.py": "WHO = 'first'\n", "python/only_first.py": "X = 1\n", "data/a": "1", "data/b": "1"})
    second = publish({"python/shared.py": "WHO = 'second'\n", "data/b": "2",
                      "python/lib/python3.11/site-packages/packaged.py": "Y = 2\n"})
    code = {"index.py": READ_OPT, "main.py": "import shared, only_first, packaged\ndef handler(e, c):\n"
                                             "    return [shared.WHO, only_first.X, packaged.Y]\n"}
    name = deploy("python3.11", code, [first, second])
    assert invoke(name, {"read": ["/opt/data/a", "/opt/data/b"]}) == {
        "/opt/data/a": "1", "/opt/data/b": "2", "writable": False}
    assert invoke(deploy("python3.11", code, [first, second], handler="main.handler")) == ["second", 1, 2]
    assert invoke(deploy("python3.11", code, [second, first], handler="main.handler")) == ["first", 1, 2]
    shown = functions.get_function_configuration(FunctionName=name)["Layers"]
    assert [layer["Arn"] for layer in shown] == [first, second] and all(layer["CodeSize"] > 0 for layer in shown)


def test_node_requires_from_a_layer(publish, deploy, invoke):
    layer = publish({"nodejs/node_modules/tool/index.js": "module.exports = () => 'from the layer';",
                     "nodejs/node20/node_modules/newer/index.js": "module.exports = 20;",
                     "bin/hello": "#!/bin/sh\necho hi\n"})
    name = deploy("nodejs20.x", {"index.js": "const tool = require('tool'); exports.handler = async () =>"
                                             " [tool(), require('newer'), require('child_process').execSync('hello').toString(),"
                                             "  process.env.PATH.split(':').pop()];"}, [layer])
    assert invoke(name) == ["from the layer", 20, "hi\n", "/opt/bin"]


CPP = r"""
#include <dew/runtime.h>
#include <fstream>
#include <sstream>
int main() {
  return dew::run([](std::string_view) {
    std::ifstream in("/opt/data/word");
    std::ostringstream text;
    text << in.rdbuf();
    return "\"" + text.str() + "\"";
  });
}
"""
CMAKE = """cmake_minimum_required(VERSION 3.25)
project(reads_opt LANGUAGES CXX)
add_subdirectory({sdk} sdk EXCLUDE_FROM_ALL)
add_executable(bootstrap main.cc)
target_link_libraries(bootstrap PRIVATE dew::sdk)
target_link_options(bootstrap PRIVATE -s)
"""


def test_cpp_reads_opt_and_a_layer_may_be_the_runtime(publish, deploy, invoke, tmp_path):
    (tmp_path / "main.cc").write_text(CPP)
    (tmp_path / "CMakeLists.txt").write_text(CMAKE.format(sdk=ROOT / "sdk"))
    subprocess.run(["cmake", "-S", tmp_path, "-B", tmp_path / "build", "-G", "Ninja", "-DCMAKE_CXX_COMPILER=clang++-19",
                    *(["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else [])],
                   check=True, capture_output=True)
    subprocess.run(["cmake", "--build", tmp_path / "build"], check=True, capture_output=True)
    program = (tmp_path / "build/bootstrap").read_bytes()
    data = publish({"data/word": "layered"})
    assert invoke(deploy("provided.al2023", {"bootstrap": program}, [data])) == "layered"
    runtime = publish({"bootstrap": program})
    assert invoke(deploy("provided.al2023", {"handler.txt": "no program of its own"}, [data, runtime])) == "layered"


def test_a_deleted_version_keeps_working(publish, deploy, invoke, functions, unique, cloud):
    name = unique("layer")
    one = publish({"data/x": "one"}, name=name)
    two = publish({"data/x": "two"}, name=name)
    other = publish({"data/y": "other"})
    function = deploy("python3.11", {"index.py": READ_OPT}, [one, other])
    for arn in (one, two, other):
        functions.delete_layer_version(LayerName=arn.rsplit(":", 1)[0], VersionNumber=int(arn.rsplit(":", 1)[1]))
    functions.delete_layer_version(LayerName=name, VersionNumber=1)  # again: nothing to do
    assert functions.list_layer_versions(LayerName=name)["LayerVersions"] == []
    read = {"read": ["/opt/data/x", "/opt/data/y"]}
    assert invoke(function, read)["/opt/data/x"] == "one"
    # A new environment too, also of a change that leaves the layers alone.
    functions.update_function_configuration(FunctionName=function, Environment={"Variables": {"CHANGED": "yes"}})
    assert invoke(function, read) == {"/opt/data/x": "one", "/opt/data/y": "other", "writable": False}
    with pytest.raises(botocore.exceptions.ClientError, match=f"Layer version {one} does not exist"):
        functions.update_function_configuration(FunctionName=function, Layers=[one])
    functions.update_function_configuration(FunctionName=function, Layers=[])
    assert "Layers" not in functions.get_function_configuration(FunctionName=function)
    assert invoke(function, read)["/opt/data/x"] is None
    # Numbers are not given out again.
    assert publish({"data/x": "three"}, name=name).endswith(":3")


def test_layers_survive_a_restart(new_cloud, tmp_path):
    def call(cloud):
        return json.loads(cloud.client("lambda").invoke(
            FunctionName="f", Payload=json.dumps({"read": ["/opt/a", "/opt/b"]}))["Payload"].read())

    cloud = new_cloud(data=tmp_path / "data")
    functions = cloud.client("lambda")
    role = cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    arns = [functions.publish_layer_version(LayerName=n, Content={"ZipFile": archive({n: n})})["LayerVersionArn"] for n in "ab"]
    functions.create_function(FunctionName="f", Runtime="python3.11", Role=role, Handler="index.handler", Timeout=20,
                              Code={"ZipFile": archive({"index.py": READ_OPT})}, Layers=arns)
    functions.delete_layer_version(LayerName="a", VersionNumber=1)
    assert call(cloud) == {"/opt/a": "a", "/opt/b": "b", "writable": False}
    cloud.kill()
    again = new_cloud(data=tmp_path / "data")
    assert call(again) == {"/opt/a": "a", "/opt/b": "b", "writable": False}
    assert [layer["LayerName"] for layer in again.client("lambda").list_layers()["Layers"]] == ["b"]


def test_what_is_refused(publish, functions, role, unique):
    def refused(code, text, call, **arguments):
        with pytest.raises(botocore.exceptions.ClientError) as error:
            call(**arguments)
        assert error.value.response["Error"]["Code"] == code
        assert text in error.value.response["Error"]["Message"]

    def create(layers):
        functions.create_function(FunctionName=unique("fn"), Runtime="python3.11", Role=role, Handler="index.handler",
                                  Code={"ZipFile": archive({"index.py": READ_OPT})}, Layers=layers)

    name = unique("layer")
    first, second = publish({"a": "1"}, name=name), publish({"a": "2"}, name=name)
    refused("InvalidParameterValueException", "Two different versions of the same layer", create, layers=[first, second])
    refused("InvalidParameterValueException", "Cannot reference more than 5 layers.", create,
            layers=[publish({"a": "1"}) for _ in range(6)])
    refused("InvalidParameterValueException", "does not exist", create,
            layers=[f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:absent:1"])
    refused("InvalidParameterValueException", "same region", create, layers=[first.replace(REGION, "eu-west-1")])
    refused("ResourceNotFoundException", "does not exist", functions.get_layer_version, LayerName=name, VersionNumber=9)
    refused("InvalidParameterValueException", "less than 1", functions.get_layer_version, LayerName=name, VersionNumber=0)
    refused("ResourceNotFoundException", "does not exist", functions.get_layer_version_by_arn, Arn=first[:-1] + "9")
    refused("InvalidParameterValueException", "unzip", functions.publish_layer_version, LayerName=name,
            Content={"ZipFile": b"no archive"})
    # Each fits, both together do not.
    half = archive_of_size(140_000_000)
    big = [functions.publish_layer_version(LayerName=unique("big"), Content={"ZipFile": half})["LayerVersionArn"] for _ in range(2)]
    refused("InvalidParameterValueException", "Layers consume more than the available size of 262144000 bytes", create, layers=big)


def archive_of_size(size):
    """A small archive of one large file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("zeros", bytes(size))
    return out.getvalue()


def test_lists_filter(publish, functions, unique):
    name = unique("layer")
    publish({"a": "1"}, name=name, CompatibleRuntimes=["python3.11"], CompatibleArchitectures=["x86_64"])
    publish({"a": "2"}, name=name, CompatibleRuntimes=["nodejs20.x"], Description="newer")

    def versions(**filters):
        return [v["Version"] for v in functions.list_layer_versions(LayerName=name, **filters)["LayerVersions"]]

    assert versions() == [2, 1]
    assert versions(CompatibleRuntime="python3.11") == [1] and versions(CompatibleArchitecture="x86_64") == [1]
    assert versions(CompatibleArchitecture="arm64") == []
    pages = functions.get_paginator("list_layer_versions").paginate(LayerName=name, PaginationConfig={"PageSize": 1})
    assert [v["Version"] for page in pages for v in page["LayerVersions"]] == [2, 1]
    [mine] = [layer for page in functions.get_paginator("list_layers").paginate(CompatibleRuntime="python3.11")
              for layer in page["Layers"] if layer["LayerName"] == name]
    assert mine["LatestMatchingVersion"]["Version"] == 1


def test_layers_need_their_permission(client, cloud, publish, role, unique):
    user = unique("user")
    iam = client("iam")
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["lambda:CreateFunction", "iam:PassRole"], "Resource": "*"}]}))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    theirs = cloud.client("lambda", access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"])
    arn = publish({"a": "1"})
    with pytest.raises(botocore.exceptions.ClientError) as error:
        theirs.create_function(FunctionName=unique("fn"), Runtime="python3.11", Role=role, Handler="index.handler",
                               Code={"ZipFile": archive({"index.py": READ_OPT})}, Layers=[arn])
    assert error.value.response["Error"]["Code"] == "AccessDeniedException"
    assert "lambda:GetLayerVersion" in error.value.response["Error"]["Message"] and arn in error.value.response["Error"]["Message"]


SERVICE = """
service: layered-SUFFIX
provider:
  name: aws
  runtime: python3.11
layers:
  words:
    path: words
    description: A word
    compatibleRuntimes: [python3.11]
    allowedAccounts: ['*']
functions:
  read:
    handler: index.handler
    layers: [!Ref WordsLambdaLayer]
"""


def test_dew_deploys_layers(client, cloud, dew, functions, invoke, tmp_path, unique):
    service = unique("s")[2:]
    (tmp_path / "serverless.yml").write_text(SERVICE.replace("SUFFIX", service))
    (tmp_path / "index.py").write_text(READ_OPT)
    (tmp_path / "words/data").mkdir(parents=True)

    def deploy(word):
        (tmp_path / "words/data/word").write_text(word)
        done = subprocess.run([dew, "deploy", tmp_path, "--endpoint", cloud.endpoint], capture_output=True, text=True,
                              env={"PATH": "/usr/bin:/bin", **ENVIRONMENT})
        assert done.returncode == 0, done.stdout + done.stderr
        return invoke(f"layered-{service}-dev-read", {"read": ["/opt/data/word"]})["/opt/data/word"]

    assert deploy("one") == "one"
    policy = json.loads(functions.get_layer_version_policy(LayerName="words", VersionNumber=1)["Policy"])
    assert policy["Statement"][0]["Principal"] == "*"
    assert deploy("two") == "two"
    # The version that was replaced is gone with its resource.
    assert [v["Version"] for v in functions.list_layer_versions(LayerName="words")["LayerVersions"]] == [2]
    client("cloudformation").delete_stack(StackName=f"layered-{service}-dev")
    wait_until(lambda: functions.list_layer_versions(LayerName="words")["LayerVersions"] == [], 30, "the layer to be deleted")
