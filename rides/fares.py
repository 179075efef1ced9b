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


def covered_until(tariff: Tariff, start: datetime, amount: int) -> datetime | None:
    """Until when a session costs no more than `amount` minor units; None where it costs nothing anyway.

    The first increment is billed in any case, so it is always covered.
    """
    if not tariff.amount:
        return None
    return start + timedelta(seconds=max(1, amount // tariff.amount) * tariff.increment_s)


BPS = 10_000  # hundredths of a percent in a whole


def commission(amount: int, bps: int) -> int:
    """Our part of `amount` minor units, rounded down: what can't be divided is the partner's."""
    return amount * bps // BPS
