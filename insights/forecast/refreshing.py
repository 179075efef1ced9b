"""Forecasts a region's next slot, from now on, and the rest of its day and the day after."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import h3
import numpy as np
from django.db import transaction

from insights.forecast.demand import history_of_region, into_half_hour
from insights.forecast.features import USUAL, Horizon
from insights.forecast.history import Floats, History
from insights.forecast.importing import HALF_HOUR
from insights.forecast.kept import keep
from insights.forecast.models import Forecast, ForecastModel
from insights.forecast.profiles import mean_by
from insights.forecast.spread import quantiles
from insights.forecast.stored import fitted_model
from regions.models import Region

LEAST_MEAN = 0.005  # requests a slot; below it a forecast is no row
USUAL_DISPERSION = 0.05  # of the historic mean
ROWS_AT_ONCE = 2000


def refresh(region: Region, resolution: int, minutes: int, *, now: datetime) -> None:
    """Replace the region's forecasts in slots of this length by new ones."""
    history = history_of_region(region, resolution, now=now, until_now=True)
    newest = ForecastModel.objects.filter(region=region).order_by("-version").first()
    made = [] if history is None else _made(region, history, minutes, newest, now=now)
    with transaction.atomic():
        Forecast.objects.filter(region=region, minutes=minutes).delete()
        Forecast.objects.bulk_create(made, batch_size=ROWS_AT_ONCE)
        keep(region, made, now=now)


def _made(
    region: Region, history: History, minutes: int, newest: ForecastModel | None, *, now: datetime
) -> list[Forecast]:
    """Return the next slot, which begins now, and the slots of today and tomorrow that are not over."""
    local, today = now.astimezone(ZoneInfo(region.time_zone)), history.days - 1
    begun = timedelta(hours=local.hour, minutes=local.minute)
    slot, into = begun // timedelta(minutes=minutes), int(begun / timedelta(minutes=1)) % minutes
    stamp = {"region": region, "minutes": minutes, "version": newest.version if newest else 0, "made_at": now}
    means, strays = _foreseen(_as_if_over(history, begun, now).shifted(into), today, Horizon.NEXT, minutes, newest)
    present = now.replace(second=0, microsecond=0)
    made = _slot(history.cells, means[:, slot], strays, {**stamp, "horizon": Horizon.NEXT, "starts_at": present})
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    latest = now - timedelta(minutes=minutes)
    for past, day in ((history, today), (history.until(today).padded(2), today + 1)):
        means, strays = _foreseen(past, day, Horizon.DAY, minutes, newest)
        for at in range(means.shape[1]):
            starts_at = (midnight + timedelta(days=day - today, minutes=at * minutes)).astimezone(UTC)
            if starts_at > latest:  # an hour that the clock skips begins with the one after it
                latest = starts_at
                made += _slot(
                    past.cells, means[:, at], strays, {**stamp, "horizon": Horizon.DAY, "starts_at": starts_at}
                )
    return made


def _slot(cells: tuple[str, ...], means: Floats, strays: float, stamp: dict[str, Any]) -> list[Forecast]:
    """Return the forecasts of one slot; a cell that hardly expects anybody has none."""
    found = zip(cells, means.tolist(), *(bound.tolist() for bound in quantiles(means, strays)), strict=True)
    return [
        Forecast(cell=h3.str_to_int(cell), mean=mean, p10=int(low), p50=int(middle), p90=int(high), **stamp)
        for cell, mean, low, middle, high in found
        if mean >= LEAST_MEAN
    ]


def _foreseen(
    past: History, day: int, horizon: Horizon, minutes: int, newest: ForecastModel | None
) -> tuple[Floats, float]:
    """Return the means of a day, of shape (cells, slots), and their dispersion, by the historic mean if untrained."""
    model, days = fitted_model(newest, horizon, minutes), np.array([day])
    if model is None:
        return mean_by(USUAL, past.slots(minutes), past.kinds, days)[:, 0], USUAL_DISPERSION
    return model.means(past, days)[:, 0], model.dispersion


def _as_if_over(history: History, begun: timedelta, now: datetime) -> History:
    """Scale the present half hour up as if it went on as it began, so that a shift takes what has come of it."""
    counts = history.counts.copy()
    counts[:, -1, begun // HALF_HOUR] /= into_half_hour(now)
    return replace(history, counts=counts)
