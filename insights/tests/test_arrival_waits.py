"""Waits and matched shares by cell: what is told, and of whom nothing is."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from insights.arrival.factors import HIGH, LEVELS, MEDIAN
from insights.arrival.waits import EVERYWHERE, Asked, added, cell_of, figures
from tests.cast import EMPIRE_STATE, LONDON, north

HERE, THERE = cell_of(*EMPIRE_STATE), cell_of(*LONDON)


def matched(person: int, *, cell: str = HERE, accepted_s: float = 60.0) -> Asked:
    return Asked(person, cell, accepted_s, accepted_s + 300, 1000.0, accepted_s + 900, given_up=False)


def unmatched(person: int, *, cell: str = HERE) -> Asked:
    return Asked(person, cell, None, None, None, 600.0, given_up=True)


def called_off(person: int, *, after_s: float) -> Asked:
    return Asked(person, HERE, None, None, None, after_s, given_up=False)


def here(asked: Iterable[Asked]) -> dict[str, Any]:
    return figures(asked)[HERE]


def test_the_share_of_those_who_were_matched() -> None:
    assert here([*map(matched, range(6)), *map(unmatched, range(6, 8))])["chance"] == 0.75


def test_a_share_is_rounded_so_that_one_request_more_hardly_shows() -> None:
    many = [matched(person) for person in range(50)]
    assert here([*many, unmatched(99)])["chance"] == here(many)["chance"] == 1.0


@pytest.mark.parametrize("times", [1, 40])
def test_four_people_are_not_told_of_however_often_they_ask(times: int) -> None:
    assert figures([matched(person) for person in range(4)] * times) == {}


def test_a_cell_with_few_people_is_left_to_the_region() -> None:
    found = figures([*map(matched, range(5)), *(matched(person, cell=THERE) for person in range(4))])
    assert set(found) == {HERE, EVERYWHERE}


def test_waits_of_four_who_were_matched_are_not_told_beside_many_who_were_not() -> None:
    found = here([*map(matched, range(4)), *map(unmatched, range(4, 30))])
    assert found["chance"] == 0.15
    assert found["accepted_s"] is found["arrived_s"] is found["distance_m"] is None


def test_who_cancels_soon_says_nothing_and_who_waited_long_was_not_matched() -> None:
    everybody = [matched(person, accepted_s=60.0 + person) for person in range(10)]
    assert here([*everybody, *(called_off(person, after_s=5) for person in range(10, 20))])["chance"] == 1.0
    assert here([*everybody, *(called_off(person, after_s=500) for person in range(10, 20))])["chance"] == 0.5


def test_quantiles_of_waits() -> None:
    found = here([matched(person, accepted_s=float(person)) for person in range(101)])
    assert (found["accepted_s"][MEDIAN], found["accepted_s"][HIGH]) == (50.0, 90.0)
    assert (found["arrived_s"][MEDIAN], found["distance_m"]) == (350.0, 1000.0)


def test_a_wait_and_a_way_are_added_as_what_they_are_not_quantile_by_quantile() -> None:
    waits, ways = np.linspace(0, 600, len(LEVELS)), np.linspace(0, 600, len(LEVELS))
    both = added(list(waits), ways)
    assert both[MEDIAN] == pytest.approx(600, rel=0.01)
    assert both[HIGH] < waits[HIGH] + ways[HIGH]


def test_places_within_a_cell_have_one_key() -> None:
    lat, lng = (float(degree) for degree in HERE.split(","))
    assert cell_of(*north(400, (lat, lng))) == HERE
    assert cell_of(*north(600, (lat, lng))) != HERE
