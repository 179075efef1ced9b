"""A plane in metres around a place, for distances within a city. Pure."""

from dataclasses import dataclass
from math import cos, radians

import numpy as np
from numpy.typing import NDArray

from regions.geometry import EARTH_RADIUS_M

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plane:
    """An equirectangular projection: x to the east and y to the north of a place, in metres."""

    lat: float
    lng: float

    @property
    def _m_per_degree(self) -> tuple[float, float]:
        north = radians(1) * EARTH_RADIUS_M
        return north * cos(radians(self.lat)), north

    def at(self, lat: Floats, lng: Floats) -> tuple[Floats, Floats]:
        """Project places in degrees, of shape (n,)."""
        east, north = self._m_per_degree
        return (lng - self.lng) * east, (lat - self.lat) * north

    def degrees(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return latitudes and longitudes of places in metres, of shape (n,)."""
        east, north = self._m_per_degree
        return y / north + self.lat, x / east + self.lng
