"""The subject of a figure: a region, days of its clock, and perhaps one kind of cheer."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from insights.facts.hours import Hour, hours
from insights.facts.selectors import day_of
from regions.models import Region


@dataclass(frozen=True)
class Asked:
    """A region and whole days of its clock, both of which count, as of a moment."""

    region: Region
    first: date
    last: date
    kind: str | None
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.region.time_zone)

    @property
    def kinds(self) -> Collection[str] | None:
        """The kinds of cheer to count; None for all."""
        return None if self.kind is None else (self.kind,)

    @property
    def begin(self) -> datetime:
        return day_of(self.region, self.first)[0]

    @property
    def end(self) -> datetime:
        """The moment after the last day."""
        return day_of(self.region, self.last)[1]

    @cached_property
    def hours(self) -> list[Hour]:
        """The hours of these days that have begun."""
        end = min(self.end, self.now)
        return list(hours(self.begin, end, self.zone)) if self.begin < end else []

    @cached_property
    def hours_by_key(self) -> dict[datetime, Hour]:
        """The same by their keys."""
        return {hour.key: hour for hour in self.hours}
