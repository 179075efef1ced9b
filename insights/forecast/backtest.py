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


def floor(rates: Floats) -> tuple[float, float]:
    """The expected WAPE, in %, of a forecaster who knows each Poisson rate: saying the rate, and saying the median.

    For whole k = floor(a): E|X - a| = a (2 F(k) - 1) + m (1 - 2 F(k - 1)), which for a Poisson count follows from
    E(X; X <= k) = m F(k - 1).
    """
    known = np.maximum(rates, LEAST_RATE)

    def error(said: Floats) -> float:
        upto, below = (stats.poisson.cdf(np.floor(said) - less, known) for less in (0, 1))
        return float(100 * (said * (2 * upto - 1) + known * (1 - 2 * below)).sum() / known.sum())

    return error(known), error(stats.poisson.ppf(MIDDLE, known))


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
