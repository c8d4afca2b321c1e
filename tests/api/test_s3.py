"""S3 with real clients: large bodies that stream, versions, multipart uploads, conditions, what tools do."""

import hashlib
import http.client
import json
import os
import pathlib
import subprocess
import threading
import urllib.error
import urllib.request

import botocore.exceptions
import pytest

import conftest

MB = 1024 * 1024


def code_of(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


@pytest.fixture
def s3(client):
    return client("s3")


@pytest.fixture
def bucket(s3, unique):
    name = unique("s3")
    s3.create_bucket(Bucket=name)
    yield name
    empty(s3, name)
    s3.delete_bucket(Bucket=name)


def empty(s3, name):
    for upload in s3.list_multipart_uploads(Bucket=name).get("Uploads", []):
        s3.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
    while True:
        page = s3.list_object_versions(Bucket=name)
        listed = page.get("Versions", []) + page.get("DeleteMarkers", [])
        if not listed:
            return
        s3.delete_objects(Bucket=name, Delete={
            "Objects": [{"Key": o["Key"], "VersionId": o["VersionId"]} for o in listed], "Quiet": True})


class Generated:
    """A readable, seekable body of `size` bytes that is never in memory as a whole."""

    BLOCK = b"".join(hashlib.sha256(str(i).encode()).digest() for i in range(2048))  # 64 KB

    def __init__(self, size):
        self.size, self.at = size, 0

    def __len__(self):
        return self.size

    def seek(self, offset, whence=0):
        self.at = offset if whence == 0 else self.size + offset if whence == 2 else self.at + offset
        return self.at

    def tell(self):
        return self.at

    def read(self, count=-1):
        count = self.size - self.at if count is None or count < 0 else min(count, self.size - self.at)
        out = bytearray()
        while len(out) < count:
            start = (self.at + len(out)) % len(self.BLOCK)
            out += self.BLOCK[start:start + count - len(out)]
        self.at += count
        return bytes(out)


def digest(readable, block=MB):
    out = hashlib.sha256()
    while piece := readable.read(block):
        out.update(piece)
    return out.hexdigest()


def rss_kb(process, field="VmHWM"):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1])
    raise AssertionError(f"no {field}")


def files_under(folder):
    return [p for p in pathlib.Path(folder).rglob("*") if p.is_file()]


@pytest.mark.skipif("/asan/" in os.environ.get("DEW_BINARY", ""), reason="the address sanitizer keeps what was freed")
def test_300_mb_pass_without_being_in_memory(new_cloud):
    cloud = new_cloud("--no-fsync")
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="big")
    s3.put_object(Bucket="big", Key="warm", Body=b"x" * 2 * MB)
    before = rss_kb(cloud.process)
    size = 300 * MB
    expected = digest(Generated(size))
    etag = s3.put_object(Bucket="big", Key="k", Body=Generated(size))["ETag"]
    assert digest(s3.get_object(Bucket="big", Key="k")["Body"]) == expected
    assert s3.head_object(Bucket="big", Key="k")["ContentLength"] == size
    part = s3.get_object(Bucket="big", Key="k", Range=f"bytes={size - 5 * MB}-")
    tail = Generated(size)
    tail.seek(size - 5 * MB)
    assert digest(part["Body"]) == digest(tail)
    s3.copy_object(Bucket="big", Key="copy", CopySource="big/k")
    assert s3.head_object(Bucket="big", Key="copy")["ETag"] == etag
    grown = rss_kb(cloud.process) - before
    assert grown < 48 * 1024, f"{grown} KB more in memory for a body of {size // 1024} KB"


