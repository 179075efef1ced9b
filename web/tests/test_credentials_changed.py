"""A changed password, address or second factor ends everything that an account holds elsewhere."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.admin.revocation import activate, deactivate
from accounts.models import Partner, SocketTicket, User
from accounts.push_apis import PushSubscriptions
from accounts.sign_in import WrongCredentials, issue_token
from accounts.socket_tickets import issue_socket_ticket, redeem_socket_ticket
from accounts.tests.test_push_subscription import FCM, MOZILLA, body, of
from backoffice.tests.desk import confirm, desk_of, take
from notifications.models import DeferredPush
from tests.authenticator_app import code_of
from tests.cast import PASSWORD, client_of, fresh
from web.tests.browse import browser_of, by_password

NEW_PASSWORD = "a-new-one-17!"


def subscribe(client: Any, endpoint: str) -> None:
    assert client.post("/pushSubscription", body(endpoint), content_type="application/json").status_code == 204


def reset_password(user: User) -> None:
    """A visitor follows the link in the mail."""
    client = browser_of(None)
    client.post("/account/password/reset/", {"email": user.email})
    link = re.search(r"http://testserver(/account/password/reset/key/\S+)", str(mail.outbox[-1].body))
    assert link
    form = client.get(link[1], follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert fresh(user).check_password(NEW_PASSWORD)


def change_password(here: Client) -> None:
    form = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert here.post("/account/password/change/", form).status_code == 302


def turn_on(here: Client) -> str:
    page: Any = here.get("/account/2fa/totp/activate/")
    secret: str = page.context["form"].secret
    assert here.post("/account/2fa/totp/activate/", {"code": code_of(secret)}).status_code == 302
    return secret


def turn_off(here: Client) -> None:
    assert here.post("/account/2fa/totp/deactivate/").status_code == 302


def new_codes(here: Client) -> None:
    assert here.post("/account/2fa/recovery-codes/generate/").status_code == 302


@pytest.fixture
def account(partner: Partner) -> User:
    """A partner's account with a confirmed address."""
    user = partner.user
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    return user


class Thief:
    """A thief with a token, a session, a ticket and a subscribed browser of another's account."""

    def __init__(self, user: User) -> None:
        self.user, self.partner = user, Partner.objects.get(user=user)
        self.api, self.browser = client_of(user), by_password(user)
        assert self.api.post("/pushSubscription", body()).status_code == 204
        self.ticket = self.api.post("/socketTicket").json()["ticket"]
        later = timezone.now() + timedelta(minutes=1)
        DeferredPush.objects.create(
            recipient=f"partner:{self.partner.pk}", seq=9000, topic="t", payload={}, due_at=later, until=later
        )
        assert self.browser.get("/account").status_code == 200

    def assert_out(self) -> None:
        """Nothing of it works any more."""
        assert self.api.get("/me").status_code == 401
        assert self.browser.get("/account").status_code == 302
        assert redeem_socket_ticket(self.ticket, now=timezone.now())[0] is None
        assert of(self.partner) == []
        assert not DeferredPush.objects.filter(recipient=f"partner:{self.partner.pk}").exists()


# ---------------------------------------------------------------- what the person does


def test_a_token_does_not_survive_a_password_reset(account: User) -> None:
    thief = Thief(account)
    reset_password(account)
    thief.assert_out()
    assert not UserSession.objects.filter(user=account).exists()


def test_a_token_does_not_survive_a_password_change(account: User) -> None:
    here, thief = by_password(account), Thief(account)
    change_password(here)
    thief.assert_out()
    assert here.get("/account").status_code == 200


def test_a_token_does_not_survive_a_first_password(account: User) -> None:
    here = by_password(account)
    thief = Thief(account)
    account.set_unusable_password()
    account.save(update_fields=["password"])
    here.force_login(account, "accounts.backends.PasswordBackend")
    confirm(here, account)
    form = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert here.post("/account/password/set/", form).status_code == 302
    thief.assert_out()
    assert here.get("/account").status_code == 200


def test_a_stolen_session_does_not_survive_a_second_factor(account: User) -> None:
    here, thief = by_password(account), Thief(account)
    turn_on(here)
    thief.assert_out()
    assert here.get("/account").status_code == 200


