"""Races for the credit of referrals: each is given once, and to a referrer no more often than a year allows."""

from datetime import timedelta
from typing import Any

from accounts.models import User
from notifications.events import recorded
from payments.books.attempts import take_cash
from payments.books.referrals import settle, sweep_referrals
from payments.books.refunds import refund
from payments.codes import use
from payments.models import Credit, Payment, Referral
from payments.referrals import make_code
from tests.cast import accept, end, fresh, match, open_offer, start, submit
from tests.races.stage import Race, Stage, now, one_of, one_wins

LATER = timedelta(days=3)
BOTH_DONE = one_of(("done", "done"))


def _code_of(user: User) -> str:
    return make_code(user, now=now()).code or ""


def _referred(stage: Stage, referrer: User, suffix: str = "") -> Referral:
    """A newcomer who has entered a friend's code."""
    newcomer = stage.user(f"newcomer {suffix}")
    use(newcomer, _code_of(referrer), address="", now=now())
    return Referral.objects.get(newcomer=newcomer)


def _served(stage: Stage, user: User) -> Payment:
    """A fare that is due."""
    request = submit(user)
    match(stage.nyc)
    return Payment.objects.get(ride=end(start(accept(open_offer(request)))))


def _pay(stage: Stage, fare: Payment) -> None:
    with recorded() as outbox:
        locked = Payment.objects.select_for_update(no_key=True).get(pk=fare.pk)
        take_cash(outbox, locked, locked.amount, actor=stage.staff, now=now(), reason="cash")


def _due(stage: Stage, referrer: User, suffix: str = "") -> Referral:
    """A referral whose newcomer has paid their first cheer."""
    stage.partner(suffix)
    referral = _referred(stage, referrer, suffix)
    _pay(stage, _served(stage, referral.newcomer))
    return referral


def _given(referral: Referral) -> int:
    """How many were given credit; only if the referral says so."""
    count = Credit.objects.filter(referral=referral).count()
    assert bool(count) == (fresh(referral).status == "given")
    return count


def one_newcomer_enters_two_codes(stage: Stage) -> Race:
    user, codes = stage.user(), [_code_of(stage.user(suffix)) for suffix in ("a", "b")]

    def judge(outcomes: list[Any]) -> None:
        one_wins("code_used")(outcomes)
        assert Referral.objects.filter(newcomer=user).count() == 1

    return Race([lambda c=code: use(user, c, address="", now=now()) for code in codes], judge)


def two_referrals_share_a_limit(stage: Stage) -> Race:
    """A referrer may be given credit for one friend, and two have paid."""
    referrer = stage.user("referrer")
    referrals = [_due(stage, referrer, suffix) for suffix in ("a", "b")]

    def judge(outcomes: list[Any]) -> None:
        BOTH_DONE(outcomes)
        assert sorted(map(_given, referrals)) == [1, 2]
        assert Credit.objects.filter(user=referrer).count() == 1

    return Race([lambda r=each: settle(r.pk, now=now() + LATER) for each in referrals], judge)


def two_sweeps_settle_a_referral(stage: Stage) -> Race:
    referral = _due(stage, stage.user("referrer"))

    def judge(outcomes: list[Any]) -> None:
        BOTH_DONE(outcomes)
        assert _given(referral) == 2

    return Race([lambda: sweep_referrals(now() + LATER)] * 2, judge)


def a_first_cheer_is_refunded_when_credit_is_due(stage: Stage) -> Race:
    referral = _due(stage, stage.user("referrer"))
    fare = Payment.objects.get(user=referral.newcomer_id)

    def judge(outcomes: list[Any]) -> None:
        BOTH_DONE(outcomes)
        assert _given(referral) in (0, 2)

    return Race(
        [
            lambda: settle(referral.pk, now=now() + LATER),
            lambda: refund(fare, amount=fare.amount, reason="sorry", actor=stage.staff, now=now()),
        ],
        judge,
    )


def two_first_cheers_are_paid(stage: Stage) -> Race:
    """Both fares of a newcomer are paid at the same time: one of them is the first."""
    stage.partner()
    referral = _referred(stage, stage.user("referrer"))
    fares = [_served(stage, referral.newcomer) for _ in range(2)]

    def judge(outcomes: list[Any]) -> None:
        BOTH_DONE(outcomes)
        assert fresh(referral).payment in fares
        settle(referral.pk, now=now() + LATER)
        assert _given(referral) == 2

    return Race([lambda f=fare: _pay(stage, f) for fare in fares], judge)


REFERRALS = [
    one_newcomer_enters_two_codes,
    two_referrals_share_a_limit,
    two_sweeps_settle_a_referral,
    a_first_cheer_is_refunded_when_credit_is_due,
    two_first_cheers_are_paid,
]
