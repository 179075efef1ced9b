"""How good what is learnt would have been: learnt from older rides, tried on newer ones. Pure numpy, no database."""

from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

import numpy as np

from insights.arrival import factors
from insights.arrival.rides import Floats, Rides

TRIED = 0.25  # the share of the rides, the newest, that it is tried on
LEAST_RIDES = ceil(factors.LEAST_RIDES / (1 - TRIED))  # so that the older ones are enough to learn from


@dataclass(frozen=True, slots=True)
class Backtest:
    """The outcome on rides that were not learnt from.

    Attributes:
        rides: how many it was tried on.
        mae_s: the mean absolute error of the P50, in seconds.
        constants_mae_s: that of the constants on the same rides.
        p90_covers: the share of rides that took no longer than their P90.
    """

    rides: int
    mae_s: float
    constants_mae_s: float
    p90_covers: float

    @property
    def is_better(self) -> bool:
        """Whether it is nearer than the constants."""
        return self.mae_s < self.constants_mae_s

    def as_json(self) -> dict[str, Any]:
        """Return it as stored."""
        return asdict(self)


def judge(rides: Rides, p50_s: Floats, p90_s: Floats) -> Backtest:
    """Compare estimates of rides with what they took."""
    return Backtest(
        rides=len(rides),
        mae_s=round(float(np.abs(p50_s - rides.took_s).mean()), 1),
        constants_mae_s=round(float(np.abs(rides.constant_s - rides.took_s).mean()), 1),
        p90_covers=round(float((rides.took_s <= p90_s).mean()), 4),
    )


def split(rides: Rides) -> tuple[Rides, Rides]:
    """Return the older rides, and the newer ones to try them on."""
    older = len(rides) - max(1, round(TRIED * len(rides)))
    return rides[:older], rides[older:]


def backtest(rides: Rides) -> Backtest:
    """Learn from the older rides and judge the newer ones. Raises `ValueError` if fewer than `LEAST_RIDES`."""
    older, newer = split(rides)
    return judge(newer, *factors.learn(older).estimates_s(newer))
