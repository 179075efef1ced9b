"""The weather of days as features of the forecast: any figures that are known of a day, such as millimetres of rain."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]
DAY = "day"
LEAST_KNOWN_DAYS = 28  # of those trained on; of fewer, a figure would be learnt by chance
BOUND = 3.0  # standard deviations


@dataclass(frozen=True)
class Weather:
    """Figures of local days, each by its name; a day or a figure that is missing is not known."""

    days: Mapping[date, Mapping[str, float]] = field(default_factory=dict)

    def values(self, name: str, days: Sequence[date]) -> Column:
        """A figure of each day, of shape (days,); NaN where it is not known."""
        return np.array([self.days.get(day, {}).get(name, np.nan) for day in days], float)


class Figure(NamedTuple):
    """A figure that a model knows, with its mean and standard deviation over the days that it was trained on."""

    name: str
    mean: float
    deviation: float


def known_figures(weather: Weather, days: Sequence[date]) -> tuple[Figure, ...]:
    """The figures that differ between these days and are known of enough of them, by name."""
    names = sorted({name for day in days for name in weather.days.get(day, ())})
    found = []
    for name in names:
        values = weather.values(name, days)
        values = values[np.isfinite(values)]
        if values.size >= LEAST_KNOWN_DAYS and values.std() > 0:
            found.append(Figure(name, float(values.mean()), float(values.std())))
    return tuple(found)


def columns(weather: Weather, figures: Sequence[Figure], days: Sequence[date]) -> list[Column]:
    """For each figure, by how many standard deviations each day is off its mean, of shape (days,); 0 if not known."""
    off = [(weather.values(name, days) - mean) / deviation for name, mean, deviation in figures]
    return [np.nan_to_num(np.clip(values, -BOUND, BOUND)) for values in off]


def read_weather(lines: Iterable[str]) -> Weather:
    """Read a CSV with the column day (ISO 8601, local) and a column for each figure. An empty cell is not known.

    Raises:
        ValueError: The column is missing, or a line can't be read.

    """
    rows = csv.DictReader(lines)
    names = [name for name in rows.fieldnames or () if name != DAY]
    if DAY not in (rows.fieldnames or ()):
        raise ValueError(f"The file lacks the column {DAY}.")
    days: dict[date, Mapping[str, float]] = {}
    for row in rows:
        try:
            days[date.fromisoformat(row[DAY])] = {name: finite(row[name]) for name in names if row[name]}
        except (TypeError, ValueError, csv.Error) as error:
            raise ValueError(f"Line {rows.line_num} of the file can't be read: {error}") from error
    return Weather(days)


def finite(value: str | float) -> float:
    """Return a finite number. Raises `TypeError` or `ValueError` for anything else."""
    number = float(value)
    if not isfinite(number):
        raise ValueError(f"{value} is no finite number")
    return number
