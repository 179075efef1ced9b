"""Planning advice: which free partners are sent to which cell, and who is left alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import h3
import numpy as np
import pytest

from insights.positioning import planning
from insights.positioning.cells import WITHIN_M, cell_at, middle_of
from insights.positioning.plane import Plane
from insights.positioning.planning import REST, WAY_MAX_M, Expected, Free, Move, plan
from regions.geometry import distance_m
from tests.cast import EMPIRE_STATE, Place, north

NOW = datetime(2026, 5, 2, 12, 0, tzinfo=UTC)
BUSY: Place = h3.cell_to_latlng(h3.latlng_to_cell(*north(1200), 9))
HERE = cell_at(*BUSY)


def free(number: int, place: Place = EMPIRE_STATE, **had: object) -> Free:
    return Free(UUID(int=number), *place, **had)  # type: ignore[arg-type]


def expected(*places: Place, mean: float = 5.0) -> Expected:
    lat, lng = np.array(places).T
    return Expected(lat, lng, np.full(len(places), mean))


def planned(
    *standing: Free, at: Expected | None = None, taken: frozenset[int] = frozenset(), there: bool = True
) -> list[Move]:
    return plan(at or expected(BUSY), standing, taken=taken, serves=lambda lat, lng: there, now=NOW)


def test_a_plane_is_as_wide_as_the_place_is() -> None:
    plane = Plane(60, 10)
    x, y = plane.at(np.array([61.0, 60]), np.array([10.0, 11]))
    assert x.tolist() == pytest.approx([0, 55_600], rel=1e-3)
    assert y.tolist() == pytest.approx([111_226, 0], rel=1e-3)
    lat, lng = plane.degrees(x, y)
    assert (lat.tolist(), lng.tolist()) == (pytest.approx([61, 60]), pytest.approx([10, 11]))


@pytest.mark.parametrize("place", [EMPIRE_STATE, (-33.86, 151.2), (59.91, 10.75), (1.29, 103.85)])
def test_no_place_of_a_cell_is_far_from_its_middle(place: Place) -> None:
    corners = h3.cell_to_boundary(h3.int_to_str(cell_at(*place)))
    middle = middle_of(cell_at(*place))
    assert max(distance_m(lat, lng, *middle) for lat, lng in corners) <= WITHIN_M


def test_a_free_partner_is_sent_where_requests_are_expected() -> None:
    (move,) = planned(free(1))
    assert (move.partner, move.cell) == (UUID(int=1), HERE)
    assert move.distance_m == pytest.approx(distance_m(*EMPIRE_STATE, *BUSY), abs=1)


def test_two_are_never_sent_to_one_cell() -> None:
    moves = planned(*(free(number, north(10 * number)) for number in range(20)))
    assert len({move.cell for move in moves}) == len(moves)


def test_a_cell_that_somebody_is_sent_to_is_taken() -> None:
    assert planned(free(1), taken=frozenset([HERE])) == []


def test_nobody_is_sent_out_of_the_region() -> None:
    assert planned(free(1), there=False) == []


def test_nobody_is_sent_where_they_are() -> None:
    assert planned(free(1, BUSY)) == []
    assert planned(free(1, north(WITHIN_M - 10, of=BUSY))) == []


def test_nobody_is_sent_anywhere_for_less_than_one_request() -> None:
    """A few requests in a whole region say where single people are."""
    assert planned(free(1), at=expected(BUSY, mean=0.9)) == []
    assert planned(free(1), at=expected(BUSY, mean=1.0)) != []


def test_nobody_is_sent_before_they_have_rested() -> None:
    assert planned(free(1, ended_at=NOW - REST + timedelta(seconds=1))) == []
    assert len(planned(free(1, ended_at=NOW - REST))) == 1


def test_nobody_is_sent_far_in_an_hour() -> None:
    (move,) = planned(free(1))
    assert planned(free(1, way_m=WAY_MAX_M - move.distance_m + 1)) == []
    assert len(planned(free(1, way_m=WAY_MAX_M - move.distance_m))) == 1


def test_who_is_on_the_way_counts_where_they_go() -> None:
    """One is going there already: the other stays, as if the first were there."""
    going = free(1, going=HERE)
    there = planned(free(1, BUSY), free(2))
    assert planned(going, free(2), taken=frozenset([HERE])) == [move for move in there if move.cell != HERE]


def test_of_two_for_one_cell_it_goes_to_whom_less_was_asked_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        planning, "advise", lambda demand, x, y, *_: (np.full_like(x, demand.x), np.full_like(y, demand.y))
    )
    near, fresh = free(1, north(600), way_m=100), free(2)
    assert [move.partner for move in planned(near, fresh)] == [fresh.partner]
    assert [move.partner for move in planned(replace(near, way_m=0), fresh)] == [near.partner]


def test_the_turn_is_theirs_who_have_waited_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "AT_ONCE", 1)
    lately, long_ago, never = (
        free(1, ended_at=NOW - REST),
        free(2, ended_at=NOW - 2 * REST),
        free(3),
    )
    assert [move.partner for move in planned(lately, long_ago, never)] == [never.partner]
    assert [move.partner for move in planned(lately, long_ago)] == [long_ago.partner]


def test_among_equals_chance_decides_anew_each_minute() -> None:
    ones = [free(number) for number in range(30)]
    first = {min(ones, key=lambda one: one.turn(NOW + timedelta(minutes=minute))).partner for minute in range(30)}
    assert len(first) > 10
