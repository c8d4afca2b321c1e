"""Bearer tokens: JSON Web Tokens with HS256 and nothing else."""

import base64
import hashlib
import hmac
import json
import os
import re
import time

from users import log
from users.http import HttpError

_SECRET = os.environ["JWT_SECRET"].encode()
_ISSUER = os.environ.get("JWT_ISSUER") or "users-api"
_MAX_TOKEN = 16 * 1024
if not _SECRET:
    raise RuntimeError("environment variable JWT_SECRET is empty")


class _Refused(Exception):
    pass


def require_token(headers):
    found = re.fullmatch(r"Bearer +(\S+)", headers.get("authorization") or "", re.IGNORECASE)
    if not found:
        raise _unauthorized("Bearer")
    try:
        _check(found[1])
    except _Refused as refused:
        log.info("token refused", reason=str(refused))
        raise _unauthorized('Bearer error="invalid_token"') from None


def _unauthorized(challenge):
    return HttpError(401, "Unauthorized", headers={"WWW-Authenticate": challenge})


def _check(token):
    parts = token.split(".")
    if len(token) > _MAX_TOKEN or len(parts) != 3 or not token.isascii():
        raise _Refused("Malformed")
    header = _json_of(parts[0])
    if header.get("alg") != "HS256":
        raise _Refused("AlgorithmMismatch")
    if "crit" in header:
        raise _Refused("Malformed")
    expected = hmac.digest(_SECRET, f"{parts[0]}.{parts[1]}".encode(), hashlib.sha256)
    # Compared as text, since more than one text decodes to the same bytes.
    if not hmac.compare_digest(base64.urlsafe_b64encode(expected).rstrip(b"="), parts[2].encode()):
        raise _Refused("BadSignature")
    claims = _json_of(parts[1])
    now = time.time()
    expires, begins = claims.get("exp"), claims.get("nbf", 0)
    if not _is_number(expires) or now >= expires:
        raise _Refused("Expired")
    if not _is_number(begins) or now < begins:
        raise _Refused("NotYetValid")
    if claims.get("iss") != _ISSUER:
        raise _Refused("WrongIssuer")


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _json_of(part):
    try:
        value = json.loads(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        raise _Refused("Malformed") from None
    if not isinstance(value, dict):
        raise _Refused("Malformed")
    return value
