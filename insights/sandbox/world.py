"""The facts of a recorded day and the conditions of its replay. Pure: arrays and numbers, without Django.

Times are seconds from the beginning of the record. Requests, partners and kinds are numbers from 0; lower numbers come
first where the policy settles ties by id. Places are WGS 84 degrees.

A **stay** is the time from which a partner is free at some place to when they take the next request or go offline. It
has the number of the request that it follows, or `online(n)` if it begins with the partner's nth time online. Two runs
of a day that bring a partner into the same stay have them at the same place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from math import inf, nan

import numpy as np
from numpy.typing import NDArray

from requests_app.rules import RULES, Rules

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NOBODY = -1


def online(number: int) -> int:
    """Return the stay that begins with a span online, by the number of the span."""
    return -2 - number


@dataclass(frozen=True, slots=True)
class Conditions:
    """The rules of a region that a replay may change."""

    radii_m: tuple[int, ...]
    offer_ttl_s: float
    patience_s: float
    uncapped_m: float  # within it, a lone request gets its nearest partner in any shortage
    rules: Rules = RULES
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Matcher:
    """The settings of the matcher, which are the same in every region."""

    candidates: int
    searched_max: int  # for kinds of cheer that only some partners can serve
    immediate: int  # candidates of an immediate offer
    batch: int
    waiting_max: int
    rounds_max: int
    postpone_s: float
    retry_base_s: float
    retry_max_s: float
    reoffer_after_s: float


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests in the order of their creation: parallel arrays of shape (n,)."""

    created_s: Floats
    ready_s: Floats  # when matching may begin: the creation, or when the amount was held
    lat: Floats
    lng: Floats
    kind: Ints
    partner: Ints  # the partner who is its user; `NOBODY` for most
    leaves_s: Floats  # from the creation to its user's cancelling if nobody has accepted; infinite if they would wait
    regrets_s: Floats  # from the acceptance to its user's cancelling; infinite if they don't
    before_s: Floats  # from the arrival to the start of the session; NaN if unknown
    session_s: Floats  # the length of the session; NaN if unknown, 0 if nobody was there

    def __len__(self) -> int:
        return int(self.created_s.size)


class Reply(IntEnum):
    """A partner's answer to an offer."""

    ACCEPT = 0
    DECLINE = 1
    NONE = 2  # they let it lapse


@dataclass(frozen=True, slots=True)
class Answer:
    """How a partner answered an offer, and what became of an accepted one."""

    reply: Reply
    after_s: float  # from the offer
    distance_m: float = nan  # of the offer
    travel_s: float = nan  # from the acceptance to the arrival; NaN if unknown
    calls_off_s: float = inf  # from the acceptance to the partner's calling off


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which a partner wanted requests."""

    partner: int
    since_s: float
    until_s: float


@dataclass(frozen=True, slots=True)
class Step:
    """A change of a partner's status in the record: whether they were free after it, and in which stay."""

    at_s: float
    partner: int
    free: bool
    stay: int


@dataclass(frozen=True, slots=True)
class Sight:
    """The distances that a decision of the record names, of the partners who were free near its request.

    All other free partners were farther away than `beyond_m`, except the `unnamed`, of whom only the names are known.
    `missing` are those without a fresh position.
    """

    at_s: float
    distance_m: Mapping[int, float]
    beyond_m: float
    unnamed: frozenset[int] = frozenset()
    missing: frozenset[int] = frozenset()


Fix = tuple[float, float, float]  # time, lat, lng


@dataclass(frozen=True, slots=True)
class Looks:
    """Equal looks of the record in a row that made no offer: the times of the first and the last, and how many."""

    first_s: float
    last_s: float
    count: int


@dataclass(frozen=True, slots=True)
class Day:
    """One recorded day of a region, with the hours before it that it begins from."""

    begins_s: float  # figures count requests from here,
    ends_s: float  # to here; the replay goes on until the last one has ended
    requests: Requests
    spans: Sequence[Span]  # numbered as `online` names them
    steps: Sequence[Step]  # in the order of time
    places: Mapping[tuple[int, int], Sequence[Fix]]  # by partner and stay, in the order of time
    sights: Mapping[int, Sequence[Sight]]  # by request, in the order of time
    looks: Mapping[int, Sequence[Looks]]  # by request, in the order of time
    answers: Mapping[tuple[int, int], Sequence[Answer]]  # by request and partner, in the order of time
    usual_answers: Sequence[Answer]  # what others are drawn from
    fits: NDArray[np.bool_]  # (kinds, partners) whether a partner can serve a kind
    restricted: NDArray[np.bool_]  # (kinds,) whether only some partners can
    pace: float = 1.0  # recorded travel times by those that the policy supposes
    conditions: Sequence[tuple[float, Conditions]] = field(default_factory=list)  # in force, each from its time on

    @property
    def partners(self) -> int:
        """The number of partners."""
        return int(self.fits.shape[1])


class End(IntEnum):
    """How a request ended in a replay."""

    OPEN = 0
    SERVED = 1
    UNMATCHED = 2
    CANCELLED = 3


@dataclass(slots=True)
class Outcome:
    """The result of a replay. By request, shape (n,): NaN and `NOBODY` stand for what did not happen."""

    end: Ints
    partner: Ints  # who accepted it last
    offered_s: Floats  # from the creation to the first offer
    accepted_s: Floats  # from the creation to the last acceptance
    arrived_s: Floats  # from the creation to the arrival
    session_s: Floats  # the length of its session
    way_m: Floats  # the distance of the partner who served it
    offers: list[tuple[float, int, int]]  # time, request, partner
    online_s: Floats  # by partner, shape (p,)

    @classmethod
    def blank(cls, requests: int, partners: int) -> "Outcome":
        """Return the outcome before anything has happened."""
        return cls(
            end=np.zeros(requests, np.int64),
            partner=np.full(requests, NOBODY),
            offered_s=np.full(requests, nan),
            accepted_s=np.full(requests, nan),
            arrived_s=np.full(requests, nan),
            session_s=np.full(requests, nan),
            way_m=np.full(requests, nan),
            offers=[],
            online_s=np.zeros(partners),
        )
