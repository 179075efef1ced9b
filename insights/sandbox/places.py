"""Places of partners: distances to many, and the place that fits the distances from which one was seen. Pure."""

from collections.abc import Sequence
from math import cos, pi, radians

import numpy as np
from numpy.typing import NDArray

from regions.geometry import EARTH_RADIUS_M

Floats = NDArray[np.float64]
Place = tuple[float, float]  # lat, lng

M_PER_DEGREE = EARTH_RADIUS_M * pi / 180
PRIOR_M = 2000.0  # how far a partner is supposed to be from where they were last seen
SEEN_M = 30.0  # how far a partner who waits moves between two distances
STEPS = 20
STARTS = 8  # directions from which the best place is looked for


def distances_m(lat: Floats, lng: Floats, to_lat: Floats, to_lng: Floats) -> Floats:
    """Return great-circle distances in metres, by the haversine formula of `regions.geometry.distance_m`.

    The arguments are degrees, of shapes that broadcast together.
    """
    lat, lng, to_lat, to_lng = np.radians(lat), np.radians(lng), np.radians(to_lat), np.radians(to_lng)
    u, v = np.sin((to_lat - lat) / 2), np.sin((to_lng - lng) / 2)
    found: Floats = (
        2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1.0, np.sqrt(u * u + np.cos(lat) * np.cos(to_lat) * v * v)))
    )
    return found


def located(seen: Sequence[tuple[float, float, float]], last: Place | None) -> Place | None:
    """Return the place that fits best the distances from which a partner was seen; None if nothing is known.

    It has the least sum of squares of the distances' errors in `SEEN_M` and of the way from the last known place in
    `PRIOR_M`, found by Gauss and Newton's method from several starts (J. Dennis, R. Schnabel, "Numerical Methods for
    Unconstrained Optimization and Nonlinear Equations", section 10.2).

    Args:
        seen: lat, lng and the distance in metres of places near which the partner was.
        last: where they were last known to be.
    """
    if not seen:
        return last
    centre = last or (seen[0][0], seen[0][1])
    east_m = M_PER_DEGREE * max(0.01, cos(radians(centre[0])))
    lat, lng, distance = np.array(seen, np.float64).T
    x, y = (lng - centre[1]) * east_m, (lat - centre[0]) * M_PER_DEGREE
    weight = 0.0 if last is None else SEEN_M / PRIOR_M
    if last is not None and np.all(np.abs(np.hypot(x, y) - distance) <= SEEN_M):
        return last
    best_x, best_y = _least(x, y, distance, weight)
    return centre[0] + best_y / M_PER_DEGREE, centre[1] + best_x / east_m


def _least(x: Floats, y: Floats, distance: Floats, weight: float) -> tuple[float, float]:
    """Return the place of the least sum of squares, in metres from the last known place."""
    nearest = int(np.argmin(distance))
    angle = np.arange(STARTS) * 2 * pi / STARTS
    at_x = x[nearest] + distance[nearest] * np.cos(angle)
    at_y = y[nearest] + distance[nearest] * np.sin(angle)
    for _ in range(STEPS):
        dx, dy = at_x[:, None] - x, at_y[:, None] - y
        far = np.maximum(np.hypot(dx, dy), 1e-6)
        error, jx, jy = far - distance, dx / far, dy / far
        a, b, c = (jx * jx).sum(1) + weight**2, (jx * jy).sum(1), (jy * jy).sum(1) + weight**2
        gx, gy = (jx * error).sum(1) + weight**2 * at_x, (jy * error).sum(1) + weight**2 * at_y
        a, c = a + 1e-3, c + 1e-3  # one distance alone leaves a direction open
        determinant = a * c - b * b
        at_x, at_y = at_x - (c * gx - b * gy) / determinant, at_y - (a * gy - b * gx) / determinant
    far = np.hypot(at_x[:, None] - x, at_y[:, None] - y)
    cost = ((far - distance) ** 2).sum(1) + weight**2 * (at_x**2 + at_y**2)
    best = int(np.argmin(cost))
    return float(at_x[best]), float(at_y[best])
