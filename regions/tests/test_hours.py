"""Opening hours, by local time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from regions.hours import check_hours, is_open, opens_at

NEW_YORK = "America/New_York"
WEEK = "Mo-Fr 08:00-22:00; Sa 10:00-02:00"


def at(text: str) -> datetime:
    """A moment in UTC; New York is four hours behind in summer, five in winter."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "is_so"),
    [
        ("2026-06-01 11:59", False),  # Monday, 7:59 there
        ("2026-06-01 12:00", True),
        ("2026-06-02 01:59", True),
        ("2026-06-02 02:00", False),
        ("2026-06-07 05:59", True),  # Saturday's last hours are on Sunday
        ("2026-06-07 06:00", False),
    ],
)
def test_a_moment_is_within_them_or_not(moment: str, is_so: bool) -> None:
    assert is_open(WEEK, NEW_YORK, at(moment)) is is_so


def test_they_say_when_they_begin_again() -> None:
    opens = opens_at(WEEK, NEW_YORK, at("2026-06-07 06:00"))
    assert opens is not None
    assert (opens.isoformat(), opens.tzname()) == ("2026-06-08T08:00:00-04:00", "EDT")
    assert opens_at("off", NEW_YORK, at("2026-06-07 06:00")) is None


@pytest.mark.parametrize(
    ("moment", "is_so"),
    [
        ("2026-03-08 06:45", True),  # 1:45; at 2:00 it becomes 3:00
        ("2026-03-08 07:00", False),
        ("2026-11-01 05:45", True),  # 1:45, and once more an hour later
        ("2026-11-01 06:45", True),
        ("2026-11-01 07:45", False),
    ],
)
def test_they_go_by_the_clock_on_the_wall(moment: str, is_so: bool) -> None:
    assert is_open("Mo-Su 01:30-02:30", NEW_YORK, at(moment)) is is_so


@pytest.mark.parametrize("text", ["", "always", "25:00-26:00", "Mo 08:00", "Mo 8-"])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        check_hours(text)


def test_threads_share_them() -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: is_open(WEEK, NEW_YORK, at("2026-06-01 12:00")), range(200)))
    assert all(answers)
