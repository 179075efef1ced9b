"""Outcomes of holds on the card: a booking is offered or called off, and a running session is covered for longer.

Payments don't know requests. The outcome of a hold is applied here as soon as it is committed (receivers.py), or by the
sweep, which looks twice a second, if that process dies.
"""

from datetime import datetime
from uuid import UUID

from notifications.events import Outbox, recorded
from payments import configuration
from payments.announce import booking_word
from payments.books import holds
from payments.models import Customer, Hold
from payments.states import HoldStatus
from positions import Nearest
from requests_app import announce, wakeups
from requests_app.locks import lock_partner, lock_request, lock_ride
from requests_app.matching import directed, immediate
from requests_app.models import CheerRequest
from requests_app.selectors import patience
from requests_app.serving.fulfilment import take_offer
from requests_app.states import OPEN, RequestStatus
from requests_app.unheld import waits_for_hold, without_unheld
from rides.cover import cover
from rides.models import Ride
from rides.states import ACTIVE, RideStatus

BATCH = 200


def sweep_holds(now: datetime) -> None:
    """Apply the outcomes of holds, give up unconfirmed ones, and renew those that are about to expire."""
    if not configuration.enabled():
        return
    news = Hold.objects.filter(answered_at__isnull=True).exclude(status=HoldStatus.PLANNED)
    for hold_id in list(news.order_by("created_at").values_list("pk", flat=True)[:BATCH]):
        answer_hold(hold_id, now=now)
    late = Hold.objects.filter(status=HoldStatus.REQUIRES_ACTION, confirm_by__lte=now)
    for hold_id in list(late.values_list("pk", flat=True)[:BATCH]):
        _give_up_confirming(hold_id, now=now)
    expiring = Hold.objects.filter(status=HoldStatus.AUTHORIZED, capture=None)
    for hold_id in list(
        expiring.filter(expires_at__lte=now + holds.EXPIRY_MARGIN).values_list("pk", flat=True)[:BATCH]
    ):
        _renew(hold_id, now=now)


def _locked(hold_id: UUID) -> tuple[CheerRequest, Ride | None, Hold]:
    """Lock a hold, its request and the active ride of the request, if any, in the order of locks."""
    found = Hold.objects.only("request_id").get(pk=hold_id)
    request = lock_request(found.request_id)
    serving = Ride.objects.filter(request=request, status__in=ACTIVE).first()
    ride = None
    if serving is not None:
        lock_partner(serving.partner_id)
        ride = lock_ride(serving.pk)
    return request, ride, Hold.objects.select_for_update(no_key=True).get(pk=hold_id)


def answer_hold(hold_id: UUID, *, now: datetime) -> None:
    """Apply the outcome of a hold once: offer or cancel its request, or extend the cover of its session."""
    candidates = _candidates(hold_id, now=now)
    with recorded() as outbox:
        request, ride, hold = _locked(hold_id)
        if hold.answered_at is not None or hold.status == HoldStatus.PLANNED:
            return
        Hold.objects.filter(pk=hold.pk).update(answered_at=now)
        if request.status not in OPEN:
            holds.release(request.pk, now=now)
        elif hold.for_booking and waits_for_hold(request):
            _answer_booking(outbox, request, hold, candidates, now=now)
        elif ride is not None and ride.status == RideStatus.IN_PROGRESS:
            cover_session(outbox, ride, now=now)


def _candidates(hold_id: UUID, *, now: datetime) -> Nearest:
    """The candidates for an immediate offer to a request whose amount is held; searched for before the transaction."""
    held = Hold.objects.filter(pk=hold_id, status=HoldStatus.AUTHORIZED, for_booking=True, answered_at=None)
    hold = held.select_related("request__region").first()
    return immediate.near(hold.request, now=now) if hold is not None else Nearest()


def _answer_booking(outbox: Outbox, request: CheerRequest, hold: Hold, candidates: Nearest, *, now: datetime) -> None:
    if hold.status == HoldStatus.AUTHORIZED:
        request.next_attempt_at = now
        request.give_up_at = now + patience(request)
        request.save(update_fields=["next_attempt_at", "give_up_at"])
    elif hold.status != HoldStatus.REQUIRES_ACTION and not hold.unwanted:
        _cancel_request(request, "card_declined", now=now)
    announce.request_updated(outbox, request, booking_word(hold, now=now))
    if hold.status == HoldStatus.AUTHORIZED and not _is_offered(outbox, request, hold, candidates, now=now):
        wakeups.wake_on_commit(request.region.slug)


def _is_offered(outbox: Outbox, request: CheerRequest, hold: Hold, candidates: Nearest, *, now: datetime) -> bool:
    """Offer a request whose amount is held, first to a partner named by staff. Returns False if nobody is asked."""
    first = directed.asked_first(request, now=now) if hold.number > 1 else None  # the first hold is of a new request
    if first is not None:
        made = directed.offer(outbox, request, first.named, actor=first.by, now=now)
        if first.forced:
            take_offer(outbox, made, actor=first.by, now=now)
        return True
    return _is_alone(request) and immediate.offer(outbox, request, candidates, now=now)


def _is_alone(request: CheerRequest) -> bool:
    """Whether a request has had no offer, and no other one waits to be matched in its region."""
    others = CheerRequest.objects.filter(region=request.region, status=RequestStatus.PENDING).exclude(pk=request.pk)
    return not request.attempts and not without_unheld(others).exists()


def _cancel_request(request: CheerRequest, why: str, *, now: datetime) -> None:
    request.move(RequestStatus.CANCELLED, actor=None, at=now, reason=why, closed_code=why)
    holds.release(request.pk, now=now)


def _give_up_confirming(hold_id: UUID, *, now: datetime) -> None:
    with recorded() as outbox:
        request, _, hold = _locked(hold_id)
        if hold.status != HoldStatus.REQUIRES_ACTION:
            return
        if hold.for_booking and waits_for_hold(request):
            _cancel_request(request, "card_not_confirmed", now=now)
            announce.request_updated(outbox, request)
        else:
            holds.release_one(hold, now=now)


def _renew(hold_id: UUID, *, now: datetime) -> None:
    """Release a hold that is about to expire, and replace it if its request is open."""
    with recorded():
        request, _, hold = _locked(hold_id)
        if hold.status != HoldStatus.AUTHORIZED:
            return
        holds.release_one(hold, now=now)
        customer = Customer.objects.filter(user=hold.user_id).exclude(card_reference="").first()
        if request.status in OPEN and customer is not None:
            amount, currency = hold.amount, hold.currency
            holds.place(customer, request_id=request.pk, amount=amount, currency=currency, off_session=True, now=now)


# ---------------------------------------------------------------- running sessions


def cover_session(outbox: Outbox, ride: Ride, *, now: datetime) -> None:
    """Update the cover of a locked, running session, and notify both sides if it has changed."""
    before = ride.covered_until
    cover(ride, holds.held_amount(ride.request_id))
    if ride.covered_until != before:
        announce.ride_updated(outbox, ride, ride.partner)
