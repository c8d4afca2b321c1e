"""`dew package` and `osls package` make the same of every tests/api/parity/services/*.yml.

osls is the maintained fork of the Serverless Framework 3; it runs here, offline, in the version that
tests/api/parity/package.json names. Equal are both templates (create and update), and every artifact's files, their
contents and their execute bits. Taken out before comparing: the deployment's time, and what is a digest of a zip file that
the tool itself wrote (the bytes of two zip writers differ). Where `package.artifact` gives both the same bytes, the digests
are compared too. What differs on purpose is in DELIBERATE, both sides of it, and in docs/COMPATIBILITY.md.

The first line of a service may be `# options: …`, the command line of both.
"""

import base64
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import zipfile

import pytest

from conftest import DEW, ENVIRONMENT, ROOT

PARITY = ROOT / "tests/api/parity"
SERVICES = sorted(path.stem for path in (PARITY / "services").glob("*.yml"))
OUTPUT = ("cloudformation-template-create-stack.json", "cloudformation-template-update-stack.json")

# service: {path in the template: (osls's value, dew's value)}
DELIBERATE = {
    # The stage that is deployed, not the service's: a request to the other finds nothing.
    "api-gateway-stage": {"/Outputs/ServiceEndpoint/Value/Fn::Join/1/6": ("/dev", "/v1")},
}

LOCKED = {"node_modules/runtime-dependency": {"version": "1.0.0"},
          "node_modules/development-dependency": {"version": "1.0.0", "dev": True}}
# What lies beside every service. Names ending in ! may be executed.
FILES = {
    "handler.js": "exports.hello = async () => ({ statusCode: 200 });\n",
    "bootstrap!": "#!/bin/sh\n",
    "bin/tool!": "#!/bin/sh\n",
    "bin/zool!": "#!/bin/sh\n",
    "src/first.js": "// first\n",
    "src/second.mjs": "// second\n",
    "src/notes.txt": "notes\n",
    "lib/util.js": "// util\n",
    "lib/deep/er/more.js": "// more\n",
    "config/dev.json": '{"deep": {"value": "of-dev"}}',
    "config/prod.json": '{"deep": {"value": "of-prod"}}',
    "config/text.txt": "text of a file",
    "resources/topic.yml": "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties: {TopicName: !Sub '${AWS::StackName}-t'}\n",
    "resources/outputs.yml": "Outputs:\n  TopicArn: {Value: !Ref Topic, Condition: Always}\nConditions:\n  Always: !Equals [a, a]\n",
    "layers/tools/nodejs/tool.js": "// tool\n",
    "layers/tools/README.md": "# tool\n",
    "layers/kept/nodejs/kept.js": "// kept\n",
    "node_modules/runtime-dependency/index.js": "// needed\n",
    "node_modules/runtime-dependency/package.json": '{"name": "runtime-dependency", "version": "1.0.0"}',
    "node_modules/development-dependency/index.js": "// not needed\n",
    "node_modules/development-dependency/package.json": '{"name": "development-dependency", "version": "1.0.0"}',
    "node_modules/.package-lock.json": json.dumps({
        "name": "service", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": LOCKED}),
    "package.json": '{"name": "service", "version": "1.0.0", "dependencies": {"runtime-dependency": "1.0.0"},'
                    ' "devDependencies": {"development-dependency": "1.0.0"}}',
    "package-lock.json": json.dumps({
        "name": "service", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": {
            "": {"name": "service", "version": "1.0.0", "dependencies": {"runtime-dependency": "1.0.0"},
                 "devDependencies": {"development-dependency": "1.0.0"}},
            **LOCKED}}),
    ".hidden/keep": "kept\n",
    ".hidden/other": "other\n",
    ".env": "FROM_DOTENV=of-env\nQUOTED=\"plain\"\n",
    ".env.prod": "# for prod\nFROM_DOTENV=of-env-prod\nQUOTED=\"a # b\"\n",
    ".gitignore": "build\n",
    ".DS_Store": "junk",
    "npm-debug.log": "junk",
    ".git/HEAD": "ref: refs/heads/main\n",
}
GIVEN = ("artifact.zip", "build/other.zip")
NPM = ("package.json", "package-lock.json", "node_modules/.package-lock.json")  # where these are, osls asks npm: slow
VARIABLES = {"PARITY_VARIABLE": "of the environment"}


def lay_out(directory, service):
    for name, text in FILES.items():
        if name in NPM and not service.startswith("package-"):
            continue
        path = directory / name.rstrip("!")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if name.endswith("!") else 0o644)
    for name in GIVEN:
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(zipfile.ZipInfo("handler.js"), f"// of {name}\n")
    (directory / "serverless.yml").write_text((PARITY / "services" / f"{service}.yml").read_text())


def options_of(service):
    first = (PARITY / "services" / f"{service}.yml").read_text().splitlines()[0]
    return shlex.split(first.removeprefix("# options: ")) if first.startswith("# options: ") else []


