"""Watches the positions of a partner on a ride: that they reach the place, and that they stay there."""

from django.conf import settings
from django.db import transaction

import positions
from accounts.models import Partner
from positions import Service, Watch
from requests_app.models import CheerRequest
from rides.models import Ride
from rides.states import RideStatus


def service_of(ride: Ride, lat: float, lng: float) -> Service:
    """Whom an active ride's partner serves, and what is watched in its present state. `lat`, `lng`: the request's."""
    return Service(ride.user_id, _watch_of(ride, lat, lng))


def watch_on_commit(ride: Ride, request: CheerRequest, partner: Partner) -> None:
    """Forward and watch the partner's positions as the ride's new state asks for, once the transaction commits."""
    if partner.region is not None:
        slug, service = partner.region.slug, service_of(ride, request.lat, request.lng)
        transaction.on_commit(lambda: positions.serve(slug, partner.pk, service))


def _watch_of(ride: Ride, lat: float, lng: float) -> Watch | None:
    if ride.status == RideStatus.IN_PROGRESS:
        if ride.parted_at is not None:
            return None
        return Watch(lat, lng, settings.PARTED_M, False, settings.PARTED_REPORTS, 0.0)
    if ride.arrived_at is not None:
        return Watch(lat, lng, settings.LEFT_PLACE_M, False, settings.LEFT_PLACE_REPORTS, 0.0)
    if ride.disputed_at is not None:
        return None  # only the user's PIN starts the session now
    return Watch(lat, lng, settings.ARRIVAL_RADIUS_M, True, settings.ARRIVAL_REPORTS, settings.ARRIVAL_DWELL_S)
