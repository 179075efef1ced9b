"""The weather of days, from a file or a hook, as features of the forecast."""

import logging
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pytest_django import Settings

from insights.forecast.demand import history_of_region
from insights.forecast.features import Horizon
from insights.forecast.history import HALF_HOURS, History
from insights.forecast.importing import import_history
from insights.forecast.model import fit
from insights.forecast.models import ForecastModel, Method
from insights.forecast.stored import fitted_model, kept, name_of
from insights.forecast.weather import LEAST_KNOWN_DAYS, Weather, columns, known_figures, read_weather
from insights.forecast.weather_source import weather_of
from regions.models import Region

FIRST = date(2026, 4, 6)
NOW = datetime(2026, 6, 10, 12, 7, tzinfo=ZoneInfo("America/New_York"))
DAYS = [FIRST + timedelta(days=day) for day in range(90)]


def csv(*rows: str) -> list[str]:
    return ["day,rain_mm,high_c\n", *(f"{row}\n" for row in rows)]


# ---------------------------------------------------------------- the figures


def test_a_file_has_figures_by_day_and_gaps() -> None:
    found = read_weather(csv("2026-04-06,0.0,12.5", "2026-04-07,8.1,"))
    assert found.days == {FIRST: {"rain_mm": 0.0, "high_c": 12.5}, FIRST + timedelta(days=1): {"rain_mm": 8.1}}


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "lacks the column day"),
        (["date,rain_mm\n"], "lacks the column day"),
        (csv("2026-04-06,0,1", "yesterday,0,1"), "Line 3"),
        (csv("2026-04-06,wet,1"), "Line 2"),
        (csv("2026-04-06,nan,1"), "Line 2"),
    ],
)
def test_a_file_that_is_no_weather_says_why(lines: list[str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_weather(lines)


def test_a_figure_is_known_that_differs_on_enough_days() -> None:
    days = DAYS[:LEAST_KNOWN_DAYS]
    figures = {day: {"rain": float(n % 3), "same": 1.0, "rare": float(n)} for n, day in enumerate(days)}
    del figures[days[0]]["rare"]
    (known,) = known_figures(Weather(figures), days)
    assert known.name == "rain"
    assert known.mean == pytest.approx(27 / 28)


def test_a_figure_counts_by_its_distance_from_the_mean() -> None:
    days = DAYS[:LEAST_KNOWN_DAYS]
    weather = Weather({day: {"rain": float(n % 2)} for n, day in enumerate(days)} | {DAYS[40]: {"rain": 1e9}})
    (column,) = columns(weather, known_figures(weather, days), [days[0], days[1], DAYS[40], DAYS[41]])
    assert column.tolist() == [-1.0, 1.0, 3.0, 0.0]


# ---------------------------------------------------------------- the forecast


def rainy_city() -> History:
    """Three cells in which a rainy day brings half as many requests again; the last day is tomorrow."""
    rng = np.random.default_rng(3)
    wet = rng.random(len(DAYS)) < 0.3
    wet[-1] = True
    rates = np.array([4.0, 2.0, 1.0])[:, None, None] * np.where(wet, 1.5, 1.0)[None, :, None]
    counts = rng.poisson(np.broadcast_to(rates, (3, len(DAYS), HALF_HOURS))).astype(float)
    weather = Weather({day: {"rain_mm": float(rain) * 10} for day, rain in zip(DAYS, wet.tolist(), strict=True)})
    return History(("a", "b", "c"), FIRST, counts, weather=weather)


def test_a_model_learns_what_rain_brings() -> None:
    history, tomorrow = rainy_city(), np.array([len(DAYS) - 1])
    model = fit(history.until(len(DAYS) - 1), Horizon.DAY)
    wet = model.means(history, tomorrow)
    dry_days = dict(history.weather.days) | {DAYS[-1]: {"rain_mm": 0.0}}
    dry = model.means(History(history.cells, FIRST, history.counts, weather=Weather(dry_days)), tomorrow)
    assert (wet / dry).mean() == pytest.approx(1.5, rel=0.15)


def test_a_version_keeps_what_it_knows_of_the_weather() -> None:
    history, tomorrow = rainy_city(), np.array([len(DAYS) - 1])
    model = fit(history.until(len(DAYS) - 1), Horizon.DAY)
    version = ForecastModel(version=1, method=Method.LEARNED, fitted={name_of(Horizon.DAY, 60): kept(model)})
    again = fitted_model(version, Horizon.DAY, 60)
    assert again is not None
    assert again.weather == model.weather
    np.testing.assert_array_equal(again.means(history, tomorrow), model.means(history, tomorrow))


def test_a_version_from_before_knows_no_weather() -> None:
    history = rainy_city()
    model = fit(History(history.cells, FIRST, history.counts), Horizon.DAY)
    stored = kept(model)
    del stored["weather"]
    version = ForecastModel(version=1, method=Method.LEARNED, fitted={name_of(Horizon.DAY, 60): stored})
    again = fitted_model(version, Horizon.DAY, 60)
    assert again is not None
    assert again.means(history, np.array([80])).shape == (3, 1, 24)


# ---------------------------------------------------------------- where it comes from


def hook(slug: str, first: date, last: date) -> dict[date, dict[str, float]]:
    return {first: {"rain_mm": 1}, last: {"rain_mm": float(len(slug))}}


def failing(slug: str, first: date, last: date) -> dict[date, dict[str, float]]:
    raise LookupError("no sky over " + slug)


def endless(slug: str, first: date, last: date) -> dict[date, dict[str, float]]:
    return {first: {"rain_mm": float("inf")}}


def test_without_a_source_there_is_none() -> None:
    assert weather_of(Region(slug="nyc"), FIRST, DAYS[-1]) == Weather()


def test_a_file_for_each_region(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "nyc.csv").write_text("".join(csv("2026-04-06,8,12")))
    settings.WEATHER_FILE = str(tmp_path / "{region}.csv")
    assert weather_of(Region(slug="nyc"), FIRST, DAYS[-1]).days[FIRST]["rain_mm"] == 8
    assert weather_of(Region(slug="boston"), FIRST, DAYS[-1]) == Weather()


def test_a_hook_is_asked_for_the_days(settings: Settings) -> None:
    settings.WEATHER_HOOK = f"{__name__}.hook"
    assert weather_of(Region(slug="nyc"), FIRST, DAYS[-1]).days == {
        FIRST: {"rain_mm": 1.0},
        DAYS[-1]: {"rain_mm": 3.0},
    }


@pytest.mark.parametrize("name", [f"{__name__}.failing", f"{__name__}.endless", "nowhere.at.all"])
def test_a_source_that_fails_is_logged_and_gives_none(
    settings: Settings, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    settings.WEATHER_HOOK = name
    with caplog.at_level(logging.WARNING, logger="insights.forecast.weather_source"):
        assert weather_of(Region(slug="nyc"), FIRST, DAYS[-1]) == Weather()
    assert "the weather of nyc can't be read" in caplog.text


@pytest.mark.django_db
def test_a_history_has_the_weather_until_tomorrow(nyc: Region, settings: Settings) -> None:
    settings.WEATHER_HOOK = f"{__name__}.hook"
    import_history(nyc, ["t,lat,lng\n", "2026-06-01T12:00,40.7484,-73.9857\n"])
    found = history_of_region(nyc, 7, now=NOW, until_now=False)
    assert found is not None
    assert found.weather.days == {date(2026, 6, 1): {"rain_mm": 1.0}, date(2026, 6, 11): {"rain_mm": 3.0}}
