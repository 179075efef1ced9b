"""Opening hours in OpenStreetMap's notation (https://wiki.openstreetmap.org/wiki/Key:opening_hours), by local time."""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from opening_hours import OpeningHours, validate


@lru_cache(maxsize=256)
def _parsed(hours: str, time_zone: str) -> OpeningHours:
    return OpeningHours(hours, timezone=ZoneInfo(time_zone))


def check_hours(hours: str) -> None:
    """Raise `ValidationError` unless these are opening hours, for example `Mo-Fr 08:00-22:00; Sa 10:00-02:00`."""
    if not validate(hours):
        raise ValidationError("These can't be read. For example: Mo-Fr 08:00-22:00; Sa 10:00-02:00")


def is_open(hours: str, time_zone: str, at: datetime) -> bool:
    """Whether a moment lies within opening hours."""
    return _parsed(hours, time_zone).is_open(at.astimezone(ZoneInfo(time_zone)))


def opens_at(hours: str, time_zone: str, at: datetime) -> datetime | None:
    """Return when closed hours are next open, in local time; None if never."""
    parsed, moment = _parsed(hours, time_zone), at.astimezone(ZoneInfo(time_zone))
    while (change := parsed.next_change(moment)) is not None:
        if parsed.is_open(change):
            return change
        moment = change
    return None
