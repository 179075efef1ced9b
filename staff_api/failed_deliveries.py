"""Failed deliveries over HTTP, for staff."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller
from accounts.permissions import require
from api.fields import Choice, Identifier
from api.serializing import json_of
from failures.admin import CLOSE, RETRY
from failures.models import FailedDelivery
from failures.states import OPEN, FailureStatus, Kind
from staff_api.lists import SPAN, ListQuery, StaffList, is_limited, row_within, shown
from staff_api.steps import TAG, Call, Rows, Said

VIEW_FAILURE = "failures.view_faileddelivery"
CHANGE_FAILURE = "failures.change_faileddelivery"


def all_failures() -> QuerySet[FailedDelivery]:
    """Failed deliveries with what is shown of others."""
    return FailedDelivery.objects.select_related("region")


class StaffFailedDeliverySerializer(serializers.Serializer[Any]):
    """A failed delivery. It has no address, and no text of an error."""

    failedDeliveryId = serializers.UUIDField(source="id")
    kind = serializers.ChoiceField(choices=Kind.choices)
    job = serializers.CharField(help_text="What was to be done, such as `mail` or `refund`.")
    about = serializers.CharField(help_text="Such as the kind of a mail.")
    rowId = serializers.CharField(source="row_id", help_text="The key of the row that says what is to be done.")
    userId = serializers.UUIDField(source="account_id", allow_null=True, help_text="The person it is for.")
    region = serializers.CharField(source="region.slug", allow_null=True, default=None)
    status = serializers.ChoiceField(choices=FailureStatus.choices)
    tries = serializers.IntegerField(help_text="Failures in a row.")
    error = serializers.CharField(help_text="The last one, as a code.")
    firstFailedAt = serializers.DateTimeField(source="first_failed_at")
    lastFailedAt = serializers.DateTimeField(source="last_failed_at")
    nextTryAt = serializers.DateTimeField(source="next_try_at", allow_null=True)
    givenUpAt = serializers.DateTimeField(source="given_up_at", allow_null=True)
    closedAt = serializers.DateTimeField(
        source="closed_at", allow_null=True, help_text="When it recovered, or staff closed it."
    )

    class Meta:
        ref_name = "StaffFailedDelivery"


class FailedDeliveryQuery(ListQuery):
    kind = Choice(choices=Kind.choices, required=False)
    status = Choice(choices=[each for each in FailureStatus.choices if each[0] in OPEN], required=False)
    userId = Identifier(required=False)


@extend_schema_view(
    get=extend_schema(operation_id="listStaffFailedDeliveries", tags=TAG, parameters=[FailedDeliveryQuery])
)
class StaffFailedDeliveries(StaffList):
    """Deliveries that are failing or were given up, newest first. `createdFrom` and `createdTo` go by the first one."""

    model, right, query = FailedDelivery, VIEW_FAILURE, FailedDeliveryQuery
    serializer_class = StaffFailedDeliverySerializer
    moment = "first_failed_at"
    filters = {"kind": "kind", "status": "status", "userId": "account_id"}

    @property
    def sifted(self) -> bool:
        """An index has all of a kind or status in order, but not those of a region or a person."""
        return bool(self.said.keys() - SPAN - {"kind", "status"}) or is_limited(caller(self.request))

    def rows(self) -> QuerySet[FailedDelivery]:
        return all_failures().filter(closed_at__isnull=True)


class StaffFailedDeliveryRow(APIView):
    """A failed delivery, also one that has recovered or was closed. That it is looked at is recorded."""

    @extend_schema(operation_id="getStaffFailedDelivery", tags=TAG, responses={200: StaffFailedDeliverySerializer})
    def get(self, request: Request, failed_delivery_id: UUID) -> Response:
        require(caller(request), VIEW_FAILURE)
        row = row_within(all_failures(), caller(request), "region", failed_delivery_id)
        return Response(json_of(StaffFailedDeliverySerializer, shown(request, row)))


def _json(row: FailedDelivery, result: object) -> Said:
    return json_of(StaffFailedDeliverySerializer, row)


ROWS = Rows(all_failures, CHANGE_FAILURE, "region", "failedDeliveryIds", StaffFailedDeliverySerializer, _json)
CALLS = (
    Call(RETRY, "retry", example={"reason": "The mail server is back"}),
    Call(CLOSE, "close", example={"reason": "They were told on the phone"}),
)