@pytest.mark.parametrize("change", [turn_off, new_codes])
def test_nor_another_or_none(account: User, change: Callable[[Client], None]) -> None:
    here = by_password(account)
    turn_on(here)
    thief = object.__new__(Thief)
    thief.user, thief.partner = account, Partner.objects.get(user=account)
    thief.api, thief.browser = client_of(account), browser_of(account)
    thief.ticket = thief.api.post("/socketTicket").json()["ticket"]
    change(here)
    thief.assert_out()
    assert here.get("/account").status_code == 200


def test_the_session_that_stays_has_a_new_key_and_keeps_its_pushes(account: User, partner: Partner) -> None:
    here = by_password(account)
    subscribe(here, MOZILLA)
    old = here.session.session_key
    Thief(account)
    change_password(here)
    new = here.session.session_key
    assert new != old
    assert not Session.objects.filter(session_key=old).exists()
    assert [row.session_key for row in UserSession.objects.filter(user=account)] == [new]
    assert of(partner) == [MOZILLA]
    here.post("/account/logout/")
    assert of(partner) == []


def test_it_changes_nothing_for_others(account: User, other_partner: Partner) -> None:
    other = Thief.__new__(Thief)
    other.api, other.browser = client_of(other_partner.user), browser_of(other_partner.user)
    ticket = other.api.post("/socketTicket").json()["ticket"]
    reset_password(account)
    assert other.api.get("/me").status_code == 200
    assert other.browser.get("/account").status_code == 200
    assert redeem_socket_ticket(ticket, now=timezone.now())[0] == other_partner.user


# ---------------------------------------------------------------- at the same moment


def test_a_ticket_that_was_issued_at_the_same_moment_opens_nothing(account: User) -> None:
    """The call was authenticated before the change, and writes its ticket afterwards."""
    token = AuthToken.objects.create(account)[0]
    credential = f"token:{token.digest[:32]}"
    reset_password(account)
    ticket, _ = issue_socket_ticket(account, now=timezone.now(), credential=credential)
    assert redeem_socket_ticket(ticket, now=timezone.now())[0] is None


def test_a_session_that_was_started_at_the_same_moment_is_not_live(account: User) -> None:
    """The password was checked before the change."""
    loaded_before = User.objects.get(pk=account.pk)
    here = by_password(account)
    turn_on(here)
    assert browser_of(loaded_before).get("/account").status_code == 302


def test_a_token_that_is_asked_for_at_the_same_moment_is_not_issued(account: User) -> None:
    """The password was checked before it was replaced."""
    loaded_before = User.objects.get(pk=account.pk)
    reset_password(account)
    with pytest.raises(WrongCredentials):
        issue_token(loaded_before)
    assert not AuthToken.objects.filter(user=account).exists()


def test_a_browser_that_subscribes_at_the_same_moment_is_pushed_nothing(account: User, partner: Partner) -> None:
    """The call was authenticated before the change."""
    token = AuthToken.objects.create(account)[0]
    reset_password(account)
    request = APIRequestFactory().post("/pushSubscription", body(), format="json")
    force_authenticate(request, account, token)
    assert PushSubscriptions.as_view()(request).status_code == 401
    assert of(partner) == []


# ---------------------------------------------------------------- what staff do


def test_a_deactivated_accounts_cookie_stays_void_after_its_reactivation(account: User, staff: User) -> None:
    Partner.objects.filter(user=account).update(status="offline")
    thief = Thief(account)
    deactivate(account, actor=staff, now=timezone.now())
    activate(account, actor=staff)
    thief.assert_out()
    assert not UserSession.objects.filter(user=account).exists()


def test_a_factor_that_staff_remove_ends_the_sessions_too(account: User, staff: User) -> None:
    turn_on(by_password(account))
    thief = browser_of(fresh(account))
    assert thief.get("/account").status_code == 200
    take(desk_of(staff), Authenticator.objects.get(user=account, type="totp"), "remove", reason="lost phone")
    assert thief.get("/account").status_code == 302


# ---------------------------------------------------------------- one device


def test_a_lost_phone_that_is_signed_out_loses_its_pushes_and_tickets(account: User, partner: Partner) -> None:
    here, phone = by_password(account), by_password(account)
    subscribe(here, MOZILLA)
    subscribe(phone, FCM)
    ticket = phone.post(
        "/socketTicket", content_type="application/json", headers={"Accept": "application/json"}
    ).json()["ticket"]
    assert here.post("/account/devices", {"others": ""}).status_code == 302
    assert phone.get("/account").status_code == 302
    assert of(partner) == [MOZILLA]
    assert redeem_socket_ticket(ticket, now=timezone.now())[0] is None
    assert not SocketTicket.objects.exists()
