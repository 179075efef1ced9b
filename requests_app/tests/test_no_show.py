"""`POST /rideNoShow`: the user is not there."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Partner
from ops.sweep import sweep_presence
from payments.models import Payment
from requests_app.serving.silences import note_silences
from requests_app.tests.walking import signs
from rides.models import Ride
from risk.models import Flag
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
    assert (fresh(waiting.request).closed_code, fresh(waiting).closed_code) == ("no_show", "no_show")
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


def waits(partner: Partner, clock: Clock, *, reports_every_s: float = 0.0) -> None:
    """The partner waits for five minutes, with reports or without, and reports at the end; sweeps run meanwhile."""
    for _ in range(10):
        clock.advance(30)
        if reports_every_s and clock.now.timestamp() % reports_every_s < 30:
            report(partner, EMPIRE_STATE)
        sweep_presence(clock.now)
        note_silences(clock.now)
    report(partner, EMPIRE_STATE)


def test_a_fee_after_a_silent_wait_is_flagged(
    partner_api: APIClient, waiting: Ride, partner: Partner, clock: Clock
) -> None:
    """A device that is off until the last moment shows nothing of where its partner has been."""
    waits(partner, clock)
    assert signs(waiting) == ["reported", "silent"]
    assert no_show(partner_api, waiting).status_code == 200
    flag = Flag.objects.get()
    assert (flag.kind, flag.ride_id, flag.limit) == ("silent_partner", waiting.pk, 120.0)


def test_a_partner_who_is_heard_of_is_not(
    partner_api: APIClient, waiting: Ride, partner: Partner, clock: Clock
) -> None:
    waits(partner, clock, reports_every_s=60)
    assert signs(waiting) == ["reported"]
    assert no_show(partner_api, waiting).status_code == 200
    assert not Flag.objects.exists()


def test_a_silence_before_the_arrival_is_none_of_the_wait(ride: Ride, partner: Partner, clock: Clock) -> None:
    clock.advance(600)
    note_silences(clock.now)
    clock.advance(1)
    arrive(ride)
    note_silences(clock.advance(60))
    assert signs(ride) == ["reported"]


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
