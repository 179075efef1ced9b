"""Dead letters: requests for which no partner was found in time. Staff requeue, widen or direct them, or close them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import Partner, User
from core.database import refused_as
from core.errors import Conflict, Invalid
from notifications.events import recorded
from payments.books import holds
from regions.selectors import usual_patience, usual_radii_m
from requests_app import announce, bookings, wakeups
from requests_app.care import require_dead
from requests_app.locks import lock_partner, lock_request
from requests_app.matching import directed
from requests_app.models import ONE_OPEN, CheerRequest, Offer
from requests_app.reasons import RequestClosed
from requests_app.selectors import prices_of
from requests_app.serving.fulfilment import take_offer
from requests_app.serving.release import back_to_pending
from requests_app.states import RequestStatus


def dead_letter(request_id: UUID, *, now: datetime) -> bool:
    """Dead-letter a request whose patience is over, with the reason. Returns False if it is not pending or not due."""
    with recorded() as outbox:
        request = lock_request(request_id)
        if request.status != RequestStatus.PENDING or request.give_up_at > now:
            return False
        asked = Offer.objects.filter(request=request).exists()
        why = RequestClosed.NOBODY_ACCEPTED if asked else RequestClosed.NO_PARTNER_NEARBY
        request.move(RequestStatus.NO_MATCH, actor=None, at=now, reason=why, closed_code=why)
        holds.release(request.pk, now=now)
        announce.request_updated(outbox, request, announce.nobody_found(request, now=now))
    return True


def requeue_request(request: CheerRequest, *, actor: User, now: datetime) -> CheerRequest:
    """Requeue a dead letter as staff, with fresh patience, and with what a new request needs.

    If cards are charged, the request is matched once the region's amount is held again.

    Raises: `Conflict` if it is no dead letter; if it has been one for longer than `REQUEUE_MAX_AGE_S`
        (`dead_letter_too_old`); if its user has another open request (`request_already_open`) or may not ask any more
        (`account_inactive`, `card_required`, `payment_overdue`); if its region or type is no longer offered
        (`region_not_served`, `request_type_inactive`).
    """
    return _requeue(request.pk, actor=actor, now=now, reason="requeued by staff")


def widen_request(
    request: CheerRequest, *, reach_m: int | None, patience_s: int | None, actor: User, now: datetime
) -> CheerRequest:
    """Requeue a dead letter, and look for a partner farther away or for longer, for this request only.

    None leaves a limit as it is.

    Raises: as `requeue_request`; `Invalid` if neither is given, or one is not beyond the usual or beyond what
        `WIDEN_RADIUS_MAX_M` and `WIDEN_PATIENCE_MAX_S` allow.
    """
    if reach_m is None and patience_s is None:
        raise Invalid("required", "Say how far, or for how long.", "reach_m")
    usual_m, usual_s = usual_radii_m(request.region_id)[-1], usual_patience(request.region_id).total_seconds()
    if reach_m is not None and not usual_m < reach_m <= settings.WIDEN_RADIUS_MAX_M:
        raise Invalid("invalid", _between("km", usual_m, settings.WIDEN_RADIUS_MAX_M, 1000))
    if patience_s is not None and not usual_s < patience_s <= settings.WIDEN_PATIENCE_MAX_S:
        raise Invalid("invalid", _between("min", usual_s, settings.WIDEN_PATIENCE_MAX_S, 60))
    wider = {"reach_m": reach_m, "patience_s": patience_s}
    limits = {name: value for name, value in wider.items() if value is not None}
    return _requeue(request.pk, actor=actor, now=now, reason="widened by staff", limits=limits)


def _between(unit: str, least: float, most: float, per_unit: int) -> str:
    return f"More than {least / per_unit:g} {unit}, and at most {most / per_unit:g} {unit}."


def direct_request(
    request: CheerRequest, partner: Partner, *, actor: User, now: datetime, forced: bool = False
) -> CheerRequest:
    """Requeue a dead letter and offer it to a partner whom staff have named, before anybody else.

    If `forced`, the partner takes it without being asked. If cards are charged, all this is done once the amount is
    held; if the partner is not free any more by then, the request is matched as any other.

    Raises: as `requeue_request` and as `directed.asked`.
    """
    reason = "assigned by staff" if forced else "directed by staff"
    return _requeue(request.pk, actor=actor, now=now, reason=reason, partner=partner, forced=forced)


def _requeue(
    request_id: UUID,
    *,
    actor: User,
    now: datetime,
    reason: str,
    limits: dict[str, Any] | None = None,
    partner: Partner | None = None,
    forced: bool = False,
) -> CheerRequest:
    """Requeue a dead letter, with other limits of the search or a partner who is asked first, if given."""
    with recorded() as outbox:
        request = lock_request(request_id)
        require_dead(request)
        _require_still_wanted(request, now=now)
        named = None if partner is None else directed.asked(request, lock_partner(partner.pk), now=now)
        card = bookings.card_for(request.user, prices_of(request))
        for name, value in (limits or {}).items():
            setattr(request, name, value)
        asked_anew = Conflict("request_already_open", "This user has another open request.")
        with refused_as({ONE_OPEN: asked_anew}), transaction.atomic():
            back_to_pending(request, actor=actor, now=now, reason=reason, held=card is None, **(limits or {}))
        directed.ask_first(request, named.partner if named and card else None, forced=forced)
        if named is not None and card is None:
            made = directed.offer(outbox, request, named, actor=actor, now=now)
            if forced:
                take_offer(outbox, made, actor=actor, now=now)
            return request
        if card is not None:
            bookings.hold_booking(request, card, now=now, off_session=True)
        else:
            wakeups.wake_on_commit(request.region.slug)
        announce.request_updated(outbox, request)
    return request


def _require_still_wanted(request: CheerRequest, *, now: datetime) -> None:
    """Raises `Conflict` if the request is too old, or if a new one like it would be refused."""
    if now - request.give_up_at > timedelta(seconds=settings.REQUEUE_MAX_AGE_S):
        raise Conflict("dead_letter_too_old", "This dead letter is too old; the user has to ask again.")
    if not request.user.is_active:
        raise Conflict("account_inactive", "This user's account is not active.")
    if not request.region.active:
        raise Conflict("region_not_served", "We do not serve this place any more.")
    if not request.request_type.active:
        raise Conflict("request_type_inactive", "This type of request is not offered any more.")
