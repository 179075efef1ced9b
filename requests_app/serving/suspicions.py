"""Flags about the clock of a session: staff look at rides in which a partner may not have been there."""

from datetime import datetime

from django.conf import settings

from positions import Position
from regions.geometry import distance_m
from requests_app.locks import LockedRide
from requests_app.models import CheerRequest, Offer
from requests_app.states import OfferStatus
from rides.states import Sign
from risk.flags import raise_flag
from risk.states import FlagKind


def away_m(position: Position, request: CheerRequest) -> float:
    """The distance of a position from the place of a request, in metres."""
    return distance_m(position.lat, position.lng, request.lat, request.lng)


def suspect_early_start(locked: LockedRide, position: Position | None, *, now: datetime) -> None:
    """Flag a start without an arrival by a partner who is far from the place."""
    if locked.ride.arrived_at is not None or position is None:
        return
    if (away := away_m(position, locked.request)) > settings.LEFT_PLACE_M:
        _flag(FlagKind.EARLY_START, locked, now=now, figure=away, limit=settings.LEFT_PLACE_M)


def suspect_parting(locked: LockedRide, position: Position, *, now: datetime) -> None:
    """Flag a session that its partner has left."""
    away = away_m(position, locked.request)
    _flag(FlagKind.PARTED_DURING_SESSION, locked, now=now, figure=away, limit=settings.PARTED_M)


def suspect_dispute(locked: LockedRide, *, now: datetime) -> None:
    """Flag a ride whose user says that nobody is there."""
    _flag(FlagKind.ARRIVAL_DISPUTED, locked, now=now)


def suspect_staying_away(locked: LockedRide, position: Position | None, *, now: datetime) -> None:
    """Flag a ride that its user cancels for a fee, unless the partner's last position shows that they were coming.

    A partner who has been silent since may have come nearer, so they are not said to have stayed away.
    """
    request, _, ride = locked
    if ride.arrived_at is not None:
        return
    offered = Offer.objects.filter(request=request, partner=ride.partner_id, status=OfferStatus.ACCEPTED)
    at_first = offered.values_list("distance_m", flat=True).order_by("-created_at").first() or 0
    away = round(away_m(position, request)) if position is not None else None
    if away is not None and away < max(at_first, settings.LEFT_PLACE_M):
        return
    silent_s = (now - (position.recorded_at if position is not None else ride.accepted_at)).total_seconds()
    if silent_s > settings.SILENT_ON_THE_WAY_S:
        limit = settings.SILENT_ON_THE_WAY_S
        _flag(FlagKind.SILENT_PARTNER, locked, now=now, figure=silent_s, limit=limit)
    else:
        _flag(FlagKind.STAYED_AWAY, locked, now=now, figure=away, limit=at_first)


def suspect_silent_wait(locked: LockedRide, *, now: datetime) -> None:
    """Flag a no-show whose partner was silent for a part of the wait, and may have been elsewhere."""
    ride = locked.ride
    if ride.signs.filter(sign=Sign.SILENT, at__gte=ride.arrived_at).exists():
        _flag(FlagKind.SILENT_PARTNER, locked, now=now, limit=settings.POSITION_FRESH_S)


def _flag(
    kind: FlagKind, locked: LockedRide, *, now: datetime, figure: float | None = None, limit: float | None = None
) -> None:
    request, partner, ride = locked
    raise_flag(
        kind,
        now=now,
        account_id=partner.user_id,
        request_id=request.pk,
        ride_id=ride.pk,
        figure=figure,
        limit=limit,
    )
