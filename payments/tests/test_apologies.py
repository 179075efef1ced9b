"""Staff give credit as an apology, within a limit."""

import pytest
from django.test import Client

from accounts.models import DeferredMail, User
from backoffice.tests.desk import desk_of, refusals, take, told, url_of
from core.errors import Conflict, Invalid
from payments import credit_audit
from payments.apologies import apologize
from payments.models import Credit, Payment
from rides.models import Ride
from tests.cast import Clock, make_user, unchanged
from tests.online import later
from tests.online_scenes import fare_of


def test_staff_apologize(user: User, completed: Ride, staff: User, clock: Clock) -> None:
    answer = take(desk_of(staff), fare_of(completed), "apologize", amount="7.50", reason="It rained on your parade.")
    assert told(answer)[0][0] == "success"
    credit = Credit.objects.get()
    assert (credit.user, credit.amount, credit.left, credit.currency) == (user, 750, 750, "usd")
    assert (credit.actor, credit.reason, credit.ride) == (staff, "It rained on your parade.", completed)
    assert DeferredMail.objects.filter(user=user, kind="credit_given").count() == 1
    assert [check.name for check in credit_audit.CHECKS if check.look(clock.now).wrong] == []


@pytest.mark.parametrize(
    ("amount", "reason"), [("", "why"), ("0", "why"), ("5", ""), ("50.01", "why"), ("1.001", "why")]
)
def test_an_apology_has_an_amount_a_reason_and_a_limit(completed: Ride, staff: User, amount: str, reason: str) -> None:
    desk = desk_of(staff)
    with unchanged():
        answer = take(desk, fare_of(completed), "apologize", amount=amount, reason=reason)
        assert len(refusals(answer)) == 1


def test_apologies_of_a_month_share_one_limit(user: User, completed: Ride, staff: User, clock: Clock) -> None:
    fare = fare_of(completed)
    apologize(fare, amount=5000, reason="sorry", actor=staff, now=clock.now)
    with unchanged(), pytest.raises(Conflict) as refused:
        apologize(fare, amount=1, reason="sorry", actor=staff, now=clock.now)
    assert refused.value.code == "credit_too_large"
    later(clock, days=31)
    apologize(fare, amount=5000, reason="sorry again", actor=staff, now=clock.now)


def test_nobody_apologizes_to_themselves(user: User, completed: Ride, clock: Clock) -> None:
    with unchanged(), pytest.raises(Conflict) as refused:
        apologize(fare_of(completed), amount=1, reason="sorry, me", actor=user, now=clock.now)
    assert refused.value.code == "own_credit"
    somebody = make_user("Else")
    with unchanged(), pytest.raises(Invalid):
        apologize(fare_of(completed), amount=1, reason=" ", actor=somebody, now=clock.now)


@pytest.mark.parametrize("who", ["user", "partner", "outsider"])
def test_nobody_else_gives_credit(request: pytest.FixtureRequest, completed: Ride, who: str) -> None:
    somebody = request.getfixturevalue(who)
    client = Client()
    client.force_login(getattr(somebody, "user", somebody))
    with unchanged():
        for call in (client.get, client.post):
            answer = call(url_of(Payment, "apologize", fare_of(completed).pk), {"amount": "1", "reason": "me"})
            assert answer.status_code in (302, 403, 404)
