"""What Dewpoint is measured beside: serverless-offline, dynalite, and nginx in front of a plain C++ server."""

import os
import shutil
import subprocess
import sys

from . import aws
from .processes import BenchError, Child, ROOT, WORK, free_port, run_ms

PEERS = WORK / "peers"
POLICY = ROOT / "build" / "release" / "bench" / "dew_bench_policy"
PEER = ROOT / "build" / "release" / "bench" / "dew_bench_peer"


def install():
    """npm installs what bench/peers/package.json names, once per content of that file."""
    wanted = (ROOT / "bench" / "peers" / "package.json").read_text()
    have = PEERS / "package.json"
    done = PEERS / "installed"
    if done.exists() and have.exists() and have.read_text() == wanted:
        return
    print("installing serverless-offline, osls and dynalite with npm", file=sys.stderr)
    PEERS.mkdir(parents=True, exist_ok=True)
    have.write_text(wanted)
    result = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], cwd=PEERS)
    if result.returncode != 0:
        raise BenchError("npm could not install the peers of bench/peers/package.json")
    done.touch()


class Offline:
    """serverless-offline with the Node hello; its own defaults (handlers in worker threads)."""

    def __init__(self):
        install()
        self.folder = WORK / "offline"
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("serverless.yml", "handler.js"):
            shutil.copy(ROOT / "bench" / "hello-node" / name, self.folder / name)
        modules = self.folder / "node_modules"
        if not modules.is_symlink():
            os.symlink(PEERS / "node_modules", modules)

    def start(self):
        port = free_port()
        self.url = f"http://localhost:{port}/dev/hello"
        child = Child(
            "serverless-offline",
            ["node", PEERS / "node_modules" / "serverless" / "bin" / "serverless.js", "offline", "start",
             "--host", "127.0.0.1", "--httpPort", port, "--lambdaPort", free_port()],
            cwd=self.folder,
            env={"SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off", "CI": "1"},
        )
        self.url = f"http://127.0.0.1:{port}/dev/hello"
        self.ready_s = child.wait_for(self.url)
        return child


class Osls:
    """osls, the maintained fork of the Serverless Framework 3, with a copy of the Users application that is built."""

    def __init__(self, application):
        install()
        self.folder = WORK / "osls"
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("serverless.yml", "bootstrap"):
            shutil.copy(application / name, self.folder / name)

    def deploy_ms(self, endpoint):
        return run_ms("osls-deploy", ["node", PEERS / "node_modules" / "osls" / "bin" / "serverless.js", "deploy"],
                      cwd=self.folder,
                      env={**aws.KEYS, "AWS_ENDPOINT_URL": endpoint, "NODE_NO_WARNINGS": "1", "CI": "1",
                           "SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off"})


class Dynalite:
    """dynalite in memory, tables active at once."""

    def __init__(self):
        install()

    def start(self):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/"
        child = Child("dynalite", ["node", PEERS / "node_modules" / "dynalite" / "cli.js",
                                   "--port", port, "--createTableMs", "0"])
        aws.prepare_table(self.url, child)
        return child


class Plain:
    """The C++ hello as a plain HTTP server: what the machine can do without any cloud."""

    def start(self):
        if not PEER.exists():
            raise BenchError(f"{PEER} is missing: ./dev bench builds it")
        child = Child("plain", [PEER, "serve"], stdout=subprocess.PIPE)
        self.port = int(child.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}/hello"
        child.wait_for(self.url)
        return child


NGINX = """
worker_processes auto;
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000;
  upstream plain {{
    server 127.0.0.1:{upstream};
    keepalive 64;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://plain;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }}
  }}
}}
"""


class Nginx:
    """nginx as a reverse proxy of Plain, connections kept alive on both sides: the floor."""

    def __init__(self, plain):
        self.plain = plain

    def start(self):
        folder = WORK / "nginx"
        folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, port=port, upstream=self.plain.port))
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        child = Child("nginx", [program, "-c", config, "-e", "stderr"], cwd=folder)
        self.url = f"http://127.0.0.1:{port}/hello"
        child.wait_for(self.url)
        return child


STATIC = """
worker_processes auto;
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  sendfile on;
  keepalive_requests 1000000000;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/files;
  }}
}}
"""


class StaticNginx:
    """nginx serving files of the same sizes as the objects."""

    def __init__(self, files):
        self.files = files

    def start(self):
        folder = WORK / "nginx-static"
        for name, (block, size) in self.files.items():
            path = folder / "files" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as out:
                for at in range(0, size, len(block)):
                    out.write(block[:size - at])
        port = free_port()
        config = folder / "nginx.conf"
        config.write_text(STATIC.format(folder=folder, port=port))
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        child = Child("nginx-static", [program, "-c", config, "-e", "stderr"], cwd=folder)
        self.url = f"http://127.0.0.1:{port}/"
        child.wait_for(self.url + next(iter(self.files)))
        return child


def spawn_ms(command, times, cwd=None):
    """Milliseconds from the spawn of `command` to its end, `times` times."""
    done = subprocess.run([PEER, "spawn", str(times), *map(str, command)], capture_output=True, text=True, cwd=cwd)
    if done.returncode != 0:
        raise BenchError(f"cannot spawn {command}: {done.stderr}")
    return [int(line) / 1000 for line in done.stdout.split()]
