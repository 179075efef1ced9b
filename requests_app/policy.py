"""Who is offered what: pure, without Django. Arrays in, assignment out, the same for equal input.

One waiting request gets its nearest free partner at once. Where several contend, they are matched together at the
least total cost, which is travel time less an age credit (`requests_app/assignment.py`). In a rush, when the requests
of the last minutes outnumber the free partners, a pickup cap keeps partners from being sent across town while the
next request nearby goes without: the strongest single lever. `docs/benchmarks.md` has what each part brings.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from requests_app.assignment import cheapest
from requests_app.travel import S_PER_M, eta_s

__all__ = ["RULES", "Pair", "Pairs", "Rules", "assign", "cap_matters", "decide", "eta_s", "in_rush"]

RECENT_S = 600.0  # requests younger than this tell how busy a region is
RUSH_REQUESTS = 5  # fewer than this are no rush, however few partners are free


class Sortable(Hashable, Protocol):
    """An id: hashable, and with an order, so that ties are settled the same way every time."""

    def __lt__(self, other: Any, /) -> bool: ...


R = TypeVar("R", bound=Sortable)
P = TypeVar("P", bound=Sortable)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the policy weighs. Times in seconds; travel is time through streets (`requests_app/travel.py`)."""

    cap_s: float = 600.0  # in a rush, a new request is sent nobody from further than this
    cap_widens: float = 1.0  # seconds of travel that the cap gains for each second waited
    open_after_s: float = 300.0  # no cap for a request that has waited this long: it doesn't starve
    age_credit: float = 0.2  # each second waited counts as this many seconds of travel less
    hold_lone: bool = True  # in a rush the cap also holds for a request that happens to wait alone


RULES = Rules()


@dataclass(frozen=True, slots=True)
class Pairs:
    """Who could serve whom: parallel arrays of shape (n,), one entry a possible pair.

    `request` and `partner` are numbers that also settle ties (lower first); `distance_m` is a straight line;
    `waited_s` says how long the request has waited; `free_in_s` when the partner is expected to be free (0: now).
    """

    request: NDArray[np.int64]
    partner: NDArray[np.int64]
    distance_m: NDArray[np.float64]
    waited_s: NDArray[np.float64]
    free_in_s: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pair(Generic[R, P]):
    """One free partner who could serve one request."""

    request: R
    partner: P
    distance_m: float
    waited_s: float  # how long the request has waited


def in_rush(*, recent: int, free: int) -> bool:
    """Whether the requests of the last `RECENT_S` seconds, matched or not, outnumber the partners free now."""
    return recent >= RUSH_REQUESTS and recent > free


def cap_matters(pairs: Sequence[Pair[R, P]], *, rules: Rules = RULES) -> bool:
    """Whether the answer can depend on `in_rush`: some pair is beyond its cap, and it is not a lone near request."""
    if len({pair.request for pair in pairs}) == 1:
        nearest = min(pairs, key=lambda pair: pair.distance_m)
        return rules.hold_lone and nearest.distance_m * S_PER_M > _cap_s(nearest.waited_s, rules)
    return any(pair.distance_m * S_PER_M > _cap_s(pair.waited_s, rules) for pair in pairs)


def _cap_s(waited_s: float, rules: Rules) -> float:
    return np.inf if waited_s >= rules.open_after_s else rules.cap_s + rules.cap_widens * waited_s


def decide(pairs: Pairs, *, rush: bool, rules: Rules = RULES) -> NDArray[np.intp]:
    """Choose entries of `pairs` so that nobody appears twice: as many as possible, then at the least total cost.

    The cost of an entry, in seconds, is `free_in_s` + travel − `age_credit` · `waited_s`. Returns indices, shape (k,),
    ordered by request. A partner not yet free competes only where waiting for them beats the nearest free one; a
    request that does best with such a partner is left out for now and decided again when something changes.
    """
    travel_s = pairs.distance_m * S_PER_M
    several = bool(pairs.request.size) and bool((pairs.request != pairs.request[0]).any())
    free = pairs.free_in_s <= 0
    allowed = free.copy()
    if rush and (several or rules.hold_lone):
        cap_s = np.where(pairs.waited_s >= rules.open_after_s, np.inf, rules.cap_s + rules.cap_widens * pairs.waited_s)
        allowed &= travel_s <= cap_s
        if not free.all():
            allowed |= ~free & _worth_waiting_for(pairs, travel_s, free)
    entries = np.flatnonzero(allowed)
    cost = (pairs.free_in_s + travel_s - rules.age_credit * pairs.waited_s)[entries]
    chosen = entries[cheapest(pairs.request[entries], pairs.partner[entries], cost)]
    return chosen[free[chosen]]


def _worth_waiting_for(pairs: Pairs, travel_s: NDArray[np.float64], free: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Entries, shape (n,), whose partner would be there before the request's nearest free one."""
    best = np.full(int(pairs.request.max()) + 1, np.inf)
    np.minimum.at(best, pairs.request[free], travel_s[free])
    return np.asarray(pairs.free_in_s + travel_s < best[pairs.request])


def assign(pairs: Sequence[Pair[R, P]], *, rush: bool = False, rules: Rules = RULES) -> list[Pair[R, P]]:
    """`decide` for pairs with ids: who is offered what, ordered by request. The order of `pairs` doesn't matter."""
    requests = {key: number for number, key in enumerate(sorted({pair.request for pair in pairs}))}
    partners = {key: number for number, key in enumerate(sorted({pair.partner for pair in pairs}))}
    arrays = Pairs(
        request=np.array([requests[pair.request] for pair in pairs], np.int64),
        partner=np.array([partners[pair.partner] for pair in pairs], np.int64),
        distance_m=np.array([pair.distance_m for pair in pairs], np.float64),
        waited_s=np.array([pair.waited_s for pair in pairs], np.float64),
        free_in_s=np.zeros(len(pairs)),
    )
    return [pairs[index] for index in decide(arrays, rush=rush, rules=rules)]
