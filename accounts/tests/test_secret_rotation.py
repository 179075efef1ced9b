"""A new SECRET_KEY, with the old one among SECRET_KEY_FALLBACKS: nobody notices, and afterwards the old key may go."""

from typing import Any

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from cryptography.fernet import InvalidToken
from django.core.management import CommandError, call_command
from django.db import transaction
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from accounts.recovery_codes import Seeded
from accounts.tests.test_login_second_factor import log_in
from api.models import IdempotencyRecord
from tests.authenticator_app import code_of
from tests.cast import EMPIRE_STATE, PASSWORD, at, client_of

OLD, NEW = "the-old-key-" * 5, "the-new-key-" * 5


@pytest.fixture(autouse=True)
def _old(settings: Settings) -> None:
    settings.SECRET_KEY = OLD


def rotate(settings: Settings) -> None:
    """Change the secret key as an operator does: a new one, with the old one as a fallback."""
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]


def drop_the_old_key(settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = []


def data_of(user: User) -> dict[str, Any]:
    return {factor.type: factor.data for factor in Authenticator.objects.filter(user=user)}


def test_links_in_mails_stay_good(user: User, settings: Settings) -> None:
    token = default_token_generator.make_token(user)
    address, _ = EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"primary": True})
    confirmation = EmailConfirmationHMAC(address).key
    rotate(settings)
    assert default_token_generator.check_token(user, token)
    found = EmailConfirmationHMAC.from_key(confirmation)
    assert found is not None
    assert found.email_address == address
    drop_the_old_key(settings)
    assert not default_token_generator.check_token(user, token)
    assert EmailConfirmationHMAC.from_key(confirmation) is None


def test_a_second_factor_is_renewed_at_use(anonymous: APIClient, user: User, settings: Settings) -> None:
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    rotate(settings)
    assert log_in(anonymous, user, otp=code_of(secret)).status_code == 200
    drop_the_old_key(settings)
    assert TOTP(Authenticator.objects.get(user=user)).validate_code("000000") is False  # it can be read


def test_the_command_renews_the_others(user: User, other_user: User, settings: Settings) -> None:
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    codes = Seeded.activate(user).generate_codes()  # as an earlier version kept them
    rotate(settings)
    call_command("renew_secrets")
    renewed = data_of(user)
    call_command("renew_secrets")  # again: nothing is left to do
    assert data_of(user) == renewed
    drop_the_old_key(settings)
    assert log_in(client_of(None), user, otp=codes[3]).status_code == 200
    assert log_in(client_of(None), user, otp=code_of(secret)).status_code == 200


def test_the_command_fails_where_the_old_key_is_missing(user: User, settings: Settings) -> None:
    TOTP.activate(user, generate_totp_secret())
    settings.SECRET_KEY = NEW
    with pytest.raises(CommandError, match="1 second factors"):
        call_command("renew_secrets")
    with pytest.raises(InvalidToken), transaction.atomic():
        TOTP(Authenticator.objects.get(user=user)).validate_code("000000")


def test_a_call_is_repeated_safely_across_the_change(user_api: APIClient, nyc: object, settings: Settings) -> None:
    call = ("/cheerRequest", {"location": at(EMPIRE_STATE)})
    first = user_api.post(*call, headers={"idempotency-key": "k1"})
    assert first.status_code == 201
    rotate(settings)
    again = user_api.post(*call, headers={"idempotency-key": "k1"})
    assert (again.status_code, again.headers.get("Idempotency-Replayed")) == (201, "true")
    assert again.json() == first.json()


def test_an_anonymous_call_as_well(anonymous: APIClient, db: None, settings: Settings) -> None:
    body = {"email": "new@cast.test", "password": PASSWORD, "name": "New"}
    first = anonymous.post("/signup", body, headers={"idempotency-key": "k1"})
    assert first.status_code == 201
    stored = IdempotencyRecord.objects.count()
    rotate(settings)
    again = anonymous.post("/signup", body, headers={"idempotency-key": "k1"})
    assert (again.status_code, IdempotencyRecord.objects.count()) == (first.status_code if stored else 400, stored)
