"""Movement through a city."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.movement import Leg, Place, between, distance_m, drive_s, near

TIMES_SQUARE, WALL_STREET = Place(40.7580, -73.9855), Place(40.7074, -74.0113)
places = st.builds(Place, st.floats(40.4, 41.0), st.floats(-74.3, -73.6))


def test_a_known_distance() -> None:
    assert distance_m(TIMES_SQUARE, WALL_STREET) == pytest.approx(6030, rel=0.01)


@given(places, places)
def test_distance_is_symmetric_and_zero_only_at_home(a: Place, b: Place) -> None:
    assert distance_m(a, b) == pytest.approx(distance_m(b, a))
    assert distance_m(a, a) == 0


def test_driving_takes_as_long_as_20_km_an_hour_through_streets_do() -> None:
    metres = distance_m(TIMES_SQUARE, WALL_STREET)
    assert drive_s(TIMES_SQUARE, WALL_STREET) == pytest.approx(metres * 1.3 * 3.6 / 20)
    assert drive_s(TIMES_SQUARE, WALL_STREET, speed=10) == pytest.approx(metres * 1.3 * 3.6 / 200)


@given(places, places, st.floats(-1, 2))
def test_between_stays_between(a: Place, b: Place, share: float) -> None:
    middle = between(a, b, share)
    assert min(a.lat, b.lat) - 1e-9 <= middle.lat <= max(a.lat, b.lat) + 1e-9
    assert min(a.lng, b.lng) - 1e-9 <= middle.lng <= max(a.lng, b.lng) + 1e-9


@given(places, st.floats(0, 5000), st.integers())
def test_near_is_within_the_radius(centre: Place, radius_m: float, seed: int) -> None:
    assert distance_m(centre, near(centre, radius_m, Random(seed))) <= radius_m * 1.002 + 0.01


def test_a_leg_begins_passes_the_middle_and_ends() -> None:
    leg = Leg(TIMES_SQUARE, WALL_STREET, since=100.0, takes_s=60.0)
    assert leg.at(50.0) == leg.at(100.0) == TIMES_SQUARE
    assert leg.at(130.0) == between(TIMES_SQUARE, WALL_STREET, 0.5)
    assert leg.at(160.0) == leg.at(1e9) == WALL_STREET
    assert leg.until == 160.0


def test_standing_is_a_leg_of_no_length() -> None:
    assert Leg.standing(TIMES_SQUARE).at(0.0) == TIMES_SQUARE


def test_positions_are_sent_to_the_centimetre() -> None:
    assert Place(40.123456789, -73.987654321).as_json() == {"lat": 40.1234568, "lng": -73.9876543}
