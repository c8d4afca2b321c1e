"""The function's entry: middleware around the routes."""

import os
import re
import time

from users import auth, log, metrics
from users.http import HttpError, json_response
from users.routes import ROUTER

_OPEN_METHODS = {"GET", "HEAD", "OPTIONS"}
_CORRELATION_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


def handler(event, context):
    started = time.perf_counter()
    gateway_id = (event.get("requestContext") or {}).get("requestId") or context.aws_request_id
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    given = headers.get("x-correlation-id") or ""
    correlation_id = given if _CORRELATION_ID.fullmatch(given) else gateway_id
    log.begin(context.aws_request_id, correlation_id)

    method, path = event["httpMethod"], event["path"]
    match = ROUTER.match(method, path)
    response = _answer(event, headers, match)
    response["headers"].update({
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "X-Correlation-Id, X-Request-Id",
        "X-Correlation-Id": correlation_id,
        "X-Request-Id": gateway_id,
    })

    took_ms = round((time.perf_counter() - started) * 1000, 2)
    route = match.route or "unmatched"
    status = response["statusCode"]
    metrics.record_request(method, route, status, took_ms, correlation_id)
    write = log.error if status >= 500 else log.info
    write("request", method=method, route=route, path=path, status=status, took_ms=took_ms)
    return response


def _answer(event, headers, match):
    try:
        if match.route is None:
            return json_response(404, {"error": "Not found"})
        if event["httpMethod"] == "OPTIONS":
            return _preflight(match.allow)
        if match.handle is None:
            return json_response(405, {"error": "Method not allowed"}, {"Allow": match.allow})
        if event["httpMethod"] not in _OPEN_METHODS:
            auth.require_token(headers)
        return match.handle(event, match.params)
    except HttpError as error:
        return json_response(error.status, {"error": error.message, **error.more}, error.headers)
    except Exception as error:  # whatever it is, the client gets no more than a 500
        log.exception("unhandled exception", error)
        body = {"error": "Internal server error"}
        if (os.environ.get("APP_ENV") or os.environ.get("STAGE")) == "development":
            body["detail"] = str(error)
        return json_response(500, body)


def _preflight(allow):
    headers = {
        "Allow": allow,
        "Access-Control-Allow-Methods": allow,
        "Access-Control-Allow-Headers": "Content-Type, Authorization, X-Correlation-Id",
        "Access-Control-Max-Age": "600",
    }
    return {"statusCode": 204, "headers": headers, "body": ""}
