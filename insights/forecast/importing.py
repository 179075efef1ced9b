"""Brings the demand of the time before this installation in, from places and times of requests."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import h3
from django.db import transaction

from insights.forecast.models import KEPT_RESOLUTION, PastDemand
from regions.geometry import polygon_contains
from regions.models import Region

HALF_HOUR = timedelta(minutes=30)
COLUMNS = ("t", "lat", "lng")
ROWS_AT_ONCE = 2000
Place = tuple[datetime, int]  # the half hour's start, the cell


@dataclass(frozen=True)
class Imported:
    """Requests counted and left out as outside the region, and the first and last half hour."""

    requests: int
    outside: int
    first: datetime
    last: datetime


def import_history(region: Region, lines: Iterable[str]) -> Imported:
    """Count the requests of a CSV by half hour and cell, in place of all counts from its first half hour to its last.

    Safe to run twice, since a file replaces its own span.

    Args:
        region: Requests outside its boundary are left out.
        lines: A CSV with the columns t (ISO 8601; the region's local time if it has no offset), lat and lng in degrees.

    Raises:
        ValueError: A column is missing, a line can't be read, or no request lies inside the region.

    """
    counts: Counter[Place] = Counter()
    outside = 0
    for place in _places(region, lines):
        if place is None:
            outside += 1
        else:
            counts[place] += 1
    if not counts:
        raise ValueError("The file has no request inside the region.")
    first, last = replace_past(region, counts)
    return Imported(counts.total(), outside, first, last)


def replace_past(region: Region, counts: Counter[Place]) -> tuple[datetime, datetime]:
    """Put counts in the place of all counts of the region from their first half hour to their last.

    Returns these two. There must be at least one count.
    """
    first, last = min(start for start, _ in counts), max(start for start, _ in counts)
    rows = (PastDemand(region=region, starts_at=at, cell=cell, requests=n) for (at, cell), n in sorted(counts.items()))
    with transaction.atomic():
        PastDemand.objects.filter(region=region, starts_at__gte=first, starts_at__lte=last).delete()
        PastDemand.objects.bulk_create(
            rows,
            batch_size=ROWS_AT_ONCE,
            update_conflicts=True,  # if the same file is being imported beside us
            unique_fields=["region", "starts_at", "cell"],
            update_fields=["requests"],
        )
    return first, last


def _places(region: Region, lines: Iterable[str]) -> Iterator[Place | None]:
    """Yield each request's half hour and cell, or None if it lies outside the region."""
    rows = csv.DictReader(lines)
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise ValueError(f"The file lacks the columns {', '.join(missing)}.")
    zone = ZoneInfo(region.time_zone)
    for row in rows:
        try:
            at, lat, lng = datetime.fromisoformat(row["t"]), float(row["lat"]), float(row["lng"])
            at = at if at.tzinfo else at.replace(tzinfo=zone)
            inside = polygon_contains(region.boundary, lat, lng)
            yield ((half_hour(at), h3.str_to_int(h3.latlng_to_cell(lat, lng, KEPT_RESOLUTION))) if inside else None)
        except (TypeError, ValueError, OverflowError, csv.Error) as error:
            raise ValueError(f"Line {rows.line_num} of the file can't be read: {error}") from error


def half_hour(at: datetime) -> datetime:
    """Return the start of the half hour of a moment, by the clock of UTC."""
    length_s = HALF_HOUR.total_seconds()
    return datetime.fromtimestamp(at.timestamp() // length_s * length_s, UTC)
