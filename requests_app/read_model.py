"""The view of a request for one reader, read and computed at one moment. Serializers only rename it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.locations import current_location
from accounts.models import Role, User
from accounts.read_model import VisiblePartner
from api.fields import LatLng, Money
from core.currencies import currency_of
from core.prices import Tariff, Tax, charge
from payments import configuration
from payments.models import Hold
from payments.states import HoldStatus
from regions.geometry import WITHIN_M, eta_s, middle_of_cell
from regions.models import Prices
from requests_app.models import CheerRequest, Offer
from requests_app.selectors import prices_of, radii_m
from requests_app.states import OPEN, OfferStatus, RequestStatus
from rides.fees import cancellation_fee, free_until
from rides.models import Ride
from rides.states import RideStatus

MAY_HAVE_A_RIDE = (RequestStatus.ACCEPTED, RequestStatus.COMPLETED, RequestStatus.CANCELLED)
LOOKED_FOR = (RequestStatus.PENDING, RequestStatus.OFFERED)
WHY_STEP_M = 100  # distances in a `Why` are rounded to it


@dataclass(frozen=True, slots=True)
class Why:
    """Why this partner: when they were asked, they were the `rank`-nearest `of` so many free ones who could come."""

    rank: int
    of: int
    distance_m: int


@dataclass(frozen=True, slots=True)
class OfferView:
    """An offer as its partner sees it; its place and note are shown only while it is pending or accepted.

    While it is pending, an approximate one shows no note, and a place within `location_within_m` of the real one.
    `share` is what the partner is paid for the first increment at the request's tariff.
    """

    id: UUID
    request_id: UUID
    location: LatLng | None
    location_within_m: int | None
    request_type: str
    note: str
    distance_m: int
    eta_s: int
    why: Why | None
    tariff: Tariff
    share: Money
    expires_at: datetime
    status: str


@dataclass(frozen=True, slots=True)
class Cancellation:
    """The fee for cancelling now, and the one once `free_until` has passed."""

    fee: Money
    late_fee: Money
    free_until: datetime | None


@dataclass(frozen=True, slots=True)
class BookingHold:
    """The hold on the card for a request."""

    status: str
    amount: Money
    confirm_url: str | None


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request as one reader may see it; hidden fields are None."""

    id: UUID
    user_id: UUID
    location: LatLng
    request_type: str
    note: str
    status: str
    created_at: datetime
    region: str
    attempts: int
    offer: OfferView | None
    ride_id: UUID | None
    partner: VisiblePartner | None
    why: Why | None
    reason: str | None
    reason_note: str
    cancellation: Cancellation | None
    search_radius_m: int | None
    give_up_at: datetime | None
    hold: BookingHold | None


def offer_view(offer: Offer) -> OfferView:
    """An offer as its partner sees it. Reads the offer's request, unless it is loaded."""
    request = offer.request
    shown, rough_m = offer.status in (OfferStatus.PENDING, OfferStatus.ACCEPTED), offer.approximate_m
    rough = offer.status == OfferStatus.PENDING and rough_m is not None
    tariff, share = offered_prices(prices_of(request))
    away_m = offer.distance_m if rough_m is None else rough_m
    return OfferView(
        id=offer.pk,
        request_id=offer.request_id,
        location=_place(request, rough=rough) if shown else None,
        location_within_m=WITHIN_M if rough else None,
        request_type=request.request_type_id,
        note=request.note if shown and not rough else "",
        distance_m=away_m,
        eta_s=offer.eta_s if rough_m is None else eta_s(rough_m),
        why=_why(offer, away_m),
        tariff=tariff,
        share=share,
        expires_at=offer.expires_at,
        status=offer.status,
    )


def _why(offer: Offer, distance_m: int) -> Why | None:
    """Return what is told of a choice; None for an offer of an older release, which did not write it down.

    The distance is rounded, so that the words for people tell no more than the figures beside them.
    """
    if offer.rank is None or offer.among is None:
        return None
    return Why(offer.rank, offer.among, max(1, round(distance_m / WHY_STEP_M)) * WHY_STEP_M)


def offered_prices(prices: Prices) -> tuple[Tariff, Money]:
    """The tariff of a request, and what the partner is paid for the first increment."""
    tax = Tax(prices.tax_rate, prices.tax_inclusive, currency_of(prices.currency).step)
    tariff = Tariff(prices.increment_amount, prices.currency, prices.increment_s, tax)
    paid = charge(tariff.amount, tariff.currency, tax=tax, commission_bps=prices.commission_bps)
    return tariff, Money(paid.share, tariff.currency)


def _place(request: CheerRequest, *, rough: bool) -> LatLng:
    return LatLng(*(middle_of_cell(request.lat, request.lng) if rough else (request.lat, request.lng)))


