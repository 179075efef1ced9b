"""The refund form of the admin."""

import pytest
from django.test import Client

from accounts.models import User
from backoffice.tests.desk import desk_of, page_of, refusals, take, told, url_of
from payments.models import Payment, Refund
from payments.states import PaymentStatus
from rides.models import Ride
from tests.cast import Clock, fresh, unchanged
from tests.settling import settle_in_cash


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


@pytest.fixture
def paid(completed: Ride, staff: User, clock: Clock) -> Payment:
    """$10, taken in cash."""
    payment = Payment.objects.get(ride=completed)
    settle_in_cash(payment, actor=staff, now=clock.now)
    found: Payment = fresh(payment)
    return found


def test_all_of_it(desk: Client, paid: Payment, staff: User) -> None:
    assert told(take(desk, paid, "refund", reason="too quiet"))[0][0] == "success"
    assert (fresh(paid).status, fresh(paid).refunded_amount) == (PaymentStatus.REFUNDED, 1000)
    row = Refund.objects.get()
    assert (row.amount, row.reason, row.actor) == (1000, "too quiet", staff)


def test_a_part_and_then_the_rest(desk: Client, paid: Payment) -> None:
    take(desk, paid, "refund", amount="3.33")
    assert (fresh(paid).status, fresh(paid).refunded_amount) == (PaymentStatus.PARTIALLY_REFUNDED, 333)
    take(desk, paid, "refund")
    assert (fresh(paid).status, fresh(paid).refunded_amount) == (PaymentStatus.REFUNDED, 1000)


def test_not_more_than_was_taken(desk: Client, paid: Payment) -> None:
    with unchanged():
        assert len(refusals(take(desk, paid, "refund", amount="10.01"))) == 1
    take(desk, paid, "refund", amount="6")
    with unchanged():
        assert len(refusals(take(desk, paid, "refund", amount="4.01"))) == 1


@pytest.mark.parametrize("amount", ["0", "-1", "ten", "1e9"])
def test_not_what_is_no_amount(desk: Client, paid: Payment, amount: str) -> None:
    with unchanged():
        take(desk, paid, "refund", amount=amount)


def test_not_twice(desk: Client, paid: Payment) -> None:
    address = url_of(Payment, "refund", paid.pk)
    desk.post(address, {"_form_submitted": "on"})  # somebody else's desk, with the same page open
    with unchanged():
        assert len(refusals(desk.post(address, {"_form_submitted": "on"}, follow=True))) == 1


@pytest.mark.parametrize("who", ["user", "partner", "outsider"])
def test_not_by_anybody_else(request: pytest.FixtureRequest, paid: Payment, who: str) -> None:
    somebody = request.getfixturevalue(who)
    client = Client()
    client.force_login(getattr(somebody, "user", somebody))
    with unchanged():
        for call in (client.get, client.post):
            answer = call(url_of(Payment, "refund", paid.pk), {"_form_submitted": "on"})
            assert answer.status_code in (302, 403, 404)
    assert client.get(page_of(paid)).status_code in (302, 403, 404)
