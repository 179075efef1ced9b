"""Payments over HTTP, for staff."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller
from accounts.permissions import require
from api.fields import Choice, Identifier
from api.serializing import json_of
from payments.models import Payment
from payments.states import UNPAID, PaymentKind, PaymentStatus
from rides.selectors import VIEW_PAYMENT
from staff_api.lists import ListQuery, StaffList, row_within, shown
from staff_api.people_serializers import StaffPaymentSerializer
from staff_api.steps import TAG

REGION = "ride__request__region"
TROUBLES: dict[Any, Q] = {
    None: Q(),
    "frozen": Q(frozen=True, status__in=UNPAID),
    "given_up": Q(given_up_at__isnull=False, status__in=UNPAID),
}


class PaymentQuery(ListQuery):
    status = Choice(choices=PaymentStatus.choices, required=False)
    kind = Choice(choices=PaymentKind.choices, required=False)
    userId = Identifier(required=False)
    partnerId = Identifier(required=False)
    rideId = Identifier(required=False)
    trouble = Choice(
        choices=[name for name in TROUBLES if name],
        required=False,
        help_text="Unpaid ones about which staff decide: frozen by a dispute, or given up after the last reminder.",
    )


@extend_schema_view(get=extend_schema(operation_id="listStaffPayments", tags=TAG, parameters=[PaymentQuery]))
class StaffPayments(StaffList):
    """Payments, newest first."""

    model, right, query = Payment, VIEW_PAYMENT, PaymentQuery
    serializer_class = StaffPaymentSerializer
    region_path = REGION
    filters = {"status": "status", "kind": "kind", "userId": "user_id", "partnerId": "partner_id", "rideId": "ride_id"}
    carried = frozenset({"userId", "partnerId", "rideId"})

    def rows(self) -> QuerySet[Payment]:
        return Payment.objects.filter(TROUBLES[self.said.get("trouble")])


class StaffPaymentRow(APIView):
    """A payment. That it is looked at is recorded."""

    @extend_schema(operation_id="getStaffPayment", tags=TAG, responses={200: StaffPaymentSerializer})
    def get(self, request: Request, payment_id: UUID) -> Response:
        require(caller(request), VIEW_PAYMENT)
        row = row_within(Payment.objects.select_related("partner"), caller(request), REGION, payment_id)
        return Response(json_of(StaffPaymentSerializer, shown(request, row)))
