"""Positions are forwarded to the user who is served, from acceptance to completion."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import ANY

import pytest

import positions
from accounts import locations
from accounts.models import Partner
from core import valkey
from notifications.events import PUSH_CHANNEL
from notifications.models import Event
from ops.sweep import sweep_presence
from positions import Service
from positions.tests.live_map import NEXT_DOOR
from regions.models import Region
from requests_app.models import Offer
from rides.models import Ride
from tests.cast import EMPIRE_STATE, Clock, accept, client_of, end, north, report, start


@pytest.fixture
def pushed() -> Iterator[Any]:
    """Reads what has been pushed since the last look."""
    with valkey.client().pubsub(ignore_subscribe_messages=True) as listener:
        listener.subscribe(PUSH_CHANNEL)
        listener.get_message(timeout=1.0)

        def look() -> list[str]:
            valkey.client().publish(PUSH_CHANNEL, "end")
            seen = []
            while True:
                message = listener.get_message(ignore_subscribe_messages=True, timeout=1.0)
                if message is None:
                    continue
                if message["data"] == b"end":
                    return seen
                seen.append(message["data"].decode())

        yield look


def forwarded(pushed: Any) -> list[str]:
    return [message.split()[0] for message in pushed() if "partner.location" in message]


def test_positions_go_to_the_served_user_from_acceptance_to_completion(
    offer: Offer, partner: Partner, user: Any, pushed: Any, clock: Clock
) -> None:
    def move() -> list[str]:
        clock.advance(1)
        report(partner, north(500))
        return forwarded(pushed)

    assert move() == []
    ride = accept(offer)
    assert forwarded(pushed) == [f"user:{user.pk}"]  # the one held
    assert move() == [f"user:{user.pk}"]
    start(ride)
    assert forwarded(pushed) == [f"user:{user.pk}"]  # that they are there
    assert move() == [f"user:{user.pk}"]
    end(ride)
    assert move() == []


def test_acceptance_brings_the_position_held_by_itself(offer: Offer, partner: Partner, user: Any, pushed: Any) -> None:
    """No event carries one: those are written inside the transaction. What the user reads later does."""
    accept(offer)
    messages = pushed()
    [told] = [json.loads(text.split("\n")[1]) for text in messages if "partner.location" in text]
    assert told == {"type": "partner.location", "partnerId": str(partner.pk), "location": ANY}
    assert (told["location"]["lat"], told["location"]["lng"]) == pytest.approx(north(500))
    updated = Event.objects.filter(recipient=f"user:{user.pk}", type="request.updated").latest("seq")
    assert updated.payload["request"]["partner"]["currentLocation"] is None
    shown = client_of(user).get(f"/cheerRequest/{offer.request_id}").json()
    assert shown["partner"]["currentLocation"] == told["location"]


def test_without_valkey_it_is_the_last_in_the_database(
    offer: Offer, partner: Partner, pushed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> Any:
        raise valkey.Unreachable

    monkeypatch.setattr(locations, "held", away)
    accept(offer)
    assert len(forwarded(pushed)) == 1


def test_a_dropped_position_is_not_forwarded(ride: Ride, pushed: Any, clock: Clock) -> None:
    pushed()
    report(ride.partner, north(800), recorded_at=clock.now - timedelta(seconds=30))
    assert forwarded(pushed) == []


def test_forwarding_survives_a_change_of_region_and_ends_with_the_ride(
    newark: Region, running: Ride, user: Any, pushed: Any, clock: Clock
) -> None:
    partner = running.partner
    clock.advance(1)
    report(partner, NEXT_DOOR)
    clock.advance(1)
    report(partner, NEXT_DOOR)
    assert forwarded(pushed) == [f"user:{user.pk}"] * 2
    end(running)
    pushed()
    for place in (NEXT_DOOR, EMPIRE_STATE, EMPIRE_STATE):
        clock.advance(1)
        report(partner, place)
    assert forwarded(pushed) == []


def test_the_sweep_restores_forwarding_that_was_lost(running: Ride, user: Any, pushed: Any, clock: Clock) -> None:
    valkey.client().flushall()
    sweep_presence(clock.now)
    clock.advance(1)
    pushed()
    report(running.partner, north(500))
    assert forwarded(pushed) == [f"user:{user.pk}"]


def test_the_sweep_ends_forwarding_that_should_have_ended(
    completed: Ride, user: Any, pushed: Any, clock: Clock
) -> None:
    positions.serve("nyc", completed.partner_id, Service(user.pk))  # the program died between the commit and this
    sweep_presence(clock.now)
    clock.advance(1)
    pushed()
    report(completed.partner, north(500))
    assert forwarded(pushed) == []
