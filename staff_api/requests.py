"""Requests, looks for a partner, and offers over HTTP, for staff."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller
from accounts.permissions import require
from api.fields import Choice, Identifier
from api.serializing import json_of
from requests_app.matching.apis import VIEW_OFFER
from requests_app.matching.serializers import decision_body
from requests_app.models import CheerRequest, Offer
from requests_app.records import Look, LookResult
from requests_app.selectors import VIEW_REQUEST
from requests_app.states import OfferStatus, RequestStatus
from staff_api.lists import ListQuery, StaffList, is_limited, row_within, shown
from staff_api.request_serializers import (
    StaffLookSerializer,
    StaffOfferDetailSerializer,
    StaffOfferSerializer,
    StaffRequestDetailSerializer,
    StaffRequestSerializer,
)

TAG = ["staff"]
WITH_CARE = ("region", "dead_letter")


def all_requests() -> QuerySet[CheerRequest]:
    """Requests with what is shown of others."""
    return CheerRequest.objects.select_related(*WITH_CARE)


# ---------------------------------------------------------------- requests


class RequestQuery(ListQuery):
    status = Choice(choices=RequestStatus.choices, required=False)
    userId = Identifier(required=False)


@extend_schema_view(get=extend_schema(operation_id="listStaffRequests", tags=TAG, parameters=[RequestQuery]))
class StaffRequests(StaffList):
    """Requests, newest first."""

    model, right, query = CheerRequest, VIEW_REQUEST, RequestQuery
    serializer_class = StaffRequestSerializer
    filters = {"status": "status", "userId": "user_id"}
    carried = frozenset({"userId"})

    @property
    def newest_by(self) -> str | None:
        """An index has the requests of a status in order, too, but not those of a status and a region."""
        alone = "status" in self.said and "region" not in self.said and not is_limited(caller(self.request))
        return self.moment if alone else super().newest_by

    def rows(self) -> QuerySet[CheerRequest]:
        return all_requests()


class StaffRequestRow(APIView):
    """A request. That it is looked at is recorded."""

    @extend_schema(operation_id="getStaffRequest", tags=TAG, responses={200: StaffRequestDetailSerializer})
    def get(self, request: Request, request_id: UUID) -> Response:
        require(caller(request), VIEW_REQUEST)
        row = row_within(all_requests(), caller(request), "region", request_id)
        return Response(json_of(StaffRequestDetailSerializer, shown(request, row)))


# ---------------------------------------------------------------- looks


class LookQuery(ListQuery):
    requestId = Identifier(required=False)
    result = Choice(choices=LookResult.choices, required=False)


@extend_schema_view(get=extend_schema(operation_id="listStaffAttempts", tags=TAG, parameters=[LookQuery]))
class StaffAttempts(StaffList):
    """Looks for a partner that made no offer, newest first. `createdFrom` and `createdTo` go by the first of a row."""

    model, right, query = Look, VIEW_REQUEST, LookQuery
    serializer_class = StaffLookSerializer
    region_path, moment = "request__region", "first_at"
    filters = {"requestId": "request_id", "result": "result"}
    carried = frozenset({"requestId"})


class StaffAttemptRow(APIView):
    """A row of equal looks for a partner."""

    @extend_schema(operation_id="getStaffAttempt", tags=TAG, responses={200: StaffLookSerializer})
    def get(self, request: Request, attempt_id: UUID) -> Response:
        require(caller(request), VIEW_REQUEST)
        row = row_within(Look.objects.all(), caller(request), "request__region", attempt_id)
        return Response(json_of(StaffLookSerializer, row))


# ---------------------------------------------------------------- offers


class OfferQuery(ListQuery):
    requestId = Identifier(required=False)
    partnerId = Identifier(required=False)
    status = Choice(choices=OfferStatus.choices, required=False)


@extend_schema_view(get=extend_schema(operation_id="listStaffOffers", tags=TAG, parameters=[OfferQuery]))
class StaffOffers(StaffList):
    """Offers, newest first."""

    model, right, query = Offer, VIEW_OFFER, OfferQuery
    serializer_class = StaffOfferSerializer
    region_path = "request__region"
    filters = {"requestId": "request_id", "partnerId": "partner_id", "status": "status"}
    carried = frozenset({"requestId", "partnerId"})


class StaffOfferRow(APIView):
    """An offer, and why it went to its partner. That it is looked at is recorded."""

    @extend_schema(operation_id="getStaffOffer", tags=TAG, responses={200: StaffOfferDetailSerializer})
    def get(self, request: Request, offer_id: UUID) -> Response:
        require(caller(request), VIEW_OFFER)
        rows = Offer.objects.select_related("partner", "request")
        row = row_within(rows, caller(request), "request__region", offer_id)
        shown(request, row, row.request.user_id)
        return Response(json_of(StaffOfferDetailSerializer, row, decision=_decision(row)))


def _decision(row: Offer) -> dict[str, Any] | None:
    try:
        return decision_body(row)
    except LookupError:
        return None
