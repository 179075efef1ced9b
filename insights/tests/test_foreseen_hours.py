"""The forecast of an hour is kept once, when the hour has begun."""

from datetime import timedelta

import pytest

from insights.forecast.kept import keep
from insights.forecast.models import Forecast, ForeseenHour
from insights.tests.pages.scenes import NOW, hour
from regions.models import Region

pytestmark = pytest.mark.django_db


def forecast(
    region: Region, clock: int, cell: int, mean: float, *, minutes: int = 60, horizon: str = "day"
) -> Forecast:
    at = hour(clock)
    return Forecast(region=region, horizon=horizon, minutes=minutes, starts_at=at, cell=cell, mean=mean, version=3)


def test_the_sum_of_an_hour_that_has_begun(nyc: Region) -> None:
    made = [
        forecast(nyc, 12, 1, 2.0),
        forecast(nyc, 12, 2, 1.5),
        forecast(nyc, 12, 1, 9.0, minutes=30),
        forecast(nyc, 12, 3, 9.0, horizon="next"),
        forecast(nyc, 13, 1, 4.0),
    ]
    keep(nyc, made, now=NOW)
    keep(nyc, [forecast(nyc, 12, 1, 8.0), forecast(nyc, 13, 1, 4.0)], now=NOW + timedelta(minutes=50))
    assert list(ForeseenHour.objects.order_by("starts_at").values_list("starts_at", "mean", "version")) == [
        (hour(12), 3.5, 3)
    ]
    keep(nyc, [forecast(nyc, 13, 1, 4.0)], now=NOW + timedelta(minutes=60))
    assert ForeseenHour.objects.get(starts_at=hour(13)).mean == 4.0
