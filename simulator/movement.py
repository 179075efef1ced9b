"""Pure functions of movement in a city. Places are in WGS 84 degrees, distances in metres, times in seconds."""

from dataclasses import dataclass
from math import asin, cos, pi, radians, sin, sqrt
from random import Random

EARTH_RADIUS_M = 6_371_000.0
M_PER_DEGREE = EARTH_RADIUS_M * pi / 180
CITY_SPEED_M_PER_S = 20 / 3.6  # 20 km/h, door to door
STREET_FACTOR = 1.3  # driving distance divided by straight-line distance


@dataclass(frozen=True, slots=True)
class Place:
    """A place in WGS 84 degrees."""

    lat: float
    lng: float

    def as_json(self) -> dict[str, float]:
        """The place in the API's form, rounded to a ten-millionth of a degree (a centimetre)."""
        return {"lat": round(self.lat, 7), "lng": round(self.lng, 7)}


def distance_m(a: Place, b: Place) -> float:
    """The great-circle distance in metres, by the haversine formula."""
    u, v = sin(radians(b.lat - a.lat) / 2), sin(radians(b.lng - a.lng) / 2)
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(u * u + cos(radians(a.lat)) * cos(radians(b.lat)) * v * v)))


def drive_s(a: Place, b: Place, *, speed: float = 1.0) -> float:
    """Seconds to drive from `a` to `b` by street at `speed` times city speed."""
    return distance_m(a, b) * STREET_FACTOR / (CITY_SPEED_M_PER_S * speed)


def between(a: Place, b: Place, share: float) -> Place:
    """The place at `share` (0 to 1) of the way from `a` to `b`; linear in degrees, which is accurate within a city."""
    share = min(1.0, max(0.0, share))
    return Place(a.lat + (b.lat - a.lat) * share, a.lng + (b.lng - a.lng) * share)


def near(centre: Place, radius_m: float, rng: Random) -> Place:
    """Draw a place within `radius_m` of `centre`, uniform over the disc."""
    distance, angle = radius_m * sqrt(rng.random()), 2 * pi * rng.random()
    north, east = distance * cos(angle), distance * sin(angle)
    return Place(
        centre.lat + north / M_PER_DEGREE,
        centre.lng + east / (M_PER_DEGREE * max(0.01, cos(radians(centre.lat)))),
    )


@dataclass(frozen=True, slots=True)
class Leg:
    """A movement from `start` to `end` that begins at `since` (seconds on any clock) and takes `takes_s` seconds."""

    start: Place
    end: Place
    since: float
    takes_s: float

    @classmethod
    def standing(cls, place: Place) -> "Leg":
        """A leg that stays at one place."""
        return cls(place, place, 0.0, 0.0)

    @property
    def until(self) -> float:
        """The end of the leg, on the same clock as `since`."""
        return self.since + self.takes_s

    def at(self, now: float) -> Place:
        """The place reached at `now`."""
        if self.takes_s <= 0 or now >= self.until:
            return self.end
        return between(self.start, self.end, (now - self.since) / self.takes_s)
