"""Races for credit: what is left of one is spent once, whatever else happens to it."""

from datetime import timedelta
from typing import Any

from django.db import transaction

from payments.apologies import apologize, take_back
from payments.books.credits import Grant, give, sweep_credits
from payments.codes import use
from payments.models import Credit, Payment, PromotionCode
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


def two_people_use_the_last_of_a_budget(stage: Stage) -> Race:
    code = _code(stage, budget_amount=500)
    users = [stage.user(suffix) for suffix in ("a", "b")]

    def judge(outcomes: list[Any]) -> None:
        one_wins("code_used_up")(outcomes)
        assert (fresh(code).given_amount, Credit.objects.filter(code=code).count()) == (500, 1)

    return Race([lambda u=user: use(u, code.code, address="", now=now()) for user in users], judge)


def one_person_uses_a_code_twice(stage: Stage) -> Race:
    code, user = _code(stage, budget_amount=5000), stage.user()

    def judge(outcomes: list[Any]) -> None:
        one_wins("code_used")(outcomes)
        assert fresh(code).given_amount == 500

    return Race([lambda: use(user, code.code, address="", now=now())] * 2, judge)


def two_codes_for_one_first_cheer(stage: Stage) -> Race:
    codes = [_code(stage, name, first_cheer=True, budget_amount=5000) for name in ("A", "B")]
    user = stage.user()

    def judge(outcomes: list[Any]) -> None:
        one_wins("code_used")(outcomes)
        assert sum(fresh(code).given_amount for code in codes) == 500

    return Race([lambda c=code: use(user, c.code, address="", now=now()) for code in codes], judge)


def a_code_is_used_and_its_credit_expires(stage: Stage) -> Race:
    """The budget gets back what the sweep ends while somebody takes from it."""
    code, first, second = _code(stage, budget_amount=1000), stage.user("a"), stage.user("b")
    use(first, code.code, address="", now=now())

    def judge(outcomes: list[Any]) -> None:
        one_of(("done", "done"))(outcomes)
        left = sum(Credit.objects.filter(code=code).values_list("left", flat=True))
        assert fresh(code).given_amount == left

    return Race(
        [
            lambda: use(second, code.code, address="", now=now()),
            lambda: sweep_credits(now() + timedelta(days=400)),
        ],
        judge,
    )


def two_fares_end_shares_of_two_codes(stage: Stage) -> Race:
    """Each fare takes from both codes; what expires first, and so is taken first, differs."""
    codes = [_code(stage, name, amount=1000, budget_amount=1000, given_amount=1000) for name in ("A", "B")]
    rides = []
    for suffix, first in (("a", 0), ("b", 1)):
        stage.partner(suffix)
        request = submit(stage.user(suffix))
        match(stage.nyc)
        ride = start(accept(open_offer(request)))
        for number, code in enumerate(codes):
            _shared(ride.user, code, days=1 if number == first else 2)
        rides.append(ride)

    def judge(outcomes: list[Any]) -> None:
        one_of(("done", "done"))(outcomes)
        assert [fresh(code).given_amount for code in codes] == [500, 500]

    return Race([lambda r=ride: end(r) for ride in rides], judge)


def _shared(user: Any, code: PromotionCode, *, days: int) -> None:
    """A quarter of one fare, up to half of the code's budget."""
    how: dict[str, Any] = {"code_id": code.pk, "use_number": 1, "share_bps": 2500, "days": days}
    with transaction.atomic():
        give(Grant(user.pk, CreditKind.PROMOTION, 500, "usd", **how), now=now())


def _code(stage: Stage, name: str = "", **terms: Any) -> PromotionCode:
    usual = {"amount": 500, "currency": "usd", "starts_at": now() - timedelta(days=1)}
    return PromotionCode.objects.create(code=f"CODE-{stage.name}{name}", **{**usual, **terms})


CREDITS = [
    two_fares_end_shares_of_two_codes,
    two_people_use_the_last_of_a_budget,
    one_person_uses_a_code_twice,
    two_codes_for_one_first_cheer,
    a_code_is_used_and_its_credit_expires,
    two_fares_spend_one_credit,
    a_fare_and_staff_take_credit,
    a_fare_and_the_sweep_take_credit,
    one_session_ends_twice_with_credit,
    two_apologies_share_a_limit,
]
