"""Draws requests by half hour and cell for some days, from the shares of each weekday."""

import csv
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import h3
import numpy as np

from insights.forecast.history import HALF_HOURS, Floats
from insights.forecast.importing import HALF_HOUR, Place

FILE = Path(__file__).parent / "manhattan.csv"
WHOLE = 100_000  # the shares of a weekday add up to about this
REQUESTS_A_DAY = 600.0
FRIDAY = 4
WEEKENDS = {5: 0.85, 6: 0.7}  # the share of a Friday's requests
STEADINESS = 80.0  # of a day's level: a gamma distribution of this shape, with the mean 1
SEED = 2018


@cache
def shares() -> tuple[tuple[int, ...], Floats]:
    """The cells, and their shares of a weekday's requests, of shape (5, cells, 48)."""
    cells: dict[int, int] = {}
    rows: dict[tuple[int, int], list[float]] = {}
    with FILE.open(newline="") as lines:
        for name, weekday, *parts in list(csv.reader(lines))[1:]:
            cell = cells.setdefault(h3.str_to_int(name), len(cells))
            rows[int(weekday), cell] = [int(part) / WHOLE for part in parts]
    table = [[rows[weekday, cell] for cell in cells.values()] for weekday in range(FRIDAY + 1)]
    return tuple(cells), np.array(table)


def draw(days: Iterable[date], zone: ZoneInfo, *, until: datetime) -> Counter[Place]:
    """Draw requests by half hour and cell for local days, up to the last half hour that is over at `until`.

    The same days bring the same requests.
    """
    cells, weekdays = shares()
    chance = np.random.default_rng(SEED)
    found: Counter[Place] = Counter()
    for day in days:
        level = REQUESTS_A_DAY * WEEKENDS.get(day.weekday(), 1.0) * chance.gamma(STEADINESS, 1 / STEADINESS)
        drawn = chance.poisson(level * weekdays[min(day.weekday(), FRIDAY)])
        midnight = datetime.combine(day, time(), zone)
        starts = [(midnight + timedelta(minutes=30 * half)).astimezone(UTC) for half in range(HALF_HOURS)]
        for row, half in np.argwhere(drawn).tolist():
            if starts[half] + HALF_HOUR <= until:
                found[starts[half], cells[row]] += int(drawn[row, half])
    return found
