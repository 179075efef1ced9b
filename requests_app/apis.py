"""Requests and their types over HTTP."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

import accounts.apis
from accounts.authentication import caller
from accounts.models import Role, User
from accounts.permissions import IsUser
from api.idempotency import idempotent
from api.serializing import validated
from api.throttles import RequestThrottle
from backoffice.looking import looked, people_of
from backoffice.models import Channel
from core import clock
from core.errors import Conflict
from requests_app import selectors, services
from requests_app.models import CheerRequest, RequestType
from requests_app.serializers import (
    CancelInput,
    CheerRequestInput,
    CheerRequestSerializer,
    RequestTypeSerializer,
    request_bodies,
    request_body,
)


class CheerRequests(ListAPIView[CheerRequest]):
    """Ask for a cheer, or list your requests."""

    permission_classes = (IsUser,)
    throttle_classes = (RequestThrottle,)
    serializer_class = CheerRequestSerializer
    newest_by = "created_at"

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
            now=clock.now(),
            prices_shown=values["pricesShown"],
        )


class CheerRequestDetail(APIView):
    """The present state of a request."""

    @extend_schema(operation_id="getCheerRequest", tags=["cheerRequests"], responses={200: CheerRequestSerializer})
    def get(self, request: Request, request_id: UUID) -> Response:
        found = selectors.request_of(caller(request), request_id, now=clock.now())
        if caller(request).role == Role.STAFF:
            looked(request, found, people_of(found), channel=Channel.API)
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
        return services.cancel_request(caller(request), request_id, reason=reason, now=clock.now())


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
