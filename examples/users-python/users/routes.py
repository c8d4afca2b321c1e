"""The users API's routes."""

import base64
import json
import re

from users import store
from users.http import invalid, json_object, json_response, not_found
from users.router import Router
from users.user_input import read_user

_DEFAULT_LIMIT = 20
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def list_users(event, params):
    query = event.get("queryStringParameters") or {}
    items, last_id = store.list_users(_limit_of(query.get("limit")), _start_of(query.get("next")))
    body = {"items": items, "count": len(items)}
    if last_id is not None:
        token = json.dumps({"id": last_id}).encode()
        body["next"] = base64.urlsafe_b64encode(token).decode().rstrip("=")
    return json_response(200, body)


def create_user(event, params):
    return json_response(201, store.create(read_user(json_object(event))))


def get_user(event, params):
    return json_response(200, _found(store.get(_id_of(params))))


def update_user(event, params):
    user = read_user(json_object(event))
    return json_response(200, _found(store.update(_id_of(params), user)))


def delete_user(event, params):
    if not store.remove(_id_of(params)):
        raise not_found()
    return {"statusCode": 204, "headers": {}, "body": ""}


def _found(user):
    if user is None:
        raise not_found()
    return user


def _id_of(params):
    """Ids are UUIDs: of anything else there is no user."""
    if not _UUID.fullmatch(params["id"]):
        raise not_found()
    return params["id"]


def _limit_of(text):
    if text is None:
        return _DEFAULT_LIMIT
    limit = int(text) if re.fullmatch(r"[0-9]{1,3}", text) else 0
    if not 1 <= limit <= 100:
        raise invalid({"limit": "must be an integer between 1 and 100"})
    return limit


def _start_of(token):
    """Where the page before ended."""
    if token is None:
        return None
    try:
        value = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
        if isinstance(value, dict) and isinstance(value.get("id"), str) and _UUID.fullmatch(value["id"]):
            return value["id"]
    except (ValueError, RecursionError):
        pass
    raise invalid({"next": "is not a page token of this API"})


ROUTER = Router()
ROUTER.add("/users", GET=list_users, POST=create_user)
ROUTER.add("/users/{id}", GET=get_user, PUT=update_user, DELETE=delete_user)
