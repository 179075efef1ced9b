"""Payments in the admin."""

import pytest
from django.test import Client

from accounts.models import User
from backoffice.tests.desk import desk_of, page_of, refusals, take, take_selected, told, url_of
from notifications.models import Event
from payments.models import Payment
from payments.states import PaymentStatus
from rides.models import Ride
from tests.cast import fresh, unchanged


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


@pytest.fixture
def payment(completed: Ride) -> Payment:
    return Payment.objects.get(ride=completed)


@pytest.mark.parametrize("status", ["due", "processing", "requires_action", "failed"])
def test_settle_in_cash(desk: Client, staff: User, payment: Payment, status: str) -> None:
    Payment.objects.update(status=status)
    assert told(take(desk, payment, "settle", reason="at the door")) == [("success", "It is booked.")]
    assert fresh(payment).status == PaymentStatus.PAID
    last = payment.transitions.last()
    assert last is not None
    assert (last.new, last.actor, last.reason) == ("paid", staff, "at the door")
    assert Event.objects.filter(recipient=f"user:{payment.user_id}", type="payment.updated").count() == 2


@pytest.mark.parametrize("status", ["paid", "refunded", "partially_refunded"])
def test_what_is_paid_can_not_be_settled(desk: Client, payment: Payment, status: str) -> None:
    Payment.objects.update(status=status)
    assert [step["title"] for step in desk.get(page_of(payment)).context["actions_detail"]] == ["Give credit"]
    with unchanged():
        assert refusals(take(desk, payment, "settle", reason="at the door")) == [
            f"{payment}: This payment is not open."
        ]


def test_settle_twice_at_once(desk: Client, payment: Payment) -> None:
    response = take_selected(desk, [payment, payment], "settle", reason="at the door")
    assert told(response) == [("success", "It is booked.")]
    assert len(refusals(take_selected(desk, [payment], "settle", reason="at the door"))) == 1


@pytest.mark.parametrize("field", ["amount", "refunded_amount", "currency", "status", "third_party_reference_id"])
def test_money_can_not_be_edited(desk: Client, payment: Payment, field: str) -> None:
    with unchanged():
        assert desk.post(page_of(payment), {field: "1"}).status_code == 403


def test_amounts_are_readable(desk: Client, payment: Payment) -> None:
    for address in (page_of(payment), url_of(Payment, "changelist")):
        assert "$10.00" in desk.get(address).content.decode()
