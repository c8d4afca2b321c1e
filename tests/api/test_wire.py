"""The wire itself, byte by byte: what no SDK sends on a good day."""

import gzip
import http.client
import json
import socket
import threading
import time
import urllib.error
import urllib.request

import pytest

DATE = "20260101T000000Z"
SCOPE = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"


def raw(cloud, *parts, until=None, timeout=10):
    """Sends the parts in turn and returns all that comes back until the server closes (or `until` is seen)."""
    with socket.create_connection(("127.0.0.1", cloud.port), timeout=timeout) as s:
        for part in parts:
            s.sendall(part)
        received = b""
        while until is None or until not in received:
            chunk = s.recv(65536)
            if not chunk:
                break
            received += chunk
        return received


def dynamodb(cloud, operation, body, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=20)
    connection.request("POST", "/", body if isinstance(body, bytes) else json.dumps(body), {
        "X-Amz-Target": f"DynamoDB_20120810.{operation}", "Content-Type": "application/x-amz-json-1.0",
        "Authorization": SCOPE.format("dynamodb"), "X-Amz-Date": DATE, **(headers or {})})
    response = connection.getresponse()
    return response, response.read()


LIST = (b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: DynamoDB_20120810.ListTables\r\n"
        b"X-Amz-Date: " + DATE.encode() + b"\r\nAuthorization: " + SCOPE.format("dynamodb").encode() + b"\r\nContent-Length: 2\r\n%s\r\n{}")


def test_health_and_unknown_admin_path(cloud):
    with urllib.request.urlopen(f"{cloud.endpoint}/_dew/health") as response:
        assert json.load(response)["status"] == "ready"
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{cloud.endpoint}/_dew/nothing")
    assert error.value.code == 404


def test_pipelined_requests_are_answered_in_order(cloud):
    first = LIST % b""
    second = b"GET /_dew/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = raw(cloud, first + second)
    assert answer.count(b"HTTP/1.1 200") == 2
    assert answer.index(b"TableNames") < answer.index(b"ready")


def test_a_body_in_chunks(cloud):
    head = (LIST % b"Connection: close\r\n").replace(b"Content-Length: 2\r\n", b"Transfer-Encoding: chunked\r\n")[:-2]
    answer = raw(cloud, head, b"1\r\n{\r\n", b"1;ext=1\r\n}\r\n", b"0\r\n\r\n")
    assert b"200 OK" in answer and b"TableNames" in answer


def test_expect_100_continue(cloud):
    with socket.create_connection(("127.0.0.1", cloud.port), timeout=10) as s:
        s.sendall((LIST % b"Expect: 100-continue\r\n")[:-2])
        assert s.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        s.sendall(b"{}")
        assert b"TableNames" in s.recv(65536)


@pytest.mark.parametrize("head", [
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked, identity\r\n\r\n{}",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n{}",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
])
def test_what_could_smuggle_a_request_is_refused_and_the_connection_closed(cloud, head):
    answer = raw(cloud, head)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501")), answer
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_head_past_its_limit(cloud):
    answer = raw(cloud, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 70000 + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 431")


def test_a_gzipped_request(cloud):
    response, body = dynamodb(cloud, "ListTables", gzip.compress(b"{}"), {"Content-Encoding": "gzip"})
    assert response.status == 200, body
    assert "TableNames" in json.loads(body)


def test_a_compressed_response_where_the_client_takes_one(cloud, client, unique):
    table = unique()
    client("dynamodb").create_table(TableName=table, BillingMode="PAY_PER_REQUEST",
                                    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                                    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
    client("dynamodb").put_item(TableName=table, Item={"id": {"S": "a"}, "text": {"S": "dew " * 5000}})
    get = {"TableName": table, "Key": {"id": {"S": "a"}}}
    response, body = dynamodb(cloud, "GetItem", get, {"Accept-Encoding": "gzip"})
    assert response.getheader("Content-Encoding") == "gzip"
    assert json.loads(gzip.decompress(body))["Item"]["text"]["S"].startswith("dew dew")
    response, body = dynamodb(cloud, "GetItem", get, {"Accept-Encoding": "identity"})
    assert response.getheader("Content-Encoding") is None
    client("dynamodb").delete_table(TableName=table)


def test_unknown_operations_name_themselves(cloud):
    response, body = dynamodb(cloud, "DropEverything", {})
    assert response.status == 400
    assert json.loads(body)["__type"].endswith("UnknownOperationException")
    assert response.getheader("x-amzn-requestid")
    response, body = dynamodb(cloud, "CreateBackup", {"TableName": "t-able", "BackupName": "b-ackup"})
    assert response.status == 501, body
    assert b"CreateBackup" in body


def test_malformed_json_is_a_serialization_exception(cloud):
    response, body = dynamodb(cloud, "ListTables", b"{")
    assert response.status == 400
    assert json.loads(body)["__type"].endswith("SerializationException")


def test_every_answer_has_a_request_id_of_its_own(cloud):
    ids = {dynamodb(cloud, "ListTables", {})[0].getheader("x-amzn-requestid") for _ in range(3)}
    assert len(ids) == 3 and None not in ids


def test_an_error_names_its_type_in_a_header(cloud):
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=20)
    connection.request("GET", "/2015-03-31/functions/absent-function", headers={
        "Authorization": SCOPE.format("lambda"), "X-Amz-Date": DATE})
    response = connection.getresponse()
    assert response.status == 404
    assert response.getheader("x-amzn-errortype").split(":")[0] == "ResourceNotFoundException"
    assert "Function not found" in json.loads(response.read())["Message"]


def test_a_web_page_of_another_origin_is_refused(cloud):
    response, _ = dynamodb(cloud, "ListTables", {}, {"Origin": "https://example.com"})
    assert response.status == 403
    response, _ = dynamodb(cloud, "ListTables", {}, {"Host": "rebound.example.com"})
    assert response.status == 403


def test_an_empty_service_in_the_scope_falls_back_to_the_target(cloud):
    response, _ = dynamodb(cloud, "ListTables", {}, {"Authorization": SCOPE.format("")})
    assert response.status == 200


def test_dynamodb_says_it_is_healthy(cloud):
    request = urllib.request.Request(cloud.endpoint, headers={"Host": "dynamodb.us-east-1.amazonaws.com"})
    with urllib.request.urlopen(request) as response:
        assert response.read().startswith(b"healthy: dynamodb")


def test_sigterm_answers_what_is_in_flight(new_cloud):
    cloud = new_cloud()
    failures, answered = [], []

    def load():
        client = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=20)
        while True:
            try:
                client.request("POST", "/", "{}", {"X-Amz-Target": "DynamoDB_20120810.ListTables",
                                                    "Authorization": SCOPE.format("dynamodb"), "X-Amz-Date": DATE})
            except OSError:
                return  # closed between requests: nothing was in flight
            try:
                response = client.getresponse()
                assert response.status == 200
                response.read()
                answered.append(1)
                if response.getheader("Connection") == "close":
                    return
            except (http.client.RemoteDisconnected, ConnectionResetError):
                return  # the request crossed the closing of an idle connection
            except Exception as error:  # a cut answer
                failures.append(repr(error))
                return

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    while len(answered) < 50:
        time.sleep(0.005)
    cloud.stop()
    for thread in threads:
        thread.join()
    assert not failures
