"""Changes offer, request, partner, ride and payment together, from acceptance to the end of the session."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.locations import current_location, fresh_location
from accounts.models import Partner, User
from accounts.partners import ACCEPTED, move_partners, notify_partner_updated
from accounts.states import PartnerStatus
from api.fields import location
from core.database import refused_as
from core.errors import Conflict
from core.metrics import STAGE
from core.reasons import Reason, said
from notifications.events import Outbox, push_latest, recorded, user_recipient
from payments.books import holds
from requests_app import announce
from requests_app.habits import answered, called_off
from requests_app.locks import LockedOffer, lock_partner, lock_with_offer, lock_with_ride
from requests_app.models import Offer
from requests_app.offers import require_open, rescind_offer
from requests_app.selectors import latest_offer_id, prices_of
from requests_app.serving.release import free_partner, match_again
from requests_app.serving.suspicions import suspect_dispute, suspect_early_start
from requests_app.serving.watching import watch_on_commit
from requests_app.states import OfferStatus, RequestStatus
from rides.arrivals import dispute_session
from rides.cover import cover
from rides.models import Ride
from rides.reasons import CALL_OFF_CODES, RideClosed
from rides.selectors import own_ride, ride_of_side
from rides.services import cancel_ride, check_pin, end_ride, open_ride, start_ride
from rides.states import ACTIVE, EndedBy, RideStatus

LATE_END = timedelta(seconds=30)


def accept_offer(
    partner: Partner, *, offer_id: UUID | None = None, request_id: UUID | None = None, now: datetime
) -> Ride:
    """Accept an offer; only one partner can. Raises `Missing`, `Conflict` (`offer_expired`, `offer_taken`, …)."""
    found = offer_id or latest_offer_id(partner, request_id)
    with recorded() as outbox:
        locked = lock_with_offer(found, partner_id=partner.pk)
        require_open(locked.offer, now=now)
        answers = answered(locked.partner, ACCEPTED, now=now)
        ride = take_offer(outbox, locked, actor=locked.partner.user, now=now, answers=answers)
        took = now - locked.offer.created_at
        STAGE.observe_on_commit(took.total_seconds(), "accepted", locked.request.region.slug)
        outbox.result(ride)
    return ride


def take_offer(outbox: Outbox, locked: LockedOffer, *, actor: User | None, now: datetime, **changes: Any) -> Ride:
    """Make a ride of an open offer. `changes` are other columns of its partner to write.

    Raises: `Conflict` (`offer_taken`).
    """
    request, partner, offer = locked
    offer.move(OfferStatus.ACCEPTED, actor=actor, at=now, answered_at=now)
    announce.offer_over(outbox, offer)
    request.move(RequestStatus.ACCEPTED, actor=actor, at=now)
    move_partners([partner], PartnerStatus.BUSY, actor=actor, at=now, **changes)
    taken = Conflict("offer_taken", "This request has a ride already.")
    one_ride = ("ride_one_not_cancelled_per_request", "ride_one_active_per_partner")
    with refused_as(dict.fromkeys(one_ride, taken)):
        ride = open_ride(
            request.pk,
            user=request.user,
            partner=partner,
            prices=prices_of(request),
            start_guard=request.region.start_guard,
            now=now,
        )
    announce.request_updated(outbox, request, announce.coming(ride), ride=ride, accepted=offer)
    announce.ride_updated(outbox, ride, partner)
    watch_on_commit(ride, request, partner)
    transaction.on_commit(lambda: _forward_position(partner, ride.user_id))
    return ride


def _forward_position(partner: Partner, user_id: UUID) -> None:
    """Send the user the partner's last position; each later report is forwarded as it comes."""
    place = current_location(partner)
    if place is not None:
        told = {"partnerId": str(partner.pk), "location": location(place.lat, place.lng)}
        push_latest([(user_recipient(user_id), "partner.location", told)])


