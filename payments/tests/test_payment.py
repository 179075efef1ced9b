"""`GET /payment` and `GET /payment/{paymentId}`, and settling in cash."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from core.errors import Conflict
from notifications.events import recorded
from notifications.models import Event
from payments.books.billing import Bill, open_payment
from payments.models import Payment
from payments.states import UNPAID, PaymentKind, PaymentStatus
from rides.models import Ride
from rides.services import tip_ride
from tests.cast import assert_refused, fresh, unchanged
from tests.settling import settle_in_cash


@pytest.fixture
def payment(completed: Ride) -> Payment:
    """The fare of a completed ride."""
    return Payment.objects.get(ride=completed)


def test_one(user_api: APIClient, user: User, completed: Ride, payment: Payment) -> None:
    response = user_api.get(f"/payment/{payment.pk}")
    assert response.status_code == 200
    assert response.json() == {
        "paymentId": str(payment.pk),
        "rideId": str(completed.pk),
        "userId": str(user.pk),
        "kind": "fare",
        "amount": 1000,
        "creditAmount": 0,
        "refundedAmount": 0,
        "currency": "usd",
        "status": "due",
        "thirdPartyReferenceId": None,
        "createdAt": payment.created_at.isoformat().replace("+00:00", "Z"),
    }


def test_the_list_newest_first(user_api: APIClient, completed: Ride, payment: Payment) -> None:
    tip = tip_ride(completed, amount=100, currency="usd", now=timezone.now())
    body = user_api.get("/payment").json()
    assert set(body) == {"next", "previous", "results"}
    assert [p["paymentId"] for p in body["results"]] == [str(tip.pk), str(payment.pk)]


@pytest.mark.parametrize("who", ["outsider", "partner", "staff"])
def test_they_are_not_there_for_others(api_of: Any, payment: Payment, who: str) -> None:
    client = api_of(who)
    assert_refused(client.get(f"/payment/{payment.pk}"), 404, "not_found")
    assert client.get("/payment").json()["results"] == []


def test_unknown_ones(user_api: APIClient) -> None:
    assert_refused(user_api.get(f"/payment/{uuid4()}"), 404, "not_found")
    assert_refused(user_api.get("/payment/1"), 404, "not_found")


def test_without_a_token(anonymous: APIClient, payment: Payment) -> None:
    assert_refused(anonymous.get("/payment"), 401, "not_authenticated")
    assert_refused(anonymous.get(f"/payment/{payment.pk}"), 401, "not_authenticated")


def test_nobody_writes_payments(user_api: APIClient, payment: Payment) -> None:
    with unchanged():
        for method in ("put", "patch", "delete"):
            response = getattr(user_api, method)(f"/payment/{payment.pk}", {"status": "paid"})
            assert_refused(response, 405, "method_not_allowed")
        assert_refused(user_api.post("/payment", {"amount": 1}), 405, "method_not_allowed")


# ---------------------------------------------------------------- one of each kind per ride


def test_at_most_one_of_each_kind_per_ride(completed: Ride, payment: Payment) -> None:
    with unchanged(), pytest.raises(Conflict) as refused, recorded() as outbox:
        open_payment(outbox, Bill(completed.pk, completed.user, PaymentKind.FARE, 1, "usd"), now=timezone.now())
    assert refused.value.code == "payment_exists"


@pytest.mark.parametrize(
    "change",
    [{"amount": -1}, {"refunded_amount": 1001}, {"refunded_amount": -1}, {"status": "lost"}, {"kind": "bribe"}],
)
def test_the_database_refuses_nonsense(payment: Payment, change: dict[str, Any]) -> None:
    with unchanged(), pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(**change)


# ---------------------------------------------------------------- settled in cash


@pytest.mark.parametrize("status", UNPAID)
def test_staff_settle_in_cash(payment: Payment, staff: User, status: str) -> None:
    if status != PaymentStatus.DUE:
        payment.move(status, actor=None, at=timezone.now())
    settle_in_cash(payment, actor=staff, now=timezone.now())
    assert fresh(payment).status == PaymentStatus.PAID
    last = payment.transitions.last()
    assert last is not None
    assert (last.old, last.new, last.actor, last.reason) == (status, "paid", staff, "in cash")
    told = Event.objects.filter(recipient=f"user:{payment.user_id}").last()
    assert told is not None
    assert (told.type, told.payload["payment"]["status"]) == ("payment.updated", "paid")


@pytest.mark.parametrize("status", [PaymentStatus.PAID, PaymentStatus.REFUNDED, PaymentStatus.PARTIALLY_REFUNDED])
def test_but_only_what_is_open(payment: Payment, staff: User, status: str) -> None:
    payment.move(PaymentStatus.PAID, actor=None, at=timezone.now())
    if status != PaymentStatus.PAID:
        payment.move(status, actor=None, at=timezone.now())
    with unchanged(), pytest.raises(Conflict) as refused:
        settle_in_cash(payment, actor=staff, now=timezone.now())
    assert refused.value.code == "already_paid"
