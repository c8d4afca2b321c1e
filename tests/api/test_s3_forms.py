"""Objects that browsers upload with forms: what boto3's generate_presigned_post signs, sent as a browser sends it."""

import base64
import http.client
import json
import os
import re
import urllib.parse

import botocore.exceptions
import pytest

import conftest

MB = 1024 * 1024
BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"


def encode(fields, file=b"", filename="photo.png", after=()):
    """The form's head, before the file's bytes, and what follows them."""
    head = "".join(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                   for name, value in (fields.items() if isinstance(fields, dict) else fields))
    if filename is not None:
        head += (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
                 "Content-Type: image/png\r\n\r\n")
    tail = "".join(f'\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in after)
    return head.encode(), f"{tail}\r\n--{BOUNDARY}--\r\n".encode()


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read().decode()

    def element(self, name):
        found = re.search(f"<{name}>(.*?)</{name}>", self.body, re.S)
        return found and found[1].replace("&quot;", '"').replace("&amp;", "&")

    @property
    def error(self):
        return self.element("Code"), self.element("Message")


def post(url, fields, file=b"content", headers=None, pieces=None, **more):
    """`pieces`: instead of `file`, (how many bytes, an iterable of them)."""
    head, tail = encode(fields, filename=more.get("filename", "photo.png"), after=more.get("after", ()))
    size, chunks = pieces or (len(file), [file])
    if more.get("filename", "") is None:
        size, chunks = 0, []
    address = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(more.get("connect", address.netloc), timeout=60)
    connection.putrequest("POST", address.path or "/", skip_host=True)
    connection.putheader("Host", address.netloc)
    connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
    connection.putheader("Content-Length", str(len(head) + size + len(tail)))
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(head)
    for chunk in chunks:
        connection.send(chunk)
    connection.send(tail)
    answer = Answer(connection.getresponse())
    connection.close()
    return answer


@pytest.fixture
def s3(client):
    return client("s3")


@pytest.fixture
def bucket(s3, unique):
    name = unique("forms")
    s3.create_bucket(Bucket=name, ObjectOwnership="ObjectWriter")  # so that a form may say acl
    yield name
    for key in [o["Key"] for o in s3.list_objects_v2(Bucket=name).get("Contents", [])]:
        s3.delete_object(Bucket=name, Key=key)
    s3.delete_bucket(Bucket=name)


def has(s3, bucket, key):
    try:
        s3.head_object(Bucket=bucket, Key=key)
        return True
    except botocore.exceptions.ClientError:
        return False


@pytest.mark.parametrize("version", ["s3v4", "s3"])
@pytest.mark.parametrize("size", [11, 3 * MB])  # in memory, and as a stream
def test_what_boto3_presigns(cloud, s3, bucket, version, size):
    signer = cloud.client("s3", signature_version=version)
    signed = signer.generate_presigned_post(
        bucket, "user/${filename}", Fields={
            "acl": "private", "Content-Type": "image/png", "x-amz-meta-who": "me", "Cache-Control": "max-age=60",
            "tagging": "<Tagging><TagSet><Tag><Key>a b</Key><Value>1&amp;2</Value></Tag></TagSet></Tagging>",
            "success_action_status": "201"},
        Conditions=[{"acl": "private"}, ["starts-with", "$Content-Type", "image/"], {"x-amz-meta-who": "me"},
                    ["starts-with", "$Cache-Control", ""], ["starts-with", "$tagging", ""],
                    {"success_action_status": "201"}, ["content-length-range", 1, 4 * MB]])
    body = b"\r\n--" + os.urandom(size - 4)
    answer = post(signed["url"], signed["fields"], body, filename="C:\\pictures\\my cat.png")
    assert answer.status == 201, answer.body
    etag = answer.headers["ETag"]
    assert (answer.element("Bucket"), answer.element("Key"), answer.element("ETag")) == (bucket, "user/my cat.png", etag)
    assert answer.headers["Location"] == answer.element("Location") == f"{signed['url'].rstrip('/')}/user/my%20cat.png"
    got = s3.get_object(Bucket=bucket, Key="user/my cat.png")
    assert got["Body"].read() == body and got["ETag"] == etag
    assert (got["ContentType"], got["CacheControl"], got["Metadata"]) == ("image/png", "max-age=60", {"who": "me"})
    assert s3.get_object_tagging(Bucket=bucket, Key="user/my cat.png")["TagSet"] == [{"Key": "a b", "Value": "1&2"}]


def test_how_the_form_wants_to_be_answered(cloud, s3, bucket):
    url = f"{cloud.endpoint}/{bucket}"
    for status, answered in ((None, 204), ("200", 200), ("201", 201), ("204", 204), ("302", 204)):
        answer = post(url, {"key": "a", **({"success_action_status": status} if status else {})})
        assert answer.status == answered and answer.headers["ETag"] == '"9a0364b9e99bb480dd25e1f0284c8555"'
        assert bool(answer.body) == (answered == 201)
    pages = {"http://localhost:1/done": "http://localhost:1/done?bucket={}&key=a%26b&etag={}",
             "https://example.com/?x=1": "https://example.com/?x=1&bucket={}&key=a%26b&etag={}"}
    for field in ("success_action_redirect", "redirect"):
        for page, expected in pages.items():
            answer = post(url, {"key": "a&b", field: page, "success_action_status": "201"})
            assert answer.status == 303
            assert answer.headers["Location"] == expected.format(bucket, "%229a0364b9e99bb480dd25e1f0284c8555%22")
    # What is no page of the web is no redirection.
    assert post(url, {"key": "a", "success_action_redirect": "javascript:alert(1)"}).status == 204
    assert post(url, {"key": "a", "success_action_redirect": "http://x/\r\nSet-Cookie: a=b"}).status == 204
    # By the host's name as by the path.
    answer = post(f"http://{bucket}.s3.localhost.localstack.cloud:{cloud.port}", {"key": "hosted"},
                  connect=f"127.0.0.1:{cloud.port}")
    assert answer.status == 204 and has(s3, bucket, "hosted")
    assert answer.headers["Location"] == f"http://{bucket}.s3.localhost.localstack.cloud:{cloud.port}/hosted"
    # A field behind the file does not count.
    assert post(url, {"key": "before"}, after=[("key", "after"), ("submit", "Upload")]).status == 204
    assert has(s3, bucket, "before") and not has(s3, bucket, "after")
    assert s3.get_object(Bucket=bucket, Key="before")["ContentType"] == "binary/octet-stream"


def test_forms_that_are_none(cloud, s3, bucket):
    url = f"{cloud.endpoint}/{bucket}"

    def refused(fields, **more):
        answer = post(url, fields, **more)
        assert not has(s3, bucket, "k")
        return answer.status, *answer.error
    missing = "Bucket POST must contain a field named '{}'.  If it is specified, please check the order of the fields."
    assert refused({"acl": "private"}) == (400, "InvalidArgument", missing.format("key"))
    assert refused({"key": "${filename}"}, filename="folder/") == (400, "InvalidArgument", missing.format("key"))
    assert refused({"key": "k", "X-Amz-Credential": "x/20260101/us-east-1/s3/aws4_request"}) == (
        400, "InvalidArgument", missing.format("policy"))
    assert refused({"key": "k", "AWSAccessKeyId": "x"})[2] == missing.format("signature")
    assert refused({"key": "k"}, filename=None)[:2] == (400, "IncorrectNumberOfFilesInPostRequest")
    assert refused({"key": "k", "x-amz-meta-a": "x" * 20480})[:2] == (400, "MaxPostPreDataLengthExceededError")
    assert refused([("key", "k"), ("key", "other")])[:2] == (400, "InvalidArgument")
    assert refused({"key": "k", "Content-Disposition": "a\r\nSet-Cookie: b=c"})[:2] == (400, "InvalidArgument")
    assert refused({"key": "k", "acl": "public-read"})[:2] == (403, "AccessDenied")
    assert refused({"key": "k", "tagging": "<Tagging>"})[:2] == (400, "MalformedXML")
    assert refused({"key": "k", "x-amz-server-side-encryption": "aws:kms"})[0] in (400, 501)
    answer = post(f"{cloud.endpoint}/absent-{bucket}", {"key": "k"})
    assert (answer.status, answer.error[0]) == (404, "NoSuchBucket")
    for size in (1000, 2 * MB):
        connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=20)
        connection.request("POST", f"/{bucket}", b"x" * size, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
        response = Answer(connection.getresponse())
        assert (response.status, response.error[0]) == (400, "MalformedPOSTRequest")
        connection.close()


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    running = conftest.Cloud(tmp_path_factory.mktemp("forms") / "data", "--auth", "strict").start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def world(strict):
    """A cloud that takes no key on trust; (the administrator's client, a bucket, a client that may write below user/)."""
    admin, iam = strict.client("s3"), strict.client("iam")
    admin.create_bucket(Bucket="forms")
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::forms/user/*",
         "Condition": {"StringEquals": {"s3:authType": "POST"}}}]}))
    key = iam.create_access_key(UserName="u")["AccessKey"]
    return admin, lambda **config: strict.client("s3", access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"], **config)


@pytest.mark.parametrize("version", ["s3v4", "s3"])
@pytest.mark.parametrize("size", [100, 2 * MB])
def test_the_policy_and_the_signer_decide(world, version, size):
    admin, theirs = world
    user, body = theirs(signature_version=version), b"x" * size

    def sign(key="user/a", **more):
        signed = user.generate_presigned_post("forms", key, **more)
        return signed["url"], signed["fields"]

    def refused(url, fields, body=body, status=403):
        answer = post(url, fields, body)
        assert answer.status == status, answer.body
        assert not has(admin, "forms", "user/a")
        return answer.error

    url, fields = sign()
    assert post(url, fields, body).status == 204
    assert admin.get_object(Bucket="forms", Key="user/a")["Body"].read() == body
    admin.delete_object(Bucket="forms", Key="user/a")
    # Anything that the signed policy does not allow.
    condition = "Invalid according to Policy: Policy Condition failed: "
    assert refused(url, {**fields, "key": "user/b"}) == ("AccessDenied", condition + '["eq","$key","user/a"]')
    assert refused(url, {"x-amz-meta-a": "1", **fields}) == (
        "AccessDenied", "Invalid according to Policy: Extra input fields: x-amz-meta-a")
    assert refused(url.replace("/forms", "/other"), fields)[1] == condition + '["eq","$bucket","forms"]'
    assert refused(*sign(ExpiresIn=-1)) == ("AccessDenied", "Invalid according to Policy: Policy expired.")
    limited = sign(Conditions=[["content-length-range", size + 1, size + 2]])
    assert refused(*limited, status=400)[0] == "EntityTooSmall"
    assert refused(*limited, body=b"x" * (size + 3), status=400)[0] == "EntityTooLarge"
    # Anything that is signed otherwise.
    name = "x-amz-signature" if version == "s3v4" else "signature"
    forged = ("B" if fields[name][0] == "A" else "A") + fields[name][1:]
    assert refused(url, {**fields, name: forged})[0] == "SignatureDoesNotMatch"
    other = json.loads(base64.b64decode(fields["policy"]))
    other["conditions"].append(["starts-with", "$x-amz-meta-a", ""])
    assert refused(url, {**fields, "policy": base64.b64encode(json.dumps(other).encode()).decode()})[0] == "SignatureDoesNotMatch"
    unknown = {k: v.replace("AKIA", "AKIB") if k in ("x-amz-credential", "AWSAccessKeyId") else v for k, v in fields.items()}
    assert refused(url, unknown)[0] == "InvalidAccessKeyId"
    unsigned = {k: v for k, v in fields.items() if k == "key"}
    assert refused(url, unsigned)[0] == "AccessDenied"
    # Anything that the signer may not do; by a header it may not even this.
    arn = "arn:aws:iam::000000000000:user/u"
    assert refused(*sign("other/a"))[1] == (
        f'User: {arn} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::forms/other/a" '
        "because no identity-based policy allows the s3:PutObject action")
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        theirs(signature_version="s3v4").put_object(Bucket="forms", Key="user/a", Body=b"")


def test_a_session_signs_with_its_token(world, strict):
    admin, _ = world
    session = strict.client("sts").get_session_token()["Credentials"]
    user = strict.client("s3", access_key=session["AccessKeyId"], secret_key=session["SecretAccessKey"],
                         session_token=session["SessionToken"], signature_version="s3v4")
    signed = user.generate_presigned_post("forms", "session")
    assert post(signed["url"], signed["fields"]).status == 204
    wrong = {**signed["fields"], "x-amz-security-token": "other"}
    assert post(signed["url"], wrong).status in (400, 403)
    admin.delete_object(Bucket="forms", Key="session")


def test_an_anonymous_form_needs_a_bucket_policy(world, strict):
    admin, _ = world
    admin.delete_public_access_block(Bucket="forms")
    url = f"{strict.endpoint}/forms"
    assert post(url, {"key": "public/a"}).error[0] == "AccessDenied"
    admin.put_bucket_policy(Bucket="forms", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::forms/public/*"}]}))
    assert post(url, {"key": "public/a"}).status == 204
    assert post(url, {"key": "a"}).error[0] == "AccessDenied"
    admin.delete_object(Bucket="forms", Key="public/a")
    admin.delete_bucket_policy(Bucket="forms")


@pytest.mark.skipif("/asan/" in os.environ.get("DEW_BINARY", ""), reason="the address sanitizer keeps what was freed")
def test_a_large_file_is_never_in_memory(new_cloud):
    cloud = new_cloud("--no-fsync")
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="big")
    url = f"{cloud.endpoint}/big"

    def rss_kb():
        return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{cloud.process.pid}/status").read())[1])
    assert post(url, {"key": "warm"}, b"x" * 2 * MB).status == 204
    before, block = rss_kb(), os.urandom(MB)
    assert post(url, {"key": "k"}, pieces=(200 * MB, (block for _ in range(200)))).status == 204
    assert s3.head_object(Bucket="big", Key="k")["ContentLength"] == 200 * MB
    assert s3.get_object(Bucket="big", Key="k", Range="bytes=-1048576")["Body"].read() == block
    assert rss_kb() - before < 48 * 1024
    # One that breaks off leaves nothing.
    head, _ = encode({"key": "half"})
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=20)
    connection.putrequest("POST", "/big")
    connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
    connection.putheader("Content-Length", str(20 * MB))
    connection.endheaders()
    connection.send(head + block * 5)
    waiting = cloud.data / "s3/tmp"
    conftest.wait_until(lambda: any(p.is_file() for p in waiting.rglob("*")), what="the file")
    connection.close()
    conftest.wait_until(lambda: not any(p.is_file() for p in waiting.rglob("*")), what="the file's end")
    assert not has(s3, "big", "half")


def test_a_page_of_this_machine_may_send_one(cloud, s3, bucket):
    page = "http://localhost:5173"
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [
        {"AllowedMethods": ["POST"], "AllowedOrigins": [page], "AllowedHeaders": ["*"], "ExposeHeaders": ["ETag"]}]})
    answer = post(f"{cloud.endpoint}/{bucket}", {"key": "k"}, headers={"Origin": page})
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, page)
    assert post(f"{cloud.endpoint}/{bucket}", {"key": "l"}, headers={"Origin": "https://evil.example"}).status == 403
    assert not has(s3, bucket, "l")
