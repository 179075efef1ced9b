"""Sessions end after a time without use, and after a time in any case; a new secret key ends none."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import Settings

from accounts import sessions
from accounts.models import User
from accounts.socket_auth import identify
from tests.cast import PASSWORD

DAY_S = 24 * 3600


class Now:
    """The time that sessions see. The database's own clock stands still, so expiry is compared by the test."""

    def __init__(self) -> None:
        self.s = 1_800_000_000.0

    def time(self) -> float:
        return self.s


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Now:
    clock = Now()
    monkeypatch.setattr(sessions, "time", clock)
    return clock


def signed_in(user: User) -> Client:
    browser = Client()
    browser.post("/account/login/", {"login": user.email, "password": PASSWORD})
    return browser


def lasts_s(browser: Client) -> int:
    """The seconds that the session lasts from its last use on."""
    return int(browser.session.get_expiry_age())


def handshake(browser: Client, settings: Settings) -> Any:
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
    return {"headers": [(b"cookie", cookie.encode())], "query_string": b""}


def test_an_unused_session_ends_after_three_days(user: User, now: Now) -> None:
    browser = signed_in(user)
    assert lasts_s(browser) == 3 * DAY_S
    assert browser.cookies["sessionid"]["max-age"] == 3 * DAY_S


def test_use_prolongs_it_up_to_its_greatest_age(user: User, now: Now) -> None:
    browser = signed_in(user)
    for day, left in ((2, 3), (4, 3), (10, 3), (12, 2), (13, 1)):
        now.s = 1_800_000_000.0 + day * DAY_S
        assert browser.get("/me").status_code == 200
        assert lasts_s(browser) == left * DAY_S
    now.s = 1_800_000_000.0 + 14 * DAY_S
    assert browser.get("/me").status_code == 401
    assert not Session.objects.exists()


def test_it_is_not_written_at_every_call(user: User, now: Now, django_assert_num_queries: Any) -> None:
    browser = signed_in(user)
    browser.get("/me")
    now.s += sessions.SEEN_EVERY_S - 1
    before = browser.session[sessions.SEEN_AT]
    browser.get("/me")
    assert browser.session[sessions.SEEN_AT] == before
    now.s += 1
    browser.get("/me")
    assert browser.session[sessions.SEEN_AT] == before + sessions.SEEN_EVERY_S


def test_a_socket_counts_as_use_and_opens_none_that_is_over(user: User, now: Now, settings: Settings) -> None:
    browser = signed_in(user)
    now.s += 2 * DAY_S
    assert identify(handshake(browser, settings))[0] == user
    assert browser.session[sessions.SEEN_AT] == now.s
    now.s += 12 * DAY_S
    assert identify(handshake(browser, settings))[0] is None


def test_signing_in_again_begins_anew(user: User, now: Now) -> None:
    browser = signed_in(user)
    now.s += 13 * DAY_S
    browser.get("/me")
    browser.force_login(user)
    browser.get("/me")
    assert lasts_s(browser) == 3 * DAY_S


def test_a_socket_under_a_new_key_leaves_the_browser_signed_in(user: User, settings: Settings) -> None:
    settings.SECRET_KEY = "the-old-key-" * 5
    browser = signed_in(user)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the-new-key-" * 5, [settings.SECRET_KEY]
    assert identify(handshake(browser, settings))[0] == user
    assert browser.get("/me").status_code == 200
    settings.SECRET_KEY_FALLBACKS = []  # the page has renewed the session
    assert browser.get("/me").status_code == 200
    assert identify(handshake(browser, settings))[0] == user


def test_without_the_old_key_the_session_ends(user: User, settings: Settings) -> None:
    browser = signed_in(user)
    settings.SECRET_KEY = "the-new-key-" * 5
    assert browser.get("/me").status_code == 401
