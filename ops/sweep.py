"""The passes of the sweep. Each is safe to run twice, concurrently, or after a crash at any line."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

import positions
from accounts.deferred_mails import sweep_mails
from accounts.presence import is_suspect, reconcile, snapshot_positions, suspect
from core import clock, valkey
from core.database import trouble_of
from core.errors import Conflict
from core.heartbeats import beat
from core.log_context import bound
from core.metrics import PASS
from core.tracing import span
from insights.arrival.services import sweep_arrivals
from insights.facts.sweeping import sweep_facts
from insights.forecast.services import sweep_forecasts
from insights.positioning.services import sweep_advice
from insights.sandbox.sweeping import sweep_sandbox
from insights.trail.sampling import sweep_trails
from notifications.services import publish_again
from notifications.web_push import sweep_pushes
from payments.books.credits import sweep_credits
from payments.books.payout_holds import sweep_payout_holds
from payments.books.referrals import sweep_referrals
from payments.sweep import sweep_books, sweep_operations, sweep_reconciliation, sweep_reminders
from regions.models import Region
from requests_app.dead_letters import dead_letter
from requests_app.hold_answers import sweep_holds
from requests_app.models import CheerRequest, Offer, ScheduledRequest
from requests_app.offers import CLOCKS_DIFFER, expire_offer, lapsed
from requests_app.planning.schedule import request_scheduled
from requests_app.serving.session_holds import sweep_sessions
from requests_app.serving.silences import note_silences
from requests_app.serving.watching import service_of
from requests_app.states import OfferStatus, RequestStatus, ScheduledStatus
from requests_app.unheld import without_unheld
from requests_app.wakeups import wake
from rides.mails import sweep_receipts
from rides.models import Ride
from rides.states import ACTIVE
from web.privacy.making import sweep_exports

log = logging.getLogger(__name__)

PART = "sweep"
BATCH = 500  # rows of one kind per pass


def sweep_deadlines(now: datetime) -> None:
    """Expire offers, request planned cheers, turn requests out of patience into dead letters, and wake the matchers of
    regions where an attempt is due.
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
    # No attempt is planned further ahead than the longest back-off, unless the clock was set back since, or the request
    # waits for its hold.
    never = now + timedelta(seconds=settings.RETRY_MAX_S) + CLOCKS_DIFFER
    without_unheld(pending.filter(next_attempt_at__gt=never)).update(next_attempt_at=now)
    ready = pending.filter(next_attempt_at__lte=now, give_up_at__gt=now)
    for slug in ready.order_by().values_list("region__slug", flat=True).distinct():
        wake(slug)


def _settled(step: Callable[..., object], row_id: UUID) -> None:
    try:
        step(row_id, now=clock.now())
    except Conflict as conflict:  # another process was first, which is fine
        log.info("already settled: %s", conflict.code)
    except Exception as error:
        if trouble_of(error) is not None:  # a database failure would affect the other rows as well
            raise
        log.exception("%s of %s failed; the others go on", step.__name__, row_id)


def sweep_lost_presence(now: datetime) -> None:
    """Rebuild the live positions after Valkey has lost its data."""
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
        # Requests that found no partner while partners were missing are retried without waiting for their back-off.
        wake(region.slug)
    _reconcile_forwarding(region)


def _reconcile_forwarding(region: Region) -> None:
    """Forward a partner's positions to the user of their active ride and to no other, and watch its place."""
    # Read before the rides, so that a ride accepted in between is not considered over.
    told = positions.serving(region.slug)
    active = Ride.objects.select_related("request").filter(status__in=ACTIVE, partner__region=region)
    rides = {ride.partner_id: service_of(ride, ride.request.lat, ride.request.lng) for ride in active}
    for partner_id in told.keys() | rides.keys():
        if told.get(partner_id) != rides.get(partner_id):
            positions.serve(region.slug, partner_id, rides.get(partner_id))


def show_life(now: datetime) -> None:
    """Tell `/readyz` that a sweep is running."""
    beat(PART)


# Each pass with its interval in seconds.
PASSES: list[tuple[Callable[[datetime], None], float]] = [
    (show_life, 1.0),
    (sweep_lost_presence, 0.5),
    (sweep_deadlines, 0.5),
    (publish_again, 1.0),
    (sweep_pushes, 0.5),
    (sweep_holds, 0.5),
    (sweep_sessions, 0.5),
    (sweep_operations, 0.5),
    (sweep_receipts, 5.0),
    (sweep_mails, 1.0),
    (sweep_exports, 1.0),
    (sweep_payout_holds, 5.0),
    (sweep_credits, 5.0),
    (sweep_referrals, 5.0),
    (sweep_reminders, 10.0),
    (sweep_reconciliation, 60.0),
    (sweep_books, 60.0),
    (sweep_arrivals, 30.0),
    (sweep_facts, 5.0),
    (sweep_advice, 10.0),
    (sweep_forecasts, 10.0),
    (sweep_sandbox, 5.0),
    (sweep_presence, 3.0),
    (sweep_trails, 10.0),
    (note_silences, 10.0),  # after the positions have been copied
]


class Sweeper:
    """Runs each pass when it is due. A failure is logged, and the pass runs again at its next turn."""

    def __init__(self) -> None:
        self._due = [0.0] * len(PASSES)

    def run_due(self) -> None:
        """Run every pass that is due now."""
        for index, (sweep, every_s) in enumerate(PASSES):
            if time.monotonic() >= self._due[index]:
                self._due[index] = time.monotonic() + every_s
                begun, outcome = time.perf_counter(), "ok"
                try:
                    with bound(**{"pass": sweep.__name__}), span(f"pass {sweep.__name__}"):
                        sweep(clock.now())
                except Exception:
                    outcome = "failed"
                    log.exception("%s failed", sweep.__name__)
                PASS.observe(time.perf_counter() - begun, sweep.__name__, outcome)
