"""Arrival: noticed by the server, taken back by it, and `POST /rideArrive`."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from accounts import position_reports
from accounts.models import Partner, User
from accounts.position_reports import report_position
from accounts.position_rows import save_reports
from core import valkey
from notifications.models import Event
from ops.sweep import sweep_presence
from positions import Position, Reports
from requests_app import services
from requests_app.consumers import PartnerConsumer
from requests_app.serving import fulfilment
from requests_app.serving.arrival import notice
from requests_app.tests.walking import Walk, signs
from rides.models import Ride
from rides.states import Sign
from tests.cast import EMPIRE_STATE, Clock, assert_refused, at, come, fresh, north, report, start, unchanged


def call(client: APIClient, path: str, ride: Ride) -> Any:
    return client.post(path, {"rideId": str(ride.pk)})


# ---------------------------------------------------------------- noticed by the server


def test_two_reports_at_the_place_are_an_arrival(ride: Ride, walk: Walk, user: User, clock: Clock) -> None:
    for metres in (300, 90):
        walk.report(metres)
        assert fresh(ride).arrived_at is None
    walk.report(10)
    found = fresh(ride)
    assert (found.arrived_at, found.no_show_at) == (clock.now, clock.now + timedelta(seconds=300))
    assert signs(ride) == [Sign.NOTICED]
    for recipient in (f"user:{user.pk}", f"partner:{ride.partner_id}"):
        told = Event.objects.filter(recipient=recipient, type="ride.updated").latest("seq").payload["ride"]
        assert told["arrivedAt"] == clock.now.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("way", ["http", "socket", "both"])
def test_by_socket_or_by_http(partner_api: APIClient, ride: Ride, partner: Partner, clock: Clock, way: str) -> None:
    for number in range(2):
        clock.advance(4)
        if way == "http" or (way == "both" and number):
            assert partner_api.post("/updateLocation", {"location": at(EMPIRE_STATE)}).status_code == 204
        else:
            PartnerConsumer.commands["location"](fresh(partner).user, {"location": at(EMPIRE_STATE)})
    assert fresh(ride).arrived_at == clock.now


def test_a_drive_past_is_none(ride: Ride, walk: Walk) -> None:
    for metres in (300, 90, -200, -90, 150):
        walk.report(metres)
    assert fresh(ride).arrived_at is None


def test_two_reports_in_a_moment_are_none(ride: Ride, walk: Walk) -> None:
    for _ in range(3):
        walk.report(0, after_s=0.5)
    assert fresh(ride).arrived_at is None


def test_old_recordings_are_none(ride: Ride, partner: Partner, clock: Clock) -> None:
    """A report says now where its device was an hour ago."""
    clock.advance(7200)
    for number in range(3):
        report(partner, EMPIRE_STATE, recorded_at=clock.now - timedelta(seconds=3600 - number))
        clock.advance(4)
    assert fresh(ride).arrived_at is None


def test_it_is_noticed_once(ride: Ride, walk: Walk) -> None:
    for _ in range(6):
        walk.report(0)
    assert signs(ride) == [Sign.NOTICED]


def test_while_valkey_lost_its_data(ride: Ride, walk: Walk, clock: Clock) -> None:
    walk.report(0)
    valkey.client().flushall()
    sweep_presence(clock.now)
    walk.report(0)
    assert fresh(ride).arrived_at is None
    walk.report(0)
    assert fresh(ride).arrived_at is not None


@pytest.mark.parametrize("stage", ["ride", "waiting", "running"])
def test_a_report_costs_no_statement(
    request: pytest.FixtureRequest,
    partner: Partner,
    clock: Clock,
    stage: str,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    ride = request.getfixturevalue(stage)
    partner = fresh(partner)
    for metres in (200, 0) if stage == "ride" else (0, 50, 0):
        now = clock.advance(4)
        with django_assert_num_queries(0):
            report_position(partner, Position(*north(metres), now), now=now)
    assert fresh(ride).status in ("en_route", "in_progress")


def test_a_notice_too_late_does_nothing(ride: Ride, user: User, partner: Partner, clock: Clock) -> None:
    there = Position(*EMPIRE_STATE, clock.now)
    services.cancel_request(user, ride.request_id, reason="", now=clock.now)
    with unchanged():
        notice(partner.pk, there, now=clock.now)


def test_a_notice_from_another_place_does_nothing(ride: Ride, partner: Partner, clock: Clock) -> None:
    """The report was about the ride before."""
    with unchanged():
        notice(partner.pk, Position(*north(500), clock.now), now=clock.now)


# ---------------------------------------------------------------- left again


def test_leaving_takes_the_arrival_back(waiting: Ride, walk: Walk, user: User, partner_api: APIClient) -> None:
    for metres in (400, 900):
        walk.report(metres)
        assert fresh(waiting).arrived_at is not None
    walk.report(1500)
    found = fresh(waiting)
    assert (found.arrived_at, found.no_show_at, found.user_here_at) == (None, None, None)
    assert signs(waiting) == [Sign.REPORTED, Sign.LEFT]
    told = Event.objects.filter(recipient=f"user:{user.pk}", type="ride.updated").latest("seq").payload["ride"]
    assert told["arrivedAt"] is None
    assert_refused(call(partner_api, "/rideStart", waiting), 409, "not_arrived")


def test_a_jump_of_the_position_does_not(waiting: Ride, walk: Walk) -> None:
    for metres in (400, 400, 0, 400, 400, 299):
        walk.report(metres)
    assert fresh(waiting).arrived_at is not None


def test_who_comes_back_waits_again(waiting: Ride, walk: Walk, clock: Clock) -> None:
    for metres in (900, 900, 900, 0, 0):
        walk.report(metres)
    found = fresh(waiting)
    assert (found.arrived_at, found.no_show_at) == (clock.now, clock.now + timedelta(seconds=300))


# ---------------------------------------------------------------- said by the partner


def test_the_partner_says_so(partner_api: APIClient, ride: Ride, user: User, clock: Clock) -> None:
    come(ride)
    body = call(partner_api, "/rideArrive", ride).json()
    assert (body["status"], body["arrivedAt"]) == ("en_route", clock.now.isoformat().replace("+00:00", "Z"))
    assert body["noShowAt"] == (clock.now + timedelta(seconds=300)).isoformat().replace("+00:00", "Z")
    told = Event.objects.filter(recipient=f"user:{user.pk}").latest("seq")
    assert (told.type, told.payload["ride"]["arrivedAt"]) == ("ride.updated", body["arrivedAt"])


def test_twice(partner_api: APIClient, waiting: Ride, clock: Clock) -> None:
    clock.advance(30)
    with unchanged():
        body = call(partner_api, "/rideArrive", waiting).json()
    assert body["arrivedAt"] == waiting.arrived_at.isoformat().replace("+00:00", "Z")  # type: ignore[union-attr]


@pytest.mark.parametrize("metres", [101, 1900])
def test_not_from_elsewhere(partner_api: APIClient, ride: Ride, walk: Walk, metres: int) -> None:
    walk.report(metres)
    with unchanged():
        assert_refused(call(partner_api, "/rideArrive", ride), 409, "not_at_place")


def test_not_by_an_old_position(partner_api: APIClient, ride: Ride, walk: Walk, clock: Clock) -> None:
    walk.report(0)
    clock.advance(settings.POSITION_FRESH_S + 1)
    with unchanged():
        assert_refused(call(partner_api, "/rideArrive", ride), 409, "not_at_place")


def test_not_by_an_old_recording(partner_api: APIClient, ride: Ride, partner: Partner, clock: Clock) -> None:
    clock.advance(3600)
    report(partner, EMPIRE_STATE, recorded_at=clock.now - timedelta(seconds=1800))
    with unchanged():
        assert_refused(call(partner_api, "/rideArrive", ride), 409, "not_at_place")


def test_the_last_report_counts_however_long_those_of_others_wait(
    partner_api: APIClient,
    ride: Ride,
    partner: Partner,
    other_partner: Partner,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(position_reports, "reports", Reports(save=save_reports))
    settings.POSITION_FLUSH_S = 3600.0
    report(other_partner, north(150))  # whatever else this process takes waits for an hour
    report(partner, EMPIRE_STATE)
    assert call(partner_api, "/rideArrive", ride).status_code == 200


def test_not_in_a_session_nor_afterwards(partner_api: APIClient, ride: Ride) -> None:
    start(ride, ride.pin)
    with unchanged():
        assert_refused(call(partner_api, "/rideArrive", ride), 409, "ride_in_progress")
    fulfilment.end_session(ride.user, ride.pk, now=fresh(ride).start_time)
    with unchanged():
        assert_refused(call(partner_api, "/rideArrive", ride), 409, "ride_completed")


def test_not_once_it_was_called_off(partner_api: APIClient, waiting: Ride, user: User, clock: Clock) -> None:
    services.cancel_request(user, waiting.request_id, reason="", now=clock.now)
    with unchanged():
        assert_refused(call(partner_api, "/rideArrive", waiting), 409, "ride_cancelled")


def test_not_another_partners(other_partner_api: APIClient, ride: Ride) -> None:
    with unchanged():
        assert_refused(call(other_partner_api, "/rideArrive", ride), 404, "not_found")


@pytest.mark.parametrize(("who", "status"), [("anonymous", 401), ("user", 403), ("staff", 403)])
def test_only_partners(api_of: Any, ride: Ride, who: str, status: int) -> None:
    client = api_of(who)
    with unchanged():
        assert call(client, "/rideArrive", ride).status_code == status


def test_where_the_clock_has_stepped_back(partner_api: APIClient, ride: Ride, clock: Clock) -> None:
    come(ride)
    clock.advance(-60)
    assert call(partner_api, "/rideArrive", ride).status_code == 200
    assert fresh(ride).arrived_at == ride.accepted_at
    assert call(partner_api, "/rideStart", ride).status_code == 200
    assert fresh(ride).start_time == ride.accepted_at
