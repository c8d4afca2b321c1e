"""Parameter Store with boto3: what the scenario of every operation does not reach."""

import base64
import json
import os
import stat

import botocore.exceptions
import pytest
from conftest import ACCOUNT, REGION


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


LIMIT = 1011 - len(f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter")
FIFTEEN = "".join(f"/{i}" for i in range(1, 16))
SHORT = 'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).'
LONG = ('Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths '
        "divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_")
BY_PATH = "The following filter key is not valid: {}. Valid filter keys include: [Type, KeyId]."
VALUE_KEYS = [{"Key": k, "Value": "v"} for k in map(str, range(50))]

# docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html and the pages of the other operations;
# docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html
# (operation, its input, code of the error or None, what its message has)
RULES = [
    # Names.
    ("put", {"Name": "ssm_test"}, "ValidationException", SHORT),
    ("put", {"Name": "SSM_TEST"}, "ValidationException", SHORT),
    ("put", {"Name": "awsTest"}, "ValidationException", SHORT),
    ("put", {"Name": "/aws"}, "ValidationException", SHORT),
    ("put", {"Name": "/ssm_test/path/to/var"}, "ValidationException", LONG),
    ("put", {"Name": "/AWS/PATH/TO/VAR"}, "AccessDeniedException", "No access to reserved parameter name: /AWS/PATH/TO/VAR."),
    ("put", {"Name": "/P/aws/x"}, None, ""),
    ("put", {"Name": "/P/with space"}, "ValidationException", LONG),
    ("put", {"Name": "/P/a*"}, "ValidationException", LONG),
    ("put", {"Name": "/P//a"}, "ValidationException", LONG),
    ("put", {"Name": "/P/a/"}, "ValidationException", LONG),
    ("put", {"Name": "P/a"}, "ValidationException", "Parameter name must be a fully qualified name."),
    ("put", {"Name": "arn:aws:ssm:us-east-1:000000000000:parameter/P/a"}, "ValidationException", ""),
    ("put", {"Name": "  /P/trimmed "}, None, ""),
    ("put", {"Name": FIFTEEN[len("/1"):] + "/P"}, None, ""),
    ("put", {"Name": FIFTEEN + "/P"}, "HierarchyLevelLimitExceededException", "maximum of 15 levels"),
    ("put", {"Name": "/P/" + "x" * LIMIT}, "ValidationException", f"between 1 and {LIMIT} characters"),
    ("put", {"Name": "x" * 2049}, "ValidationException", "less than or equal to 2048"),
    # Values, types, tiers.
    ("put", {"Name": "/P/v", "Value": ""}, "ValidationException", "length greater than or equal to 1"),
    ("put", {"Name": "/P/v", "Value": "x" * 4096}, None, ""),
    ("put", {"Name": "/P/w", "Value": "x" * 4097}, "ValidationException", "maximum parameter value of 4096 characters"),
    ("put", {"Name": "/P/w", "Value": "x" * 8192, "Tier": "Advanced"}, None, ""),
    ("put", {"Name": "/P/y", "Value": "x" * 8193, "Tier": "Advanced"}, "ValidationException", "maximum parameter value of 8192"),
    ("put", {"Name": "/P/w", "Tier": "Standard", "Overwrite": True}, "ValidationException", "You can't downgrade a parameter"),
    ("put", {"Name": "/P/y", "Tier": "Best"}, "ValidationException", "[Standard, Advanced, Intelligent-Tiering]"),
    ("put", {"Name": "/P/y", "Value": "{{ssm:other}}"}, "ValidationException", "can't nest another parameter"),
    ("put", {"Name": "/P/y", "Type": "str"}, "ValidationException", "Member must satisfy enum value set"),
    ("put", {"Name": "/P/y", "Type": None}, "ValidationException", "A parameter type is required when you create a parameter."),
    ("put", {"Name": "/P/v"}, "ParameterAlreadyExists", "set the overwrite option in the request to true."),
    ("put", {"Name": "/P/y", "AllowedPattern": "^\\d+$"}, "ParameterPatternMismatchException", "cannot be validated against"),
    ("put", {"Name": "/P/n", "AllowedPattern": "^\\d+$", "Value": "17"}, None, ""),
    ("put", {"Name": "/P/y", "AllowedPattern": "["}, "InvalidAllowedPatternException", ""),
    ("put", {"Name": "/P/y", "AllowedPattern": "x" * 1025}, "ValidationException", "less than or equal to 1024"),
    ("put", {"Name": "/P/y", "Description": "x" * 1025}, "ValidationException", "less than or equal to 1024"),
    ("put", {"Name": "/P/y", "KeyId": "alias/aws/ssm"}, "ValidationException", "KeyId"),
    ("put", {"Name": "/P/y", "DataType": "Text"}, "ValidationException",
     "The following data type is not supported: Text (Data type names are all lowercase.)"),
    ("put", {"Name": "/P/y", "DataType": "aws:ec2:image"}, "ValidationException", "does not support the data type aws:ec2:image"),
    ("put", {"Name": "/P/y", "DataType": "aws:ssm:integration"}, "ValidationException", "aws:ssm:integration"),
    # Tags.
    ("put", {"Name": "/P/t", "Tags": VALUE_KEYS}, None, ""),
    ("put", {"Name": "/P/y", "Tags": VALUE_KEYS + [{"Key": "more", "Value": "v"}]}, "TooManyTagsError", ""),
    ("put", {"Name": "/P/t", "Tags": VALUE_KEYS[:1], "Overwrite": True}, "ValidationException",
     "tags and overwrite can't be used together"),
    ("add_tags_to_resource", {"ResourceType": "Parameter", "ResourceId": "/P/t", "Tags": [{"Key": "more", "Value": "v"}]},
     "TooManyTagsError", ""),
    ("add_tags_to_resource", {"ResourceType": "Parameter", "ResourceId": "/P/t", "Tags": [{"Key": "1", "Value": "again"}]}, None, ""),
    ("add_tags_to_resource", {"ResourceType": "Parameter", "ResourceId": "/P/absent", "Tags": VALUE_KEYS}, "InvalidResourceId", ""),
    ("add_tags_to_resource", {"ResourceType": "Parameter", "ResourceId": "/P/n", "Tags": [{"Key": "k" * 129, "Value": "v"}]},
     "ValidationException", "less than or equal to 128"),
    # Labels.
    ("label_parameter_version", {"Name": "/P/v", "Labels": [f"l{i}" for i in range(11)]}, "ValidationException", ""),
    ("label_parameter_version", {"Name": "/P/v", "Labels": [f"l{i}" for i in range(10)]}, None, ""),
    ("label_parameter_version", {"Name": "/P/v", "Labels": ["l0", "l1"]}, None, ""),
    ("label_parameter_version", {"Name": "/P/v", "Labels": ["more"]}, "ParameterVersionLabelLimitExceeded", "maximum 10 labels"),
    ("label_parameter_version", {"Name": "/P/v", "Labels": ["x" * 101]}, "ValidationException", "less than or equal to 100"),
    ("label_parameter_version", {"Name": "/P/v", "ParameterVersion": 5, "Labels": ["l"]}, "ParameterVersionNotFound",
     "Systems Manager could not find version 5 of /P/v. Verify the version and try again."),
    ("label_parameter_version", {"Name": "/P/absent", "Labels": ["l"]}, "ParameterNotFound", "Parameter /P/absent not found."),
    ("unlabel_parameter_version", {"Name": "/P/v", "ParameterVersion": 9, "Labels": ["l"]}, "ParameterVersionNotFound", ""),
    # Reading.
    ("get_parameters", {"Names": [f"/P/{i}" for i in range(11)]}, "ValidationException", "length less than or equal to 10"),
    ("delete_parameters", {"Names": [f"/P/{i}" for i in range(11)]}, "ValidationException", "length less than or equal to 10"),
    ("get_parameter", {"Name": "/P/v:2"}, "ParameterVersionNotFound", ""),
    ("get_parameter", {"Name": "/P/v:none"}, "ParameterVersionNotFound", ""),
    ("get_parameter_history", {"Name": "/P/v", "MaxResults": 51}, "ValidationException", "value less than or equal to 50"),
    ("get_parameters_by_path", {"Path": "/P", "MaxResults": 11}, "ValidationException", "value less than or equal to 10"),
    ("get_parameters_by_path", {"Path": "P"}, "ValidationException", "must begin with a forward slash"),
    ("get_parameters_by_path", {"Path": "/P", "ParameterFilters": [{"Key": "Name", "Values": ["v"]}]}, "InvalidFilterKey",
     BY_PATH.format("Name")),
    ("get_parameters_by_path", {"Path": "/P", "ParameterFilters": [{"Key": "Tier", "Values": ["Standard"]}]}, "InvalidFilterKey",
     BY_PATH.format("Tier")),
    # Filters.
    ("describe_parameters", {"MaxResults": 51}, "ValidationException", "value less than or equal to 50"),
    ("describe_parameters", {"ParameterFilters": [{"Key": "key", "Values": ["v"]}]}, "ValidationException",
     "Member must satisfy regular expression pattern"),
    ("describe_parameters", {"ParameterFilters": [{"Key": "Name", "Values": ["v"] * 51}]}, "ValidationException", "equal to 50"),
    ("describe_parameters", {"ParameterFilters": [{"Key": "Name"}]}, "InvalidFilterValue",
     "The following filter values are missing : null for filter key Name"),
    ("describe_parameters", {"ParameterFilters": [{"Key": "Name", "Values": ["a"]}, {"Key": "Name", "Values": ["b"]}]},
     "InvalidFilterKey", "The following filter is duplicated in the request: Name. A request can contain only one occurrence"),
    ("describe_parameters", {"ParameterFilters": [{"Key": "Path", "Values": ["/aws"]}]}, "ValidationException",
     'Filters for common parameters can\'t be prefixed with "aws" or "ssm" (case-insensitive).'),
    ("describe_parameters", {"ParameterFilters": [{"Key": "Path", "Values": ["//"]}]}, "ValidationException",
     "The parameter doesn't meet the parameter name requirements"),
    ("describe_parameters", {"ParameterFilters": [{"Key": "Path", "Option": "Equals", "Values": ["/P"]}]}, "InvalidFilterOption",
     "The following filter option is not valid: Equals. Valid options include: [Recursive, OneLevel]"),
    ("describe_parameters", {"ParameterFilters": [{"Key": "Tier", "Values": ["test"]}]}, "InvalidFilterValue",
     "The following filter value is not valid: test. Valid values include: [Standard, Advanced, Intelligent-Tiering]"),
    ("describe_parameters", {"ParameterFilters": [{"Key": "Type", "Values": ["test"]}]}, "InvalidFilterValue",
     "The following filter value is not valid: test. Valid values include: [String, StringList, SecureString]"),
    ("describe_parameters", {"Filters": [{"Key": "Name", "Values": ["v"]}], "ParameterFilters": [{"Key": "Name", "Values": ["v"]}]},
     "ValidationException", "You can use either Filters or ParameterFilters in a single request."),
]


def test_the_rules_of_every_operation(cloud, path):
    # The service's own answers are what is looked at, not the client's checks.
    ssm = cloud.client("ssm", parameter_validation=False)

    def named(value):
        if isinstance(value, dict):
            return {k: named(v) for k, v in value.items() if v is not None}
        if isinstance(value, list):
            return [named(v) for v in value]
        return value.replace("/P", path).replace("P/", path[1:] + "/") if isinstance(value, str) else value
    wrong, made = [], []
    for operation, given, code, message in RULES:
        call = named(given)
        if operation == "put":
            call = named({"Value": "v", "Type": "String", **given})
        try:
            getattr(ssm, {"put": "put_parameter"}.get(operation, operation))(**call)
            got = (None, "")
        except botocore.exceptions.ClientError as error:
            got = (error.response["Error"]["Code"], error.response["Error"]["Message"])
        if operation == "put" and got[0] is None:
            made.append(call["Name"].strip())
        if got[0] != code or named(message) not in got[1]:
            wrong.append((operation, given, got))
    for name in made:
        if not name.startswith(path):
            ssm.delete_parameter(Name=name)
    assert not wrong, "\n".join(map(str, wrong))
    assert ssm.get_parameter(Name=f"{path}/trimmed")["Parameter"]["Name"] == f"{path}/trimmed"


@pytest.mark.parametrize("made", ["/{}", "{}"])
def test_a_slash_before_a_name_of_one_level_makes_no_difference(ssm, unique, made):
    bare = unique("p")
    name, others = made.format(bare), [bare, "/" + bare]
    ssm.put_parameter(Name=name, Value="1", Type="SecureString")
    for other in others:
        assert code_of(ssm.put_parameter, Name=other, Value="2", Type="String") == "ParameterAlreadyExists"
        got = ssm.get_parameter(Name=other, WithDecryption=True)["Parameter"]
        assert got["Name"] == name and got["Value"] == "1" and got["ARN"].endswith(f":parameter/{bare}")
        assert ssm.get_parameters(Names=[other])["Parameters"][0]["Name"] == name
        ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=other, Tags=[{"Key": other.replace("/", "."), "Value": "v"}])
    assert len(ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]) == 2
    assert ssm.put_parameter(Name=others[name == bare], Value="2", Overwrite=True)["Version"] == 2
    ssm.label_parameter_version(Name=others[name == bare], Labels=["l"])
    assert ssm.get_parameter(Name=f"{others[name == bare]}:l", WithDecryption=True)["Parameter"]["Value"] == "2"
    assert len(ssm.get_parameter_history(Name=others[name == bare])["Parameters"]) == 2
    ssm.delete_parameter(Name=others[name == bare])
    assert ssm.get_parameters(Names=others)["InvalidParameters"] == others


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
