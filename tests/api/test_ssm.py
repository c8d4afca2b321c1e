"""Parameter Store with boto3: what the scenario of every operation does not reach."""

import base64
import json
import os
import stat

import botocore.exceptions
import pytest


def code_of(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


@pytest.fixture
def ssm(client):
    return client("ssm")


@pytest.fixture
def path(ssm, unique):
    root = f"/{unique('p')}"
    yield root
    names = [p["Name"] for page in ssm.get_paginator("get_parameters_by_path").paginate(Path=root, Recursive=True)
             for p in page["Parameters"]]
    for at in range(0, len(names), 10):
        ssm.delete_parameters(Names=names[at:at + 10])


def test_labels_move_between_versions(ssm, path):
    name = f"{path}/a"
    ssm.put_parameter(Name=name, Value="one", Type="String")
    ssm.put_parameter(Name=name, Value="two", Overwrite=True)
    assert ssm.label_parameter_version(Name=name, ParameterVersion=1, Labels=["prod", "1bad"])["InvalidLabels"] == ["1bad"]
    assert ssm.get_parameter(Name=f"{name}:prod")["Parameter"]["Value"] == "one"
    assert ssm.get_parameter(Name=f"{name}:prod")["Parameter"]["Selector"] == ":prod"
    assert ssm.label_parameter_version(Name=name, Labels=["prod"])["ParameterVersion"] == 2  # the newest
    assert ssm.get_parameter(Name=f"{name}:prod")["Parameter"]["Value"] == "two"
    assert [h["Labels"] for h in ssm.get_parameter_history(Name=name)["Parameters"]] == [[], ["prod"]]
    found = ssm.get_parameters_by_path(Path=path, ParameterFilters=[{"Key": "Label", "Values": ["prod"]}])
    assert [p["Value"] for p in found["Parameters"]] == ["two"]
    assert ssm.unlabel_parameter_version(Name=name, ParameterVersion=2, Labels=["prod", "no"]) | {"ResponseMetadata": 0} == {
        "RemovedLabels": ["prod"], "InvalidLabels": ["no"], "ResponseMetadata": 0}
    assert code_of(ssm.get_parameter, Name=f"{name}:prod") == "ParameterVersionNotFound"
    assert code_of(ssm.label_parameter_version, Name=name, Labels=[f"l{i}" for i in range(11)]) in (
        "ValidationException", "ParameterVersionLabelLimitExceeded")


def test_the_hundred_newest_versions_are_kept(ssm, path):
    name = f"{path}/many"
    for i in range(101):
        ssm.put_parameter(Name=name, Value=str(i), Type="String", Overwrite=True)
    versions = [h["Version"] for page in ssm.get_paginator("get_parameter_history").paginate(Name=name)
                for h in page["Parameters"]]
    assert versions == list(range(2, 102))
    assert code_of(ssm.get_parameter, Name=f"{name}:1") == "ParameterVersionNotFound"
    ssm.label_parameter_version(Name=name, ParameterVersion=2, Labels=["keep"])
    with pytest.raises(ssm.exceptions.ParameterMaxVersionLimitExceeded, match="the oldest version, can't be deleted"):
        ssm.put_parameter(Name=name, Value="x", Type="String", Overwrite=True)


def test_pages_by_path(ssm, path):
    names = [f"{path}/x/{i:02}" for i in range(23)] + [f"{path}/top"]
    for name in names:
        ssm.put_parameter(Name=name, Value=name, Type="String")
    pages = list(ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True,
                                                                      PaginationConfig={"PageSize": 10}))
    assert [len(p["Parameters"]) for p in pages] == [10, 10, 4]
    assert sorted(p["Name"] for page in pages for p in page["Parameters"]) == sorted(names)
    assert [p["Name"] for p in ssm.get_parameters_by_path(Path=path)["Parameters"]] == [f"{path}/top"]


