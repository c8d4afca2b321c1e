"""What observing costs, how fast it takes in, and how fast it answers: logs, metrics and traces."""

import concurrent.futures
import http.client
import json
import pathlib
import random
import socket
import time
import urllib.parse

from . import aws, cloud, load
from .processes import BenchError, NO_PROXY, free_port

GROUP = "/bench/observe"
LINE = "2026-01-01T00:00:00.000Z INFO  GET /users/%06d 200 in %d.%d ms, answered by an environment that was warm"
NEEDLE_EVERY = 1_000_000  # one line of so many has the word that is looked for
DAY = 86_400
METRICS = 4  # of a value a minute each, a year long
UDP_HEADER = '{"format": "json", "version": 1}\n'


def post(url, path, service, body, **more):
    lines = {"Host": urllib.parse.urlsplit(url).netloc, **aws.headers(service), "Content-Length": len(body), **more}
    return f"POST {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + f"\r\n{body}"


def json_call(url, service, target, body):
    kind = "application/x-amz-json-1.0" if service == "monitoring" else "application/x-amz-json-1.1"
    return post(url, "/", service, json.dumps(body), **{"Content-Type": kind, "X-Amz-Target": target})


def make_streams(url, count):
    aws.call(url, "logs", {"logGroupName": GROUP}, target="Logs_20140328.CreateLogGroup")
    for i in range(count):
        aws.call(url, "logs", {"logGroupName": GROUP, "logStreamName": f"s{i}"}, target="Logs_20140328.CreateLogStream")


def line(number):
    return LINE % (number % 1_000_000, number % 90, number % 10)


# ---- requests of one kind, for the client

LINES_A_PUT, DATA_A_PUT, SEGMENTS_A_PUT = 1000, 100, 25


def log_puts(url, streams):
    now = int(time.time() * 1000)
    return [json_call(url, "logs", "Logs_20140328.PutLogEvents", {
        "logGroupName": GROUP, "logStreamName": f"s{i % streams}",
        "logEvents": [{"timestamp": now, "message": line(i * LINES_A_PUT + n)} for n in range(LINES_A_PUT)]})
        for i in range(2 * streams)]


def metric_puts(url):
    """A thousand metrics, of a hundred hosts: each request brings one value for a hundred of them."""
    some = random.Random(1)
    return [json_call(url, "monitoring", "GraniteServiceVersion20100801.PutMetricData", {
        "Namespace": "Bench", "MetricData": [
            {"MetricName": f"m{n % 10}", "Unit": "Milliseconds", "Value": some.randint(1, 4000) / 8,
             "Dimensions": [{"Name": "Host", "Value": f"h{(i * 10 + n // 10) % 100}"}]} for n in range(DATA_A_PUT)]})
        for i in range(200)]


def segment(number, start, name):
    """Five of one trace."""
    return (f'{{"trace_id":"1-{int(start):08x}-{number // 5:024x}","id":"{number + 1:016x}","name":"{name}",'
            f'"start_time":{start:.3f},"end_time":{start + 0.25:.3f},"origin":"AWS::Lambda::Function",'
            '"http":{"request":{"method":"GET","url":"http://127.0.0.1/users/1"},"response":{"status":200}},'
            f'"annotations":{{"tenant":"t{number % 100}"}},'
            f'"subsegments":[{{"id":"{number + (1 << 40):016x}","name":"DynamoDB","namespace":"aws",'
            f'"start_time":{start:.3f},"end_time":{start + 0.125:.3f},'
            '"aws":{"operation":"GetItem","table_name":"users"}}]}')


def segment_puts(url):
    start = time.time() - 60
    return [post(url, "/TraceSegments", "xray", json.dumps({
        "TraceSegmentDocuments": [segment(i * SEGMENTS_A_PUT + n, start, "put") for n in range(SEGMENTS_A_PUT)]}),
        **{"Content-Type": "application/json"}) for i in range(2000)]


def datagrams(port, seconds):
    """As many segments as one thread can send: (sent, seconds it took, when they say that they began)."""
    start = float(int(time.time()))
    head, number = UDP_HEADER, 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect(("127.0.0.1", port))
        began = time.perf_counter()
        while (took := time.perf_counter() - began) < seconds:
            for _ in range(50):
                out.send((head + segment(number, start, "udp")).encode())
                number += 1
    return number, took, start


