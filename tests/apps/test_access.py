"""Tokens, methods, CORS, correlation ids."""

import time

import pytest

from conftest import sign

VALID = {"name": "Grace Hopper", "email": "grace@example.com"}
MISSING = "6f2b1f0e-0000-4000-8000-000000000000"


def challenge(answer):
    # API Gateway renames this header on its way out.
    return answer.headers.get("WWW-Authenticate") or answer.headers.get("x-amzn-Remapped-WWW-Authenticate") or ""


def refused(api, **call):
    for method, path in (("POST", "/users"), ("PUT", f"/users/{MISSING}"), ("DELETE", f"/users/{MISSING}")):
        answer = api(method, path, VALID if method != "DELETE" else None, **call)
        assert (answer.status, answer.json) == (401, {"error": "Unauthorized"}), method
        assert challenge(answer).startswith("Bearer")


def test_writes_need_a_token(api):
    refused(api)


def test_reads_need_none(api):
    assert api("GET", "/users").status == 200
    assert api("GET", f"/users/{MISSING}").status == 404


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer ", "Bearer a.b.c", "Bearer x", "Token abc"])
def test_useless_headers_are_401(api, header):
    refused(api, headers={"Authorization": header})


def test_the_token_alone_is_no_header(api, token):
    refused(api, headers={"Authorization": token})


def test_the_scheme_has_any_case(api, token):
    assert api("POST", "/users", VALID, headers={"authorization": f"bearer {token}"}).status == 201


def test_the_signature_counts(api, secret, claims, token):
    refused(api, token=sign(claims, "x" + secret))
    head, body, signature = token.split(".")
    refused(api, token=f"{head}.{body}.{signature[:-2]}")
    refused(api, token=f"{head}.{body}.")
    refused(api, token=f"{head}.{sign({**claims, 'sub': 'other'}, secret).split('.')[1]}.{signature}")
    refused(api, token=f"{token}.{signature}")


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "None"}, {"alg": "HS512"}, {"alg": "RS256"}, {}, {"alg": "HS256", "crit": ["x"]}])
def test_the_algorithm_counts(api, secret, claims, header):
    token = sign(claims, secret, header)
    refused(api, token=token)
    refused(api, token=token.rpartition(".")[0] + ".")


@pytest.mark.parametrize("change", [
    {"exp": int(time.time()) - 1}, {"exp": 0}, {"exp": None}, {"exp": "9999999999"}, {"iss": "someone-else"}, {"iss": None}, {"iss": ["users-api"]},
    {"nbf": int(time.time()) + 600},
])
def test_the_claims_count(api, secret, claims, change):
    changed = {name: value for name, value in {**claims, **change}.items() if value is not None}
    refused(api, token=sign(changed, secret))


def test_tokens_come_before_bodies(api):
    answer = api("POST", "/users", "{", headers={"Content-Type": "application/json"})
    assert answer.status == 401


@pytest.mark.parametrize("method, path, allow", [
    ("PATCH", "/users", "GET, POST, OPTIONS"), ("PUT", "/users", "GET, POST, OPTIONS"), ("DELETE", "/users", "GET, POST, OPTIONS"),
    ("PATCH", f"/users/{MISSING}", "GET, PUT, DELETE, OPTIONS"), ("POST", f"/users/{MISSING}", "GET, PUT, DELETE, OPTIONS"),
])
def test_other_methods_are_405(api, token, method, path, allow):
    for given in (token, None):
        answer = api(method, path, VALID, given)
        assert (answer.status, answer.json) == (405, {"error": "Method not allowed"})
        assert set(answer.headers["Allow"].split(", ")) == set(allow.split(", "))


@pytest.mark.parametrize("path, methods", [("/users", {"GET", "POST", "OPTIONS"}), (f"/users/{MISSING}", {"GET", "PUT", "DELETE", "OPTIONS"})])
def test_preflight(api, path, methods):
    headers = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization"}
    answer = api("OPTIONS", path, headers=headers)
    assert (answer.status, answer.text) == (204, "")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert set(answer.headers["Access-Control-Allow-Methods"].split(", ")) == methods
    assert {"content-type", "authorization"} <= set(answer.headers["Access-Control-Allow-Headers"].lower().split(", "))


def test_every_answer_can_be_read_by_pages(api, token, user):
    for answer in (api("GET", "/users"), api("GET", f"/users/{MISSING}"), api("POST", "/users", VALID), api("PATCH", "/users"),
                   api("POST", "/users", {}, token), api("GET", f"/users/{user['id']}")):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_correlation_ids_come_back(api):
    answer = api("GET", "/users", headers={"X-Correlation-Id": "suite-1.2_3"})
    assert answer.headers["X-Correlation-Id"] == "suite-1.2_3"
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize("id", ["", "a b", "x" * 129, '"><script>', "ä"])
def test_unsafe_correlation_ids_are_replaced(api, id):
    answer = api("GET", "/users", headers={"X-Correlation-Id": id.encode()})
    given = answer.headers["X-Correlation-Id"]
    assert given and given == answer.headers["X-Request-Id"]
