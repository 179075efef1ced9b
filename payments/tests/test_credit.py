"""Credit is spent before the card, comes back as credit, and ends."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Partner, User
from backoffice.tests.desk import desk_of, take, told
from core.errors import Conflict
from ops.audit import all_checks
from payments.apologies import take_back
from payments.books import ledger
from payments.books.credits import Grant, give, sweep_credits
from payments.books.refunds import refund
from payments.models import Attempt, Credit, Entry, Payment
from payments.services import collect_frozen, pay_now
from payments.states import AttemptKind, AttemptStatus, CreditKind, PaymentStatus
from regions.models import Region
from rides.models import Ride
from rides.services import tip_ride
from tests.cast import Clock, assert_refused, end, fresh, unchanged
from tests.online import Online, later
from tests.online_scenes import charged, fare_of
from tests.settling import settle_in_cash


def credited(user: User, amount: int, clock: Clock, **how: Any) -> Credit:
    """Give a user credit."""
    with transaction.atomic():
        return give(Grant(user.pk, CreditKind.APOLOGY, amount, how.pop("currency", "usd"), **how), now=clock.now)


def broken(clock: Clock) -> list[str]:
    """The promises that the rows break."""
    return [check.name for check in all_checks() if check.look(clock.now).wrong]


# ---------------------------------------------------------------- spending


def test_credit_is_spent_before_the_card(
    online: Online, user: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    online.save_card(user)
    credit = credited(user, 300, clock)
    fare = fare_of(charged(online, user, nyc, clock))
    assert (fare.status, fare.amount, fare.credit_amount, online.taken()) == (PaymentStatus.PAID, 1000, 300, 700)
    assert (fresh(credit).left, ledger.balance("credits"), ledger.balance("promotions")) == (0, 0, 300)
    assert (ledger.balance("receivable"), ledger.owed_to(partner, "usd")) == (0, 800)  # of the full fare
    assert broken(clock) == []


def test_credit_that_pays_all_leaves_the_card_alone(
    online: Online, user: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    online.save_card(user)
    credit = credited(user, 2500, clock)
    fare = fare_of(charged(online, user, nyc, clock))
    assert (fare.status, fare.credit_amount, online.taken(), online.held()) == (PaymentStatus.PAID, 1000, 0, 0)
    assert fresh(credit).left == 1500
    assert (ledger.balance("credits"), ledger.owed_to(partner, "usd")) == (-1500, 800)
    assert broken(clock) == []


def test_the_rest_is_an_amount_that_the_provider_charges(
    online: Online, user: User, partner: Partner, nyc: Region, clock: Clock, settings: Settings
) -> None:
    online.save_card(user)
    credit = credited(user, 980, clock)
    fare = fare_of(charged(online, user, nyc, clock))
    assert (fare.credit_amount, online.taken(), fresh(credit).left) == (950, 50, 30)


def test_what_expires_first_is_spent_first(user: User, running: Ride, clock: Clock) -> None:
    late, soon = credited(user, 800, clock, days=30), credited(user, 800, clock, days=3)
    fare = fare_of(end(running))
    assert (fare.status, fresh(soon).left, fresh(late).left) == (PaymentStatus.PAID, 0, 600)
    assert [attempt.amount for attempt in fare.attempts.order_by("number")] == [800, 200]


def test_credit_pays_a_part_where_no_cards_are_charged(user: User, running: Ride, staff: User, clock: Clock) -> None:
    credited(user, 400, clock)
    fare = fare_of(end(running))
    assert (fare.status, fare.collecting_amount, fare.credit_amount) == (PaymentStatus.DUE, 400, 400)
    settle_in_cash(fare, actor=staff, now=clock.now)
    assert (fare_of(running).status, ledger.balance("cash")) == (PaymentStatus.PAID, 600)
    assert broken(clock) == []


@pytest.mark.parametrize("other", ["currency", "region", "user", "expired"])
def test_what_can_not_be_spent_here_is_not(
    user: User, other_user: User, running: Ride, nyc: Region, clock: Clock, other: str
) -> None:
    elsewhere = Region.objects.create(slug="else", name="Else", boundary=nyc.boundary, active=False)
    credit = credited(
        other_user if other == "user" else user,
        500,
        clock,
        currency="eur" if other == "currency" else "usd",
        region_id=elsewhere.pk if other == "region" else None,
        days=0 if other == "expired" else 30,
    )
    assert fare_of(end(running)).credit_amount == 0
    assert fresh(credit).left == 500


def test_credit_of_this_region_is_spent(user: User, running: Ride, nyc: Region, clock: Clock) -> None:
    credited(user, 500, clock, region_id=nyc.pk)
    assert fare_of(end(running)).credit_amount == 500


def test_a_tip_is_not_paid_with_credit(user: User, completed: Ride, clock: Clock) -> None:
    credit = credited(user, 500, clock)
    assert tip_ride(completed, amount=200, currency="usd", now=clock.now).credit_amount == 0
    assert fresh(credit).left == 500


def test_a_frozen_fare_is_paid_with_credit_when_staff_collect_it(
    user: User, completed: Ride, staff: User, clock: Clock
) -> None:
    Payment.objects.update(frozen=True)
    credited(user, 1000, clock)
    collect_frozen(fare_of(completed), actor=staff, now=clock.now)
    assert fare_of(completed).status == PaymentStatus.PAID


def test_credit_given_since_pays_what_is_open(
    online: Online, user: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    online.save_card(user)
    ride = charged(online, user, nyc, clock)
    Payment.objects.filter(ride=ride).update(status=PaymentStatus.DUE, collecting_amount=0)
    Attempt.objects.filter(payment__ride=ride).update(status=AttemptStatus.DECLINED)
    credited(user, 600, clock)
    pay_now(user, fare_of(ride).pk, now=clock.now)
    assert sorted(fare_of(ride).attempts.exclude(status="declined").values_list("kind", "amount")) == [
        ("charge", 400),
        ("credit", 600),
    ]


# ---------------------------------------------------------------- giving back


def test_a_refund_gives_the_card_its_part_first_and_credit_as_credit(
    online: Online, user: User, partner: Partner, staff: User, nyc: Region, clock: Clock
) -> None:
    online.save_card(user)
    credit = credited(user, 300, clock)
    ride = charged(online, user, nyc, clock)
    refund(fare_of(ride), amount=800, reason="", actor=staff, now=clock.now)
    online.work()
    assert (fare_of(ride).status, online.taken(), fresh(credit).left) == (PaymentStatus.PARTIALLY_REFUNDED, 0, 100)
    refund(fare_of(ride), amount=200, reason="", actor=staff, now=clock.now)
    assert (fare_of(ride).status, fresh(credit).left) == (PaymentStatus.REFUNDED, 300)
    assert (ledger.balance("credits"), ledger.owed_to(partner, "usd"), ledger.balance("provider")) == (-300, 0, 0)
    assert broken(clock) == []
    with pytest.raises(Conflict):
        refund(fare_of(ride), amount=1, reason="", actor=staff, now=clock.now)


def test_credit_that_comes_back_late_can_be_spent_for_a_month(
    user: User, running: Ride, staff: User, clock: Clock
) -> None:
    credit = credited(user, 1000, clock, days=1)
    ride = end(running)
    later(clock, days=5)
    sweep_credits(clock.now)
    refund(fare_of(ride), amount=1000, reason="", actor=staff, now=clock.now)
    assert (fresh(credit).left, fresh(credit).expires_at) == (1000, clock.now + timedelta(days=30))
    later(clock, days=31)
    sweep_credits(clock.now)
    assert (fresh(credit).left, fresh(credit).ended, ledger.balance("credits")) == (0, 1000, 0)
    assert broken(clock) == []


# ---------------------------------------------------------------- the end of credit


def test_expired_credit_is_ended_once(user: User, clock: Clock) -> None:
    credit = credited(user, 500, clock, days=1)
    sweep_credits(clock.now)
    assert fresh(credit).left == 500
    later(clock, days=1, minutes=2)
    assert broken(clock) == ["expired_credit_is_ended"]
    sweep_credits(clock.now)
    sweep_credits(clock.now)
    assert (fresh(credit).left, fresh(credit).ended) == (0, 500)
    assert (ledger.balance("credits"), ledger.balance("promotions")) == (0, 0)
    assert broken(clock) == []


def test_staff_take_back_what_is_left(user: User, running: Ride, staff: User, clock: Clock) -> None:
    credit = credited(user, 1500, clock)
    end(running)
    assert told(take(desk_of(staff), credit, "take_back"))[0][0] == "success"
    assert (fresh(credit).left, fresh(credit).ended, ledger.balance("promotions")) == (0, 500, 1000)
    assert broken(clock) == []
    with unchanged(), pytest.raises(Conflict):
        take_back(credit, actor=staff, now=clock.now)


def test_the_database_rejects_credit_spent_twice(user: User, clock: Clock) -> None:
    credit = credited(user, 500, clock)
    for left, ended in ((501, 0), (400, 101), (-1, 0)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Credit.objects.filter(pk=credit.pk).update(left=left, ended=ended)


@pytest.mark.parametrize("what", ["left", "booked", "counted", "ended"])
def test_the_audit_finds_credit_that_does_not_add_up(user: User, running: Ride, clock: Clock, what: str) -> None:
    credit = credited(user, 1500, clock)
    fare = fare_of(end(running))
    if what == "left":
        Credit.objects.filter(pk=credit.pk).update(left=499)
    elif what == "ended":
        Credit.objects.filter(pk=credit.pk).update(left=0, ended=500)
    elif what == "counted":
        Payment.objects.filter(pk=fare.pk).update(credit_amount=999)
    else:
        Entry.objects.create(
            kind="credit_given", source="x", debit="promotions", credit="credits", amount=1, currency="usd",
            user=user, at=clock.now,
        )  # fmt: skip
    found = {"left": "credits_add_up", "counted": "payments_count_their_credit"}.get(what, "credit_is_booked")
    assert found in broken(clock)


# ---------------------------------------------------------------- what its user sees


def test_a_users_credit(user: User, user_api: APIClient, outsider_api: APIClient, nyc: Region, clock: Clock) -> None:
    credited(user, 300, clock, reason="It rained.")
    credited(user, 500, clock, region_id=nyc.pk)
    credited(user, 700, clock, days=0)
    credited(user, 900, clock, currency="eur")
    assert user_api.get("/credit/balance").json() == {
        "balances": [{"amount": 900, "currency": "eur"}, {"amount": 800, "currency": "usd"}]
    }
    results = user_api.get("/credit").json()["results"]
    assert [(row["amount"], row["left"], row["region"], row["reason"]) for row in reversed(results)] == [
        (300, 300, None, "It rained."),
        (500, 500, nyc.slug, ""),
        (700, 700, None, ""),
        (900, 900, None, ""),
    ]
    assert outsider_api.get("/credit").json()["results"] == outsider_api.get("/credit/balance").json()["balances"] == []


@pytest.mark.parametrize("path", ["/credit", "/credit/balance"])
def test_credit_is_for_users(anonymous: APIClient, partner_api: APIClient, path: str) -> None:
    assert_refused(anonymous.get(path), 401, "not_authenticated")
    assert_refused(partner_api.get(path), 403, "permission_denied")


def test_a_payment_says_what_credit_paid(user: User, user_api: APIClient, running: Ride, clock: Clock) -> None:
    credited(user, 300, clock)
    fare = fare_of(end(running))
    body = user_api.get(f"/payment/{fare.pk}").json()
    assert (body["amount"], body["creditAmount"], body["status"]) == (1000, 300, "due")
    assert Attempt.objects.get(payment=fare).kind == AttemptKind.CREDIT
