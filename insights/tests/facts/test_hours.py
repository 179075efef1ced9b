"""The hours of clocks that are set, by an hour or half of one, or that are half an hour from UTC."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from insights.facts.hours import HOUR, hour_of, hours, key_of, spans


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]


def begins(zone: str, begin: datetime, end: datetime) -> list[str]:
    """The clock on the wall as each hour begins."""
    return [f"{hour.begins.astimezone(ZoneInfo(zone)):%H:%M}" for hour in hours(begin, end, ZoneInfo(zone))]


@pytest.mark.parametrize(
    ("zone", "begin", "said"),
    [
        ("America/New_York", utc(2026, 3, 8, 6), ["01:00", "03:00", "04:00"]),
        ("America/New_York", utc(2026, 11, 1, 5), ["01:00", "01:00", "02:00"]),
        ("Asia/Kolkata", utc(2026, 6, 1, 0, 30), ["06:00", "07:00", "08:00"]),
        ("Asia/Kathmandu", utc(2026, 6, 1, 0, 15), ["06:00", "07:00", "08:00"]),
        # Set back by half an hour at two, and forward by as much.
        ("Australia/Lord_Howe", utc(2026, 4, 4, 14), ["01:00", "01:30", "02:00", "03:00"]),
        ("Australia/Lord_Howe", utc(2026, 10, 3, 14, 30), ["01:00", "02:30", "03:00", "04:00"]),
    ],
)
def test_hours_are_those_of_the_clock_on_the_wall(zone: str, begin: datetime, said: list[str]) -> None:
    assert begins(zone, begin, begin + 3 * HOUR) == said


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Caracas"])
def test_hours_follow_each_other_and_every_moment_lies_in_its_own(zone: str) -> None:
    area = ZoneInfo(zone)
    found = list(hours(utc(2016, 1, 1), utc(2017, 1, 1), area))
    assert all(one.ends == other.begins for one, other in pairwise(found))
    assert [hour.key for hour in found] == sorted({hour.key for hour in found})
    for hour in found[:: len(found) // 500] + [hour for hour in found if hour.ends - hour.begins != HOUR]:
        for moment in (hour.begins, hour.ends - timedelta(microseconds=1)):
            assert key_of(moment, area) == hour.key
            assert hour_of(moment, area) == hour


def test_only_clocks_that_are_set_by_a_part_of_an_hour_divide_a_year() -> None:
    year = utc(2026, 1, 1), utc(2027, 1, 1)
    assert len(list(spans(*year, ZoneInfo("America/New_York")))) == 1
    changed = [span.ends for span in spans(*year, ZoneInfo("Australia/Lord_Howe"))]
    assert changed == [utc(2026, 4, 4, 15), utc(2026, 10, 3, 15, 30), year[1]]
