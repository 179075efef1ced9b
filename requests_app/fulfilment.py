"""From acceptance to the end of the session: the offer, its request, the partner, the ride and the payment together."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import positions
from accounts.models import Partner, User
from accounts.services import move_partners, tell_partner_updated
from accounts.states import PartnerStatus
from accounts.tasks import mail_on_commit
from notifications.events import recorded
from requests_app import announce, wakeups
from requests_app.locks import lock_partner, lock_request, lock_ride
from requests_app.models import CheerRequest, Offer
from requests_app.offers import locked_offer, require_open, rescind_offer
from requests_app.selectors import latest_offer
from requests_app.services import free_partner, match_again
from requests_app.states import OfferStatus, RequestStatus
from rides.models import Ride
from rides.services import cancel_ride, check_pin, end_ride, open_ride, start_ride
from rides.states import ACTIVE, RideStatus
from rides.tasks import mail_receipt
from speedycheers.errors import Conflict, Missing


def accept_offer(
    partner: Partner, *, offer_id: UUID | None = None, request_id: UUID | None = None, now: datetime
) -> Ride:
    """A partner says yes: exactly one ever does. Raises `Missing`, `Conflict` (`offer_expired`, `offer_taken`, …)."""
    found = latest_offer(partner, offer_id=offer_id, request_id=request_id)
    with recorded() as outbox:
        request, locked, offer = locked_offer(found)
        require_open(offer, now=now)
        offer.move(OfferStatus.ACCEPTED, actor=locked.user, at=now, answered_at=now)
        announce.offer_over(outbox, offer)
        request.move(RequestStatus.ACCEPTED, actor=locked.user, at=now)
        move_partners([locked], PartnerStatus.BUSY, actor=locked.user, at=now)
        try:
            with transaction.atomic():
                ride = open_ride(request.pk, user=request.user, partner=locked, region=request.region, now=now)
        except IntegrityError:  # a constraint saw what the checks above did not
            raise Conflict("offer_taken", "This request has a ride already.") from None
        announce.request_updated(outbox, request)
        announce.ride_updated(outbox, ride, locked)
        if locked.region is not None:
            slug = locked.region.slug
            transaction.on_commit(lambda: positions.serve(slug, locked.pk, ride.user_id))
    return ride


def start_session(partner: Partner, ride_id: UUID, *, pin: str, now: datetime) -> Ride:
    """The partner has arrived: the clock runs. Raises `Missing`, `Forbidden` (`wrong_pin`), `Conflict`."""
    found = _own_ride(partner, ride_id)
    if found.status == RideStatus.EN_ROUTE:
        check_pin(found, pin)
    with recorded() as outbox:
        _, locked, ride = _locked(found)
        start_ride(ride, actor=locked.user, now=now)
        announce.ride_updated(outbox, ride, locked)
    return ride


def end_session(partner: Partner, ride_id: UUID, *, now: datetime) -> Ride:
    """The session is over: the fare is fixed, the payment due, the partner free. Raises `Missing`, `Conflict`."""
    found = _own_ride(partner, ride_id)
    return _end(found, actor=partner.user, now=now)


def _end(
    found: Ride, *, actor: User, now: datetime, reason: str = "", partner_becomes: str = PartnerStatus.AVAILABLE
) -> Ride:
    with recorded() as outbox:
        request, partner, ride = _locked(found)
        end_ride(ride, outbox, actor=actor, now=now, reason=reason)
        request.move(RequestStatus.COMPLETED, actor=actor, at=now)
        free_partner(partner, actor=actor, now=now, reason="ride completed", becomes=partner_becomes)
        announce.request_updated(outbox, request)
        announce.ride_updated(outbox, ride, partner)
        if partner.status == PartnerStatus.OFFLINE:
            tell_partner_updated(outbox, partner)
        wakeups.wake_on_commit(request.region.slug)
        mail_on_commit(mail_receipt, str(ride.pk))
    return ride


def cancel_by_partner(partner: Partner, ride_id: UUID, *, reason: str, now: datetime) -> Ride:
    """The partner calls off before arrival: the request is matched again, never to them.

    Raises `Missing`, `Conflict`.
    """
    found = _own_ride(partner, ride_id)
    with recorded() as outbox:
        request, locked, ride = _locked(found)
        if ride.status == RideStatus.IN_PROGRESS:
            raise Conflict("ride_in_progress", "The session has started; it can only be ended.")
        cancel_ride(ride, actor=locked.user, now=now, reason=reason)
        free_partner(locked, actor=locked.user, now=now, reason="ride cancelled")
        match_again(request, outbox, actor=locked.user, now=now, reason="partner called off")
        announce.ride_updated(outbox, ride, locked)
    return ride


def release_partner(partner: Partner, *, actor: User, now: datetime) -> str:
    """Staff free a stuck partner and take them offline; says in a sentence what that meant.

    An open offer is taken back; a partner on the way loses the ride, and its request is matched again; a running
    session is ended and billed. Each is one transaction, so that no new work comes in between.
    Raises `Conflict` where there is nothing to release, or where it has just changed.
    """
    ride = Ride.objects.filter(partner=partner, status__in=ACTIVE).first()
    if ride is not None and ride.status == RideStatus.IN_PROGRESS:
        _end(ride, actor=actor, now=now, reason="ended by staff", partner_becomes=PartnerStatus.OFFLINE)
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
        request, partner, ride = _locked(found)
        if ride.status == RideStatus.IN_PROGRESS:
            raise Conflict("ride_in_progress", "The session has just started. Try again to end it.")
        cancel_ride(ride, actor=actor, now=now, reason="released by staff")
        free_partner(partner, actor=actor, now=now, reason="released by staff", becomes=PartnerStatus.OFFLINE)
        match_again(request, outbox, actor=actor, now=now, reason="partner released by staff")
        announce.ride_updated(outbox, ride, partner)
        tell_partner_updated(outbox, partner)


def _release_from_offer(found: Offer, *, actor: User, now: datetime) -> None:
    with recorded() as outbox:
        request, partner, offer = locked_offer(found)
        if offer.status != OfferStatus.PENDING:
            raise Conflict("offer_answered", "The offer has just been answered. Look again.")
        rescind_offer(outbox, request, why="taken", actor=actor, now=now, partner_becomes=PartnerStatus.OFFLINE)
        match_again(request, outbox, actor=actor, now=now, reason="partner released by staff")
        partner.refresh_from_db(fields=["status"])
        tell_partner_updated(outbox, partner)


def _take_offline(partner: Partner, *, actor: User, now: datetime) -> None:
    with recorded() as outbox:
        locked = lock_partner(partner.pk)
        if locked.status == PartnerStatus.OFFLINE:
            raise Conflict("nothing_to_release", "This partner is offline and has nothing in hand.")
        if locked.status != PartnerStatus.AVAILABLE:
            raise Conflict("partner_at_work", "This partner has just been given work. Try again.")
        move_partners([locked], PartnerStatus.OFFLINE, actor=actor, at=now, reason="released by staff")
        tell_partner_updated(outbox, locked)


def _own_ride(partner: Partner, ride_id: UUID) -> Ride:
    ride = Ride.objects.filter(pk=ride_id, partner=partner).first()
    if ride is None:
        raise Missing
    return ride


def _locked(ride: Ride) -> tuple[CheerRequest, Partner, Ride]:
    return lock_request(ride.request_id), lock_partner(ride.partner_id), lock_ride(ride.pk)
