"""What is measured. A row starts what it needs once, then measures once a round: everything in turn, so that whatever
else the machine does in between falls on all alike. Figures are collected by name; the table takes their medians."""

import contextlib
import shutil
import subprocess
import sys
import time

from . import aws, cloud, flood, load, observe, peers, s3


IDLE_S = 0.5  # after which a cloud's memory is its idle memory


class Figures:
    """Every value measured, by name."""

    def __init__(self):
        self.values = {}

    def add(self, name, value):
        self.values.setdefault(name, []).append(value)

    def extend(self, name, values):
        self.values.setdefault(name, []).extend(values)


def progress(text):
    print(f"  {text}", file=sys.stderr, flush=True)


class Ready:
    """Time to ready and idle memory of `dew serve`."""

    def __init__(self, plan, stack):
        self.plan = plan

    def measure(self, figures):
        for _ in range(self.plan.starts):
            serve = cloud.Serve()
            with serve.start() as child:
                figures.add("serve_ready_ms", serve.ready_s * 1000)
                time.sleep(IDLE_S)
                rss, pss = child.memory_mib()
                figures.add("serve_rss_mib", rss)
                figures.add("serve_pss_mib", pss)


class Up:
    """`dew up` of the example, from an empty data directory, its program built already; beside serverless-offline's
    start with the hello."""

    def __init__(self, plan, stack):
        self.users = cloud.Up(cloud.USERS, "/users")
        with self.users.start("up-users-build"):  # builds the program
            pass

    def measure(self, figures):
        with self.users.start("up-users"):
            figures.add("up_users_ms", self.users.ready_s * 1000)
        offline = peers.Offline()
        with offline.start():
            figures.add("offline_start_ms", offline.ready_s * 1000)


class Deploy:
    """`dew deploy` of the example into an empty cloud, and again with nothing changed, its program built already;
    beside osls, which does the same to another empty cloud."""

    def __init__(self, plan, stack):
        with cloud.Up(cloud.USERS, "/users").start("deploy-users-build"):  # builds the program
            pass
        self.sides = {"dew": lambda url: cloud.deploy_ms(cloud.USERS, url), "osls": peers.Osls(cloud.USERS).deploy_ms}

    def measure(self, figures):
        for name, deploy_ms in self.sides.items():
            serve = cloud.Serve()
            with serve.start(f"deploy-{name}"):
                aws.call(serve.url, "ssm", {"Name": "/users-api/dev/jwt-secret", "Type": "SecureString", "Value": "a-secret"},
                         target="AmazonSSM.PutParameter")
                endpoint = serve.url.rstrip("/")
                figures.add(f"{name}_deploy_ms", deploy_ms(endpoint))
                figures.add(f"{name}_deploy_unchanged_ms", deploy_ms(endpoint))


class Hello:
    """Warm requests through the API, at 1 and at 16 connections."""

    def __init__(self, plan, stack):
        self.plan = plan
        plain = peers.Plain()
        stack.enter_context(plain.start())
        self.sides = {
            "dew_cpp": cloud.Up(cloud.HELLO["hello-cpp"], "/hello"),
            "dew_node": cloud.Up(cloud.HELLO["hello-node"], "/hello"),
            "offline_node": peers.Offline(),
            "nginx": peers.Nginx(plain),
        }
        for side in self.sides.values():
            stack.enter_context(side.start())
        self.sides["plain"] = plain
        for side in self.sides.values():
            load.run(side.url, 16, 1, load.get(side.url))  # warm: code compiled, environments started

    def measure(self, figures):
        for name, side in self.sides.items():
            one = load.run(side.url, 1, self.plan.seconds, load.get(side.url))
            many = load.run(side.url, 16, self.plan.seconds, load.get(side.url))
            figures.add(f"{name}_p50_us", one.p50_us)
            figures.add(f"{name}_p99_us", one.p99_us)
            figures.add(f"{name}_rate_1", one.rate)
            figures.add(f"{name}_rate_16", many.rate)


class Cold:
    """The first request that meets no environment, beside the bare spawn of the same program: started with the
    Runtime API's address missing, it ends as soon as it has started."""

    def __init__(self, plan, stack):
        self.plan = plan
        self.sides = {}
        for name, folder in cloud.HELLO.items():
            up = cloud.Up(folder, "/hello")
            stack.enter_context(up.start(f"cold-{name}"))
            self.sides[name.removeprefix("hello-")] = up

    def measure(self, figures):
        bare = {
            "cpp": [cloud.HELLO["hello-cpp"] / "bootstrap"],
            "node": [shutil.which("node"), "-e", f"require('{cloud.HELLO['hello-node']}/handler.js')"],
        }
        for name, up in self.sides.items():
            for turn in range(self.plan.colds):
                up.forget_environments(f"hello-{name}-dev-hello", f"{turn}-{id(figures)}-{len(figures.values)}")
                figures.add(f"cold_{name}_ms", up.request_ms())
                figures.extend(f"spawn_{name}_ms", peers.spawn_ms(bare[name], 1))