def segments_of(url, name, start):
    services = aws.call(url + "ServiceGraph", "xray", {"StartTime": start - 1, "EndTime": start + 1})["Services"]
    return sum(s["SummaryStatistics"]["TotalCount"] for s in services if s["Name"] == name and "SummaryStatistics" in s)


# ---- much at once, for queries

def send_all(url, bodies, target, service, workers=4):
    """Every body once."""
    parts = urllib.parse.urlsplit(url)
    kind = "application/x-amz-json-1.0" if service == "monitoring" else "application/x-amz-json-1.1"
    headers = {**aws.headers(service), "Content-Type": kind, "X-Amz-Target": target}
    connections = [http.client.HTTPConnection(parts.hostname, parts.port, timeout=120) for _ in range(workers)]

    def send(connection, body):
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise BenchError(f"{target}: {answer.status} {text[:300]!r}")

    # One connection is one worker's; bodies are made as they are needed, so that few are in memory.
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        waiting = []
        for turn, body in enumerate(bodies):
            if len(waiting) >= workers:
                waiting.pop(0).result()
            waiting.append(pool.submit(send, connections[turn % workers], body))
        for one in waiting:
            one.result()
    for connection in connections:
        connection.close()


def log_bodies(lines, streams=4, batch=8000):
    """Of the last ten hours, in the order of time; a stream is always the same worker's."""
    now, span = int(time.time() * 1000), 10 * 3600 * 1000
    texts = [json.dumps(line(n)) for n in range(batch)]
    for number, first in enumerate(range(0, lines, batch)):
        count = min(batch, lines - first)
        start = now - span + span * first // lines
        events = [f'{{"timestamp":{start},"message":{text}}}' for text in texts[:count]]
        if first // NEEDLE_EVERY != (first + count) // NEEDLE_EVERY or first == 0:
            events[count // 2] = f'{{"timestamp":{start},"message":"the needle {first}"}}'
        yield (f'{{"logGroupName":"{GROUP}","logStreamName":"s{number % streams}","logEvents":['
               + ",".join(events) + "]}").encode()


def find_needles(url):
    """Every page of FilterLogEvents: what was found, seconds."""
    found, token = 0, {}
    began = time.perf_counter()
    while True:
        page = aws.call(url, "logs", {"logGroupName": GROUP, "filterPattern": "needle", **token},
                        target="Logs_20140328.FilterLogEvents")
        found += len(page["events"])
        if "nextToken" not in page:
            return found, time.perf_counter() - began
        token = {"nextToken": page["nextToken"]}


def metric_bodies(start, end):
    some = random.Random(int(start))
    data = []
    for minute in range(int(start), int(end), 60):
        for n in range(METRICS):
            data.append({"MetricName": f"m{n}", "Unit": "Milliseconds", "Timestamp": minute, "Value": some.randint(1, 400)})
        if len(data) >= 1000 - METRICS:
            yield json.dumps({"Namespace": "Year", "MetricData": data}).encode()
            data = []
    if data:
        yield json.dumps({"Namespace": "Year", "MetricData": data}).encode()


def a_year(url, days):
    """A value a minute for so many days, put in as the cloud's clock goes through them, so that what is old is
    rolled up as it would be: where the time range begins and ends."""
    begin = int(time.time()) // 3600 * 3600
    for day in range(0, days, 7):
        request = urllib.parse.urljoin(url, "_dew/clock")
        aws.call(request, "bench", {"advanceSeconds": min(7, days - day) * DAY})
        send_all(url, metric_bodies(begin + day * DAY, begin + min(day + 7, days) * DAY),
                 "GraniteServiceVersion20100801.PutMetricData", "monitoring")
    return begin, begin + days * DAY


def read_year(url, begin, end):
    """Average and p99 of every metric by the hour: data points, seconds."""
    queries = [{"Id": f"{'a' if stat == 'Average' else 'p'}{n}", "MetricStat": {
        "Metric": {"Namespace": "Year", "MetricName": f"m{n}"}, "Period": 3600, "Stat": stat}}
        for n in range(METRICS) for stat in ("Average", "p99")]
    began = time.perf_counter()
    points, token = 0, {}
    while True:
        page = aws.call(url, "monitoring", {"StartTime": begin, "EndTime": end, "MetricDataQueries": queries, **token},
                        target="GraniteServiceVersion20100801.GetMetricData")
        points += sum(len(r["Values"]) for r in page["MetricDataResults"])
        if "NextToken" not in page:
            return points, time.perf_counter() - began
        token = {"NextToken": page["NextToken"]}


class Peak:
    """What a program's memory rises to meanwhile."""

    def __init__(self, child):
        self.proc = pathlib.Path("/proc") / str(child.process.pid)
        self.proc.joinpath("clear_refs").write_text("5")

    def mib(self):
        for text in self.proc.joinpath("status").read_text().splitlines():
            if text.startswith("VmHWM:"):
                return int(text.split()[1]) / 1024
        raise BenchError("no VmHWM in /proc")


# ---- rows

class Observing:
    """The C++ hello at 16 connections with nothing observed (no metrics, no lines of the platform's, no tracing), and
    with all of it: metrics, log lines, active tracing of the stage and the function by the default sampling rule."""

    def __init__(self, plan, stack):
        self.plan = plan
        self.sides = {}
        for name, flags in (("blind", ("--no-metrics", "--no-logs")), ("observed", ("--no-logs",))):
            up = cloud.Up(cloud.HELLO["hello-cpp"], "/hello", *flags)
            stack.enter_context(up.start(f"observing-{name}"))
            up.observe(name == "observed")
            load.run(up.url, 16, 1, load.get(up.url))
            self.sides[name] = up

    def measure(self, figures):
        # One second after the other on each side: what the machine does meanwhile falls on both.
        for _ in range(self.plan.seconds):
            for name, up in self.sides.items():
                one = load.run(up.url, 16, 1, load.get(up.url))
                figures.add(f"{name}_rate_16", one.rate)
                figures.add(f"{name}_p50_us", one.p50_us)


class Ingest:
    """How much comes in, at 16 connections: durable before it is answered, but for datagrams, which nobody answers."""

    def __init__(self, plan, stack):
        self.plan = plan
        self.daemon = free_port()
        self.serve = cloud.Serve("--xray-port", self.daemon)
        stack.enter_context(self.serve.start("ingest"))
        make_streams(self.serve.url, 16)

    def measure(self, figures):
        url = self.serve.url
        for name, requests, each in (("log_lines", log_puts(url, 16), LINES_A_PUT), ("data_points", metric_puts(url), DATA_A_PUT),
                                     ("segments", segment_puts(url), SEGMENTS_A_PUT)):
            figures.add(f"ingest_{name}_rate", load.run(url, 16, self.plan.seconds, requests).rate * each)
        sent, took, start = datagrams(self.daemon, self.plan.seconds)
        time.sleep(0.2)  # what the socket still holds
        began = time.perf_counter()
        kept = segments_of(url, "udp", start)
        figures.add("query_graph_ms", 1000 * (time.perf_counter() - began))
        figures.add("query_graph_segments", kept)
        if kept == 0:
            raise BenchError("no segment that was sent over UDP has arrived")
        figures.add("ingest_udp_rate", kept / took)
        figures.add("ingest_udp_sent_rate", sent / took)


class Query:
    """A word in many log lines, and a year of metrics."""

    def __init__(self, plan, stack):
        self.lines, days = (10_000_000, 365) if plan.rounds > 1 else (500_000, 60)
        self.serve = cloud.Serve()
        self.child = stack.enter_context(self.serve.start("query"))
        make_streams(self.serve.url, 4)
        began = time.perf_counter()
        send_all(self.serve.url, log_bodies(self.lines), "Logs_20140328.PutLogEvents", "logs")
        self.lines_s = time.perf_counter() - began
        self.days = days
        began = time.perf_counter()
        self.range = a_year(self.serve.url, days)
        self.year_s = time.perf_counter() - began

    def measure(self, figures):
        figures.add("query_lines", self.lines)
        figures.add("query_lines_put_s", self.lines_s)
        figures.add("query_days", self.days)
        figures.add("query_days_put_s", self.year_s)
        peak = Peak(self.child)
        found, seconds = find_needles(self.serve.url)
        if found != 1 + self.lines // NEEDLE_EVERY:
            raise BenchError(f"{found} needles found in {self.lines} lines")
        figures.add("query_logs_s", seconds)
        figures.add("query_logs_rss_mib", peak.mib())
        peak = Peak(self.child)
        points, seconds = read_year(self.serve.url, *self.range)
        if points != self.days * 24 * METRICS * 2:
            raise BenchError(f"{points} data points of {self.days} days")
        figures.add("query_year_ms", seconds * 1000)
        figures.add("query_year_rss_mib", peak.mib())
