"""The one error shape, wherever the error arises."""

from typing import Any

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from accounts.models import User
from tests.cast import assert_error_shape, assert_refused, client_of, unchanged

UNKNOWN = "/noSuchThing"


# ---------------------------------------------------------------- paths and methods


@pytest.mark.parametrize(
    "accept", [None, "*/*", "application/json", "application/json; version=1", "image/png", "x", ";"]
)
def test_an_unknown_path_for_programs(anonymous: APIClient, accept: str | None) -> None:
    headers = {} if accept is None else {"HTTP_ACCEPT": accept}
    assert_refused(anonymous.get(UNKNOWN, **headers), 404, "not_found")


@pytest.mark.parametrize("accept", ["text/html", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"])
def test_an_unknown_path_for_people(anonymous: APIClient, accept: str) -> None:
    response = anonymous.get(UNKNOWN, HTTP_ACCEPT=accept)
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    "path", ["/cheerRequest/", "/login/", "/cheerrequest", "/v1/login", "/ride//receipt", "/%00", "/me%0a"]
)
def test_paths_are_exact(user_api: APIClient, path: str) -> None:
    assert user_api.get(path).status_code in (400, 404)


@pytest.mark.parametrize(
    ("who", "method", "path", "allowed"),
    [
        ("anonymous", "get", "/login", {"POST", "OPTIONS"}),
        ("user", "delete", "/cheerRequest", {"GET", "POST", "HEAD", "OPTIONS"}),
        ("user", "put", "/me", {"GET", "HEAD", "OPTIONS"}),
        ("partner", "patch", "/rideEnd", {"POST", "OPTIONS"}),
        ("anonymous", "get", "/updatePaymentInfo", {"POST", "OPTIONS"}),
    ],
)
def test_a_method_that_is_not_there(api_of: Any, who: str, method: str, path: str, allowed: set[str]) -> None:
    response = getattr(api_of(who), method)(path)
    assert_refused(response, 405, "method_not_allowed")
    assert set(response["Allow"].split(", ")) == allowed


# ---------------------------------------------------------------- versions and representations


@pytest.mark.parametrize(
    "accept", ["application/json; version=1", "application/json;version=1", "application/json", "*/*"]
)
def test_version_1(user_api: APIClient, accept: str) -> None:
    response = user_api.get("/me", HTTP_ACCEPT=accept)
    assert (response.status_code, response["Content-Type"].split(";")[0]) == (200, "application/json")


@pytest.mark.parametrize("version", ["2", "0", "1.0", "one", "1 "])
def test_another_version(user_api: APIClient, version: str) -> None:
    response = user_api.get("/me", HTTP_ACCEPT=f'application/json; version="{version}"')
    if version.strip() == "1":
        assert response.status_code in (200, 406)
    else:
        assert_refused(response, 406, "not_acceptable")


def test_another_representation(user_api: APIClient) -> None:
    for accept in ("application/xml", "text/plain"):
        assert_refused(user_api.get("/me", HTTP_ACCEPT=accept), 406, "not_acceptable")


# ---------------------------------------------------------------- bodies

POSTS = [
    ("/login", "anonymous"),
    ("/signup", "anonymous"),
    ("/partner/apply", "user"),
    ("/cheerRequest", "user"),
    ("/updateLocation", "partner"),
    ("/partner/status", "partner"),
    ("/rideAccept", "partner"),
    ("/rideDecline", "partner"),
    ("/rideStart", "partner"),
    ("/rideEnd", "partner"),
    ("/rideCancel", "partner"),
]
EVERY_POST = pytest.mark.parametrize(("path", "who"), POSTS)


NO_OBJECT = {
    "cut short": b"{",
    "no JSON": b"not json",
    "no UTF-8": b"\xff\xfe",
    "a list": b"[]",
    "a string": b'"text"',
    "a number": b"5",
    "null": b"null",
    "NaN": b'{"a": NaN}',
    "infinity": b'{"a": Infinity}',
    "out of range": b'{"a": 1e999}',
    "too many digits": b'{"a": ' + b"9" * 5000 + b"}",
    "a lone surrogate": b'{"a": "\\ud800"}',
    "a NUL": b'{"a": "\\u0000"}',
    "deep lists": b"[" * 5000,
    "deep objects": b'{"a":' * 5000,
    "single quotes": b"{'a': 1}",
    "two objects": b'{"a": 1} {}',
}


@pytest.mark.parametrize("name", NO_OBJECT)
def test_a_body_that_is_no_json_object(user_api: APIClient, name: str) -> None:
    with unchanged():
        response = user_api.post("/cheerRequest", NO_OBJECT[name], content_type="application/json")
        assert_refused(response, 400, "parse_error")


@EVERY_POST
def test_no_post_takes_such_a_body(api_of: Any, path: str, who: str) -> None:
    client = api_of(who)
    with unchanged():
        for raw in (b"{", b"[]"):
            assert_refused(client.post(path, raw, content_type="application/json"), 400, "parse_error")


@EVERY_POST
def test_another_content_type(api_of: Any, path: str, who: str) -> None:
    client = api_of(who)
    with unchanged():
        for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x"):
            assert_refused(client.post(path, b"a=1", content_type=content_type), 415, "unsupported_media_type")


@EVERY_POST
def test_too_large_a_body(api_of: Any, path: str, who: str) -> None:
    client = api_of(who)
    with unchanged():
        raw = b'{"a": "' + b"x" * settings.MAX_BODY_BYTES + b'"}'
        assert_refused(client.post(path, raw, content_type="application/json"), 413, "too_large")


@EVERY_POST
def test_an_empty_body_names_what_is_missing(api_of: Any, path: str, who: str) -> None:
    client = api_of(who)
    with unchanged():
        for response in (client.post(path, {}), client.post(path)):
            errors = assert_error_shape(response, 400)
            assert errors["type"] == "validation_error"


@EVERY_POST
def test_unknown_fields_do_no_harm(api_of: Any, path: str, who: str) -> None:
    client = api_of(who)
    with unchanged():
        assert client.post(path, {"__proto__": 1, "": 2, "id": 3}).status_code == 400


def test_a_body_of_the_very_size(user_api: APIClient) -> None:
    frame = b'{"location": {"lat": 40.7484, "lng": -73.9857}, "x": ""}'
    raw = frame[:-2] + b"x" * (settings.MAX_BODY_BYTES - len(frame)) + frame[-2:]
    assert len(raw) == settings.MAX_BODY_BYTES
    assert user_api.post("/cheerRequest", raw, content_type="application/json").status_code == 201


# ---------------------------------------------------------------- our own failures


def test_an_error_of_ours_tells_nothing_but_that(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(user)
    client.raise_request_exception = False
    monkeypatch.setattr("accounts.apis.MeSerializer", lambda *_: 1 / 0)
    response = client.get("/me")
    assert response.status_code == 500
    assert response["Content-Type"].startswith("application/json")
    body = response.json()
    assert set(body) == {"type", "errors"}
    assert body["type"] == "server_error"
    assert [error["code"] for error in body["errors"]] == ["error"]
    assert "ZeroDivision" not in response.content.decode()
    assert "division" not in response.content.decode()


def test_outside_the_api_too(anonymous: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    anonymous.raise_request_exception = False
    monkeypatch.setattr("ops.metrics.generate_latest", lambda *_: 1 / 0)
    response = anonymous.get("/metrics")
    assert (response.status_code, response["Content-Type"]) == (500, "application/json")
    assert response.json()["type"] == "server_error"


def test_another_host(anonymous: APIClient) -> None:
    """Django's own refusals wear the shape as well."""
    response = anonymous.get("/me", HTTP_HOST="evil.example")
    assert_error_shape(response, 400)
