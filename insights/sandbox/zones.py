"""The zones of a day: what became of requests by place and half hour, without telling of few people. Pure."""

from collections.abc import Sequence
from math import ceil, floor
from typing import NamedTuple

import numpy as np

from insights.sandbox.world import Day, End, Ints, Outcome

ZONE_DEGREES = 0.02  # of latitude: about 2 km
HALF_HOUR_S = 1800.0
PEOPLE_MIN = 5  # of fewer, nothing is told

Cell = tuple[int, float | None, float]  # requests, mean wait in seconds, share unmatched


class Zone(NamedTuple):
    """A cell of a grid of about 2 by 2 km, in degrees."""

    south: float
    west: float
    wide: float

    @property
    def name(self) -> str:
        """Its south-west corner."""
        return f"{self.south:.3f},{self.west:.3f}"


class ZoneFigures(NamedTuple):
    """The figures of a zone in each run: of the whole day first, then of each half hour; None of too few people."""

    zone: Zone
    runs: list[list[Cell | None]]


def in_zones(day: Day, own: Ints) -> dict[Zone, list[int]]:
    """Return these requests by their zone, from the south-west on."""
    wide = ZONE_DEGREES / max(0.01, float(np.cos(np.radians(np.median(day.requests.lat[own]))))) if own.size else 1.0
    zones: dict[Zone, list[int]] = {}
    for request in own.tolist():
        south = floor(float(day.requests.lat[request]) / ZONE_DEGREES) * ZONE_DEGREES
        west = floor(float(day.requests.lng[request]) / wide) * wide
        zones.setdefault(Zone(south, west, wide), []).append(request)
    return dict(sorted(zones.items()))


def half_hours(day: Day) -> int:
    """Return the number of half hours of a day: 46 or 50 where the clock is changed by an hour."""
    return ceil((day.ends_s - day.begins_s) / HALF_HOUR_S)


def by_half_hour(day: Day, own: Ints, users: Ints, outcomes: Sequence[Outcome]) -> list[ZoneFigures]:
    """Return the figures of each zone and half hour under each outcome.

    Args:
        users: the number of the user of each request. Zones of fewer than `PEOPLE_MIN` of them are left out.
    """
    slots = ((day.requests.created_s - day.begins_s) // HALF_HOUR_S).astype(np.int64)
    found = []
    for zone, some in in_zones(day, own).items():
        requests = np.array(some)
        if not _enough(requests, users):
            continue
        parts = [requests, *(requests[slots[requests] == slot] for slot in range(half_hours(day)))]
        found.append(ZoneFigures(zone, [[_cell(part, users, outcome) for part in parts] for outcome in outcomes]))
    return found


def _enough(requests: Ints, users: Ints) -> bool:
    return np.unique(users[requests]).size >= PEOPLE_MIN


def _cell(requests: Ints, users: Ints, outcome: Outcome) -> Cell | None:
    if not _enough(requests, users):
        return None
    waits = outcome.arrived_s[requests]
    known = waits[~np.isnan(waits)]
    mean = round(float(known.mean()), 1) if known.size else None
    return int(requests.size), mean, round(float((outcome.end[requests] == End.UNMATCHED).mean()), 4)
