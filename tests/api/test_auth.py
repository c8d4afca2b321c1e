"""Who may call: signatures of real clients against a strict cloud, and what a relaxed one lets in."""

import http.client
import json
import os
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions
import pytest

import conftest

BAD_KEY = "AKIAIOSFODNN7EXAMPLE"


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    running = conftest.Cloud(tmp_path_factory.mktemp("strict") / "data", "--auth", "strict").start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def user_key(strict):
    """An access key of a user who may do everything."""
    iam = strict.client("iam")
    iam.create_user(UserName="ada")
    iam.attach_user_policy(UserName="ada", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    return {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}


def code_of(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["ResponseMetadata"]["HTTPStatusCode"]


CALLS = [("dynamodb", "list_tables"), ("lambda", "list_functions"), ("iam", "list_users"), ("s3", "list_buckets"),
         ("ssm", "describe_parameters"), ("logs", "describe_log_groups"), ("sts", "get_caller_identity"),
         ("cloudformation", "list_stacks"), ("apigateway", "get_rest_apis")]


@pytest.mark.parametrize("service,operation", CALLS)
def test_every_protocol_takes_a_known_key_and_refuses_a_wrong_secret(strict, user_key, service, operation):
    getattr(strict.client(service), operation)()
    getattr(strict.client(service, **user_key), operation)()
    wrong = strict.client(service, access_key=user_key["access_key"], secret_key="wrong")
    code, status = code_of(getattr(wrong, operation))
    assert code in ("SignatureDoesNotMatch", "InvalidSignatureException")
    assert status == (400 if service in ("dynamodb", "ssm", "logs") else 403)


@pytest.mark.parametrize("service,operation", CALLS)
def test_every_protocol_refuses_an_unknown_key_in_its_own_words(strict, service, operation):
    client = strict.client(service, access_key=BAD_KEY, secret_key="x")
    expected = {"s3": "InvalidAccessKeyId", "iam": "InvalidClientTokenId", "sts": "InvalidClientTokenId",
                "cloudformation": "InvalidClientTokenId"}.get(service, "UnrecognizedClientException")
    assert code_of(getattr(client, operation))[0] == expected


@pytest.mark.parametrize("service,operation", CALLS)
def test_every_protocol_refuses_an_unsigned_request(strict, service, operation):
    if service == "s3":  # an unsigned GET / is a health check here
        operation = "get_bucket_location"
    arguments = {"Bucket": "no-such-bucket"} if service == "s3" else {}
    client = strict.client(service, signature_version=botocore.UNSIGNED)
    expected = {"s3": "AccessDenied", "iam": "MissingAuthenticationToken", "sts": "MissingAuthenticationToken",
                "cloudformation": "MissingAuthenticationToken"}.get(service, "MissingAuthenticationTokenException")
    assert code_of(getattr(client, operation), **arguments)[0] == expected


def test_the_region_of_the_scope_is_the_clouds(strict, user_key):
    client = boto3.client("dynamodb", endpoint_url=strict.endpoint, region_name="eu-west-3",
                          aws_access_key_id=user_key["access_key"], aws_secret_access_key=user_key["secret_key"])
    with pytest.raises(botocore.exceptions.ClientError, match="Credential should be scoped to a valid region"):
        client.list_tables()


def test_the_aws_cli_and_the_javascript_sdk_in_strict_mode(strict, user_key, npm_install, unique):
    environment = {**os.environ, **conftest.ENVIRONMENT, "AWS_ACCESS_KEY_ID": user_key["access_key"],
                   "AWS_SECRET_ACCESS_KEY": user_key["secret_key"]}
    command = ["/usr/bin/aws", "--endpoint-url", strict.endpoint, "sts", "get-caller-identity"]
    out = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert json.loads(out.stdout)["Arn"].endswith(":user/ada"), out.stderr
    out = subprocess.run(command, env={**environment, "AWS_SECRET_ACCESS_KEY": "wrong"}, capture_output=True, text=True)
    assert out.returncode != 0 and "SignatureDoesNotMatch" in out.stderr

    folder = npm_install({"@aws-sdk/client-s3": "3.840.0", "@aws-sdk/client-dynamodb": "3.840.0",
                          "@aws-sdk/s3-request-presigner": "3.840.0"})
    bucket = unique("auth")
    script = folder / "auth-test.mjs"
    script.write_text("""
      import {S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand} from "@aws-sdk/client-s3";
      import {DynamoDBClient, ListTablesCommand} from "@aws-sdk/client-dynamodb";
      import {getSignedUrl} from "@aws-sdk/s3-request-presigner";
      import {Readable} from "node:stream";
      const endpoint = process.env.ENDPOINT, Bucket = process.env.BUCKET;
      await new DynamoDBClient({endpoint}).send(new ListTablesCommand({}));
      const s3 = new S3Client({endpoint, forcePathStyle: true});
      await s3.send(new CreateBucketCommand({Bucket}));
      await s3.send(new PutObjectCommand({Bucket, Key: "a b/ü", Body: "text"}));
      const parts = [Buffer.alloc(70000, "a"), Buffer.alloc(70000, "b")];
      await s3.send(new PutObjectCommand({Bucket, Key: "stream", Body: Readable.from(parts), ContentLength: 140000}));
      const got = await s3.send(new GetObjectCommand({Bucket, Key: "a b/ü"}));
      const stream = await s3.send(new GetObjectCommand({Bucket, Key: "stream"}));
      const url = await getSignedUrl(s3, new GetObjectCommand({Bucket, Key: "a b/ü"}), {expiresIn: 60});
      const fetched = await fetch(url);
      console.log(JSON.stringify({text: await got.Body.transformToString(), fetched: await fetched.text(),
                                  length: (await stream.Body.transformToByteArray()).length}));
    """)
    out = subprocess.run(["node", str(script)], capture_output=True, text=True,
                         env={**environment, "ENDPOINT": strict.endpoint, "BUCKET": bucket})
    assert out.returncode == 0, out.stderr
    assert json.loads(out.stdout) == {"text": "text", "fetched": "text", "length": 140000}


def test_session_credentials_need_their_token(strict, user_key):
    session = strict.client("sts", **user_key).get_session_token()["Credentials"]
    keys = {"access_key": session["AccessKeyId"], "secret_key": session["SecretAccessKey"]}
    whole = strict.client("sts", session_token=session["SessionToken"], **keys)
    assert whole.get_caller_identity()["Arn"].endswith(":user/ada")
    assert code_of(strict.client("sts", **keys).get_caller_identity)[0] == "InvalidClientTokenId"
    other = strict.client("dynamodb", session_token="other", **keys)
    assert code_of(other.list_tables)[0] == "UnrecognizedClientException"


def fetch(url, method="GET", data=None, headers=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers or {}, method=method)) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_presigned_urls(strict, user_key, unique):
    s3 = strict.client("s3", signature_version="s3v4", **user_key)
    bucket = unique("auth")
    s3.create_bucket(Bucket=bucket)
    put = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
    assert fetch(put, "PUT", b"hello", {"Content-Type": ""})[0] == 200
    get = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
    assert fetch(get) == (200, "hello")
    status, body = fetch(get.replace("/k?", "/l?"))
    assert status == 403 and "SignatureDoesNotMatch" in body
    status, body = fetch(get, headers={"x-amz-acl": "public-read"})
    assert status == 403 and "There were headers present in the request which were not signed" in body
    long = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}, ExpiresIn=604801)
    status, body = fetch(long)
    assert status == 400 and "must be less than a week" in body
    brief = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}, ExpiresIn=1)
    conftest.wait_until(lambda: fetch(brief)[0] == 403, 10, "the URL's end")
    assert "Request has expired" in fetch(brief)[1]
    # Headers that stand in the query string, as other SDKs put them there, are headers.
    request = botocore.awsrequest.AWSRequest(
        "PUT", f"{strict.endpoint}/{bucket}/named?x-amz-meta-who=ada&x-amz-server-side-encryption=AES256")
    credentials = botocore.credentials.Credentials(user_key["access_key"], user_key["secret_key"])
    botocore.auth.S3SigV4QueryAuth(credentials, "s3", conftest.REGION).add_auth(request)
    assert fetch(request.url, "PUT", b"x", {"Content-Type": ""})[0] == 200
    head = s3.head_object(Bucket=bucket, Key="named")
    assert (head["Metadata"], head["ServerSideEncryption"]) == ({"who": "ada"}, "AES256")
    assert fetch(request.url.replace("=ada", "=bob"), "PUT", b"x", {"Content-Type": ""})[0] == 403
    strict.client("s3").delete_object(Bucket=bucket, Key="named")
    strict.client("s3").delete_object(Bucket=bucket, Key="k")
    strict.client("s3").delete_bucket(Bucket=bucket)


