"""A session that was left open or stolen is asked again before it changes how the account is entered or paid."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.test import Client
from knox.models import AuthToken
from rest_framework.test import APIClient

from accounts.models import Partner, User
from tests.cast import PASSWORD, Clock, assert_refused, client_of, token_of, unchanged
from tests.online import Online
from web.tests.browse import browser_of, by_password
from web.tests.test_second_factor import turn_on

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


# ---------------------------------------------------------------- the second factor


def test_where_there_is_a_second_factor_it_is_asked_for(owner: User) -> None:
    turn_on(by_password(owner))
    stolen = browser_of(User.objects.get(pk=owner.pk))
    assert stolen.get("/account/delete")["Location"].startswith("/account/2fa/reauthenticate/")
    # The password alone, which the thief may know, is no way around.
    assert stolen.post(AGAIN, {"password": PASSWORD})["Location"].startswith("/account/2fa/reauthenticate/")
    assert stolen.get("/account/delete")["Location"].startswith("/account/2fa/reauthenticate/")
    codes = Authenticator.objects.get(user=owner, type=Authenticator.Type.RECOVERY_CODES).wrap().generate_codes()
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
