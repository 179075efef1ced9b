"""Keeps what was forecast for a region's hours, to be shown beside what came."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from insights.forecast.features import Horizon
from insights.forecast.models import Forecast, ForeseenHour
from regions.models import Region

HOUR_MINUTES = 60


def keep(region: Region, made: Iterable[Forecast], *, now: datetime) -> None:
    """Keep the sums of the hours among these forecasts that have begun and are not kept yet.

    A day is forecast from the days before it, so it does not matter how long after its begin an hour is kept.
    """
    sums: dict[datetime, float] = defaultdict(float)
    version = 0
    for each in made:
        if each.horizon == Horizon.DAY and each.minutes == HOUR_MINUTES and each.starts_at <= now:
            sums[each.starts_at] += each.mean
            version = each.version
    rows = [ForeseenHour(region=region, starts_at=at, mean=mean, version=version) for at, mean in sums.items()]
    ForeseenHour.objects.bulk_create(rows, ignore_conflicts=True)
