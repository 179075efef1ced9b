"""The hours of a region's clock.

An hour is named by its key: the moment at which it would have begun by the offset that is in force in it, in UTC. The
key of an hour that is repeated when the clock is set back differs from that of the first one, and in zones that are
half an hour from UTC the keys lie at half past. Where the clock is set by half an hour, the hours beside the change are
shorter: an hour reaches only as far as its offset.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)
HOUR_S = 3600
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


class Hour(NamedTuple):
    """An hour of a region's clock: its key, and the moments between which it lies."""

    key: datetime
    begins: datetime
    ends: datetime


class Span(NamedTuple):
    """A time in which all hours begin at the same second of an hour in UTC: (key + `shift_s`) % 3600 is zero."""

    begins: datetime
    ends: datetime
    shift_s: int


def shift_at(moment: datetime, zone: ZoneInfo) -> int:
    """Return the offset of local time from UTC, modulo an hour, in seconds."""
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None  # noqa: S101 - a zone has one
    return int(offset.total_seconds()) % HOUR_S


def key_of(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the key of the hour that a moment lies in."""
    shift_s = shift_at(moment, zone)
    seconds = int(moment.timestamp()) + shift_s
    return datetime.fromtimestamp(seconds - seconds % HOUR_S - shift_s, UTC)


def spans(begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Span]:
    """Divide a time into spans. In most zones there is one, because clocks are set by whole hours."""
    at = start = begin
    while at < end:
        following = min(at + DAY, end)
        if shift_at(at, zone) != shift_at(following, zone):
            changed = _changed(at, following, zone)
            yield Span(start, changed, shift_at(at, zone))
            start = following = changed
        at = following
    if start < end:
        yield Span(start, end, shift_at(start, zone))


def _changed(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the first second with another shift than `before`; `after` has one."""
    shift_s = shift_at(before, zone)
    while after - before > SECOND:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle <= before:
            break
        before, after = (middle, after) if shift_at(middle, zone) == shift_s else (before, middle)
    return after.replace(microsecond=0)


def hours(begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Hour]:
    """Return the hours that lie in a time, whole ones also at its ends."""
    first, last = hour_of(begin, zone), hour_of(end - SECOND, zone)
    for span in spans(first.begins, max(last.ends, first.ends), zone):
        at = span.begins
        while at < span.ends:
            key = key_of(at, zone)
            ends = min(key + HOUR, span.ends)
            yield Hour(key, at, ends)
            at = ends


def hour_of(moment: datetime, zone: ZoneInfo) -> Hour:
    """Return the hour that a moment lies in."""
    key, shift_s = key_of(moment, zone), shift_at(moment, zone)
    begins, ends = key, key + HOUR
    if shift_at(begins, zone) != shift_s:
        begins = _changed(begins, moment, zone)
    if shift_at(ends - SECOND, zone) != shift_s:
        ends = _changed(moment, ends, zone)
    return Hour(key, begins, ends)
