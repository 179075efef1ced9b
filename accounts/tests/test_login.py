"""`POST /login`."""

from datetime import timedelta
from typing import Any
from unittest.mock import ANY

import pytest
from django.conf import settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from accounts.models import User
from core import valkey
from tests.cast import PASSWORD, Clock, assert_error_shape, assert_refused, client_of, token_of, unchanged


def test_gives_a_token_that_works(anonymous: APIClient, user: User) -> None:
    response = anonymous.post("/login", {"email": user.email, "password": PASSWORD})
    assert response.status_code == 200
    body = response.json()
    me = {"userId": str(user.pk), "email": user.email, "name": "Ada", "role": "user"}
    assert body == {"token": ANY, "expiresAt": ANY, "user": me}
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {body['token']}")
    assert client.get("/me").json()["userId"] == str(user.pk)


def test_the_token_is_stored_hashed_and_expires(anonymous: APIClient, user: User) -> None:
    token = anonymous.post("/login", {"email": user.email, "password": PASSWORD}).json()["token"]
    stored = AuthToken.objects.get(user=user)
    assert token not in str(AuthToken.objects.filter(pk=stored.pk).values().get())
    assert stored.expiry is not None
    assert abs(stored.expiry - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)


@pytest.mark.parametrize("spelling", ["ADA@cast.test", "Ada@Cast.Test", " ada@cast.test "])
def test_the_spelling_of_the_address_does_not_matter(anonymous: APIClient, user: User, spelling: str) -> None:
    assert anonymous.post("/login", {"email": spelling, "password": PASSWORD}).status_code == 200


def test_the_spelling_of_the_password_does(anonymous: APIClient, user: User) -> None:
    for wrong in (PASSWORD.upper(), f" {PASSWORD}", f"{PASSWORD} "):
        assert_refused(anonymous.post("/login", {"email": user.email, "password": wrong}), 401, "authentication_failed")


def test_each_sign_in_has_its_own_token(anonymous: APIClient, user: User) -> None:
    tokens = {anonymous.post("/login", {"email": user.email, "password": PASSWORD}).json()["token"] for _ in range(3)}
    assert len(tokens) == 3
    assert AuthToken.objects.filter(user=user).count() == 3


def test_a_stale_token_does_not_stand_in_the_way(user: User) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer no-such-token")
    assert client.post("/login", {"email": user.email, "password": PASSWORD}).status_code == 200


def test_whether_the_account_exists_does_not_show(anonymous: APIClient, user: User) -> None:
    User.objects.create_user("gone@cast.test", PASSWORD, is_active=False)
    with unchanged():
        answers = [
            anonymous.post("/login", {"email": email, "password": password})
            for email, password in [
                (user.email, "wrong"),
                ("nobody@cast.test", PASSWORD),
                ("gone@cast.test", PASSWORD),
                ("not an address", "wrong"),
            ]
        ]
    for answer in answers:
        assert_refused(answer, 401, "authentication_failed")
        assert answer.content == answers[0].content
    assert AuthToken.objects.count() == 0


@pytest.mark.parametrize("email", ["ada@cast.test", "nobody@cast.test"])
def test_an_unknown_address_takes_as_many_hashes(
    anonymous: APIClient, user: User, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode, hashed = MD5PasswordHasher.encode, []

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    anonymous.post("/login", {"email": email, "password": "wrong"})
    assert hashed == ["wrong"]


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({}, "required", "email"),
        ({"email": "ada@cast.test"}, "required", "password"),
        ({"email": "ada@cast.test", "password": None}, "null", "password"),
        ({"email": "ada@cast.test", "password": 12345678}, "invalid", "password"),
        ({"email": ["ada@cast.test"], "password": "x"}, "invalid", "email"),
        ({"email": "ada@cast.test", "password": ""}, "blank", "password"),
        ({"email": "a" * 255, "password": "x"}, "max_length", "email"),
        ({"email": "ada@cast.test", "password": "x" * 129}, "max_length", "password"),
        ({"email": "ada\0@cast.test", "password": "x"}, "parse_error", None),
    ],
)
def test_malformed(anonymous: APIClient, user: User, body: dict[str, Any], code: str, attr: str | None) -> None:
    with unchanged():
        errors = assert_error_shape(anonymous.post("/login", body), 400)["errors"]
    assert (code, attr) in [(error["code"], error["attr"]) for error in errors]


def test_failures_are_limited_and_only_failures(anonymous: APIClient, user: User, other_user: User) -> None:
    limit = int(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["login_pair"].split("/")[0])
    for _ in range(limit + 1):
        assert anonymous.post("/login", {"email": user.email, "password": PASSWORD}).status_code == 200
    for _ in range(limit):
        wrong = anonymous.post("/login", {"email": user.email, "password": "wrong"})
        assert_refused(wrong, 401, "authentication_failed")
    right = anonymous.post("/login", {"email": user.email.upper(), "password": PASSWORD})
    assert_refused(right, 429, "throttled")
    assert 1 <= int(right["Retry-After"]) <= 60
    # Another account, and the same one from another address, are not held back.
    assert anonymous.post("/login", {"email": other_user.email, "password": PASSWORD}).status_code == 200
    elsewhere = APIClient(REMOTE_ADDR="198.51.100.7")
    assert elsewhere.post("/login", {"email": user.email, "password": PASSWORD}).status_code == 200


def test_an_address_that_tries_many_accounts_is_limited(anonymous: APIClient, user: User) -> None:
    limit = int(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["login_address"].split("/")[0])
    for number in range(limit):
        anonymous.post("/login", {"email": f"guess{number}@cast.test", "password": "wrong"})
    assert_refused(anonymous.post("/login", {"email": user.email, "password": PASSWORD}), 429, "throttled")


def test_no_address_is_kept_in_valkey(anonymous: APIClient, user: User) -> None:
    anonymous.post("/login", {"email": user.email, "password": "wrong"})
    assert not [key for key in valkey.client().keys("*") if user.email.encode() in key or b"127.0.0.1" in key]


def test_an_expired_token_is_refused(user: User, clock: Clock) -> None:
    client = client_of(user)
    clock.advance(30 * 86400 - 1)
    assert client.get("/me").status_code == 200
    clock.advance(2)
    response = client.get("/me")
    assert_refused(response, 401, "authentication_failed")
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_deactivated_account_is_out_at_once(user: User) -> None:
    client = client_of(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert_refused(client.get("/me"), 401, "authentication_failed")


@pytest.mark.parametrize("shape", ["Bearer", "Bearer {0} {0}", "Token {0}", "{0}", "Bearer é", "Basic {0}"])
def test_other_headers_do_not_sign_in(user: User, shape: str) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=shape.format(token_of(user)))
    assert_error_shape(client.get("/me"), 401)
