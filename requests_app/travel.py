"""How long a way takes, pure and light."""

SPEED_M_PER_S = 20 / 3.6  # 20 km/h through a city
STREET_FACTOR = 1.3  # streets against the crow's flight
S_PER_M = STREET_FACTOR / SPEED_M_PER_S  # seconds for a metre as the crow flies


def eta_s(distance_m: float) -> int:
    """Seconds to cover a straight-line distance in metres through streets."""
    return round(distance_m * S_PER_M)
