"""`POST /login` for an account with a second factor."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from knox.models import AuthToken
from rest_framework.response import Response
from rest_framework.test import APIClient

from accounts.models import User
from accounts.recovery_codes import RecoveryCodes
from tests.authenticator_app import AppClock, code_of
from tests.cast import PASSWORD, assert_refused


@pytest.fixture
def secret(user: User) -> str:
    """The user's second factor is on."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def log_in(api: APIClient, user: User, **more: str) -> Response:
    return api.post("/login", {"email": user.email, "password": PASSWORD, **more})  # type: ignore[return-value]


def test_the_password_alone_is_not_enough(anonymous: APIClient, user: User, secret: str) -> None:
    assert_refused(log_in(anonymous, user), 401, "mfa_required", "otp")
    assert_refused(log_in(anonymous, user, otp=""), 401, "mfa_required", "otp")
    assert not AuthToken.objects.exists()


def test_with_the_apps_code_once(anonymous: APIClient, user: User, secret: str) -> None:
    code = code_of(secret)
    assert log_in(anonymous, user, otp=f"{code[:3]} {code[3:]}").status_code == 200
    assert_refused(log_in(anonymous, user, otp=code), 401, "mfa_failed", "otp")
    assert AuthToken.objects.count() == 1


@pytest.mark.parametrize("later_s", [-1, 30], ids=["before its period", "after its period"])
def test_a_code_counts_in_its_own_period_only(
    anonymous: APIClient, user: User, secret: str, app_clock: AppClock, later_s: int
) -> None:
    code = code_of(secret)
    app_clock.advance(later_s)
    assert_refused(log_in(anonymous, user, otp=code), 401, "mfa_failed", "otp")


def test_a_used_code_is_worth_nothing_half_a_minute_later(
    anonymous: APIClient, user: User, secret: str, app_clock: AppClock
) -> None:
    """Used codes are remembered for one period, so a code must not live longer than that."""
    code = code_of(secret)
    assert log_in(anonymous, user, otp=code).status_code == 200
    cache.clear()
    app_clock.advance(30)
    assert_refused(log_in(anonymous, user, otp=code), 401, "mfa_failed", "otp")


def test_with_a_recovery_code_once(anonymous: APIClient, user: User, secret: str) -> None:
    code = RecoveryCodes.activate(user).get_unused_codes()[0]
    assert log_in(anonymous, user, otp=code).status_code == 200
    assert_refused(log_in(anonymous, user, otp=code), 401, "mfa_failed", "otp")


def test_a_wrong_password_says_nothing_of_the_factor(anonymous: APIClient, user: User, secret: str) -> None:
    answer = anonymous.post("/login", {"email": user.email, "password": "wrong", "otp": code_of(secret)})
    assert_refused(answer, 401, "authentication_failed")


def test_an_account_without_one_needs_none(anonymous: APIClient, user: User) -> None:
    assert not Authenticator.objects.filter(user=user).exists()
    assert log_in(anonymous, user, otp="123456").status_code == 200


def test_guessing_ends(anonymous: APIClient, user: User, secret: str, settings: object) -> None:
    """Counted per account: from another address each time, or right for once, makes no difference."""
    for n in range(10):
        assert_refused(log_in(anonymous, user, otp="wrong!"), 401, "mfa_failed", "otp")
        anonymous.defaults["REMOTE_ADDR"] = f"192.0.2.{n}"
    answer = log_in(anonymous, user, otp=code_of(secret))
    assert_refused(answer, 429, "throttled")
