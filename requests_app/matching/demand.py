"""The demand around free partners: how many requests appear there, for each partner who could take them.

Pure functions of arrays, without Django. Where much is asked for, who waits is soon sent somewhere near, so the
matching policy sends them less far in a shortage (`policy.cap_s`).
"""

import numpy as np
from numpy.typing import NDArray

from regions.geometry import EARTH_RADIUS_M

RECENT_S = 1800.0  # demand is that of so many seconds
REACH_M = 700.0  # the standard deviation of the Gaussian by which a request or a partner counts less the farther it is
LEAST = 0.01  # requests an hour and km²: less is as good as none

Floats = NDArray[np.float64]


def around(x: Floats, y: Floats, asked_x: Floats, asked_y: Floats, *, seconds: float) -> Floats:
    """Return the demand around free partners, in requests an hour and km² for each free partner.

    Both densities are kernel estimates by the same Gaussian; a partner counts at least as themselves.

    Args:
        x, y: where the partners are, in metres, shape (n,).
        asked_x, asked_y: where requests were made in the last `seconds`, shape (m,).

    Returns: shape (n,), rounded to hundredths, at least `LEAST`; 0 where a place is not known (NaN).
    """
    asked = _near(x, y, asked_x, asked_y) / (2 * np.pi * (REACH_M / 1000) ** 2) * 3600 / seconds
    known = ~np.isnan(x)
    free = _near(x, y, x[known], y[known])
    shared = asked / np.maximum(free, 1.0)
    return np.where(known, np.maximum(LEAST, shared.round(2)), 0.0)


def _near(x: Floats, y: Floats, other_x: Floats, other_y: Floats) -> Floats:
    """Return how many of the others are near each place, weighted by the Gaussian, shape (n,)."""
    square = (x[:, None] - other_x) ** 2 + (y[:, None] - other_y) ** 2
    return np.asarray(np.exp(square / (-2 * REACH_M**2)).sum(axis=1))


def metres(lat: Floats, lng: Floats, *, middle_lat: float) -> tuple[Floats, Floats]:
    """Return places as metres east and north (equirectangular projection), for distances of a few kilometres."""
    return np.radians(lng) * EARTH_RADIUS_M * np.cos(np.radians(middle_lat)), np.radians(lat) * EARTH_RADIUS_M
