"""Who is offered what: pure, without Django. Arrays in, assignment out, the same for equal input.

One waiting request gets its nearest free partner at once. Where several contend, they are matched together at the
least total cost, which is travel time less an age credit (`assignment.py`). In a rush, when far more
partners are at work than free, a pickup cap keeps partners from being sent across town while the next request nearby
goes without: the strongest single lever. `docs/benchmarks.md` has what each part brings.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from requests_app.matching.assignment import cheapest
from requests_app.travel import S_PER_M, eta_s

__all__ = [
    "RULES",
    "Pair",
    "Pairs",
    "Rules",
    "assign",
    "cap_matters",
    "cap_s",
    "decide",
    "eta_s",
    "rush_size",
    "uncapped_m",
]

RECENT_S = 600.0  # requests younger than this tell how busy a region is
RUSH_REQUESTS = 5  # fewer than this are no rush, however few partners are free
RUSH_BUSY = 10  # nor is it one with fewer partners at work,
RUSH_BUSY_FOR_A_FREE = 2  # or with no more than this many for each free one


class Sortable(Hashable, Protocol):
    """An id: hashable, and with an order, so that ties are settled the same way every time."""

    def __lt__(self, other: Any, /) -> bool: ...


R = TypeVar("R", bound=Sortable)
P = TypeVar("P", bound=Sortable)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the policy weighs. Times in seconds; travel is time through streets (`requests_app/travel.py`).

    In a rush of n requests a new one is sent nobody from further than `cap_s` · ∛(`cap_rush` / n), within the limits.
    Why the cube root: partners come free within r of a place at a rate that grows with n · r², so that the wait for
    one goes with 1 / (n · r²) while the way goes with r, and the two balance where r goes with n to the power −1/3.
    """

    cap_s: float = 600.0  # the most, for a rush of `cap_rush` requests or fewer
    cap_rush: float = 10.0
    cap_least_s: float = 180.0  # however great the rush
    cap_widens: float = 1.0  # seconds of travel that the cap gains for each second waited
    age_credit: float = 0.2  # each second waited counts as this many seconds of travel less
    hold_lone: bool = True  # in a rush the cap also holds for a request that happens to wait alone


RULES = Rules()


@dataclass(frozen=True, slots=True)
class Pairs:
    """Who could serve whom: parallel arrays of shape (n,), one entry a possible pair.

    `request` and `partner` are numbers that also settle ties (lower first); `distance_m` is a straight line;
    `waited_s` says how long the request has waited.
    """

    request: NDArray[np.int64]
    partner: NDArray[np.int64]
    distance_m: NDArray[np.float64]
    waited_s: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pair(Generic[R, P]):
    """One free partner who could serve one request."""

    request: R
    partner: P
    distance_m: float
    waited_s: float  # how long the request has waited


def rush_size(*, recent: int, free: int, busy: int) -> int:
    """The requests of the last `RECENT_S` seconds, matched or not, where partners are scarce; else 0.

    `free` and `busy` partners are those who could be asked now, and those who are asked or serve somebody.
    """
    scarce = busy >= RUSH_BUSY and busy > RUSH_BUSY_FOR_A_FREE * free
    return recent if scarce and recent >= RUSH_REQUESTS else 0


def cap_s(waited_s: NDArray[np.float64], *, rush: int, rules: Rules = RULES) -> NDArray[np.float64]:
    """The longest travel, in seconds, for requests that have waited so long; any shape."""
    new_s = max(rules.cap_least_s, rules.cap_s * min(1.0, (rules.cap_rush / max(rush, 1)) ** (1 / 3)))
    caps: NDArray[np.float64] = new_s + rules.cap_widens * waited_s
    return caps


def uncapped_m(*, rules: Rules = RULES) -> float:
    """The distance in metres up to which a lone request may have its nearest partner, whatever the rush."""
    return rules.cap_least_s / S_PER_M if rules.hold_lone else np.inf


def cap_matters(pairs: Sequence[Pair[R, P]], *, rules: Rules = RULES) -> bool:
    """Whether the answer can depend on the rush: some pair is beyond the least cap, and not behind a lone near one."""
    if len({pair.request for pair in pairs}) == 1:
        return rules.hold_lone and min(pair.distance_m for pair in pairs) * S_PER_M > rules.cap_least_s
    return any(pair.distance_m * S_PER_M > rules.cap_least_s for pair in pairs)


def decide(pairs: Pairs, *, rush: int, rules: Rules = RULES) -> NDArray[np.intp]:
    """Choose entries of `pairs` so that nobody appears twice: as many as possible, then at the least total cost.

    `rush` is the `rush_size`. The cost of an entry, in seconds, is travel − `age_credit` · `waited_s`.
    Returns indices, shape (k,), ordered by request.
    """
    travel_s = pairs.distance_m * S_PER_M
    entries = np.arange(travel_s.size)
    several = bool(pairs.request.size) and bool((pairs.request != pairs.request[0]).any())
    if rush and (several or rules.hold_lone):
        entries = np.flatnonzero(travel_s <= cap_s(pairs.waited_s, rush=rush, rules=rules))
    cost = (travel_s - rules.age_credit * pairs.waited_s)[entries]
    return entries[cheapest(pairs.request[entries], pairs.partner[entries], cost)]


def assign(pairs: Sequence[Pair[R, P]], *, rush: int = 0, rules: Rules = RULES) -> list[Pair[R, P]]:
    """`decide` for pairs with ids: who is offered what, ordered by request. The order of `pairs` doesn't matter."""
    requests = {key: number for number, key in enumerate(sorted({pair.request for pair in pairs}))}
    partners = {key: number for number, key in enumerate(sorted({pair.partner for pair in pairs}))}
    arrays = Pairs(
        request=np.array([requests[pair.request] for pair in pairs], np.int64),
        partner=np.array([partners[pair.partner] for pair in pairs], np.int64),
        distance_m=np.array([pair.distance_m for pair in pairs], np.float64),
        waited_s=np.array([pair.waited_s for pair in pairs], np.float64),
    )
    return [pairs[index] for index in decide(arrays, rush=rush, rules=rules)]