@pytest.mark.parametrize("addressing_style", ["path", "virtual"])
def test_presigned_urls_of_version_2(strict, user_key, unique, addressing_style):
    """What boto3 makes where no signature version is configured."""
    port = strict.endpoint.rsplit(":", 1)[1]
    host = "127.0.0.1" if addressing_style == "path" else "localhost"
    url_maker = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1",
                             aws_access_key_id=user_key["access_key"], aws_secret_access_key=user_key["secret_key"],
                             config=botocore.config.Config(s3={"addressing_style": addressing_style}))
    s3 = strict.client("s3", **user_key)
    bucket = unique("auth")
    s3.create_bucket(Bucket=bucket)
    place = f"http://{host}:{port}/{bucket}/" if addressing_style == "path" else f"http://{bucket}.localhost:{port}/"

    def ask(url, method="GET", data=None, headers=None):
        """At this machine, whatever its name: bucket.localhost need not resolve."""
        assert url.startswith(place)
        name = urllib.parse.urlsplit(url).netloc
        return fetch(url.replace(name, f"127.0.0.1:{port}"), method, data, {**(headers or {}), "Host": name})

    put = url_maker.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "a k", "ContentType": "text/x",
                                                          "Metadata": {"who": "ada"}})
    assert "AWSAccessKeyId=" in put and "X-Amz-Algorithm" not in put
    assert ask(put, "PUT", b"hello", {"Content-Type": "text/y"})[0] == 403
    assert ask(put, "PUT", b"hello", {"Content-Type": "text/x"})[0] == 200
    assert s3.head_object(Bucket=bucket, Key="a k")["Metadata"] == {"who": "ada"}
    get = url_maker.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a k",
                                                           "ResponseContentType": "text/html"}, ExpiresIn=60)
    assert ask(get) == (200, "hello")
    for changed in (get.replace("a%20k", "b%20k"), get.replace("html", "htmx"), get.replace("Expires=1", "Expires=2"),
                    get + "&versionId=null", get + "&x-amz-checksum-mode=ENABLED"):
        status, body = ask(changed)
        assert status == 403 and "SignatureDoesNotMatch" in body, changed
    past = url_maker.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a k"}, ExpiresIn=-1)
    status, body = ask(past)
    assert status == 403 and "Request has expired" in body
    unknown = get.replace(user_key["access_key"], "AKIADEW0000000000000")
    assert "InvalidAccessKeyId" in ask(unknown)[1]
    s3.delete_object(Bucket=bucket, Key="a k")
    s3.delete_bucket(Bucket=bucket)


