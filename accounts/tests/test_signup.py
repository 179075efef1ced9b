"""`POST /signup`."""

from typing import Any
from unittest.mock import ANY
from uuid import UUID

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import DeferredMail, Role, User
from accounts.tasks import send_mail
from tests.cast import PASSWORD, assert_error_shape, assert_refused, fresh, unchanged
from web.tests.browse import browser_of

ADA = {"email": "ada@cast.test", "password": PASSWORD, "name": "Ada"}


def test_makes_a_user_who_can_sign_in(anonymous: APIClient) -> None:
    response = anonymous.post("/signup", ADA)
    user = User.objects.get()
    assert response.status_code == 201
    assert response.json() == {"userId": str(user.pk), "email": "ada@cast.test", "name": "Ada", "role": "user"}
    assert user.role == Role.USER
    assert not user.is_staff
    assert not user.is_superuser
    assert PASSWORD not in user.password
    assert anonymous.post("/login", ADA).status_code == 200


def test_the_name_is_optional(anonymous: APIClient) -> None:
    assert anonymous.post("/signup", {"email": "ada@cast.test", "password": PASSWORD}).json()["name"] == ""


def test_the_address_is_kept_in_lower_case(anonymous: APIClient) -> None:
    assert anonymous.post("/signup", {**ADA, "email": " Ada@Cast.TEST "}).json()["email"] == "ada@cast.test"


def test_nobody_makes_themselves_staff(anonymous: APIClient) -> None:
    body = {**ADA, "role": "staff", "is_staff": True, "isStaff": True, "is_superuser": True, "userId": "1"}
    assert anonymous.post("/signup", body).json()["role"] == "user"
    assert not User.objects.filter(is_staff=True).exists()


@pytest.mark.parametrize("email", ["ada@cast.test", "ADA@CAST.TEST"])
def test_whether_an_address_is_taken_does_not_show(anonymous: APIClient, user: User, email: str) -> None:
    taken = anonymous.post("/signup", {**ADA, "email": email, "name": "Eve"})
    free = anonymous.post("/signup", {**ADA, "email": "eve@cast.test", "name": "Eve"})
    assert (taken.status_code, free.status_code) == (201, 201)
    expected = {"userId": ANY, "name": "Eve", "role": "user"}
    assert taken.json() == {**expected, "email": "ada@cast.test"}
    assert free.json() == {**expected, "email": "eve@cast.test"}
    assert taken.headers.keys() == free.headers.keys()
    assert UUID(taken.json()["userId"]).version == UUID(free.json()["userId"]).version
    assert not User.objects.filter(pk=taken.json()["userId"]).exists()
    assert fresh(user).name == "Ada"
    assert fresh(user).check_password(PASSWORD)


def test_nor_does_another_accounts_confirmed_further_address(anonymous: APIClient, user: User) -> None:
    user.emailaddress_set.create(email="work@cast.test", verified=True)
    assert anonymous.post("/signup", {**ADA, "email": "work@cast.test"}).status_code == 201
    assert User.objects.count() == 1


def test_the_owner_of_a_taken_address_is_told_once_a_day(anonymous: APIClient, user: User) -> None:
    for _ in range(3):
        anonymous.post("/signup", ADA)
    (row,) = DeferredMail.objects.filter(kind="address_taken")
    send_mail(str(row.pk))
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == ([user.email], "You have an account already")
    assert "/account/password/reset/" in sent.body


def test_a_taken_address_takes_as_many_hashes(
    anonymous: APIClient, user: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    encode, hashed = MD5PasswordHasher.encode, []

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    for email in (user.email, "free@cast.test"):
        anonymous.post("/signup", {**ADA, "email": email})
        answer = browser_of(None).post("/account/signup/", {"email": f"p{email}", "password1": PASSWORD})
        assert answer["Location"] == "/account/confirm-email/"
    answer = browser_of(None).post("/account/signup/", {"email": user.email, "password1": PASSWORD})
    assert answer["Location"] == "/account/confirm-email/"
    assert hashed == [PASSWORD] * 5


def test_whether_an_account_exists_does_not_show_when_a_password_is_forgotten(user: User) -> None:
    answers = [browser_of(None).post("/account/password/reset/", {"email": f"{n}@cast.test"}) for n in ("ada", "eve")]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert len(mail.outbox) == 2  # the same work


@pytest.mark.parametrize("password", ["short", "12345678901", "password1", "ada@cast.test"])
def test_a_weak_password(anonymous: APIClient, password: str) -> None:
    with unchanged():
        assert_refused(anonymous.post("/signup", {**ADA, "password": password}), 400, "password_too_weak", "password")


@pytest.mark.parametrize(
    ("change", "code", "attr"),
    [
        ({"email": None}, "null", "email"),
        ({"email": "ada"}, "invalid", "email"),
        ({"email": 7}, "invalid", "email"),
        ({"email": {}}, "invalid", "email"),
        ({"email": f"{'a' * 250}@cast.test"}, "max_length", "email"),
        # 240 characters that become 480 in lower case.
        ({"email": f"{'İ' * 240}@cast.test"}, "max_length", "email"),
        ({"password": None}, "null", "password"),
        ({"password": True}, "invalid", "password"),
        ({"password": "x" * 129}, "max_length", "password"),
        ({"name": 5}, "invalid", "name"),
        ({"name": "x" * 81}, "max_length", "name"),
        ({"name": "a\0b"}, "parse_error", None),
    ],
)
def test_malformed(anonymous: APIClient, change: dict[str, Any], code: str, attr: str | None) -> None:
    with unchanged():
        assert_refused(anonymous.post("/signup", {**ADA, **change}), 400, code, attr)


def test_every_missing_field_is_named(anonymous: APIClient) -> None:
    errors = assert_error_shape(anonymous.post("/signup", {}), 400)["errors"]
    assert {(error["code"], error["attr"]) for error in errors} == {("required", "email"), ("required", "password")}
