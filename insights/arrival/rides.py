"""Rides from which arrival times are learnt, as columns: pure numpy, no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from regions.geometry import S_PER_M

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

NEAREST_M = 150.0  # a partner within 100 m has arrived, and the place of an offer may be a little old
FASTEST_M_PER_S = 120 / 3.6  # along the straight line
LONGEST_S = 3 * 3600.0


class LeftOut(StrEnum):
    """Why nothing is learnt from a ride."""

    NEVER_ARRIVED = "never_arrived"  # called off on the way, or started by the PIN alone: how long is not known
    DISPUTED = "disputed"  # the user said that nobody was there
    TOO_NEAR = "too_near"  # the partner was there already
    TOO_FAST = "too_fast"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Rides:
    """Rides, oldest first. All columns have the same length.

    Attributes:
        distance_m: along the straight line, from the partner to the user, when it was offered.
        hour: the local time of day of the acceptance, in hours from 0 to 24.
        weekend: whether it was a Saturday or a Sunday there.
        took_s: seconds from the acceptance to the arrival.
    """

    distance_m: Floats
    hour: Floats
    weekend: Flags
    took_s: Floats

    @classmethod
    def of(cls, rows: Sequence[tuple[float, float, bool, float]]) -> "Rides":
        """Make the columns of rows (distance, hour, weekend, seconds)."""
        table = np.array(rows, dtype=float).reshape(len(rows), 4)
        return cls(table[:, 0], table[:, 1], table[:, 2] > 0, table[:, 3])

    def __len__(self) -> int:
        return self.took_s.size

    def __getitem__(self, chosen: Any) -> "Rides":
        """Some of the rides, by a slice or a mask."""
        return Rides(self.distance_m[chosen], self.hour[chosen], self.weekend[chosen], self.took_s[chosen])

    @property
    def constant_s(self) -> Floats:
        """The seconds that the constants give each ride."""
        return self.distance_m * S_PER_M


def why_left_out(distance_m: float, took_s: float | None, *, disputed: bool) -> LeftOut | None:
    """Return why nothing is learnt from a ride; None if something is. `took_s` is None if nobody arrived."""
    if disputed:
        return LeftOut.DISPUTED
    if took_s is None:
        return LeftOut.NEVER_ARRIVED
    if distance_m < NEAREST_M:
        return LeftOut.TOO_NEAR
    if took_s <= 0 or distance_m / took_s > FASTEST_M_PER_S:
        return LeftOut.TOO_FAST
    return LeftOut.TOO_LONG if took_s > LONGEST_S else None