def test_describe_filters(ssm, path):
    ssm.put_parameter(Name=f"{path}/a", Value="v", Type="String", Tags=[{"Key": "team", "Value": "x"}])
    ssm.put_parameter(Name=f"{path}/b", Value="v" * 5000, Type="SecureString", Tier="Advanced")
    ssm.put_parameter(Name=f"{path}/c", Value="1,2", Type="StringList")
    under = {"Key": "Path", "Values": [path]}

    def names(*filters):
        return [p["Name"][-1] for p in ssm.describe_parameters(ParameterFilters=[under, *filters])["Parameters"]]
    assert names() == ["a", "b", "c"]
    assert names({"Key": "Type", "Values": ["SecureString", "StringList"]}) == ["b", "c"]
    assert names({"Key": "Tier", "Values": ["Advanced"]}) == ["b"]
    assert names({"Key": "tag:team", "Values": ["x"]}) == ["a"]
    assert names({"Key": "KeyId", "Values": ["alias/aws/ssm"]}) == ["b"]
    assert names({"Key": "Name", "Option": "Contains", "Values": ["/c"]}) == ["c"]
    assert code_of(ssm.describe_parameters, ParameterFilters=[{"Key": "Label", "Values": ["x"]}]) == "InvalidFilterKey"
    assert code_of(ssm.describe_parameters, ParameterFilters=[{"Key": "Name", "Option": "Recursive", "Values": ["x"]}]) == "InvalidFilterOption"


def test_tiers_and_their_limits(ssm, path):
    name = f"{path}/t"
    with pytest.raises(botocore.exceptions.ClientError, match="maximum parameter value of 4096"):
        ssm.put_parameter(Name=name, Value="x" * 4097, Type="String")
    assert ssm.put_parameter(Name=name, Value="x" * 4097, Type="String", Tier="Intelligent-Tiering")["Tier"] == "Advanced"
    with pytest.raises(botocore.exceptions.ClientError, match="can't downgrade"):
        ssm.put_parameter(Name=name, Value="x", Tier="Standard", Overwrite=True)
    assert code_of(ssm.put_parameter, Name=name, Value="x" * 8193, Overwrite=True) == "ValidationException"


def test_what_is_not_honoured_is_refused_by_name(ssm, path):
    policy = json.dumps([{"Type": "Expiration", "Version": "1.0", "Attributes": {"Timestamp": "2030-01-01T00:00:00Z"}}])
    for more, words in (({"Policies": policy, "Tier": "Advanced"}, "policies"), ({"DataType": "aws:ec2:image"}, "aws:ec2:image")):
        with pytest.raises(botocore.exceptions.ClientError, match=words):
            ssm.put_parameter(Name=f"{path}/n", Value="v", Type="String", **more)
    assert code_of(ssm.put_parameter, Name=f"{path}/n", Value="v", Type="SecureString", KeyId="alias/mine") == "InvalidKeyId"


def test_a_secret_is_sealed_at_rest_and_nowhere_in_the_log(new_cloud):
    cloud = new_cloud()
    ssm = cloud.client("ssm")
    secret = "correct-horse-battery-staple"
    ssm.put_parameter(Name="/s", Value=secret, Type="SecureString")
    ssm.put_parameter(Name="/s", Value=secret + "-2", Type="SecureString", Overwrite=True)
    for decrypt, expected in ((True, secret + "-2"), (False, None)):
        value = ssm.get_parameter(Name="/s", WithDecryption=decrypt)["Parameter"]["Value"]
        assert value == expected if expected else secret not in value
    assert ssm.get_parameter(Name="/s:1", WithDecryption=True)["Parameter"]["Value"] == secret
    # An error about it does not show it either.
    with pytest.raises(botocore.exceptions.ClientError) as error:
        ssm.put_parameter(Name="/s", Value=secret, Type="SecureString", AllowedPattern="^x$", Overwrite=True)
    assert secret not in str(error.value)
    cloud.stop()
    key = cloud.data / "ssm/key"
    assert stat.S_IMODE(os.stat(key).st_mode) == 0o600 and os.stat(key).st_size == 32
    needles = [secret.encode(), base64.b64encode(secret.encode())]
    for file in cloud.data.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(needle in content for needle in needles), file
    assert secret not in cloud.log
    again = new_cloud(data=cloud.data).client("ssm")
    assert again.get_parameter(Name="/s", WithDecryption=True)["Parameter"]["Value"] == secret + "-2"
