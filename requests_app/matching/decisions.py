"""Decisions: why a request was offered to this partner, as a record from which the policy makes the same choice again.

A stored decision is a column of its offer, as JSON with short names:

    by          `IMMEDIATE`, `MATCHER` or `STAFF`
    rules       the values of `policy.Rules`, in their order
    shortage    the size of the shortage; absent if there was none
    waited      how long the request had waited, in seconds; absent for an immediate offer
    candidates  [partner, distance in metres] of all who could be chosen; absent if `matching` has them
    demand      around each candidate (`demand.around`); absent if it did not count
    matching    the `Matching` among whose pairs several requests were matched
    out         [partner, `LeftOut`] of those who were near and were left out, at most `NAMED_MAX` of them
    more        how many more were left out, by reason
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from regions.geometry import S_PER_M
from regions.models import Region
from requests_app.matching import policy
from requests_app.matching.policy import Pair, Rules
from requests_app.models import Offer
from requests_app.records import MATCHER, LeftOut, Matching
from requests_app.selectors import RulesInForce

NAMED_MAX = 10

Decision = dict[str, Any]


# ---------------------------------------------------------------- writing


def decided(
    pair: Pair[UUID, UUID],
    pairs: Sequence[Pair[UUID, UUID]],
    *,
    shortage: int,
    out: Mapping[UUID, str],
    matching: Matching | None,
    in_force: RulesInForce,
) -> Decision:
    """Return the decision of the matcher to offer a pair.

    Args:
        pairs: those of the same request, among which it was chosen if no other request contended.
        out: partners who were left out.
    """
    made: Decision = {"by": MATCHER, **in_force.recorded, "waited": pair.waited_s}
    if shortage:
        made["shortage"] = shortage
    if matching is None:
        made["candidates"] = [[str(each.partner), each.distance_m] for each in pairs]
        if pair.demand:
            made["demand"] = [each.demand for each in pairs]
    else:
        made["matching"] = str(matching.pk)
    named = list(out.items())[:NAMED_MAX]
    if named:
        made["out"] = [[str(partner), reason] for partner, reason in named]
    if more := Counter(list(out.values())[NAMED_MAX:]):
        made["more"] = dict(more)
    return made


def rank(pair: Pair[UUID, UUID], pairs: Iterable[Pair[UUID, UUID]]) -> int:
    """Return how near the partner of a pair is, among all pairs of its request: 1 for the nearest."""
    chosen = (pair.distance_m, pair.partner)
    return 1 + sum((each.distance_m, each.partner) < chosen for each in pairs)


def contended(region: Region, pairs: Sequence[Pair[UUID, UUID]], *, now: datetime) -> Matching | None:
    """Return the row, not stored yet, of pairs in which several requests contend; None if only one is among them."""
    waited = {pair.request: pair.waited_s for pair in pairs}
    if len(waited) < 2:
        return None
    requests = {key: place for place, key in enumerate(waited)}
    around = {pair.partner: pair.demand for pair in pairs}
    partners = {key: place for place, key in enumerate(around)}
    said = {
        "requests": [[str(key), waited_s] for key, waited_s in waited.items()],
        "partners": [str(key) for key in partners],
        "pairs": [[requests[pair.request], partners[pair.partner], pair.distance_m] for pair in pairs],
        **({"demand": list(around.values())} if any(around.values()) else {}),
    }
    return Matching(region=region, created_at=now, pairs=said)


# ---------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class Candidate:
    """A partner who could be chosen. `left_out` is None for the one who was, and "" for one who was only dearer."""

    partner_id: UUID
    distance_m: float
    travel_s: float
    cost_s: float
    left_out: str | None


@dataclass(frozen=True, slots=True)
class Explained:
    """A decision as it can be read: the candidates, nearest first, and those who were left out.

    `cap_s` is that of the chosen one; None if there was none.
    """

    by: str
    rules: Rules
    shortage: int
    waited_s: float
    cap_s: float | None
    contending: int
    candidates: list[Candidate]
    left_out: list[tuple[UUID, str]]
    more_left_out: dict[str, int]

    @property
    def nearer(self) -> int:
        """How many partners, of all who are named, were nearer than the chosen one."""
        return [each.left_out for each in self.candidates].index(None)


def pairs_of(offer: Offer) -> list[Pair[UUID, UUID]]:
    """Return the pairs that a decision chose among. Raises `LookupError` if the offer has no decision any more."""
    made = offer.decision
    if made is None:
        raise LookupError(f"{offer} has no decision")
    if "matching" in made:
        matching = Matching.objects.filter(pk=made["matching"]).first()
        if matching is None:
            raise LookupError(f"the pairs of {offer} are gone")
        return pairs_in(matching)
    return pairs_of_candidates(offer.request_id, made)


def pairs_of_candidates(request_id: UUID, made: Decision) -> list[Pair[UUID, UUID]]:
    """Return the pairs of a decision that no other request contended in."""
    out = {partner for partner, _ in made.get("out", ())}
    waited_s = made.get("waited", 0.0)
    around = made.get("demand") or [0.0] * len(made["candidates"])
    return [
        Pair(request_id, UUID(partner), distance_m, waited_s, demand)
        for (partner, distance_m), demand in zip(made["candidates"], around, strict=True)
        if partner not in out
    ]


def pairs_in(matching: Matching) -> list[Pair[UUID, UUID]]:
    """Return the pairs of several requests that were matched together."""
    said = matching.pairs
    requests = [(UUID(key), waited_s) for key, waited_s in said["requests"]]
    partners = [UUID(key) for key in said["partners"]]
    around = said.get("demand") or [0.0] * len(partners)
    return [
        Pair(requests[request][0], partners[partner], distance_m, requests[request][1], around[partner])
        for request, partner, distance_m in said["pairs"]
    ]


def rules_of(made: Decision) -> Rules:
    """Return the rules of a decision; those that it doesn't know have the values that change nothing: the defaults."""
    return Rules(*made["rules"])


