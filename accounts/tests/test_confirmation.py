"""An address counts once its owner has followed the link in our mail; what was signed up before that gains nothing."""

import re

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core import mail
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import DeferredMail, User
from accounts.tasks import send_mail
from tests.cast import PASSWORD, Clock, assert_refused, client_of, fresh, unchanged
from web.tests.browse import SIGN_IN, browser_of, text_of

VICTIM = {"email": "victim@cast.test", "password": PASSWORD, "name": "Eve"}
OWN_PASSWORD = "a-new-one-17!"


@pytest.fixture
def mandatory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ACCOUNT_EMAIL_VERIFICATION", "mandatory")


def deliver() -> None:
    """The worker sends what is due."""
    for row in DeferredMail.objects.filter(due_at__isnull=False):
        send_mail(str(row.pk))


def link() -> str:
    """The path in the newest mail."""
    found = re.search(r"https?://[^/\s]+(/account/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def signed_up(api: APIClient) -> User:
    assert api.post("/signup", VICTIM).status_code == 201
    deliver()
    return User.objects.get(email="victim@cast.test")


def verified(user: User) -> list[str]:
    return list(EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True))


# ---------------------------------------------------------------- signing up and in by the API


def test_signing_up_writes_the_address_and_sends_the_link(anonymous: APIClient) -> None:
    user = signed_up(anonymous)
    (address,) = EmailAddress.objects.filter(user=user)
    assert (address.email, address.primary, address.verified) == (user.email, True, False)
    assert mail.outbox[-1].to == [user.email]
    assert link().startswith("/account/confirm-email/")


@pytest.mark.usefixtures("mandatory")
def test_an_app_does_not_walk_around_the_confirmation(anonymous: APIClient) -> None:
    signed_up(anonymous)
    assert_refused(anonymous.post("/login", VICTIM), 401, "email_unconfirmed")
    assert_refused(anonymous.post("/login", {**VICTIM, "password": "wrong"}), 401, "authentication_failed")
    EmailAddress.objects.update(verified=True)
    assert anonymous.post("/login", VICTIM).status_code == 200


@pytest.mark.usefixtures("mandatory")
def test_the_link_is_sent_again_but_not_at_every_attempt(anonymous: APIClient, clock: Clock) -> None:
    signed_up(anonymous)
    for _ in range(3):
        anonymous.post("/login", VICTIM)
    deliver()
    assert len(mail.outbox) == 2
    clock.advance(600)
    anonymous.post("/login", VICTIM)
    deliver()
    assert len(mail.outbox) == 3


@pytest.mark.usefixtures("mandatory")
def test_an_account_from_before_addresses_were_kept_confirms_it_now(anonymous: APIClient) -> None:
    user = signed_up(anonymous)
    EmailAddress.objects.all().delete()
    assert_refused(anonymous.post("/login", VICTIM), 401, "email_unconfirmed")
    deliver()
    assert len(mail.outbox) == 2
    assert EmailAddress.objects.get(user=user).primary


def test_where_it_is_optional_apps_sign_in_before(anonymous: APIClient) -> None:
    signed_up(anonymous)
    assert anonymous.post("/login", VICTIM).status_code == 200


@pytest.mark.usefixtures("mandatory")
def test_who_runs_the_installation_vouches_for_a_superuser(anonymous: APIClient) -> None:
    User.objects.create_superuser("root@cast.test", PASSWORD)
    answer = anonymous.post("/login", {"email": "root@cast.test", "password": PASSWORD})
    assert_refused(answer, 403, "second_factor_missing")  # and not `email_unconfirmed`


# ---------------------------------------------------------------- accounts signed up with a stranger's address


