"""The table: medians, ratios beside absolute numbers, and whether each goal is met."""

import statistics

MET, MISSED = "met", "MISSED"


class Medians(dict):
    def __init__(self, values):
        super().__init__({name: statistics.median(some) for name, some in values.items()})

    def ratio(self, over, under):
        return self[over] / self[under] if over in self and self.get(under) else None


def number(value, unit=""):
    if value is None:
        return "-"
    text = f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    return f"{text} {unit}".strip()


def verdict(ok):
    return MET if ok else MISSED


def lines(m):
    """(what, figure, beside, ratio, goal, verdict) of everything that was measured; None parts a group."""
    if "serve_ready_ms" in m:
        yield ("dew serve: ready", number(m["serve_ready_ms"], "ms"), "", "", "< 50 ms", verdict(m["serve_ready_ms"] < 50))
        yield ("dew serve: idle RSS", number(m["serve_rss_mib"], "MiB"), "", "", "< 20 MiB",
               verdict(m["serve_rss_mib"] < 20))
        yield ("dew serve: idle PSS", number(m["serve_pss_mib"], "MiB"), "", "", "", "")
        yield None
    if "up_users_ms" in m:
        yield ("dew up users-cpp: first 200", number(m["up_users_ms"], "ms"),
               "serverless-offline hello " + number(m["offline_start_ms"], "ms"),
               f"{m.ratio('offline_start_ms', 'up_users_ms'):.1f}x faster", "", "")
        yield None
    if "dew_deploy_ms" in m:
        for what, title in (("deploy", "into an empty cloud"), ("deploy_unchanged", "nothing changed")):
            ratio = m.ratio(f"osls_{what}_ms", f"dew_{what}_ms")
            yield (f"dew deploy users-cpp: {title}", number(m[f"dew_{what}_ms"], "ms"),
                   "osls deploy " + number(m[f"osls_{what}_ms"], "ms"), f"{ratio:.1f}x faster", "", "")
        yield None
    if "dew_cpp_rate_16" in m:
        yield from hello_lines(m)
        yield None
    for name, title in (("cpp", "C++"), ("node", "Node")):
        if f"cold_{name}_ms" in m:
            cold, bare = m[f"cold_{name}_ms"], m[f"spawn_{name}_ms"]
            goal, ok = ("<= 3x bare + 5 ms", verdict(cold <= 3 * bare + 5)) if name == "cpp" else ("", "")
            yield (f"cold start, {title} hello", number(cold, "ms"), "bare spawn " + number(bare, "ms"),
                   f"{cold / bare:.1f}x", goal, ok)
    if "cold_cpp_ms" in m:
        yield None
    if "dynalite_PutItem_rate" in m:
        for operation in ("PutItem", "GetItem"):
            ratio = m.ratio(f"dew_nofsync_{operation}_rate", f"dynalite_{operation}_rate")
            yield (f"{operation}, 16 connections" + (", fsync off" if operation == "PutItem" else ""),
                   number(m[f"dew_nofsync_{operation}_rate"], "/s"),
                   "dynalite " + number(m[f"dynalite_{operation}_rate"], "/s"), f"{ratio:.1f}x", ">= 4x", verdict(ratio >= 4))
        ratio = m.ratio("dew_fsync_PutItem_rate", "dynalite_PutItem_rate")
        yield ("PutItem, 16 connections, durable", number(m["dew_fsync_PutItem_rate"], "/s"),
               "dynalite (memory)", f"{ratio:.1f}x", "", "")
    if "policy_evaluations_rate" in m:
        yield None
        yield ("policy evaluations", number(m["policy_evaluations_rate"], "/s"), "three policies, ten statements", "", "", "")
        yield ("authorizing a GetItem: administrator", number(m["authorize_admin_ns"], "ns"), "", "", "< 300 ns",
               verdict(m["authorize_admin_ns"] < 300))
        yield ("authorizing a GetItem: a known role", number(m["authorize_role_ns"], "ns"),
               "with LeadingKeys " + number(m["authorize_leading_keys_ns"], "ns"), "", "< 2,000 ns",
               verdict(m["authorize_role_ns"] < 2000))
    if "untraced_rate_16" in m:
        yield None
        for name, title, goal in (("untraced", "tracing off", None), ("sampled", "default sampling", 0.9),
                                  ("traced", "every request traced", None)):
            ratio = m.ratio(f"{name}_rate_16", "untraced_rate_16")
            yield (f"C++ hello, 16 connections, {title}", number(m[f"{name}_rate_16"], "/s"),
                   f"p50 {number(m[f'{name}_p50_us'])} us", f"{ratio:.0%} of untraced" if name != "untraced" else "",
                   f">= {goal:.0%}" if goal else "", verdict(ratio >= goal) if goal else "")
    yield from observe_lines(m)
    if "dew_s3_get_1k_rate" in m:
        yield None
        yield from s3_lines(m)


