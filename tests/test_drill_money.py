"""What the drill says of money: it must see each way in which our books and the provider's can differ."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Partner, User
from drill import money
from drill.report import Aftermath, money_lines
from payments.books.credits import Grant, give
from payments.models import Attempt, Hold, Payment
from payments.provider.reconcile import reconcile
from payments.states import CreditKind
from regions.models import Region
from rides.models import Ride
from tests.cast import Clock
from tests.online import Online, later
from tests.online_scenes import book, charged

pytestmark = pytest.mark.django_db
RIGHT = money.Money(payments=1, paid_exactly=1, owed=1000, captured=1000, holds_open=0, ledger_off=0)


@pytest.fixture
def served(online: Online, user: User, partner: Partner, nyc: Region, clock: Clock) -> Ride:
    """A ride of 4 minutes, charged to the card."""
    online.save_card(user)
    return charged(online, user, nyc, clock)


def test_one_charged_ride(online: Online, served: Ride) -> None:
    assert money.judge(online.account.things) == RIGHT
    assert not money.under_way()


def test_a_ride_that_credit_paid_a_part_of_after_the_comparison(
    online: Online, user: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    online.save_card(user)
    with transaction.atomic():
        give(Grant(user.pk, CreditKind.APOLOGY, 300, "usd"), now=clock.now)
    charged(online, user, nyc, clock)
    later(clock, hours=1)
    run = reconcile(now=clock.now)
    assert (run.repaired, run.differences) == ([], [])
    assert money.judge(online.account.things) == dataclasses.replace(RIGHT, owed=700, captured=700)
    Attempt.objects.filter(kind="credit").update(amount=299)
    assert money.judge(online.account.things) == dataclasses.replace(RIGHT, paid_exactly=0, owed=701, captured=700)


def charge_in(online: Online) -> Any:
    return next(charge for charge in online.account.every("charge") if charge["amount_captured"])


def captured_less(online: Online) -> None:
    charge_in(online)["amount_captured"] -= 1


def captured_twice(online: Online) -> None:
    online.account.things["ch_again"] = {**charge_in(online), "id": "ch_again"}


def captured_for_nobody(online: Online) -> None:
    online.account.things["ch_stray"] = {**charge_in(online), "id": "ch_stray", "payment_intent": "pi_of_nobody"}


def never_paid(online: Online) -> None:
    Payment.objects.update(status="processing")


def held_by_the_provider_alone(online: Online) -> None:
    online.account.things["pi_left"] = {"id": "pi_left", "object": "payment_intent", "status": "requires_capture"}


def held_by_us_alone(online: Online) -> None:
    Hold.objects.update(status="closing")


@pytest.mark.parametrize(
    ("harm", "changes"),
    [
        (captured_less, {"paid_exactly": 0, "captured": 999, "ledger_off": 1}),
        (captured_twice, {"paid_exactly": 0, "captured": 2000, "ledger_off": -1000}),
        (captured_for_nobody, {"captured": 2000, "ledger_off": -1000}),
        (never_paid, {"paid_exactly": 0}),
        (held_by_the_provider_alone, {"holds_open": 1}),
        (held_by_us_alone, {"holds_open": 1}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_wrong_is_seen(
    online: Online, served: Ride, harm: Callable[[Online], None], changes: dict[str, int]
) -> None:
    harm(online)
    found = money.judge(online.account.things)
    assert found == dataclasses.replace(RIGHT, **changes)
    lines = money_lines(found, Aftermath(strays=0, orphans=0, audit=""))
    assert any(line.kept is False for line in lines)


def test_a_booking_is_under_way_until_its_hold_is_let_go(
    online: Online, user: User, partner: Partner, nyc: Region
) -> None:
    online.save_card(user)
    book(online, user)
    assert money.under_way()
    assert money.judge(online.account.things).holds_open == 2  # ours, and the provider's


def test_what_the_reconciler_says_counts() -> None:
    after = Aftermath(strays=0, orphans=0, audit="", reconciler="3 looked at, 1 repaired, 0 differ.")
    assert [line.name for line in money_lines(RIGHT, after) if line.kept is False] == ["manage.py reconcile"]
