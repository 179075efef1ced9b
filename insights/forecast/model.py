"""The forecast itself: a Poisson regression on `features`, whose counts stray as in `spread`.

log(mean) is linear in the features and in their products with the first. The coefficients minimise the Poisson deviance
plus a ridge toward the mean that is usual for the slot, found by Newton's method (iteratively reweighted least squares:
McCullagh and Nelder, "Generalized Linear Models", 1989, section 2.5).
"""

from dataclasses import dataclass

import numpy as np

from insights.forecast.features import FIRST_DAY, Horizon, Table, features
from insights.forecast.history import HALF_HOURS, Floats, History, Ints
from insights.forecast.spread import dispersion
from insights.forecast.weather import Figure, known_figures

LEAST_DAYS = 14  # below it there is only the historic mean
WARM_UP_DAYS = 14  # after FIRST_DAY, where the history is long enough
TRAINED_DAYS, LEAST_TRAINED_DAYS = 120, 28
ROWS_MAX = 500_000  # of cells and slots; many cells need fewer days
HALF_LIFE_DAYS = 90.0
SPREAD_DAYS = 42
RIDGE = 3.0
INTERCEPT_RIDGE = 1e-6  # solvable where nothing was ever requested
STEPS = 25
TOLERANCE = 1e-6
LOG_BOUND = 8.0  # e^8 requests a slot and cell
LEVELS = (-3.0, 4.0)  # the logarithms of what is usual between which cells differ in what they trust
ROWS_AT_ONCE = 100_000


@dataclass(frozen=True)
class Model:
    """A trained forecast: the coefficients of `design`'s columns, the relative variance of the rates, known weather."""

    horizon: Horizon
    minutes: int
    coefficients: Floats
    dispersion: float
    weather: tuple[Figure, ...] = ()

    def means(self, history: History, targets: Ints) -> Floats:
        """The expected requests of whole days, of shape (cells, targets, slots a day)."""
        return predict(features(history, targets, self.horizon, self.minutes, self.weather), self.coefficients)


def design(rows: Table) -> Floats:
    """The columns that are weighed, of shape (n, 2 * features): 1, the features, and all but the first times the first.

    So a busy cell may trust other numbers than a sparse one.
    """
    own = np.clip(rows[:, :1], *LEVELS)
    return np.column_stack([np.ones(len(rows)), rows, rows[:, 1:] * own]).astype(np.float64)


def predict(table: Table, coefficients: Floats) -> Floats:
    """The means that the coefficients give to a table of features, of its shape without the last axis."""
    rows = table.reshape(-1, table.shape[-1])
    parts = [design(rows[at : at + ROWS_AT_ONCE]) @ coefficients for at in range(0, len(rows), ROWS_AT_ONCE)]
    logs = np.concatenate(parts).reshape(table.shape[:-1])
    return np.asarray(np.exp(np.clip(logs, -LOG_BOUND, LOG_BOUND)))


def poisson_regression(rows: Table, counts: Floats, weights: Floats) -> Floats:
    """The coefficients of `design`, of shape (2 * features,).

    Args:
        rows: Of shape (n, features); the first feature is the logarithm of what is usual.
        counts: Of shape (n,).
        weights: How much each row counts, of shape (n,).

    """
    size = 2 * rows.shape[1]
    usual = np.zeros(size)
    usual[1] = 1.0
    ridge = np.eye(size) * RIDGE
    ridge[0, 0] = INTERCEPT_RIDGE
    found = usual.copy()
    for _ in range(STEPS):
        slope, bend = -ridge @ (found - usual), ridge.copy()
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            columns = design(rows[part])
            means = np.exp(np.clip(columns @ found, -LOG_BOUND, LOG_BOUND))
            slope += columns.T @ (weights[part] * (counts[part] - means))
            bend += (columns * (weights[part] * means)[:, None]).T @ columns
        step = np.linalg.solve(bend, slope)
        found += step
        if np.abs(step).max() < TOLERANCE:
            break
    return found


def fit(history: History, horizon: Horizon, minutes: int = 60) -> Model:
    """Train on the history's days, all of which must be over.

    Raises:
        ValueError: The history is shorter than `LEAST_DAYS`.

    """
    if history.days < LEAST_DAYS:
        raise ValueError(f"{history.days} days of history; a model needs {LEAST_DAYS}")
    enough = ROWS_MAX // max(len(history.cells) * HALF_HOURS * 30 // minutes, 1)
    trained = min(max(enough, LEAST_TRAINED_DAYS), TRAINED_DAYS)
    start = max(min(FIRST_DAY + WARM_UP_DAYS, history.days - LEAST_DAYS // 2), history.days - trained)
    targets = np.flatnonzero(history.recorded)
    targets = targets[targets >= start]
    weather = known_figures(history.weather, history.dates(targets))
    table = features(history, targets, horizon, minutes, weather)
    counts = history.slots(minutes)[:, targets]
    weights = np.broadcast_to(0.5 ** ((history.days - targets) / HALF_LIFE_DAYS)[None, :, None], counts.shape)
    found = poisson_regression(table.reshape(-1, table.shape[-1]), counts.ravel(), weights.ravel())
    late = slice(max(targets.size - SPREAD_DAYS, 0), None)
    strays = dispersion(counts[:, late], predict(table[:, late], found))
    return Model(horizon, minutes, found, strays, weather)
