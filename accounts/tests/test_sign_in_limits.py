"""Guessing passwords and codes: limits per account and address, counted before hashing, on the API and the pages."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as django_settings
from django.contrib.auth.hashers import Argon2PasswordHasher, MD5PasswordHasher
from django.core import mail
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts import hashers
from accounts.models import DeferredMail, User
from accounts.tasks import send_mail
from api import attempts
from core import valkey
from tests.cast import PASSWORD, assert_refused, in_threads
from web.tests.browse import SIGN_IN, browser_of, text_of

LIMITS = {
    "login": "1000/min",
    "login_account": "1000/min",
    "login_pair": "10/min",
    "login_address": "100/min",
    "login_failures": "20/hour",
    "login_otp": "10/min",
    "signup": "3/hour",
}


@pytest.fixture(autouse=True)
def _limits(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    limited(settings)
    # The windows are those of the wall clock; a test must not straddle two.
    monkeypatch.setattr("api.throttles.time.time", lambda: 1_800_000_030.0)
    yield
    attempts.forget_local_counts()


def limited(settings: Settings, **changes: str) -> None:
    rates = {**django_settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], **LIMITS, **changes}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were hashed."""
    encode, found = MD5PasswordHasher.encode, []

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        found.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    return found


def without_valkey(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise valkey.Unreachable("away")

    monkeypatch.setattr(valkey, "client", away)


def api_at(address: str) -> APIClient:
    return APIClient(REMOTE_ADDR=address)


def tried(user: User, address: str, *, password: str = "wrong", times: int = 1) -> list[int]:
    client = api_at(address)
    return [client.post("/login", {"email": user.email, "password": password}).status_code for _ in range(times)]


def on_page(email: str, password: str, address: str = "127.0.0.1") -> Any:
    return browser_of(None).post(SIGN_IN, {"login": email, "password": password}, REMOTE_ADDR=address)


# ---------------------------------------------------------------- guessing from many addresses


def test_guessing_from_many_addresses_ends(user: User, hashed: list[str]) -> None:
    answers = [tried(user, f"198.51.100.{n}", times=10) for n in range(8)]
    assert answers[:2] == [[401] * 10] * 2
    assert answers[2:] == [[429] * 10] * 6
    assert len(hashed) == 20
    assert tried(user, "198.51.100.99", password=PASSWORD) == [429]


def test_and_its_owner_still_gets_in_from_a_known_address(user: User) -> None:
    assert tried(user, "203.0.113.7", password=PASSWORD) == [200]
    for n in range(2):
        tried(user, f"198.51.100.{n}", times=10)
    assert tried(user, "198.51.100.99", password=PASSWORD) == [429]
    assert tried(user, "203.0.113.7", password=PASSWORD) == [200]
    assert on_page(user.email, PASSWORD, "203.0.113.7").status_code == 302
    # But even from there not without limit.
    assert tried(user, "203.0.113.7", times=11) == [401] * 10 + [429]


def test_its_owner_is_told_once_a_day(user: User) -> None:
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    for n in range(4):
        tried(user, f"198.51.100.{n}", times=10)
    (row,) = DeferredMail.objects.filter(kind="password_guesses")
    assert (row.user, row.kind) == (user, "password_guesses")
    send_mail(str(row.pk))
    (sent,) = mail.outbox
    assert sent.to == [user.email]
    assert sent.subject == "Someone is guessing your password"
    assert "/account/password/reset/" in sent.body


def test_an_address_known_from_the_pages_is_known_to_the_api(user: User) -> None:
    assert on_page(user.email, PASSWORD, "203.0.113.7").status_code == 302
    for n in range(2):
        tried(user, f"198.51.100.{n}", times=10)
    assert tried(user, "203.0.113.7", password=PASSWORD) == [200]


def test_the_page_counts_with_the_api(user: User) -> None:
    tried(user, "198.51.100.1", times=10)
    page = on_page(user.email, PASSWORD, "198.51.100.1")
    assert page.status_code == 429
    assert 1 <= int(page["Retry-After"]) <= 60
    assert "Try again later" in text_of(page)
    for _ in range(10):
        assert on_page(user.email, "wrong", "198.51.100.2").status_code == 200
    assert tried(user, "198.51.100.2", password=PASSWORD) == [429]


def test_a_whole_ipv6_network_is_one_address(user: User) -> None:
    answers = [tried(user, f"2001:db8:1:2::{n:x}")[0] for n in range(1, 13)]
    assert answers == [401] * 10 + [429] * 2


def test_an_unknown_address_is_limited_alike(nyc: object) -> None:
    nobody = User(email="nobody@cast.test")
    answers = [tried(nobody, f"198.51.100.{n}", times=10) for n in range(3)]
    assert answers == [[401] * 10] * 2 + [[429] * 10]


def test_a_strangers_unconfirmed_address_does_not_shadow_an_account(user: User, outsider: User) -> None:
    outsider.emailaddress_set.create(email=user.email, verified=False, primary=False)
    assert on_page(user.email, PASSWORD).status_code == 302
    assert tried(user, "127.0.0.1", password=PASSWORD) == [200]


# ---------------------------------------------------------------- many at a time


@pytest.mark.django_db(transaction=True)
def test_a_burst_counts_before_it_hashes(user: User, hashed: list[str]) -> None:
    answers = in_threads(*[lambda: tried(user, "198.51.100.1")[0]] * 24)
    assert len(hashed) <= 10
    assert answers.count(401) == len(hashed)
    assert answers.count(429) == 24 - len(hashed)


def test_right_ones_have_a_rate_too(user: User, settings: Settings) -> None:
    limited(settings, login_account="3/min")
    assert tried(user, "198.51.100.1", password=PASSWORD, times=2) == [200, 200]
    assert on_page(user.email, PASSWORD, "198.51.100.2").status_code == 302
    assert tried(user, "198.51.100.3", password=PASSWORD) == [429]


def test_and_per_address(user: User, other_user: User, settings: Settings) -> None:
    limited(settings, login="2/min")
    assert tried(user, "198.51.100.1", password=PASSWORD) == [200]
    assert tried(other_user, "198.51.100.1", password=PASSWORD, times=2) == [200, 429]


def test_success_gives_back(user: User) -> None:
    assert tried(user, "198.51.100.1", times=9) == [401] * 9
    assert tried(user, "198.51.100.1", password=PASSWORD, times=5) == [200] * 5
    assert tried(user, "198.51.100.1", times=2) == [401, 429]


# ---------------------------------------------------------------- Valkey is away


def test_without_valkey_guessing_stays_limited(user: User, monkeypatch: pytest.MonkeyPatch, hashed: list[str]) -> None:
    without_valkey(monkeypatch)
    assert tried(user, "198.51.100.1", password=PASSWORD) == [200]
    assert tried(user, "198.51.100.1", times=30) == [401] * 10 + [429] * 20
    assert len(hashed) == 11
    assert on_page(user.email, PASSWORD, "198.51.100.1").status_code == 429
    assert on_page(user.email, PASSWORD, "198.51.100.2").status_code == 302


def test_without_valkey_a_process_remembers_only_so_much(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    without_valkey(monkeypatch)
    monkeypatch.setattr(attempts, "LOCAL_WINDOWS_MAX", 10)
    for n in range(20):
        tried(User(email=f"u{n}@cast.test"), f"198.51.100.{n}")
    assert len(attempts._counts) <= 10
    assert tried(user, "203.0.113.1", times=11) == [401] * 10 + [429]


# ---------------------------------------------------------------- sign-up


def test_sign_ups_on_the_page_count_with_the_api(anonymous: APIClient) -> None:
    def page(n: int) -> int:
        body = {"email": f"p{n}@cast.test", "password1": PASSWORD, "name": ""}
        return int(browser_of(None).post("/account/signup/", body).status_code)

    def api(n: int) -> int:
        return int(anonymous.post("/signup", {"email": f"a{n}@cast.test", "password": PASSWORD}).status_code)

    assert [page(1), api(1), page(2)] == [302, 201, 302]
    assert [api(2), page(3)] == [429, 429]
    assert User.objects.count() == 3


# ---------------------------------------------------------------- hashing


@pytest.fixture
def one_slot(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> threading.BoundedSemaphore:
    """Hash with the hasher of the program, one password at a time, and wait for nothing."""
    settings.PASSWORD_HASHERS = ["accounts.hashers.Argon2Hasher", "django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.PASSWORD_HASH_WAIT_S = 0
    slots = threading.BoundedSemaphore(1)
    monkeypatch.setattr(hashers, "_slots", slots)
    return slots


def test_hashing_is_refused_when_too_much_is_going_on(user: User, one_slot: threading.BoundedSemaphore) -> None:
    user.set_password(PASSWORD)
    user.save()
    with one_slot:
        answer = api_at("198.51.100.1").post("/login", {"email": user.email, "password": "wrong"})
        assert_refused(answer, 429, "busy")
        assert answer["Retry-After"] == "2"
        page = on_page(user.email, PASSWORD)
        assert (page.status_code, page["Retry-After"]) == (429, "2")
        answer = api_at("198.51.100.1").post("/signup", {"email": "new@cast.test", "password": PASSWORD})
        assert_refused(answer, 429, "busy")
    assert tried(user, "198.51.100.1", password=PASSWORD) == [200]


def test_a_refusal_for_want_of_a_slot_is_no_failure(user: User, one_slot: threading.BoundedSemaphore) -> None:
    user.set_password(PASSWORD)
    user.save()
    with one_slot:
        assert tried(user, "198.51.100.1", times=12) == [429] * 12
    assert tried(user, "198.51.100.1") == [401]


@pytest.mark.parametrize("old", [Argon2PasswordHasher, MD5PasswordHasher])
def test_an_old_hash_is_replaced_at_the_next_sign_in(user: User, one_slot: object, old: Any) -> None:
    user.password = old().encode(PASSWORD, "somesaltsomesalt")
    user.save()
    assert tried(user, "198.51.100.1", password=PASSWORD) == [200]
    user.refresh_from_db()
    assert user.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
