"""The few AWS calls that the bench itself makes, over the wire. The requests name a credential but are not signed:
nothing that is measured verifies signatures unless it is told to."""

import json
import time
import urllib.error
import urllib.request

from .processes import NO_PROXY


# For programs that sign.
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}


def headers(service):
    return {
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": f"AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/{service}/aws4_request, "
                         f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}",
    }


def call(url, service, body, method="POST", target=None):
    extra = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target} if target else {
        "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {**headers(service), **extra}, method=method)
    with NO_PROXY.open(request, timeout=30) as response:
        return json.loads(response.read() or b"{}")


def dynamodb(url, operation, **parameters):
    return call(url, "dynamodb", parameters, target=f"DynamoDB_20120810.{operation}")


def prepare_table(url, child, timeout=30.0):
    """Creates table "bench" once the server answers, and waits until it is active."""
    until = time.perf_counter() + timeout
    created = False
    while True:
        try:
            if not created:
                dynamodb(url, "CreateTable", TableName="bench", BillingMode="PAY_PER_REQUEST",
                         AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                         KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}])
                created = True
            if dynamodb(url, "DescribeTable", TableName="bench")["Table"]["TableStatus"] == "ACTIVE":
                return
        except urllib.error.HTTPError as error:
            child.fail(f"preparing the table failed: {error.read().decode(errors='replace')}")
        except OSError:
            pass
        if child.process.poll() is not None or time.perf_counter() > until:
            child.fail("it does not serve DynamoDB")
        time.sleep(0.01)
