"""Recovery codes: shown once, kept as slow hashes, used up one by one."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal import auth
from django.contrib.auth.hashers import check_password, identify_hasher
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts import audit
from accounts.hashers import HashingBusy
from accounts.models import User
from accounts.recovery_codes import RecoveryCodes, Seeded
from accounts.tests.test_login_second_factor import log_in
from tests.cast import assert_refused, client_of, with_factor
from web.tests.browse import browser_of, by_password
from web.tests.test_second_factor import CODES, shown_codes, turn_on


@pytest.fixture
def confirmed(user: User) -> User:
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    return user


def kept_of(user: User) -> dict[str, Any]:
    data: dict[str, Any] = Authenticator.objects.get(user=user, type="recovery_codes").data
    return data


def test_database_and_key_reveal_no_code(user: User, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["accounts.hashers.Argon2Hasher"]
    codes = RecoveryCodes.activate(user).get_unused_codes()
    kept = kept_of(user)
    assert list(kept) == ["hashes"]
    assert {identify_hasher(kept).algorithm for kept in kept["hashes"]} == {"argon2"}
    assert len(set(kept["hashes"])) == len(set(codes)) == 10
    assert check_password(codes[0], kept["hashes"][0])


def test_a_used_code_is_deleted(user: User) -> None:
    codes = RecoveryCodes.activate(user).get_unused_codes()
    here, there = (Authenticator.objects.get(user=user).wrap() for _ in range(2))
    assert isinstance(here, RecoveryCodes)
    assert here.validate_code(codes[4])
    assert not there.validate_code(codes[4])  # which had read the row before
    assert not here.validate_code(codes[4])
    assert len(kept_of(user)["hashes"]) == 9
    assert there.validate_code(codes[5])


def test_other_texts_are_not_hashed(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong code of the app would cost ten hashes."""
    made = RecoveryCodes.activate(user)
    monkeypatch.setattr("accounts.recovery_codes.check_password", lambda *_: pytest.fail("hashed"))
    for text in ("123456", "1234567a", "１２３４５６７８", "123456789", ""):
        assert not made.validate_code(text)


def test_a_check_that_was_not_made_does_not_count(
    user: User, anonymous: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_factor(user)
    code = RecoveryCodes.activate(user).get_unused_codes()[0]

    def busy(*_: object) -> bool:
        raise HashingBusy

    with monkeypatch.context() as patched:
        patched.setattr("accounts.recovery_codes.check_password", busy)
        for _ in range(12):
            assert_refused(log_in(anonymous, user, otp=code), 429, "busy")
    assert log_in(client_of(None), user, otp=code).status_code == 200


# ---------------------------------------------------------------- the page


def test_the_page_shows_them_once(confirmed: User) -> None:
    here = by_password(confirmed)
    turn_on(here)
    codes = shown_codes(here)
    assert len(codes) == 10
    assert shown_codes(here) == []
    assert here.get("/account/2fa/recovery-codes/download/").status_code == 403
    assert "10 of 10" in here.get("/account/2fa/").content.decode()
    assert here.post(f"{CODES}generate/").status_code == 302
    assert not set(shown_codes(here)) & set(codes)


def test_nobody_else_sees_them_before(confirmed: User) -> None:
    here = by_password(confirmed)
    turn_on(here)
    thief = browser_of(User.objects.get(pk=confirmed.pk))
    thief.get(CODES)
    session = Session.objects.get(session_key=here.session.session_key)
    codes = shown_codes(here)
    assert len(codes) == 10
    assert not [code for code in codes if code in str(session.get_decoded())]


# ---------------------------------------------------------------- those of an earlier version


def test_an_earlier_versions_codes_work_and_are_hashed_at_the_first_use(user: User) -> None:
    with_factor(user)
    codes = Seeded.activate(user).generate_codes()
    assert Seeded(Authenticator.objects.get(user=user, type="recovery_codes")).validate_code(codes[0])
    assert_refused(log_in(client_of(None), user, otp=codes[0]), 401, "mfa_failed", "otp")
    assert list(kept_of(user)) == ["hashes"]
    assert log_in(client_of(None), user, otp=codes[1]).status_code == 200
    assert len(kept_of(user)["hashes"]) == 8


def test_the_command_hashes_the_others(user: User) -> None:
    codes = Seeded.activate(user).generate_codes()
    assert audit.recovery_codes_are_hashed(timezone.now()).wrong == 1
    call_command("renew_secrets")
    assert audit.recovery_codes_are_hashed(timezone.now()).wrong == 0
    assert list(kept_of(user)) == ["hashes"]
    assert RecoveryCodes(Authenticator.objects.get()).validate_code(codes[9])


def test_allauth_uses_them(user: User) -> None:
    assert auth.RecoveryCodes is RecoveryCodes