def test_a_body_that_is_cut_off_leaves_nothing(new_cloud):
    cloud = new_cloud("--no-fsync")
    s3 = cloud.client("s3", signature_version="s3v4")  # boto3's default for URLs is version 2
    s3.create_bucket(Bucket="cut-off")
    url = s3.generate_presigned_url("put_object", {"Bucket": "cut-off", "Key": "half"}, ExpiresIn=600)
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=20)
    connection.putrequest("PUT", url.split(f":{cloud.port}", 1)[1])
    connection.putheader("Content-Length", str(20 * MB))
    connection.endheaders()
    connection.send(b"x" * 5 * MB)
    conftest.wait_until(lambda: files_under(cloud.data / "s3/tmp"), what="the body's file")
    assert code_of(s3.head_object, Bucket="cut-off", Key="half") == "404"
    connection.close()
    conftest.wait_until(lambda: not files_under(cloud.data / "s3"), what="the file's end")
    assert code_of(s3.head_object, Bucket="cut-off", Key="half") == "404"


def test_kill_9_in_the_middle_of_a_body_leaves_no_orphan(new_cloud, tmp_path):
    cloud = new_cloud(data=tmp_path / "data")
    s3 = cloud.client("s3", signature_version="s3v4")
    s3.create_bucket(Bucket="cut-off")
    s3.put_object(Bucket="cut-off", Key="kept", Body=b"k" * 2 * MB)
    url = s3.generate_presigned_url("put_object", {"Bucket": "cut-off", "Key": "half"}, ExpiresIn=600)
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=20)
    connection.putrequest("PUT", url.split(f":{cloud.port}", 1)[1])
    connection.putheader("Content-Length", str(20 * MB))
    connection.endheaders()
    connection.send(b"x" * 5 * MB)
    conftest.wait_until(lambda: files_under(cloud.data / "s3/tmp"), what="the body's file")
    cloud.kill()
    again = new_cloud(data=tmp_path / "data")
    s3 = again.client("s3")
    assert [o["Key"] for o in s3.list_objects_v2(Bucket="cut-off")["Contents"]] == ["kept"]
    assert s3.get_object(Bucket="cut-off", Key="kept")["Body"].read() == b"k" * 2 * MB
    assert len(files_under(again.data / "s3")) == 1


def test_a_large_body_that_is_refused_is_answered(cloud, s3, bucket, unique):
    absent = unique("absent")
    assert code_of(s3.put_object, Bucket=absent, Key="k", Body=b"x" * 5 * MB) == "NoSuchBucket"
    wrong = "A" * 22 + "=="
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"x" * 5 * MB, ContentMD5=wrong) == "BadDigest"
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"x" * 5 * MB, ChecksumCRC32="AAAAAA==") == "BadDigest"
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"x" * 5 * MB, ServerSideEncryption="aws:kms") == "NotImplemented"
    assert code_of(s3.head_object, Bucket=bucket, Key="k") == "404"


@pytest.mark.parametrize("size", [10, 3 * MB])
@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "SHA1", "SHA256"])
def test_checksums_are_computed_and_given_back(s3, bucket, algorithm, size):
    if algorithm == "CRC32C":
        pytest.importorskip("awscrt")
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"x" * size, ChecksumAlgorithm=algorithm)
    got = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert put[f"Checksum{algorithm}"] == got[f"Checksum{algorithm}"]


def crc64nvme(data):
    crc = 0xFFFFFFFFFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x9A6C9329AC4BC9B5 if crc & 1 else 0)
    return (crc ^ 0xFFFFFFFFFFFFFFFF).to_bytes(8, "big")


