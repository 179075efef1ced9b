"""New passwords, wherever they are chosen."""

from typing import Any

import pytest
from django.core import mail
from rest_framework.test import APIClient

from accounts.models import User
from tests.cast import PASSWORD, assert_refused, unchanged
from web.tests.browse import browser_of, by_password, text_of

REFUSED = [
    "Password123!",  # too short
    "Summer2026!",
    "speedycheers",  # the name of the service
    "SpeedyCheers2026",
    "cheers-demo",
    "ada.lovelace1",  # the person's name and address
    "Lovelace-Ada-99",
    "adalovelacecast",
    "password1234",  # known from breaches
    "Password1234",
    "qwertyuiop123",
    "123456789012",
    "iloveyou1234",
]
TAKEN = [
    "hip-hip-hooray-42",
    "seventeen brass trombones",
    "839201746528",  # digits alone, but none that anybody would try
    "ada likes long brass trombones",
    "ñandú en la montaña",
    "пароль для пирогов",
    "a long sentence of trombones ".ljust(128, "o"),
]
ADA = {"email": "ada.lovelace@cast.test", "name": "Ada Lovelace"}


@pytest.mark.parametrize("password", REFUSED)
def test_refused_by_the_api(anonymous: APIClient, password: str) -> None:
    with unchanged():
        assert_refused(anonymous.post("/signup", {**ADA, "password": password}), 400, "password_too_weak", "password")


@pytest.mark.parametrize("password", TAKEN)
def test_taken_by_the_api(anonymous: APIClient, password: str) -> None:
    assert anonymous.post("/signup", {**ADA, "password": password}).status_code == 201


@pytest.mark.parametrize("password", REFUSED)
def test_refused_by_the_pages(nyc: object, password: str) -> None:
    body = {**ADA, "password1": password}
    assert browser_of(None).post("/account/signup/", body).status_code == 200
    assert not User.objects.exists()


def test_digits_alone_are_taken_by_the_pages(nyc: object) -> None:
    body = {**ADA, "password1": "839201746528"}
    assert browser_of(None).post("/account/signup/", body).status_code == 302


def test_a_change_takes_the_present_one(user: User) -> None:
    body = {"oldpassword": "not the present one", "password1": TAKEN[1], "password2": TAKEN[1]}
    assert by_password(user).post("/account/password/change/", body).status_code == 200
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@pytest.mark.parametrize("password", ["password1234", "ada-ada-ada-1"])
def test_refused_when_it_changes(user: User, password: str) -> None:
    body = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    answer = by_password(user).post("/account/password/change/", body)
    assert answer.status_code == 200
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_refused_when_it_was_forgotten(user: User) -> None:
    browser = browser_of(None)
    browser.post("/account/password/reset/", {"email": user.email})
    link = next(word for word in mail.outbox[-1].body.split() if "/reset/key/" in word)
    path = browser.get(link.partition("testserver")[2] or link)["Location"]
    answer: Any = browser.post(path, {"password1": "password1234", "password2": "password1234"})
    assert "known from a data breach" in text_of(answer)
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
