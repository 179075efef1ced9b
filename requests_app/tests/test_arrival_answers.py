"""The user's answers to an arrival, and the flags about a session."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from accounts.models import Partner, User
from notifications.models import Event
from regions.models import Region
from requests_app.tests.walking import Walk, signs
from rides.models import Ride
from rides.states import Sign
from tests.cast import EMPIRE_STATE, Clock, assert_refused, come, fresh, report, start, unchanged


def call(client: APIClient, path: str, ride: Ride) -> Any:
    return client.post(path, {"rideId": str(ride.pk)})


# ---------------------------------------------------------------- the user answers: I am here


def test_the_user_is_here(user_api: APIClient, waiting: Ride, partner: Partner, clock: Clock) -> None:
    clock.advance(200)
    body = user_api.post(f"/ride/{waiting.pk}/here").json()
    assert body["userHereAt"] == clock.now.isoformat().replace("+00:00", "Z")
    assert fresh(waiting).no_show_at == clock.now + timedelta(seconds=300)
    told = Event.objects.filter(recipient=f"partner:{partner.pk}", type="ride.updated").latest("seq")
    assert told.payload["ride"]["userHereAt"] == body["userHereAt"]
    assert signs(waiting)[-1] == Sign.USER_HERE


def test_saying_it_again_does_not_hold_the_partner(user_api: APIClient, waiting: Ride, clock: Clock) -> None:
    user_api.post(f"/ride/{waiting.pk}/here")
    clock.advance(250)
    with unchanged():
        assert user_api.post(f"/ride/{waiting.pk}/here").status_code == 200


# ---------------------------------------------------------------- the user answers: nobody is here


def test_nobody_is_here(user_api: APIClient, partner_api: APIClient, waiting: Ride, walk: Walk) -> None:
    walk.clock.advance(60)
    body = user_api.post(f"/ride/{waiting.pk}/nobodyHere").json()
    assert (body["status"], body["arrivedAt"], body["noShowAt"]) == ("en_route", None, None)
    assert body["disputedAt"] == walk.clock.now.isoformat().replace("+00:00", "Z")
    [flag] = waiting.flags.all()  # type: ignore[attr-defined]
    assert (flag.kind, flag.account_id) == ("arrival_disputed", waiting.partner.user_id)
    for _ in range(3):
        walk.report(0)
    assert fresh(waiting).arrived_at is None
    walk.clock.advance(600)
    report(walk.partner, EMPIRE_STATE)
    with unchanged():
        for path in ("/rideArrive", "/rideNoShow"):
            assert_refused(call(partner_api, path, waiting), 409, "arrival_disputed")
        assert_refused(call(partner_api, "/rideStart", waiting), 409, "not_arrived")
        assert user_api.post(f"/ride/{waiting.pk}/nobodyHere").status_code == 200
    answer = partner_api.post("/rideStart", {"rideId": str(waiting.pk), "pin": waiting.pin})
    assert answer.json()["status"] == "in_progress"


@pytest.mark.parametrize("answer", ["here", "nobodyHere"])
class TestAnswers:
    """Both answers are for the ride's user, after an arrival."""

    def test_not_before_an_arrival(self, user_api: APIClient, ride: Ride, answer: str) -> None:
        with unchanged():
            assert_refused(user_api.post(f"/ride/{ride.pk}/{answer}"), 409, "not_arrived")

    def test_not_once_it_is_over(self, user_api: APIClient, completed: Ride, answer: str) -> None:
        with unchanged():
            assert_refused(user_api.post(f"/ride/{completed.pk}/{answer}"), 409, "ride_completed")

    def test_not_another_users(self, other_user_api: APIClient, waiting: Ride, answer: str) -> None:
        with unchanged():
            assert_refused(other_user_api.post(f"/ride/{waiting.pk}/{answer}"), 404, "not_found")

    @pytest.mark.parametrize(("who", "status"), [("anonymous", 401), ("partner", 403), ("staff", 403)])
    def test_only_users(self, api_of: Any, waiting: Ride, who: str, status: int, answer: str) -> None:
        client = api_of(who)
        with unchanged():
            assert client.post(f"/ride/{waiting.pk}/{answer}").status_code == status


def test_the_user_is_not_here_in_a_session(user_api: APIClient, running: Ride) -> None:
    with unchanged():
        assert_refused(user_api.post(f"/ride/{running.pk}/here"), 409, "ride_in_progress")


def test_nobody_is_here_but_the_clock_runs(
    user_api: APIClient, waiting: Ride, partner: Partner, clock: Clock, user: User
) -> None:
    """The session ends, and its fare waits for staff."""
    running = start(waiting)
    clock.advance(290)
    body = user_api.post(f"/ride/{running.pk}/nobodyHere").json()
    assert (body["status"], body["endedBy"], body["fare"]["amount"]) == ("completed", "user", 1000)
    assert body["arrivedAt"] is not None
    [payment] = running.payments.all()  # type: ignore[attr-defined]
    assert (payment.status, payment.frozen, payment.attempts.count()) == ("due", True, 0)
    assert fresh(partner).status == "available"
    assert [flag.kind for flag in running.flags.all()] == ["arrival_disputed"]  # type: ignore[attr-defined]
    assert signs(running)[-1] == Sign.NOBODY_HERE
    with unchanged():
        assert_refused(user_api.post(f"/ride/{running.pk}/nobodyHere"), 409, "ride_completed")


def test_not_after_the_first_increment(user_api: APIClient, waiting: Ride, clock: Clock) -> None:
    running = start(waiting)
    clock.advance(301)
    with unchanged():
        assert_refused(user_api.post(f"/ride/{running.pk}/nobodyHere"), 409, "too_late")


def test_not_once_they_have_told_the_pin(user_api: APIClient, ride: Ride) -> None:
    running = start(ride, ride.pin)
    with unchanged():
        assert_refused(user_api.post(f"/ride/{running.pk}/nobodyHere"), 409, "started_with_pin")


# ---------------------------------------------------------------- parted


def test_a_partner_who_leaves_the_session_is_flagged_once(running: Ride, walk: Walk) -> None:
    for _ in range(settings.PARTED_REPORTS - 1):
        walk.report(900)
    assert not running.flags.exists()  # type: ignore[attr-defined]
    for _ in range(3):
        walk.report(900)
    [flag] = running.flags.all()  # type: ignore[attr-defined]
    assert (flag.kind, flag.times, round(flag.figure), flag.limit) == ("parted_during_session", 1, 900, 500.0)
    assert fresh(running).parted_at is not None
    assert fresh(running).status == "in_progress"
    assert signs(running)[-1] == Sign.PARTED


def test_a_stroll_during_the_session_is_not(running: Ride, walk: Walk) -> None:
    for metres in (100, 300, 400, 499, 300, 600, 100):
        walk.report(metres)
    assert not running.flags.exists()  # type: ignore[attr-defined]


def test_a_start_by_pin_from_far_away_is_flagged(ride: Ride, walk: Walk) -> None:
    walk.report(1900)
    start(ride, ride.pin)
    [flag] = ride.flags.all()  # type: ignore[attr-defined]
    assert (flag.kind, round(flag.figure)) == ("early_start", 1900)


def test_a_start_by_pin_at_the_place_is_not(ride: Ride, nyc: Region) -> None:
    come(ride)
    start(ride, ride.pin)
    assert not ride.flags.exists()  # type: ignore[attr-defined]
