"""Child processes of the bench: started in their own group, stopped by that group, never by name."""

import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "bench"
NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class BenchError(Exception):
    """Something that makes a figure impossible; its text says what to look at."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Child:
    """One program with its output in build/bench/logs/NAME.log."""

    def __init__(self, name, command, cwd=None, env=None, stdout=None):
        logs = WORK / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.log = logs / f"{name}.log"
        with open(self.log, "wb") as log:
            self.started = time.perf_counter()
            self.process = subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=stdout or log,
                stderr=log,
                start_new_session=True,
            )

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()

    def stop(self):
        for how, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 5)):
            if self.process.poll() is None:
                try:
                    os.killpg(self.process.pid, how)
                    self.process.wait(patience)
                except (ProcessLookupError, subprocess.TimeoutExpired):
                    pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # what the program left behind in its group
        except ProcessLookupError:
            pass

    def fail(self, what):
        tail = self.log.read_text(errors="replace")[-2000:]
        raise BenchError(f"{self.name}: {what}; the end of {self.log}:\n{tail}")

    def wait_for(self, url, timeout=120.0):
        """Seconds from the program's start to the first 200 of `url`."""
        while True:
            try:
                with NO_PROXY.open(url, timeout=5) as response:
                    if response.status == 200:
                        return time.perf_counter() - self.started
            except (urllib.error.URLError, OSError):
                pass
            if self.process.poll() is not None:
                self.fail(f"it ended with status {self.process.returncode}")
            if time.perf_counter() - self.started > timeout:
                self.fail(f"no 200 from {url} in {timeout:.0f} s")
            time.sleep(0.0005)

    def memory_mib(self):
        """(RSS, PSS) of the program and its descendants, MiB."""
        rss = pss = 0
        for pid in family(self.process.pid):
            try:
                text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            for line in text.splitlines():
                if line.startswith("Rss:"):
                    rss += int(line.split()[1])
                elif line.startswith("Pss:"):
                    pss += int(line.split()[1])
        return rss / 1024, pss / 1024


def run_ms(name, command, cwd=None, env=None, timeout=300):
    """Milliseconds from the start of a program to its end, which must be a success."""
    with Child(name, command, cwd=cwd, env=env) as child:
        try:
            status = child.process.wait(timeout)
        except subprocess.TimeoutExpired:
            child.fail(f"it did not end in {timeout} s")
        took = time.perf_counter() - child.started
        if status != 0:
            child.fail(f"it ended with status {status}")
    return took * 1000


def family(pid):
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents.setdefault(int(stat.rsplit(")", 1)[1].split()[1]), []).append(int(entry.name))
    found, queue = [], [pid]
    while queue:
        one = queue.pop()
        found.append(one)
        queue.extend(parents.get(one, []))
    return found
