"""Steps that move money or open an account ask who it is: a browser may have been left open, or its session stolen."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.db import models
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Partner, User
from accounts.second_factor import FACTORS
from backoffice.tests.desk import desk_of, page_of, refusals, take, url_of
from ops import seed as demo
from payments.models import Payment
from regions.models import Region
from rides.models import Ride
from tests.cast import Clock, assert_refused, client_of, fresh, make_clerk, unchanged, with_factor

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


def a_partner(request: pytest.FixtureRequest) -> models.Model:
    partner: Partner = request.getfixturevalue("partner")
    return partner


SENSITIVE = [
    *((a_payment, step) for step in ("refund", "settle", "collect", "withdraw", "apologize")),
    (a_factor, "remove"),
    (a_user, "deactivate"),
    (a_user, "revoke"),
    (a_partner, "suspend"),
]


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


def test_nor_does_it_change_rights(stolen: Client, nyc: Region) -> None:
    clerk, group = make_clerk("Clara"), Group.objects.create(name="Night shift")
    forms: list[tuple[str, dict[str, Any]]] = [
        (page_of(clerk), {"name": "Clara", "groups": [str(group.pk)], "regions": [str(nyc.pk)]}),
        (url_of(User, "add"), {"email": "nina@cast.test", "staff": "on"}),
        (page_of(group), {"name": "Day shift"}),
        (url_of(Group, "add"), {"name": "Day shift"}),
        (url_of(Group, "delete", group.pk), {"post": "yes"}),
    ]
    with unchanged():
        for address, form in forms:
            assert stolen.post(address, form)["Location"].startswith(f"{AGAIN}?next=%2Fadmin%2F"), address


def test_what_changes_no_rights_is_not_asked_for(stolen: Client, user: User) -> None:
    stolen.post(page_of(user), {"name": "Ada L."})
    assert fresh(user).name == "Ada L."
    assert stolen.get(page_of(make_clerk("Clara"))).status_code == 200


def test_no_old_credential_suspends_a_partner(partner: Partner, staff: User, clock: Clock) -> None:
    session = APIClient()
    session.force_login(staff, "accounts.backends.PasswordBackend")
    token = client_of(staff)
    clock.advance(601)
    address = f"/partner/{partner.pk}/suspend"
    with unchanged():
        for api in (session, token):
            assert_refused(api.post(address, {"reason": "x"}), 403, "reauthentication_required")
        assert_refused(client_of(partner.user).post(address), 403, "permission_denied")
    assert client_of(staff).post(address, {"reason": "Complaints"}).status_code == 200


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