def observe_lines(m):
    if "observed_rate_16" in m:
        yield None
        ratio = m.ratio("observed_rate_16", "blind_rate_16")
        yield ("C++ hello, 16 connections, nothing observed", number(m["blind_rate_16"], "/s"),
               f"p50 {number(m['blind_p50_us'])} us", "", "", "")
        yield ("C++ hello: logs, metrics, active tracing", number(m["observed_rate_16"], "/s"),
               f"p50 {number(m['observed_p50_us'])} us", f"{ratio:.0%} of unobserved", ">= 90 %", verdict(ratio >= 0.9))
    yield from flood_lines(m)
    if "ingest_log_lines_rate" in m:
        yield None
        for name, title, beside in (("log_lines", "PutLogEvents: lines", "1,000 of 100 bytes a request"),
                                    ("data_points", "PutMetricData: data points", "100 a request, 1,000 metrics"),
                                    ("segments", "PutTraceSegments: segments", "25 of 500 bytes a request")):
            yield (f"{title}, 16 connections, durable", number(m[f"ingest_{name}_rate"], "/s"), beside, "", "", "")
        yield ("X-Ray daemon's port: segments kept", number(m["ingest_udp_rate"], "/s"),
               "sent " + number(m["ingest_udp_sent_rate"], "/s"), f"{m.ratio('ingest_udp_rate', 'ingest_udp_sent_rate'):.0%} kept", "", "")
        yield ("GetServiceGraph: those segments", number(m["query_graph_ms"], "ms"),
               f"{number(m['query_graph_segments'] * 1000 / m['query_graph_ms'])} segments/s", "", "", "")
    if "query_logs_s" in m:
        yield None
        lines = m["query_lines"]
        yield (f"FilterLogEvents: a word in {lines:,.0f} lines", number(m["query_logs_s"], "s"),
               f"{number(lines / m['query_logs_s'])} lines/s", f"RSS {number(m['query_logs_rss_mib'], 'MiB')}", "",
               f"put in within {number(m['query_lines_put_s'], 's')}")
        yield (f"GetMetricData: 8 statistics of {m['query_days']:.0f} days by the hour", number(m["query_year_ms"], "ms"),
               f"{number(m['query_days'] * 192)} data points", f"RSS {number(m['query_year_rss_mib'], 'MiB')}", "",
               f"put in within {number(m['query_days_put_s'], 's')}")


NEIGHBOURS = (("alone", "alone"), ("burn", "beside one that computes"), ("flood", "beside one that prints"),
              ("stream", "beside one that prints 100 MB/s"))


def flood_lines(m):
    if "stream_rate_16" not in m:
        return
    yield None
    for name, title in NEIGHBOURS:
        beside = {"flood": "burn", "stream": "alone"}.get(name)
        ratios = [f"{m[f'{name}_{p}_us'] / m[f'{beside}_{p}_us']:.2f}x" for p in ("p50", "p99")] if beside else []
        yield (f"C++ hello {title}: 1 connection", f"p50 {number(m[f'{name}_p50_us'])} us", f"p99 {number(m[f'{name}_p99_us'])} us",
               f"{', '.join(ratios)} {'computing' if beside == 'burn' else 'alone'}" if beside else "", "", "")
    for name, title in NEIGHBOURS:
        ratio = m.ratio(f"{name}_rate_16", "burn_rate_16")
        goal = name in ("flood", "stream")
        yield (f"C++ hello {title}: 16 connections", number(m[f"{name}_rate_16"], "/s"),
               f"p50 {number(m[f'{name}_p50_16_us'])} us, p99 {number(m[f'{name}_p99_16_us'])} us",
               f"{ratio:.0%} of computing" if goal else "", ">= 90 %" if goal else "", verdict(ratio >= 0.9) if goal else "")
    yield ("what the functions printed meanwhile, all kept", f"{number(m['flood_mb_s'])}, {number(m['stream_mb_s'])} MB/s",
           f"RSS {number(m['flood_rss_mib'], 'MiB')}, functions included", "", "", "")


def s3_lines(m):
    for what, title, unit in (("1k_rate", "1 KB, 16 connections", "/s"), ("100m_mbs", "100 MB, 1 connection", "MB/s")):
        ratio = m.ratio(f"dew_s3_get_{what}", f"nginx_s3_get_{what}")
        yield (f"S3 get, {title}", number(m[f"dew_s3_get_{what}"], unit),
               "nginx, the file " + number(m[f"nginx_s3_get_{what}"], unit), f"{ratio:.0%}", "", "")
        for side, how in (("dew_fsync", "durable"), ("dew_nofsync", "fsync off")):
            yield (f"S3 put, {title}, {how}", number(m[f"{side}_s3_put_{what}"], unit), "", "", "", "")


SIDES = (("dew_cpp", "dew, C++ hello"), ("dew_node", "dew, Node hello"),
         ("offline_node", "serverless-offline, Node hello"), ("nginx", "nginx -> plain C++ (floor)"),
         ("plain", "plain C++ server"))


def hello_lines(m):
    for side, title in SIDES:
        yield (f"{title}: 1 connection", f"p50 {number(m[f'{side}_p50_us'])} us", f"p99 {number(m[f'{side}_p99_us'])} us",
               number(m[f"{side}_rate_1"], "/s"), "", "")
    offline, floor = m["offline_node_rate_16"], m["nginx_rate_16"]
    for side, title in SIDES:
        rate = m[f"{side}_rate_16"]
        goal, ok = {
            "dew_cpp": (">= 7x offline, >= 40 % of floor", verdict(rate >= 7 * offline and rate >= 0.4 * floor)),
            "dew_node": (">= 5x offline", verdict(rate >= 5 * offline)),
        }.get(side, ("", ""))
        yield (f"{title}: 16 connections", number(rate, "/s"), f"{rate / floor:.0%} of floor",
               f"{rate / offline:.1f}x offline", goal, ok)


def render(figures, heading):
    rows = list(lines(Medians(figures.values)))
    while rows and rows[-1] is None:
        rows.pop()
    full = [row for row in rows if row]
    widths = [max(len(row[i]) for row in full) for i in range(6)] if full else []
    out = [heading, ""]
    for row in rows:
        if row is None:
            out.append("")
            continue
        cells = [row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].ljust(widths[2]), row[3].rjust(widths[3]),
                 row[4].ljust(widths[4]), row[5]]
        out.append("  ".join(cells).rstrip())
    return "\n".join(out)


def missed(figures):
    return [row[0] for row in lines(Medians(figures.values)) if row and row[5] == MISSED]
