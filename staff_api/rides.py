"""Rides over HTTP, for staff."""

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
from rides.models import Ride
from rides.selectors import VIEW_RIDE
from rides.states import RideStatus
from staff_api.lists import ListQuery, StaffList, row_within, shown
from staff_api.people_serializers import StaffRideDetailSerializer, StaffRideSerializer
from staff_api.steps import TAG

REGION = "request__region"


class RideQuery(ListQuery):
    status = Choice(choices=RideStatus.choices, required=False)
    userId = Identifier(required=False)
    partnerId = Identifier(required=False)
    requestId = Identifier(required=False)


@extend_schema_view(get=extend_schema(operation_id="listStaffRides", tags=TAG, parameters=[RideQuery]))
class StaffRides(StaffList):
    """Rides, newest first. `createdFrom` and `createdTo` go by the acceptance."""

    model, right, query = Ride, VIEW_RIDE, RideQuery
    serializer_class = StaffRideSerializer
    region_path, moment = REGION, "accepted_at"
    filters = {"status": "status", "userId": "user_id", "partnerId": "partner_id", "requestId": "request_id"}
    carried = frozenset({"userId", "partnerId", "requestId"})

    def rows(self) -> QuerySet[Ride]:
        return Ride.objects.select_related(REGION)


class StaffRideRow(APIView):
    """A ride. That it is looked at is recorded."""

    @extend_schema(operation_id="getStaffRide", tags=TAG, responses={200: StaffRideDetailSerializer})
    def get(self, request: Request, ride_id: UUID) -> Response:
        require(caller(request), VIEW_RIDE)
        row = row_within(Ride.objects.select_related(REGION, "partner"), caller(request), REGION, ride_id)
        return Response(json_of(StaffRideDetailSerializer, shown(request, row)))
