"""The client, run and read; and the requests that it sends."""

import json
import random
import subprocess
import time
import urllib.parse

from .processes import BenchError, ROOT, WORK

CLIENT = ROOT / "build" / "release" / "bench" / "dew_bench_load"
KEYS = 10_000


class Load:
    """What one run of the client measured."""

    def __init__(self, figures):
        self.rate = figures["requests"] / (figures["duration_us"] / 1e6)  # requests a second
        self.p50_us = figures["p50_us"]
        self.p99_us = figures["p99_us"]


def get(url):
    """A GET of the URL, again and again."""
    parts = urllib.parse.urlsplit(url)
    return [f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n"]


def traced_gets(url):
    """The same, each request in a trace of its own that is recorded."""
    parts = urllib.parse.urlsplit(url)
    some = random.Random(1)
    now = int(time.time())
    return [f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"X-Amzn-Trace-Id: Root=1-{now:08x}-{some.getrandbits(96):024x};Sampled=1\r\n\r\n" for _ in range(KEYS)]


def dynamodb(url, operation, seed):
    """PutItem or GetItem on random keys of table "bench". The requests look signed (both sides of the comparison get
    the same bytes); no verification of the signature is involved."""
    head = (f"POST / HTTP/1.1\r\nHost: {urllib.parse.urlsplit(url).netloc}\r\n"
            "Content-Type: application/x-amz-json-1.0\r\nX-Amz-Date: 20260101T000000Z\r\n"
            f"X-Amz-Target: DynamoDB_20120810.{operation}\r\n"
            "Authorization: AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/dynamodb/aws4_request, "
            f"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={'0' * 64}\r\n")
    bodies = {
        "PutItem": '{"TableName":"bench","Item":{"id":{"S":"KEY"},"name":{"S":"Ada Lovelace"},'
                   '"email":{"S":"ada@example.com"},"age":{"N":"36"},"tags":{"L":[{"S":"a"},{"S":"b"}]},'
                   '"createdAt":{"S":"2026-01-01T00:00:00.000Z"},"active":{"BOOL":true}}}',
        "GetItem": '{"TableName":"bench","Key":{"id":{"S":"KEY"}}}',
    }
    some = random.Random(seed)
    out = []
    for _ in range(KEYS):
        body = bodies[operation].replace("KEY", f"user-{some.randint(1, KEYS)}")
        out.append(f"{head}Content-Length: {len(body)}\r\n\r\n{body}")
    return out


def run(url, connections, seconds, requests):
    file = WORK / "requests"
    file.write_text("".join(f"{len(one)}\n{one}" for one in requests), newline="")
    command = [CLIENT, urllib.parse.urlsplit(url).port, connections, seconds, file]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise BenchError(f"the client failed on {url}: {done.stderr or done.stdout}")
    figures = json.loads(done.stdout)
    if figures["requests"] == 0 or figures["bad_status"]:
        raise BenchError(f"not every request to {url} was answered well: {done.stdout}")
    return Load(figures)
