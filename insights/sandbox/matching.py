"""The matcher of a replay: searches in arrays, decides by the product's policy, and says what it would write.

It follows `requests_app.matching` step by step. The policy and the back-off are the product's own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np

from insights.sandbox.chance import random_of
from insights.sandbox.presence import Presence, Status
from insights.sandbox.world import Conditions, Day, Floats, Ints, Matcher
from requests_app.matching import demand, policy
from requests_app.matching.backoff import retry_delay_s
from requests_app.matching.policy import Pair, Pairs

FEW = 40  # partners: lists are faster than arrays
AT_ONCE_S = 0.25  # looks that are less apart are the same one


@dataclass(slots=True)
class Waiting:
    """A request that waits, and what has been tried for it."""

    number: int
    since_s: float
    give_up_s: float
    next_s: float
    wave: int = 0
    attempts: int = 0
    never: set[int] = field(default_factory=set)  # partners who declined it, or called its ride off
    lapsed: list[tuple[float, int, int]] = field(default_factory=list)  # time, partner, wave


@dataclass(frozen=True, slots=True)
class Found:
    """The candidates of one request, nearest first, and the wave in which it has them."""

    request: Waiting
    wave: int
    candidates: list[tuple[float, int]]  # distance, partner


Chosen = tuple[Waiting, int, float, int]  # the request, the partner, their distance, the wave


class Matching:
    """Decides who is offered what."""

    def __init__(self, day: Day, presence: Presence, matcher: Matcher, *, seed: int) -> None:
        self._day, self._presence, self._matcher, self._seed = day, presence, matcher, seed
        self._fits: list[list[bool]] = day.fits.tolist()
        self._restricted: list[bool] = day.restricted.tolist()
        self._kind: list[int] = day.requests.kind.tolist()
        self._own: list[int] = day.requests.partner.tolist()

    def alone(self, request: Waiting, given: Conditions, now: float) -> tuple[int, float] | None:
        """Return the nearest partner who is free and fits, and their distance, if the policy needs no second look."""
        free = np.flatnonzero(self._presence.status == Status.FREE)
        if not free.size:
            return None
        reach_m = min(float(given.radii_m[0]), given.uncapped_m)
        [row] = self._presence.distances([request.number], free, now)
        near = sorted((d, p) for d, p in zip(row.tolist(), free.tolist(), strict=True) if d <= reach_m)
        fitting = ((p, d) for d, p in near[: self._matcher.immediate] if self._may_serve(p, request.number))
        return next(fitting, None)

    def batch(self, waiting: Sequence[Waiting], given: Conditions, *, recent: int, now: float) -> list[Chosen]:
        """Return the offers to make to one batch of requests, and plan the next attempts of the others."""
        found = self._search(waiting, given, now)
        counts = self._presence.counts
        shortage = policy.shortage_size(
            recent=recent, free=counts[Status.FREE], busy=counts[Status.OFFERED] + counts[Status.BUSY]
        )
        if shortage and not policy.cap_matters(self._extremes(found), rules=given.rules):
            shortage = 0
        chosen = self._decide(found, given, shortage, now) if found else []
        matched = {request.number for request, *_ in chosen}
        for request in waiting:
            if request.number not in matched and request.next_s <= now:
                self._plan(request, given, now, postponed=bool(shortage) and request.number in found)
        return chosen

    # ------------------------------------------------------------ searching

    def _search(self, waiting: Sequence[Waiting], given: Conditions, now: float) -> dict[int, Found]:
        free = np.flatnonzero(self._presence.status == Status.FREE)
        if not free.size:
            return {}
        rows = self._presence.distances([request.number for request in waiting], free, now)
        reach_m, found = given.radii_m[-1], {}
        for request, near in zip(waiting, _nearest(rows, free, float(reach_m)), strict=True):
            fits = self._first_wave(request, near, given, now) if near else None
            if fits is not None:
                found[request.number] = fits
        return found

    def _first_wave(
        self, request: Waiting, near: list[tuple[float, int]], given: Conditions, now: float
    ) -> Found | None:
        """Return the candidates of the narrowest wave that has any."""
        since_s = now - self._matcher.reoffer_after_s
        lately = {(p, wave) for at_s, p, wave in request.lapsed if at_s > since_s}
        restricted = self._restricted[self._kind[request.number]]
        count = self._matcher.searched_max if restricted else self._matcher.candidates + len(lately)
        allowed = [each for each in near if each[1] not in request.never][:count]
        fitting = [each for each in allowed if self._may_serve(each[1], request.number)]
        first = min(request.wave, len(given.radii_m) - 1)
        for wave in range(first, len(given.radii_m)):
            free = [(d, p) for d, p in fitting if d <= given.radii_m[wave] and (p, wave) not in lately]
            if free:
                return Found(request, wave, free[: self._matcher.candidates])
        return None

    def _may_serve(self, partner: int, request: int) -> bool:
        return self._fits[self._kind[request]][partner] and self._own[request] != partner

    # ------------------------------------------------------------ deciding

    def _extremes(self, found: dict[int, Found]) -> list[Pair[int, int]]:
        """Return the nearest and the farthest pair of each request, on which alone `cap_matters` depends."""
        ends = ((number, each) for number, fits in found.items() for each in (fits.candidates[0], fits.candidates[-1]))
        return [Pair(number, partner, distance_m, 0.0) for number, (distance_m, partner) in ends]

    def _decide(self, found: dict[int, Found], given: Conditions, shortage: int, now: float) -> list[Chosen]:
        sizes = [len(fits.candidates) for fits in found.values()]
        numbers = np.fromiter(found, np.int64, len(found))
        since = np.array([fits.request.since_s for fits in found.values()])
        both = np.array(list(chain.from_iterable(fits.candidates for fits in found.values())), np.float64)
        pairs = Pairs(
            request=np.repeat(numbers, sizes),
            partner=both[:, 1].astype(np.int64),
            distance_m=both[:, 0].copy(),
            waited_s=np.repeat(now - since, sizes),
        )
        if shortage and given.rules.cap_local:
            pairs = replace(pairs, demand=self._demand(pairs.partner, now))
        entries = policy.decide(pairs, shortage=shortage, rules=given.rules).tolist()
        chosen = []
        for at in entries:
            fits = found[int(pairs.request[at])]
            chosen.append((fits.request, int(pairs.partner[at]), float(pairs.distance_m[at]), fits.wave))
        return chosen

    def _demand(self, partner: Ints, now: float) -> Floats:
        """Return the demand around the partner of each entry, as far as it is known where they are."""
        asked = self._day.requests
        recent = np.flatnonzero((asked.created_s <= now) & (asked.created_s > now - demand.RECENT_S))
        partners, entry = np.unique(partner, return_inverse=True)
        if not recent.size:
            return np.zeros(partner.size)
        middle_lat = float(asked.lat[recent].mean())
        around = demand.around(
            *demand.metres(self._presence.lat[partners], self._presence.lng[partners], middle_lat=middle_lat),
            *demand.metres(asked.lat[recent], asked.lng[recent], middle_lat=middle_lat),
            seconds=demand.RECENT_S,
        )
        return np.asarray(around[entry])

    def _plan(self, request: Waiting, given: Conditions, now: float, *, postponed: bool) -> None:
        """Plan the next attempt at a request for which nobody was chosen."""
        settings = self._matcher
        if postponed:
            drawn_s = now + settings.postpone_s
        else:
            request.attempts += 1
            request.wave = len(given.radii_m) - 1
            drawn_s = now + retry_delay_s(
                request.attempts,
                base_s=settings.retry_base_s,
                max_s=settings.retry_max_s,
                random=random_of(self._seed, request.number, request.attempts),
            )
        request.next_s = self._as_recorded(request.number, drawn_s, now)

    def _as_recorded(self, number: int, drawn_s: float, now: float) -> float:
        """Return the time of the next attempt in the record, if it knows one; the delays were drawn there as well."""
        for looks in self._day.looks.get(number, ()):
            if now < looks.first_s - AT_ONCE_S:
                return looks.first_s if looks.first_s <= now + self._matcher.retry_max_s else drawn_s
            if now < looks.last_s - AT_ONCE_S:
                return looks.last_s if looks.count == 2 else min(drawn_s, looks.last_s)
        offered = (sight.at_s for sight in self._day.sights.get(number, ()) if sight.at_s > now + AT_ONCE_S)
        next_s = next(offered, None)
        return drawn_s if next_s is None or next_s > now + self._matcher.retry_max_s else max(drawn_s, next_s)


def _nearest(rows: Floats, free: Ints, reach_m: float) -> Iterator[list[tuple[float, int]]]:
    """Yield, for each row of distances, those within reach with their partners, nearest first."""
    if free.size <= FEW:
        partners = free.tolist()
        for row in rows.tolist():
            yield sorted([(d, p) for d, p in zip(row, partners, strict=True) if d <= reach_m])
        return
    for row in rows:
        columns = np.flatnonzero(row <= reach_m)
        yield sorted(zip(row[columns].tolist(), free[columns].tolist(), strict=True))