def request_views(
    requests: Sequence[CheerRequest],
    viewer: User,
    *,
    now: datetime,
    live: bool = False,
    rides: Sequence[Ride] = (),
    accepted: Sequence[Offer] = (),
) -> list[RequestView]:
    """Requests as one reader sees them at `now`, in the order given, with a fixed number of queries.

    Args:
        requests: rows with their region loaded.
        live: show the partner's position, which is read from Valkey, so only outside a transaction.
        rides: the present rides of all requests that have one; read if empty.
        accepted: the offers by which all accepted requests were accepted; read if empty.
    """
    ride_of = {ride.request_id: ride for ride in rides} or _rides_of(requests)
    offers = {offer.request_id: offer for offer in accepted} or _offers_of(requests, viewer)
    holds = _holds_of(requests, viewer)
    return [
        _view(
            request,
            viewer,
            ride=ride_of.get(request.pk),
            offer=offers.get(request.pk),
            hold=holds.get(request.pk),
            now=now,
            live=live,
        )
        for request in requests
    ]


def _view(
    request: CheerRequest,
    viewer: User,
    *,
    ride: Ride | None,
    offer: Offer | None,
    hold: Hold | None,
    now: datetime,
    live: bool,
) -> RequestView:
    mine = viewer.pk == request.user_id
    looked_for = mine and request.status in LOOKED_FOR
    accepted, offer = (offer, None) if mine else (None, offer)
    radii = radii_m(request)
    rough = viewer.role == Role.PARTNER and offer is not None and offer.approximate_m is not None
    return RequestView(
        id=request.pk,
        user_id=request.user_id,
        location=_place(request, rough=rough),
        request_type=request.request_type_id,
        note="" if rough else request.note,
        status=request.status,
        created_at=request.created_at,
        region=request.region.slug,
        attempts=request.attempts,
        offer=offer_view(offer) if offer else None,
        ride_id=ride.pk if ride else None,
        partner=_partner(request, ride, viewer, live=live),
        why=_why(accepted, accepted.distance_m) if accepted else None,
        reason=request.closed_code or None,
        reason_note=request.closed_note,
        cancellation=_cancellation(request, ride, viewer, now=now),
        search_radius_m=radii[min(request.wave, len(radii) - 1)] if looked_for else None,
        give_up_at=request.give_up_at if looked_for else None,
        hold=_booking_hold(hold) if hold else None,
    )


def _partner(request: CheerRequest, ride: Ride | None, viewer: User, *, live: bool) -> VisiblePartner | None:
    if ride is None or request.status != RequestStatus.ACCEPTED or viewer.role == Role.PARTNER:
        return None
    return VisiblePartner.of(ride.partner, current_location(ride.partner) if live else None)


def _cancellation(request: CheerRequest, ride: Ride | None, viewer: User, *, now: datetime) -> Cancellation | None:
    if viewer.pk != request.user_id or request.status not in OPEN:
        return None
    prices = prices_of(request)
    if ride is None:
        fee, until, currency = 0, None, prices.currency
    elif ride.status == RideStatus.EN_ROUTE:
        fee, until, currency = cancellation_fee(ride, prices, now), free_until(ride, prices), ride.tariff_currency
    else:
        return None
    return Cancellation(Money(fee, currency), Money(prices.cancellation_fee_amount, currency), until)


def _booking_hold(hold: Hold) -> BookingHold:
    asks = hold.status == HoldStatus.REQUIRES_ACTION
    confirm_url = f"/wallet/confirm/hold/{hold.pk}" if asks else None
    return BookingHold(hold.status, Money(hold.amount, hold.currency), confirm_url)


# ---------------------------------------------------------------- related rows, one query for each kind


def _rides_of(requests: Sequence[CheerRequest]) -> dict[UUID, Ride]:
    """The newest ride of each request; a cancelled one only if the request was cancelled as well."""
    status_of = {request.pk: request.status for request in requests if request.status in MAY_HAVE_A_RIDE}
    if not status_of:
        return {}
    found = Ride.objects.select_related("partner__region").filter(request_id__in=status_of).order_by("accepted_at")
    return {
        ride.request_id: ride
        for ride in found
        if ride.status != RideStatus.CANCELLED or status_of[ride.request_id] == RequestStatus.CANCELLED
    }


def _offers_of(requests: Sequence[CheerRequest], viewer: User) -> dict[UUID, Offer]:
    """The open offer of each request, for readers other than its user; for its user, the one that was accepted.

    Before that, the user is told nothing of who is asked.
    """
    status_of = {
        request.pk: OfferStatus.ACCEPTED if viewer.pk == request.user_id else OfferStatus.PENDING
        for request in requests
        if request.status == (RequestStatus.ACCEPTED if viewer.pk == request.user_id else RequestStatus.OFFERED)
    }
    if not status_of:
        return {}
    by_id = {request.pk: request for request in requests}
    told = Offer.objects.filter(request__in=status_of, status__in=set(status_of.values())).order_by("created_at")
    found = {offer.request_id: offer for offer in told if offer.status == status_of[offer.request_id]}
    for offer in found.values():
        offer.request = by_id[offer.request_id]
    return found


def _holds_of(requests: Sequence[CheerRequest], viewer: User) -> dict[UUID, Hold]:
    """The booking hold of each pending request, for its user only."""
    waiting = [
        request.pk for request in requests if request.status == RequestStatus.PENDING and viewer.pk == request.user_id
    ]
    if not waiting or not configuration.enabled():
        return {}
    booked = Hold.objects.filter(request_id__in=waiting, for_booking=True).order_by("number")
    return {hold.request_id: hold for hold in booked}  # of a request that was requeued, the newest
