"""`POST /signup`."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Role, User
from tests.cast import PASSWORD, assert_error_shape, assert_refused, unchanged

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
def test_an_address_has_one_account(anonymous: APIClient, user: User, email: str) -> None:
    with unchanged():
        assert_refused(anonymous.post("/signup", {**ADA, "email": email}), 400, "email_taken", "email")


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
