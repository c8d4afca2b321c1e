"""Users in DynamoDB. Every write is conditional: creating never replaces, updating never brings back a deleted user."""

import os
import uuid
from datetime import datetime, timezone
from decimal import Decimal

import boto3

_table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
_client = _table.meta.client


def list_users(limit, after_id):
    start = {"ExclusiveStartKey": {"id": after_id}} if after_id else {}
    page = _table.scan(Limit=limit, **start)
    return [_plain(item) for item in page["Items"]], page.get("LastEvaluatedKey", {}).get("id")


def get(user_id):
    # Consistent, so that a user is found as soon as it was created.
    item = _table.get_item(Key={"id": user_id}, ConsistentRead=True).get("Item")
    return None if item is None else _plain(item)


def create(user):
    now = _now()
    item = {"id": str(uuid.uuid4()), **user, "createdAt": now, "updatedAt": now}
    _table.put_item(Item=item, ConditionExpression="attribute_not_exists(id)")
    return item


def update(user_id, user):
    """All of the user is replaced: an optional field that is not given goes. None when there is no such user."""
    names, values = {}, {":updatedAt": _now()}
    assigned, removed = ["updatedAt = :updatedAt"], []
    for field in ("name", "email", "age", "phone"):
        names[f"#{field}"] = field
        if field in user:
            values[f":{field}"] = user[field]
            assigned.append(f"#{field} = :{field}")
        else:
            removed.append(f"#{field}")
    try:
        answer = _table.update_item(
            Key={"id": user_id},
            UpdateExpression="SET " + ", ".join(assigned) + (" REMOVE " + ", ".join(removed) if removed else ""),
            ConditionExpression="attribute_exists(id)",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
        )
    except _client.exceptions.ConditionalCheckFailedException:
        return None
    return _plain(answer["Attributes"])


def remove(user_id):
    try:
        _table.delete_item(Key={"id": user_id}, ConditionExpression="attribute_exists(id)")
    except _client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def _now():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(item):
    """boto3 gives numbers as Decimal; the only one here is an integer."""
    return {name: int(value) if isinstance(value, Decimal) else value for name, value in item.items()}
