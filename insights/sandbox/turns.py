"""The order in which the rules of a switchback take turns. Pure.

The day of a region is divided into half hours from its midnight on, and these into pairs. Each pair has both rules, in
an order that is drawn by the seed, the day and the pair: each day, and each hour of it, has as much of either. So a day
is a block of the design, and what differs between days or hours is not taken for an effect of the rules (I. Bojinov,
D. Simchi-Levi, J. Zhao, "Design and Analysis of Switchback Experiments", Management Science 69, 2023).
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from insights.sandbox.chance import share
from insights.sandbox.states import Arm

HALF_HOUR = timedelta(minutes=30)


class Turn(NamedTuple):
    """A half hour of a local day, and whose it is. The last one of a day may be shorter where the clock is changed."""

    day: date
    number: int  # from 0
    begins: datetime
    ends: datetime
    arm: Arm


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the beginning of a local day, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def days(first: datetime, count: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the beginning and the end of so many whole local days, of which the first is the one after a moment's."""
    day = first.astimezone(zone).date() + timedelta(days=1)
    return midnight(day, zone), midnight(day + timedelta(days=count), zone)


def turn_at(moment: datetime, zone: ZoneInfo, *, seed: int) -> Turn:
    """Return the turn that a moment is in."""
    day = moment.astimezone(zone).date()
    begins, ends = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    number = (moment - begins) // HALF_HOUR
    begun = begins + number * HALF_HOUR
    return Turn(day, number, begun, min(begun + HALF_HOUR, ends), arm_of(day, number, seed=seed))


def arm_of(day: date, number: int, *, seed: int) -> Arm:
    """Return whose turn a half hour of a day is."""
    tried_first = share(seed, day.toordinal(), number // 2) < 0.5
    return Arm.TRIED if tried_first == (number % 2 == 0) else Arm.BEFORE
