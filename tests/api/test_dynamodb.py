"""DynamoDB through boto3. Written so that it could run against AWS too: tables have unique names, are waited for
and removed, and nothing relies on what AWS leaves open (the order of a Scan, of a batch's answers, of attributes)."""

import contextlib
import decimal

import boto3.dynamodb.types
import botocore.exceptions
import pytest

KEY_P = ([{"AttributeName": "p", "KeyType": "HASH"}], [{"AttributeName": "p", "AttributeType": "S"}])
KEY_P_C = (KEY_P[0] + [{"AttributeName": "c", "KeyType": "RANGE"}], KEY_P[1] + [{"AttributeName": "c", "AttributeType": "N"}])


@pytest.fixture(scope="module")
def dynamodb(client):
    return client("dynamodb")


@contextlib.contextmanager
def new_table(dynamodb, name, keys=KEY_P):
    dynamodb.create_table(TableName=name, KeySchema=keys[0], AttributeDefinitions=keys[1], BillingMode="PAY_PER_REQUEST")
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    yield name
    dynamodb.delete_table(TableName=name)
    dynamodb.get_waiter("table_not_exists").wait(TableName=name)


@pytest.fixture(scope="module")
def simple(dynamodb):
    import uuid
    with new_table(dynamodb, f"simple-{uuid.uuid4().hex[:10]}") as name:
        yield name


@pytest.fixture(scope="module")
def ranged(dynamodb):
    import uuid
    with new_table(dynamodb, f"ranged-{uuid.uuid4().hex[:10]}", KEY_P_C) as name:
        yield name


@contextlib.contextmanager
def refused(code, text=""):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        yield error
    assert error.value.response["Error"]["Code"] == code
    assert text in error.value.response["Error"]["Message"]


def get(dynamodb, table, key):
    return dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")


def paged(call, **arguments):
    while True:
        page = call(**arguments)
        yield page
        if "LastEvaluatedKey" not in page:
            return
        arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def test_every_type_comes_back(dynamodb, simple, unique):
    item = {
        "p": {"S": unique()}, "s": {"S": "naïve ☃ \U0001f600"}, "empty": {"S": ""}, "n": {"N": "-12.5"}, "b": {"B": b"\x00\xff\x80"},
        "t": {"BOOL": True}, "f": {"BOOL": False}, "z": {"NULL": True}, "ss": {"SS": ["b", "a"]}, "ns": {"NS": ["3", "1"]},
        "bs": {"BS": [b"\x01", b"\xfe"]}, "l": {"L": [{"N": "1"}, {"B": b"x"}, {"L": []}]}, "m": {"M": {"k": {"M": {"b": {"B": b"\xff"}}}}},
    }
    dynamodb.put_item(TableName=simple, Item=item)
    found = get(dynamodb, simple, {"p": item["p"]})
    for name in ("ss", "ns", "bs"):
        kind = name.upper()
        assert sorted(found[name].pop(kind)) == sorted(item[name].pop(kind))
    assert found == item


@pytest.mark.parametrize("sent, back", [
    ("00042", "42"), ("1.0", "1"), ("3.1400", "3.14"), ("1.5E2", "150"), ("-0", "0"), ("1e-3", "0.001"),
    ("9" * 38, "9" * 38), ("0." + "1" * 38, "0." + "1" * 38),
])
def test_numbers_are_canonical(dynamodb, simple, unique, sent, back):
    key = {"p": {"S": unique()}}
    dynamodb.put_item(TableName=simple, Item={**key, "n": {"N": sent}})
    assert get(dynamodb, simple, key)["n"]["N"] == back


@pytest.mark.parametrize("sent, text", [
    ("1E+126", "Number overflow"), ("1E-131", "Number underflow"), ("1" * 39, "38 significant digits"), ("x", "cannot be converted")])
def test_numbers_out_of_range_are_refused(dynamodb, simple, unique, sent, text):
    with refused("ValidationException", text):
        dynamodb.put_item(TableName=simple, Item={"p": {"S": unique()}, "n": {"N": sent}})


