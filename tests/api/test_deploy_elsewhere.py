"""`dew deploy --endpoint` and `--aws`: the same artifact, signed with real credentials, over TLS that is verified, to
another cloud than the one that `dew` would start. The other cloud is a second `dew serve` behind a TLS front of the test's
own authority; for --aws it stands in a network namespace where AWS's host names lead to it.
"""

import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import textwrap
import threading

import pytest

from conftest import DEW, ROOT

HANDLER = """
def handler(event, context):
    return {"statusCode": 200, "body": "elsewhere"}
"""
SERVERLESS_YML = """
service: moved
provider:
  name: aws
  runtime: python3.11
  iam: {role: {statements: [{Effect: Allow, Action: 'logs:*', Resource: '*'}]}}
functions:
  api: {handler: handler.handler, events: [{http: 'GET /hello'}]}
"""
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


@pytest.fixture
def service(tmp_path):
    directory = tmp_path / "service"
    directory.mkdir()
    (directory / "handler.py").write_text(HANDLER)
    (directory / "serverless.yml").write_text(SERVERLESS_YML)
    return directory


def dew(*arguments, cwd, home=None, timeout=120, **environment):
    """Without any of AWS's variables but those given; what ~/.aws holds is in `home`."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    clean |= {"HOME": str(home or cwd), "AWS_EC2_METADATA_DISABLED": "true", **environment}
    return subprocess.run([DEW, *map(str, arguments)], cwd=cwd, env=clean, capture_output=True, text=True, timeout=timeout)


class Certificates:
    """An authority, and a server's certificate by it."""

    def __init__(self, folder):
        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Test authority", "-keyout",
                "ca.key", "-out", "ca.pem")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server", "-keyout", "key.pem", "-out", "request.pem")
        names = ["IP:127.0.0.1", "DNS:localhost", *(f"DNS:{s}.us-east-1.amazonaws.com" for s in AWS_SERVICES)]
        (folder / "names").write_text("subjectAltName=" + ",".join(names))
        openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", "names", "-out", "certificate.pem")
        self.authority = str(folder / "ca.pem")
        self.certificate, self.key = str(folder / "certificate.pem"), str(folder / "key.pem")


AWS_SERVICES = ("cloudformation", "s3", "sts", "ssm", "lambda", "logs")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


class TlsFront:
    """TLS before a cloud; `heads` are the first bytes of what each connection sent."""

    def __init__(self, certificates, target, port=0):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.certificate, certificates.key)
        self.context, self.target, self.heads = context, target, []
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain):
        try:
            client = self.context.wrap_socket(plain, server_side=True)
        except (ssl.SSLError, OSError):
            plain.close()
            return
        server = socket.create_connection(("127.0.0.1", self.target))
        threading.Thread(target=self.pump, args=(server, client, None), daemon=True).start()
        self.pump(client, server, self.heads)

    @staticmethod
    def pump(source, sink, heads):
        try:
            while data := source.recv(65536):
                if heads is not None:
                    heads.append(data[:2000].decode("latin-1"))
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def keys(self):
        return {head.split("Credential=", 1)[1].split("/", 1)[0] for head in self.heads if "Credential=" in head}


def strict():
    help_text = subprocess.run([DEW, "serve", "--help"], capture_output=True, text=True).stdout
    return ["--auth", "strict"] if "--auth" in help_text else []


@pytest.fixture
def other(new_cloud, certificates):
    """Another cloud, which knows one user's key, behind TLS."""
    first = new_cloud()
    make_user(first)
    cloud = first
    if strict():  # takes no unknown key: the user is made while the cloud is still relaxed
        first.stop()
        cloud = new_cloud(*strict(), data=first.data)
        cloud.key = first.key
    front = TlsFront(certificates, cloud.port)
    cloud.front, cloud.url = front, f"https://localhost:{front.port}"
    yield cloud
    front.listener.close()


def make_user(cloud):
    iam = cloud.client("iam")
    iam.create_user(UserName="deployer")
    iam.put_user_policy(UserName="deployer", PolicyName="all", PolicyDocument=EVERYTHING)
    key = iam.create_access_key(UserName="deployer")["AccessKey"]
    cloud.key = key["AccessKeyId"], key["SecretAccessKey"]


def write_profiles(home, credentials, config=""):
    folder = home / ".aws"
    folder.mkdir(exist_ok=True)
    (folder / "credentials").write_text(textwrap.dedent(credentials))
    (folder / "config").write_text(textwrap.dedent(config))


