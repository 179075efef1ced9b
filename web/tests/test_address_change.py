"""A changed address: the old one is told, and can take the account back for some days."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core import mail
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AddressChange, DeferredMail, User
from accounts.tasks import send_mail
from ops.pruner import prune
from tests.cast import PASSWORD, Clock, client_of, fresh, make_user, unchanged
from web.tests.browse import SIGN_IN, browser_of, by_password, text_of
from web.tests.test_second_factor import turn_on

THIEF = "thief@cast.test"
DAY_S = 86_400


def deliver() -> None:
    """The worker sends what is due."""
    for row in DeferredMail.objects.filter(due_at__isnull=False):
        send_mail(str(row.pk))


def link_to(address: str, kind: str = "address/undo") -> str:
    """The path in the newest mail of a kind to an address."""
    for sent in reversed(mail.outbox):
        found = re.search(rf"https?://[^/\s]+(/account/{kind}/\S+)", str(sent.body))
        if sent.to == [address] and found:
            return found[1]
    raise AssertionError([(sent.to, sent.subject) for sent in mail.outbox])


@pytest.fixture
def owner(user: User) -> User:
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    DeferredMail.objects.all().delete()
    return user


def add(client: Client, user: User, address: str) -> None:
    """Add a confirmed address, and let the account go by it."""
    EmailAddress.objects.create(user=user, email=address, verified=True)
    assert client.post("/account/email/", {"action_primary": "", "email": address}).status_code == 302
    assert fresh(user).email == address


@pytest.fixture
def stolen(owner: User) -> Client:
    """A thief, who knows the password, has made the account theirs."""
    thief = by_password(owner)
    add(thief, owner, THIEF)
    thief.post("/account/email/", {"action_remove": "", "email": "ada@cast.test"})
    deliver()
    return thief


def test_the_old_address_is_told_and_takes_the_account_back(owner: User, stolen: Client) -> None:
    token = client_of(fresh(owner))
    path = link_to("ada@cast.test")
    visitor = browser_of(None)
    with unchanged():
        assert "Undo the change" in text_of(visitor.get(path))  # opening it is not enough
    assert "yours again" in text_of(visitor.post(path))
    found = fresh(owner)
    assert found.email == "ada@cast.test"
    assert list(EmailAddress.objects.filter(user=owner).values_list("email", "verified", "primary")) == [
        ("ada@cast.test", True, True)
    ]
    assert stolen.get("/account").status_code == 302
    assert token.get("/me").status_code == 401
    for address in (THIEF, "ada@cast.test"):  # the thief knows the password
        answer = browser_of(None).post(SIGN_IN, {"login": address, "password": PASSWORD})
        assert answer.status_code == 200
    deliver()
    form = visitor.get(link_to("ada@cast.test", "password/reset/key"), follow=True).redirect_chain[-1][0]
    visitor.post(form, {"password1": "a-new-one-17!", "password2": "a-new-one-17!"})
    assert fresh(owner).check_password("a-new-one-17!")


def test_the_link_works_once(owner: User, stolen: Client) -> None:
    path = link_to("ada@cast.test")
    browser_of(None).post(path)
    with unchanged():
        for answer in (browser_of(None).get(path), browser_of(None).post(path)):
            assert answer.status_code == 404
            assert "This link no longer works" in text_of(answer)


def test_a_button_that_is_pressed_twice_undoes_it_once(owner: User, stolen: Client) -> None:
    path = link_to("ada@cast.test")
    answers = sorted(browser_of(None).post(path).status_code for _ in range(2))
    assert answers == [200, 404]
    assert DeferredMail.objects.filter(kind="password_reset").count() == 1


def test_it_works_for_some_days(owner: User, clock: Clock) -> None:
    add(by_password(owner), owner, THIEF)
    deliver()
    path = link_to("ada@cast.test")
    clock.advance(settings.ADDRESS_UNDO_DAYS * DAY_S - 1)
    assert browser_of(None).get(path).status_code == 200
    prune("accounts.AddressChange", clock.now)
    clock.advance(1)
    with unchanged():
        assert browser_of(None).post(path).status_code == 404
    prune("accounts.AddressChange", clock.advance(1))
    assert not AddressChange.objects.exists()


@pytest.mark.parametrize("token", ["x", "0" * 64, "é", "%00"])
def test_other_links_are_worth_nothing(owner: User, stolen: Client, token: str) -> None:
    with unchanged():
        assert browser_of(None).post(f"/account/address/undo/{token}").status_code in (400, 404)


def test_the_database_alone_has_no_link(owner: User, stolen: Client) -> None:
    token = link_to("ada@cast.test").rpartition("/")[2]
    assert token not in str([list(AddressChange.objects.values()), list(DeferredMail.objects.values())])


# ---------------------------------------------------------------- what a thief tries against it


def test_the_thiefs_later_link_is_void_once_the_owner_has_undone_theirs(owner: User, stolen: Client) -> None:
    stolen.post("/account/reauthenticate/", {"password": PASSWORD})
    add(stolen, owner, "thief2@cast.test")
    deliver()
    browser_of(None).post(link_to("ada@cast.test"))
    with unchanged():
        assert browser_of(None).post(link_to(THIEF)).status_code == 404
    assert fresh(owner).email == "ada@cast.test"


def test_the_owners_link_works_after_the_thief_has_used_a_later_one(owner: User, stolen: Client) -> None:
    add(stolen, owner, "thief2@cast.test")
    deliver()
    assert browser_of(None).post(link_to(THIEF)).status_code == 200
    assert browser_of(None).post(link_to("ada@cast.test")).status_code == 200
    assert fresh(owner).email == "ada@cast.test"


def test_a_factor_of_the_thief_goes_and_one_of_the_owner_stays(owner: User) -> None:
    thief = by_password(owner)
    turn_on(thief)
    kept = set(Authenticator.objects.values_list("pk", flat=True))
    add(thief, owner, THIEF)
    Authenticator.objects.create(user=owner, type="webauthn", data={"name": "thief"})
    deliver()
    browser_of(None).post(link_to("ada@cast.test"))
    assert set(Authenticator.objects.values_list("pk", flat=True)) == kept


def test_codes_of_a_factor_that_went_go_with_it(owner: User, stolen: Client) -> None:
    turn_on(stolen)
    browser_of(None).post(link_to("ada@cast.test"))
    assert not Authenticator.objects.exists()


def test_an_account_that_squats_the_address_gives_way(owner: User, stolen: Client) -> None:
    squatter = make_user("Ada")
    assert squatter.pk != owner.pk
    assert browser_of(None).post(link_to("ada@cast.test")).status_code == 200
    assert fresh(owner).email == "ada@cast.test"
    assert fresh(squatter).email == f"displaced-{squatter.pk}@deleted.invalid"
    assert APIClient().post("/login", {"email": "ada@cast.test", "password": PASSWORD}).status_code == 401


def test_but_one_that_has_confirmed_it_keeps_it(owner: User, stolen: Client) -> None:
    other = make_user("Ada")
    EmailAddress.objects.filter(user=other).update(verified=True)
    with unchanged():
        answer = browser_of(None).post(link_to("ada@cast.test"))
    assert answer.status_code == 409
    assert "belongs to another account" in text_of(answer)


# ---------------------------------------------------------------- who is told


def test_a_removed_address_is_told_without_a_link(owner: User) -> None:
    EmailAddress.objects.create(user=owner, email="second@cast.test", verified=True)
    by_password(owner).post("/account/email/", {"action_remove": "", "email": "second@cast.test"})
    deliver()
    (told,) = [sent for sent in mail.outbox if sent.to == ["second@cast.test"]]
    assert "was taken from your account" in told.subject
    assert not AddressChange.objects.exists()


def test_an_address_that_nobody_has_confirmed_is_told_nothing(owner: User) -> None:
    EmailAddress.objects.filter(user=owner).update(verified=False)
    client = by_password(owner)
    EmailAddress.objects.create(user=owner, email="second@cast.test")
    client.post("/account/email/", {"action_primary": "", "email": "second@cast.test"})
    assert fresh(owner).email == "second@cast.test"
    deliver()
    assert not [sent for sent in mail.outbox if "ada@cast.test" in sent.to]


def test_a_change_and_its_notice_commit_together(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = by_password(owner)
    EmailAddress.objects.create(user=owner, email=THIEF, verified=True)

    def die(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("accounts.receivers.address_changed", die)
    with pytest.raises(RuntimeError):
        client.post("/account/email/", {"action_primary": "", "email": THIEF})
    assert fresh(owner).email == "ada@cast.test"
    assert EmailAddress.objects.get(user=owner, primary=True).email == "ada@cast.test"
