"""Requests, offers and their fulfilment over HTTP."""

from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

import accounts.apis
from accounts.authentication import caller
from accounts.locations import Located
from accounts.models import User
from accounts.permissions import IsPartner, IsUser
from accounts.serializers import PartnerSerializer, PositionInput, partner_body
from api.idempotency import idempotent, store_answer
from api.serializing import validated
from api.throttles import PositionThrottle, RequestThrottle
from core.errors import Conflict
from requests_app import partner_commands, selectors, services
from requests_app.models import CheerRequest, RequestType
from requests_app.serializers import (
    AcceptInput,
    CancelInput,
    CheerRequestInput,
    CheerRequestSerializer,
    DeclineInput,
    RequestTypeSerializer,
    StatusInput,
    request_bodies,
    request_body,
)
from rides.models import Ride
from rides.serializers import RideCancelInput, RideIdInput, RideSerializer, RideStartInput, ride_body

RIDE_ID = {"rideId": "019a8f5e-6f00-7000-8000-000000000001"}
OFFER_ID = {"offerId": "019a8f5e-6f00-7000-8000-000000000002"}


class CheerRequests(ListAPIView[CheerRequest]):
    """Ask for a cheer, or list your requests."""

    permission_classes = (IsUser,)
    throttle_classes = (RequestThrottle,)
    serializer_class = CheerRequestSerializer

    def get_queryset(self) -> QuerySet[CheerRequest]:
        return selectors.requests_of(caller(self.request))

    @extend_schema(operation_id="listCheerRequests", tags=["cheerRequests"])
    def get(self, request: Request) -> Response:
        """Your requests, newest first."""
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(request_bodies(page, caller(request), live=True))

    @extend_schema(
        operation_id="createCheerRequest",
        tags=["cheerRequests"],
        request=CheerRequestInput,
        responses={201: CheerRequestSerializer},
        examples=[
            OpenApiExample(
                "At the Empire State Building",
                {
                    "location": {"lat": 40.7484, "lng": -73.9857},
                    "requestType": "pep_talk",
                    "note": "By the north entrance",
                },
                request_only=True,
            )
        ],
    )
    @idempotent(request_body, status=201)
    def post(self, request: Request) -> CheerRequest:
        """Ask for a cheer at a place. It is offered to the nearest free partner immediately."""
        values = validated(CheerRequestInput, request.data)
        place = values["location"]
        return services.submit_request(
            caller(request),
            lat=place.lat,
            lng=place.lng,
            request_type=values.get("requestType"),
            note=values["note"],
            now=timezone.now(),
        )


class CheerRequestDetail(APIView):
    """The present state of a request."""

    @extend_schema(operation_id="getCheerRequest", tags=["cheerRequests"], responses={200: CheerRequestSerializer})
    def get(self, request: Request, request_id: UUID) -> Response:
        found = selectors.request_of(caller(request), request_id, now=timezone.now())
        return Response(request_body(found, caller(request), live=True))


class CheerRequestCancel(APIView):
    """Cancel a request before the session starts. After acceptance, a late cancellation costs a fee."""

    permission_classes = (IsUser,)

    @extend_schema(
        operation_id="cancelCheerRequest",
        tags=["cheerRequests"],
        request=CancelInput,
        responses={200: CheerRequestSerializer},
        examples=[OpenApiExample("A change of plans", {"reason": "We made up."}, request_only=True)],
    )
    @idempotent(request_body)
    def post(self, request: Request, request_id: UUID) -> CheerRequest:
        values = validated(CancelInput, request.data)
        reason = values["reason"]
        return services.cancel_request(caller(request), request_id, reason=reason, now=timezone.now())


class PartnerApply(accounts.apis.PartnerApply):
    """Apply to become a partner. You can work once staff have approved the application."""

    def require_free(self, user: User) -> None:
        if selectors.open_request_of(user) is not None:
            raise Conflict("request_still_open", "You have an open request; it must be over first.")


class RequestTypes(ListAPIView[RequestType]):
    """The kinds of cheer that users may ask for."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    serializer_class = RequestTypeSerializer
    pagination_class = None

    def get_queryset(self) -> QuerySet[RequestType]:
        return selectors.request_types()

    @extend_schema(operation_id="listRequestTypes", tags=["cheerRequests"])
    def get(self, request: Request) -> Response:
        return self.list(request)


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


class RideStart(_ByPartner):
    """Start the session after arriving. Billing starts with it."""

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


class RideEnd(_ByPartner):
    """The session is over: the fare is fixed and due."""

    @extend_schema(
        operation_id="endRide",
        tags=["rides"],
        request=RideIdInput,
        responses={200: RideSerializer},
        examples=[OpenApiExample("A ride", RIDE_ID, request_only=True)],
    )
    @idempotent(ride_body)
    def post(self, request: Request) -> Ride:
        return partner_commands.end(caller(request), request.data)


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
    """Report a no-show after waiting at the place. The request is cancelled, and a fee is due."""

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