def start_session(partner: Partner, ride_id: UUID, *, pin: str, now: datetime) -> Ride:
    """Start the session once the partner has arrived, or with the user's PIN.

    Raises: `Missing`, `Forbidden` (`wrong_pin`), `Conflict` (`not_arrived`, `pin_locked`, …).
    """
    found = own_ride(partner, ride_id)
    pin_checked = found.status == RideStatus.EN_ROUTE and check_pin(found, pin)
    position = fresh_location(partner, now=now)
    place = (position.lat, position.lng) if position is not None else None
    with recorded() as outbox:
        locked = lock_with_ride(found.pk)
        request, owner, ride = locked
        start_ride(ride, actor=owner.user, now=now, pin_checked=pin_checked, place=place)
        suspect_early_start(locked, position, now=now)
        watch_on_commit(ride, request, owner)
        cover(ride, holds.held_amount(ride.request_id))
        unnoticed = ride.arrived_at is None and not pin_checked
        announce.ride_updated(outbox, ride, owner, announce.arrived(ride, at=now) if unnoticed else None)
        outbox.result(ride)
    return ride


def end_session(actor: User, ride_id: UUID, *, now: datetime) -> Ride:
    """End the session for its partner or its user: freeze the fare, create the payment and free the partner.

    Raises: `Missing`, `Conflict`.
    """
    found = ride_of_side(actor, ride_id)
    return _end(found, actor=actor, by=EndedBy.USER if found.user_id == actor.pk else EndedBy.PARTNER, now=now)


def end_disputed(found: Ride, *, now: datetime) -> Ride:
    """End a session whose user says that nobody is there. Its fare is not collected until staff decide.

    Raises: `Conflict` (`started_with_pin`, `too_late`, …).
    """
    return _end(found, actor=found.user, by=EndedBy.USER, now=now, reason="nobody_here", disputed=True)


def end_uncovered(ride_id: UUID, *, now: datetime) -> None:
    """End a session whose holds are used up, at the moment at which its cover ended."""
    found = Ride.objects.select_related("user", "partner").get(pk=ride_id)
    if found.covered_until is None or found.covered_until > now:
        return
    # After a longer outage of the sweep, both sides went on in good faith: the bill is what their timers showed.
    moment = found.covered_until if now - found.covered_until <= LATE_END else now
    with suppress(Conflict):  # ended meanwhile
        _end(found, actor=None, by=EndedBy.SYSTEM, now=moment, reason="what was held is used up")


def _end(
    found: Ride,
    *,
    actor: User | None,
    by: EndedBy,
    now: datetime,
    reason: str = "",
    partner_becomes: str = PartnerStatus.AVAILABLE,
    disputed: bool = False,
) -> Ride:
    with recorded() as outbox:
        locked = lock_with_ride(found.pk)
        request, partner, ride = locked
        if actor is None and (ride.covered_until is None or ride.covered_until > now):
            raise Conflict("ride_covered", "More has been held for this session meanwhile.")
        if disputed and ride.status == RideStatus.IN_PROGRESS:
            dispute_session(ride, now=now)
            suspect_dispute(locked, now=now)
        end_ride(ride, outbox, actor=actor, ended_by=by, now=now, reason=reason, collect=not disputed)
        holds.release(request.pk, now=now)
        request.move(RequestStatus.COMPLETED, actor=actor, at=now)
        free_partner(partner, actor=actor, now=now, reason="ride completed", becomes=partner_becomes)
        announce.request_updated(outbox, request, announce.over(ride, now=now), ride=ride)
        announce.ride_updated(outbox, ride, partner)
        if partner.status == PartnerStatus.OFFLINE:
            notify_partner_updated(outbox, partner)
        outbox.result(ride)
    return ride


