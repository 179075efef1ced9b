"""Frees partners whose ride is over, and matches requests again that have lost their partner."""

from datetime import datetime

from django.db import transaction

import positions
from accounts.models import Partner, User
from accounts.partners import move_partners
from accounts.states import PartnerStatus
from notifications.events import Outbox
from requests_app import announce, wakeups
from requests_app.models import CheerRequest
from requests_app.selectors import patience
from requests_app.states import RequestStatus


def free_partner(
    partner: Partner,
    *,
    actor: User | None,
    now: datetime,
    reason: str,
    becomes: str = PartnerStatus.AVAILABLE,
    **changes: object,
) -> None:
    """Free a busy partner, wake the matcher if requests wait, and stop forwarding their positions.

    `changes` are other columns of the partner to write.
    """
    if partner.status == PartnerStatus.BUSY:
        move_partners([partner], becomes, actor=actor, at=now, reason=reason, **changes)
        wakeups.partner_free_on_commit(partner)
    if partner.region is not None:
        slug = partner.region.slug
        transaction.on_commit(lambda: positions.serve(slug, partner.pk, None))


def back_to_pending(
    request: CheerRequest, *, actor: User | None, now: datetime, reason: str, held: bool = True, **changes: object
) -> None:
    """Move a locked request back to pending, with fresh patience. Unless `held`, no partner is looked for yet.

    `changes` are other columns of the request to write.
    """
    give_up_at = now + patience(request)
    request.move(
        RequestStatus.PENDING,
        actor=actor,
        at=now,
        reason=reason,
        wave=0,
        closed_code="",
        closed_note="",
        next_attempt_at=now if held else give_up_at,
        give_up_at=give_up_at,
        **changes,
    )


def match_again(request: CheerRequest, outbox: Outbox, *, actor: User | None, now: datetime, reason: str) -> None:
    """Match an accepted, locked request again, with fresh patience, after it has lost its partner."""
    back_to_pending(request, actor=actor, now=now, reason=reason)
    announce.request_updated(outbox, request)
    wakeups.wake_on_commit(request.region.slug)
