"""Dewpoint itself, as a user starts it."""

import os
import pathlib
import shutil
import socket
import time

from . import aws
from .processes import BenchError, Child, ROOT, WORK, free_port, run_ms

DEW = pathlib.Path(os.environ.get("DEW_BINARY") or ROOT / "build" / "release" / "dew")
HELLO = {name: ROOT / "bench" / name for name in ("hello-cpp", "hello-node")}
USERS = ROOT / "examples" / "users-cpp"


def fresh(name):
    """An empty folder for a cloud's data."""
    folder = WORK / "data" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def dew_command(*arguments):
    if not DEW.exists():
        raise BenchError(f"{DEW} is missing: ./dev bench builds it")
    return [DEW, *arguments, "--log-level", "warn"]


class Serve:
    """`dew serve` on an empty data directory."""

    def __init__(self, *flags):
        self.flags = flags

    def start(self, name="serve"):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/"
        child = Child(f"dew-{name}", dew_command("serve", "--port", port, "--http-port", free_port(),
                                                 "--data", fresh(name), *self.flags))
        self.ready_s = child.wait_for(f"{self.url}_dew/health")
        return child


def deploy_ms(folder, endpoint):
    """`dew deploy FOLDER`: milliseconds to its end, when the stack is complete."""
    return run_ms("dew-deploy", [DEW, "deploy", folder, "--endpoint", endpoint], env=aws.KEYS)


class Up:
    """`dew up DIR` until the application's first 200."""

    def __init__(self, folder, path, *flags):
        self.folder = folder
        self.path = path
        self.flags = flags

    def start(self, name=None):
        name = name or f"up-{self.folder.name}"
        port, self.http_port = free_port(), free_port()
        self.aws_url = f"http://127.0.0.1:{port}"
        self.url = f"http://127.0.0.1:{self.http_port}/dev{self.path}"
        child = Child(f"dew-{name}", dew_command("up", self.folder, "--port", port, "--http-port", self.http_port,
                                                 "--data", fresh(name), "--no-watch", *self.flags))
        self.ready_s = child.wait_for(self.url, timeout=300)
        return child

    def forget_environments(self, function, marker):
        """Changes the function's configuration, so that the next request meets no warm environment."""
        self.configure(function, {"Environment": {"Variables": {"MARKER": str(marker)}}})

    def configure(self, function, what):
        base = f"{self.aws_url}/2015-03-31/functions/{function}/configuration"
        aws.call(base, "lambda", what, method="PUT")
        until = time.perf_counter() + 10
        while aws.call(base, "lambda", None, method="GET").get("LastUpdateStatus") != "Successful":
            if time.perf_counter() > until:
                raise BenchError(f"{function}: its configuration was not updated")
            time.sleep(0.002)

    def request_ms(self):
        """One GET on a connection that is open already: milliseconds to the whole answer."""
        request = f"GET /dev{self.path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", self.http_port), timeout=30) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            start = time.perf_counter()
            s.sendall(request)
            got = b""
            while b"\r\n\r\n" not in got:
                got += s.recv(65536) or b"\r\n\r\n"
            took = time.perf_counter() - start
        if not got.startswith(b"HTTP/1.1 200 "):
            raise BenchError(f"{self.url}: {got[:300].decode(errors='replace')}")
        return took * 1000

    def observe(self, on):
        """Active tracing of stage and function; or none, and no lines of the platform's."""
        self.set_tracing(on)
        self.configure(f"{self.folder.name}-dev-hello", {"TracingConfig": {"Mode": "Active"}} if on else {
            "TracingConfig": {"Mode": "PassThrough"},
            "LoggingConfig": {"LogFormat": "JSON", "SystemLogLevel": "WARN"}})

    def set_tracing(self, on):
        """Of the API's stage: the next request is decided about."""
        api = aws.call(f"{self.aws_url}/restapis", "apigateway", None, method="GET")["item"][0]["id"]
        aws.call(f"{self.aws_url}/restapis/{api}/stages/dev", "apigateway", method="PATCH", body={
            "patchOperations": [{"op": "replace", "path": "/tracingEnabled", "value": str(on).lower()}]})
