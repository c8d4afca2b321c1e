"""Validation, sanitizing, and bodies that are no use."""

import pytest

VALID = {"name": "Grace Hopper", "email": "grace@example.com"}


def faults(answer):
    assert answer.status == 400, answer.text
    body = answer.json
    assert body["error"] == "Validation failed"
    assert all(isinstance(message, str) and message for message in body["fields"].values())
    return set(body["fields"])


@pytest.mark.parametrize("change, fields", [
    ({"name": None}, {"name"}),
    ({"name": ""}, {"name"}),
    ({"name": "A"}, {"name"}),
    ({"name": "A" * 101}, {"name"}),
    ({"name": " A "}, {"name"}),
    ({"name": "😀"}, {"name"}),
    ({"name": 12}, {"name"}),
    ({"name": ["Ada"]}, {"name"}),
    ({"email": None}, {"email"}),
    ({"email": "ada"}, {"email"}),
    ({"email": "ada@"}, {"email"}),
    ({"email": "ada@localhost"}, {"email"}),
    ({"email": "a da@example.com"}, {"email"}),
    ({"email": "ada@exa mple.com"}, {"email"}),
    ({"email": "a@b@example.com"}, {"email"}),
    ({"email": "a" * 250 + "@example.com"}, {"email"}),
    ({"email": {}}, {"email"}),
    ({"age": -1}, {"age"}),
    ({"age": 121}, {"age"}),
    ({"age": 1.5}, {"age"}),
    ({"age": "36"}, {"age"}),
    ({"age": True}, {"age"}),
    ({"phone": "4155550100"}, {"phone"}),
    ({"phone": "+0155550100"}, {"phone"}),
    ({"phone": "+1 415 555 0100"}, {"phone"}),
    ({"phone": "+1234567890123456"}, {"phone"}),
    ({"phone": 14155550100}, {"phone"}),
    ({"name": "A", "email": "x", "age": 200, "phone": "1"}, {"name", "email", "age", "phone"}),
    ({"name": None, "email": None}, {"name", "email"}),
])
def test_every_field_at_fault_is_named(api, token, user, change, fields):
    assert faults(api("POST", "/users", {**VALID, **change}, token)) == fields
    assert faults(api("PUT", f"/users/{user['id']}", {**VALID, **change}, token)) == fields
    assert api("GET", f"/users/{user['id']}").json == user


@pytest.mark.parametrize("change", [
    {"name": "Al"}, {"name": "A" * 100}, {"name": "ü" * 100}, {"name": "😀" * 2}, {"age": 0}, {"age": 120}, {"age": 36.0},
    {"email": "first.last+tag@sub.example.org"}, {"phone": "+14155550100"}, {"phone": None},
])
def test_bounds_are_inside(api, token, change):
    answer = api("POST", "/users", {**VALID, **change}, token)
    assert answer.status == 201, answer.text
    for field, value in change.items():
        assert answer.json.get(field) == value


@pytest.mark.parametrize("body", ["", "{", "{'name':1}", "nonsense", '{"name":"Ada"', "[1,", '{"a":1}x', '{"a":NaN}', '{"name":"\\ud800 x"}'])
def test_malformed_json_is_400(api, token, body):
    answer = api("POST", "/users", body, token, {"Content-Type": "application/json"})
    assert (answer.status, answer.json) == (400, {"error": "Malformed JSON"})


@pytest.mark.parametrize("body", ["[]", '"text"', "1", "null", "true"])
def test_bodies_must_be_objects(api, token, body):
    answer = api("POST", "/users", body, token)
    assert (answer.status, answer.json) == (400, {"error": "Request body must be a JSON object"})


def test_any_content_type_is_read_as_json(api, token):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-8"):
        assert api("POST", "/users", '{"name":"Ada","email":"a@example.com"}', token, {"Content-Type": kind}).status == 201


def test_big_bodies(api, token):
    """Far past any field's limit, inside Lambda's: a 400 like any other."""
    assert faults(api("POST", "/users", {**VALID, "name": "A" * 2_000_000}, token)) == {"name"}
    assert faults(api("POST", "/users", {**VALID, "name": "<script>" * 200_000}, token)) == {"name"}
    assert api("POST", "/users", {**VALID, "unknown": "x" * 1_000_000}, token).status == 201


@pytest.mark.parametrize("given, stored", [
    ("Ada <script>alert(1)</script>Lovelace", "Ada Lovelace"),
    ("Ada<SCRIPT src='https://example.com/x.js'>y</ScRiPt > L", "Ada L"),
    ("<script>Ada", "Ada"),
    ("Ada</script>", "Ada"),
    ("Ada<script", "Ada"),
    ("<scr<script></script>ipt>alert(1)</script>Ada", "Ada"),
    ("<scr<script>ipt>Ada", "Ada"),
    ("<script\n>alert(1)</script\n>Ada", "Ada"),
    ("Ada <b>Lovelace</b>", "Ada <b>Lovelace</b>"),
    ("1 < 2 > 0", "1 < 2 > 0"),
    ("<scripty>", "<scripty>"),
    ("  Ada Lovelace\n", "Ada Lovelace"),
])
def test_script_tags_are_stripped(api, token, given, stored):
    answer = api("POST", "/users", {**VALID, "name": given}, token)
    assert answer.status == 201, answer.text
    assert answer.json["name"] == stored
    assert api("GET", f"/users/{answer.json['id']}").json["name"] == stored


def test_nothing_but_script_is_a_missing_name(api, token):
    assert faults(api("POST", "/users", {**VALID, "name": "<script>alert(1)</script>"}, token)) == {"name"}
