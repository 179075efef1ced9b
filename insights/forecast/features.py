"""Turns the past before a slot into numbers that a log-linear model can weigh.

The first is the logarithm of what the slot usually brings; the others are logarithms of ratios: between other kernels'
means and this one, and between what lately came and what was expected, in the cell and in the whole city.
"""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from insights.forecast.history import Floats, History, Ints
from insights.forecast.profiles import WEEK, Kernel, level, mean_by
from insights.forecast.weather import Figure
from insights.forecast.weather import columns as weather_columns

Table = NDArray[np.float32]


class Horizon(StrEnum):
    """How far ahead a forecast looks: to the next slot, from all before it; or to a whole day, from its midnight."""

    NEXT = "next"
    DAY = "day"


USUAL = Kernel(21, 0.1, 0.05, 0.01, 0.3)
OTHERS = (
    Kernel(10, 0.1, 0.05, 0.01, 0.3),
    Kernel(60, 0.1, 0.05, 0.01, 0.3),
    Kernel(10, 0.6, 0.2, 0.05, 0.3),
    Kernel(40, 0.6, 0.2, 0.05, 0.15),
    Kernel(28, 0.1, 0.05, 0.01, 0.0),
)
CITY, CITY_LATELY = Kernel(21, 0.1, 0.05, 0.01, 0.15), Kernel(7, 0.6, 0.2, 0.05, 0.15)
LATELY_DAYS, LONG_DAYS = 5.0, 28.0  # half-lives of a cell's level
LEAST = 0.02  # requests a slot, added before each logarithm
# Hours that came against what was expected of them, and how many requests pull the ratio to 1.
CELL_WINDOWS = ((24, 3.0), (168, 5.0))
CITY_WINDOWS = ((3, 5.0), (24, 5.0), (72, 5.0), (168, 5.0))
CELL_JUST_NOW = ((1, 2.0), (3, 3.0), (6, 3.0))
CITY_JUST_NOW = ((1, 5.0),)
CELL_HALF_HOUR, CITY_HALF_HOUR = 1.0, 5.0
FIRST_DAY = WEEK  # before it nothing is usual yet


def ratios(came: Floats, expected: Floats, ends: Ints, length: int, pull: float) -> Floats:
    """log((came + pull) / (expected + pull)) over the `length` slots before each of `ends`.

    Args:
        came: Of shape (cells, slots), slots one after the other over all days.
        expected: Of the same shape.
        ends: Indices of slots, which do not count themselves.
        length: In slots; cut at the first one.
        pull: In requests.

    """
    starts = np.maximum(ends - length, 0)

    def over(values: Floats) -> Floats:
        sums = np.pad(np.cumsum(values, 1), ((0, 0), (1, 0)))
        return np.asarray(sums[:, ends] - sums[:, starts] + pull)

    return np.asarray(np.log(over(came) / over(expected)))


def features(
    history: History, targets: Ints, horizon: Horizon, minutes: int = 60, weather: Sequence[Figure] = ()
) -> Table:
    """The table of shape (cells, targets, slots a day, features) for whole days.

    A feature of a slot is made of earlier slots only (`Horizon.NEXT`), or of earlier days only (`Horizon.DAY`).

    Args:
        history: Counts up to what is known; what lies after a slot has no influence on it.
        targets: Indices of days in ascending order, from `FIRST_DAY` on.
        horizon: What may be looked at.
        minutes: The length of a slot.
        weather: The figures of a day's weather that are features, too, after all others.

    """
    counts, kinds = history.slots(minutes), history.kinds
    days = np.arange(max(int(targets[0]) - WEEK - 1, FIRST_DAY), int(targets[-1]) + 1)
    city = counts.sum(0, keepdims=True) / len(history.cells)
    usual = mean_by(USUAL, counts, kinds, days)
    usual[:, ~history.recorded[days] & (days < targets[0])] = 0.0  # neither came nor expected: no ratio
    wanted = np.searchsorted(days, targets)

    def logs(values: Floats) -> Floats:
        return np.log(values + LEAST)

    lately, long = (level(counts, targets, half_life)[:, :, None] for half_life in (LATELY_DAYS, LONG_DAYS))
    own = logs(usual[:, wanted])
    city_usual = logs(mean_by(CITY, city, kinds, targets))
    columns = [own, *(logs(mean_by(kernel, counts, kinds, targets)) - own for kernel in OTHERS)]
    columns += [city_usual - logs(mean_by(CITY_LATELY, city, kinds, targets)), logs(lately) - logs(long)]
    columns += [logs(long) - city_usual]
    columns += recent(counts[:, days], usual, wanted, horizon, minutes)
    if horizon is Horizon.NEXT:
        halves = history.counts[:, days].reshape(len(history.cells), days.size, -1, minutes // 30)[..., -1]
        columns += last_half_hour(halves, usual * 30 / minutes, wanted)
    off, weekend = history.off[targets], kinds[targets] >= WEEK - 2
    columns += [flag.astype(float)[None, :, None] for flag in (off, weekend)]
    columns += [values[None, :, None] for values in weather_columns(history.weather, weather, history.dates(targets))]
    table = np.empty((*own.shape, len(columns)), np.float32)
    for place, column in enumerate(columns):
        table[..., place] = column
    return table


def slots_of(targets: Ints, slots: int) -> Ints:
    """The indices of the slots of some days, of shape (targets * slots,)."""
    return (targets[:, None] * slots + np.arange(slots)[None, :]).ravel()


def recent(came: Floats, expected: Floats, targets: Ints, horizon: Horizon, minutes: int) -> list[Floats]:
    """The ratios of what came to what was expected before each slot of some of the days."""
    cells, _, slots = came.shape
    at = slots_of(targets, slots)
    ends = at if horizon is Horizon.NEXT else at // slots * slots
    of_cells = CELL_WINDOWS + (CELL_JUST_NOW if horizon is Horizon.NEXT else ())
    of_city = CITY_WINDOWS + (CITY_JUST_NOW if horizon is Horizon.NEXT else ())
    in_cells = came.reshape(cells, -1), expected.reshape(cells, -1)
    in_city = tuple(values.sum(0, keepdims=True) for values in in_cells)
    found = [ratios(*in_cells, ends, hours * 60 // minutes, pull) for hours, pull in of_cells]
    found += [ratios(in_city[0], in_city[1], ends, hours * 60 // minutes, pull) for hours, pull in of_city]
    return [values.reshape(-1, targets.size, slots) for values in found]


def last_half_hour(came: Floats, expected: Floats, targets: Ints) -> list[Floats]:
    """The ratios over the half hour before each slot, given the last half hour of each slot and what it usually is."""
    cells, _, slots = came.shape
    at = slots_of(targets, slots)
    came, expected = came.reshape(cells, -1), expected.reshape(cells, -1)
    found = [ratios(came, expected, at, 1, CELL_HALF_HOUR)]
    found += [ratios(came.sum(0, keepdims=True), expected.sum(0, keepdims=True), at, 1, CITY_HALF_HOUR)]
    return [values.reshape(-1, targets.size, slots) for values in found]