def test_an_expired_presigned_url_is_refused_in_relaxed_mode_too(cloud, client, unique):
    bucket = unique("auth")
    client("s3").create_bucket(Bucket=bucket)
    s3 = cloud.client("s3", signature_version="s3v4", access_key="anybody", secret_key="anything")
    url = s3.generate_presigned_url("list_objects_v2", {"Bucket": bucket}, ExpiresIn=1)
    conftest.wait_until(lambda: fetch(url)[0] == 403, 10, "the URL's end")
    client("s3").delete_bucket(Bucket=bucket)


def test_a_key_that_was_deleted_is_nobody_in_relaxed_mode(cloud, client, unique):
    user = unique("user")
    client("iam").create_user(UserName=user)
    key = client("iam").create_access_key(UserName=user)["AccessKey"]
    client("iam").delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    gone = cloud.client("sts", access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"])
    assert code_of(gone.get_caller_identity)[0] == "InvalidClientTokenId"
    client("iam").delete_user(UserName=user)


def signed_request(cloud, key, body=b'{"Limit": 10}'):
    request = botocore.awsrequest.AWSRequest("POST", f"{cloud.endpoint}/", data=body, headers={
        "X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0"})
    credentials = botocore.credentials.Credentials(key["access_key"], key["secret_key"])
    botocore.auth.SigV4Auth(credentials, "dynamodb", conftest.REGION).add_auth(request)
    return dict(request.headers)


def send(cloud, headers, body):
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=20)
    connection.request("POST", "/", body, headers)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def test_what_was_signed_cannot_be_changed_on_its_way(strict, user_key):
    body = b'{"Limit": 10}'
    headers = signed_request(strict, user_key, body)
    assert send(strict, headers, body)[0] == 200
    for i in range(len(body)):
        changed = body[:i] + bytes([body[i] ^ 1]) + body[i + 1:]
        assert send(strict, headers, changed)[1]["__type"].endswith("InvalidSignatureException")
    for name in ("X-Amz-Date", "X-Amz-Target", "Content-Type"):
        value = headers[name]
        for i in range(len(value)):
            changed = {**headers, name: value[:i] + chr(ord(value[i]) ^ 1) + value[i + 1:]}
            assert send(strict, changed, body)[0] != 200, (name, changed[name])
    scope = headers["Authorization"]
    for match in re.finditer(r"(?:Credential|Signature)=([^,]+)", scope):
        for i in range(*match.span(1)):
            changed = {**headers, "Authorization": scope[:i] + chr(ord(scope[i]) ^ 1) + scope[i + 1:]}
            assert send(strict, changed, body)[0] != 200, changed


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_an_address_that_others_reach_refuses_to_start_relaxed(dew, tmp_path, address):
    out = subprocess.run([dew, "serve", "--bind", address, "--port", "0", "--data", str(tmp_path / "data")],
                         capture_output=True, text=True, timeout=30)
    assert out.returncode == 1
    assert "--auth strict" in out.stderr and address in out.stderr


def test_relaxed_says_so_at_start(cloud):
    assert "auth relaxed" in cloud.log
    with urllib.request.urlopen(f"{cloud.endpoint}/_dew/info") as response:
        assert json.load(response)["auth"].startswith("relaxed")


def test_help_teaches_it(dew):
    for command in ("serve", "up", "exec"):
        out = subprocess.run([dew, command, "--help"], capture_output=True, text=True).stdout
        assert "--auth" in out and "strict" in out


def test_exec_in_strict_mode(dew, tmp_path):
    # Debian's AWS CLI is older than AWS_ENDPOINT_URL.
    command = '/usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL" sts get-caller-identity'
    out = subprocess.run([dew, "exec", "--auth", "strict", "--", "sh", "-c", command],
                         cwd=tmp_path, capture_output=True, text=True, env={**os.environ, **conftest.ENVIRONMENT})
    assert out.returncode == 0, out.stderr
