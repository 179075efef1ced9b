"""The matching policy: pure and deterministic functions from arrays to an assignment, without Django.

A lone request gets its nearest free partner immediately. Requests that contend are matched together at the least total
cost, which is travel time less an age credit (`assignment.py`). In a shortage, when far more partners are at work than
free, a pickup cap keeps partners from being sent across town while the next request nearby goes unserved. The cap is
the strongest single lever; `docs/benchmarks.md` shows the effect of each part.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import pi
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from regions.geometry import S_PER_M, eta_s
from requests_app.matching.assignment import cheapest
from requests_app.rules import RULES, Rules

__all__ = [
    "RULES",
    "Pair",
    "Pairs",
    "Rules",
    "any_within_cap",
    "assign",
    "cap_matters",
    "cap_s",
    "decide",
    "eta_s",
    "shortage_size",
]

RECENT_S = 600.0  # requests younger than this count towards a shortage
SHORTAGE_REQUESTS = 5  # a shortage has at least this many recent requests,
SHORTAGE_BUSY = 10  # at least this many partners at work,
SHORTAGE_BUSY_PER_FREE = 2  # and more than this many at work for each free one
BALANCE = 3 * 3600 * 1e6 * S_PER_M**2 / pi  # 3 / (π · v²) of `Rules`, for a demand in requests an hour and km²


class Sortable(Hashable, Protocol):
    """An id that is hashable and ordered, so that ties are settled the same way every time."""

    def __lt__(self, other: Any, /) -> bool: ...


R = TypeVar("R", bound=Sortable)
P = TypeVar("P", bound=Sortable)


@dataclass(frozen=True, slots=True)
class Pairs:
    """The possible pairs, as parallel arrays of shape (n,) with one entry per pair.

    `request` and `partner` are numbers that also settle ties (lower first); `distance_m` is the straight-line
    distance; `waited_s` is how long the request has waited; `demand` is what `demand.around` says of the partner, and 0
    where that is not known. A number stands for the same of all.
    """

    request: NDArray[np.int64]
    partner: NDArray[np.int64]
    distance_m: NDArray[np.float64]
    waited_s: NDArray[np.float64]
    demand: NDArray[np.float64] | float = 0.0


@dataclass(frozen=True, slots=True)
class Pair(Generic[R, P]):
    """One free partner who could serve one request."""

    request: R
    partner: P
    distance_m: float
    waited_s: float  # how long the request has waited
    demand: float = 0.0  # around the partner, as `demand.around` counts it; 0: not known


def shortage_size(*, recent: int, free: int, busy: int) -> int:
    """The number of recent requests if they and the partners make a shortage, else 0.

    Args:
        recent: requests of the last `RECENT_S` seconds, matched or not.
        free: partners who are available.
        busy: partners who have an offer or a ride.
    """
    scarce = busy >= SHORTAGE_BUSY and busy > SHORTAGE_BUSY_PER_FREE * free
    return recent if scarce and recent >= SHORTAGE_REQUESTS else 0


def cap_s(
    waited_s: NDArray[np.float64], demand: NDArray[np.float64] | float = 0.0, *, shortage: int, rules: Rules = RULES
) -> NDArray[np.float64]:
    """The pickup cap of pairs, in seconds of travel, by the formulas of `Rules`.

    Args:
        waited_s: how long the requests have waited, in seconds, shape (n,).
        demand: around the partners, in requests an hour and km² for each free partner, shape (n,); 0: not known.
    """
    region_s = rules.cap_s * (rules.cap_shortage / max(shortage, 1)) ** (1 / 3)
    known = np.asarray(demand) > 0
    local_s = rules.cap_local * np.cbrt(BALANCE / np.where(known, demand, 1.0))
    new_s = np.where(known & (rules.cap_local > 0), local_s, region_s).clip(rules.cap_least_s, rules.cap_s)
    caps: NDArray[np.float64] = new_s + rules.cap_widens * waited_s
    return caps


def cap_matters(pairs: Sequence[Pair[R, P]], *, rules: Rules = RULES) -> bool:
    """Whether a shortage could change the assignment.

    A lone request depends on it if its nearest partner is beyond the least cap; several do if any pair is.
    """
    if len({pair.request for pair in pairs}) == 1:
        return rules.cap_lone and min(pair.distance_m for pair in pairs) * S_PER_M > rules.cap_least_s
    return any(pair.distance_m * S_PER_M > rules.cap_least_s for pair in pairs)


def any_within_cap(pairs: Sequence[Pair[R, P]], *, shortage: int, rules: Rules = RULES) -> bool:
    """Whether the partner of any of these pairs is within the cap of a shortage."""
    waited_s, demand, distance_m = np.array([(pair.waited_s, pair.demand, pair.distance_m) for pair in pairs]).T
    return bool((distance_m * S_PER_M <= cap_s(waited_s, demand, shortage=shortage, rules=rules)).any())


def decide(pairs: Pairs, *, shortage: int, rules: Rules = RULES) -> NDArray[np.intp]:
    """Choose entries so that no request or partner appears twice: as many as possible, then at the least total cost.

    The cost of an entry, in seconds, is travel − `age_credit` · `waited_s`. `shortage` comes from `shortage_size`.

    Returns: indices, shape (k,), ordered by request.
    """
    travel_s = pairs.distance_m * S_PER_M
    entries = np.arange(travel_s.size)
    several = bool(pairs.request.size) and bool((pairs.request != pairs.request[0]).any())
    if shortage and (several or rules.cap_lone):
        caps_s = cap_s(pairs.waited_s, pairs.demand, shortage=shortage, rules=rules)
        entries = np.flatnonzero(travel_s <= caps_s)
    cost = (travel_s - rules.age_credit * pairs.waited_s)[entries]
    return entries[cheapest(pairs.request[entries], pairs.partner[entries], cost)]


def assign(pairs: Sequence[Pair[R, P]], *, shortage: int = 0, rules: Rules = RULES) -> list[Pair[R, P]]:
    """Apply `decide` to pairs with ids, in any order. Returns the chosen pairs, ordered by request."""
    requests = {key: number for number, key in enumerate(sorted({pair.request for pair in pairs}))}
    partners = {key: number for number, key in enumerate(sorted({pair.partner for pair in pairs}))}
    arrays = Pairs(
        request=np.array([requests[pair.request] for pair in pairs], np.int64),
        partner=np.array([partners[pair.partner] for pair in pairs], np.int64),
        distance_m=np.array([pair.distance_m for pair in pairs], np.float64),
        waited_s=np.array([pair.waited_s for pair in pairs], np.float64),
        demand=np.array([pair.demand for pair in pairs], np.float64),
    )
    return [pairs[index] for index in decide(arrays, shortage=shortage, rules=rules)]
