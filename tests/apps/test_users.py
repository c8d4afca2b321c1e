"""Users: create, read, replace, delete, list."""

import concurrent.futures
import datetime
import re
import uuid

import pytest

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MISSING = "6f2b1f0e-0000-4000-8000-000000000000"
VALID = {"name": "Grace Hopper", "email": "grace@example.com"}


def is_time(text):
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return abs(age.total_seconds()) < 120


def test_create_gives_the_user(api, token):
    given = {"name": "Grace Hopper", "email": "grace@example.com", "age": 85, "phone": "+14155550100"}
    answer = api("POST", "/users", given, token)
    assert answer.status == 201
    assert answer.headers["Content-Type"].startswith("application/json")
    user = answer.json
    assert UUID.fullmatch(user["id"])
    assert user["createdAt"] == user["updatedAt"] and is_time(user["createdAt"])
    assert {name: user[name] for name in given} == given
    assert set(user) == {"id", "createdAt", "updatedAt", *given}
    assert api("GET", f"/users/{user['id']}").json == user


def test_optional_fields_stay_away(api, token):
    user = api("POST", "/users", {**VALID, "age": None}, token).json
    assert set(user) == {"id", "name", "email", "createdAt", "updatedAt"}


def test_ids_and_times_are_the_servers(api, token):
    user = api("POST", "/users", {**VALID, "id": MISSING, "createdAt": "x", "admin": True}, token).json
    assert user["id"] != MISSING and "admin" not in user and is_time(user["createdAt"])


def test_get(api, user):
    answer = api("GET", f"/users/{user['id']}")
    assert (answer.status, answer.json) == (200, user)


@pytest.mark.parametrize("id", [MISSING, "nothing", "a%20b", "%C3%A4", "..%2F..", "x" * 300])
def test_missing_users_are_404(api, token, id):
    for method, body in (("GET", None), ("PUT", VALID), ("DELETE", None)):
        answer = api(method, f"/users/{id}", body, token)
        assert (answer.status, answer.json) == (404, {"error": "Item not found"}), method


def test_put_replaces_all(api, token, user):
    given = {"name": "Ada King", "email": "countess@example.com", "phone": "+442071838750"}
    answer = api("PUT", f"/users/{user['id']}", given, token)
    assert answer.status == 200
    updated = answer.json
    assert "age" not in updated
    assert {name: updated[name] for name in given} == given
    assert updated["id"] == user["id"] and updated["createdAt"] == user["createdAt"]
    assert updated["updatedAt"] >= user["updatedAt"] and is_time(updated["updatedAt"])
    assert api("GET", f"/users/{user['id']}").json == updated


def test_delete(api, token, user):
    answer = api("DELETE", f"/users/{user['id']}", token=token)
    assert (answer.status, answer.text) == (204, "")
    assert api("GET", f"/users/{user['id']}").status == 404
    assert api("DELETE", f"/users/{user['id']}", token=token).status == 404
    assert api("PUT", f"/users/{user['id']}", VALID, token).status == 404


def test_put_never_brings_a_deleted_user_back(api, token):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for round in range(8):
            id = api("POST", "/users", VALID, token).json["id"]
            calls = [("PUT", {**VALID, "name": f"Racer {round}"}), ("DELETE", None), ("PUT", VALID), ("PUT", VALID)]
            answers = list(pool.map(lambda call: api(call[0], f"/users/{id}", call[1], token).status, calls))
            assert answers[1] == 204
            assert {answers[0], *answers[2:]} <= {200, 404}
            assert api("GET", f"/users/{id}").status == 404


def test_parallel_deletes_have_one_winner(api, token, user):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda _: api("DELETE", f"/users/{user['id']}", token=token).status, range(4))
    assert sorted(answers) == [204, 404, 404, 404]


def test_unicode_survives(api, token):
    name = "Zoë 王 😀 \u0301"
    user = api("POST", "/users", {**VALID, "name": name}, token).json
    assert user["name"] == name
    assert api("GET", f"/users/{user['id']}").json["name"] == name


def all_pages(api, limit):
    items, query, pages = [], "", 0
    while True:
        answer = api("GET", f"/users?limit={limit}{query}")
        assert answer.status == 200
        page = answer.json
        assert page["count"] == len(page["items"]) <= limit
        assert set(page) <= {"items", "count", "next"}
        items += page["items"]
        pages += 1
        if "next" not in page:
            return items, pages
        assert re.fullmatch(r"[A-Za-z0-9_-]+", page["next"])
        query = f"&next={page['next']}"


def test_list_is_paged_and_whole(api, token):
    created = {api("POST", "/users", {**VALID, "name": f"Page {i}"}, token).json["id"] for i in range(25)}
    items, pages = all_pages(api, 10)
    ids = [item["id"] for item in items]
    assert len(ids) == len(set(ids))
    assert created <= set(ids)
    assert pages >= 3
    assert len(all_pages(api, 100)[0]) == len(ids)
    default = api("GET", "/users").json
    assert default["count"] == 20 and "next" in default
    for item in items:
        assert {"id", "name", "email", "createdAt", "updatedAt"} <= set(item)


@pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", "1.5", "", "99999999999999999999", "+5", " 5"])
def test_bad_limits_are_400(api, limit):
    answer = api("GET", f"/users?limit={limit.replace('+', '%2B').replace(' ', '%20')}")
    assert answer.status == 400
    assert set(answer.json["fields"]) == {"limit"}


# Not base64, not JSON, not an object, no id, an id that is no UUID.
@pytest.mark.parametrize("token", ["", "*", "abc", "W10", "e30", "eyJpZCI6IngifQ", "eyJpZCI6MX0", "A" * 3000])
def test_bad_page_tokens_are_400(api, token):
    answer = api("GET", f"/users?next={token}")
    assert answer.status == 400
    assert set(answer.json["fields"]) == {"next"}
