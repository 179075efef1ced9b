"""Calling the API patiently."""

import math

import httpx
import pytest

from simulator.client import SERVER_FAULTS_MAX, retry_after_s
from simulator.tests.fakes import api_of, error

ID = "019a8f5e-6f00-7000-8000-000000000001"


async def test_an_answer_has_its_body_and_no_code() -> None:
    api = api_of(lambda request: httpx.Response(200, json={"a": 1}))
    answer = await api.call("GET", "/me")
    assert (answer.ok, answer.status, answer.body, answer.code) == (True, 200, {"a": 1}, "")
    assert not api.errors


async def test_sends_the_token_the_key_and_the_version() -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    answer = await api_of(handle).call("POST", "/rideEnd", token="t", body={"a": 1}, key="k")
    assert (answer.ok, answer.body) == (True, None)
    assert seen[0].headers["Authorization"] == "Bearer t"
    assert seen[0].headers["Idempotency-Key"] == "k"
    assert seen[0].headers["Accept"] == "application/json; version=1"


async def test_an_error_has_its_code_and_is_counted_without_ids() -> None:
    api = api_of(lambda request: error(409, "ride_in_progress"))
    answer = await api.call("POST", f"/cheerRequest/{ID}/cancel")
    assert (answer.ok, answer.code) == (False, "ride_in_progress")
    assert api.errors == {"POST /cheerRequest/…/cancel: 409 ride_in_progress": 1}


@pytest.mark.parametrize("body", ["", "<html>", "[]", '{"errors": []}', '{"errors": null}'])
async def test_an_error_of_another_shape_is_an_error_all_the_same(body: str) -> None:
    answer = await api_of(lambda request: httpx.Response(400, text=body)).call("GET", "/me")
    assert (answer.ok, answer.code) == (False, "unknown")


async def test_waits_as_long_as_a_busy_server_says() -> None:
    answers = [error(429, "throttled", **{"Retry-After": "0"}), httpx.Response(200, json={})]
    api = api_of(lambda request: answers.pop(0))
    assert (await api.call("POST", "/login")).ok
    assert not answers


async def test_comes_back_to_a_server_that_was_away_with_the_same_key() -> None:
    keys: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        if len(keys) == 1:
            raise httpx.ConnectError("refused")
        if len(keys) == 2:
            return error(503, "not_ready")
        return httpx.Response(201, json={})

    api = api_of(handle)
    assert (await api.call("POST", "/rideAccept", key="accept-1")).ok
    assert keys == ["accept-1"] * 3
    assert api.errors == {"POST /rideAccept: ConnectError": 1, "POST /rideAccept: 503 not_ready": 1}


async def test_a_server_that_keeps_failing_is_given_up() -> None:
    api = api_of(lambda request: error(500, "error"))
    assert (await api.call("GET", "/me")).status == 500
    assert api.errors.total() == SERVER_FAULTS_MAX


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("0", 0), ("7", 7), ("1.5", 1.5), (None, 1), ("", 1), ("soon", 1), ("-3", 0), ("1e9", 300), ("nan", 1)],
)
def test_retry_after(header: str | None, seconds: float) -> None:
    assert math.isclose(retry_after_s(header), seconds)
