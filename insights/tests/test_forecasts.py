"""A region's forecast: trained from its past, stored as a version, forecast anew in the background."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from unittest.mock import patch
from zoneinfo import ZoneInfo

import h3
import numpy as np
import pytest

from accounts.models import User
from core import clock
from insights.forecast.demand import count_own, history_of_region
from insights.forecast.features import Horizon
from insights.forecast.history import HALF_HOURS, History
from insights.forecast.importing import import_history
from insights.forecast.models import Forecast, Forecaster, ForecastModel, Method, OwnDemand
from insights.forecast.services import refresh_forecast, sweep_forecasts, train_forecast
from regions.models import Region
from tests.cast import submit

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("America/New_York")
NOON = datetime(2026, 6, 10, 12, 7, tzinfo=ZONE)
BUSY, QUIET = (40.7608, -73.9733), (40.7231, -74.0018)


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with patch.object(clock, "now", return_value=NOON):
        yield


def past(region: Region, days: int, now: datetime = NOON) -> None:
    """Import so many days up to yesterday: a busy cell, four times as busy from noon on, and a calm one."""
    rng = np.random.default_rng(11)
    lines = ["t,lat,lng"]
    first = (now - timedelta(days=days)).replace(hour=0, minute=0, tzinfo=None)
    for hour in range(24 * days):
        for (lat, lng), rate in ((BUSY, 8.0 if hour % 24 >= 12 else 2.0), (QUIET, 0.4)):
            minutes = rng.integers(0, 60, rng.poisson(rate)).tolist()
            lines += [f"{first + timedelta(hours=hour, minutes=at):%Y-%m-%dT%H:%M},{lat},{lng}" for at in minutes]
    import_history(region, lines)


def forecasts(horizon: Horizon, minutes: int = 60) -> list[Forecast]:
    return list(Forecast.objects.filter(horizon=horizon, minutes=minutes).order_by("starts_at", "cell"))


def cell(place: tuple[float, float], resolution: int = 7) -> int:
    return h3.str_to_int(h3.latlng_to_cell(*place, resolution))


@pytest.fixture
def jobs(nyc: Region) -> Region:
    Forecaster.objects.create(region=nyc, train_at=NOON, refresh_at=NOON)
    return nyc


def test_the_sweep_gives_a_region_its_jobs_and_starts_them(nyc: Region) -> None:
    with patch("core.jobs.enqueue", return_value=True) as enqueue:
        sweep_forecasts(NOON)
        sweep_forecasts(NOON)
    assert [call.args[0] for call in enqueue.call_args_list] == ["train_forecast", "refresh_forecast"]


def test_a_past_becomes_a_version_with_its_backtest(jobs: Region) -> None:
    past(jobs, 40)
    train_forecast(jobs.pk)
    kept = ForecastModel.objects.get()
    assert (kept.version, kept.method, kept.days) == (1, Method.LEARNED, 40)
    assert set(kept.fitted) == set(kept.backtest) == {"60.next", "60.day", "30.next", "30.day"}
    scored = kept.backtest["60.day"]
    assert scored["median_wape"] < scored["historic_mean_wape"]
    assert scored["median_wape"] < 1.2 * scored["floor_median_wape"]
    assert Forecaster.objects.get().train_at == datetime(2026, 6, 11, 0, 10, tzinfo=ZONE)


def test_a_version_more_each_time_but_none_twice(jobs: Region) -> None:
    past(jobs, 20)
    train_forecast(jobs.pk)
    train_forecast(jobs.pk)
    assert ForecastModel.objects.count() == 1
    Forecaster.objects.update(train_at=NOON)
    train_forecast(jobs.pk)
    assert list(ForecastModel.objects.values_list("version", flat=True).order_by("version")) == [1, 2]


def test_old_versions_go(jobs: Region, boston: Region) -> None:
    past(jobs, 10)
    for region, version in ((jobs, 1), (jobs, 2), (jobs, 90), (boston, 1)):
        ForecastModel.objects.create(
            region=region,
            version=version,
            trained_at=NOON - timedelta(days=91 - version),
            method=Method.LEARNED,
            days=20,
        )
    train_forecast(jobs.pk)
    left = ForecastModel.objects.order_by("region__slug", "version").values_list("region__slug", "version")
    assert list(left) == [("boston", 1), ("nyc", 2), ("nyc", 90), ("nyc", 91)]


def test_a_short_past_is_foreseen_by_its_mean_and_says_so(jobs: Region) -> None:
    past(jobs, 10)
    train_forecast(jobs.pk)
    kept = ForecastModel.objects.get()
    assert (kept.method, kept.days, kept.fitted) == (Method.HISTORIC_MEAN, 10, {})
    refresh_forecast(jobs.pk)
    evening = [row.mean for row in forecasts(Horizon.DAY) if row.cell == cell(BUSY)]
    assert 6 < evening[0] < 10


def test_without_a_past_nothing_is_foreseen(jobs: Region) -> None:
    train_forecast(jobs.pk)
    refresh_forecast(jobs.pk)
    assert ForecastModel.objects.count() == Forecast.objects.count() == 0


def test_the_next_hour_begins_now_and_the_days_end_tomorrow(jobs: Region) -> None:
    past(jobs, 30)
    train_forecast(jobs.pk)
    refresh_forecast(jobs.pk)
    hour = [row for row in forecasts(Horizon.NEXT) if row.cell == cell(BUSY)]
    assert [row.starts_at for row in hour] == [NOON]
    days = [row for row in forecasts(Horizon.DAY) if row.cell == cell(BUSY)]
    assert len(days) == 12 + 24
    assert days[0].starts_at == NOON.replace(minute=0)
    assert days[-1].starts_at == datetime(2026, 6, 11, 23, tzinfo=ZONE)
    assert {later.starts_at - sooner.starts_at for sooner, later in pairwise(days)} == {timedelta(hours=1)}
    tomorrow = {row.starts_at.astimezone(ZONE).hour: row.mean for row in days[12:]}
    assert 1 < tomorrow[9] < 4 < 6 < tomorrow[15] < 10
    halves = [row for row in forecasts(Horizon.NEXT, 30) if row.cell == cell(BUSY, 8)]
    assert [row.starts_at for row in halves] == [NOON]
    assert {row.version for row in hour} == {1}


def test_newer_forecasts_replace_older_ones(jobs: Region) -> None:
    past(jobs, 20)
    for _ in range(2):
        Forecaster.objects.update(refresh_at=NOON)
        refresh_forecast(jobs.pk)
    assert Forecast.objects.count() == len(set(Forecast.objects.values_list("horizon", "minutes", "starts_at", "cell")))
    assert Forecaster.objects.get().refresh_at == NOON + timedelta(minutes=5)


@pytest.mark.parametrize("month", [3, 11], ids=["an hour skipped", "an hour twice"])
def test_the_days_when_the_clock_changes(jobs: Region, month: int) -> None:
    changed = datetime(2026, month, 8 if month == 3 else 1, 12, 7, tzinfo=ZONE)
    past(jobs, 20, changed)
    for now in (changed.replace(hour=0), changed, changed - timedelta(days=1)):
        with patch.object(clock, "now", return_value=now.astimezone(UTC)):
            Forecaster.objects.update(train_at=now, refresh_at=now)
            train_forecast(jobs.pk)
            refresh_forecast(jobs.pk)
        hour = [row for row in forecasts(Horizon.NEXT) if row.cell == cell(BUSY)]
        assert [row.starts_at for row in hour] == [now]
        assert (hour[0].mean > 4) is (now.hour >= 12)
        days = [row.starts_at for row in forecasts(Horizon.DAY) if row.cell == cell(BUSY)]
        assert len(set(days)) == len(days)
        assert days[0] <= now < days[0] + timedelta(hours=1)


# ---------------------------------------------------------------- own requests


def test_own_requests_are_counted_when_their_day_is_over(jobs: Region, user: User) -> None:
    asked = submit(user, at=BUSY)
    count_own(jobs, now=asked.created_at)
    assert OwnDemand.objects.count() == 0
    for _ in range(2):
        Forecaster.objects.update(counted_until=None)
        count_own(jobs, now=asked.created_at + timedelta(days=1))
        assert [(row.cell, row.requests) for row in OwnDemand.objects.all()] == [(cell(BUSY, 8), 1)]
    found = history_of_region(jobs, 7, now=asked.created_at + timedelta(days=1), until_now=False)
    assert found is not None
    assert (found.cells, found.days, found.counts.sum()) == ((h3.int_to_str(cell(BUSY)),), 1, 1)


def test_requests_of_the_present_day_are_read_until_now(jobs: Region, user: User) -> None:
    asked = submit(user, at=BUSY)
    later = asked.created_at + timedelta(seconds=1)
    assert history_of_region(jobs, 7, now=later, until_now=False) is None
    found = history_of_region(jobs, 7, now=later, until_now=True)
    assert found is not None
    local = asked.created_at.astimezone(ZONE)
    assert [tuple(at) for at in np.argwhere(found.counts)] == [(0, 0, local.hour * 2 + local.minute // 30)]


def test_holidays_of_the_region_are_known_until_tomorrow(nyc: Region) -> None:
    new_year = datetime(2026, 12, 31, 12, tzinfo=ZONE)
    past(nyc, 10, new_year)
    for country, off in (("", []), ("US", [date(2026, 12, 25), date(2027, 1, 1)])):
        nyc.country = country
        found = history_of_region(nyc, 7, now=new_year, until_now=True)
        assert found is not None
        tomorrow = found.padded(1)
        assert [found.first + timedelta(days=int(day)) for day in np.flatnonzero(tomorrow.off)] == off


# ---------------------------------------------------------------- a day that begins now


def test_half_hours_are_divided_where_a_day_begins_between() -> None:
    counts = np.arange(1.0, 2 * HALF_HOURS + 1).reshape(1, 2, HALF_HOURS)
    moved = History(("a",), NOON.date(), counts).shifted(40).counts.reshape(-1)
    assert moved[0] == pytest.approx(2 * 2 / 3 + 3 / 3)
    assert moved[HALF_HOURS - 1] == pytest.approx(49 * 2 / 3 + 50 / 3)
    assert moved[-1] == 0
    assert History(("a",), NOON.date(), counts).shifted(0).counts.reshape(-1).tolist() == counts.reshape(-1).tolist()
