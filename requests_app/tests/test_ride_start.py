"""`POST /rideStart`."""

from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from core.errors import Conflict
from notifications.models import Event
from regions.models import Region
from requests_app import services
from requests_app.models import Offer
from rides.models import Ride
from rides.services import PIN_FAILURES_MAX, WrongPin, check_pin
from rides.states import RideStatus
from tests.cast import Clock, accept, arrive, assert_refused, client_of, fresh, in_threads, unchanged


def start(client: APIClient, ride: Ride, **fields: Any) -> Any:
    return client.post("/rideStart", {"rideId": str(ride.pk), **fields})


def test_the_clock_runs(partner_api: APIClient, ride: Ride, user: User, clock: Clock) -> None:
    clock.advance(420)
    arrive(ride)
    response = start(partner_api, ride)
    body = response.json()
    assert response.status_code == 200
    assert (body["rideId"], body["status"]) == (str(ride.pk), "in_progress")
    assert body["startTime"] == clock.now.isoformat().replace("+00:00", "Z")
    assert (body["endTime"], body["elapsedS"]) == (None, 0)
    assert body["fare"] == {"amount": 1000, "currency": "usd"}
    last = ride.transitions.last()
    assert last is not None
    assert (last.old, last.new, last.actor, last.at) == ("en_route", "in_progress", ride.partner.user, clock.now)
    for recipient in (f"user:{user.pk}", f"partner:{ride.partner_id}"):
        told = Event.objects.filter(recipient=recipient).last()
        assert told is not None
        assert (told.type, told.payload["ride"]["status"]) == ("ride.updated", "in_progress")


def test_twice(partner_api: APIClient, running: Ride) -> None:
    with unchanged():
        assert_refused(start(partner_api, running), 409, "ride_already_started")


def test_not_once_it_is_over(partner_api: APIClient, completed: Ride) -> None:
    with unchanged():
        assert_refused(start(partner_api, completed), 409, "ride_completed")


def test_not_once_it_was_called_off(partner_api: APIClient, ride: Ride, user: User, clock: Clock) -> None:
    services.cancel_request(user, ride.request_id, reason="", now=clock.now)
    with unchanged():
        assert_refused(start(partner_api, ride), 409, "ride_cancelled")


def test_not_another_partners(other_partner_api: APIClient, ride: Ride) -> None:
    with unchanged():
        assert_refused(start(other_partner_api, ride), 404, "not_found")
        assert_refused(other_partner_api.post("/rideStart", {"rideId": str(uuid4())}), 404, "not_found")


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("anonymous", 401, "not_authenticated"),
        ("user", 403, "permission_denied"),
        ("staff", 403, "permission_denied"),
    ],
)
def test_only_partners(api_of: Any, ride: Ride, who: str, status: int, code: str) -> None:
    client = api_of(who)
    with unchanged():
        assert_refused(start(client, ride), status, code)


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({}, "required", "rideId"),
        ({"rideId": None}, "null", "rideId"),
        ({"rideId": "17"}, "invalid", "rideId"),
        ({"rideId": 17}, "invalid", "rideId"),
        ({"rideId": str(uuid4()), "pin": 1234}, "invalid", "pin"),
        ({"rideId": str(uuid4()), "pin": None}, "null", "pin"),
        ({"rideId": str(uuid4()), "pin": "123456789"}, "max_length", "pin"),
    ],
)
def test_malformed(partner_api: APIClient, ride: Ride, body: dict[str, Any], code: str, attr: str) -> None:
    with unchanged():
        assert_refused(partner_api.post("/rideStart", body), 400, code, attr)


# ---------------------------------------------------------------- with a PIN


@pytest.fixture
def pin_ride(nyc: Region, offer: Offer) -> Ride:
    """A ride in a region that asks for a PIN."""
    Region.objects.update(start_guard="pin")
    return accept(offer)


def wrong(ride: Ride) -> str:
    return f"{(int(ride.pin) + 1) % 10_000:04}"


def test_the_user_and_nobody_else_is_shown_the_pin(
    user_api: APIClient, partner_api: APIClient, staff_api: APIClient, pin_ride: Ride, user: User
) -> None:
    assert len(pin_ride.pin) == 4
    assert pin_ride.pin.isdecimal()
    path = f"/ride/{pin_ride.pk}"
    assert user_api.get(path).json()["pin"] == pin_ride.pin
    for client in (partner_api, staff_api):
        assert (client.get(path).json()["pin"], client.get(path).json()["pinRequired"]) == (None, True)
    told = Event.objects.get(recipient=f"user:{user.pk}", type="ride.updated").payload["ride"]
    assert told["pin"] == pin_ride.pin
    told = Event.objects.get(recipient=f"partner:{pin_ride.partner_id}", type="ride.updated").payload["ride"]
    assert told["pin"] is None


def test_the_right_pin(partner_api: APIClient, user_api: APIClient, pin_ride: Ride) -> None:
    assert start(partner_api, pin_ride, pin=pin_ride.pin).json()["status"] == "in_progress"
    assert user_api.get(f"/ride/{pin_ride.pk}").json()["pin"] is None


@pytest.mark.parametrize("given", ["", "wrong", "é"])
def test_a_wrong_pin(partner_api: APIClient, pin_ride: Ride, given: str) -> None:
    assert_refused(start(partner_api, pin_ride, pin=given), 403, "wrong_pin", "pin")
    assert (fresh(pin_ride).status, fresh(pin_ride).pin_failures) == (RideStatus.EN_ROUTE, 1)


