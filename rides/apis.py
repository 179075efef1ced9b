"""Rides over HTTP."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.renderers import JSONRenderer, TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller
from accounts.models import Role
from accounts.permissions import IsUser
from api.files import PDFRenderer
from api.idempotency import idempotent
from api.schema import MEANINGS, ErrorsSerializer
from api.serializing import validated
from backoffice.looking import looked, people_of
from backoffice.models import Channel
from core import clock
from payments.models import Payment
from payments.serializers import PaymentSerializer, payment_body
from rides import selectors, services
from rides.models import Ride
from rides.receipt_pdf import receipt_pdf
from rides.receipts import Document, file_name, receipt
from rides.serializers import RatingInput, ReceiptSerializer, RideSerializer, TipInput, ride_bodies, ride_body


class RideList(ListAPIView[Ride]):
    """Your rides, newest first."""

    serializer_class = RideSerializer

    @property
    def newest_by(self) -> str | None:
        """The order of an account's own rides; staff see all of them, which only the key has in order."""
        return None if caller(self.request).role == Role.STAFF else "accepted_at"

    def get_queryset(self) -> QuerySet[Ride]:
        return selectors.rides_of(caller(self.request))

    @extend_schema(operation_id="listRides", tags=["rides"])
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(ride_bodies(page, caller(request)))


class RideDetail(APIView):
    """One ride, with its running `elapsedS` and `fare`."""

    @extend_schema(operation_id="getRide", tags=["rides"], responses={200: RideSerializer})
    def get(self, request: Request, ride_id: UUID) -> Response:
        ride = selectors.ride_of(caller(request), ride_id)
        if caller(request).role == Role.STAFF:
            looked(request, ride, people_of(ride), channel=Channel.API)
        return Response(ride_body(ride, caller(request)))


class RideReceipt(APIView):
    """The lines of the bill: JSON, a PDF, or a page for browsers."""

    renderer_classes = (JSONRenderer, TemplateHTMLRenderer, PDFRenderer)
    http_method_names = ("get", "head")  # the HTML page can't answer OPTIONS

    @extend_schema(
        operation_id="getReceipt",
        tags=["rides"],
        responses={
            (200, "application/json"): ReceiptSerializer,
            (200, "text/html"): OpenApiTypes.STR,
            (200, "application/pdf"): OpenApiTypes.BINARY,
            (409, "application/json"): OpenApiResponse(ErrorsSerializer, description=MEANINGS["409"]),
        },
        parameters=[OpenApiParameter("format", exclude=True)],  # the Accept header selects the format
    )
    def get(self, request: Request, ride_id: UUID) -> Response:
        ride = selectors.ride_with_bill_of(caller(request), ride_id)
        lines = receipt(ride, now=clock.now())
        if isinstance(request.accepted_renderer, PDFRenderer):
            name = f'attachment; filename="{file_name(lines)}"'
            return Response(receipt_pdf(ride, lines), headers={"Content-Disposition": name})
        bill = ReceiptSerializer(lines).data
        if isinstance(request.accepted_renderer, TemplateHTMLRenderer):
            page = {"receipt": bill, "name": Document(lines["document"]).label, "ride": ride}
            return Response(page, template_name="rides/receipt.html")
        return Response(bill)


class RideRating(APIView):
    """Rate a completed ride, 1 to 5, once."""

    permission_classes = (IsUser,)

    @extend_schema(
        operation_id="rateRide",
        tags=["rides"],
        request=RatingInput,
        responses={201: RideSerializer},
        examples=[OpenApiExample("Loved it", {"rating": 5, "comment": "So loud!"}, request_only=True)],
    )
    @idempotent(ride_body, status=201)
    def post(self, request: Request, ride_id: UUID) -> Ride:
        ride = selectors.ride_of(caller(request), ride_id)
        values = validated(RatingInput, request.data)
        return services.rate_ride(ride, stars=values["rating"], comment=values["comment"])


class RideTip(APIView):
    """Tip for a completed ride, once."""

    permission_classes = (IsUser,)

    @extend_schema(
        operation_id="tipRide",
        tags=["rides"],
        request=TipInput,
        responses={201: PaymentSerializer},
        examples=[OpenApiExample("Five dollars", {"amount": 500}, request_only=True)],
    )
    @idempotent(payment_body, status=201)
    def post(self, request: Request, ride_id: UUID) -> Payment:
        ride = selectors.ride_of(caller(request), ride_id)
        values = validated(TipInput, request.data)
        currency = values.get("currency", ride.tariff_currency)
        return services.tip_ride(ride, amount=values["amount"], currency=currency, now=clock.now())
