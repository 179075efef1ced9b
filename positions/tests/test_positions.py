"""Which of a partner's positions is held: the newest, in whatever order they come."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

import positions
from accounts.models import Partner
from core import valkey
from positions import Position, Report, Search
from positions.tests.live_map import NEXT_DOOR, held, near
from regions.models import Region
from tests.cast import EMPIRE_STATE, Clock, fresh, north, report


def test_the_newest_position_is_held(partner: Partner, clock: Clock) -> None:
    clock.advance(1)
    report(partner, north(700))
    assert near(held("nyc", partner), north(700))
    [[found]] = positions.nearest_to_many("nyc", [Search(*EMPIRE_STATE, 2000, 5)])
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


def test_one_from_a_little_ahead_counts_as_now(partner: Partner, clock: Clock) -> None:
    clock.advance(1)
    report(partner, north(700), recorded_at=clock.now + timedelta(minutes=5))
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
        place = Position(40.0, number / 100_000, now - timedelta(seconds=age))
        positions.record_many("nyc", [Report(someone, place, now)])
    winner = max(range(len(ages)), key=lambda n: (-ages[n], -n))  # of equal ones the first to arrive
    found, _ = positions.held("nyc", [someone])[someone]
    assert found.lng == pytest.approx(winner / 100_000)


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
    report = Report(someone, Position(lat, lng, recorded_at), timezone.now())
    assert positions.record_many("nyc", [report])[0].applied
    found, _ = positions.held("nyc", [someone])[someone]
    assert near((found.lat, found.lng), (lat, lng))
    assert abs(found.recorded_at - recorded_at) < timedelta(milliseconds=1)
    assert someone in positions.searchable("nyc")[1]
    valkey.client().flushall()
