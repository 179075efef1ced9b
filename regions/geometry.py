"""Distances, the time to cover them, and boundaries: pure functions in WGS 84 degrees."""

from collections.abc import Sequence
from math import asin, ceil, cos, degrees, floor, radians, sin, sqrt

EARTH_RADIUS_M = 6_372_797.560856  # the value that Redis and Valkey use, so that both agree
SPEED_M_PER_S = 20 / 3.6  # 20 km/h through a city
STREET_FACTOR = 1.3  # length through streets / straight-line distance
S_PER_M = STREET_FACTOR / SPEED_M_PER_S  # seconds of travel per metre of straight-line distance

Ring = Sequence[Sequence[float]]  # [[lng, lat], …] as in GeoJSON (RFC 7946), closed or not


def distance_m(lat1: float, lng1: float, lat2: float, lng2: float) -> float:
    """The great-circle distance in metres, by the haversine formula (R. W. Sinnott, 1984)."""
    u = sin((radians(lat2) - radians(lat1)) / 2)
    v = sin((radians(lng2) - radians(lng1)) / 2)
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(u * u + cos(radians(lat1)) * cos(radians(lat2)) * v * v)))


def eta_s(distance_m: float) -> int:
    """Seconds to cover a straight-line distance in metres through streets."""
    return round(distance_m * S_PER_M)


def ring_contains(ring: Ring, lat: float, lng: float) -> bool:
    """Whether a ring contains a point, by ray casting (M. Shimrat, "Algorithm 112", CACM 1962)."""
    inside = False
    previous_lng, previous_lat = ring[-1][0], ring[-1][1]
    for here in ring:
        here_lng, here_lat = here[0], here[1]
        if (here_lat > lat) != (previous_lat > lat):
            crossing = (previous_lng - here_lng) * (lat - here_lat) / (previous_lat - here_lat) + here_lng
            if lng < crossing:
                inside = not inside
        previous_lng, previous_lat = here_lng, here_lat
    return inside


def polygon_contains(polygon: Sequence[Ring], lat: float, lng: float) -> bool:
    """Whether a GeoJSON polygon (its outer ring, then its holes) contains a point."""
    if not ring_contains(polygon[0], lat, lng):
        return False
    return len(polygon) == 1 or not any(ring_contains(hole, lat, lng) for hole in polygon[1:])


# ---------------------------------------------------------------- places that are known roughly

CELL_M = 250.0
WITHIN_M = ceil(CELL_M / sqrt(2))  # how far a place may be from the middle of its cell


def middle_of_cell(lat: float, lng: float, *, side_m: float = CELL_M) -> tuple[float, float]:
    """Return the middle of the cell of a place in a fixed grid, as latitude and longitude."""
    height = degrees(side_m / EARTH_RADIUS_M)
    middle_lat = min(90.0, max(-90.0, (floor(lat / height) + 0.5) * height))
    width = height / max(0.001, cos(radians(middle_lat)))
    return middle_lat, min(180.0, max(-180.0, (floor(lng / width) + 0.5) * width))
