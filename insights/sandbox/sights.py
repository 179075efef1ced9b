"""The distances that the decisions of a day name. Pure."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from insights.sandbox.rows import OfferRow
from insights.sandbox.world import Conditions, Sight
from requests_app.records import IMMEDIATE, STAFF, LeftOut, Matching

FULL, FULL_IMMEDIATE = 20, 5  # so many candidates, and others may be as near as the last of them


class Sights:
    """The partners near each request, as they were seen by decisions."""

    def __init__(
        self,
        offers: Sequence[OfferRow],
        matchings: Mapping[UUID, Matching],
        number: Mapping[UUID, int],
        partner: Mapping[UUID, int],
        conditions: Sequence[tuple[float, Conditions]],
        seconds: Callable[[datetime], float],
    ) -> None:
        self._number, self._partner, self._conditions = number, partner, conditions
        self.by_request: dict[int, list[Sight]] = defaultdict(list)
        pairs = {key: self._pairs(each.pairs) for key, each in matchings.items()}
        offered = set()
        for offer in offers:
            if offer.decision is None:
                continue
            request, at_s = number[offer.request_id], seconds(offer.created_at)
            if "matching" in offer.decision:
                key = UUID(offer.decision["matching"])
                offered.add((key, request))
                near = pairs.get(key, {}).get(request, {})
            else:
                near = {self._partner[UUID(name)]: float(metres) for name, metres in offer.decision["candidates"]}
            self.by_request[request].append(self._sight(offer, at_s, near))
        for key, some in pairs.items():  # requests that were among them and were not offered
            at_s = seconds(matchings[key].created_at)
            for request, near in some.items():
                if (key, request) not in offered:
                    self.by_request[request].append(Sight(at_s, near, 0.0))
        for sights in self.by_request.values():
            sights.sort(key=lambda each: each.at_s)

    def _pairs(self, said: Mapping[str, Any]) -> dict[int, dict[int, float]]:
        """Return the distances in a matching, by request and partner."""
        requests = [self._number.get(UUID(key)) for key, _ in said["requests"]]
        partners = [self._partner[UUID(key)] for key in said["partners"]]
        found: dict[int, dict[int, float]] = defaultdict(dict)
        for request, partner, metres in said["pairs"]:
            known = requests[request]
            if known is not None:
                found[known][partners[partner]] = float(metres)
        return found

    def _sight(self, offer: OfferRow, at_s: float, near: Mapping[int, float]) -> Sight:
        made = offer.decision or {}
        out = [(self._partner.get(UUID(name)), reason) for name, reason in made.get("out", ())]
        missing = {who for who, reason in out if who is not None and reason == LeftOut.STALE_POSITION}
        unnamed = {who for who, _ in out if who is not None}
        return Sight(
            at_s, near, self._beyond_m(offer, at_s, near), frozenset(unnamed - near.keys()), frozenset(missing)
        )

    def _beyond_m(self, offer: OfferRow, at_s: float, near: Mapping[int, float]) -> float:
        """Return within which distance all who were free are named."""
        by = (offer.decision or {})["by"]
        if by == STAFF or not near:
            return 0.0
        if len(near) >= (FULL_IMMEDIATE if by == IMMEDIATE else FULL):
            return max(near.values())
        at = bisect_right(self._conditions, at_s, key=lambda each: each[0]) - 1
        given = self._conditions[max(at, 0)][1]
        if by == IMMEDIATE:
            return min(float(given.radii_m[0]), given.uncapped_m)
        return float(given.radii_m[min(offer.wave, len(given.radii_m) - 1)])
