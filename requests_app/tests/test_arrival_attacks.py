"""A partner who is not there gets no clock, and no fee."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Partner
from payments.models import Payment
from rides.models import Ride
from tests.cast import EMPIRE_STATE, Clock, assert_refused, at, fresh, north, report, unchanged


@pytest.fixture
def far(ride: Ride, partner: Partner, clock: Clock) -> Ride:
    """The ride of a partner who has accepted and stays 1.9 km away."""
    report(partner, north(1900))
    return ride


def call(client: APIClient, path: str, ride: Ride, **fields: Any) -> Any:
    return client.post(path, {"rideId": str(ride.pk), **fields})


def test_the_clock_is_not_started_from_far_away(partner_api: APIClient, far: Ride) -> None:
    with unchanged():
        assert_refused(call(partner_api, "/rideStart", far), 409, "not_arrived")


def test_the_user_ends_a_session_that_nobody_serves(user_api: APIClient, running: Ride) -> None:
    answer = call(user_api, "/rideEnd", running)
    assert (answer.status_code, answer.json()["status"]) == (200, "completed")


def test_one_false_position_earns_no_fee(partner_api: APIClient, far: Ride, clock: Clock) -> None:
    clock.advance(303)
    assert partner_api.post("/updateLocation", {"location": at(EMPIRE_STATE)}).status_code == 204
    clock.advance(0.2)
    with unchanged():
        assert_refused(call(partner_api, "/rideNoShow", far), 409, "not_arrived")
    assert not Payment.objects.exists()


def test_an_arrival_for_a_moment_earns_no_fee(
    partner_api: APIClient, partner: Partner, far: Ride, clock: Clock
) -> None:
    clock.advance(120)
    report(partner, EMPIRE_STATE)
    assert call(partner_api, "/rideArrive", far).status_code == 200
    for _ in range(3):
        clock.advance(60)
        report(partner, north(1900))
    clock.advance(180)
    report(partner, EMPIRE_STATE)
    with unchanged():
        assert_refused(call(partner_api, "/rideNoShow", far), 409, "not_arrived")
    assert fresh(far).arrived_at is None