def client_of(cloud, service):
    return cloud.client(service, access_key=cloud.key[0], secret_key=cloud.key[1])


def test_a_whole_life_at_another_endpoint(service, other, certificates, tmp_path):
    write_profiles(tmp_path, f"""
        [work]
        aws_access_key_id = {other.key[0]}
        aws_secret_access_key = {other.key[1]}
        """)
    there = {"home": tmp_path, "AWS_PROFILE": "work", "AWS_CA_BUNDLE": certificates.authority}

    deployed = dew("deploy", "--endpoint", other.url, "--verbose", cwd=service, **there)
    assert deployed.returncode == 0, deployed.stderr
    assert "CREATE_COMPLETE ApiLambdaFunction (AWS::Lambda::Function)" in deployed.stderr
    assert other.front.keys() == {other.key[0]}
    stack = client_of(other, "cloudformation").describe_stacks(StackName="moved-dev")["Stacks"][0]
    assert stack["StackStatus"] == "UPDATE_COMPLETE"

    again = dew("deploy", "--endpoint", other.url, cwd=service, **there)
    assert "No changes to deploy" in again.stderr
    invoked = dew("invoke", "-f", "api", "--endpoint", other.url, cwd=service, **there)
    assert "elsewhere" in invoked.stdout, invoked.stderr
    removed = dew("remove", "--endpoint", other.url, cwd=service, **there)
    assert removed.returncode == 0, removed.stderr
    assert dew("info", "--endpoint", other.url, cwd=service, **there).returncode == 1


