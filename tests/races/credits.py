"""Races for credit: what is left of one is spent once, whatever else happens to it."""

from datetime import timedelta
from typing import Any

from django.db import transaction

from payments.apologies import apologize, take_back
from payments.books.credits import Grant, give, sweep_credits
from payments.models import Credit, Payment
from payments.services import collect_frozen
from payments.states import CreditKind
from requests_app.serving import fulfilment
from tests.cast import accept, end, fresh, match, open_offer, start, submit
from tests.races.stage import Race, Stage, now, one_of, one_wins

FARE = 1000  # of a session that has just begun


def _credited(user: Any, amount: int = FARE) -> Credit:
    with transaction.atomic():
        return give(Grant(user.pk, CreditKind.APOLOGY, amount, "usd"), now=now())


def _spent(credit: Credit) -> int:
    paid = sum(Payment.objects.filter(user=credit.user).values_list("credit_amount", flat=True))
    found = fresh(credit)
    assert paid + found.left + found.ended == credit.amount
    return paid


def two_fares_spend_one_credit(stage: Stage) -> Race:
    """Two frozen fares of one user are collected at the same time, and there is credit for one of them."""
    stage.partner()
    user = stage.user()
    for _ in range(2):
        request = submit(user)
        match(stage.nyc)
        end(start(accept(open_offer(request))))
    fares = list(Payment.objects.filter(user=user))
    Payment.objects.filter(user=user).update(frozen=True)
    credit = _credited(user)

    def judge(outcomes: list[Any]) -> None:
        assert outcomes == [None, None]
        assert _spent(credit) == FARE
        assert fresh(credit).left == 0

    return Race([lambda p=fare: collect_frozen(p, actor=stage.staff, now=now()) for fare in fares], judge)


def a_fare_and_staff_take_credit(stage: Stage) -> Race:
    ride = start(stage.ride())
    credit = _credited(ride.user)

    def judge(outcomes: list[Any]) -> None:
        one_of(("done", "done"), ("done", "nothing_left"))(outcomes)
        assert _spent(credit) in (0, FARE)

    return Race([lambda: end(ride), lambda: take_back(credit, actor=stage.staff, now=now())], judge)


def a_fare_and_the_sweep_take_credit(stage: Stage) -> Race:
    """The sweep's clock is ahead: for it, the credit has expired."""
    ride = start(stage.ride())
    credit = _credited(ride.user, 2 * FARE)

    def judge(outcomes: list[Any]) -> None:
        one_of(("done", "done"))(outcomes)
        assert _spent(credit) in (0, FARE)
        assert fresh(credit).left == 0

    return Race([lambda: end(ride), lambda: sweep_credits(now() + timedelta(days=400))], judge)


def one_session_ends_twice_with_credit(stage: Stage) -> Race:
    ride = start(stage.ride())
    credit = _credited(ride.user, 2 * FARE)

    def judge(outcomes: list[Any]) -> None:
        one_wins("ride_completed")(outcomes)
        assert _spent(credit) == FARE

    steps = [ride.user, ride.partner.user]
    return Race([lambda u=user: fulfilment.end_session(u, ride.pk, now=now()) for user in steps], judge)


def two_apologies_share_a_limit(stage: Stage) -> Race:
    fare = Payment.objects.get(ride=end(start(stage.ride())))

    def judge(outcomes: list[Any]) -> None:
        one_wins("credit_too_large")(outcomes)
        assert Credit.objects.filter(user=fare.user_id).count() == 1

    return Race([lambda: apologize(fare, amount=3000, reason="sorry", actor=stage.staff, now=now())] * 2, judge)


CREDITS = [
    two_fares_spend_one_credit,
    a_fare_and_staff_take_credit,
    a_fare_and_the_sweep_take_credit,
    one_session_ends_twice_with_credit,
    two_apologies_share_a_limit,
]
