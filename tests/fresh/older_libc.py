"""older_libc.py DEW PROJECT WORK: packages PROJECT, and runs its `bootstrap` in the root WORK/root.

Around it stand a Runtime API that hands it two events, a cloud for its DynamoDB table, and a name server that knows
where the cloud is. Prints what it saw; any other outcome than the expected one is an error.
"""

import base64
import fcntl
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import queue
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zipfile

import boto3

DEW, PROJECT, WORK = os.path.abspath(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
ROOT = WORK / "root"
HOST = "dynamodb.us-east-1.amazonaws.com"
PORT = 4566
SECRET = "a-secret-of-this-test-alone-0123456789"
TABLE = "older-libc-users"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0x49))  # SIOCSIFFLAGS: up, loopback, running


class NameServer(threading.Thread):
    """DNS over UDP on 127.0.0.1:53: HOST has the A record 127.0.0.1 and no AAAA record, nothing else exists."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.asked = []

    def run(self):
        while True:
            packet, sender = self.socket.recvfrom(1500)
            labels, at = [], 12
            while packet[at]:
                labels.append(packet[at + 1:at + 1 + packet[at]].decode())
                at += 1 + packet[at]
            name, kind = ".".join(labels), struct.unpack("!H", packet[at + 1:at + 3])[0]
            self.asked.append((name, {1: "A", 28: "AAAA"}.get(kind, kind)))
            record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton("127.0.0.1")
            known, answers = name == HOST, name == HOST and kind == 1
            self.socket.sendto(packet[:2] + struct.pack("!HHHHH", 0x8180 if known else 0x8183, 1, answers, 0, 0) +
                               packet[12:at + 5] + (record if answers else b""), sender)


class RuntimeApi:
    """https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, for one environment."""

    def __init__(self):
        self.events, self.answers = queue.Queue(), queue.Queue()
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                event = api.events.get()
                self.reply(200, json.dumps(event).encode(), {
                    "Lambda-Runtime-Aws-Request-Id": event["requestContext"]["requestId"],
                    "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 10000),
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:older-libc"})

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                api.answers.put((self.path, json.loads(body)))
                self.reply(202, b"{}", {})

            def reply(self, status, body, headers):
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def invoke(self, event, bootstrap):
        self.events.put(event)
        for _ in range(300):
            try:
                return self.answers.get(timeout=0.1)
            except queue.Empty:
                if bootstrap.poll() is not None:
                    sys.exit(f"bootstrap ended with {bootstrap.returncode}: see {WORK}/bootstrap.log")
        sys.exit("bootstrap did not answer within 30 s")


def token():
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
    signed = part({"alg": "HS256", "typ": "JWT"}) + b"." + part(
        {"sub": "older-libc", "iss": "users-api", "iat": int(time.time()), "exp": int(time.time()) + 600})
    mac = base64.urlsafe_b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).rstrip(b"=")
    return (signed + b"." + mac).decode()


def event(method, path, number, parameters=None, body=None):
    headers = {"Authorization": f"Bearer {token()}", "Content-Type": "application/json"}
    return {"resource": path, "path": path, "httpMethod": method, "pathParameters": parameters, "body": body,
            "headers": headers, "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": None, "multiValueQueryStringParameters": None,
            "stageVariables": None, "isBase64Encoded": False,
            "requestContext": {"requestId": f"00000000-0000-4000-8000-{number:012}", "httpMethod": method,
                               "resourcePath": path, "stage": "dev", "identity": {"sourceIp": "127.0.0.1"}}}


def start_cloud(data):
    cloud = subprocess.Popen([DEW, "serve", "--port", str(PORT), "--data", data], stdout=subprocess.DEVNULL)
    for _ in range(300):
        try:
            if urllib.request.urlopen(f"http://127.0.0.1:{PORT}/_dew/health", timeout=5).status == 200:
                return cloud
        except OSError:
            time.sleep(0.1)
    sys.exit("the cloud did not start")


def client(service):
    return boto3.client(service, endpoint_url=f"http://127.0.0.1:{PORT}", region_name="us-east-1",
                        aws_access_key_id="test", aws_secret_access_key="test")


def in_root(command, **options):
    return subprocess.run(["/usr/sbin/chroot", str(ROOT), *command], capture_output=True, text=True, **options)


def package():
    """The zip file of PROJECT, unpacked into /var/task of the root; the path of its bootstrap."""
    client("ssm").put_parameter(Name="/users-api/dev/jwt-secret", Value=SECRET, Type="SecureString", Overwrite=True)
    subprocess.run([DEW, "package", "--endpoint", f"http://127.0.0.1:{PORT}", "--package", str(WORK / "package"), PROJECT],
                   check=True, env={**os.environ, **KEYS})
    [archive] = (WORK / "package").glob("*.zip")
    task = ROOT / "var/task"
    task.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        assert names == ["bootstrap"], f"more than the program in the archive: {names}"
        opened.extractall(task)
    (task / "bootstrap").chmod(0o755)
    dynamic = subprocess.run(["readelf", "-dW", str(task / "bootstrap")], capture_output=True, text=True, check=True).stdout
    headers = subprocess.run(["readelf", "-lW", str(task / "bootstrap")], capture_output=True, text=True, check=True).stdout
    assert "NEEDED" not in dynamic and "INTERP" not in headers, f"bootstrap is not self-contained:\n{dynamic}"
    print(f"{archive.name}: {archive.stat().st_size} bytes; bootstrap {(task / 'bootstrap').stat().st_size} bytes, "
          f"{'position-independent, ' if 'PIE' in dynamic else ''}no NEEDED, no INTERP")


def older():
    """That this root is older than the build, and that a program of the build's C library does not run there."""
    release = re.search(r"([0-9.]+)\n", in_root(["ldd", "--version"]).stdout)[1]
    shutil.copy("/bin/ls", ROOT / "var/task/ls-of-the-build")
    refused = in_root(["/var/task/ls-of-the-build"])
    print(f"the root has glibc {release}, the build {os.confstr('CS_GNU_LIBC_VERSION')}; "
          f"its ls says there: {refused.stderr.strip().splitlines()[0] if refused.stderr else refused.returncode}")
    assert release == "2.31" and refused.returncode != 0


