"""What a function that prints as fast as it can costs the others, beside one that computes as fast as it can."""

import threading
import time

from . import aws, cloud, load
from .processes import BenchError, ROOT

FOLDER = ROOT / "bench" / "flood-cpp"
BUSY = ("alone", "burn", "flood", "stream")
STREAM_MB_S = 100


class Neighbour(threading.Thread):
    """One invocation of a function that is busy for some seconds."""

    def __init__(self, up, name, seconds):
        super().__init__()
        function = "flood" if name == "stream" else name
        self.url = f"{up.aws_url}/2015-03-31/functions/flood-cpp-dev-{function}/invocations"
        self.seconds = seconds
        self.event = {"seconds": seconds, **({"mb_s": STREAM_MB_S} if name == "stream" else {})}
        self.bytes = None

    def run(self):
        self.bytes = aws.call(self.url, "lambda", self.event)["bytes"]

    def finish(self):
        self.join()
        if self.bytes is None:
            raise BenchError(f"{self.url} was not answered")
        return self.bytes


class Flood:
    """The C++ hello alone; beside a function that burns a CPU without output; beside one that prints as fast
    as it can; beside one that prints 100 MB/s. On a machine of few cores a busy neighbour takes some of them whatever it
    does: what printing costs is the third beside the second."""

    def __init__(self, plan, stack):
        self.plan = plan
        self.up = cloud.Up(FOLDER, "/hello", "--no-logs")
        self.child = stack.enter_context(self.up.start("flood"))
        load.run(self.up.url, 16, 1, load.get(self.up.url))

    def measure(self, figures):
        requests = load.get(self.up.url)
        for name in BUSY:
            busy = None
            if name != "alone":
                busy = Neighbour(self.up, name, 2 * self.plan.seconds + 1.5)
                busy.start()
                time.sleep(0.5)  # it has started
            one = load.run(self.up.url, 1, self.plan.seconds, requests)
            many = load.run(self.up.url, 16, self.plan.seconds, requests)
            figures.add(f"{name}_p50_us", one.p50_us)
            figures.add(f"{name}_p99_us", one.p99_us)
            figures.add(f"{name}_p50_16_us", many.p50_us)
            figures.add(f"{name}_p99_16_us", many.p99_us)
            figures.add(f"{name}_rate_16", many.rate)
            if busy is None:
                continue
            if not busy.is_alive():
                raise BenchError(f"{name} had ended before the others were measured")
            printed = busy.finish()
            if name in ("flood", "stream"):
                figures.add(f"{name}_mb_s", printed / busy.seconds / 1e6)
            if name == "flood":
                figures.add("flood_rss_mib", self.child.memory_mib()[0])