def cancel_by_partner(partner: Partner, ride_id: UUID, *, reason: str, now: datetime) -> Ride:
    """Cancel a ride for its partner before arrival. The request is matched again, but never with them.

    Raises: `Missing`, `Conflict`.
    """
    found = own_ride(partner, ride_id)
    with recorded() as outbox:
        request, locked, ride = lock_with_ride(found.pk)
        if ride.status == RideStatus.IN_PROGRESS:
            raise Conflict("ride_in_progress", "The session has started; it can only be ended.")
        cancel_ride(ride, actor=locked.user, now=now, reason=said(reason, CALL_OFF_CODES, RideClosed.OTHER))
        answers = called_off(locked, now=now)
        free_partner(locked, actor=locked.user, now=now, reason="ride cancelled", answers=answers)
        match_again(request, outbox, actor=locked.user, now=now, reason="partner called off")
        announce.ride_updated(outbox, ride, locked)
        outbox.result(ride)
    return ride


def release_partner(partner: Partner, *, actor: User, now: datetime) -> str:
    """Free a stuck partner as staff, and take them offline.

    An open offer is rescinded, or a ride that has not started is cancelled, and its request is matched again; a running
    session is ended and billed. Each case is one transaction, so that no new work arrives in between.

    Returns: a sentence that says what was done.
    Raises: `Conflict` if the partner has nothing to release, or if their state has just changed.
    """
    ride = Ride.objects.filter(partner=partner, status__in=ACTIVE).first()
    if ride is not None and ride.status == RideStatus.IN_PROGRESS:
        _end(
            ride, actor=actor, by=EndedBy.STAFF, now=now, reason="ended by staff", partner_becomes=PartnerStatus.OFFLINE
        )
        return "The running session was ended and billed."
    if ride is not None:
        _release_from_ride(ride, actor=actor, now=now)
        return "The ride was cancelled and its request is matched again."
    offer = Offer.objects.filter(partner=partner, status=OfferStatus.PENDING).first()
    if offer is not None:
        _release_from_offer(offer, actor=actor, now=now)
        return "The offer was taken back and its request is matched again."
    _take_offline(partner, actor=actor, now=now)
    return "The partner is offline."


def _release_from_ride(found: Ride, *, actor: User, now: datetime) -> None:
    with recorded() as outbox:
        request, partner, ride = lock_with_ride(found.pk)
        if ride.status == RideStatus.IN_PROGRESS:
            raise Conflict("ride_in_progress", "The session has just started. Try again to end it.")
        cancel_ride(ride, actor=actor, now=now, reason=Reason(RideClosed.RELEASED_BY_STAFF))
        free_partner(partner, actor=actor, now=now, reason="released by staff", becomes=PartnerStatus.OFFLINE)
        match_again(request, outbox, actor=actor, now=now, reason="partner released by staff")
        announce.ride_updated(outbox, ride, partner)
        notify_partner_updated(outbox, partner)


def _release_from_offer(found: Offer, *, actor: User, now: datetime) -> None:
    with recorded() as outbox:
        request, partner, offer = lock_with_offer(found.pk)
        if offer.status != OfferStatus.PENDING:
            raise Conflict("offer_answered", "The offer has just been answered. Look again.")
        rescind_offer(outbox, request, why="taken", actor=actor, now=now, partner_becomes=PartnerStatus.OFFLINE)
        match_again(request, outbox, actor=actor, now=now, reason="partner released by staff")
        partner.refresh_from_db(fields=["status"])
        notify_partner_updated(outbox, partner)


def _take_offline(partner: Partner, *, actor: User, now: datetime) -> None:
    with recorded() as outbox:
        locked = lock_partner(partner.pk)
        if locked.status == PartnerStatus.OFFLINE:
            raise Conflict("nothing_to_release", "This partner is offline and has nothing in hand.")
        if locked.status != PartnerStatus.AVAILABLE:
            raise Conflict("partner_at_work", "This partner has just been given work. Try again.")
        move_partners([locked], PartnerStatus.OFFLINE, actor=actor, at=now, reason="released by staff")
        notify_partner_updated(outbox, locked)
