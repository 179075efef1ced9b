"""Plans advice: which free partners should wait in which cell. Pure: reads no database.

`places` says where partners should wait; here that becomes advice that may be given: one for each cell, to those who
have rested since their last, no farther in an hour than is bearable, and inside the region.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from uuid import UUID

import numpy as np

from insights.positioning.cells import WITHIN_M, cell_at, middle_of
from insights.positioning.places import ADVISING, Advising, Demand, Flags, Floats, advise
from insights.positioning.plane import Plane
from regions.geometry import distance_m

REST = timedelta(minutes=15)  # from the end of one advice to the next of the same partner
WAY_MAX_M = 1900  # asked of one partner in an hour, in a straight line: 2.5 km through streets
LEAST_REQUESTS = 1.0  # expected in the region; for fewer nobody is sent anywhere
AT_ONCE = 600  # partners who may be moved in one round: finding the shortest ways grows with the third power
NEVER = datetime.min.replace(tzinfo=UTC)
TURN_S = 60


@dataclass(frozen=True, slots=True)
class Expected:
    """Expected requests of the next half hour: parallel arrays of shape (d,), in degrees."""

    lat: Floats
    lng: Floats
    mean: Floats

    @property
    def worth_moving_for(self) -> bool:
        """Whether so many are expected that anybody should move."""
        return float(self.mean.sum()) >= LEAST_REQUESTS


@dataclass(frozen=True, slots=True)
class Free:
    """A free partner: where they are, and the advice that they have had in the last hour."""

    partner: UUID
    lat: float
    lng: float
    going: int | None = None  # the cell of their open advice
    ended_at: datetime | None = None  # the end of their last one
    way_m: int = 0  # of all that they did not ignore

    def may_move(self, now: datetime) -> bool:
        """Whether they may be given advice."""
        rested = self.ended_at is None or self.ended_at <= now - REST
        return self.going is None and rested and self.way_m + WITHIN_M < WAY_MAX_M

    def turn(self, now: datetime) -> tuple[datetime, bytes]:
        """Sort those first whose last advice is the longest ago; among equals chance decides, anew each minute."""
        round = int(now.timestamp()) // TURN_S
        return self.ended_at or NEVER, blake2b(self.partner.bytes + round.to_bytes(8), digest_size=8).digest()


@dataclass(frozen=True, slots=True)
class Move:
    """Advice to a partner: a cell, and how far its middle is, in a straight line."""

    partner: UUID
    cell: int
    distance_m: int


def plan(
    expected: Expected,
    free: Sequence[Free],
    *,
    taken: Collection[int],
    serves: Callable[[float, float], bool],
    now: datetime,
    advising: Advising = ADVISING,
) -> list[Move]:
    """Plan advice to those who may move. Partners on the way count where they go.

    Args:
        taken: cells that somebody has been sent to.
        serves: whether the region contains a latitude and longitude.
    """
    if not free or not expected.mean.size or not expected.worth_moving_for:
        return []
    plane = Plane(float(np.mean(expected.lat)), float(np.mean(expected.lng)))
    standing = [(one.lat, one.lng) if one.going is None else middle_of(one.going) for one in free]
    x, y = plane.at(np.array([lat for lat, _ in standing]), np.array([lng for _, lng in standing]))
    demand = Demand(*plane.at(expected.lat, expected.lng), expected.mean)
    to_x, to_y = advise(demand, x, y, _movable(free, now), advising)
    found = np.flatnonzero((to_x != x) | (to_y != y))
    lat, lng = plane.degrees(to_x[found], to_y[found])
    moves = [
        (free[number], cell_at(*place))
        for number, *place in zip(found.tolist(), lat.tolist(), lng.tolist(), strict=True)
    ]
    return _one_a_cell([_bearable(one, cell) for one, cell in moves if serves(*middle_of(cell))], taken)


def _movable(free: Sequence[Free], now: datetime) -> Flags:
    """Return who may move, of shape (p,): at most `AT_ONCE`, those first whose turn it is."""
    turns = sorted((one.turn(now), number) for number, one in enumerate(free) if one.may_move(now))
    movable = np.zeros(len(free), bool)
    movable[[number for _, number in turns[:AT_ONCE]]] = True
    return movable


def _bearable(one: Free, cell: int) -> tuple[int, Move] | None:
    """Return a move, and the metres asked before; None if it is too near to be one, or too far in this hour."""
    way_m = round(distance_m(one.lat, one.lng, *middle_of(cell)))
    if way_m <= WITHIN_M or one.way_m + way_m > WAY_MAX_M:
        return None
    return one.way_m, Move(one.partner, cell, way_m)


def _one_a_cell(moves: Sequence[tuple[int, Move] | None], taken: Collection[int]) -> list[Move]:
    """Of two moves to one cell, keep that of whom less was asked, then the shorter one."""
    chosen: dict[int, Move] = {}
    for _, move in sorted((move for move in moves if move), key=lambda move: (move[0], move[1].distance_m)):
        if move.cell not in taken:
            chosen.setdefault(move.cell, move)
    return list(chosen.values())
