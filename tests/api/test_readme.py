"""The README's session is what happens: its commands run against the example, and the answers have its form."""

import json
import os
import re
import subprocess

from conftest import ENVIRONMENT, ROOT


def session():
    block = re.search(r"```console\n(.*?)```", (ROOT / "README.md").read_text(), re.S).group(1)
    steps = []
    for line in block.splitlines():
        if line.startswith("$ "):
            steps.append((line[2:], []))
        else:
            steps[-1][1].append(line)
    return [(command, "\n".join(output)) for command, output in steps]


def form(value):
    """The value without what differs each time: ids and times."""
    if isinstance(value, dict):
        return {k: "…" if k in ("id", "createdAt", "updatedAt") else form(v) for k, v in value.items()}
    return [form(v) for v in value] if isinstance(value, list) else value


def test_the_session_in_the_readme(dew):
    steps = session()
    assert len(steps) >= 5
    script = "\n".join(f"echo '@@@'; {command}; echo" for command, _ in steps)
    script = script.replace("http://localhost:3000/dev", "$DEW_API_URL").replace("build/release/dew", dew)
    process = subprocess.run([dew, "exec", str(ROOT / "examples/users-cpp"), "--", "bash", "-c", script], cwd=ROOT,
                             env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, timeout=280)
    assert process.returncode == 0, process.stderr
    answers = [part.strip() for part in process.stdout.split("@@@\n")[1:]]
    assert len(answers) == len(steps)
    for (command, expected), answer in zip(steps, answers):
        if expected:
            assert form(json.loads(answer)) == form(json.loads(expected)), command
        else:
            assert answer == "", command
