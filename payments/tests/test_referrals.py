"""A user invites a friend, and both are given credit once the friend's first cheer has been paid."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import DeferredMail, Partner, User
from backoffice.tests.desk import desk_of, url_of
from ops.audit import all_checks
from payments.books import ledger
from payments.books.credits import Grant, give
from payments.books.referrals import settle, sweep_referrals
from payments.books.refunds import refund
from payments.models import Credit, Entry, Payment, Referral, ReferralCode
from payments.states import CreditKind
from payments.tests.referral_scenes import enter, pay, served
from regions.models import Region
from regions.selectors import forget_regions
from risk.states import TraceKind
from risk.traces import leave_trace
from tests.cast import (
    Clock,
    client_of,
    make_user,
    unchanged,
)
from tests.online import Online, later
from tests.online_scenes import charged


@pytest.fixture(autouse=True)
def _on(settings: Settings) -> None:
    settings.REFERRAL_CREDITS = {"usd": 500, "eur": 400}


@pytest.fixture
def code(user: User, user_api: APIClient) -> str:
    """The code with which the user invites friends."""
    return str(user_api.post("/referral").json()["code"])


def settled(clock: Clock) -> None:
    """A day later the sweep looks after what is due."""
    later(clock, hours=24)
    sweep_referrals(clock.now)


def given() -> dict[str, int]:
    """The amount that each was given, by name."""
    credits = Credit.objects.filter(kind=CreditKind.REFERRAL).select_related("user")
    return {credit.user.name: credit.amount for credit in credits}


def ends() -> list[tuple[str, str]]:
    return list(Referral.objects.values_list("status", "why"))


def broken(clock: Clock) -> list[str]:
    """The promises that the rows break."""
    return [check.name for check in all_checks() if check.look(clock.now).wrong]


@pytest.fixture
def fare(
    other_user: User, other_user_api: APIClient, code: str, partner: Partner, nyc: Region, clock: Clock
) -> Payment:
    """The first fare of a newcomer who has entered the user's code; it is not paid yet."""
    assert enter(other_user_api, code).status_code == 201
    return served(other_user, nyc)


def test_both_are_given_credit_a_day_after_the_first_cheer_is_paid(
    fare: Payment, user_api: APIClient, other_user_api: APIClient, staff: User, clock: Clock
) -> None:
    settled(clock)
    assert given() == {}  # it was not paid yet
    pay(fare, staff)
    later(clock, hours=23)
    sweep_referrals(clock.now)
    assert given() == {}
    settled(clock)
    assert given() == {"Ada": 500, "Grace": 500}
    assert (ledger.balance("credits"), ledger.balance("promotions")) == (-1000, 1000)
    assert Entry.objects.filter(kind="credit_given").count() == 2
    assert (user_api.get("/referral").json()["given"], user_api.get("/referral").json()["waiting"]) == (1, 0)
    assert other_user_api.get("/referral").json()["entered"] == "given"
    assert [credit["kind"] for credit in other_user_api.get("/credit").json()["results"]] == ["referral"]
    assert DeferredMail.objects.filter(kind="credit_given").count() == 2
    assert broken(clock) == []


def test_a_card_pays_as_well(
    online: Online, user: User, other_user: User, other_user_api: APIClient, code: str, partner: Partner, nyc: Region,
    clock: Clock,
) -> None:  # fmt: skip
    enter(other_user_api, code)
    online.save_card(other_user)
    charged(online, other_user, nyc, clock)
    settled(clock)
    assert given() == {"Ada": 500, "Grace": 500}


def test_it_is_given_once(fare: Payment, other_user: User, nyc: Region, staff: User, clock: Clock) -> None:
    pay(fare, staff)
    pay(served(other_user, nyc), staff)
    settled(clock)
    with unchanged():
        settled(clock)
        settle(Referral.objects.get().pk, now=clock.now)
    assert Credit.objects.count() == 2
    row = Credit.objects.all()[0]
    row.pk = make_user("New").pk
    with pytest.raises(IntegrityError), transaction.atomic():
        Credit.objects.bulk_create([row])


def test_a_cheer_that_credit_has_paid_is_not_the_first_paid_one(
    other_user: User, other_user_api: APIClient, code: str, partner: Partner, nyc: Region, staff: User, clock: Clock
) -> None:
    enter(other_user_api, code)
    with transaction.atomic():
        give(Grant(other_user.pk, CreditKind.APOLOGY, 1500, "usd"), now=clock.now)
    assert served(other_user, nyc).status == "paid"
    settled(clock)
    assert given() == {}
    pay(served(other_user, nyc), staff)  # half of it
    settled(clock)
    assert given() == {"Ada": 500, "Grace": 500}


def test_nothing_for_a_cheer_that_was_refunded(fare: Payment, staff: User, clock: Clock) -> None:
    pay(fare, staff)
    refund(fare, amount=fare.amount, reason="sorry", actor=staff, now=clock.now)
    settled(clock)
    assert (given(), ends()) == ({}, [("void", "refunded")])
    assert broken(clock) == []


