"""Trains each region's forecast at night, and forecasts anew every five minutes, in the background."""

import logging
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import Max

from core import clock
from core.jobs import DueRows
from insights.forecast.backtest import floor, historic_mean, score, walk, wape
from insights.forecast.demand import count_own, history_of_region, midnight
from insights.forecast.features import FIRST_DAY, Horizon
from insights.forecast.grids import GRIDS
from insights.forecast.history import History
from insights.forecast.model import LEAST_DAYS, fit
from insights.forecast.models import Forecaster, ForecastModel, Method
from insights.forecast.refreshing import refresh
from insights.forecast.stored import kept, name_of
from insights.forecast.watching import error_ratio
from regions.models import Region

log = logging.getLogger(__name__)

TRAINING = DueRows(Forecaster, "train_at", "train_forecast")
REFRESHING = DueRows(Forecaster, "refresh_at", "refresh_forecast")
TRAINED_AFTER_MIDNIGHT = timedelta(minutes=10)
REFRESH_EVERY = timedelta(minutes=5)
VERSIONS_KEPT = 90  # of a region: a quarter of a year
BACKTEST_DAYS = 14
BACKTEST_NEEDS_DAYS = BACKTEST_DAYS + LEAST_DAYS + FIRST_DAY


def sweep_forecasts(now: datetime) -> None:
    """Enqueue the regions to train for, or to forecast for; a region without jobs is given them."""
    without = Region.objects.filter(active=True).exclude(pk__in=Forecaster.objects.values("pk"))
    jobs = [Forecaster(region=region, train_at=now, refresh_at=now) for region in without]
    if jobs:
        Forecaster.objects.bulk_create(jobs, ignore_conflicts=True)
    TRAINING.enqueue_due(now)
    REFRESHING.enqueue_due(now)


def train_forecast(region_id: UUID) -> None:
    """Train a region's forecast as a new version. Safe to run twice: a lease keeps a second one from starting."""
    with TRAINING.leased(region_id) as mine:
        if not mine:
            return
        region, now = Region.objects.get(pk=region_id), clock.now()
        count_own(region, now=now)
        histories = {
            grid.minutes: history
            for grid in GRIDS
            if (history := history_of_region(region, grid.resolution, now=now, until_now=False)) is not None
        }
        Forecaster.objects.filter(pk=region.pk).update(error_ratio=error_ratio(region, histories, now=now))
        trained = _trained(histories)
        if trained:
            with transaction.atomic():
                newest = ForecastModel.objects.filter(region=region).aggregate(newest=Max("version"))["newest"]
                version = (newest or 0) + 1
                ForecastModel.objects.create(region=region, version=version, trained_at=now, **trained)
                ForecastModel.objects.filter(region=region, version__lte=version - VERSIONS_KEPT).delete()
            log.info("trained version %d for %s: %s", version, region.slug, trained["method"])
        TRAINING.postpone(region_id, midnight(region, now + timedelta(days=1)) + TRAINED_AFTER_MIDNIGHT)


def refresh_forecast(region_id: UUID) -> None:
    """Forecast a region's next slot and days anew. Safe to run twice: newer forecasts replace older ones."""
    with REFRESHING.leased(region_id) as mine:
        if mine:
            region, now = Region.objects.get(pk=region_id), clock.now()
            for grid in GRIDS:
                refresh(region, grid.resolution, grid.minutes, now=now)
            REFRESHING.postpone(region_id, now + REFRESH_EVERY)


def _trained(histories: Mapping[int, History]) -> dict[str, Any] | None:
    """Return the columns of a new version, given the history by the minutes of a slot; None without any."""
    days, fitted, tried = 0, {}, {}
    for minutes, history in histories.items():
        days = max(days, int(history.recorded.sum()))
        if days < LEAST_DAYS:
            continue
        for horizon in Horizon:
            model = fit(history, horizon, minutes)
            name = name_of(horizon, minutes)
            fitted[name] = kept(model)
            if history.days >= BACKTEST_NEEDS_DAYS:
                tried[name] = backtest(history, horizon, minutes)
    if not days:
        return None
    method = Method.LEARNED if fitted else Method.HISTORIC_MEAN
    return {"method": method, "days": days, "fitted": fitted, "backtest": tried}


def backtest(history: History, horizon: Horizon, minutes: int) -> dict[str, float]:
    """Score the forecast on the last days, trained on those before, beside the historic mean and the noise floor."""
    days = np.arange(history.days - BACKTEST_DAYS, history.days)
    days = days[history.recorded[days]]
    counts, found = history.slots(minutes)[:, days], walk(history, days, horizon, minutes)
    return {
        **asdict(score(counts, found)),
        "historic_mean_wape": wape(counts, historic_mean(history, days, minutes)),
        "floor_median_wape": floor(found.means).median_wape,
    }
