"""Account pages while Valkey is away: each process counts and remembers by itself."""

from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import generate_totp_secret

from accounts.models import User
from accounts.tests.test_login_second_factor import log_in
from core import valkey
from tests.authenticator_app import code_of
from tests.cast import client_of, make_user, with_factor
from web.tests.browse import browser_of


@pytest.fixture(autouse=True)
def _away(nyc: object, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise valkey.Unreachable("away")

    monkeypatch.setattr(valkey.RetryOnce, "call_with_retry", refuse)


def test_a_forgotten_password_is_mailed_and_its_limit_holds(user: User) -> None:
    def ask() -> int:
        return browser_of(None).post("/account/password/reset/", {"email": user.email}).status_code

    assert [ask() for _ in range(7)] == [302] * 5 + [429] * 2


def test_a_code_signs_in_once(user: User) -> None:
    secret = generate_totp_secret()
    with_factor(user, secret)
    assert log_in(client_of(None), user, otp=code_of(secret)).status_code == 200
    assert log_in(client_of(None), user, otp=code_of(secret)).status_code == 401


def test_accounts_do_not_share_what_is_remembered(user: User) -> None:
    """The same code, by chance or by a shared secret, is another's."""
    secret, other = generate_totp_secret(), make_user("Grace")
    for account in (user, other):
        with_factor(account, secret)
        assert log_in(client_of(None), account, otp=code_of(secret)).status_code == 200
