"""`GET /ride/{rideId}/receipt`, as JSON. The page has its own tests."""

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from payments.models import Payment
from regions.models import Region
from requests_app import services
from rides.models import Ride
from rides.services import tip_ride
from tests.cast import Clock, assert_refused, end


def read(client: APIClient, ride: Ride) -> Any:
    return client.get(f"/ride/{ride.pk}/receipt")


def test_the_lines_of_the_bill(user_api: APIClient, running: Ride, clock: Clock) -> None:
    assert running.start_time is not None
    clock.now = running.start_time
    clock.advance(754.5)
    ride = end(running)
    clock.advance(60)
    tip_ride(ride, amount=250, currency="usd", now=clock.now)
    response = read(user_api, ride)
    body = response.json()
    fare, tip = Payment.objects.order_by("created_at")
    assert response.status_code == 200
    assert body["lines"] == [
        {
            "kind": "fare",
            "label": "Cheering, 3 × 5 minutes",
            "quantity": 3,
            "unitAmount": 1000,
            "amount": {"amount": 3000, "currency": "usd"},
            "refunded": {"amount": 0, "currency": "usd"},
            "tax": {"amount": 0, "currency": "usd"},
            "status": "due",
            "paymentId": str(fare.pk),
        },
        {
            "kind": "tip",
            "label": "Tip",
            "quantity": 1,
            "unitAmount": 250,
            "amount": {"amount": 250, "currency": "usd"},
            "refunded": {"amount": 0, "currency": "usd"},
            "tax": {"amount": 0, "currency": "usd"},
            "status": "due",
            "paymentId": str(tip.pk),
        },
    ]
    assert body["total"] == body["due"] == {"amount": 3250, "currency": "usd"}
    assert body["tariff"] == {"amount": 1000, "currency": "usd", "incrementS": 300}
    assert (body["rideId"], body["status"], body["elapsedS"]) == (str(ride.pk), "completed", 754)


def test_money_given_back_is_taken_off(user_api: APIClient, completed: Ride) -> None:
    Payment.objects.update(refunded_amount=400)
    body = read(user_api, completed).json()
    assert body["lines"][0]["refunded"] == {"amount": 400, "currency": "usd"}
    assert body["total"] == {"amount": 600, "currency": "usd"}


def test_a_late_cancellation(user_api: APIClient, user: User, ride: Ride, nyc: Region, clock: Clock) -> None:
    services.cancel_request(user, ride.request_id, reason="", now=clock.advance(nyc.cancellation_grace_s + 1))
    body = read(user_api, ride).json()
    assert [(line["kind"], line["amount"]["amount"]) for line in body["lines"]] == [("cancellation_fee", 500)]
    assert (body["status"], body["startTime"], body["elapsedS"], body["total"]["amount"]) == ("cancelled", None, 0, 500)


def test_a_free_cancellation(user_api: APIClient, user: User, ride: Ride) -> None:
    services.cancel_request(user, ride.request_id, reason="", now=timezone.now())
    body = read(user_api, ride).json()
    assert (body["lines"], body["total"]["amount"]) == ([], 0)


@pytest.mark.parametrize("stage", ["ride", "running"])
def test_not_while_it_goes_on(user_api: APIClient, request: Any, stage: str) -> None:
    assert_refused(read(user_api, request.getfixturevalue(stage)), 409, "ride_not_completed")


@pytest.mark.parametrize("who", ["user", "partner", "staff"])
def test_both_sides_and_staff_read_it(api_of: Any, completed: Ride, who: str) -> None:
    assert read(api_of(who), completed).json()["total"]["amount"] == 1000


@pytest.mark.parametrize("who", ["outsider", "other_partner"])
def test_nobody_else_does(api_of: Any, completed: Ride, who: str) -> None:
    assert_refused(read(api_of(who), completed), 404, "not_found")
    assert_refused(api_of(who).get(f"/ride/{uuid4()}/receipt"), 404, "not_found")


def test_without_a_token(anonymous: APIClient, completed: Ride) -> None:
    assert_refused(read(anonymous, completed), 401, "not_authenticated")