def test_an_assumed_role_signs(service, other, certificates, tmp_path):
    iam = client_of(other, "iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}]})
    role = iam.create_role(RoleName="deploys", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="deploys", PolicyName="all", PolicyDocument=EVERYTHING)
    write_profiles(tmp_path, f"""
        [keys]
        aws_access_key_id = {other.key[0]}
        aws_secret_access_key = {other.key[1]}
        """, f"""
        [profile deploys]
        role_arn = {role}
        source_profile = keys
        role_session_name = on-purpose
        """)
    deployed = dew("deploy", "--endpoint", other.url, "--aws-profile", "deploys", cwd=service, home=tmp_path,
                   AWS_CA_BUNDLE=certificates.authority, AWS_ACCESS_KEY_ID="AKIANOTTHISONE", AWS_SECRET_ACCESS_KEY="no")
    assert deployed.returncode == 0, deployed.stderr
    temporary = other.front.keys() - {other.key[0]}
    assert len(temporary) == 1 and temporary.pop().startswith("ASIA")


class Answers(http.server.BaseHTTPRequestHandler):
    """A container's and an instance's credential endpoints."""

    def do_GET(self):
        self.server.seen.append((self.path, self.headers.get("Authorization"),
                                 self.headers.get("X-aws-ec2-metadata-token")))
        body = self.server.answers.get(self.path, "")
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    do_PUT = do_GET

    def log_message(self, *arguments):
        pass


@pytest.fixture
def metadata():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.answers, server.seen = {}, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def test_a_container_and_an_instance_give_credentials(service, other, certificates, metadata, tmp_path):
    answer = json.dumps({"AccessKeyId": other.key[0], "SecretAccessKey": other.key[1], "Expiration": "2099-01-01T00:00:00Z"})
    place = "/latest/meta-data/iam/security-credentials/"
    metadata.answers = {"/creds": answer, "/latest/api/token": "a-token", place: "the-role", place + "the-role": answer}
    base = f"http://127.0.0.1:{metadata.server_address[1]}"
    token = tmp_path / "token"
    token.write_text("Bearer secret\n")
    container = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{base}/creds", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)}
    common = {"cwd": service, "home": tmp_path, "AWS_CA_BUNDLE": certificates.authority}

    deployed = dew("deploy", "--endpoint", other.url, **common, **container)
    assert deployed.returncode == 0, deployed.stderr
    assert metadata.seen == [("/creds", "Bearer secret", None)]
    metadata.seen.clear()
    instance = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": base}
    again = dew("deploy", "--endpoint", other.url, **common, **instance)
    assert "No changes to deploy" in again.stderr, again.stderr
    assert metadata.seen[-1] == (place + "the-role", None, "a-token")
    assert other.front.keys() == {other.key[0]}
    elsewhere = dew("deploy", "--endpoint", other.url, **common, AWS_CONTAINER_CREDENTIALS_FULL_URI="http://example.com/x")
    assert "example.com is neither https nor an address that containers get credentials from" in elsewhere.stderr


def test_what_is_wrong_is_told(service, other, certificates, tmp_path):
    keys = {"AWS_ACCESS_KEY_ID": other.key[0], "AWS_SECRET_ACCESS_KEY": "not-the-secret"}
    forged = dew("deploy", "--endpoint", other.url, cwd=service, AWS_CA_BUNDLE=certificates.authority, **keys)
    assert forged.returncode == 1 and "SignatureDoesNotMatch" in forged.stderr
    assert "not-the-secret" not in forged.stderr
    untrusted = dew("deploy", "--endpoint", other.url, cwd=service, **keys)
    assert untrusted.returncode == 1 and "the certificate of localhost is not trusted" in untrusted.stderr
    misnamed = dew("deploy", "--endpoint", f"https://me.localhost:{other.front.port}", cwd=service,
                   AWS_CA_BUNDLE=certificates.authority, **keys)
    assert misnamed.returncode == 1 and "is not trusted: hostname mismatch" in misnamed.stderr
    nobody = dew("deploy", "--aws", cwd=service)
    assert nobody.returncode == 1 and "there are no AWS credentials" in nobody.stderr
    missing = dew("deploy", "--aws", "--aws-profile", "nope", cwd=service)
    assert "there is no profile nope" in missing.stderr
    both = dew("deploy", "--aws", "--endpoint", other.url, cwd=service)
    assert both.returncode == 2


INSIDE = """
import os, socket, struct, fcntl, subprocess, sys
sys.path.insert(0, sys.argv[1])
s = socket.socket()  # the namespace's loopback is down
flags = struct.pack("16sh", b"lo", 0x1 | 0x40)
fcntl.ioctl(s, 0x8914, flags + b"\\0" * 14)
subprocess.run(["mount", "--bind", sys.argv[2], "/etc/hosts"], check=True)
import test_deploy_elsewhere as here
class Certificates: pass
certificates = Certificates()
certificates.authority, certificates.certificate, certificates.key = sys.argv[3:6]
front = here.TlsFront(certificates, int(sys.argv[6]), port=443)
cloud = here.serve(int(sys.argv[6]), sys.argv[7])
try:
    for arguments in (["deploy", "--aws"], ["info", "--aws"], ["remove", "--aws"]):
        done = here.dew(*arguments, cwd=sys.argv[8], AWS_CA_BUNDLE=certificates.authority, AWS_ACCESS_KEY_ID=sys.argv[9],
                        AWS_SECRET_ACCESS_KEY=sys.argv[10], AWS_ENDPOINT_URL="http://127.0.0.1:9")
        print(done.stdout, done.stderr)
        assert done.returncode == 0, arguments
    hosts = sorted({line[6:] for head in front.heads for line in head.split("\\r\\n") if line.startswith("Host: ")})
    print("hosts:", *hosts)
finally:
    cloud.terminate()
    cloud.wait()
"""


def serve(port, data):
    process = subprocess.Popen([DEW, "serve", "--port", str(port), "--http-port", "0", "--data", data, *strict()],
                               stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    process.stdout.readline()  # one line when the APIs answer
    return process


def namespaces():
    return subprocess.run(["unshare", "--user", "--map-root-user", "--net", "--mount", "true"],
                          capture_output=True).returncode == 0


@pytest.mark.skipif(not namespaces(), reason="this machine lets nobody make user namespaces")
def test_aws_by_its_host_names(service, new_cloud, certificates, tmp_path):
    first = new_cloud()
    make_user(first)
    first.stop()
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost " + " ".join(f"{s}.us-east-1.amazonaws.com" for s in AWS_SERVICES) + "\n")
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--net", "--mount", sys.executable, "-c", INSIDE,
         str(ROOT / "tests/api"), str(hosts), certificates.authority, certificates.certificate, certificates.key,
         str(first.port), str(first.data), str(service), *first.key], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Deploying moved to stage dev (us-east-1, AWS (us-east-1))" in done.stdout
    assert "CREATE_COMPLETE" in done.stdout  # the progress, which is shown when it is not this machine's cloud
    assert "GET https://" in done.stdout and ".execute-api.us-east-1.amazonaws.com/dev/hello" in done.stdout
    hosts = done.stdout.split("hosts:", 1)[1].split()
    assert hosts == ["cloudformation.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com"]
