"""A forecast is watched: what it missed, against what its own spread leads to expect."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from core import clock
from insights.forecast.drift import Missed, missed
from insights.forecast.features import Horizon
from insights.forecast.history import HALF_HOURS, History
from insights.forecast.model import fit
from insights.forecast.models import Forecaster, ForecastModel, Method
from insights.forecast.services import train_forecast
from insights.forecast.spread import distribution, median_misses, quantiles
from insights.forecast.stored import kept, name_of
from insights.forecast.watching import error_ratio
from regions.models import Region

NOON = datetime(2026, 6, 10, 12, 7, tzinfo=ZoneInfo("America/New_York"))
YESTERDAY = NOON.date() - timedelta(days=1)
DAYS = 42


def city(last_week: float = 1.0, cells: int = 12, last: date = YESTERDAY) -> History:
    """Six weeks in cells of different size, with this share of what is usual in the last one."""
    rng = np.random.default_rng(5)
    rates = rng.uniform(0.2, 3.0, (cells, 1, 1)) * np.where(np.arange(HALF_HOURS) < 16, 0.2, 1.0)
    level = np.where(np.arange(DAYS) < DAYS - 7, 1.0, last_week)[None, :, None]
    counts = rng.poisson(rates * level).astype(float)
    return History(tuple(f"cell{n}" for n in range(cells)), last - timedelta(days=DAYS - 1), counts)


@pytest.mark.parametrize("d", [1e-4, 0.1, 0.8])
@pytest.mark.parametrize("mean", [0.05, 1.0, 7.3, 40.0])
def test_the_misses_to_expect_are_those_of_the_distribution(mean: float, d: float) -> None:
    means, counts = np.array([mean]), np.arange(2000.0)
    middle = quantiles(means, d)[1]
    expected = (np.abs(counts - middle) * distribution(means, d).pmf(counts)).sum()
    assert median_misses(means, d)[0] == pytest.approx(expected, rel=1e-6)


def test_a_forecast_that_is_right_has_one() -> None:
    means = np.random.default_rng(1).uniform(0.1, 5.0, (20, 168))
    assert missed(np.random.default_rng(2).poisson(means).astype(float), means, 1e-4).ratio == pytest.approx(
        1, abs=0.05
    )


@pytest.mark.parametrize("share", [0.4, 0.5, 2.0, 2.5])
def test_demand_that_halves_or_doubles_is_missed(share: float) -> None:
    means = np.random.default_rng(1).uniform(0.1, 5.0, (20, 168))
    ratio = missed(np.random.default_rng(2).poisson(means * share).astype(float), means, 1e-4).ratio
    assert ratio is not None
    assert ratio > 1.3


def test_of_few_requests_nothing_can_be_said() -> None:
    assert Missed().ratio is None
    assert Missed(came=150, expected=150, missed=150, to_be_missed=80).ratio is None
    assert (Missed(1, 150, 100, 80) + Missed(299, 150, 100, 80)).ratio == pytest.approx(200 / 160)


# ---------------------------------------------------------------- in the program


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with patch.object(clock, "now", return_value=NOON):
        yield


def trained(region: Region, history: History, ago: int, version: int = 1) -> None:
    """A version that was trained so many days ago, on the days before."""
    model = fit(history.until(history.days - ago), Horizon.DAY)
    fitted = {name_of(Horizon.DAY, 60): kept(model)}
    at = NOON - timedelta(days=ago)
    ForecastModel.objects.create(
        region=region, version=version, trained_at=at, method=Method.LEARNED, days=30, fitted=fitted
    )


@pytest.mark.django_db
@pytest.mark.parametrize(("last_week", "fits"), [(1.0, True), (0.4, False), (2.5, False)])
def test_the_last_days_are_judged_by_the_version_that_was_in_force(nyc: Region, last_week: float, fits: bool) -> None:
    history = city(last_week)
    trained(nyc, history, ago=8)
    ratio = error_ratio(nyc, {60: history}, now=NOON)
    assert ratio is not None
    assert (ratio < 1.3) == fits


@pytest.mark.django_db
def test_a_version_is_not_judged_by_what_it_has_seen(nyc: Region) -> None:
    """One of last night is in force from today on: the days before have had none."""
    history = city()
    trained(nyc, history, ago=0)
    assert error_ratio(nyc, {60: history}, now=NOON) is None
    ForecastModel.objects.all().delete()
    trained(nyc, history, ago=2)
    assert error_ratio(nyc, {60: history}, now=NOON) is None, "two days are too few"
    ForecastModel.objects.all().delete()
    trained(nyc, history, ago=3)
    assert error_ratio(nyc, {60: history}, now=NOON) == pytest.approx(1, abs=0.2)


@pytest.mark.django_db
def test_each_training_says_how_well_it_fits(nyc: Region) -> None:
    Forecaster.objects.create(region=nyc, train_at=NOON, error_ratio=5)
    with patch("insights.forecast.services.error_ratio", return_value=1.4):
        train_forecast(nyc.pk)
    assert Forecaster.objects.get().error_ratio == 1.4
    Forecaster.objects.update(train_at=NOON)
    train_forecast(nyc.pk)
    assert Forecaster.objects.get().error_ratio is None, "nothing is known of a region without a past"
