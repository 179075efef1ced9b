"""A simulated city of 40 by 40 km: two thirds of all places are in forty hot spots, the others anywhere."""

import random
from collections.abc import Iterator
from uuid import UUID

Place = tuple[float, float]  # (lat, lng)
CENTRE: Place = (40.75, -73.98)
HALF_LAT, HALF_LNG = 0.18, 0.24
HOT_SPOTS, IN_HOT_SPOTS = 40, 2 / 3
SPOT_DEGREES = (0.004, 0.02)  # the standard deviation of a hot spot


class City:
    """Draws places and partners, the same for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        layout = random.Random(2026)
        self._spots = [
            (CENTRE[0] + layout.gauss(0, 0.05), CENTRE[1] + layout.gauss(0, 0.06), layout.uniform(*SPOT_DEGREES))
            for _ in range(HOT_SPOTS)
        ]
        self._random = random.Random(seed)

    def place(self) -> Place:
        """Draw one place."""
        draw = self._random
        if draw.random() >= IN_HOT_SPOTS:
            return CENTRE[0] + draw.uniform(-HALF_LAT, HALF_LAT), CENTRE[1] + draw.uniform(-HALF_LNG, HALF_LNG)
        lat, lng, spread = draw.choice(self._spots)
        return lat + draw.gauss(0, spread), lng + draw.gauss(0, spread)

    def places(self, count: int) -> list[Place]:
        """Draw `count` places."""
        return [self.place() for _ in range(count)]

    def partners(self, count: int) -> Iterator[tuple[UUID, Place]]:
        """Draw `count` partners, each with a place."""
        return ((UUID(int=self._random.getrandbits(128)), self.place()) for _ in range(count))