def chosen_again(offer: Offer) -> UUID | None:
    """Let the policy choose once more from the record of an offer; returns the partner. Raises `LookupError`."""
    pairs = pairs_of(offer)
    again = policy.assign(pairs, shortage=offer.decision.get("shortage", 0), rules=rules_of(offer.decision))
    return next((pair.partner for pair in again if pair.request == offer.request_id), None)


def explained(offer: Offer) -> Explained:
    """Return an offer's decision as it can be read. Raises `LookupError` if the offer has none any more."""
    pairs = pairs_of(offer)
    made, rules = offer.decision, rules_of(offer.decision)
    shortage, waited_s = made.get("shortage", 0), made.get("waited", 0.0)
    applies = bool(shortage) and (rules.cap_lone or len({pair.request for pair in pairs}) > 1)
    own = sorted((pair for pair in pairs if pair.request == offer.request_id), key=lambda p: (p.distance_m, p.partner))
    caps = _caps(own, shortage, rules) if applies else [None] * len(own)
    others = _others(offer, pairs, shortage, rules)
    return Explained(
        by=made["by"],
        rules=rules,
        shortage=shortage,
        waited_s=waited_s,
        cap_s=next(cap for pair, cap in zip(own, caps, strict=True) if pair.partner == offer.partner_id),
        contending=len({pair.request for pair in pairs}),
        candidates=[_candidate(pair, offer, cap, others, rules) for pair, cap in zip(own, caps, strict=True)],
        left_out=[(UUID(partner), reason) for partner, reason in made.get("out", ())],
        more_left_out=made.get("more", {}),
    )


def _caps(pairs: Sequence[Pair[UUID, UUID]], shortage: int, rules: Rules) -> Sequence[float | None]:
    waited_s, demand = (np.array([getattr(pair, name) for pair in pairs]) for name in ("waited_s", "demand"))
    return [float(cap) for cap in policy.cap_s(waited_s, demand, shortage=shortage, rules=rules)]


def _others(offer: Offer, pairs: Iterable[Pair[UUID, UUID]], shortage: int, rules: Rules) -> set[UUID]:
    """Return the partners whom the policy gives to other requests."""
    again = policy.assign(list(pairs), shortage=shortage, rules=rules)
    return {pair.partner for pair in again if pair.request != offer.request_id}


def _candidate(pair: Pair[UUID, UUID], offer: Offer, cap_s: float | None, others: set[UUID], rules: Rules) -> Candidate:
    travel_s = pair.distance_m * S_PER_M
    left_out: str | None = ""
    if pair.partner == offer.partner_id:
        left_out = None
    elif cap_s is not None and travel_s > cap_s:
        left_out = LeftOut.BEYOND_CAP
    elif pair.partner in others:
        left_out = LeftOut.TAKEN_BY_ANOTHER
    return Candidate(pair.partner, pair.distance_m, travel_s, travel_s - rules.age_credit * pair.waited_s, left_out)