def main():
    loopback_up()
    names = NameServer()
    names.start()
    api = RuntimeApi()
    with tempfile.TemporaryDirectory() as data:
        cloud = start_cloud(data)
        try:
            package()
            older()
            client("dynamodb").create_table(
                TableName=TABLE, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
            (ROOT / "etc/resolv.conf").write_text("nameserver 127.0.0.1\n")
            (ROOT / "etc/hosts").write_text("127.0.0.1 localhost\n")
            log = WORK / "bootstrap.log"
            bootstrap = subprocess.Popen(
                ["/usr/sbin/chroot", str(ROOT), "/var/task/bootstrap"], stdout=log.open("w"), stderr=subprocess.STDOUT,
                env={**KEYS, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server.server_port}", "_HANDLER": "bootstrap",
                     "LAMBDA_TASK_ROOT": "/var/task", "AWS_LAMBDA_FUNCTION_NAME": "older-libc",
                     "AWS_ENDPOINT_URL": f"http://{HOST}:{PORT}", "TABLE_NAME": TABLE, "JWT_SECRET": SECRET,
                     "JWT_ISSUER": "users-api", "SERVICE_NAME": "users-api", "STAGE": "dev"})
            try:
                user = {"name": "Ada Lovelace", "email": "ada@example.com", "age": 36}
                _, created = api.invoke(event("POST", "/users", 1, body=json.dumps(user)), bootstrap)
                print("POST /users:", created["statusCode"], created["body"])
                assert created["statusCode"] == 201, log.read_text()
                made = json.loads(created["body"])
                item = client("dynamodb").get_item(TableName=TABLE, Key={"id": {"S": made["id"]}})["Item"]
                assert item["email"]["S"] == "ada@example.com", item
                _, read = api.invoke(event("GET", "/users/{id}", 2, {"id": made["id"]}) |
                                     {"path": f"/users/{made['id']}"}, bootstrap)
                print("GET /users/{id}:", read["statusCode"], read["body"])
                assert read["statusCode"] == 200 and json.loads(read["body"]) == made, read
            finally:
                bootstrap.kill()
                bootstrap.wait()
            print("the name server was asked for", sorted(set(map(str, names.asked))))
            assert (HOST, "A") in names.asked
        finally:
            cloud.terminate()
            cloud.wait()
    print("==> the packaged program works on glibc 2.31")


main()
