"""Geometry on WGS 84 degrees: pure."""

from math import pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import valkey
from regions.geometry import EARTH_RADIUS_M, distance_m, polygon_contains, ring_contains

LAT, LNG = st.floats(-90, 90), st.floats(-180, 180)
SQUARE = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]]
HOLE = [[4.0, 4.0], [6.0, 4.0], [6.0, 6.0], [4.0, 6.0]]


@pytest.mark.parametrize(
    ("one", "other", "metres"),
    [
        ((40.7484, -73.9857), (40.7484, -73.9857), 0),
        ((40.7484, -73.9857), (40.7580, -73.9855), 1068),  # to Times Square
        ((0, 0), (0, 180), pi * EARTH_RADIUS_M),
        ((90, 0), (-90, 0), pi * EARTH_RADIUS_M),
        ((0, 179.9), (0, -179.9), 0.2 * EARTH_RADIUS_M * pi / 180),
    ],
)
def test_distances(one: tuple[float, float], other: tuple[float, float], metres: float) -> None:
    assert distance_m(*one, *other) == pytest.approx(metres, abs=1)


@given(LAT, LNG, LAT, LNG)
def test_a_distance_is_one(lat1: float, lng1: float, lat2: float, lng2: float) -> None:
    there = distance_m(lat1, lng1, lat2, lng2)
    assert 0 <= there <= pi * EARTH_RADIUS_M * (1 + 1e-9)
    assert there == pytest.approx(distance_m(lat2, lng2, lat1, lng1), abs=1e-6)
    assert distance_m(lat1, lng1, lat1, lng1) == pytest.approx(0, abs=1e-6)


def test_it_is_the_distance_that_the_search_gives() -> None:
    places = {"a": (-73.9857, 40.7484), "b": (-73.95, 40.70), "c": (-74.2, 40.5)}
    valkey.client().geoadd("places", [part for name, place in places.items() for part in (*place, name)])
    for one, other in (("a", "b"), ("a", "c"), ("b", "c")):
        (lng1, lat1), (lng2, lat2) = places[one], places[other]
        found = valkey.client().geodist("places", one, other, unit="m")
        assert found == pytest.approx(distance_m(lat1, lng1, lat2, lng2), abs=1)


@pytest.mark.parametrize(
    ("lat", "lng", "inside"),
    [
        (5, 5, False),
        (2, 2, True),
        (5, 3.9, True),
        (9.99, 9.99, True),
        (10.01, 5, False),
        (5, -0.01, False),
        (-5, 5, False),
    ],
)
def test_a_square_with_a_hole(lat: float, lng: float, inside: bool) -> None:
    assert polygon_contains([SQUARE, HOLE], lat, lng) is inside


def test_a_ring_that_turns_inward() -> None:
    ring = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [5.0, 1.0], [0.0, 10.0]]
    assert ring_contains(ring, 3, 1)
    assert ring_contains(ring, 3, 9)
    assert not ring_contains(ring, 3, 5)


@given(LAT, LNG)
def test_closed_or_not_and_either_way_round_is_the_same(lat: float, lng: float) -> None:
    expected = ring_contains(SQUARE, lat, lng)
    assert ring_contains([*SQUARE, SQUARE[0]], lat, lng) is expected
    assert ring_contains(SQUARE[::-1], lat, lng) is expected


@given(st.floats(0.001, 9.999), st.floats(0.001, 9.999), st.integers(0, 3))
def test_where_the_ring_begins_does_not_matter(lat: float, lng: float, first: int) -> None:
    assert ring_contains(SQUARE[first:] + SQUARE[:first], lat, lng)