def test_a_part_that_was_refunded_changes_nothing(fare: Payment, staff: User, clock: Clock) -> None:
    pay(fare, staff)
    refund(fare, amount=fare.amount - 1, reason="sorry", actor=staff, now=clock.now)
    settled(clock)
    assert given() == {"Ada": 500, "Grace": 500}


def test_a_refund_afterwards_takes_nothing_back(fare: Payment, staff: User, clock: Clock) -> None:
    pay(fare, staff)
    settled(clock)
    refund(fare, amount=fare.amount, reason="sorry", actor=staff, now=clock.now)
    settled(clock)
    assert given() == {"Ada": 500, "Grace": 500}


@pytest.mark.parametrize("kind", [TraceKind.CARD, TraceKind.DEVICE])
def test_nothing_for_a_card_or_device_that_is_shared_later(
    fare: Payment, user: User, other_user: User, staff: User, kind: TraceKind, clock: Clock
) -> None:
    for account in (user, other_user):
        leave_trace(account.pk, kind, "shared", now=clock.now)
    pay(fare, staff)
    settled(clock)
    assert (given(), ends()) == ({}, [("void", "same_person")])


def test_nothing_for_a_person_who_was_no_newcomer(
    fare: Payment, other_user: User, outsider: User, nyc: Region, staff: User, clock: Clock
) -> None:
    earlier = served(outsider, nyc)
    Payment.objects.filter(pk=earlier.pk).update(created_at=fare.created_at - timedelta(days=9))
    for account in (outsider, other_user):
        leave_trace(account.pk, TraceKind.CARD, "shared", now=clock.now)
    pay(fare, staff)
    settled(clock)
    assert (given(), ends()) == ({}, [("void", "same_person")])


def test_one_person_is_a_newcomer_once(
    fare: Payment, code: str, other_user: User, outsider: User, outsider_api: APIClient, nyc: Region, staff: User,
    clock: Clock,
) -> None:  # fmt: skip
    """The card that both use is saved after both have entered the code."""
    enter(outsider_api, code)
    second = served(outsider, nyc)
    for account in (outsider, other_user):
        leave_trace(account.pk, TraceKind.CARD, "shared", now=clock.now)
    pay(fare, staff)
    settled(clock)
    pay(second, staff)
    settled(clock)
    assert given() == {"Ada": 500, "Grace": 500}
    assert sorted(ends()) == [("given", ""), ("void", "same_person")]


def test_a_referrer_is_given_as_much_as_a_year_allows(
    fare: Payment, code: str, outsider: User, outsider_api: APIClient, nyc: Region, staff: User, clock: Clock,
    settings: Settings,
) -> None:  # fmt: skip
    settings.REFERRALS_PER_YEAR = 1
    enter(outsider_api, code)
    pay(fare, staff)
    pay(served(outsider, nyc), staff)
    settled(clock)
    assert sorted(Credit.objects.values_list("user__name", flat=True)) == ["Ada", "Grace", "Olga"]
    later(clock, days=366)
    third = make_user("Third")
    enter(client_of(third), code)
    pay(served(third, nyc), staff)
    settled(clock)
    assert Credit.objects.filter(user__name="Ada").count() == 2


def test_in_the_currency_of_the_cheer(
    other_user: User, other_user_api: APIClient, code: str, partner: Partner, nyc: Region, staff: User, clock: Clock
) -> None:
    Region.objects.update(currency="eur")
    forget_regions()
    enter(other_user_api, code)
    pay(served(other_user, Region.objects.get()), staff)
    settled(clock)
    assert sorted(Credit.objects.values_list("amount", "currency")) == [(400, "eur"), (400, "eur")]


def test_a_currency_in_which_nothing_is_given(fare: Payment, staff: User, clock: Clock, settings: Settings) -> None:
    pay(fare, staff)
    settings.REFERRAL_CREDITS = {"eur": 400}
    settled(clock)
    assert (given(), ends()) == ({}, [("void", "off")])


def test_accounts_that_are_closed(fare: Payment, user: User, other_user: User, staff: User, clock: Clock) -> None:
    pay(fare, staff)
    User.objects.filter(pk=other_user.pk).update(is_active=False)
    settled(clock)
    assert (given(), ends()) == ({}, [("void", "closed")])


def test_a_referrer_whose_account_is_closed(fare: Payment, user: User, staff: User, clock: Clock) -> None:
    pay(fare, staff)
    ReferralCode.objects.all().delete()  # as with the account
    settled(clock)
    assert given() == {"Grace": 500}
    assert broken(clock) == []


def test_staff_see_who_has_invited_whom(fare: Payment, staff: User) -> None:
    listed = desk_of(staff).get(url_of(Referral, "changelist")).content.decode()
    assert "ada@cast.test" in listed
    assert "grace@cast.test" in listed
