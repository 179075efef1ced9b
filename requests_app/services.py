"""Submits and cancels requests."""

from collections.abc import Callable
from copy import copy
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.locations import current_location
from accounts.models import Partner, User
from core.database import refused_as
from core.errors import Conflict, Invalid, Missing
from core.reasons import Reason
from notifications.events import Outbox, recorded
from payments.books import holds
from payments.models import Customer
from positions import Nearest, Position
from regions.models import Terms
from regions.selectors import open_region, present_terms, usual_patience
from requests_app import announce, bookings, wakeups
from requests_app.locks import LockedRide, lock_partner, lock_request, lock_ride
from requests_app.matching import immediate
from requests_app.models import ONE_OPEN, CheerRequest, RequestType
from requests_app.offers import rescind_offer
from requests_app.reasons import RequestClosed
from requests_app.selectors import prices_of, request_types_by_slug
from requests_app.serving.release import free_partner
from requests_app.serving.suspicions import suspect_staying_away
from requests_app.states import OPEN, RequestStatus
from rides.fees import cancellation_fee
from rides.models import Ride
from rides.services import cancel_ride, charge_cancellation
from rides.states import ACTIVE, RideStatus


def _nothing_more(request: CheerRequest) -> None:
    pass


def _open_already() -> Conflict:
    return Conflict("request_already_open", "You have an open request already.")


def submit_request(
    user: User,
    *,
    lat: float,
    lng: float,
    request_type: RequestType | None,
    note: str,
    now: datetime,
    wanted_at: datetime | None = None,
    terms: Terms | None = None,
    prices_shown: str = "",
    then: Callable[[CheerRequest], object] = _nothing_more,
) -> CheerRequest:
    """Create a request, then offer it immediately or wake the region's matcher.

    If cards are charged, the request is matched once its amount is held. `request_type` defaults to the first active
    type. Patience counts from `wanted_at`, if given. `terms`: the prices that the user has agreed to; by default the
    region's present ones, which may not be others than `prices_shown`. `then` gets the request inside its transaction.

    Returns: the request as it was created, `pending`; events report its later changes.
    Raises: `Conflict` (`region_not_served`, `prices_changed`, `region_paused`, `region_closed`, `request_already_open`,
        `card_required`, `payment_overdue`).
    """
    region = open_region(lat, lng, at=wanted_at or now, prices_shown=prices_shown)
    card = bookings.card_for(user, terms or region)
    give_up_at = max(now, wanted_at or now) + usual_patience(region.pk)
    request = CheerRequest(
        user=user,
        region=region,
        request_type=request_type or first_type(),
        lat=lat,
        lng=lng,
        note=note,
        created_at=now,
        next_attempt_at=now if card is None else give_up_at,
        give_up_at=give_up_at,
    )
    candidates = immediate.near(request, now=now) if card is None else Nearest()
    with refused_as({ONE_OPEN: _open_already()}), recorded() as outbox:
        request.terms = terms or present_terms(region, now=now)
        if card is None:
            told = announce.request_updated(outbox, request)
            taken = copy(request)  # the answer; events report later changes
            _offer_or_wake(outbox, request, candidates, now=now)
        else:
            away = wanted_at is not None  # a planned cheer is requested by a sweep
            taken, told = request, _hold(outbox, request, card, now=now, off_session=away)
        then(request)
        outbox.result(taken, rendered=told)
    return taken


def _hold(outbox: Outbox, request: CheerRequest, card: Customer, *, now: datetime, off_session: bool) -> dict[str, Any]:
    """Insert a request that is matched once its amount is held. Returns its JSON."""
    request.create(actor=request.user, at=now)
    bookings.hold_booking(request, card, now=now, off_session=off_session)
    return announce.request_updated(outbox, request)


def _offer_or_wake(outbox: Outbox, request: CheerRequest, candidates: Nearest, *, now: datetime) -> None:
    """Insert a request for which nothing is held, and offer it immediately or wake the region's matcher."""
    if not immediate.take(outbox, request, candidates, now=now):
        request.create(actor=request.user, at=now)
        wakeups.wake_on_commit(request.region.slug)


def first_type() -> RequestType:
    """The default request type. Raises `Invalid` if no type is active."""
    found = next(iter(request_types_by_slug().values()), None)
    if found is None:
        raise Invalid("required", "Name a request type.", "requestType")
    return found


def cancel_request(user: User, request_id: UUID, *, reason: str, now: datetime) -> CheerRequest:
    """Cancel a user's request before its session starts; after acceptance the fee rule applies.

    Raises: `Missing`, also for another user's request; `Conflict`.
    """
    coming = Partner.objects.select_related("region").filter(rides__request=request_id, rides__status__in=ACTIVE)
    partner = coming.filter(rides__user=user).first()
    place = current_location(partner) if partner is not None else None
    why = Reason(RequestClosed.CANCELLED_BY_USER, reason)
    return _cancel(request_id, actor=user, reason=why, now=now, charge=True, place=place)


def cancel_request_as_staff(request: CheerRequest, *, actor: User, reason: str, now: datetime) -> CheerRequest:
    """Cancel a request free of charge before its session starts, or close a dead letter. Raises `Conflict`."""
    return _cancel(
        request.pk, actor=actor, reason=Reason(RequestClosed.CANCELLED_BY_STAFF, reason), now=now, charge=False
    )


def _cancel(
    request_id: UUID, *, actor: User, reason: Reason, now: datetime, charge: bool, place: Position | None = None
) -> CheerRequest:
    """Cancel a request; `charge`: by the fee rule, for which the partner of its ride is at `place`."""
    with recorded() as outbox:
        request = lock_request(request_id)
        if charge and request.user_id != actor.pk:  # a user, who may cancel only their own
            raise Missing
        if request.status == RequestStatus.ACCEPTED:
            _cancel_ride_of(
                outbox, request, actor=actor, reason=Reason(reason.code), now=now, charge=charge, place=place
            )
        elif request.status == RequestStatus.OFFERED:
            rescind_offer(outbox, request, why="cancelled", actor=actor, now=now)
        elif request.status not in OPEN and (charge or request.status != RequestStatus.NO_MATCH):
            raise Conflict(f"request_{request.status}", "The state of this request does not allow that.")
        request.move(RequestStatus.CANCELLED, actor=actor, at=now, reason=str(reason), **reason.columns)
        holds.release(request.pk, now=now)
        announce.request_updated(outbox, request)
        outbox.result(request)
    return request


def _cancel_ride_of(
    outbox: Outbox,
    request: CheerRequest,
    *,
    actor: User,
    reason: Reason,
    now: datetime,
    charge: bool,
    place: Position | None,
) -> None:
    found = Ride.objects.filter(request=request, status__in=ACTIVE).get()
    partner, ride = lock_partner(found.partner_id), lock_ride(found.pk)
    if ride.status == RideStatus.IN_PROGRESS:
        raise Conflict("ride_in_progress", "The session has started; it can only be ended.")
    cancel_ride(ride, actor=actor, now=now, reason=reason)
    if charge:
        if cancellation_fee(ride, prices_of(request), now):
            suspect_staying_away(LockedRide(request, partner, ride), place, now=now)
        charge_cancellation(ride, prices_of(request), outbox, now=now)
    free_partner(partner, actor=actor, now=now, reason="ride cancelled")
    announce.ride_updated(outbox, ride, partner)
