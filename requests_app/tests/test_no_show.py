"""`POST /rideNoShow`: the user is not there."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Partner
from payments.models import Payment
from rides.models import Ride
from tests.cast import EMPIRE_STATE, Clock, arrive, assert_refused, fresh, north, report, start, unchanged


def no_show(client: APIClient, ride: Ride) -> Any:
    return client.post("/rideNoShow", {"rideId": str(ride.pk)})


@pytest.fixture
def waiting(ride: Ride, clock: Clock) -> Ride:
    """The ride of a partner who has arrived late."""
    clock.advance(600)
    return arrive(ride)


def test_the_fee_is_due(partner_api: APIClient, waiting: Ride, partner: Partner, clock: Clock) -> None:
    clock.advance(300)
    report(partner, EMPIRE_STATE)
    body = no_show(partner_api, waiting).json()
    assert (body["status"], body["noShowAt"]) == ("cancelled", None)
    assert fresh(waiting.request).closed_code == "no_show"
    assert [(p.kind, p.amount) for p in Payment.objects.all()] == [("no_show_fee", 1000)]
    assert fresh(partner).status == "available"
    with unchanged():
        assert_refused(no_show(partner_api, waiting), 409, "ride_cancelled")


def test_the_wait_counts_from_the_arrival(
    partner_api: APIClient, waiting: Ride, partner: Partner, clock: Clock
) -> None:
    clock.advance(299)
    report(partner, EMPIRE_STATE)
    with unchanged():
        assert_refused(no_show(partner_api, waiting), 409, "too_early")


def test_not_without_an_arrival(partner_api: APIClient, ride: Ride, partner: Partner, clock: Clock) -> None:
    clock.advance(3600)
    report(partner, EMPIRE_STATE)
    with unchanged():
        assert_refused(no_show(partner_api, ride), 409, "not_arrived")


def test_not_from_elsewhere(partner_api: APIClient, waiting: Ride, partner: Partner, clock: Clock) -> None:
    clock.advance(301)
    report(partner, north(250))
    with unchanged():
        assert_refused(no_show(partner_api, waiting), 409, "not_at_place")


def test_not_by_a_silent_phone(partner_api: APIClient, waiting: Ride, clock: Clock) -> None:
    clock.advance(301)
    with unchanged():
        assert_refused(no_show(partner_api, waiting), 409, "not_at_place")


def test_i_am_here_begins_the_wait_again(
    partner_api: APIClient, user_api: APIClient, waiting: Ride, partner: Partner, clock: Clock
) -> None:
    clock.advance(299)
    user_api.post(f"/ride/{waiting.pk}/here")
    clock.advance(299)
    report(partner, EMPIRE_STATE)
    with unchanged():
        assert_refused(no_show(partner_api, waiting), 409, "too_early")
    clock.advance(1)
    assert no_show(partner_api, waiting).status_code == 200


def test_not_in_a_session(partner_api: APIClient, waiting: Ride, partner: Partner, clock: Clock) -> None:
    running = start(waiting)
    clock.advance(301)
    report(partner, EMPIRE_STATE)
    with unchanged():
        assert_refused(no_show(partner_api, running), 409, "ride_in_progress")


def test_not_another_partners(other_partner_api: APIClient, waiting: Ride) -> None:
    with unchanged():
        assert_refused(no_show(other_partner_api, waiting), 404, "not_found")


@pytest.mark.parametrize(("who", "status"), [("anonymous", 401), ("user", 403), ("staff", 403)])
def test_only_partners(api_of: Any, waiting: Ride, who: str, status: int) -> None:
    client = api_of(who)
    with unchanged():
        assert no_show(client, waiting).status_code == status
