"""Fixtures for the tests with real clients: boto3, the AWS CLI and others against the real binary.

The tests are written so that they could run against AWS itself: names are unique, resources are removed,
waiters are used where AWS needs them. One cloud serves the whole run, on a free port, with its data in a
temporary directory; a test that needs a cloud of its own (restarts, kill -9) takes `new_cloud`.

DEW_BINARY chooses the binary (default build/release/dew).
"""

import collections
import concurrent.futures
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

import boto3
import botocore.config
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEW = os.environ.get("DEW_BINARY", str(ROOT / "build/release/dew"))
REGION = "us-east-1"
ACCOUNT = "000000000000"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    "AWS_PAGER": "",
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, seconds=10.0, what="the condition"):
    """Polls `condition` until it returns something true, which is returned."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        time.sleep(0.02)


def answers(host, port, count, request, seen, threads=4):
    """`count` requests over `threads` connections, each request(connection); how often seen(answer, body) was what."""
    def some(_):
        connection = http.client.HTTPConnection(host, port, timeout=60)
        mine = collections.Counter()
        for _ in range(count // threads):
            request(connection)
            answer = connection.getresponse()
            body = answer.read()
            mine[seen(answer, body)] += 1
        connection.close()
        return mine

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        total = sum(pool.map(some, range(threads)), collections.Counter())
    assert total.total() == count
    return total


class Cloud:
    """A running `dew serve`."""

    def __init__(self, data, *arguments):
        self.data = pathlib.Path(data)
        self.arguments = list(arguments)
        self.port = free_port()
        self.process = None

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self):
        return (self.data.parent / f"{self.data.name}.log").read_text(errors="replace")

    def start(self):
        log = open(self.data.parent / f"{self.data.name}.log", "ab")
        self.process = subprocess.Popen(
            [DEW, "serve", "--port", str(self.port), "--data", str(self.data), *self.arguments],
            stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env={**os.environ, **ENVIRONMENT})
        log.close()

        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"dew serve ended with {self.process.returncode}:\n{self.log}")
            try:
                return urllib.request.urlopen(f"{self.endpoint}/_dew/health", timeout=5).status == 200
            except OSError:
                return False

        wait_until(ready, 30, "dew serve to be ready")
        return self

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"dew serve did not stop within 30 s of SIGTERM:\n{self.log[-4000:]}")
            assert self.process.returncode == 0, f"dew serve ended with {self.process.returncode}:\n{self.log[-8000:]}"

    def kill(self):
        self.process.kill()
        self.process.wait()

    def client(self, service, **config):
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name=REGION,
            aws_access_key_id=config.pop("access_key", "test"), aws_secret_access_key=config.pop("secret_key", "test"),
            aws_session_token=config.pop("session_token", None),
            config=botocore.config.Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"},
                                          read_timeout=120, **config))

    def aws(self, *arguments, check=True, stdin=None):
        """Debian's AWS CLI; returns the parsed JSON output (None if empty), or the finished process if not `check`."""
        process = subprocess.run(
            ["/usr/bin/aws", "--endpoint-url", self.endpoint, "--output", "json", *map(str, arguments)],
            env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, input=stdin)
        if not check:
            return process
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout) if process.stdout.strip() else None


@pytest.fixture(scope="session")
def cloud(tmp_path_factory):
    running = Cloud(tmp_path_factory.mktemp("cloud") / "data").start()
    yield running
    running.stop()


@pytest.fixture
def new_cloud(tmp_path):
    """A function that makes (and starts) clouds of the test's own; keyword data= reuses a directory."""
    with contextlib.ExitStack() as stack:
        def make(*arguments, data=None):
            running = Cloud(data or tmp_path / f"data-{uuid.uuid4().hex[:6]}", *arguments).start()
            stack.callback(lambda: running.process.poll() is None and running.stop())
            return running
        yield make


@pytest.fixture(scope="session")
def client(cloud):
    """client(service) gives a boto3 client of the shared cloud; one per service."""
    cache = {}

    def get(service):
        if service not in cache:
            cache[service] = cloud.client(service)
        return cache[service]

    return get


@pytest.fixture(scope="session")
def aws_cli(cloud):
    return cloud.aws


@pytest.fixture(scope="session")
def dew():
    """The binary's path."""
    return DEW


@pytest.fixture
def unique():
    """unique(prefix) gives a name that no other test uses."""
    return lambda prefix="t": f"{prefix}-{uuid.uuid4().hex[:10]}"


@pytest.fixture(scope="session")
def npm_install(tmp_path_factory):
    """npm_install({"package": "version"}) gives a folder with node_modules, kept under build/npm between runs."""
    def get(packages):
        key = "_".join(f"{n}@{v}" for n, v in sorted(packages.items()))
        folder = ROOT / "build/npm" / hashlib.sha256(key.encode()).hexdigest()[:16]
        if not (folder / "done").exists():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": packages}))
            subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"],
                           cwd=folder, check=True)
            (folder / "done").touch()
        return folder
    return get
