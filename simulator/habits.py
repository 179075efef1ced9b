"""How partners behave: pure functions of a random generator. Times are in seconds."""

from dataclasses import dataclass
from enum import Enum
from math import exp, log
from random import Random

from simulator.movement import Place, distance_m, drive_s

Range = tuple[float, float]


class Answer(Enum):
    """A partner's reaction to an offer."""

    ACCEPT = "accept"
    DECLINE = "decline"
    IGNORE = "ignore"  # lets it lapse


@dataclass(frozen=True, slots=True)
class Habits:
    """The parameters of a partner's behaviour. Times are simulated and divided by `speed`, unless noted otherwise."""

    speed: float = 1.0
    decline: float = 0.1  # share of offers
    ignore: float = 0.02
    think_s: Range = (1.0, 4.0)
    arrival_s: Range | None = None  # bounds of a drive
    top_speed_m_per_s: float = 40.0  # no drive is faster, whatever its bounds
    service_median_s: float = 360.0
    service_sigma: float = 0.6  # of the logarithm
    service_s: Range = (30.0, 3600.0)  # bounds of a session
    drift_m: float = 500.0  # radius within which an idle partner drifts
    drift_pause_s: Range = (5.0, 40.0)
    position_every_s: float = 4.0  # wall seconds, because the server's clock decides when a position is stale

    def __post_init__(self) -> None:
        if self.speed <= 0:
            raise ValueError("speed must be above 0")
        if min(self.decline, self.ignore) < 0 or self.decline + self.ignore > 1:
            raise ValueError("decline and ignore are shares, together at most 1")

    def answer(self, rng: Random) -> Answer:
        """Draw the reaction to an offer."""
        chance = rng.random()
        if chance < self.decline:
            return Answer.DECLINE
        return Answer.IGNORE if chance < self.decline + self.ignore else Answer.ACCEPT

    def thinking(self, rng: Random) -> float:
        """Wall seconds before an offer is answered."""
        return rng.uniform(*self.think_s) / self.speed

    def driving(self, here: Place, there: Place) -> float:
        """Wall seconds from here to there. A server holds back what is faster than `POSITION_SPEED_MAX_MPS`."""
        fastest_s = distance_m(here, there) / self.top_speed_m_per_s
        return max(fastest_s, bounded(drive_s(here, there), self.arrival_s)) / self.speed

    def serving(self, rng: Random) -> float:
        """Wall seconds from arrival to the end of the session, lognormal."""
        return bounded(lognormal(self.service_median_s, self.service_sigma, rng), self.service_s) / self.speed

    def pausing(self, rng: Random) -> float:
        """Wall seconds for which an idle partner stands before drifting on."""
        return rng.uniform(*self.drift_pause_s) / self.speed


# For trying the program out: partners arrive within 20 to 40 s and the session ends 40 to 90 s later.
FRIENDLY = Habits(
    arrival_s=(20.0, 40.0), service_median_s=60.0, service_sigma=0.3, service_s=(40.0, 90.0), position_every_s=3.0
)
# As on a working day.
LIFELIKE = Habits()


def lognormal(median: float, sigma: float, rng: Random) -> float:
    """A draw from the lognormal distribution with this median, and `sigma` of the logarithm."""
    return exp(rng.normalvariate(log(median), sigma))


def bounded(value: float, bounds: Range | None) -> float:
    """Clamp a value to the bounds, if any."""
    return value if bounds is None else min(bounds[1], max(bounds[0], value))


def backoff_s(failures: int, *, base_s: float, max_s: float, rng: Random) -> float:
    """The wait after `failures` (1 or more) in a row: exponential back-off with full jitter.

    M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    """
    return rng.uniform(0, min(max_s, base_s * 2 ** min(failures, 16)))
