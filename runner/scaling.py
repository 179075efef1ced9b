"""The rule by which processes are scaled: a pure function of what was seen lately.

A reading says how many processes would just do. The count follows it as soon as it is too small, with a quarter to
spare, and is reduced only if it would have been too large by more than that all the time lately. Between the two lies
what a steady load may vary by, so that it changes nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

SPARE = 1.25  # processes for each that would just do
SMOOTH_S = 10.0  # readings are means over this time; a new process takes as long to start and to take its share
DOWN_AFTER_S = 40.0  # for which fewer processes must have been enough

Figures = dict[str, float]  # of one process: see core/vitals.py


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many processes there may be."""

    least: int
    most: int

    def clamp(self, count: int) -> int:
        """Return the nearest count within the bounds."""
        return max(self.least, min(self.most, count))


@dataclass(frozen=True, slots=True)
class Reading:
    """How many processes would just do, at a moment of the monotonic clock."""

    at: float
    need: float


@dataclass(frozen=True, slots=True)
class Goals:
    """The load that one process carries, by figure."""

    figures: Figures

    def need(self, told: Sequence[Figures]) -> float:
        """Return how many processes would just do for the sum of what these carry."""
        return max(sum(one.get(name, 0.0) for one in told) / goal for name, goal in self.figures.items())


SERVERS = Goals({"cpu": 0.65, "sockets": 2000, "handshakes": 200})
WORKERS = Goals({"cpu": 0.65, "busy": 0.65})


def with_spare(need: float) -> int:
    """Return the count that leaves a quarter to spare."""
    return math.ceil(need * SPARE)


def wanted(count: int, readings: Sequence[Reading], bounds: Bounds, *, now: float, changed_at: float) -> int:
    """Return how many processes there should be.

    Args:
        count: how many there are.
        readings: those of the last minute at least, oldest first.
        bounds: never left, whatever the readings.
        now: by the monotonic clock.
        changed_at: when the count changed last; it then stays for `SMOOTH_S`.
    """
    within = bounds.clamp(count)
    if within != count or now - changed_at < SMOOTH_S:
        return within
    if not readings or readings[-1].at < now - SMOOTH_S:
        return count  # nothing is known
    need = _smooth(readings, readings[-1].at)
    if need > count:
        return bounds.clamp(with_spare(need))
    if now - max(readings[0].at, changed_at) < DOWN_AFTER_S or count == bounds.least:
        return count
    if bounds.clamp(with_spare(_highest(readings, now - DOWN_AFTER_S) * SPARE)) < count:
        # The oldest means have still a part of what was before the load fell.
        return bounds.clamp(with_spare(_highest(readings, now - DOWN_AFTER_S + SMOOTH_S)))
    return count


def _highest(readings: Sequence[Reading], since: float) -> float:
    return max(_smooth(readings, reading.at) for reading in readings if reading.at > since)


def _smooth(readings: Sequence[Reading], at: float) -> float:
    needs = [reading.need for reading in readings if at - SMOOTH_S < reading.at <= at]
    return sum(needs) / len(needs)
