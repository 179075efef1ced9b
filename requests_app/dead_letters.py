"""Dead letters: requests for which no partner was found in time. Staff may requeue or close them."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import User
from core.database import refused_as
from core.errors import Conflict
from notifications.events import recorded
from payments.books import holds
from requests_app import announce, bookings, wakeups
from requests_app.locks import lock_request
from requests_app.models import CheerRequest, Offer
from requests_app.reasons import RequestClosed
from requests_app.selectors import prices_of
from requests_app.services import ONE_OPEN
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
    with recorded() as outbox:
        locked = lock_request(request.pk)
        if locked.status != RequestStatus.NO_MATCH:
            raise Conflict(f"request_{locked.status}", "The state of this request does not allow that.")
        _require_still_wanted(locked, now=now)
        card = bookings.card_for(locked.user, prices_of(locked))
        asked_anew = Conflict("request_already_open", "This user has another open request.")
        with refused_as({ONE_OPEN: asked_anew}), transaction.atomic():
            back_to_pending(locked, actor=actor, now=now, reason="requeued by staff", held=card is None)
        if card is None:
            wakeups.wake_on_commit(locked.region.slug)
        else:
            bookings.hold_booking(locked, card, now=now, off_session=True)
        announce.request_updated(outbox, locked)
    return locked


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
