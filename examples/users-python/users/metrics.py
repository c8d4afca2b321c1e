"""One line per request in CloudWatch's embedded metric format."""

import time

from users.log import SERVICE, write_line

_METRICS = [
    {"Name": "Requests", "Unit": "Count"},
    {"Name": "Latency", "Unit": "Milliseconds"},
    {"Name": "ClientErrors", "Unit": "Count"},
    {"Name": "ServerErrors", "Unit": "Count"},
]


def record_request(method, route, status, took_ms, correlation_id):
    write_line({
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {"Namespace": "UsersApi", "Dimensions": [["service", "method", "route"]], "Metrics": _METRICS}
            ],
        },
        "service": SERVICE,
        "method": method,
        "route": route,
        "status": str(status),
        "correlation_id": correlation_id,
        "Requests": 1,
        "Latency": took_ms,
        "ClientErrors": int(400 <= status < 500),
        "ServerErrors": int(status >= 500),
    })
