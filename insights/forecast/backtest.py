"""How good a forecast was on days it hadn't seen: walked forward through time, scored, and set beside simple ones."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from insights.forecast.features import Horizon
from insights.forecast.history import Floats, History, Ints
from insights.forecast.model import fit
from insights.forecast.profiles import WEEK
from insights.forecast.spread import HIGH, MIDDLE, inside, quantiles

REFIT_DAYS = 7
LEAST_RATE = 1e-6  # requests a slot


@dataclass(frozen=True)
class Walk:
    """Forecasts of shape (cells, days, slots) for consecutive days, and each day's dispersion, of shape (days,)."""

    means: Floats
    dispersions: Floats


@dataclass(frozen=True)
class Score:
    """How good forecasts were.

    Attributes:
        mean_wape: The weighted absolute percentage error of the means: sum|y - m| / sum(y), in %.
        median_wape: The same of the P50s.
        pinball: The mean pinball loss of the P90s, in requests a cell and slot.
        covers: The share of the counts' probability between P10 and P90, in % (`spread.inside`).
        covers_whole: The share of the counts from P10 to P90, both included, in %.

    """

    mean_wape: float
    median_wape: float
    pinball: float
    covers: float
    covers_whole: float


def walk(history: History, days: Ints, horizon: Horizon, minutes: int = 60) -> Walk:
    """Forecast consecutive days by models that are trained anew every week on the days before."""
    means, dispersions = [], []
    for start in range(0, days.size, REFIT_DAYS):
        week = days[start : start + REFIT_DAYS]
        model = fit(history.until(int(week[0])), horizon, minutes)
        means.append(model.means(history.until(int(week[-1]) + 1), week))
        dispersions.append(np.full(week.size, model.dispersion))
    return Walk(np.concatenate(means, 1), np.concatenate(dispersions))


def wape(counts: Floats, forecast: Floats) -> float:
    """The weighted absolute percentage error: sum|y - f| / sum(y), in %."""
    return float(100 * np.abs(counts - forecast).sum() / counts.sum())


def pinball(counts: Floats, forecast: Floats, p: float) -> float:
    """The mean pinball loss of a forecast of the quantile p, in requests (Koenker and Bassett 1978)."""
    missed = counts - forecast
    return float(np.maximum(p * missed, (p - 1) * missed).mean())


def score(counts: Floats, found: Walk) -> Score:
    """Set a walk's forecasts beside what came."""
    strays = found.dispersions[None, :, None]
    low, middle, high = quantiles(found.means, strays)
    return Score(
        wape(counts, found.means),
        wape(counts, middle),
        pinball(counts, high, HIGH),
        float(100 * inside(counts, found.means, strays).mean()),
        float(100 * ((counts >= low) & (counts <= high)).mean()),
    )


@dataclass(frozen=True)
class Floor:
    """The noise floor: what a forecaster misses by who knows each Poisson rate.

    Attributes:
        mean_wape: The WAPE to expect, in %, with the rate as the forecast.
        median_wape: The same with the median.
        pinball: The pinball loss of the P90, in requests a cell and slot.

    """

    mean_wape: float
    median_wape: float
    pinball: float


def floor(rates: Floats) -> Floor:
    """The noise floor of cells and slots with these rates.

    E(X; X <= k) = m F(k - 1) for a Poisson count with mean m and distribution function F. So, with k = floor(a), counts
    fall short of a by s = E(a - X; X <= a) = a F(k) - m F(k - 1), E|X - a| = m - a + 2 s, and the pinball loss of a is
    p (m - a) + s.
    """
    known = np.maximum(rates, LEAST_RATE)

    def short(said: Floats) -> Floats:
        upto, below = (stats.poisson.cdf(np.floor(said) - less, known) for less in (0, 1))
        return np.asarray(said * upto - known * below)

    def error(said: Floats) -> float:
        return float(100 * (known - said + 2 * short(said)).sum() / known.sum())

    high = stats.poisson.ppf(HIGH, known)
    loss = float((HIGH * (known - high) + short(high)).mean())
    return Floor(error(known), error(stats.poisson.ppf(MIDDLE, known)), loss)


def naive(history: History, days: Ints, minutes: int = 60) -> Floats:
    """Each slot as the one before it."""
    counts = history.slots(minutes)
    flat = np.pad(counts.reshape(len(counts), -1), ((0, 0), (1, 0)))[:, :-1]
    return flat.reshape(counts.shape)[:, days]


def seasonal_naive(history: History, days: Ints, minutes: int = 60) -> Floats:
    """Each slot as a week before."""
    return history.slots(minutes)[:, days - WEEK]


def historic_mean(history: History, days: Ints, minutes: int = 60) -> Floats:
    """Each slot as the mean of the same slot on the same weekday, over all recorded days before; 0 without one."""
    counts, recorded = history.slots(minutes), history.recorded
    means = np.zeros((len(counts), days.size, counts.shape[2]))
    for place, day in enumerate(days.tolist()):
        past = np.arange(day % WEEK, day, WEEK)
        past = past[recorded[past]]
        if past.size:
            means[:, place] = counts[:, past].mean(1)
    return means
