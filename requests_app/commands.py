"""What partners and users can order, by HTTP and by socket alike: check the input, call one service, give the JSON."""

from typing import Any

from django.utils import timezone

from accounts.models import User
from accounts.position_reports import report_position
from accounts.selectors import partner_of
from accounts.serializers import PartnerSerializer, PositionInput
from api.serializing import validated
from positions import Position
from requests_app import availability, fulfilment, offers
from requests_app.serializers import AcceptInput, DeclineInput, StatusInput
from rides.serializers import RideCancelInput, RideIdInput, RideStartInput, ride_body

Body = dict[str, Any]


def update_location(user: User, data: Any) -> None:
    """Take a position report."""
    report = validated(PositionInput, data)
    now = timezone.now()
    place = report["location"]
    position = Position(place.lat, place.lng, report.get("recordedAt", now))
    report_position(partner_of(user), position, now=now)


def accept(user: User, data: Any) -> Body:
    """Accept an offer; gives the ride."""
    values = validated(AcceptInput, data)
    ride = fulfilment.accept_offer(
        partner_of(user), offer_id=values.get("offerId"), request_id=values.get("requestId"), now=timezone.now()
    )
    return ride_body(ride, user)


def decline(user: User, data: Any) -> None:
    """Decline an offer."""
    values = validated(DeclineInput, data)
    offers.decline_offer(partner_of(user), values["offerId"], reason=values["reason"], now=timezone.now())


def set_status(user: User, data: Any) -> Body:
    """Go online or offline; gives the partner."""
    values = validated(StatusInput, data)
    partner = availability.set_status(partner_of(user), values["status"], now=timezone.now())
    return dict(PartnerSerializer(partner).data)


def start(user: User, data: Any) -> Body:
    """Arrive and start the session; gives the ride."""
    values = validated(RideStartInput, data)
    ride = fulfilment.start_session(partner_of(user), values["rideId"], pin=values["pin"], now=timezone.now())
    return ride_body(ride, user)


def end(user: User, data: Any) -> Body:
    """End the session; gives the ride."""
    values = validated(RideIdInput, data)
    return ride_body(fulfilment.end_session(partner_of(user), values["rideId"], now=timezone.now()), user)


def cancel_ride(user: User, data: Any) -> Body:
    """Call a ride off before arrival; gives the ride."""
    values = validated(RideCancelInput, data)
    ride = fulfilment.cancel_by_partner(partner_of(user), values["rideId"], reason=values["reason"], now=timezone.now())
    return ride_body(ride, user)


def no_show(user: User, data: Any) -> Body:
    """Report that nobody is there; gives the ride."""
    values = validated(RideIdInput, data)
    return ride_body(fulfilment.report_no_show(partner_of(user), values["rideId"], now=timezone.now()), user)
