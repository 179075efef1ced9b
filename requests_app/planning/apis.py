"""Planned cheers and saved places over HTTP, for users only."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller
from accounts.permissions import IsUser
from accounts.serializers import NoInput
from api.idempotency import idempotent
from api.serializing import validated
from core import clock
from requests_app.models import SavedPlace, ScheduledRequest
from requests_app.planning import places, schedule
from requests_app.planning.serializers import (
    SavedPlaceInput,
    SavedPlaceSerializer,
    ScheduledRequestInput,
    ScheduledRequestSerializer,
    place_body,
    scheduled_body,
)
from requests_app.serializers import CancelInput

SOHO = {"lat": 40.7233, "lng": -74.003}


class ScheduledRequests(ListAPIView[ScheduledRequest]):
    """Plan a cheer, or list your planned cheers."""

    permission_classes = (IsUser,)
    serializer_class = ScheduledRequestSerializer
    newest_by = "created_at"

    def get_queryset(self) -> QuerySet[ScheduledRequest]:
        rows = ScheduledRequest.objects.filter(user_id=caller(self.request).pk)
        return rows.select_related("region")

    @extend_schema(operation_id="listScheduledRequests", tags=["scheduledRequests"])
    def get(self, request: Request) -> Response:
        """Your planned cheers, newest first."""
        return self.list(request)

    @extend_schema(
        operation_id="createScheduledRequest",
        tags=["scheduledRequests"],
        request=ScheduledRequestInput,
        responses={201: ScheduledRequestSerializer},
        examples=[
            OpenApiExample(
                "Tomorrow at six",
                {"location": SOHO, "requestType": "birthday", "scheduledFor": "2026-05-02T22:00:00Z"},
                request_only=True,
            )
        ],
    )
    @idempotent(scheduled_body, status=201)
    def post(self, request: Request) -> ScheduledRequest:
        """Plan a cheer for a later time. The search for a partner starts some minutes before."""
        values = validated(ScheduledRequestInput, request.data)
        place = values["location"]
        return schedule.schedule_request(
            caller(request),
            lat=place.lat,
            lng=place.lng,
            request_type=values.get("requestType"),
            note=values["note"],
            scheduled_for=values["scheduledFor"],
            now=clock.now(),
            prices_shown=values["pricesShown"],
        )


class ScheduledRequestCancel(APIView):
    """Cancel a planned cheer, free of charge, before the search for a partner starts."""

    permission_classes = (IsUser,)

    @extend_schema(
        operation_id="cancelScheduledRequest",
        tags=["scheduledRequests"],
        request=CancelInput,
        responses={200: ScheduledRequestSerializer},
        examples=[OpenApiExample("A change of plans", {"reason": "We made up."}, request_only=True)],
    )
    @idempotent(scheduled_body)
    def post(self, request: Request, scheduled_id: UUID) -> ScheduledRequest:
        values = validated(CancelInput, request.data)
        reason = values["reason"]
        return schedule.cancel_scheduled(caller(request), scheduled_id, reason=reason, now=clock.now())


class SavedPlaces(ListAPIView[SavedPlace]):
    """Save a place, or list your saved places."""

    permission_classes = (IsUser,)
    serializer_class = SavedPlaceSerializer

    def get_queryset(self) -> QuerySet[SavedPlace]:
        return places.places_of(caller(self.request))

    @extend_schema(operation_id="listSavedPlaces", tags=["savedPlaces"])
    def get(self, request: Request) -> Response:
        """Your saved places, newest first."""
        return self.list(request)

    @extend_schema(
        operation_id="savePlace",
        tags=["savedPlaces"],
        request=SavedPlaceInput,
        responses={201: SavedPlaceSerializer},
        examples=[OpenApiExample("Home", {"name": "Home", "location": SOHO}, request_only=True)],
    )
    @idempotent(place_body, status=201)
    def post(self, request: Request) -> SavedPlace:
        """Save a place under a name. A name that you have used before moves to the new place."""
        values = validated(SavedPlaceInput, request.data)
        place = values["location"]
        name = values["name"]
        return places.save_place(caller(request), name=name, lat=place.lat, lng=place.lng, now=clock.now())


class SavedPlaceForget(APIView):
    """Delete one of your saved places."""

    permission_classes = (IsUser,)

    @extend_schema(operation_id="forgetPlace", tags=["savedPlaces"], request=None, responses={204: None})
    @idempotent(status=204)
    def post(self, request: Request, place_id: UUID) -> None:
        validated(NoInput, request.data)
        places.forget_place(caller(request), place_id)
