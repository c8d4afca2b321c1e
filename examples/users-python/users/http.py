"""What handlers answer with, and raise."""

import base64
import json


class HttpError(Exception):
    def __init__(self, status, message, more=None, headers=None):
        super().__init__(message)
        self.status = status
        self.message = message
        self.more = more or {}  # further members of the answer's body
        self.headers = headers or {}


def invalid(fields):
    return HttpError(400, "Validation failed", {"fields": fields})


def not_found():
    return HttpError(404, "Item not found")


def json_response(status, body, headers=None):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json", **(headers or {})},
        "body": json.dumps(body, ensure_ascii=False),
    }


def json_object(event):
    try:
        body = event.get("body") or ""
        if event.get("isBase64Encoded"):
            body = base64.b64decode(body, validate=True)
        value = json.loads(body, parse_constant=_refuse_constant)
        if isinstance(value, dict):
            for each in value.values():
                if isinstance(each, str):
                    each.encode("utf-8")  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        raise HttpError(400, "Malformed JSON") from None
    if not isinstance(value, dict):
        raise HttpError(400, "Request body must be a JSON object")
    return value


def _refuse_constant(name):
    raise ValueError(f"{name} is not JSON")
