"""Decisions over HTTP, for staff."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller
from accounts.permissions import require
from accounts.staff_regions import within
from core.errors import Missing
from requests_app.matching.serializers import DecisionSerializer, decision_body
from requests_app.models import Offer

VIEW_OFFER = "requests_app.view_offer"


class OfferDecision(APIView):
    """Why an offer went to its partner, for staff; 404 once `DECISIONS_KEPT_DAYS` have passed."""

    @extend_schema(operation_id="getOfferDecision", tags=["cheerRequests"], responses={200: DecisionSerializer})
    def get(self, request: Request, offer_id: UUID) -> Response:
        staff = caller(request)
        require(staff, VIEW_OFFER)
        offer = within(Offer.objects.filter(pk=offer_id), staff, "request__region").first()
        if offer is None:
            raise Missing
        try:
            return Response(decision_body(offer))
        except LookupError:
            raise Missing from None
