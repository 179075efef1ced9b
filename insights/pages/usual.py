"""When and where a region is usually busy, for partners: levels instead of numbers.

When: the requests of the last eight weeks by day of the week and hour. Where: the newest requests of the last four
weeks by cell of the map. Level 4 is more than three quarters of the busiest, level 1 at most a quarter of it. What
fewer than five people made has no level.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from math import ceil
from uuid import UUID
from zoneinfo import ZoneInfo

from core import clock
from core.recent import Recent
from insights.facts.selectors import By, totals
from insights.pages.asked import Asked
from insights.pages.cells import newest, places
from insights.pages.map_cells import middle_of
from insights.pages.people import enough_users
from regions.models import Region

LEVELS = 4
WHEN_WEEKS, WHERE_WEEKS = 8, 4
CELLS_MAX = 30
KEPT_S = 3600.0


@dataclass(frozen=True, slots=True)
class BusyCell:
    """A cell of the map by its middle, and its level, 1 to 4."""

    cell: str
    lat: float
    lng: float
    level: int


@dataclass(frozen=True, slots=True)
class Usual:
    """When and where a region is busy. `when`: levels by (ISO day of the week, hour); `where`: the busiest first."""

    when: dict[tuple[int, int], int]
    where: list[BusyCell]


def usually_busy(region: Region) -> Usual:
    """Return when and where a region is usually busy, at most an hour old."""
    return _kept(region.pk)()


@cache
def _kept(region_id: UUID) -> Recent[Usual]:
    return Recent(partial(_read, region_id), kept_s=KEPT_S)


forget_usual = _kept.cache_clear


def _read(region_id: UUID) -> Usual:
    region = Region.objects.get(pk=region_id)
    now = clock.now()
    return Usual(_when(region, now), _where(region, now))


def _when(region: Region, now: datetime) -> dict[tuple[int, int], int]:
    begin = now - timedelta(weeks=WHEN_WEEKS)
    parts = totals(region, begin, now, by=By.WEEK, waits=(), tallies=())
    zone = ZoneInfo(region.time_zone)
    asked = Asked(region, begin.astimezone(zone).date(), now.astimezone(zone).date(), None, now)
    told = {when: part.numbers["requests"] for when, part in parts.items() if enough_users(asked, part)}
    most = max(told.values(), default=0)
    return {when: _level(count, most) for when, count in told.items()}


def _where(region: Region, now: datetime) -> list[BusyCell]:
    found = places(newest(region, now - timedelta(weeks=WHERE_WEEKS), now, None))
    told = sorted(((place.requests, cell) for cell, place in found.items() if place.enough), reverse=True)
    return [BusyCell(cell, *middle_of(cell), _level(count, told[0][0])) for count, cell in told[:CELLS_MAX]]


def _level(count: int, most: int) -> int:
    return ceil(LEVELS * count / most) if most else 0
