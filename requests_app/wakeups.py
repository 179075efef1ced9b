"""Wake-ups of the matcher of a region. A wake-up is a hint: the sweep repeats one that is lost."""

import logging
from contextlib import suppress
from uuid import UUID

from django.db import DatabaseError, router, transaction

from accounts.models import Partner
from accounts.states import PartnerStatus
from core import valkey
from core.composed import Composed
from core.jobs import enqueue
from requests_app.models import CheerRequest
from requests_app.states import RequestStatus

log = logging.getLogger(__name__)

PENDING_FOR_S = 2  # a wake-up not picked up within this time is considered lost


def match_queue(region_slug: str) -> str:
    """The name of a region's queue."""
    return f"match.{region_slug}"


def _pending_key(region_slug: str) -> str:
    return f"{{{region_slug}}}:match:pending"


def wake_on_commit(region_slug: str) -> None:
    """Wake the region's matcher after the commit of this transaction."""
    transaction.on_commit(lambda: wake(region_slug))


def partner_free_on_commit(partner: Partner) -> None:
    """Wake the matcher of an available partner's region after the commit, if a request waits there."""
    region_id = partner.region_id
    if region_id is not None and partner.status == PartnerStatus.AVAILABLE:
        transaction.on_commit(lambda: _wake_if_awaited(region_id))


def _wake_if_awaited(region_id: UUID) -> None:
    # Runs after the commit: a request made at the same time either finds the partner or is found here.
    try:
        for (slug,) in _waiting(region_id, using=router.db_for_read(CheerRequest)):
            wake(slug)
    except DatabaseError as error:
        log.warning("no matcher woken (%s); the sweep will", type(error).__name__)


_waiting = Composed(
    lambda region_id: CheerRequest.objects.filter(region=region_id, status=RequestStatus.PENDING).values_list(
        "region__slug"
    )[:1]
)


def wake(region_slug: str) -> None:
    """Enqueue `match_region`, unless a wake-up of the region waits already."""
    try:
        if not valkey.claim(_pending_key(region_slug), PENDING_FOR_S):
            return
    except valkey.Unreachable as error:
        log.warning("matcher of %s not woken (%s); the sweep will", region_slug, type(error).__name__)
        return
    if not enqueue("match_region", region_slug, queue=match_queue(region_slug), expires_s=60):
        with suppress(valkey.Unreachable):
            taken(region_slug)  # nothing was enqueued, so the next wake-up must not be skipped


def taken(region_slug: str) -> None:
    """Note that the waiting wake-up has started, so that the next may be enqueued. Raises `valkey.Unreachable`."""
    valkey.client().delete(_pending_key(region_slug))
