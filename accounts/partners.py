"""Changes to a partner's status and rating, and the event that reports a change to the partner."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

import positions
from accounts.models import Partner, User
from accounts.states import PartnerStatus
from core.transitions import move_all
from notifications.events import Outbox, partner_recipient
from regions.selectors import active_regions

ACCEPTED, TURNED_DOWN = "+", "-"  # one character an answer in `Partner.answers`


def move_partners(
    partners: Sequence[Partner], new: str, *, actor: User | None, at: datetime, reason: str = "", **changes: object
) -> None:
    """Move partners from the status they were read with to `new`, and update the searchable set on commit.

    `changes` are other columns to write with it.

    Call it inside a transaction. Raises `Conflict`, as `move_all` does.
    """
    move_all(partners, new, actor=actor, at=at, reason=reason, status_since=at, **changes)
    change = positions.enter if new == PartnerStatus.AVAILABLE else positions.leave
    slugs = {region.pk: region.slug for region in active_regions()}
    for slug in {slugs[p.region_id] for p in partners if p.region_id in slugs}:
        ids = [p.pk for p in partners if p.region_id and slugs.get(p.region_id) == slug]
        transaction.on_commit(partial(change, slug, ids))


def rate_partner(partner_id: UUID, stars: int) -> None:
    """Add a rating of 1 to 5 stars."""
    Partner.objects.filter(pk=partner_id).update(rating_sum=F("rating_sum") + stars, rating_count=F("rating_count") + 1)


def notify_partner_updated(outbox: Outbox, partner: Partner) -> None:
    """Notify a partner that someone else has changed their application or status."""
    body = {"partnerId": str(partner.pk), "application": partner.application, "status": partner.status}
    outbox.add(partner_recipient(partner.pk), "partner.updated", body)


def far_above_usual(answers: str) -> bool:
    """Whether a partner has turned down or let lapse far more than is usual."""
    return len(answers) >= settings.DECLINES_AT_LEAST and turned_down(answers) > settings.DECLINES_SHARE


def turned_down(answers: str) -> float:
    """The share of answers that turned an offer down, from 0 to 1."""
    return answers.count(TURNED_DOWN) / len(answers) if answers else 0.0