@pytest.mark.parametrize("fill", [100, 2 * MB])
def test_an_unsigned_trailer_carries_the_checksum(cloud, bucket, fill):
    """As a client sends it whose default is CRC64NVME, in chunks of both codings."""
    import base64
    body = b"x" * fill
    if fill > 1000:
        name, right = "x-amz-checksum-sha256", base64.b64encode(hashlib.sha256(body).digest()).decode()
    else:
        name, right = "x-amz-checksum-crc64nvme", base64.b64encode(crc64nvme(body)).decode()
    for value, status in ((right, 200), (right[:-4] + ("AAA=" if right[-4:] != "AAA=" else "BBB="), 400)):
        framed = b"%x\r\n%s\r\n0\r\n%s:%s\r\n\r\n" % (len(body), body, name.encode(), value.encode())
        connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=20)
        connection.request("PUT", f"/{bucket}/trailer", iter([framed[:50], framed[50:]]), {
            "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "Content-Encoding": "aws-chunked",
            "x-amz-decoded-content-length": str(len(body)), "x-amz-trailer": name, "x-amz-date": "20260101T000000Z",
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"},
            encode_chunked=True)
        response = connection.getresponse()
        text = response.read()
        assert response.status == status, text
        if status == 200:
            assert response.getheader(name) == right


def test_versions_and_delete_markers(s3, bucket):
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    assert "VersionId" not in s3.put_object(Bucket=bucket, Key="k", Body=b"null")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    one = s3.put_object(Bucket=bucket, Key="k", Body=b"one")["VersionId"]
    two = s3.put_object(Bucket=bucket, Key="k", Body=b"two")["VersionId"]
    assert one != two
    read = lambda **which: s3.get_object(Bucket=bucket, Key="k", **which)["Body"].read()
    assert (read(), read(VersionId=one), read(VersionId="null")) == (b"two", b"one", b"null")
    deleted = s3.delete_object(Bucket=bucket, Key="k")
    assert deleted["DeleteMarker"] is True
    marker = deleted["VersionId"]
    with pytest.raises(botocore.exceptions.ClientError) as error:
        s3.get_object(Bucket=bucket, Key="k")
    assert error.value.response["Error"]["Code"] == "NoSuchKey"
    assert error.value.response["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    assert code_of(s3.get_object, Bucket=bucket, Key="k", VersionId=marker) == "MethodNotAllowed"
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    listed = s3.list_object_versions(Bucket=bucket)
    assert [v["VersionId"] for v in listed["Versions"]] == [two, one, "null"]
    assert [m["VersionId"] for m in listed["DeleteMarkers"]] == [marker]
    assert listed["DeleteMarkers"][0]["IsLatest"] and not listed["Versions"][0]["IsLatest"]
    # Without the marker, the object is there again.
    assert s3.delete_object(Bucket=bucket, Key="k", VersionId=marker)["DeleteMarker"] is True
    assert read() == b"two"
    assert s3.delete_object(Bucket=bucket, Key="k", VersionId=two)["VersionId"] == two
    assert read() == b"one"
    copy = s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "k", "VersionId": "null"})
    assert copy["CopySourceVersionId"] == "null"
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == b"null"
    # Suspended: puts and deletes replace the version `null` and leave the others.
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"null again")
    assert (read(), read(VersionId="null"), read(VersionId=one)) == (b"null again", b"null again", b"one")
    assert s3.delete_object(Bucket=bucket, Key="k")["VersionId"] == "null"
    assert [v["VersionId"] for v in s3.list_object_versions(Bucket=bucket, Prefix="k")["Versions"]] == [one]
    assert code_of(s3.get_object, Bucket=bucket, Key="k", VersionId="nonsense") == "InvalidArgument"
    assert code_of(s3.get_object, Bucket=bucket, Key="k", VersionId=two) == "NoSuchVersion"
    assert code_of(s3.delete_bucket, Bucket=bucket) == "BucketNotEmpty"


