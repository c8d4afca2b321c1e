"""Structured logs: one JSON object a line, on standard output."""

import json
import os
import sys
import traceback
from datetime import datetime, timezone

_LEVELS = {"DEBUG": 0, "INFO": 1, "WARN": 2, "ERROR": 3}
_least = _LEVELS.get(os.environ.get("LOG_LEVEL", "info").upper(), _LEVELS["INFO"])
SERVICE = os.environ.get("SERVICE_NAME") or os.environ.get("AWS_LAMBDA_FUNCTION_NAME") or "service"

_common = {}
_cold_start = True


def begin(request_id, correlation_id):
    """Every line until the next call carries these."""
    global _cold_start
    _common.update(request_id=request_id, correlation_id=correlation_id, cold_start=_cold_start)
    _cold_start = False


def write_line(document):
    sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def info(message, **fields):
    _write("INFO", message, fields)


def error(message, **fields):
    _write("ERROR", message, fields)


def exception(message, raised):
    _write("ERROR", message, {"error": str(raised), "stack": "".join(traceback.format_exception(raised))})


def _write(level, message, fields):
    if _LEVELS[level] < _least:
        return
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    write_line({"timestamp": now, "level": level, "service": SERVICE, "message": message, **_common, **fields})
