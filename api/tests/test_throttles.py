"""Rate limits. Those of sign-in are in accounts/tests/test_login.py."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Partner, User
from api.throttles import socket_wait
from core import valkey
from tests.cast import PASSWORD, assert_refused, client_of, make_user


@pytest.fixture(autouse=True)
def _low(settings: Settings) -> None:
    rates = {
        "account": "3/min",
        "address": "2/min",
        "signup": "1/hour",
        "place": "1/min",
        "request": "2/min",
        "request_address": "4/min",
        "position": "2/min",
        "position_address": "3/min",
        "socket": "2/min",
        "socket_address": "4/min",
    }
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}


@pytest.fixture(autouse=True)
def _stopped_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The windows are those of the wall clock; a test must not straddle two."""
    monkeypatch.setattr("api.throttles.time.time", lambda: 1_800_000_030.0)


def statuses(client: Any, path: str, times: int) -> list[int]:
    return [client.get(path).status_code for _ in range(times)]


def test_each_account_has_its_own(user: User, other_user: User) -> None:
    assert statuses(client_of(user), "/me", 4) == [200, 200, 200, 429]
    assert statuses(client_of(user), "/me", 1) == [429]  # another token, the same account
    assert statuses(client_of(other_user), "/me", 1) == [200]


def test_searches_of_places_have_their_own(user: User, other_user: User) -> None:
    assert statuses(client_of(user), "/place?q=times", 2) == [200, 429]
    assert statuses(client_of(other_user), "/place?q=times", 1) == [200]
    assert statuses(client_of(user), "/me", 1) == [200]


def test_the_answer_says_when_to_come_back(user_api: APIClient) -> None:
    statuses(user_api, "/me", 3)
    refused = user_api.get("/me")
    assert_refused(refused, 429, "throttled")
    assert refused["Retry-After"] == "30"


def test_the_next_window_is_a_new_one(user_api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert statuses(user_api, "/me", 4)[-1] == 429
    monkeypatch.setattr("api.throttles.time.time", lambda: 1_800_000_060.0)
    assert statuses(user_api, "/me", 1) == [200]


def test_those_without_an_account_share_their_address(nyc: object) -> None:
    here, there = APIClient(), APIClient(REMOTE_ADDR="198.51.100.7")
    assert statuses(here, "/requestType", 3) == [200, 200, 429]
    assert statuses(there, "/requestType", 1) == [200]


def test_a_header_does_not_make_another_address(nyc: object) -> None:
    assert statuses(APIClient(), "/requestType", 2) == [200, 200]
    spoofed = APIClient(HTTP_X_FORWARDED_FOR="198.51.100.7")
    assert statuses(spoofed, "/requestType", 1) == [429]


def test_behind_a_proxy_its_word_counts(nyc: object, settings: Settings) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    clients = [APIClient(HTTP_X_FORWARDED_FOR=f"made up, 198.51.100.{n}") for n in (1, 2)]
    assert [statuses(client, "/requestType", 3) for client in clients] == [[200, 200, 429]] * 2


def test_signup(anonymous: APIClient) -> None:
    bodies = [{"email": f"u{n}@cast.test", "password": PASSWORD} for n in range(2)]
    assert [anonymous.post("/signup", body).status_code for body in bodies] == [201, 429]
    assert User.objects.count() == 1


def test_the_provider_and_the_probes_are_never_held_back(anonymous: APIClient) -> None:
    assert {anonymous.post("/updatePaymentInfo").status_code for _ in range(6)} == {400}
    assert {anonymous.post("/updatePayoutInfo").status_code for _ in range(6)} == {400}
    assert set(statuses(anonymous, "/healthz", 6)) == {200}
    assert set(statuses(anonymous, "/metrics", 6)) == {200}


def test_without_valkey_nobody_is_held_back(user_api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise valkey.Unreachable("away")

    monkeypatch.setattr(valkey, "client", away)
    assert set(statuses(user_api, "/me", 6)) == {200}


def test_no_address_and_no_account_is_kept_in_the_clear(user_api: APIClient, user: User, anonymous: APIClient) -> None:
    user_api.get("/me")
    anonymous.get("/requestType")
    keys = b" ".join(valkey.client().keys("rate:*"))
    assert keys.count(b"rate:") == 2
    assert str(user.pk).encode() not in keys
    assert b"127.0.0.1" not in keys


def asked(client: APIClient, times: int, **extra: str) -> list[int]:
    """Requests without a place: each is refused as malformed, and counted."""
    return [client.post("/cheerRequest", {}, **extra).status_code for _ in range(times)]


def test_requests_have_a_rate_of_their_own_per_account(user: User, other_user: User) -> None:
    assert asked(client_of(user), 3) == [400, 400, 429]
    assert statuses(client_of(user), "/cheerRequest", 1) == [429]  # among all calls of the account, one too many
    assert asked(client_of(other_user), 1) == [400]


def test_and_per_address(user: User, other_user: User, outsider: User) -> None:
    counted = [asked(client_of(who), 2) for who in (user, other_user, outsider)]
    assert counted == [[400, 400], [400, 400], [429, 429]]
    assert asked(client_of(make_user("Uma")), 1, REMOTE_ADDR="198.51.100.7") == [400]


def test_reading_is_no_request(user: User) -> None:
    assert statuses(client_of(user), "/cheerRequest", 3) == [200, 200, 200]


def test_positions_have_one_too(partner: Partner, other_partner: Partner) -> None:
    def reported(who: Partner, times: int) -> list[int]:
        client = client_of(who.user)
        return [client.post("/updateLocation", {}).status_code for _ in range(times)]

    assert reported(partner, 3) == [400, 400, 429]
    assert reported(other_partner, 1) == [429]  # from the same address


def test_handshakes_of_sockets(nyc: object) -> None:
    assert [socket_wait(address=f"192.0.2.1{n}", account="a") for n in range(3)] == [None, None, 30.0]
    assert [socket_wait(address="192.0.2.1") for _ in range(5)] == [None] * 4 + [30.0]
    assert socket_wait(address="192.0.2.1", account="b") == 30.0
    assert socket_wait(address="192.0.2.2") is None


def test_without_valkey_nobody_is_turned_away(user_api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise valkey.Unreachable("away")

    monkeypatch.setattr(valkey, "client", away)
    assert [user_api.post("/cheerRequest", {}).status_code for _ in range(4)] == [400] * 4
    assert [socket_wait(address="", account="a") for _ in range(4)] == [None] * 4


def test_pages_count_like_calls(user: User, anonymous: APIClient) -> None:
    pages = Client()
    assert [pages.get("/help").status_code for _ in range(3)] == [200, 200, 429]
    assert pages.get("/account/login/").status_code == 429
    answer = pages.get("/terms", HTTP_ACCEPT="text/html")
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert "429" in answer.content.decode()
    shaped = pages.get("/terms", HTTP_ACCEPT="application/json")
    assert_refused(shaped, 429, "throttled")
    assert shaped.has_header("Retry-After")
    assert anonymous.get("/requestType").status_code == 429  # the address has one window
    assert pages.get("/healthz").status_code == 200


def test_a_signed_in_browser_counts_for_its_account(user: User) -> None:
    pages = Client()
    pages.force_login(user)
    assert statuses(pages, "/account/data/export", 5)[-1] == 429
    assert Client().get("/help").status_code == 200
