"""`POST /ride/{rideId}/tip`."""

from typing import Any
from unittest.mock import ANY
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from notifications.models import Event
from payments.models import Payment
from payments.states import PaymentKind
from rides.models import Ride
from rides.serializers import TIP_MAX
from tests.cast import assert_refused, unchanged


def tip(client: APIClient, ride: Ride, **body: Any) -> Any:
    return client.post(f"/ride/{ride.pk}/tip", {"amount": 500, **body})


def test_opens_a_payment_beside_the_fare(user_api: APIClient, user: User, completed: Ride) -> None:
    response = tip(user_api, completed)
    payment = Payment.objects.get(kind=PaymentKind.TIP)
    assert response.status_code == 201
    assert response.json() == {
        "paymentId": str(payment.pk),
        "rideId": str(completed.pk),
        "userId": str(user.pk),
        "kind": "tip",
        "amount": 500,
        "creditAmount": 0,
        "refundedAmount": 0,
        "currency": "usd",
        "status": "due",
        "thirdPartyReferenceId": None,
        "createdAt": ANY,
    }
    assert Payment.objects.get(kind=PaymentKind.FARE).amount == 1000
    told = Event.objects.filter(recipient=f"user:{user.pk}").last()
    assert told is not None
    assert (told.type, told.payload["paymentId"]) == ("payment.updated", str(payment.pk))


def test_the_currency_may_be_named(user_api: APIClient, completed: Ride) -> None:
    assert tip(user_api, completed, currency="usd").json()["currency"] == "usd"


def test_another_currency(user_api: APIClient, completed: Ride) -> None:
    with unchanged():
        response = tip(user_api, completed, currency="eur")
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "invalid"


def test_once(user_api: APIClient, completed: Ride) -> None:
    tip(user_api, completed)
    with unchanged():
        assert_refused(tip(user_api, completed), 409, "payment_exists")


@pytest.mark.parametrize("stage", ["ride", "running"])
def test_only_a_completed_ride(user_api: APIClient, request: Any, stage: str) -> None:
    ride = request.getfixturevalue(stage)
    with unchanged():
        assert_refused(tip(user_api, ride), 409, "ride_not_completed")


def test_not_somebody_elses(outsider_api: APIClient, completed: Ride) -> None:
    with unchanged():
        assert_refused(tip(outsider_api, completed), 404, "not_found")
        assert_refused(outsider_api.post(f"/ride/{uuid4()}/tip", {"amount": 1}), 404, "not_found")


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("anonymous", 401, "not_authenticated"),
        ("partner", 403, "permission_denied"),
        ("staff", 403, "permission_denied"),
    ],
)
def test_only_users(api_of: Any, completed: Ride, who: str, status: int, code: str) -> None:
    client = api_of(who)
    with unchanged():
        assert_refused(tip(client, completed), status, code)


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({"amount": 0}, "min_value", "amount"),
        ({"amount": -500}, "min_value", "amount"),
        ({"amount": TIP_MAX + 1}, "max_value", "amount"),
        ({"amount": 5.0}, "invalid", "amount"),
        ({"amount": "500"}, "invalid", "amount"),
        ({"amount": True}, "invalid", "amount"),
        ({"amount": None}, "null", "amount"),
        ({"amount": {"amount": 500, "currency": "usd"}}, "invalid", "amount"),
        ({"currency": 5}, "invalid", "currency"),
        ({"currency": "dollars"}, "max_length", "currency"),
    ],
)
def test_malformed(user_api: APIClient, completed: Ride, body: dict[str, Any], code: str, attr: str) -> None:
    with unchanged():
        assert_refused(tip(user_api, completed, **body), 400, code, attr)