def test_counter_is_exact(dynamodb, simple, unique):
    key = {"p": {"S": unique()}}
    total = decimal.Decimal(0)
    for step in ("0.1", "0.2", "-7", "12345678901234567890.5"):
        total += decimal.Decimal(step)
        out = dynamodb.update_item(TableName=simple, Key=key, UpdateExpression="ADD n :s", ReturnValues="UPDATED_NEW",
                                   ExpressionAttributeValues={":s": {"N": step}})
        assert decimal.Decimal(out["Attributes"]["n"]["N"]) == total


def test_conditions(dynamodb, simple, unique):
    key = {"p": {"S": unique()}}
    dynamodb.put_item(TableName=simple, Item={**key, "v": {"N": "1"}, "tags": {"SS": ["x"]}}, ConditionExpression="attribute_not_exists(p)")
    with refused("ConditionalCheckFailedException", "The conditional request failed"):
        dynamodb.put_item(TableName=simple, Item=key, ConditionExpression="attribute_not_exists(p)")
    values = {":one": {"N": "1"}, ":x": {"S": "x"}, ":lo": {"N": "0"}, ":t": {"S": "N"}}
    for condition in ("v = :one AND contains(tags, :x) AND attribute_type(v, :t) AND v > :lo",
                      "(v = :lo OR v BETWEEN :lo AND :one) AND NOT attribute_exists(q) AND size(tags) = :one AND v IN (:lo, :one) "
                      "AND contains(tags, :x) AND attribute_type(v, :t)"):
        dynamodb.update_item(TableName=simple, Key=key, UpdateExpression="SET w = :one", ConditionExpression=condition,
                             ExpressionAttributeValues=values)
    with refused("ConditionalCheckFailedException"):
        dynamodb.delete_item(TableName=simple, Key=key, ConditionExpression="v = :two", ExpressionAttributeValues={":two": {"N": "2"}})
    # An update of what is not there must not bring it to life.
    gone = {"p": {"S": unique()}}
    with refused("ConditionalCheckFailedException"):
        dynamodb.update_item(TableName=simple, Key=gone, UpdateExpression="SET v = :v", ConditionExpression="attribute_exists(p)",
                             ExpressionAttributeValues={":v": {"N": "1"}})
    assert get(dynamodb, simple, gone) is None


def test_update_expressions(dynamodb, simple, unique):
    key = {"p": {"S": unique()}}
    dynamodb.put_item(TableName=simple, Item={**key, "l": {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}]}, "m": {"M": {"a": {"N": "1"}}},
                                              "ss": {"SS": ["a", "b"]}})
    out = dynamodb.update_item(
        TableName=simple, Key=key, ReturnValues="ALL_NEW",
        UpdateExpression="SET m.#a = m.#a + :n, fresh = if_not_exists(fresh, :n), big = list_append(l, :l) REMOVE l[0], l[1] DELETE ss :ss",
        ExpressionAttributeNames={"#a": "a"}, ExpressionAttributeValues={":n": {"N": "5"}, ":l": {"L": [{"S": "3"}]}, ":ss": {"SS": ["a"]}})
    assert out["Attributes"] == {
        **key, "l": {"L": [{"S": "2"}]}, "m": {"M": {"a": {"N": "6"}}}, "fresh": {"N": "5"}, "ss": {"SS": ["b"]},
        "big": {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}, {"S": "3"}]}}
    with refused("ValidationException", "Two document paths overlap"):
        dynamodb.update_item(TableName=simple, Key=key, UpdateExpression="SET m = :n, m.a = :n", ExpressionAttributeValues={":n": {"N": "1"}})
    with refused("ValidationException", 'Syntax error; token: "HERE", near: "SYNTAX HERE"'):
        dynamodb.update_item(TableName=simple, Key=key, UpdateExpression="REMOVE SYNTAX HERE")
    with refused("ValidationException", "reserved keyword: status"):
        dynamodb.update_item(TableName=simple, Key=key, UpdateExpression="REMOVE status")
    with refused("ValidationException", "unused in expressions: keys: {:u}"):
        dynamodb.update_item(TableName=simple, Key=key, UpdateExpression="REMOVE x", ConditionExpression="q <> :q",
                             ExpressionAttributeValues={":u": {"S": ""}, ":q": {"S": ""}})
    with refused("ValidationException", "This attribute is part of the key"):
        dynamodb.update_item(TableName=simple, Key=key, UpdateExpression="SET p = :p", ExpressionAttributeValues={":p": {"S": "x"}})


