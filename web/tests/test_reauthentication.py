"""A session that was left open or stolen is asked again before it changes how the account is entered or paid."""

from collections.abc import Callable
from copy import copy
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import generate_totp_secret
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.test import Client
from knox.models import AuthToken
from rest_framework.test import APIClient

from accounts.authentication import session_credential
from accounts.models import Partner, User
from accounts.tests.test_push_subscription import FCM
from notifications.models import PushSubscription
from tests.authenticator_app import code_of
from tests.cast import PASSWORD, Clock, assert_refused, client_of, token_of, unchanged, with_factor
from tests.online import Online
from web.tests.browse import browser_of, by_password
from web.tests.test_credentials_changed import subscribe
from web.tests.test_second_factor import shown_codes, turn_on

AGAIN = "/account/reauthenticate/"


@pytest.fixture
def owner(user: User) -> User:
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    return user


@pytest.fixture
def stolen(owner: User) -> Client:
    """A session whose person signed in a while ago."""
    return browser_of(owner)


@pytest.mark.parametrize(
    "form",
    [
        {"action_add": "", "email": "thief@cast.test"},
        {"action_primary": "", "email": "second@cast.test"},
        {"action_remove": "", "email": "second@cast.test"},
    ],
    ids=["add", "primary", "remove"],
)
def test_a_stolen_session_does_not_change_the_address(owner: User, stolen: Client, form: dict[str, str]) -> None:
    EmailAddress.objects.create(user=owner, email="second@cast.test", verified=True)
    before = list(EmailAddress.objects.order_by("pk").values())
    assert stolen.post("/account/email/", form)["Location"].startswith(AGAIN)
    assert list(EmailAddress.objects.order_by("pk").values()) == before


def test_what_was_asked_for_happens_after_the_password(owner: User, stolen: Client) -> None:
    EmailAddress.objects.create(user=owner, email="second@cast.test", verified=True)
    form = {"action_remove": "", "email": "second@cast.test"}
    again = stolen.post("/account/email/", form)["Location"]
    assert stolen.post(again, {"password": PASSWORD, "next": "/account/email/"})["Location"] == "/account/email/"
    assert [row.email for row in EmailAddress.objects.filter(user=owner)] == [owner.email]


@pytest.mark.parametrize(
    "path", ["/account/data/export", "/account/delete", "/account/2fa/totp/activate/", "/account/2fa/webauthn/add/"]
)
def test_a_stolen_session_opens_no_sensitive_page(stolen: Client, path: str) -> None:
    assert stolen.get(path)["Location"].startswith(AGAIN)


def test_a_stolen_session_sees_devices_but_signs_none_out(owner: User, stolen: Client) -> None:
    token_of(owner)
    assert stolen.get("/account/devices").status_code == 200
    assert stolen.post("/account/devices", {"others": ""})["Location"].startswith(AGAIN)
    assert AuthToken.objects.filter(user=owner).exists()


# ---------------------------------------------------------------- a new key


def again_by_password(owner: User, here: Client) -> None:
    assert here.post(AGAIN, {"password": PASSWORD}).status_code == 302


def again_by_code(owner: User, here: Client) -> None:
    assert here.post("/account/2fa/reauthenticate/", {"code": turned_on_by(owner)}).status_code == 302


def turned_on_by(owner: User) -> str:
    """The account has an authenticator app now; returns its code."""
    secret = generate_totp_secret()
    with_factor(owner, secret)
    return code_of(secret)


@pytest.mark.parametrize("again", [again_by_password, again_by_code])
def test_a_copied_session_ends_when_its_owner_is_asked_again(
    owner: User, again: Callable[[User, Client], None]
) -> None:
    """Neither does the thief gain what the owner has just shown."""
    here = browser_of(None)
    here.post("/account/login/", {"login": owner.email, "password": PASSWORD})
    here.get(AGAIN)
    thief = browser_of(None)
    thief.cookies = copy(here.cookies)
    assert thief.get("/account").status_code == 200
    csrf = here.cookies[settings.CSRF_COOKIE_NAME].value
    again(owner, here)
    assert here.get("/account/delete").status_code == 200
    assert thief.get("/account").status_code == 302
    assert here.cookies[settings.CSRF_COOKIE_NAME].value != csrf
    assert [row.session_key for row in UserSession.objects.all()] == [here.session.session_key]


def test_its_devices_stay_subscribed_and_its_sockets_come_back(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[dict[str, Any]] = []
    monkeypatch.setattr("accounts.sign_out.close_sockets", lambda **order: closed.append(order))
    here = browser_of(owner)
    old = session_credential(str(here.session.session_key))
    subscribe(here, FCM)
    again_by_password(owner, here)
    kept = PushSubscription.objects.get()
    assert kept.credential == session_credential(str(here.session.session_key)) != old
    assert closed == [{"code": 1012, "credential": old}]  # not 4401, after which a page stays signed out


# ---------------------------------------------------------------- the second factor


def test_where_there_is_a_second_factor_it_is_asked_for(owner: User) -> None:
    here = by_password(owner)
    turn_on(here)
    codes = shown_codes(here)
    stolen = browser_of(User.objects.get(pk=owner.pk))
    assert stolen.get("/account/delete")["Location"].startswith("/account/2fa/reauthenticate/")
    # The password alone, which the thief may know, is no way around.
    assert stolen.post(AGAIN, {"password": PASSWORD})["Location"].startswith("/account/2fa/reauthenticate/")
    assert stolen.get("/account/delete")["Location"].startswith("/account/2fa/reauthenticate/")
    assert stolen.post("/account/2fa/reauthenticate/", {"code": codes[0]}).status_code == 302
    assert stolen.get("/account/delete").status_code == 200


def test_a_password_given_before_the_factor_was_set_up_elsewhere_is_not_enough(owner: User) -> None:
    here, there = by_password(owner), by_password(owner)
    turn_on(here)
    assert there.get("/account").status_code == 302  # its session has ended


# ---------------------------------------------------------------- where partners are paid


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "STRIPE_CONNECT", True)


@pytest.mark.usefixtures("connect")
def test_a_stolen_session_opens_no_payout_account(partner: Partner, online: Online) -> None:
    stolen = APIClient()
    stolen.force_login(partner.user, "accounts.backends.PasswordBackend")
    with unchanged():
        assert_refused(stolen.post("/partner/payoutAccount"), 403, "reauthentication_required")
    here = by_password(partner.user)
    assert here.post("/partner/payoutAccount", headers={"Accept": "application/json"}).status_code == 200


@pytest.mark.usefixtures("connect")
def test_nor_does_a_token_that_is_not_new(partner: Partner, online: Online, clock: Clock) -> None:
    api = client_of(partner.user)
    assert api.post("/partner/payoutAccount").status_code == 200
    clock.advance(601)
    assert_refused(api.post("/partner/payoutAccount"), 403, "reauthentication_required")
