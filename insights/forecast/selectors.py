"""Reads of a region's forecast."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import h3
from django.db.models import Sum

from insights.forecast.features import Horizon
from insights.forecast.models import Forecast, Forecaster, ForecastModel
from regions.models import Region

VIEW_FORECAST = "insights.view_forecast"


@dataclass(frozen=True)
class CellForecast:
    """The requests to expect in a cell: its H3 index, its centre in degrees, mean, P10, P50 and P90."""

    cell: str
    lat: float
    lng: float
    mean: float
    p10: int
    p50: int
    p90: int


@dataclass(frozen=True)
class SlotForecast:
    """The requests to expect in the whole region from a moment on."""

    starts_at: datetime
    mean: float


@dataclass(frozen=True)
class RegionForecast:
    """The requests that a region is to expect, in slots of so many minutes.

    Attributes:
        region: Whose forecast.
        minutes: The length of a slot.
        horizon: `next` for the slot that begins now, `day` for one of today or tomorrow.
        starts_at: When the slot begins; None if it isn't foreseen.
        made_at: When it was foreseen.
        model: The newest version; None before the first.
        error_ratio: The forecast's error of the last week by what it expects; None if that is not known.
        cells: Of the slot, the busiest first.
        slots: All slots of today and tomorrow that are foreseen, in order.

    """

    region: Region
    minutes: int
    horizon: Horizon
    starts_at: datetime | None
    made_at: datetime | None
    model: ForecastModel | None
    error_ratio: float | None
    cells: Sequence[CellForecast]
    slots: Sequence[SlotForecast]


def forecast_of(region: Region, minutes: int, *, at: datetime | None) -> RegionForecast:
    """Return a region's forecast of the slot that contains a moment, or that begins now if the moment is None."""
    rows = Forecast.objects.filter(region=region, minutes=minutes)
    horizon = Horizon.NEXT if at is None else Horizon.DAY
    wanted = rows.filter(horizon=horizon)
    if at is not None:
        wanted = wanted.filter(starts_at__lte=at, starts_at__gt=at - timedelta(minutes=minutes))
    found = sorted(wanted, key=lambda row: (-row.mean, row.cell))
    totals = rows.filter(horizon=Horizon.DAY).order_by("starts_at").values_list("starts_at").annotate(Sum("mean"))
    return RegionForecast(
        region,
        minutes,
        horizon,
        found[0].starts_at if found else None,
        found[0].made_at if found else None,
        ForecastModel.objects.filter(region=region).order_by("-version").first(),
        Forecaster.objects.filter(pk=region.pk).values_list("error_ratio", flat=True).first(),
        [_cell(row) for row in found],
        [SlotForecast(starts_at, mean) for starts_at, mean in totals],
    )


def _cell(row: Forecast) -> CellForecast:
    name = h3.int_to_str(row.cell)
    lat, lng = h3.cell_to_latlng(name)
    return CellForecast(name, lat, lng, row.mean, row.p10, row.p50, row.p90)
