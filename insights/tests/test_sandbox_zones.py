"""The zones of a day: places and half hours, of which few people are not told."""

import numpy as np

from insights.sandbox.figures import counted
from insights.sandbox.world import End, Outcome
from insights.sandbox.zones import PEOPLE_MIN, by_half_hour, half_hours, in_zones
from insights.tests.sandbox_days import day

FAR_M = 5000.0


def outcome(waits_s: list[float]) -> Outcome:
    made = Outcome.blank(len(waits_s), 1)
    made.arrived_s = np.array(waits_s)
    made.end = np.where(np.isnan(made.arrived_s), End.UNMATCHED, End.SERVED)
    return made


def test_a_zone_of_few_people_is_left_out() -> None:
    near = [(60.0 * number, 0.0) for number in range(PEOPLE_MIN)]
    made = day([*near, (400.0, FAR_M)], [0.0])
    users = np.arange(PEOPLE_MIN + 1)
    waits = [60.0] * (PEOPLE_MIN - 1) + [float("nan"), 30.0]
    [found] = by_half_hour(made, counted(made), users, [outcome(waits)])
    cells = found.runs[0]
    assert cells[0] == cells[1] == (PEOPLE_MIN, 60.0, 1 / PEOPLE_MIN)
    assert cells[2:] == [None] * (half_hours(made) - 1)
    assert len(in_zones(made, counted(made))) == 2


def test_one_person_who_asks_often_is_not_many() -> None:
    made = day([(60.0 * number, 0.0) for number in range(20)], [0.0])
    assert by_half_hour(made, counted(made), np.zeros(20, int), [outcome([60.0] * 20)]) == []


def test_half_hours_of_a_zone_are_hidden_one_by_one() -> None:
    first = [(10.0 * number, 0.0) for number in range(PEOPLE_MIN)]
    made = day([*first, (1900.0, 0.0)], [0.0])
    [found] = by_half_hour(made, counted(made), np.arange(PEOPLE_MIN + 1), [outcome([60.0] * (PEOPLE_MIN + 1))])
    assert [cell and cell[0] for cell in found.runs[0][:3]] == [PEOPLE_MIN + 1, PEOPLE_MIN, None]


def test_a_day_has_as_many_half_hours_as_its_clock_shows() -> None:
    assert [half_hours(day([(0.0, 0.0)], [0.0], ends_s=hours * 3600.0)) for hours in (23, 24, 25)] == [46, 48, 50]
