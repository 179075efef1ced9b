"""The fare, pure. One function for the running display, the charge, the receipt and the admin."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a started increment costs. Frozen on the ride at acceptance."""

    amount: int  # minor units of `currency` per started increment
    currency: str  # ISO 4217, lower case
    increment_s: int  # seconds


def elapsed(start: datetime, end: datetime) -> timedelta:
    """How long a session has run; never negative, even where a clock has stepped back."""
    return max(end - start, timedelta(0))


def increments(duration: timedelta, increment_s: int) -> int:
    """How many increments a session of this length has started: at least one.

    Whole increments end inclusively: 5:00 of 5-minute increments is one, 5:00.000001 is two.
    Computed in whole microseconds, so no rounding can tip it.
    """
    started = -(-max(duration, timedelta(0)) // timedelta(seconds=increment_s))
    return max(1, started)


def fare(tariff: Tariff, duration: timedelta) -> int:
    """The price in minor units of a session of this length: `increments × amount`."""
    return increments(duration, tariff.increment_s) * tariff.amount
