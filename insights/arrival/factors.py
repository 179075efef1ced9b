"""Factors on the constants' travel times, by distance and local hour: pure numpy, no database.

The logarithm of a ride's time over the constants' is a sum of three parts: the region's own, one by distance (linear
between `KNOTS_M`, on a logarithmic scale) and one by hour on working days or weekends (linear between the full hours).
Their weights have the least sum of absolute deviations, which makes the estimate a median (found by reweighted least
squares: E. J. Schlossmacher, JASA 68, 1973), with a quadratic penalty that holds each part at zero as if `PRIOR` rides
had said so: an hour with few rides has the factor of the region.

The spread around the median is cross-conformal, by distance (V. Vovk, "Cross-conformal predictors", 2015): the
quantiles of what rides took over the estimate of a fit that their stretch of time was kept out of, so that the days'
own luck with weather and traffic is in it.
"""

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from insights.arrival.rides import Floats, Rides
from regions.geometry import S_PER_M

KNOTS_M = (250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
HOURS = 24
PRIOR = (10.0, 8.0, 8.0)  # rides that say 0, for the region, each knot and each hour
LEAST_RIDES = 100  # fewer teach nothing: the constants hold
ROUNDS = 12
LEAST_DEVIATION = 0.02  # of a logarithm: nearer than this, all deviations weigh the same
PARTS = 4  # stretches of time, each of which is kept out of one fit
BAND_EDGES_M = (700.0, 2000.0)  # the spread is taken from each of these bands, if it has enough rides
BAND_LEAST = 80
LEVELS = tuple(round(0.05 * step, 2) for step in range(1, 20))  # 5%, 10%, … 95%
MEDIAN, HIGH = LEVELS.index(0.5), LEVELS.index(0.9)


def _hats(values: Floats, knots: Floats) -> Floats:
    """Return the weight of each knot for each value, linear between two knots, constant beyond the ends."""
    return np.stack([np.interp(values, knots, row) for row in np.eye(knots.size)], axis=1)


def _columns(distance_m: Floats, hour: Floats, weekend: Any) -> Floats:
    """Return the design matrix: one, the knots of distance, the hours of working days, those of weekends."""
    by_distance = _hats(np.log(np.maximum(distance_m, 1.0)), np.log(np.array(KNOTS_M)))
    by_hour = _hats(hour, np.arange(HOURS + 1.0))
    by_hour[:, 0] += by_hour[:, HOURS]  # midnight is midnight
    by_hour = by_hour[:, :HOURS]
    off = np.asarray(weekend, dtype=float)[:, None]
    return np.hstack([np.ones((distance_m.size, 1)), by_distance, by_hour * (1 - off), by_hour * off])


_PENALTY = np.concatenate(
    [np.full(1, PRIOR[0]), np.full(len(KNOTS_M), PRIOR[1]), np.full(2 * HOURS, PRIOR[2])]
)  # of each weight


def fit(rides: Rides) -> Floats:
    """Return the weights of the columns whose sum is the median of the logarithm of a ride's factor."""
    columns = _columns(rides.distance_m, rides.hour, rides.weekend)
    said = np.log(rides.took_s / rides.constant_s)
    weights: Floats = np.zeros(columns.shape[1])
    trust = np.ones(said.size)
    for _ in range(ROUNDS):
        squares = columns.T @ (columns * trust[:, None]) + np.diag(_PENALTY)
        weights = np.asarray(np.linalg.solve(squares, columns.T @ (trust * said)), dtype=np.float64)
        deviation = np.maximum(np.abs(said - columns @ weights), LEAST_DEVIATION)
        trust = np.median(deviation) / deviation
    return weights


def medians(weights: Floats, distance_m: Floats, hour: Floats, weekend: Any) -> Floats:
    """Return the median seconds of rides."""
    factors: Floats = np.exp(_columns(distance_m, hour, weekend) @ weights)
    return distance_m * S_PER_M * factors


def spread(ratios: Floats) -> Floats:
    """Return the quantiles at `LEVELS` of the next of these ratios: the ⌈(n + 1) level⌉-th smallest of n."""
    ordered = np.sort(ratios)
    ranks = [min(ordered.size, ceil((ordered.size + 1) * level)) for level in LEVELS]
    return np.asarray(ordered[np.array(ranks) - 1], dtype=np.float64)


def band_of(distance_m: Floats) -> Any:
    """Return the number of the band of each distance."""
    return np.searchsorted(np.array(BAND_EDGES_M), distance_m, side="right")


@dataclass(frozen=True, slots=True)
class Factors:
    """The factors of a region, and the spread around them.

    Attributes:
        weights: of the columns, for the median.
        spreads: for each band of distance, the quantiles at `LEVELS` of a ride's time over its median.
    """

    weights: Floats
    spreads: Floats

    def quantiles_s(self, distance_m: float, hour: float, *, weekend: bool) -> Floats:
        """Return the seconds of a ride at `LEVELS`."""
        one = np.array([distance_m])
        own: Floats = self.spreads[band_of(one)[0]]
        return own * medians(self.weights, one, np.array([hour]), np.array([weekend]))

    def estimates_s(self, rides: Rides) -> tuple[Floats, Floats]:
        """Return the P50 and the P90 of rides, in seconds."""
        middle = medians(self.weights, rides.distance_m, rides.hour, rides.weekend)
        bands = band_of(rides.distance_m)
        return middle * self.spreads[bands, MEDIAN], middle * self.spreads[bands, HIGH]

    def as_json(self) -> dict[str, Any]:
        """Return it as stored."""
        return {"weights": self.weights.round(5).tolist(), "spreads": self.spreads.round(4).tolist()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Factors | None":
        """Read what is stored; None if another release, with other columns, has stored it."""
        weights, spreads = np.array(stored["weights"]), np.array(stored["spreads"])
        same = weights.shape == _PENALTY.shape and spreads.shape == (len(BAND_EDGES_M) + 1, len(LEVELS))
        return cls(weights, spreads) if same else None


def learn(rides: Rides) -> Factors:
    """Learn from rides, oldest first. Raises `ValueError` if there are fewer than `LEAST_RIDES`."""
    if len(rides) < LEAST_RIDES:
        raise ValueError(f"{len(rides)} rides are too few to learn from.")
    over = np.empty(len(rides))
    for part in np.array_split(np.arange(len(rides)), PARTS):
        tried = rides[part]
        others = np.ones(len(rides), dtype=bool)
        others[part] = False
        over[part] = tried.took_s / medians(fit(rides[others]), tried.distance_m, tried.hour, tried.weekend)
    bands, whole = band_of(rides.distance_m), spread(over)
    spreads = [
        spread(own) if (own := over[bands == band]).size >= BAND_LEAST else whole
        for band in range(len(BAND_EDGES_M) + 1)
    ]
    return Factors(fit(rides), np.array(spreads))