@pytest.fixture(scope="module")
def packaged(tmp_path_factory, npm_install, cloud):
    """For each tool, a function from a service to its directory, packaged. Both run once, over all services."""
    folder = npm_install(json.loads((PARITY / "package.json").read_text())["dependencies"])
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SLS_", "SERVERLESS_"))}
    environment = {**clean, **ENVIRONMENT, **VARIABLES, "SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off",
                   "AWS_ENDPOINT_URL": "http://127.0.0.1:9",  # nobody there
                   "NODE_PATH": str(folder / "node_modules")}  # plugins
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        environment.pop(name)
    directories = {}
    for tool in ("osls", "dew"):
        for service in SERVICES:
            directories[tool, service] = tmp_path_factory.mktemp(f"{tool}-{service}")
            lay_out(directories[tool, service], service)
    results = tmp_path_factory.mktemp("osls") / "results"
    work = [{"directory": str(directories["osls", s]), "arguments": ["package", *options_of(s)]} for s in SERVICES]
    process = subprocess.run(
        ["node", str(PARITY / "osls.cjs"), str(folder / "node_modules/osls"), str(results)],
        input=json.dumps(work), capture_output=True, text=True, timeout=280,
        env={**environment, "AWS_ENDPOINT_URL": cloud.endpoint})  # it asks whether a layer is deployed already
    told = [json.loads(line) for line in results.read_text().splitlines()]
    assert process.returncode == 0 and len(told) == len(SERVICES), process.stderr
    failures = {("osls", s): t["text"] for s, t in zip(SERVICES, told) if t["status"] != 0}
    for service in SERVICES:
        done = subprocess.run([DEW, "package", *options_of(service)], cwd=directories["dew", service], env=environment,
                              capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            failures["dew", service] = done.stderr

    def get(tool, service):
        assert (tool, service) not in failures, failures[tool, service]
        return directories[tool, service]

    return get


def given_hashes(directory):
    return {base64.b64encode(hashlib.sha256((directory / name).read_bytes()).digest()).decode() for name in GIVEN}


def normalized(directory, name):
    """The template without the deployment's time and without the digests of zip files that the tool wrote."""
    text = (directory / ".serverless" / name).read_text()
    text = re.sub(r"/\d{13}-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/", "/TIME/", text)
    text = re.sub(r"\bApiGatewayDeployment\d+", "ApiGatewayDeployment", text)
    resources = json.loads(text)["Resources"]
    given = given_hashes(directory)
    for key, resource in resources.items():
        if resource["Type"] == "AWS::Lambda::Version" and resource["Properties"]["CodeSha256"] not in given:
            text = text.replace(key, re.sub(r"(LambdaVersion).*", r"\1DIGEST", key))
            text = text.replace(resource["Properties"]["CodeSha256"], "DIGEST")
    template = json.loads(text)
    for key, output in template["Outputs"].items():
        if key.endswith("LambdaLayerHash"):
            content = layer_of(template, key)["Properties"]["Content"]["S3Key"]
            if content.rsplit("/", 1)[1] not in {pathlib.Path(name).name for name in GIVEN}:
                text = text.replace(output["Value"], "DIGEST")
    template = json.loads(text)
    for resource in template["Resources"].values():  # a set, by its meaning
        if isinstance(resource.get("DependsOn"), list):
            resource["DependsOn"] = sorted(resource["DependsOn"])
    return with_lists(template)


def with_lists(value):
    """A policy statement's text or list of one text, which say the same, as a list."""
    if isinstance(value, list):
        return [with_lists(element) for element in value]
    if not isinstance(value, dict):
        return value
    found = {key: with_lists(element) for key, element in value.items()}
    if "Effect" in found:
        for key in ("Action", "NotAction", "Resource", "NotResource"):
            if key in found and not isinstance(found[key], list):
                found[key] = [found[key]]
    return found


def layer_of(template, output):
    logical_id = template["Outputs"][output.removesuffix("Hash") + "QualifiedArn"]["Value"]["Ref"]
    return template["Resources"][logical_id]


def differences(theirs, ours, path=""):
    """{path: (theirs, ours)} for every place where two JSON values differ; a missing member is None."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        found = {}
        for key in {**theirs, **ours}:
            found |= differences(theirs.get(key), ours.get(key), f"{path}/{key}")
        return found
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        found = {}
        for i, (a, b) in enumerate(zip(theirs, ours)):
            found |= differences(a, b, f"{path}/{i}")
        return found
    return {} if theirs == ours and type(theirs) is type(ours) else {path: (theirs, ours)}


@pytest.mark.parametrize("service", SERVICES)
def test_templates_are_equal(packaged, service):
    theirs, ours = packaged("osls", service), packaged("dew", service)
    for name in OUTPUT:
        if name == OUTPUT[0] and not (theirs / ".serverless" / name).exists():
            continue  # with a bucket of one's own there is nothing to create first
        expected = DELIBERATE.get(service, {}) if name == OUTPUT[1] else {}
        assert differences(normalized(theirs, name), normalized(ours, name)) == expected


def contents(directory):
    """{artifact: {file: (contents, may be executed)}}"""
    found = {}
    for path in sorted((directory / ".serverless").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            found[path.name] = {info.filename: (archive.read(info), bool(info.external_attr >> 16 & 0o100))
                                for info in archive.infolist() if not info.is_dir()}
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_artifacts_hold_the_same_files(packaged, service):
    theirs, ours = contents(packaged("osls", service)), contents(packaged("dew", service))
    assert list(theirs) == list(ours)
    for name in theirs:
        assert theirs[name] == ours[name], name


def test_there_are_enough_services():
    assert len(SERVICES) >= 30
    assert set(DELIBERATE) <= set(SERVICES)


def test_deliberate_differences_are_documented():
    text = (ROOT / "docs/COMPATIBILITY.md").read_text()
    for service in DELIBERATE:
        assert f"`{service}`" in text, service
