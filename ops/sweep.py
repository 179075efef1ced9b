"""What deadlines and repairs are due. Every pass is safe to run twice, at once, or after a crash at any line."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

import positions
from accounts.presence import is_suspect, reconcile, snapshot_positions, suspect
from accounts.sign_out import prune_tickets_and_tokens
from api.models import IdempotencyRecord
from core import valkey
from core.database import trouble_of
from core.errors import Conflict
from notifications.services import prune_events, publish_again
from notifications.web_push import sweep_pushes
from payments.sweep import forget_events, sweep_operations, sweep_reconciliation
from regions.models import Region
from requests_app.bookings import sweep_holds
from requests_app.models import CheerRequest, Offer, ScheduledRequest
from requests_app.offers import CLOCKS_DIFFER, expire_offer, lapsed
from requests_app.schedule import request_scheduled
from requests_app.services import dead_letter
from requests_app.session_holds import sweep_sessions
from requests_app.sharing import prune_share_links
from requests_app.states import OfferStatus, RequestStatus, ScheduledStatus
from requests_app.wakeups import wake
from rides.mails import sweep_receipts
from rides.models import Ride
from rides.states import ACTIVE

log = logging.getLogger(__name__)

BATCH = 500  # rows a pass


def sweep_deadlines(now: datetime) -> None:
    """Expire offers, ask for what was planned, give up on requests out of patience, and wake the matchers of regions
    where something is due.
    """
    due = Offer.objects.filter(lapsed(now), status=OfferStatus.PENDING).order_by("expires_at")
    for offer_id in list(due.values_list("pk", flat=True)[:BATCH]):
        _settled(expire_offer, offer_id)
    planned = ScheduledRequest.objects.filter(status=ScheduledStatus.WAITING, due_at__lte=now).order_by("due_at")
    for scheduled_id in list(planned.values_list("pk", flat=True)[:BATCH]):
        _settled(request_scheduled, scheduled_id)
    pending = CheerRequest.objects.filter(status=RequestStatus.PENDING)
    for request_id in list(pending.filter(give_up_at__lte=now).values_list("pk", flat=True)[:BATCH]):
        _settled(dead_letter, request_id)
    # No wait is longer than the longest: an attempt planned for later was planned before the clock was set back.
    never = now + timedelta(seconds=settings.RETRY_MAX_S) + CLOCKS_DIFFER
    pending.filter(next_attempt_at__gt=never).update(next_attempt_at=now)
    hungry = pending.filter(next_attempt_at__lte=now, give_up_at__gt=now)
    for slug in hungry.order_by().values_list("region__slug", flat=True).distinct():
        wake(slug)


def _settled(step: Callable[..., object], row_id: UUID) -> None:
    try:
        step(row_id, now=timezone.now())
    except Conflict as conflict:  # somebody was first, and that is as good
        log.info("already settled: %s", conflict.code)
    except Exception as error:
        if trouble_of(error) is not None:  # then the others would fare no better
            raise
        log.exception("%s of %s failed; the others go on", step.__name__, row_id)


def sweep_lost_presence(now: datetime) -> None:
    """Rebuild the live positions of a Valkey that is back without its data."""
    regions = _regions()
    try:
        for region in regions:
            if is_suspect(region.slug):
                _bring_in_line(region, now=now)
    except valkey.Unreachable:
        _suspect(regions)


def sweep_presence(now: datetime) -> None:
    """Copy positions to the database, and reconcile the searchable sets with it."""
    regions = _regions()
    try:
        for region in regions:
            snapshot_positions(region)
            _bring_in_line(region, now=now)
    except valkey.Unreachable as error:
        log.warning("presence not reconciled: %s", type(error).__name__)
        _suspect(regions)


def _regions() -> list[Region]:
    return list(Region.objects.filter(active=True))


def _suspect(regions: list[Region]) -> None:
    for region in regions:
        suspect(region.slug)


def _bring_in_line(region: Region, *, now: datetime) -> None:
    if reconcile(region, now=now):
        # Requests that found nobody while partners were missing must not wait out their back-off.
        wake(region.slug)
    _reconcile_forwarding(region)


def _reconcile_forwarding(region: Region) -> None:
    """Forward a partner's positions to the user of their active ride, and to nobody else."""
    # Read before the rides, so that one accepted in between is not taken for over.
    told = positions.serving(region.slug)
    active = Ride.objects.filter(status__in=ACTIVE, partner__region=region)
    rides = dict(active.values_list("partner_id", "user_id"))
    for partner_id in told.keys() | rides.keys():
        if told.get(partner_id) != rides.get(partner_id):
            positions.serve(region.slug, partner_id, rides.get(partner_id))


def sweep_leftovers(now: datetime) -> None:
    """Delete what has had its time: old events, tickets, tokens, kept answers."""
    prune_events(now)
    prune_tickets_and_tokens(now)
    prune_share_links(now)
    forget_events(now)
    IdempotencyRecord.objects.filter(created_at__lt=now - timedelta(seconds=settings.IDEMPOTENCY_KEY_TTL_S)).delete()


# Each pass and how often it is due, in seconds.
PASSES: list[tuple[Callable[[datetime], None], float]] = [
    (sweep_lost_presence, 0.5),
    (sweep_deadlines, 0.5),
    (publish_again, 1.0),
    (sweep_pushes, 0.5),
    (sweep_holds, 0.5),
    (sweep_sessions, 0.5),
    (sweep_operations, 0.5),
    (sweep_receipts, 5.0),
    (sweep_reconciliation, 60.0),
    (sweep_presence, 3.0),
    (sweep_leftovers, 60.0),
]


class Sweeper:
    """Runs each pass when it is due; one that fails is logged and tried again at its next turn."""

    def __init__(self) -> None:
        self._due = [0.0] * len(PASSES)

    def run_due(self) -> None:
        """Run whatever is due now."""
        for index, (sweep, every_s) in enumerate(PASSES):
            if time.monotonic() >= self._due[index]:
                self._due[index] = time.monotonic() + every_s
                try:
                    sweep(timezone.now())
                except Exception:
                    log.exception("%s failed", sweep.__name__)
