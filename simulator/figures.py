"""Pure statistics of samples, and the check that no event is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, nan


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample with at least `share` (0 to 1) of all at or below it (nearest rank); NaN without samples."""
    if not samples:
        return nan
    ordered = sorted(samples)
    return ordered[max(0, ceil(share * len(ordered) - 1e-9) - 1)]


@dataclass(frozen=True, slots=True)
class Spread:
    """The distribution of a set of samples, in their unit; the figures are NaN without samples."""

    count: int
    mean: float
    p50: float
    p95: float
    p99: float
    max: float


def spread_of(samples: Sequence[float]) -> Spread:
    """Compute the figures of a set of samples."""
    mean = sum(samples) / len(samples) if samples else nan
    return Spread(
        len(samples),
        mean,
        percentile(samples, 0.5),
        percentile(samples, 0.95),
        percentile(samples, 0.99),
        percentile(samples, 1.0),
    )


class Numbering:
    """Checks the sequence numbers of one recipient, which rise by one per event, also across reconnections.

    `missing` counts the numbers skipped, `repeated` those seen again.
    """

    def __init__(self) -> None:
        self.last: int | None = None  # the newest number accounted for; None before the first hello
        self.missing = 0
        self.repeated = 0

    def hello(self, seq: int, *, resumed: bool, anew: bool = False) -> None:
        """Start a connection at `seq`. If it is resumed, the events after `last` follow; otherwise they are missing.

        Args:
            anew: the numbers start over, because a failover has lost events and given their numbers again.
        """
        if self.last is None or seq < self.last or anew:
            self.last = seq
        elif not resumed:
            self.missing += seq - self.last
            self.last = seq

    def event(self, seq: int) -> bool:
        """Record an event's number; returns False if the event has been seen before."""
        if self.last is None:
            self.last = seq - 1
        if seq <= self.last:
            self.repeated += 1
            return False
        self.missing += seq - self.last - 1
        self.last = seq
        return True