def test_version_listings_come_in_pages(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    made = []
    for key in ("a", "b/1", "b/2", "c"):
        made += [(key, s3.put_object(Bucket=bucket, Key=key, Body=b"x")["VersionId"]) for _ in range(3)]
    made.append(("c", s3.delete_object(Bucket=bucket, Key="c")["VersionId"]))
    seen, marker = [], {}
    while True:
        page = s3.list_object_versions(Bucket=bucket, MaxKeys=2, **marker)
        entries = page.get("Versions", []) + page.get("DeleteMarkers", [])
        assert 0 < len(entries) <= 2
        seen += [(e["Key"], e["VersionId"]) for e in entries]
        if not page["IsTruncated"]:
            break
        marker = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
    assert sorted(seen) == sorted(made) and len(seen) == len(made)
    grouped = s3.list_object_versions(Bucket=bucket, Delimiter="/")
    assert [p["Prefix"] for p in grouped["CommonPrefixes"]] == ["b/"]
    assert {e["Key"] for e in grouped["Versions"]} == {"a", "c"}
    # A prefix under which only delete markers are newest is none.
    s3.delete_object(Bucket=bucket, Key="b/1")
    s3.delete_object(Bucket=bucket, Key="b/2")
    assert "CommonPrefixes" not in s3.list_objects_v2(Bucket=bucket, Delimiter="/")


def test_a_multipart_upload(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="dir/big", ContentType="x/y", Metadata={"who": "me"})["UploadId"]
    bodies = [b"a" * 5 * MB, b"b" * 6 * MB, b"tail"]
    parts = []
    for number, body in enumerate(bodies, 1):
        etag = s3.upload_part(Bucket=bucket, Key="dir/big", UploadId=upload, PartNumber=number, Body=body)["ETag"]
        assert etag.strip('"') == hashlib.md5(body).hexdigest()
        parts.append({"PartNumber": number, "ETag": etag})
    assert [p["Size"] for p in s3.list_parts(Bucket=bucket, Key="dir/big", UploadId=upload)["Parts"]] == list(map(len, bodies))
    assert [u["Key"] for u in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == ["dir/big"]
    assert s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")["CommonPrefixes"] == [{"Prefix": "dir/"}]
    assert code_of(s3.head_object, Bucket=bucket, Key="dir/big") == "404"
    arguments = {"Bucket": bucket, "Key": "dir/big", "UploadId": upload}
    assert code_of(s3.complete_multipart_upload, **arguments, MultipartUpload={"Parts": parts[::-1]}) == "InvalidPartOrder"
    small = [parts[0], parts[2]]
    assert s3.list_parts(**arguments, MaxParts=1)["IsTruncated"]
    done = s3.complete_multipart_upload(**arguments, MultipartUpload={"Parts": parts})
    digests = b"".join(hashlib.md5(body).digest() for body in bodies)
    assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    got = s3.get_object(Bucket=bucket, Key="dir/big")
    assert got["Body"].read() == b"".join(bodies) and got["Metadata"] == {"who": "me"} and got["ContentType"] == "x/y"
    second = s3.get_object(Bucket=bucket, Key="dir/big", PartNumber=2)
    assert second["Body"].read() == bodies[1] and second["PartsCount"] == 3
    attributes = s3.get_object_attributes(Bucket=bucket, Key="dir/big", ObjectAttributes=["ObjectParts", "ObjectSize", "ETag"])
    assert attributes["ObjectParts"]["TotalPartsCount"] == 3 and attributes["ObjectSize"] == sum(map(len, bodies))
    assert code_of(s3.complete_multipart_upload, **arguments, MultipartUpload={"Parts": small}) == "NoSuchUpload"
    # Parts of a copy, and an upload that is given up.
    upload = s3.create_multipart_upload(Bucket=bucket, Key="copy")["UploadId"]
    etags = [s3.upload_part_copy(Bucket=bucket, Key="copy", UploadId=upload, PartNumber=n, CopySource=f"{bucket}/dir/big",
                                 CopySourceRange=r)["CopyPartResult"]["ETag"]
             for n, r in ((1, f"bytes=0-{5 * MB - 1}"), (2, f"bytes={11 * MB}-{11 * MB + 3}"))]
    s3.complete_multipart_upload(Bucket=bucket, Key="copy", UploadId=upload, MultipartUpload={
        "Parts": [{"PartNumber": n, "ETag": e} for n, e in enumerate(etags, 1)]})
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == bodies[0] + b"tail"
    upload = s3.create_multipart_upload(Bucket=bucket, Key="given-up")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="given-up", UploadId=upload, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(Bucket=bucket, Key="given-up", UploadId=upload)
    assert code_of(s3.list_parts, Bucket=bucket, Key="given-up", UploadId=upload) == "NoSuchUpload"


def test_conditional_reads_and_writes(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")["ETag"]
    assert s3.get_object(Bucket=bucket, Key="k", IfMatch=etag, Range="bytes=2-4")["Body"].read() == b"234"
    assert code_of(s3.get_object, Bucket=bucket, Key="k", IfMatch='"other"') == "PreconditionFailed"
    assert code_of(s3.get_object, Bucket=bucket, Key="k", IfNoneMatch=etag) == "304"
    assert code_of(s3.get_object, Bucket=bucket, Key="k", Range="bytes=10-") == "InvalidRange"
    assert code_of(s3.copy_object, Bucket=bucket, Key="c", CopySource=f"{bucket}/k", CopySourceIfMatch='"other"') == "PreconditionFailed"


def put_with(cloud, bucket, headers, body=b"x"):
    request = urllib.request.Request(f"{cloud.endpoint}/{bucket}/once", body, headers, method="PUT")
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code


def test_a_write_that_must_be_the_first(cloud, s3, bucket):
    assert put_with(cloud, bucket, {"If-None-Match": "*"}) == 200
    assert put_with(cloud, bucket, {"If-None-Match": "*"}) == 412
    etag = s3.head_object(Bucket=bucket, Key="once")["ETag"]
    assert put_with(cloud, bucket, {"If-Match": '"other"'}) == 412
    assert put_with(cloud, bucket, {"If-Match": etag}) == 200
    s3.delete_object(Bucket=bucket, Key="once")
    assert put_with(cloud, bucket, {"If-Match": etag}) == 404
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(put_with(cloud, bucket, {"If-None-Match": "*"})))
               for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [412] * 7


@pytest.mark.parametrize("host", ["{}.s3.localhost.localstack.cloud", "{}.s3.us-east-1.amazonaws.com", "{}.localhost"])
def test_virtual_hosts(cloud, s3, bucket, host):
    # (The bucket's name begins with s3-, as some hosts of AWS's own do.)
    s3.put_object(Bucket=bucket, Key="dir/a b", Body=b"text")
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=20)
    headers = {"Host": host.format(bucket), "x-amz-date": "20260101T000000Z", "Authorization":
               "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"}
    connection.request("GET", "/dir/a%20b", headers=headers)
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"text")