def test_an_account_waiting_for_its_victim_is_void_when_they_confirm(anonymous: APIClient) -> None:
    """Pre-hijacking: the attacker keeps a token and a session, and knows the password."""
    user = signed_up(anonymous)
    api, browser = client_of(user), Client()
    browser.post(SIGN_IN, {"login": user.email, "password": PASSWORD})
    EmailAddress.objects.create(user=user, email="eve@cast.test")
    Authenticator.objects.create(user=user, type="totp", data={"secret": "JBSWY3DPEHPK3PXP"})
    assert api.get("/me").status_code == 200
    victim = browser_of(None)
    answer = victim.post(link(), follow=True)
    assert verified(user) == [user.email]
    assert api.get("/me").status_code == 401
    assert browser.get("/account").status_code == 302
    assert_refused(anonymous.post("/login", VICTIM), 401, "authentication_failed")
    assert not Authenticator.objects.filter(user=user).exists()
    assert not EmailAddress.objects.filter(email="eve@cast.test").exists()
    # They choose a password of their own, and the account is theirs.
    assert "Choose a new password" in text_of(answer)
    form = answer.redirect_chain[-1][0]
    victim.post(form, {"password1": OWN_PASSWORD, "password2": OWN_PASSWORD})
    assert anonymous.post("/login", {**VICTIM, "password": OWN_PASSWORD}).status_code == 200


def test_or_when_they_replace_the_password(anonymous: APIClient) -> None:
    user = signed_up(anonymous)
    api = client_of(user)
    Authenticator.objects.create(user=user, type="totp", data={"secret": "JBSWY3DPEHPK3PXP"})
    victim = browser_of(None)
    victim.post("/account/password/reset/", {"email": user.email})
    form = victim.get(link(), follow=True).redirect_chain[-1][0]
    victim.post(form, {"password1": OWN_PASSWORD, "password2": OWN_PASSWORD})
    assert api.get("/me").status_code == 401
    assert verified(user) == [user.email]
    assert not Authenticator.objects.filter(user=user).exists()
    assert anonymous.post("/login", {**VICTIM, "password": OWN_PASSWORD}).status_code == 200


def test_a_further_address_gets_no_link_before_it_is_confirmed(anonymous: APIClient) -> None:
    user = signed_up(anonymous)
    EmailAddress.objects.create(user=user, email="eve@cast.test")
    browser_of(None).post("/account/password/reset/", {"email": "eve@cast.test"})
    assert [sent for sent in mail.outbox if "/password/reset/key/" in str(sent.body)] == []
    assert verified(user) == []


# ---------------------------------------------------------------- everybody else


def test_in_the_browser_that_signed_up_everything_stays(nyc: object) -> None:
    client = browser_of(None)
    form = {"name": "Edsger", "email": "edsger@cast.test", "password1": PASSWORD}
    client.post("/account/signup/", form)
    client.post(link())
    user = User.objects.get(email="edsger@cast.test")
    assert verified(user) == [user.email]
    assert user.check_password(PASSWORD)
    assert client.get("/account").status_code == 200


@pytest.mark.usefixtures("mandatory")
def test_also_while_nobody_is_signed_in_before(nyc: object) -> None:
    client = browser_of(None)
    client.post("/account/signup/", {"name": "Edsger", "email": "edsger@cast.test", "password1": PASSWORD})
    assert client.get("/account").status_code == 302
    client.post(link())
    assert User.objects.get(email="edsger@cast.test").check_password(PASSWORD)
    client.post(SIGN_IN, {"login": "edsger@cast.test", "password": PASSWORD})
    assert client.get("/account").status_code == 200


def test_a_second_address_is_an_addition(anonymous: APIClient) -> None:
    user = signed_up(anonymous)
    EmailAddress.objects.update(verified=True)
    api = client_of(user)
    second = EmailAddress.objects.create(user=user, email="second@cast.test")
    browser_of(None).post(f"/account/confirm-email/{EmailConfirmationHMAC(second).key}/")
    assert sorted(verified(user)) == ["second@cast.test", user.email]
    assert fresh(user).check_password(PASSWORD)
    assert api.get("/me").status_code == 200


def test_a_link_works_once(anonymous: APIClient) -> None:
    signed_up(anonymous)
    browser_of(None).post(link())
    api = client_of(User.objects.get(email="victim@cast.test"))
    with unchanged():
        assert browser_of(None).post(link()).status_code == 404
    assert api.get("/me").status_code == 200
