"""wrk, run and read."""

import json
import subprocess

from .processes import BenchError, ROOT

LUA = ROOT / "bench" / "lua"


class Load:
    """What one run of wrk measured."""

    def __init__(self, figures):
        self.rate = figures["requests"] / (figures["duration_us"] / 1e6)  # requests a second
        self.p50_us = figures["p50_us"]
        self.p99_us = figures["p99_us"]


def run(url, connections, seconds, script="get.lua", arguments=()):
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s",
               "-s", str(LUA / script), url, "--", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    line = next((l for l in done.stdout.splitlines() if l.startswith("{")), None)
    if done.returncode != 0 or line is None:
        raise BenchError(f"wrk failed on {url}: {done.stderr or done.stdout}")
    figures = json.loads(line)
    if figures["requests"] == 0 or figures["bad_status"] or figures["socket_errors"]:
        raise BenchError(f"not every request to {url} was answered well: {line}")
    return Load(figures)