def test_no_pin_at_all(partner_api: APIClient, pin_ride: Ride) -> None:
    assert_refused(start(partner_api, pin_ride), 403, "wrong_pin", "pin")


@pytest.mark.parametrize("with_key", [False, True])
def test_guessing_ends(partner_api: APIClient, pin_ride: Ride, with_key: bool) -> None:
    """Also where each guess has an Idempotency-Key, whose answer is kept in the guess's own transaction."""
    for number in range(PIN_FAILURES_MAX):
        if with_key:
            partner_api.credentials(
                HTTP_AUTHORIZATION=partner_api._credentials["HTTP_AUTHORIZATION"],
                HTTP_IDEMPOTENCY_KEY=f"guess {number}",
            )
        assert_refused(start(partner_api, pin_ride, pin=wrong(pin_ride)), 403, "wrong_pin", "pin")
    honest = client_of(pin_ride.partner.user)
    with unchanged():
        assert_refused(start(honest, pin_ride, pin=pin_ride.pin), 409, "pin_locked")
        assert_refused(start(honest, pin_ride, pin=wrong(pin_ride)), 409, "pin_locked")


def test_a_guess_that_was_read_before_the_last_ones_were_counted_is_none(pin_ride: Ride) -> None:
    """As of a process that has read the ride while others guess."""
    read_before = fresh(pin_ride)
    for _ in range(PIN_FAILURES_MAX):
        with pytest.raises(WrongPin):
            check_pin(fresh(pin_ride), wrong(pin_ride))
    for guess in (wrong(pin_ride), pin_ride.pin):
        with pytest.raises(Conflict, match="pin_locked"):
            check_pin(read_before, guess)
    assert fresh(pin_ride).pin_failures == PIN_FAILURES_MAX


@pytest.mark.django_db(transaction=True)
def test_simultaneous_guesses_have_no_more_tries(pin_ride: Ride) -> None:
    read_before = fresh(pin_ride)
    outcomes = in_threads(*[lambda: check_pin(read_before, wrong(pin_ride))] * 12)
    assert [type(outcome) for outcome in outcomes].count(WrongPin) == PIN_FAILURES_MAX
    assert [type(outcome) for outcome in outcomes].count(Conflict) == 12 - PIN_FAILURES_MAX


def test_a_few_slips_are_forgiven(partner_api: APIClient, pin_ride: Ride) -> None:
    for _ in range(PIN_FAILURES_MAX - 1):
        start(partner_api, pin_ride, pin=wrong(pin_ride))
    assert start(partner_api, pin_ride, pin=pin_ride.pin).status_code == 200


@pytest.mark.parametrize("pin", ["", "0000"])
def test_where_nothing_is_asked_for_any_will_do(partner_api: APIClient, nyc: Region, offer: Offer, pin: str) -> None:
    Region.objects.update(start_guard="none")
    ride = accept(offer)
    assert ride.pin == ""
    assert start(partner_api, ride, pin=pin).status_code == 200


# ---------------------------------------------------------------- with an arrival, or a PIN where that fails


def test_the_pin_starts_without_an_arrival(partner_api: APIClient, user_api: APIClient, ride: Ride) -> None:
    assert user_api.get(f"/ride/{ride.pk}").json()["pin"] == ride.pin
    assert partner_api.get(f"/ride/{ride.pk}").json()["pinRequired"] is True
    body = start(partner_api, ride, pin=ride.pin).json()
    assert (body["status"], body["arrivedAt"]) == ("in_progress", None)


def test_after_an_arrival_no_pin_is_needed(partner_api: APIClient, user_api: APIClient, ride: Ride) -> None:
    arrive(ride)
    assert user_api.get(f"/ride/{ride.pk}").json()["pin"] == ride.pin  # it can still be used
    assert partner_api.get(f"/ride/{ride.pk}").json()["pinRequired"] is False
    assert start(partner_api, ride, pin=wrong(ride)).status_code == 200


def test_neither(partner_api: APIClient, ride: Ride) -> None:
    with unchanged():
        assert_refused(start(partner_api, ride), 409, "not_arrived")


def test_a_wrong_pin_counts_without_an_arrival(partner_api: APIClient, ride: Ride) -> None:
    assert_refused(start(partner_api, ride, pin=wrong(ride)), 403, "wrong_pin", "pin")
    assert fresh(ride).pin_failures == 1


def test_a_locked_pin_leaves_the_arrival(partner_api: APIClient, ride: Ride) -> None:
    for _ in range(PIN_FAILURES_MAX):
        start(partner_api, ride, pin=wrong(ride))
    assert_refused(start(partner_api, ride, pin=ride.pin), 409, "pin_locked")
    arrive(ride)
    assert start(partner_api, ride).status_code == 200


def test_an_arrival_is_not_enough_where_the_pin_is_asked_for(partner_api: APIClient, pin_ride: Ride) -> None:
    arrive(pin_ride)
    assert_refused(start(partner_api, pin_ride), 403, "wrong_pin", "pin")
    assert start(partner_api, pin_ride, pin=pin_ride.pin).status_code == 200


def test_a_guard_changed_later_does_not_matter(partner_api: APIClient, ride: Ride) -> None:
    Region.objects.update(start_guard="none")
    assert_refused(start(partner_api, ride), 409, "not_arrived")
