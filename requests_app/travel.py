"""Estimates of travel time. Pure, with no heavy imports."""

SPEED_M_PER_S = 20 / 3.6  # 20 km/h through a city
STREET_FACTOR = 1.3  # length through streets / straight-line distance
S_PER_M = STREET_FACTOR / SPEED_M_PER_S  # seconds of travel per metre of straight-line distance


def eta_s(distance_m: float) -> int:
    """Seconds to cover a straight-line distance in metres through streets."""
    return round(distance_m * S_PER_M)
