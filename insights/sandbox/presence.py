"""The partners of a replay: whether they are free, and where, at each moment."""

from collections.abc import Sequence
from enum import IntEnum
from math import inf

import numpy as np

from insights.sandbox.places import distances_m
from insights.sandbox.world import NOBODY, Day, Fix, Floats, Ints, Sight, Step

NAMED_FOR_S = 120.0  # a distance of the record holds for this long
UNNAMED_FOR_S = 2.0  # those whom a decision does not name are known to be far away for this long


class Status(IntEnum):
    """The status of a partner."""

    OFFLINE = 0
    FREE = 1
    OFFERED = 2
    BUSY = 3


class Presence:
    """The partners of a replay, beside what the record says of them."""

    def __init__(self, day: Day) -> None:
        self._day, count = day, day.partners
        self.status = np.zeros(count, np.int64)
        self.lat, self.lng = np.full(count, np.nan), np.full(count, np.nan)  # NaN: nobody knows
        self.stay = np.full(count, NOBODY)
        self.online_s = np.zeros(count)
        self.counts = [count, 0, 0, 0]  # by status
        self._online_since = np.full(count, np.nan)
        self._recorded_stay = np.full(count, NOBODY)
        self._recorded_free_since = np.full(count, inf)

    def become(self, partner: int, status: Status, now: float) -> None:
        """Change a partner's status."""
        old = int(self.status[partner])
        self.counts[old] -= 1
        self.counts[status] += 1
        self.status[partner] = status
        if old == Status.OFFLINE:
            self._online_since[partner] = now
        elif status == Status.OFFLINE:
            self.online_s[partner] += now - self._online_since[partner]

    def close(self, now: float) -> None:
        """Count the time online of those who still are."""
        online = self.status != Status.OFFLINE
        self.online_s[online] += now - self._online_since[online]

    def begin(self, partner: int, stay: int, now: float, place: tuple[float, float] | None) -> Sequence[Fix]:
        """Let a partner stay at a place. Returns where they will be seen later in this stay, if the record knows it."""
        self.stay[partner] = stay
        if place is not None:
            self.lat[partner], self.lng[partner] = place
        fixes = self._day.places.get((partner, stay), ())
        seen = sum(at_s <= now for at_s, _, _ in fixes)
        if fixes and (seen or place is None):  # who comes online is where they are seen first
            _, self.lat[partner], self.lng[partner] = fixes[max(seen - 1, 0)]
        return fixes[max(seen, 1) if place is None else seen :]

    def place(self, partner: int) -> tuple[float, float]:
        """Return where a partner is: lat, lng."""
        return float(self.lat[partner]), float(self.lng[partner])

    def note(self, step: Step) -> None:
        """Take what the record says of a partner from now on."""
        self._recorded_stay[step.partner] = step.stay
        self._recorded_free_since[step.partner] = step.at_s if step.free else inf

    def distances(self, requests: Sequence[int], free: Ints, now: float) -> Floats:
        """Return the distances in metres of shape (requests, free); infinite where a partner can't be found."""
        facts = self._day.requests
        rows = distances_m(facts.lat[requests][:, None], facts.lng[requests][:, None], self.lat[free], self.lng[free])
        rows[np.isnan(rows)] = inf
        for number, request in enumerate(requests):
            if request in self._day.sights:
                self._as_recorded(rows[number], free, self._day.sights[request], now)
        return rows

    def _as_recorded(self, row: Floats, free: Ints, sights: Sequence[Sight], now: float) -> None:
        """Put the distances of the record in place of those of a row, for the partners who are where they were then."""
        near = sorted((abs(each.at_s - now), at) for at, each in enumerate(sights))
        near = [(apart_s, at) for apart_s, at in near if apart_s <= NAMED_FOR_S]
        if not near:
            return
        for at in np.flatnonzero(self.stay[free] == self._recorded_stay[free]).tolist():
            partner = int(free[at])
            known = (sights[one].distance_m.get(partner) for _, one in near)
            distance_m = next((each for each in known if each is not None), None)
            row[at] = self._unnamed(partner, float(row[at]), near, sights) if distance_m is None else distance_m

    def _unnamed(
        self, partner: int, distance_m: float, near: Sequence[tuple[float, int]], sights: Sequence[Sight]
    ) -> float:
        """Return the distance of a partner whom no decision names: it may be known that they are farther away."""
        for apart_s, one in near:
            sight = sights[one]
            if apart_s > UNNAMED_FOR_S:
                break
            if partner in sight.missing:
                return inf
            if partner not in sight.unnamed and self._recorded_free_since[partner] < sight.at_s:
                distance_m = max(distance_m, float(np.nextafter(sight.beyond_m, inf)))
        return distance_m
