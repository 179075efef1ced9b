"""Steps that move money or open an account ask who it is: a browser may have been left open, or its session stolen."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import models
from django.test import Client

from accounts.models import User
from accounts.second_factor import FACTORS
from backoffice.tests.desk import desk_of, page_of, refusals, take, url_of
from ops import seed as demo
from payments.models import Payment
from rides.models import Ride
from tests.cast import fresh, make_clerk, unchanged, with_factor

AGAIN = "/account/2fa/reauthenticate/"
SENT = {"_form_submitted": "on"}


@pytest.fixture
def stolen(staff: User) -> Client:
    """A session whose person signed in a while ago."""
    return desk_of(staff, confirmed=False)


def a_factor(request: pytest.FixtureRequest) -> models.Model:
    return Authenticator.objects.get(user=with_factor(request.getfixturevalue("user")), type__in=FACTORS)


def a_payment(request: pytest.FixtureRequest) -> models.Model:
    ride: Ride = request.getfixturevalue("completed")
    return Payment.objects.filter(ride=ride).latest("pk")


def a_user(request: pytest.FixtureRequest) -> models.Model:
    user: User = request.getfixturevalue("user")
    return user


SENSITIVE = [(a_payment, "refund"), (a_factor, "remove"), (a_user, "deactivate"), (a_user, "revoke")]


@pytest.mark.parametrize(("row_of", "step"), SENSITIVE)
def test_a_stolen_session_takes_no_sensitive_step(
    stolen: Client, request: pytest.FixtureRequest, row_of: Callable[..., models.Model], step: str
) -> None:
    row = row_of(request)
    address = url_of(type(row), step, row.pk)
    answers: list[Any] = []
    with unchanged():
        answers += [stolen.get(address), stolen.post(address, SENT)]
        for more in ({}, SENT):
            chosen = {"action": f"{step}_selected", "_selected_action": [str(row.pk)], **more}
            answers.append(stolen.post(url_of(type(row), "changelist"), chosen))
    assert [answer.status_code for answer in answers] == [302] * 4
    assert all(answer["Location"].startswith(f"{AGAIN}?next=%2Fadmin%2F") for answer in answers)


def test_the_dialog_sends_the_whole_page_there(stolen: Client, user: User) -> None:
    answer = stolen.get(url_of(User, "deactivate", user.pk), headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["HX-Redirect"].startswith(AGAIN)
    assert answer["HX-Redirect"].endswith(page_of(user).replace("/", "%2F"))


def test_a_step_whose_dialog_was_opened_in_time_and_sent_late(staff: User, user: User, settings: Any) -> None:
    desk = desk_of(staff)
    address = url_of(User, "deactivate", user.pk)
    assert desk.get(address).status_code == 200
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 0
    assert desk.post(address, SENT)["Location"].startswith(AGAIN)
    assert fresh(user).is_active


def test_the_rights_are_looked_at_first(user: User) -> None:
    viewer = desk_of(make_clerk("Val", "accounts.view_user"), confirmed=False)
    assert viewer.get(url_of(User, "deactivate", user.pk)).status_code == 403


def test_once_confirmed_it_is_taken(staff: User, user: User) -> None:
    assert not refusals(take(desk_of(staff), user, "deactivate"))
    assert not fresh(user).is_active


@pytest.mark.usefixtures("nyc")
def test_demo_accounts_are_asked_for_their_password(user: User, settings: Any) -> None:
    demo.seed_accounts()
    settings.DEBUG = settings.DEMO_ACCOUNTS = True
    desk = desk_of(User.objects.get(email=demo.STAFF), confirmed=False)
    address = url_of(User, "deactivate", user.pk)
    asked = desk.get(address)["Location"]
    assert asked.startswith("/account/reauthenticate/?next=")
    assert desk.post(asked, {"password": demo.PASSWORD, "next": page_of(user)})["Location"] == page_of(user)
    assert desk.get(address).status_code == 200
