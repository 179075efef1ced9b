"""Live positions: what is held, who is searchable, and how both are put right."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from accounts import positions, presence
from accounts.models import Partner
from accounts.positions import Position
from accounts.services import report_position
from notifications.events import PUSH_CHANNEL
from regions.geometry import distance_m
from regions.models import Region
from requests_app import availability
from requests_app.models import Offer
from requests_app.sweep import sweep_presence
from rides.models import Ride
from speedycheers import valkey
from tests.cast import (
    EMPIRE_STATE,
    Clock,
    Place,
    accept,
    end,
    fresh,
    make_partner,
    make_user,
    match,
    north,
    offered_to,
    open_offer,
    report,
    start,
    submit,
)

NEXT_DOOR: Place = (40.7357, -74.1724)  # Newark


@pytest.fixture
def newark(nyc: Region) -> Region:
    """A second region."""
    lat, lng = NEXT_DOOR
    ring = [[lng - 0.05, lat - 0.05], [lng + 0.05, lat - 0.05], [lng + 0.05, lat + 0.05], [lng - 0.05, lat + 0.05]]
    return Region.objects.create(slug="newark", name="Newark", boundary=[ring], time_zone="America/New_York")


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


def held(region: str, partner: Partner) -> Place | None:
    found = positions.held(region, [partner.pk]).get(partner.pk)
    return (found[0].lat, found[0].lng) if found else None


def near(place: Place | None, other: Place, metres: float = 0.05) -> bool:
    return place is not None and distance_m(*place, *other) <= metres


# ---------------------------------------------------------------- order


def test_the_newest_position_is_held(partner: Partner, clock: Clock) -> None:
    clock.advance(1)
    report(partner, north(700))
    assert near(held("nyc", partner), north(700))
    [found] = positions.nearest("nyc", *EMPIRE_STATE, radius_m=2000, count=5)
    assert found.partner_id == partner.pk
    assert abs(found.distance_m - 700) < 2


@pytest.mark.parametrize("age_s", [0, 0.001, 5, 3600])
def test_an_older_one_is_dropped(partner: Partner, clock: Clock, age_s: float) -> None:
    clock.advance(10)
    report(partner, north(700))
    report(partner, north(900), recorded_at=clock.now - timedelta(seconds=age_s))
    assert near(held("nyc", partner), north(700))


def test_a_delayed_one_is_taken_where_it_is_news(partner: Partner, clock: Clock) -> None:
    clock.advance(60)
    report(partner, north(900), recorded_at=clock.now - timedelta(seconds=30))
    assert near(held("nyc", partner), north(900))


def test_one_from_the_future_counts_as_now(partner: Partner, clock: Clock) -> None:
    clock.advance(1)
    report(partner, north(700), recorded_at=clock.now + timedelta(hours=5))
    assert near(held("nyc", partner), north(700))
    clock.advance(1)
    report(partner, north(900))
    assert near(held("nyc", partner), north(900))


def test_order_holds_across_regions(partner: Partner, newark: Region, clock: Clock) -> None:
    clock.advance(60)
    report(partner, north(700))
    report(partner, NEXT_DOOR, recorded_at=clock.now - timedelta(seconds=30))
    assert fresh(partner).region.slug == "nyc"
    assert near(held("nyc", partner), north(700))
    assert held("newark", partner) is None


@hypothesis(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(ages=st.lists(st.integers(-50, 50), min_size=1, max_size=12))
def test_whatever_the_order_of_arrival_the_latest_recorded_wins(nyc: Region, ages: list[int]) -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    someone = uuid4()
    for number, age in enumerate(ages):
        place = Position(40.0, number / 1000, now - timedelta(seconds=age))
        positions.record("nyc", someone, place, now=now)
    winner = max(range(len(ages)), key=lambda n: (-ages[n], -n))  # of equal ones the first to arrive
    found, _ = positions.held("nyc", [someone])[someone]
    assert found.lng == pytest.approx(winner / 1000)


@hypothesis(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(
    lat=st.floats(-90, 90),
    lng=st.floats(-180, 180),
    recorded_at=st.datetimes(timezones=st.just(UTC), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001  # hypothesis adds it
)
def test_every_position_on_the_globe_can_be_held(nyc: Region, lat: float, lng: float, recorded_at: datetime) -> None:
    someone = uuid4()
    valkey.client().sadd("{nyc}:avail", str(someone))
    assert positions.record("nyc", someone, Position(lat, lng, recorded_at), now=timezone.now()).applied
    found, _ = positions.held("nyc", [someone])[someone]
    assert near((found.lat, found.lng), (lat, lng))
    assert abs(found.recorded_at - recorded_at) < timedelta(milliseconds=1)
    assert someone in positions.searchable("nyc")[1]
    valkey.client().flushall()


# ---------------------------------------------------------------- who is searchable


def searchable() -> set[UUID]:
    return positions.searchable("nyc")[1]


def test_only_available_partners_are_on_the_map(nyc: Region, user: Any) -> None:
    home = make_partner("Home", online=False)
    free = make_partner("Free", at=north(100))
    assert searchable() == {free.pk}
    availability.go_online(home, now=timezone.now())
    assert searchable() == {free.pk, home.pk}
    request = submit(user)
    match(nyc)
    assert searchable() == {free.pk}
    ride = accept(open_offer(request))
    assert searchable() == {free.pk}
    end(start(ride))
    assert searchable() == {free.pk, home.pk}
    availability.go_offline(home, now=timezone.now())
    assert searchable() == {free.pk}


def test_online_without_a_position_is_not_on_the_map_until_the_first_one(nyc: Region, user: Any) -> None:
    partner = make_partner("New", at=None)
    request = submit(user)
    match(nyc)
    assert offered_to(request) is None
    assert searchable() == set()
    assert report_position(partner, Position(*EMPIRE_STATE, timezone.now()), now=timezone.now()) == "nyc"
    assert searchable() == {partner.pk}
    match(nyc)
    assert offered_to(request) == partner


def test_the_first_position_reaches_the_database_at_once(nyc: Region) -> None:
    partner = make_partner("New", at=north(300), online=False)
    assert near((partner.lat or 0, partner.lng or 0), north(300))
    assert partner.position_at is not None


def test_the_others_in_bulk(nyc: Region, partner: Partner, other_partner: Partner, clock: Clock) -> None:
    clock.advance(5)
    report(partner, north(700))
    assert near((fresh(partner).lat, fresh(partner).lng), north(500))
    assert presence.snapshot_positions(nyc) == 1
    assert near((fresh(partner).lat, fresh(partner).lng), north(700))
    assert fresh(partner).position_at == clock.now
    assert presence.snapshot_positions(nyc) == 0


def test_a_silent_partner_is_offered_nothing(nyc: Region, partner: Partner, user: Any, clock: Clock) -> None:
    clock.advance(settings.POSITION_FRESH_S + 1)
    request = submit(user)
    match(nyc)
    assert offered_to(request) is None
    report(partner, north(500))
    match(nyc)
    assert offered_to(request) == partner


def test_the_sweep_takes_silent_partners_off_the_map_and_the_next_position_puts_them_back(
    nyc: Region, partner: Partner, other_partner: Partner, clock: Clock
) -> None:
    clock.advance(settings.POSITION_FRESH_S - 1)
    report(other_partner, north(1000))
    clock.advance(2)
    presence.reconcile(nyc, now=clock.now)
    assert searchable() == {other_partner.pk}
    presence.reconcile(nyc, now=clock.now)
    assert searchable() == {other_partner.pk}
    assert fresh(partner).status == "available"
    assert report_position(fresh(partner), Position(*north(400), clock.now), now=clock.now) == "nyc"
    assert searchable() == {partner.pk, other_partner.pk}


# ---------------------------------------------------------------- what Valkey lost


def test_an_emptied_valkey_is_rebuilt(
    nyc: Region, partner: Partner, other_partner: Partner, user: Any, clock: Clock
) -> None:
    home = make_partner("Home", online=False)
    valkey.client().flushall()
    assert searchable() == set()
    assert presence.reconcile(nyc, now=clock.now) > 0
    assert positions.searchable("nyc")[0] == {partner.pk, other_partner.pk}
    assert searchable() == {partner.pk, other_partner.pk}
    assert home.pk not in searchable()
    assert presence.reconcile(nyc, now=clock.now) == 0
    request = submit(user)
    match(nyc)
    assert offered_to(request) == partner


def test_a_rebuild_does_not_put_an_old_position_over_a_new_one(nyc: Region, partner: Partner, clock: Clock) -> None:
    valkey.client().flushall()
    clock.advance(5)
    report(partner, north(800))
    presence.reconcile(nyc, now=clock.now)
    assert near(held("nyc", partner), north(800))


def test_strangers_in_the_searchable_set_are_removed(nyc: Region, partner: Partner, clock: Clock) -> None:
    home = make_partner("Home", online=False)
    positions.enter("nyc", [home.pk])
    assert home.pk in searchable()
    presence.reconcile(nyc, now=clock.now)
    assert searchable() == {partner.pk}
    assert positions.searchable("nyc")[0] == {partner.pk}


def test_while_valkey_is_away_positions_go_to_the_database(
    nyc: Region, partner: Partner, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise valkey.Unreachable("away")

    clock.advance(5)
    with monkeypatch.context() as patch:
        patch.setattr(valkey, "client", away)
        report(partner, north(800))
        availability.go_offline(partner, now=clock.now)
        availability.go_online(partner, now=clock.now)
    assert near((fresh(partner).lat, fresh(partner).lng), north(800))
    assert fresh(partner).status == "available"


# ---------------------------------------------------------------- changing region


def test_crossing_into_another_region(nyc: Region, newark: Region, partner: Partner, clock: Clock) -> None:
    clock.advance(5)
    report(partner, NEXT_DOOR)
    assert fresh(partner).region == newark
    assert positions.searchable("nyc") == (set(), set())
    assert positions.searchable("newark") == ({partner.pk}, {partner.pk})
    there = submit(make_user("Nina"), at=NEXT_DOOR)
    here = submit(make_user("Nora"))
    match(nyc)
    match(newark)
    assert offered_to(there) == partner
    assert offered_to(here) is None


def test_leaving_every_region_keeps_the_last_one(nyc: Region, partner: Partner, clock: Clock) -> None:
    clock.advance(5)
    report(partner, (41.5, -73.9857))
    assert fresh(partner).region == nyc
    assert near(held("nyc", partner), (41.5, -73.9857))


def test_a_partner_at_work_is_not_searchable_in_the_next_region(newark: Region, running: Ride, clock: Clock) -> None:
    clock.advance(5)
    report(running.partner, NEXT_DOOR)
    assert positions.searchable("newark") == (set(), set())


# ---------------------------------------------------------------- forwarding to the user who is served


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
    assert move() == [f"user:{user.pk}"]
    start(ride)
    assert move() == [f"user:{user.pk}"]
    end(ride)
    assert move() == []


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
    positions.serve("nyc", completed.partner_id, user.pk)  # the program died between the commit and this
    sweep_presence(clock.now)
    clock.advance(1)
    pushed()
    report(completed.partner, north(500))
    assert forwarded(pushed) == []
