"""Figures that fewer than five people stand behind are hidden."""

from datetime import timedelta

import pytest

from insights.pages import cells, requests, work
from insights.pages.people import told
from insights.tests.pages.scenes import TODAY, ask, asked, hour, put, waits, worked
from regions.models import Region
from tests.cast import EMPIRE_STATE, make_user, north

pytestmark = pytest.mark.django_db
YESTERDAY = TODAY - timedelta(days=1)


def test_a_row_of_four_people_is_hidden(nyc: Region) -> None:
    put(nyc, hour(9), 40, users=4, completed=40)
    table = requests.funnel(asked(nyc))
    assert table.hidden == len(table.rows) == 5
    assert {cell for _, *figures in table.rows for cell in figures} == {None}


def test_a_row_is_told_when_five_people_made_it_in_different_hours(nyc: Region) -> None:
    """No hour has five of them, but the rows say who they were."""
    users = [make_user(f"Uma {number}") for number in range(5)]
    for number, user in enumerate(users[:4]):
        put(nyc, hour(number), 1, users=1)
        ask(user, nyc, hour(number) + timedelta(minutes=5))
    assert requests.funnel(asked(nyc)).rows[0] == ("requests", None, None)
    put(nyc, hour(8), 1, users=1)
    ask(users[0], nyc, hour(8))
    assert requests.funnel(asked(nyc)).rows[0] == ("requests", None, None)
    put(nyc, hour(9), 1, users=1)
    ask(users[4], nyc, hour(9))
    assert requests.funnel(asked(nyc)).rows[0] == ("requests", 6, 1.0)


def test_people_of_other_hours_regions_and_kinds_do_not_count(nyc: Region, boston: Region) -> None:
    users = [make_user(f"Uma {number}") for number in range(5)]
    put(nyc, hour(9), 4, users=4)
    for user in users[:4]:
        ask(user, nyc, hour(9))
    ask(users[4], nyc, hour(10))
    ask(users[4], boston, hour(9))
    ask(users[4], nyc, hour(9, YESTERDAY))
    assert requests.funnel(asked(nyc)).rows[0] == ("requests", None, None)
    put(nyc, hour(9), 2, users=2, kind="serenade")
    assert requests.funnel(asked(nyc, kind="serenade")).rows[0] == ("requests", None, None)


def test_an_hour_of_several_kinds_is_asked_who_it_was(nyc: Region) -> None:
    users = [make_user(f"Uma {number}") for number in range(5)]
    put(nyc, hour(9), 4, users=4)
    put(nyc, hour(9), 1, users=1, kind="serenade")
    for user in users[:4]:
        ask(user, nyc, hour(9))
    assert requests.funnel(asked(nyc)).rows[0][1] is None
    ask(users[4], nyc, hour(9))
    assert requests.funnel(asked(nyc)).rows[0][1] == 5


def test_many_spans_are_looked_at(nyc: Region) -> None:
    """The fifth person is in the oldest of more hours than are read singly."""
    ada, *others = (make_user(f"Uma {number}") for number in range(5))
    for day in range(13):
        put(nyc, hour(9, TODAY - timedelta(days=day)), 1, users=1)
        ask(ada, nyc, hour(9, TODAY - timedelta(days=day)))
    first = TODAY - timedelta(days=12)
    assert requests.waits(asked(nyc, first)).rows[9][1] is None
    for user in others:
        ask(user, nyc, hour(9, first) + timedelta(minutes=1))
    assert requests.waits(asked(nyc, first)).rows[9][1] == 13


def test_counts_and_waits_of_a_few_are_hidden_in_a_row_of_many(nyc: Region) -> None:
    put(nyc, hour(9), 20, users=20, accepted=4, completed=0, to_acceptance=waits(1, 2, 3, 4))
    rows = {stage: figures for stage, *figures in requests.funnel(asked(nyc)).rows}
    assert (rows["accepted"], rows["completed"]) == ([None, None], [0, 0.0])
    assert requests.waits(asked(nyc)).rows[9][4:6] == (None, None)


@pytest.mark.parametrize(("count", "figure"), [(0, "f"), (1, None), (4, None), (5, "f")])
def test_how_many_are_too_few(count: int, figure: str | None) -> None:
    assert told(count, "f") == figure


def test_partners_at_work_are_people_too(nyc: Region) -> None:
    put(nyc, hour(9), 20)
    worked(nyc, hour(9), available=3, busy=1)
    assert work.supply_and_demand(asked(nyc)).rows[9][1:] == (None,) * 5
    assert work.partners(asked(nyc)).rows[0][2:] == (None,) * 8


def test_a_cell_of_four_people_is_not_on_the_map(nyc: Region) -> None:
    users = [make_user(f"Uma {number}") for number in range(5)]
    for number, user in enumerate(users):
        ask(user, nyc, hour(9) + timedelta(minutes=number), status="no_match")
    for user in users[:4]:
        ask(user, nyc, hour(10), place=north(5000))
    table = cells.unmatched_by_cell(asked(nyc))
    assert table.hidden == 1
    [(_, lat, lng, *figures)] = table.rows
    assert (lat, lng) == pytest.approx(EMPIRE_STATE, abs=0.01)
    assert figures == [5, 5, 1.0]


def test_rounded_places_are_on_no_map(nyc: Region) -> None:
    for number in range(5):
        request = ask(make_user(f"Uma {number}"), nyc, hour(9))
        type(request).objects.filter(pk=request.pk).update(coarse=True)
    assert cells.waits_by_cell(asked(nyc)).rows == []
