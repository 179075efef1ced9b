"""A partner at work over HTTP: position, online and offline, offers, and the ride that follows."""

from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.authentication import caller
from accounts.locations import Located
from accounts.permissions import IsPartner, IsUser, IsUserOrPartner
from accounts.serializers import NoInput, PartnerSerializer, PositionInput, partner_body
from api.idempotency import idempotent, store_answer
from api.serializing import validated
from api.throttles import PositionThrottle
from core import clock
from requests_app.serving import answers, fulfilment, partner_commands
from requests_app.serving.serializers import AcceptInput, DeclineInput, StatusInput
from rides.models import Ride
from rides.serializers import RideCancelInput, RideIdInput, RideSerializer, RideStartInput, ride_body

RIDE_ID = {"rideId": "019a8f5e-6f00-7000-8000-000000000001"}
OFFER_ID = {"offerId": "019a8f5e-6f00-7000-8000-000000000002"}


class _ByPartner(APIView):
    permission_classes = (IsPartner,)


class UpdateLocation(_ByPartner):
    """Report your position. A position older than the stored one is ignored."""

    throttle_classes = (PositionThrottle,)

    @extend_schema(
        operation_id="updateLocation",
        tags=["partners"],
        request=PositionInput,
        responses={204: None},
        examples=[OpenApiExample("Times Square", {"location": {"lat": 40.758, "lng": -73.9855}}, request_only=True)],
    )
    @idempotent(status=204, acts_outside=True)
    def post(self, request: Request) -> None:
        partner_commands.update_location(caller(request), request.data)
        store_answer()  # the position is stored outside the database


class PartnerStatusView(_ByPartner):
    """Go online or offline. Going offline declines an open offer."""

    @extend_schema(
        operation_id="setPartnerStatus",
        tags=["partners"],
        request=StatusInput,
        responses={200: PartnerSerializer},
        examples=[OpenApiExample("Online", {"status": "available"}, request_only=True)],
    )
    @idempotent(partner_body)
    def post(self, request: Request) -> Located:
        return partner_commands.set_status(caller(request), request.data)


class RideAccept(_ByPartner):
    """Accept an offer. Exactly one partner gets 201."""

    @extend_schema(
        operation_id="acceptRide",
        tags=["rides"],
        request=AcceptInput,
        responses={201: RideSerializer},
        examples=[OpenApiExample("An offer", OFFER_ID, request_only=True)],
    )
    @idempotent(ride_body, status=201)
    def post(self, request: Request) -> Ride:
        return partner_commands.accept(caller(request), request.data)


class RideDecline(_ByPartner):
    """Decline an offer. The request goes to the next partner immediately."""

    @extend_schema(
        operation_id="declineRide",
        tags=["rides"],
        request=DeclineInput,
        responses={204: None},
        examples=[OpenApiExample("An offer", OFFER_ID, request_only=True)],
    )
    @idempotent(status=204)
    def post(self, request: Request) -> None:
        partner_commands.decline(caller(request), request.data)


class RideArrive(_ByPartner):
    """Report your arrival at the place. The server also notices it from your positions."""

    @extend_schema(
        operation_id="reportArrival",
        tags=["rides"],
        request=RideIdInput,
        responses={200: RideSerializer},
        examples=[OpenApiExample("A ride", RIDE_ID, request_only=True)],
    )
    @idempotent(ride_body)
    def post(self, request: Request) -> Ride:
        return partner_commands.arrive(caller(request), request.data)


class RideStart(_ByPartner):
    """Start the session after arriving, or with the user's PIN. Billing starts with it."""

    @extend_schema(
        operation_id="startRide",
        tags=["rides"],
        request=RideStartInput,
        responses={200: RideSerializer},
        examples=[OpenApiExample("A ride", RIDE_ID, request_only=True)],
    )
    @idempotent(ride_body)
    def post(self, request: Request) -> Ride:
        return partner_commands.start(caller(request), request.data)


class RideEnd(APIView):
    """End the session, as its partner or its user: the fare is fixed and due."""

    permission_classes = (IsUserOrPartner,)

    @extend_schema(
        operation_id="endRide",
        tags=["rides"],
        request=RideIdInput,
        responses={200: RideSerializer},
        examples=[OpenApiExample("A ride", RIDE_ID, request_only=True)],
    )
    @idempotent(ride_body)
    def post(self, request: Request) -> Ride:
        ride_id = validated(RideIdInput, request.data)["rideId"]
        return fulfilment.end_session(caller(request), ride_id, now=clock.now())


class RideCancel(_ByPartner):
    """Cancel a ride before arrival. The request is matched again, but never with you."""

    @extend_schema(
        operation_id="cancelRide",
        tags=["rides"],
        request=RideCancelInput,
        responses={200: RideSerializer},
        examples=[OpenApiExample("A ride", {**RIDE_ID, "reason": "flat tyre"}, request_only=True)],
    )
    @idempotent(ride_body)
    def post(self, request: Request) -> Ride:
        return partner_commands.cancel_ride(caller(request), request.data)


class RideNoShow(_ByPartner):
    """Report a no-show after waiting at the place since your arrival. The request is cancelled, and a fee is due."""

    @extend_schema(
        operation_id="reportNoShow",
        tags=["rides"],
        request=RideIdInput,
        responses={200: RideSerializer},
        examples=[OpenApiExample("A ride", RIDE_ID, request_only=True)],
    )
    @idempotent(ride_body)
    def post(self, request: Request) -> Ride:
        return partner_commands.no_show(caller(request), request.data)


class RideHere(APIView):
    """Answer your partner's arrival: you are at the place. Their wait for you begins again, once."""

    permission_classes = (IsUser,)

    @extend_schema(operation_id="sayUserHere", tags=["rides"], request=None, responses={200: RideSerializer})
    @idempotent(ride_body)
    def post(self, request: Request, ride_id: UUID) -> Ride:
        validated(NoInput, request.data)
        return answers.user_here(caller(request), ride_id, now=clock.now())


class RideNobodyHere(APIView):
    """Answer your partner's arrival: nobody is there. A session that has just begun ends, and its fare waits."""

    permission_classes = (IsUser,)

    @extend_schema(operation_id="sayNobodyHere", tags=["rides"], request=None, responses={200: RideSerializer})
    @idempotent(ride_body)
    def post(self, request: Request, ride_id: UUID) -> Ride:
        validated(NoInput, request.data)
        return answers.nobody_here(caller(request), ride_id, now=clock.now())
