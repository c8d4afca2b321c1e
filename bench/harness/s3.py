"""S3 as the bench uses it: a bucket, objects of 1 KB and 100 MB, and one connection that moves the large one."""

import socket
import time
import urllib.parse
import urllib.request

from . import aws
from .processes import BenchError, NO_PROXY

BUCKET = "bench"
SMALL = b"x" * 1024
LARGE_BYTES = 100 * 1000 * 1000
BLOCK = bytes(range(256)) * 4096  # 1 MB


def request(url, method, path, body=None, headers=None):
    full = urllib.request.Request(urllib.parse.urljoin(url, path), body, {**aws.headers("s3"), **(headers or {})}, method=method)
    with NO_PROXY.open(full, timeout=60) as response:
        return response.read()


def prepare(url):
    request(url, "PUT", f"/{BUCKET}")
    request(url, "PUT", f"/{BUCKET}/small", SMALL)
    put_large(url, "large")


def heads(url, length):
    lines = "".join(f"{name}: {value}\r\n" for name, value in aws.headers("s3").items())
    return f"Host: {urllib.parse.urlsplit(url).netloc}\r\n{lines}x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n{length}\r\n"


def small_gets(url):
    return [f"GET /{BUCKET}/small HTTP/1.1\r\n{heads(url, '')}"]


def small_puts(url, keys=1000):
    head = heads(url, f"Content-Length: {len(SMALL)}\r\n")
    return [f"PUT /{BUCKET}/k{i} HTTP/1.1\r\n{head}{SMALL.decode()}" for i in range(keys)]


def connect(url):
    parts = urllib.parse.urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=60)


def answer_head(connection):
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            raise BenchError(f"the connection ended: {received!r}")
        received += piece
    head, rest = received.split(b"\r\n\r\n", 1)
    if not head.startswith(b"HTTP/1.1 200"):
        raise BenchError(f"not answered well: {received[:300]!r}")
    return head, rest


def put_large(url, key):
    """Megabytes a second."""
    with connect(url) as connection:
        start = time.perf_counter()
        connection.sendall(f"PUT /{BUCKET}/{key} HTTP/1.1\r\n{heads(url, f'Content-Length: {LARGE_BYTES}' + chr(13) + chr(10))}".encode())
        left = LARGE_BYTES
        while left > 0:
            piece = BLOCK[:left]
            connection.sendall(piece)
            left -= len(piece)
        answer_head(connection)
        return LARGE_BYTES / 1e6 / (time.perf_counter() - start)


def get_large(url, path):
    """Megabytes a second."""
    into = bytearray(1 << 20)
    with connect(url) as connection:
        start = time.perf_counter()
        connection.sendall(f"GET {path} HTTP/1.1\r\n{heads(url, '')}".encode())
        _, rest = answer_head(connection)
        got = len(rest)
        while got < LARGE_BYTES:
            count = connection.recv_into(into)
            if count == 0:
                raise BenchError(f"the answer ended after {got} bytes")
            got += count
        return LARGE_BYTES / 1e6 / (time.perf_counter() - start)
