"""The order of turns: balanced in each pair, each day and over changes of the clock, and drawn by the seed."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from insights.sandbox.states import Arm
from insights.sandbox.turns import HALF_HOUR, arm_of, days, midnight, turn_at

NEW_YORK, KOLKATA, LORD_HOWE = (ZoneInfo(name) for name in ("America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"))


@pytest.mark.parametrize(
    ("zone", "day", "count"),
    [
        (NEW_YORK, date(2026, 5, 7), 48),
        (NEW_YORK, date(2026, 3, 8), 46),
        (NEW_YORK, date(2026, 11, 1), 50),
        (KOLKATA, date(2026, 5, 7), 48),
        (LORD_HOWE, date(2026, 4, 5), 49),
    ],
)
def test_a_day_is_divided_without_gaps_and_each_pair_has_both(zone: ZoneInfo, day: date, count: int) -> None:
    at, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    turns = []
    while at < end:
        turn = turn_at(at + timedelta(seconds=1), zone, seed=5)
        assert (turn.day, turn.begins) == (day, at)
        turns.append(turn)
        at = turn.ends
    assert [turn.number for turn in turns] == list(range(count))
    assert at == end
    arms = [turn.arm for turn in turns]
    assert all(set(arms[number : number + 2]) == set(Arm) for number in range(0, count - 1, 2))


def test_the_order_is_drawn() -> None:
    orders = Counter(arm_of(date(2026, 5, 7), 2 * pair, seed=seed) for pair in range(24) for seed in range(50))
    assert min(orders.values()) > 500  # of 1200, by far more than chance takes away
    assert {arm_of(date(2026, 5, day), 0, seed=1) for day in range(1, 20)} == set(Arm)


def test_whole_days_begin_with_the_next() -> None:
    begins, ends = days(datetime(2026, 10, 31, 23, tzinfo=UTC), 1, NEW_YORK)
    assert begins == datetime(2026, 11, 1, 4, tzinfo=UTC)
    assert ends - begins == 50 * HALF_HOUR
