"""Watches whether a region's forecast still fits, on the last days and by the version that was in force on each."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from insights.forecast.demand import midnight
from insights.forecast.drift import Missed, missed
from insights.forecast.features import FIRST_DAY, Horizon
from insights.forecast.history import History
from insights.forecast.models import ForecastModel
from insights.forecast.stored import fitted_model
from regions.models import Region

WATCHED_DAYS, LEAST_WATCHED_DAYS = 7, 3
VERSIONS_READ = 4 * WATCHED_DAYS


def error_ratio(region: Region, histories: Mapping[int, History], *, now: datetime) -> float | None:
    """Return the largest `Missed.ratio` of the region's models over the last days; None if that can't be said yet.

    A version in force on a day was trained on the days before it, so it has not seen what it is judged by.

    Args:
        region: Whose forecast.
        histories: Its demand until yesterday, by the minutes of a slot.
        now: The present.

    """
    today = midnight(region, now)
    versions = ForecastModel.objects.filter(region=region, trained_at__lt=today).order_by("-version")
    newest_first = list(versions[:VERSIONS_READ])
    ratios = [
        ratio
        for minutes, history in histories.items()
        for horizon in Horizon
        if (ratio := _ratio(newest_first, history, horizon, minutes, today)) is not None
    ]
    return max(ratios, default=None)


def _ratio(
    newest_first: Sequence[ForecastModel], history: History, horizon: Horizon, minutes: int, today: datetime
) -> float | None:
    found, days = Missed(), 0
    counts, recorded = history.slots(minutes), history.recorded
    for back in range(1, WATCHED_DAYS + 1):
        day, ended_at = history.days - back, today - timedelta(days=back - 1)
        in_force = next((version for version in newest_first if version.trained_at < ended_at), None)
        model = fitted_model(in_force, horizon, minutes)
        if model is None or day < FIRST_DAY or not recorded[day]:
            continue
        means = model.means(history.until(day + 1), np.array([day]))
        found, days = found + missed(counts[:, day], means[:, 0], model.dispersion), days + 1
    return found.ratio if days >= LEAST_WATCHED_DAYS else None