def test_return_values(dynamodb, simple, unique):
    key = {"p": {"S": unique()}}
    dynamodb.put_item(TableName=simple, Item={**key, "a": {"N": "1"}, "b": {"N": "2"}})
    update = {"TableName": simple, "Key": key, "UpdateExpression": "SET a = a + :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}
    assert "Attributes" not in dynamodb.update_item(**update)
    assert dynamodb.update_item(**update, ReturnValues="UPDATED_OLD")["Attributes"] == {"a": {"N": "2"}}
    assert dynamodb.update_item(**update, ReturnValues="UPDATED_NEW")["Attributes"] == {"a": {"N": "4"}}
    assert dynamodb.update_item(**update, ReturnValues="ALL_OLD")["Attributes"] == {**key, "a": {"N": "4"}, "b": {"N": "2"}}
    assert dynamodb.update_item(**update, ReturnValues="ALL_NEW")["Attributes"] == {**key, "a": {"N": "6"}, "b": {"N": "2"}}
    assert dynamodb.delete_item(TableName=simple, Key=key, ReturnValues="ALL_OLD")["Attributes"]["a"] == {"N": "6"}
    assert "Attributes" not in dynamodb.delete_item(TableName=simple, Key=key, ReturnValues="ALL_OLD")


def test_projection(dynamodb, simple, unique):
    key = {"p": {"S": unique()}}
    dynamodb.put_item(TableName=simple, Item={**key, "a": {"L": [{"S": "0"}, {"M": {"x": {"N": "1"}, "y": {"N": "2"}}}]}, "b": {"S": "no"}})
    found = dynamodb.get_item(TableName=simple, Key=key, ProjectionExpression="#a[1].y, nothing", ExpressionAttributeNames={"#a": "a"})
    assert found["Item"] == {"a": {"L": [{"M": {"y": {"N": "2"}}}]}}


def test_items_larger_than_400_kb_are_refused(dynamodb, simple, unique):
    key = {"p": {"S": unique()}}
    dynamodb.put_item(TableName=simple, Item={**key, "v": {"B": b"x" * 409_000}})
    assert len(get(dynamodb, simple, key)["v"]["B"]) == 409_000
    with refused("ValidationException", "Item size has exceeded the maximum allowed size"):
        dynamodb.put_item(TableName=simple, Item={**key, "v": {"B": b"x" * 409_600}})
    with refused("ValidationException", "Item size to update has exceeded the maximum allowed size"):
        dynamodb.update_item(TableName=simple, Key=key, UpdateExpression="SET w = :w", ExpressionAttributeValues={":w": {"B": b"x" * 1000}})


def test_consumed_capacity(dynamodb, simple, unique):
    key = {"p": {"S": unique()}}
    put = dynamodb.put_item(TableName=simple, Item={**key, "v": {"S": "x" * 5000}}, ReturnConsumedCapacity="TOTAL")
    assert put["ConsumedCapacity"] == {"TableName": simple, "CapacityUnits": 5.0}
    for consistent, units in ((True, 2.0), (False, 1.0)):
        read = dynamodb.get_item(TableName=simple, Key=key, ConsistentRead=consistent, ReturnConsumedCapacity="INDEXES")
        assert read["ConsumedCapacity"] == {"TableName": simple, "CapacityUnits": units, "Table": {"CapacityUnits": units}}


def test_query(dynamodb, ranged, unique):
    p = {"S": unique()}
    numbers = ["-10", "-2.5", "0", "1", "1.5", "9", "10", "100"]
    for i in range(0, len(numbers), 4):
        dynamodb.batch_write_item(RequestItems={ranged: [
            {"PutRequest": {"Item": {"p": p, "c": {"N": n}, "even": {"BOOL": j % 2 == 0}}}} for j, n in enumerate(numbers[i:i + 4])]})

    def query(condition="", values=None, **more):
        more.setdefault("KeyConditionExpression", "p = :p" + condition)
        pages = list(paged(dynamodb.query, TableName=ranged, ExpressionAttributeValues={":p": p, **(values or {})}, **more))
        return [item["c"]["N"] for page in pages for item in page["Items"]]

    five = {":n": {"N": "1.50"}}
    assert query() == numbers
    assert query(ScanIndexForward=False) == numbers[::-1]
    assert query(Limit=3) == numbers
    assert query(Limit=3, ScanIndexForward=False) == numbers[::-1]
    assert query(" AND c < :n", five) == numbers[:4]
    assert query(" AND c <= :n", five) == numbers[:5]
    assert query(" AND c > :n", five) == numbers[5:]
    assert query(" AND c >= :n", five) == numbers[4:]
    assert query(" AND c = :n", five) == ["1.5"]
    assert query(" AND c BETWEEN :n AND :m", {**five, ":m": {"N": "10"}}) == ["1.5", "9", "10"]
    assert query(values={":t": {"BOOL": True}}, FilterExpression="even = :t", Limit=2) == numbers[::2]
    count = dynamodb.query(TableName=ranged, KeyConditionExpression="p = :p", FilterExpression="even = :t", Select="COUNT",
                           ExpressionAttributeValues={":p": p, ":t": {"BOOL": True}})
    assert (count["Count"], count["ScannedCount"], "Items" in count) == (4, 8, False)
    legacy = dynamodb.query(TableName=ranged, KeyConditions={
        "p": {"ComparisonOperator": "EQ", "AttributeValueList": [p]}, "c": {"ComparisonOperator": "GT", "AttributeValueList": [{"N": "9"}]}})
    assert [item["c"]["N"] for item in legacy["Items"]] == ["10", "100"]
    with refused("ValidationException", "Query condition missed key schema element: p"):
        dynamodb.query(TableName=ranged, KeyConditionExpression="c = :c", ExpressionAttributeValues={":c": {"N": "1"}})
    with refused("ValidationException", "can only contain non-primary key attributes"):
        query(FilterExpression="c <> p")


def test_sort_keys_of_strings_and_bytes(dynamodb, unique):
    for kind, values in (("S", ["a", "a b", "ab", "é", "\U0001f600"]), ("B", [b"\x00", b"\x00\x00", b"\x00\x01", b"a", b"\xff"])):
        keys = (KEY_P_C[0], [KEY_P[1][0], {"AttributeName": "c", "AttributeType": kind}])
        with new_table(dynamodb, unique("sort"), keys) as table:
            for value in reversed(values):
                dynamodb.put_item(TableName=table, Item={"p": {"S": "p"}, "c": {kind: value}})
            values_out = dynamodb.query(TableName=table, KeyConditionExpression="p = :p", ExpressionAttributeValues={":p": {"S": "p"}})["Items"]
            assert [item["c"][kind] for item in values_out] == values
            begins = dynamodb.query(TableName=table, KeyConditionExpression="p = :p AND begins_with(c, :b)",
                                    ExpressionAttributeValues={":p": {"S": "p"}, ":b": {kind: values[0]}})["Items"]
            assert [item["c"][kind] for item in begins] == [v for v in values if v.startswith(values[0])]


def test_scan(dynamodb, unique):
    with new_table(dynamodb, unique("scan")) as table:
        names = {f"k{i}" for i in range(40)}
        for name in names:
            dynamodb.put_item(TableName=table, Item={"p": {"S": name}, "v": {"S": "x" * 60_000}})
        pages = list(paged(dynamodb.scan, TableName=table))
        assert len(pages) > 1, "a page ends at 1 MB"
        assert sorted(item["p"]["S"] for page in pages for item in page["Items"]) == sorted(names)
        parts = [{item["p"]["S"] for page in paged(dynamodb.scan, TableName=table, Segment=s, TotalSegments=3, Limit=7)
                  for item in page["Items"]} for s in range(3)]
        assert sum(map(len, parts)) == 40 and set.union(*parts) == names
        found = [item for page in paged(dynamodb.scan, TableName=table, FilterExpression="p IN (:a, :b)", ProjectionExpression="p",
                                        ExpressionAttributeValues={":a": {"S": "k1"}, ":b": {"S": "nope"}}) for item in page["Items"]]
        assert found == [{"p": {"S": "k1"}}]


def test_batches(dynamodb, ranged, unique):
    p = {"S": unique()}
    keys = [{"p": p, "c": {"N": str(i)}} for i in range(25)]
    out = dynamodb.batch_write_item(RequestItems={ranged: [{"PutRequest": {"Item": {**key, "v": {"B": b"\xff"}}}} for key in keys]})
    assert out["UnprocessedItems"] == {}
    found = dynamodb.batch_get_item(RequestItems={ranged: {"Keys": keys + [{"p": p, "c": {"N": "99"}}], "ConsistentRead": True}})
    assert found["UnprocessedKeys"] == {}
    assert sorted(int(item["c"]["N"]) for item in found["Responses"][ranged]) == list(range(25))
    assert all(item["v"]["B"] == b"\xff" for item in found["Responses"][ranged])
    dynamodb.batch_write_item(RequestItems={ranged: [{"DeleteRequest": {"Key": key}} for key in keys]})
    assert dynamodb.batch_get_item(RequestItems={ranged: {"Keys": keys, "ConsistentRead": True}})["Responses"] == {ranged: []}
    with refused("ValidationException", "contains duplicates"):
        dynamodb.batch_get_item(RequestItems={ranged: {"Keys": [keys[0], keys[0]]}})
    with refused("ValidationException"):
        dynamodb.batch_write_item(RequestItems={ranged: [{"PutRequest": {"Item": {"p": p, "c": {"N": str(i)}}}} for i in range(26)]})
    with refused("ResourceNotFoundException"):
        dynamodb.batch_get_item(RequestItems={unique("absent"): {"Keys": [{"p": p}]}})


def test_tables(dynamodb, unique):
    name = unique("table")
    with new_table(dynamodb, name) as table:
        with refused("ResourceInUseException"):
            dynamodb.create_table(TableName=table, KeySchema=KEY_P[0], AttributeDefinitions=KEY_P[1], BillingMode="PAY_PER_REQUEST")
        described = dynamodb.describe_table(TableName=table)["Table"]
        assert described["KeySchema"] == KEY_P[0] and described["AttributeDefinitions"] == KEY_P[1]
        assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        assert described["TableArn"].endswith(f":table/{table}")
        assert any(table in page["TableNames"] for page in dynamodb.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 1}))
        dynamodb.tag_resource(ResourceArn=described["TableArn"], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        dynamodb.untag_resource(ResourceArn=described["TableArn"], TagKeys=["a"])
        assert dynamodb.list_tags_of_resource(ResourceArn=described["TableArn"])["Tags"] == [{"Key": "b", "Value": "2"}]
    with refused("ResourceNotFoundException"):
        dynamodb.describe_table(TableName=name)
    with refused("ResourceNotFoundException", "Requested resource not found"):
        dynamodb.put_item(TableName=name, Item={"p": {"S": "a"}})


def test_the_document_interface(cloud, ranged, unique):
    """What most Python applications use: boto3's resource, with its own conditions and types."""
    from boto3.dynamodb.conditions import Attr, Key
    resource = boto3.resource("dynamodb", endpoint_url=cloud.endpoint, region_name="us-east-1", aws_access_key_id="test",
                              aws_secret_access_key="test")
    table = resource.Table(ranged)
    p = unique()
    with table.batch_writer() as batch:
        for i in range(30):
            batch.put_item(Item={"p": p, "c": i, "half": decimal.Decimal(i) / 2, "tags": {"x", str(i)}})
    found = table.query(KeyConditionExpression=Key("p").eq(p) & Key("c").between(3, 8), FilterExpression=Attr("tags").contains("4"))
    assert [item["half"] for item in found["Items"]] == [2]
