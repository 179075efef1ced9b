"""Shadows: the rules of a trial decide beside those in force, from the records of decisions, and change nothing.

Nothing is added to the way of a request. A job reads the offers made since its mark, some time after they were
committed, lets the policy choose once more under the shadow's rules, and keeps where it would have chosen otherwise.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import F

from core import clock
from core.database import refused_as
from core.errors import Conflict
from core.ids import first_id_at
from insights.sandbox.adopting import require_usable
from insights.sandbox.choosing import Choice, choices, shadowed, summed
from insights.sandbox.jobs import SHADOWS
from insights.sandbox.models import Shadow, ShadowChoice, Trial
from requests_app.matching.decisions import pairs_in, pairs_of_candidates, rules_of
from requests_app.models import Offer
from requests_app.records import STAFF, Matching

EVERY = timedelta(seconds=10)
SETTLED = timedelta(seconds=60)  # after which no transaction is left that could commit an older offer
AT_ONCE = 500  # offers
TOGETHER = timedelta(seconds=1)  # in which the offers of one matching are written

ONE_ALREADY = "A shadow runs in this region already. End it first."
NO_RULES = "The trial changes none of the rules that a shadow can judge: those of a shortage and of waiting."
ENDED = "No shadow of this trial runs."


def begin_shadow(trial: Trial, *, actor: AbstractBaseUser, reason: str, now: datetime) -> Shadow:
    """Let the rules of a trial decide beside those in force, from now on.

    Raises: `Conflict`: `wrong_state` without a result, without rules to judge, or if another shadow runs there.
    """
    require_usable(trial)
    if not shadowed(trial.changes):
        raise Conflict("wrong_state", NO_RULES)
    with refused_as({"shadow_one_of_a_region": Conflict("wrong_state", ONE_ALREADY)}), transaction.atomic():
        return Shadow.objects.create(
            trial=trial,
            region_id=trial.region_id,
            author_id=actor.pk,
            reason=reason,
            begun_at=now,
            due_at=now + SETTLED,
            mark=first_id_at(now),
        )


def end_shadow(trial: Trial, *, now: datetime) -> None:
    """End the shadow of a trial; what it has found stays. Raises `Conflict` (`wrong_state`) if none runs."""
    if not Shadow.objects.filter(trial=trial, ended_at=None).update(ended_at=now, due_at=None):
        raise Conflict("wrong_state", ENDED)


def judge_shadow(shadow_id: UUID) -> None:
    """Judge the offers made since the last time. Safe to run twice: the mark says what has been judged."""
    with SHADOWS.leased(shadow_id) as mine:
        if not mine:
            return
        now = clock.now()
        more = judge(shadow_id, now=now)
        SHADOWS.postpone(shadow_id, now if more else now + EVERY)


def judge(shadow_id: UUID, *, now: datetime) -> bool:
    """Judge the next offers of a shadow; returns whether there are more."""
    shadow = Shadow.objects.select_related("trial").get(pk=shadow_id)
    until = first_id_at(now - SETTLED)
    if until <= shadow.mark:
        return False
    offers = _offers_since(shadow, until)
    full = len(offers) == AT_ONCE
    if full:  # the offers of one matching are judged together, and these may go on
        edge = offers[-1].created_at - TOGETHER
        offers = list(takewhile(lambda each: each.created_at < edge, offers)) or offers
    found = [(each.created_at, choice) for each, choice in _judged(offers, shadowed(shadow.trial.changes))]
    with transaction.atomic():
        sums = asdict(summed([choice for _, choice in found]))
        going = Shadow.objects.filter(pk=shadow_id, mark=shadow.mark, ended_at=None)
        if not going.update(
            mark=offers[-1].pk if full else until, **{name: F(name) + value for name, value in sums.items()}
        ):
            return False  # it has ended meanwhile, or another worker was first
        ShadowChoice.objects.bulk_create(_row(shadow, at, choice) for at, choice in found if choice.differs)
    return full


@dataclass(frozen=True, slots=True)
class _Offered:
    """An offer with the record of its decision."""

    pk: UUID
    request_id: UUID
    partner_id: UUID
    created_at: datetime
    decision: dict[str, Any]

    @property
    def together(self) -> str:
        """The key that the offers of one decision share."""
        return str(self.decision.get("matching", self.pk))


def _offers_since(shadow: Shadow, until: UUID) -> list[_Offered]:
    """Return the next offers of the region, oldest first."""
    rows = Offer.objects.filter(
        pk__gt=shadow.mark, pk__lt=until, request__region=shadow.region_id, decision__isnull=False
    )
    columns = ("pk", "request_id", "partner_id", "created_at", "decision")
    return [_Offered(*row) for row in rows.order_by("pk").values_list(*columns)[:AT_ONCE]]


def _judged(offers: Sequence[_Offered], changes: dict[str, Any]) -> Iterator[tuple[_Offered, Choice]]:
    """Yield each choice with the first offer of its decision. Decisions whose pairs are gone are passed over."""
    named = {UUID(each.decision["matching"]) for each in offers if "matching" in each.decision}
    matchings = Matching.objects.in_bulk(named)
    groups: dict[str, list[_Offered]] = defaultdict(list)
    for each in offers:
        groups[each.together].append(each)
    for together, group in groups.items():
        first, made = group[0], group[0].decision
        if made["by"] == STAFF:
            continue
        if "matching" in made:
            matching = matchings.get(UUID(together))
            if matching is None:
                continue
            pairs = pairs_in(matching)
        else:
            pairs = pairs_of_candidates(first.request_id, made)
        really = {each.request_id: each.partner_id for each in group}
        for choice in choices(pairs, really, shortage=made.get("shortage", 0), rules=rules_of(made), changes=changes):
            yield first, choice


def _row(shadow: Shadow, at: datetime, choice: Choice) -> ShadowChoice:
    return ShadowChoice(
        shadow=shadow,
        request_id=choice.request,
        at=at,
        really_m=choice.really_m,
        instead_m=choice.instead_m,
    )
