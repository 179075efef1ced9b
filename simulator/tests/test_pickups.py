"""Reading and spreading real pickups."""

import gzip
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.movement import Place
from simulator.pickups import Pickup, Unreadable, read_pickups, spread, starting_places

FIVE = datetime(2014, 7, 3, 17)  # noqa: DTZ001  # local time, as in the files
SIX = FIVE + timedelta(hours=1)
ROWS = """t,lat,lng
2014-07-03T16:59,40.1,-73.1
2014-07-03T17:00,40.2,-73.2
2014-07-03T17:59,40.3,-73.3
2014-07-03T18:00,40.4,-73.4
"""

pickups = st.builds(Pickup, st.integers(0, 59).map(lambda m: FIVE + timedelta(minutes=m)), st.just(Place(40.7, -74.0)))


@pytest.mark.parametrize("name", ["pickups.csv", "pickups.csv.gz"])
def test_reads_the_period_without_its_end(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(ROWS.encode()) if name.endswith(".gz") else ROWS.encode())
    found = read_pickups(path, FIVE, SIX)
    assert [p.place.lat for p in found] == [40.2, 40.3]
    assert found[0].minute == FIVE


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "columns"),
        ("a,b\n1,2\n", "columns"),
        ("t,lat,lng\n2014-07-03T17:00,north,2\n", "Line 2"),
        ("t,lat,lng\n2014-07-03T17:00\n", "Line 2"),
    ],
)
def test_says_what_is_wrong_with_a_file(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "pickups.csv"
    path.write_text(content)
    with pytest.raises(Unreadable, match=message):
        read_pickups(path, FIVE, SIX)


@given(st.lists(pickups, max_size=50), st.integers())
def test_spreading_keeps_each_pickup_in_its_minute_and_all_in_order(given_: list[Pickup], seed: int) -> None:
    demands = spread(given_, FIVE, seed=seed)
    assert [d.at_s for d in demands] == sorted(d.at_s for d in demands)
    minutes = sorted((p.minute - FIVE) // timedelta(minutes=1) for p in given_)
    assert [int(d.at_s // 60) for d in demands] == minutes
    assert demands == spread(given_, FIVE, seed=seed)


@given(st.lists(pickups, min_size=1, max_size=20), st.integers(0, 50), st.integers())
def test_partners_start_at_real_places(given_: list[Pickup], count: int, seed: int) -> None:
    places = starting_places(given_, count, seed=seed)
    assert len(places) == count
    assert set(places) <= {p.place for p in given_}


def test_partners_start_at_different_places_while_there_are_enough() -> None:
    given_ = [Pickup(FIVE, Place(40 + n / 100, -74)) for n in range(30)]
    assert len(set(starting_places(given_, 30, seed=1))) == 30
    assert starting_places(given_, 30, seed=1) != starting_places(given_, 30, seed=2)
    assert starting_places([], 5, seed=1) == []
