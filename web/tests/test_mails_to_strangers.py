"""Our mails carry no stranger's words, and reach no stranger: an address counts once it is confirmed."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.test import Client
from rest_framework.test import APIClient

from accounts.applications import decide_application
from accounts.models import DeferredMail, Partner, User
from accounts.states import Application
from tests.cast import PASSWORD, Clock, assert_refused, fresh, make_applicant
from web.tests.browse import browser_of, by_password
from web.tests.test_address_change import THIEF, add, deliver, link_to

LURE = "you won: evil.example/prize"
STRANGER = "stranger@victim.test"


def confirm(user: User) -> User:
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    DeferredMail.objects.all().delete()
    mail.outbox.clear()
    return user


@pytest.fixture
def owner(user: User) -> User:
    return confirm(user)


@pytest.fixture
def applicant(nyc: object) -> Partner:
    return make_applicant("Lou")


def decide(applicant: Partner, staff: User, clock: Clock) -> None:
    decide_application(applicant, Application.APPROVED, actor=staff, now=clock.now)
    deliver()


def test_a_decision_reaches_no_unconfirmed_address(applicant: Partner, staff: User, clock: Clock) -> None:
    mail.outbox.clear()
    DeferredMail.objects.all().delete()
    decide(applicant, staff, clock)
    assert mail.outbox == []


def test_an_old_name_with_a_link_is_mailed_without_it(applicant: Partner, staff: User, clock: Clock) -> None:
    confirm(applicant.user)
    Partner.objects.update(name=LURE)
    decide(fresh(applicant), staff, clock)
    (sent,) = mail.outbox
    assert "you won: …" in sent.body
    assert "evil" not in str(sent.message())


def test_no_door_takes_a_name_with_a_link(user_api: APIClient, anonymous: APIClient, user: User, settings: Any) -> None:
    body = {"email": "new@cast.test", "password": PASSWORD, "name": LURE}
    assert_refused(anonymous.post("/signup", body), 400, "invalid", "name")
    application = {"name": LURE, "type": "musician", "phone": "+1 212 555 0111"}
    assert_refused(user_api.post("/partner/apply", application), 400, "invalid", "name")
    form = {"email": "new@cast.test", "password1": PASSWORD, "name": LURE}
    assert browser_of(None).post("/account/signup/", form).status_code == 200
    assert browser_of(user).post("/account/profile", {"name": LURE, "language": ""}).status_code == 200
    assert fresh(user).name == "Ada"
    assert User.objects.count() == 1


def reset(address: str) -> None:
    assert browser_of(None).post("/account/password/reset/", {"email": address}).status_code == 302


def test_an_unconfirmed_second_address_gets_no_link_to_the_account(owner: User) -> None:
    """A slip of the pen would give the account away."""
    EmailAddress.objects.create(user=owner, email=STRANGER)
    reset(STRANGER)
    assert [sent for sent in mail.outbox if "password/reset/key" in str(sent.body)] == []
    EmailAddress.objects.filter(email=STRANGER).update(verified=True)
    reset(STRANGER)
    assert link_to(STRANGER, "password/reset/key")


def test_the_address_of_a_new_account_gets_it(user: User) -> None:
    """The owner of a mailbox may take an account that somebody has made with their address."""
    reset(user.email)
    assert link_to(user.email, "password/reset/key")


def test_a_provider_that_was_connected_meanwhile_goes_with_the_undone_change(owner: User) -> None:
    before = SocialAccount.objects.create(user=owner, provider="oidc", uid="owner")
    thief = by_password(owner)
    add(thief, owner, THIEF)
    SocialAccount.objects.create(user=owner, provider="oidc", uid="thief")
    deliver()
    browser_of(None).post(link_to("ada@cast.test"))
    assert fresh(owner).email == "ada@cast.test"
    assert list(SocialAccount.objects.all()) == [before]


def changed_password(here: Client) -> None:
    form = {"oldpassword": PASSWORD, "password1": "a-new-one-17!", "password2": "a-new-one-17!"}
    assert here.post("/account/password/change/", form, headers={"user-agent": f"Browser {LURE}"}).status_code == 302


def test_a_thiefs_browser_has_no_link_in_the_notice(owner: User) -> None:
    changed_password(by_password(owner))
    (sent,) = mail.outbox
    assert "Browser you won: …" in sent.body


def test_a_notice_reaches_no_unconfirmed_address(user: User) -> None:
    mail.outbox.clear()
    changed_password(by_password(user))
    assert mail.outbox == []
