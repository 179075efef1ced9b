"""Finds places where free partners should wait. Pure numpy and scipy, in metres on a plane, without Django.

Free partners are like facilities that may be closed: when a request comes, its nearest partner is still free with the
probability q, else the second nearest serves it with the probability q, and so on. The expected distance to the partner
who serves a request is made small (the reliability p-median: L. V. Snyder and M. S. Daskin, "Reliability models for
facility location: the expected failure cost case", Transportation Science 39, 2005). With q = 1 this is the p-median,
which spreads partners too thinly over places where many requests come.

Places are improved by the step of E. Weiszfeld (Tohoku Mathematical Journal 43, 1937): a partner moves to the mean of
the demand that they would serve, weighted by its share over its distance. The places found are then given out so that
the ways are shortest in all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]

SERVING = 12  # partners who may serve a request: the nearest
SMOOTH_M = 60.0  # distances below this count as this, so that no single place of demand holds a partner


@dataclass(frozen=True, slots=True)
class Demand:
    """Places where requests are expected: parallel arrays of shape (d,)."""

    x: Floats
    y: Floats
    weight: Floats  # of any scale


@dataclass(frozen=True, slots=True)
class Advising:
    """How advice is worked out."""

    crowd: float = 60.0  # free partners of whom each is still free with a probability of 1/2 when a request comes
    steps: int = 8  # how often the places are improved
    least_m: float = 100.0  # nobody is asked to move less than this,
    least_share: float = 0.4  # nor less than this share of the expected distance to a request

    def still_free(self, partners: int) -> float:
        """The probability that one of so many free partners is still free when a request comes near them."""
        return 1 / (1 + partners / self.crowd)


ADVISING = Advising()


def in_cells(x: Floats, y: Floats, weight: Floats, cell_m: float) -> Demand:
    """Sum demand of shape (n,) over square cells with sides of `cell_m`; each cell lies at its mean place."""
    keys = np.stack([np.floor(x / cell_m), np.floor(y / cell_m)])
    _, cell = np.unique(keys, axis=1, return_inverse=True)
    total = np.asarray(np.bincount(cell, weight), np.float64)
    return Demand(np.bincount(cell, weight * x) / total, np.bincount(cell, weight * y) / total, total)


@dataclass(frozen=True, slots=True)
class Serving:
    """The partners who serve each place of demand, nearest first: arrays of shape (d, k)."""

    partner: Numbers
    distance_m: Floats
    share: Floats  # the probability that this partner serves a request there


def serving(demand: Demand, x: Floats, y: Floats, still_free: float) -> Serving:
    """Find the nearest partners to each place of demand; partners are at `x` and `y`, of shape (p,)."""
    squares = (demand.x[:, None] - x) ** 2 + (demand.y[:, None] - y) ** 2
    few = min(SERVING, x.size)
    near = np.argpartition(squares, few - 1, axis=1)[:, :few]
    near = np.take_along_axis(near, np.argsort(np.take_along_axis(squares, near, 1), axis=1, kind="stable"), 1)
    share = still_free * (1 - still_free) ** np.arange(few)
    return Serving(near, np.sqrt(np.take_along_axis(squares, near, 1)), np.broadcast_to(share, near.shape))


def expected_m(demand: Demand, x: Floats, y: Floats, still_free: float) -> float:
    """The expected distance from a request to the partner who serves it, given that one of the nearest does."""
    found = serving(demand, x, y, still_free)
    distance_m = (found.distance_m * found.share).sum(1) / found.share.sum(1)
    return float(np.average(distance_m, weights=demand.weight))


def better_places(
    demand: Demand, x: Floats, y: Floats, movable: Flags, advising: Advising = ADVISING
) -> tuple[Floats, Floats]:
    """Improve the places of movable partners; all others stay.

    Args: `x`, `y`, `movable` of shape (p,): where each free partner is, or is going to; whether they may be moved.
    Returns: all places, of shape (p,).
    """
    x, y = x.copy(), y.copy()
    still_free = advising.still_free(x.size)
    for _ in range(advising.steps):
        found = serving(demand, x, y, still_free)
        pull = found.share * demand.weight[:, None] / np.maximum(found.distance_m, SMOOTH_M)
        who = found.partner.ravel()
        total = np.bincount(who, pull.ravel(), x.size)
        moves = movable & (total > 0)
        for place, at in ((x, demand.x), (y, demand.y)):
            pulled = np.bincount(who, (pull * at[:, None]).ravel(), x.size)
            place[moves] = pulled[moves] / total[moves]
    return x, y


def advise(
    demand: Demand, x: Floats, y: Floats, movable: Flags, advising: Advising = ADVISING
) -> tuple[Floats, Floats]:
    """Choose where each free partner should wait: at their own place if they should stay.

    Each place found is given to one partner only.

    Args: as of `better_places`. Returns: places, of shape (p,).
    """
    to_x, to_y = x.copy(), y.copy()
    who = np.flatnonzero(movable)
    if not who.size or not demand.x.size:
        return to_x, to_y
    found_x, found_y = better_places(demand, x, y, movable, advising)
    ways_m = np.hypot(x[who][:, None] - found_x[who], y[who][:, None] - found_y[who])
    row, column = linear_sum_assignment(ways_m)
    expected = expected_m(demand, found_x, found_y, advising.still_free(x.size))
    far = ways_m[row, column] >= max(advising.least_m, advising.least_share * expected)
    to_x[who[row[far]]], to_y[who[row[far]]] = found_x[who[column[far]]], found_y[who[column[far]]]
    return to_x, to_y
