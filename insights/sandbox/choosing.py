"""The choice that other rules would have made, from the record of a decision. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from regions.policies import RULES
from requests_app.matching import policy
from requests_app.matching.policy import Pair
from requests_app.rules import Rules

Pairs = Sequence[Pair[UUID, UUID]]


@dataclass(frozen=True, slots=True)
class Choice:
    """The partner whom a request was offered to, and whom it would have been. None: nobody, and so no distance."""

    request: UUID
    really: UUID | None
    instead: UUID | None
    really_m: float | None
    instead_m: float | None

    @property
    def differs(self) -> bool:
        """Whether the partner would have been another one."""
        return self.really != self.instead


@dataclass(frozen=True, slots=True)
class Judged:
    """Sums over choices."""

    judged: int = 0
    differed: int = 0
    both: int = 0
    way_really_m: float = 0.0
    way_instead_m: float = 0.0


def shadowed(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a trial's changes that a shadow can judge: the rules, by which the policy chooses.

    A wider radius would have found partners whom no record names, and nobody knows what a longer time to answer or a
    longer patience would have brought.
    """
    return {name: value for name, value in changes.items() if name in RULES}


def choices(
    pairs: Pairs, really: Mapping[UUID, UUID], *, shortage: int, rules: Rules, changes: Mapping[str, Any]
) -> list[Choice]:
    """Return the choice for each request that was offered, or would have been.

    Args:
        pairs: those that the decision chose among.
        really: the partner of each request that was offered.
        rules: in force, of which `changes` tells what would have been otherwise.
    """
    again = policy.assign(pairs, shortage=shortage, rules=replace(rules, **changes))
    instead = {pair.request: pair.partner for pair in again}
    distance_m = {(pair.request, pair.partner): pair.distance_m for pair in pairs}
    return [
        Choice(
            request,
            really.get(request),
            instead.get(request),
            _distance(distance_m, request, really.get(request)),
            _distance(distance_m, request, instead.get(request)),
        )
        for request in sorted({*really, *instead})
    ]


def _distance(distance_m: Mapping[tuple[UUID, UUID], float], request: UUID, partner: UUID | None) -> float | None:
    return None if partner is None else distance_m.get((request, partner))


def summed(some: Sequence[Choice]) -> Judged:
    """Add choices up. The ways are those of requests that have a partner, and a known distance, either way."""
    both = [(each.really_m, each.instead_m) for each in some]
    ways = [(really, instead) for really, instead in both if really is not None and instead is not None]
    return Judged(
        judged=len(some),
        differed=sum(each.differs for each in some),
        both=len(ways),
        way_really_m=sum(really for really, _ in ways),
        way_instead_m=sum(instead for _, instead in ways),
    )
