"""The nearest partners: exactly those, whatever the city looks like."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

import positions
from core import valkey
from positions import Candidate, Position, Report, Search
from positions import search as search_module
from regions.geometry import distance_m
from tests.cast import EMPIRE_STATE, Place

NOW = datetime(2026, 5, 1, tzinfo=UTC)
# Places are held in cells of 52 bits, half of which are longitude: a metre to either side.
CELL_M = 1.5

many = hypothesis(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def ids(count: int) -> list[UUID]:
    return [UUID(int=n + 1) for n in range(count)]


def put(places: Sequence[Place], *, received: Sequence[datetime] | None = None) -> list[UUID]:
    """An available partner at each place, in an otherwise empty region."""
    valkey.client().flushall()
    partners = ids(len(places))
    times = received or [NOW] * len(places)
    positions.enter("x", partners)
    reports = [Report(pk, Position(*p, at), at) for pk, p, at in zip(partners, places, times, strict=True)]
    positions.record_many("x", reports)
    return partners


def nearest(
    at: Place, radius_m: float, count: int, *, excluded: Collection[UUID] = (), received_since: datetime | None = None
) -> list[Candidate]:
    """A single search."""
    search = Search(*at, radius_m, count, excluded)
    return positions.nearest_to_many("x", [search], received_since=received_since)[0]


def brute_force(at: Place, places: dict[UUID, Place], radius_m: float) -> list[tuple[float, UUID]]:
    distances = ((distance_m(*at, *place), pk) for pk, place in places.items())
    return sorted((d, pk) for d, pk in distances if d <= radius_m)


def assert_nearest(found: Sequence[Candidate], at: Place, places: dict[UUID, Place], radius_m: float, k: int) -> None:
    """These are the k nearest within the radius; where two are equally far, or on the edge, either will do."""
    sure = len(brute_force(at, places, radius_m - CELL_M))
    possible = brute_force(at, places, radius_m + CELL_M)
    assert min(k, sure) <= len(found) <= min(k, len(possible))
    assert len({c.partner_id for c in found}) == len(found)
    assert [c.distance_m for c in found] == sorted(c.distance_m for c in found)
    for candidate, (distance, _) in zip(found, possible, strict=False):
        assert candidate.distance_m == pytest.approx(distance, abs=CELL_M)
        true_m = distance_m(*at, *places[candidate.partner_id])
        assert candidate.distance_m == pytest.approx(true_m, abs=CELL_M)


def around(centre: Place, spread: float) -> st.SearchStrategy[Place]:
    offsets = st.floats(-spread, spread)
    return st.tuples(offsets.map(lambda o: centre[0] + o), offsets.map(lambda o: centre[1] + o))


# Crowds of different density, and people far apart.
city = st.one_of(around(EMPIRE_STATE, 0.0005), around(EMPIRE_STATE, 0.01), around(EMPIRE_STATE, 0.2))


@many
@given(
    places=st.lists(city, max_size=60),
    at=city,
    k=st.integers(1, 25),
    radius_m=st.sampled_from([50.0, 2_000.0, 10_000.0]),
    warm=st.booleans(),
)
def test_the_k_nearest(places: list[Place], at: Place, k: int, radius_m: float, warm: bool) -> None:
    if not warm:
        search_module._reach.clear()
    partners = put(places)
    found = nearest(at, radius_m, k)
    assert_nearest(found, at, dict(zip(partners, places, strict=True)), radius_m, k)


@many
@given(data=st.data(), places=st.lists(city, max_size=40), at=city, k=st.integers(1, 10))
def test_leaves_out_the_excluded_and_the_stale(data: st.DataObject, places: list[Place], at: Place, k: int) -> None:
    late = data.draw(st.lists(st.booleans(), min_size=len(places), max_size=len(places)))
    partners = put(places, received=[NOW - timedelta(seconds=121 if old else 119) for old in late])
    excluded = data.draw(st.sets(st.sampled_from(partners))) if partners else set()
    fresh_since = NOW - timedelta(seconds=120)
    found = nearest(at, 10_000, k, excluded=excluded, received_since=fresh_since)
    left = {pk: place for pk, place, old in zip(partners, places, late, strict=True) if not old and pk not in excluded}
    assert_nearest(found, at, left, 10_000, k)


@many
@given(longitudes=st.lists(st.floats(-0.05, 0.05), max_size=30), latitude=st.floats(-60, 60), at=st.floats(-0.05, 0.05))
@example(longitudes=[0.001, -0.001], latitude=0.0, at=0.0)
def test_across_the_antimeridian(longitudes: list[float], latitude: float, at: float) -> None:
    places = [(latitude, _wrapped(180 + lng)) for lng in longitudes]
    partners = put(places)
    here = (latitude, _wrapped(180 + at))
    found = nearest(here, 10_000, 10)
    assert_nearest(found, here, dict(zip(partners, places, strict=True)), 10_000, 10)


def _wrapped(lng: float) -> float:
    return lng - 360 if lng > 180 else lng


@pytest.mark.parametrize("lat", [85.0, -85.0, 70.0, -70.0])
def test_far_north_and_south(lat: float) -> None:
    places = [(lat, 20 + n / 50) for n in range(-20, 21)]
    partners = put(places)
    here = (lat, 20.0)
    found = nearest(here, 10_000, 10)
    assert_nearest(found, here, dict(zip(partners, places, strict=True)), 10_000, 10)


def test_at_the_poles_everybody_is_found_at_the_edge_of_the_map() -> None:
    [partner] = put([(90.0, 10.0)])
    [found] = nearest((90.0, 10.0), 1_000, 1)
    assert found.partner_id == partner
    assert found.distance_m < CELL_M


def test_nobody_there() -> None:
    assert nearest(EMPIRE_STATE, 10_000, 10) == []
    assert positions.nearest_to_many("x", []) == []


def test_asked_for_none() -> None:
    put([EMPIRE_STATE])
    assert positions.nearest_to_many("x", [Search(*EMPIRE_STATE, 10_000, 0)]) == [[]]


def test_fewer_than_asked_for() -> None:
    partners = put([EMPIRE_STATE] * 3)
    found = nearest(EMPIRE_STATE, 10_000, 10)
    assert {c.partner_id for c in found} == set(partners)


@pytest.mark.parametrize("count", [3, 2000])
def test_all_excluded(count: int) -> None:
    partners = put([EMPIRE_STATE] * count)
    assert nearest(EMPIRE_STATE, 10_000, 10, excluded=partners) == []
    [last] = nearest(EMPIRE_STATE, 10_000, 10, excluded=partners[1:])
    assert last.partner_id == partners[0]


def test_a_crowd_of_the_stale_hides_nobody() -> None:
    partners = put([EMPIRE_STATE] * 9_000 + [(40.75, -73.99)], received=[NOW - timedelta(hours=1)] * 9_000 + [NOW])
    [found] = nearest(EMPIRE_STATE, 10_000, 3, received_since=NOW)
    assert found.partner_id == partners[-1]


def test_who_has_no_position_is_stale() -> None:
    [partner] = put([EMPIRE_STATE])
    valkey.client().delete("{x}:pos")
    assert nearest(EMPIRE_STATE, 10_000, 3, received_since=NOW) == []
    [found] = nearest(EMPIRE_STATE, 10_000, 3)
    assert found.partner_id == partner


@many
@given(places=st.lists(city, max_size=40), searched=st.lists(st.tuples(city, st.integers(0, 6)), max_size=20))
def test_many_at_once_are_as_one_by_one(places: list[Place], searched: list[tuple[Place, int]]) -> None:
    put(places)
    searches = [Search(*at, 5_000, k) for at, k in searched]
    alone = [nearest(at, 5_000, k) for at, k in searched]
    together = positions.nearest_to_many("x", searches)
    assert [[c.distance_m for c in found] for found in together] == [[c.distance_m for c in found] for found in alone]


def test_a_valkey_that_has_forgotten_the_script() -> None:
    put([EMPIRE_STATE])
    valkey.client().script_flush()
    assert len(nearest(EMPIRE_STATE, 100, 1)) == 1
    valkey.client().script_flush()
    assert len(positions.nearest_to_many("x", [Search(*EMPIRE_STATE, 100, 1)] * 3)) == 3


def test_a_city_that_empties_and_fills_again() -> None:
    """What the last search has found is only where the next one starts."""
    put([EMPIRE_STATE] * 500)
    assert len(nearest(EMPIRE_STATE, 10_000, 10)) == 10
    [far] = put([(40.80, -73.9857)])
    assert [c.partner_id for c in nearest(EMPIRE_STATE, 10_000, 10)] == [far]
    put([EMPIRE_STATE] * 500)
    assert len(nearest(EMPIRE_STATE, 10_000, 10)) == 10
