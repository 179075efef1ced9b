"""A region's demand: counts of its own requests into past demand, and reads it all as a history."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import h3
import numpy as np
from django.db import transaction

from core.ids import first_id_at
from insights.forecast.history import HALF_HOURS, History
from insights.forecast.importing import HALF_HOUR, ROWS_AT_ONCE, Place, half_hour
from insights.forecast.models import KEPT_RESOLUTION, Forecaster, OwnDemand, PastDemand
from insights.forecast.weather_source import weather_of
from regions.days_off import days_off
from regions.models import Region
from requests_app.models import CheerRequest

READ_DAYS = 240  # older days weigh less than 1/16 in every kernel
LEAST_A_DAY = 0.2  # requests in a cell; of sparser ones nothing can be said
COUNTED_AT_ONCE = timedelta(days=7)
SKEW = timedelta(minutes=1)  # between a request's id and its moment


def midnight(region: Region, now: datetime) -> datetime:
    """Return when the region's present day began."""
    return now.astimezone(ZoneInfo(region.time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)


def own_requests(region: Region, start: datetime, end: datetime) -> Counter[Place]:
    """Count the region's requests by half hour and cell, from `start` to before `end`."""
    rows = CheerRequest.objects.filter(
        region=region,
        pk__gte=first_id_at(start - SKEW),
        pk__lt=first_id_at(end + SKEW),
        created_at__gte=start,
        created_at__lt=end,
    )
    return Counter(
        (half_hour(at), h3.str_to_int(h3.latlng_to_cell(lat, lng, KEPT_RESOLUTION)))
        for at, lat, lng in rows.values_list("created_at", "lat", "lng").iterator()
    )


def count_own(region: Region, *, now: datetime) -> None:
    """Count the region's requests of days that are over, before their places are coarsened.

    Safe to run twice: what was counted of the same days is replaced.
    """
    end = midnight(region, now)
    started = Forecaster.objects.get(pk=region.pk).counted_until
    if started is None:
        first = CheerRequest.objects.filter(region=region).order_by("pk").values_list("created_at", flat=True).first()
        started = midnight(region, first) if first else end
    while started < end:
        until = min(started + COUNTED_AT_ONCE, end)
        counts = own_requests(region, started, until)
        rows = [
            OwnDemand(region=region, starts_at=at, cell=cell, requests=n) for (at, cell), n in sorted(counts.items())
        ]
        with transaction.atomic():
            OwnDemand.objects.filter(region=region, starts_at__gte=started, starts_at__lt=until).delete()
            OwnDemand.objects.bulk_create(rows, batch_size=ROWS_AT_ONCE)
            Forecaster.objects.filter(pk=region.pk).update(counted_until=until)
        started = until


def history_of_region(region: Region, resolution: int, *, now: datetime, until_now: bool) -> History | None:
    """Read the region's demand by cells of a resolution, on local days; None if no cell has enough.

    Args:
        region: Whose demand.
        resolution: Of H3, `KEPT_RESOLUTION` or coarser.
        now: The present.
        until_now: Whether the present day is the last one, as far as it has come; else the day before.

    """
    today = midnight(region, now)
    since = today - timedelta(days=READ_DAYS)
    counts = Counter[Place]()
    for table in (PastDemand, OwnDemand):
        kept = table.objects.filter(region=region, starts_at__gte=since, starts_at__lt=now if until_now else today)
        for at, cell, requests in kept.values_list("starts_at", "cell", "requests").iterator():
            counts[(at, cell)] += requests
    if until_now:
        counts += own_requests(region, today, now)
    if not counts:
        return None
    zone, last = ZoneInfo(region.time_zone), today.date() - timedelta(days=0 if until_now else 1)
    history = _by_local_day(counts, resolution, zone, last)
    tomorrow = today.date() + timedelta(days=1)  # it is foreseen, too
    years = range(history.first.year, tomorrow.year + 1)
    history = replace(
        history,
        holidays=days_off(region.country, region.subdivision, years),
        weather=weather_of(region, history.first, tomorrow),
    )
    busy = history.busy(LEAST_A_DAY, history.days)
    return busy if busy.cells else None


def _by_local_day(counts: Counter[Place], resolution: int, zone: ZoneInfo, last: date) -> History:
    """Arrange counts by half hour of UTC as local days up to `last`, in cells of a resolution."""
    starts = {at: at.astimezone(zone) for at in {at for at, _ in counts}}
    names = {cell: h3.cell_to_parent(h3.int_to_str(cell), resolution) for cell in {cell for _, cell in counts}}
    cells = {name: row for row, name in enumerate(sorted(set(names.values())))}
    first = min(start.date() for start in starts.values())
    table = np.zeros((len(cells), (last - first).days + 1, HALF_HOURS))
    for (at, cell), requests in counts.items():
        local = starts[at]
        table[cells[names[cell]], (local.date() - first).days, local.hour * 2 + local.minute // 30] += requests
    return History(tuple(cells), first, table)


def into_half_hour(now: datetime) -> float:
    """Return the share of the present half hour that is over, more than 0."""
    return max((now - half_hour(now)) / HALF_HOUR, 1 / 1800)