def test_settings_of_a_bucket(s3, bucket):
    rules = [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://*.example.com"], "MaxAgeSeconds": 60}]
    assert code_of(s3.get_bucket_cors, Bucket=bucket) == "NoSuchCORSConfiguration"
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == rules
    bad = [{"AllowedMethods": ["PATCH"], "AllowedOrigins": ["*"]}]
    assert code_of(s3.put_bucket_cors, Bucket=bucket, CORSConfiguration={"CORSRules": bad}) == "InvalidRequest"
    s3.delete_bucket_cors(Bucket=bucket)
    assert code_of(s3.get_bucket_cors, Bucket=bucket) == "NoSuchCORSConfiguration"
    lifecycle = {"Rules": [{"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}}]}
    assert code_of(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == "NoSuchLifecycleConfiguration"
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=lifecycle)
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == lifecycle["Rules"]
    empty_rule = {"Rules": [{"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}}]}
    assert code_of(s3.put_bucket_lifecycle_configuration, Bucket=bucket, LifecycleConfiguration=empty_rule) == "InvalidRequest"
    s3.delete_bucket_lifecycle(Bucket=bucket)
    assert code_of(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == "NoSuchLifecycleConfiguration"


def test_aws_s3_cp_and_sync_up_and_down(cloud, s3, bucket, tmp_path):
    def aws(*arguments):
        out = subprocess.run(["/usr/bin/aws", "--endpoint-url", cloud.endpoint, "s3", *map(str, arguments)],
                             env={**os.environ, **conftest.ENVIRONMENT}, capture_output=True, text=True)
        assert out.returncode == 0, out.stderr
        return out.stdout
    up, down = tmp_path / "up", tmp_path / "down"
    for name, size in {"a.txt": 10, "dir/b ü.bin": 3 * MB, "dir/deep/c.bin": 20 * MB, "empty": 0}.items():
        path = up / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(Generated(size).read())
    aws("sync", up, f"s3://{bucket}/x")  # the 20 MB go as a multipart upload
    assert s3.head_object(Bucket=bucket, Key="x/dir/deep/c.bin")["ETag"].endswith('-3"')
    aws("sync", f"s3://{bucket}/x", down)
    for path in files_under(up):
        assert (down / path.relative_to(up)).read_bytes() == path.read_bytes()
    assert aws("sync", up, f"s3://{bucket}/x") == ""
    aws("cp", up / "dir/b ü.bin", f"s3://{bucket}/one")
    aws("cp", f"s3://{bucket}/one", tmp_path / "one")
    assert (tmp_path / "one").read_bytes() == (up / "dir/b ü.bin").read_bytes()
    aws("mv", f"s3://{bucket}/one", f"s3://{bucket}/two")
    assert "two" in aws("ls", f"s3://{bucket}/")
    aws("rm", "--recursive", f"s3://{bucket}/")
    assert aws("ls", f"s3://{bucket}/") == ""


def test_the_javascript_sdk_streams_with_checksums(cloud, s3, bucket, npm_install):
    folder = npm_install({"@aws-sdk/client-s3": "3.840.0", "@aws-sdk/client-dynamodb": "3.840.0",
                          "@aws-sdk/s3-request-presigner": "3.840.0"})
    script = folder / "s3-test.mjs"
    script.write_text("""
      import {S3Client, PutObjectCommand, GetObjectCommand, HeadObjectCommand} from "@aws-sdk/client-s3";
      import {Readable} from "node:stream";
      const s3 = new S3Client({endpoint: process.env.ENDPOINT, forcePathStyle: true});
      const Bucket = process.env.BUCKET, size = 8 * 1024 * 1024;
      const body = () => Readable.from((function* () { for (let i = 0; i < 128; i++) yield Buffer.alloc(65536, i); })());
      const out = {};
      for (const ChecksumAlgorithm of [undefined, "CRC32C", "SHA256"]) {
        const put = await s3.send(new PutObjectCommand({Bucket, Key: "k", Body: body(), ContentLength: size, ChecksumAlgorithm}));
        const head = await s3.send(new HeadObjectCommand({Bucket, Key: "k", ChecksumMode: "ENABLED"}));
        const got = await s3.send(new GetObjectCommand({Bucket, Key: "k"}));  // verified by the SDK
        const bytes = await got.Body.transformToByteArray();
        const name = "Checksum" + (ChecksumAlgorithm ?? "CRC32");
        out[name] = bytes.length === size && put[name] === head[name] && !!put[name];
      }
      console.log(JSON.stringify(out));
    """)
    out = subprocess.run(["node", str(script)], capture_output=True, text=True,
                         env={**os.environ, **conftest.ENVIRONMENT, "ENDPOINT": cloud.endpoint, "BUCKET": bucket})
    assert out.returncode == 0, out.stderr
    assert json.loads(out.stdout) == {"ChecksumCRC32": True, "ChecksumCRC32C": True, "ChecksumSHA256": True}


def test_pages_of_this_machine_may_what_cors_rules_say(cloud, client, unique):
    """A page that localhost serves, as a browser asks for it: preflight first, then the request with its Origin."""
    s3, bucket, page = client("s3"), unique("cors"), "http://localhost:5173"
    s3.create_bucket(Bucket=bucket)
    url = f"{cloud.endpoint}/{bucket}/a"

    def ask(method, headers, data=None):
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                return response.status, response.headers, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    asks = {"Origin": page, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
    status, headers, body = ask("OPTIONS", asks)
    assert status == 403 and "CORS is not enabled for this bucket" in body
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [
        {"AllowedMethods": ["PUT", "GET"], "AllowedOrigins": ["http://localhost:*"], "AllowedHeaders": ["*"],
         "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60}]})
    status, headers, body = ask("OPTIONS", asks)
    assert status == 200
    assert headers["Access-Control-Allow-Origin"] == page
    assert headers["Access-Control-Allow-Headers"] == "content-type"
    assert ask("OPTIONS", {**asks, "Access-Control-Request-Method": "DELETE"})[0] == 403
    for size in (1, 2_000_000):  # in memory, and as a stream
        status, headers, body = ask("PUT", {"Origin": page, "Content-Type": "text/plain"}, b"x" * size)
        assert (status, headers["Access-Control-Allow-Origin"], headers["Access-Control-Expose-Headers"]) == (
            200, page, "ETag")
    status, headers, body = ask("GET", {"Origin": page})
    assert (status, headers["Access-Control-Allow-Credentials"], len(body)) == (200, "true", 2_000_000)
    assert "Access-Control-Allow-Origin" not in ask("DELETE", {"Origin": page})[1]
    # Without an Origin it is nobody's page.
    assert "Access-Control-Allow-Origin" not in ask("GET", {})[1]
    # A foreign page is kept out, be there a rule for everybody.
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]})
    status, headers, body = ask("GET", {"Origin": "https://evil.example"})
    assert status == 403 and "Access-Control-Allow-Origin" not in headers
    assert ask("OPTIONS", {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"})[0] == 403
    s3.delete_bucket_cors(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="a")
    s3.delete_bucket(Bucket=bucket)


def test_lifecycle_rules_are_applied_when_they_are_put(s3, unique):
    bucket = unique("life")
    s3.create_bucket(Bucket=bucket)
    for key in ("old/a", "new/b"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [
        {"ID": "past", "Status": "Enabled", "Filter": {"Prefix": "old/"}, "Expiration": {"Date": "2020-01-01T00:00:00Z"}},
        {"ID": "later", "Status": "Enabled", "Filter": {"Prefix": "new/"}, "Expiration": {"Days": 30}}]})
    conftest.wait_until(lambda: s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1, 20, "the sweep")
    assert 'rule-id="later"' in s3.head_object(Bucket=bucket, Key="new/b")["Expiration"]
    s3.delete_object(Bucket=bucket, Key="new/b")
    s3.delete_bucket(Bucket=bucket)


def test_lifecycle_rules_come_due_by_the_clouds_clock(dew, new_cloud):
    cloud = new_cloud()
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="life")
    s3.put_bucket_versioning(Bucket="life", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_lifecycle_configuration(Bucket="life", LifecycleConfiguration={"Rules": [
        {"Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3},
         "NoncurrentVersionExpiration": {"NoncurrentDays": 2}},
        {"Status": "Enabled", "Filter": {}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}]})
    s3.put_object(Bucket="life", Key="tmp/a", Body=b"x", Tagging="a=b")
    s3.put_object(Bucket="life", Key="kept", Body=b"x")
    s3.create_multipart_upload(Bucket="life", Key="big")

    def after(days):
        """(keys, versions and delete markers, uploads) so many days later."""
        subprocess.run([dew, "clock", "advance", f"{days * 24}h", "--endpoint", cloud.endpoint], check=True,
                       capture_output=True)
        versions = s3.list_object_versions(Bucket="life")
        return ([o["Key"] for o in s3.list_objects_v2(Bucket="life")["Contents"]],
                len(versions.get("Versions", [])), len(versions.get("DeleteMarkers", [])),
                len(s3.list_multipart_uploads(Bucket="life").get("Uploads", [])))

    assert after(2) == (["kept", "tmp/a"], 2, 0, 1)
    assert after(2) == (["kept"], 2, 1, 1)
    # The version is noncurrent for two days, and then its marker, three days old, hides nothing.
    assert after(3) == (["kept"], 1, 0, 1)
    assert after(2) == (["kept"], 1, 0, 0)
