"""Commands of partners, over HTTP and sockets: each validates its input, calls one service, returns the result."""

from typing import Any

from accounts.locations import Located
from accounts.models import User
from accounts.position_reports import report_position
from accounts.selectors import partner_of
from accounts.serializers import PositionInput
from api.serializing import validated
from core import clock
from positions import Position
from requests_app import offers
from requests_app.serving import arrival, availability, fulfilment
from requests_app.serving.serializers import AcceptInput, DeclineInput, StatusInput
from rides.models import Ride
from rides.serializers import RideCancelInput, RideIdInput, RideStartInput


def update_location(user: User, data: Any) -> None:
    """Report the partner's position."""
    report = validated(PositionInput, data)
    now = clock.now()
    place = report["location"]
    position = Position(place.lat, place.lng, report.get("recordedAt", now))
    report_position(partner_of(user), position, now=now, accuracy_m=report.get("accuracyM"))


def accept(user: User, data: Any) -> Ride:
    """Accept an offer."""
    values = validated(AcceptInput, data)
    partner = partner_of(user)
    offer_id, request_id = values.get("offerId"), values.get("requestId")
    return fulfilment.accept_offer(partner, offer_id=offer_id, request_id=request_id, now=clock.now())


def decline(user: User, data: Any) -> None:
    """Decline an offer."""
    values = validated(DeclineInput, data)
    offers.decline_offer(partner_of(user), values["offerId"], reason=values["reason"], now=clock.now())


def set_status(user: User, data: Any) -> Located:
    """Go online or offline."""
    values = validated(StatusInput, data)
    return availability.set_status(partner_of(user), values["status"], now=clock.now())


def arrive(user: User, data: Any) -> Ride:
    """Report the arrival at the place."""
    values = validated(RideIdInput, data)
    return arrival.arrive(partner_of(user), values["rideId"], now=clock.now())


def start(user: User, data: Any) -> Ride:
    """Start the session after the arrival, or with the user's PIN."""
    values = validated(RideStartInput, data)
    return fulfilment.start_session(partner_of(user), values["rideId"], pin=values["pin"], now=clock.now())


def cancel_ride(user: User, data: Any) -> Ride:
    """Cancel a ride before arrival."""
    values = validated(RideCancelInput, data)
    partner, ride_id = partner_of(user), values["rideId"]
    return fulfilment.cancel_by_partner(partner, ride_id, reason=values["reason"], now=clock.now())


def no_show(user: User, data: Any) -> Ride:
    """Report a no-show."""
    values = validated(RideIdInput, data)
    return arrival.report_no_show(partner_of(user), values["rideId"], now=clock.now())