class DynamoDb:
    """PutItem and GetItem at 16 connections, beside dynalite."""

    def __init__(self, plan, stack):
        self.plan = plan
        fast, durable, dynalite = cloud.Serve("--no-fsync"), cloud.Serve(), peers.Dynalite()
        stack.enter_context(dynalite.start())
        for name, serve in (("nofsync", fast), ("fsync", durable)):
            child = stack.enter_context(serve.start(f"dynamodb-{name}"))
            aws.prepare_table(serve.url, child)
        self.sides = {"dew_nofsync": fast, "dew_fsync": durable, "dynalite": dynalite}
        for side in self.sides.values():
            load.run(side.url, 16, 1, load.dynamodb(side.url, "PutItem", 1))

    def measure(self, figures):
        for operation in ("PutItem", "GetItem"):
            for name, side in self.sides.items():
                if operation == "GetItem" and name == "dew_fsync":
                    continue  # a read is the same with and without
                requests = load.dynamodb(side.url, operation, len(figures.values))
                one = load.run(side.url, 16, self.plan.seconds, requests)
                figures.add(f"{name}_{operation}_rate", one.rate)


class Policy:
    """What authorizing costs, without the wire."""

    def __init__(self, plan, stack):
        pass

    def measure(self, figures):
        for line in subprocess.run([peers.POLICY], check=True, capture_output=True, text=True).stdout.splitlines():
            name, value = line.split()
            figures.add(name, float(value))


class Traces:
    """What tracing costs the C++ hello at 16 connections: the stage's tracing off, on with the default sampling rule,
    and on with every request traced (three segments each)."""

    def __init__(self, plan, stack):
        self.plan = plan
        self.up = cloud.Up(cloud.HELLO["hello-cpp"], "/hello")
        stack.enter_context(self.up.start("traces"))
        load.run(self.up.url, 16, 1, load.get(self.up.url))

    def measure(self, figures):
        plain, traced = load.get(self.up.url), load.traced_gets(self.up.url)
        for name, tracing, requests in (("untraced", False, plain), ("sampled", True, plain), ("traced", True, traced)):
            self.up.set_tracing(tracing)
            one = load.run(self.up.url, 16, self.plan.seconds, requests)
            figures.add(f"{name}_rate_16", one.rate)
            figures.add(f"{name}_p50_us", one.p50_us)


class S3:
    """Objects of 1 KB at 16 connections and of 100 MB at one, beside nginx serving the same files. A write is durable
    as Dewpoint comes, and also measured without."""

    def __init__(self, plan, stack):
        self.plan = plan
        self.dew, self.fast = cloud.Serve(), cloud.Serve("--no-fsync")
        for name, serve in (("fsync", self.dew), ("nofsync", self.fast)):
            stack.enter_context(serve.start(f"s3-{name}"))
            s3.prepare(serve.url)
        self.nginx = peers.StaticNginx({f"{s3.BUCKET}/small": (s3.SMALL, len(s3.SMALL)),
                                        f"{s3.BUCKET}/large": (s3.BLOCK, s3.LARGE_BYTES)})
        stack.enter_context(self.nginx.start())

    def measure(self, figures):
        for name, side in (("dew", self.dew), ("nginx", self.nginx)):
            one = load.run(side.url, 16, self.plan.seconds, s3.small_gets(side.url))
            figures.add(f"{name}_s3_get_1k_rate", one.rate)
            figures.add(f"{name}_s3_get_100m_mbs", s3.get_large(side.url, f"/{s3.BUCKET}/large"))
        for name, side in (("dew_fsync", self.dew), ("dew_nofsync", self.fast)):
            one = load.run(side.url, 16, self.plan.seconds, s3.small_puts(side.url))
            figures.add(f"{name}_s3_put_1k_rate", one.rate)
            figures.add(f"{name}_s3_put_100m_mbs", s3.put_large(side.url, "large"))


ROWS = {"ready": Ready, "up": Up, "deploy": Deploy, "hello": Hello, "cold": Cold, "dynamodb": DynamoDb,
        "policy": Policy, "traces": Traces, "observing": observe.Observing, "flood": flood.Flood, "ingest": observe.Ingest,
        "query": observe.Query, "s3": S3}


def run(names, plan):
    figures = Figures()
    with contextlib.ExitStack() as stack:
        rows = []
        for name in names:
            progress(f"starting {name}")
            rows.append((name, ROWS[name](plan, stack)))
        for turn in range(plan.rounds):
            for name, row in rows:
                progress(f"round {turn + 1} of {plan.rounds}: {name}")
                row.measure(figures)
    return figures


