"""How partners behave: pure, and the same for the same random numbers. Times in seconds."""

from dataclasses import dataclass
from enum import Enum
from math import exp, log
from random import Random

from simulator.movement import Place, drive_s

Range = tuple[float, float]


class Answer(Enum):
    """What a partner does with an offer."""

    ACCEPT = "accept"
    DECLINE = "decline"
    IGNORE = "ignore"  # lets it lapse


@dataclass(frozen=True, slots=True)
class Habits:
    """What is typical of a partner. Every time below is a simulated one; `speed` divides them all."""

    speed: float = 1.0
    decline: float = 0.1  # share of offers
    ignore: float = 0.02
    think_s: Range = (1.0, 4.0)
    arrival_s: Range | None = None  # the least and the most that a drive takes, whatever the distance
    service_median_s: float = 360.0
    service_sigma: float = 0.6  # of the logarithm
    service_s: Range = (30.0, 3600.0)  # bounds of it
    drift_m: float = 500.0  # how far an idle partner strays
    drift_pause_s: Range = (5.0, 40.0)
    position_every_s: float = 4.0  # seconds of the wall clock: positions grow stale by the server's clock

    def __post_init__(self) -> None:
        if self.speed <= 0:
            raise ValueError("speed must be above 0")
        if min(self.decline, self.ignore) < 0 or self.decline + self.ignore > 1:
            raise ValueError("decline and ignore are shares, together at most 1")

    def answer(self, rng: Random) -> Answer:
        """What becomes of an offer."""
        chance = rng.random()
        if chance < self.decline:
            return Answer.DECLINE
        return Answer.IGNORE if chance < self.decline + self.ignore else Answer.ACCEPT

    def thinking(self, rng: Random) -> float:
        """Wall seconds before an offer is answered."""
        return rng.uniform(*self.think_s) / self.speed

    def driving(self, here: Place, there: Place) -> float:
        """Wall seconds from here to there."""
        return bounded(drive_s(here, there), self.arrival_s) / self.speed

    def serving(self, rng: Random) -> float:
        """Wall seconds from arrival to the end of the session, lognormal."""
        return bounded(lognormal(self.service_median_s, self.service_sigma, rng), self.service_s) / self.speed

    def pausing(self, rng: Random) -> float:
        """Wall seconds that an idle partner stands before drifting on."""
        return rng.uniform(*self.drift_pause_s) / self.speed


# What a newcomer sees who tries the program out: arrival within 20 to 40 s, the end within another 40 to 90 s.
FRIENDLY = Habits(
    arrival_s=(20.0, 40.0), service_median_s=60.0, service_sigma=0.3, service_s=(40.0, 90.0), position_every_s=3.0
)
# What a working day is like.
LIFELIKE = Habits()


def lognormal(median: float, sigma: float, rng: Random) -> float:
    """A draw from the lognormal distribution with this median, and `sigma` of the logarithm."""
    return exp(rng.normalvariate(log(median), sigma))


def bounded(value: float, bounds: Range | None) -> float:
    """The value, moved into the bounds."""
    return value if bounds is None else min(bounds[1], max(bounds[0], value))


def backoff_s(failures: int, *, base_s: float, max_s: float, rng: Random) -> float:
    """How long to wait after this many failures in a row (1 or more): exponential, with full jitter.

    M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    """
    return rng.uniform(0, min(max_s, base_s * 2 ** min(failures, 16)))
