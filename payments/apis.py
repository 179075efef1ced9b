"""Payments over HTTP, and the provider's webhook."""

import json
from typing import Any

import stripe
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.parsers import TooLarge
from payments.models import Payment
from payments.serializers import PaymentSerializer
from payments.services import take_provider_event
from speedycheers.errors import Invalid

SIGNATURE_MAX_AGE_S = 300
WEBHOOK_MAX_BYTES = 256 * 1024


class OwnPayments:
    """A user's payments; somebody else's are not there."""

    serializer_class = PaymentSerializer
    queryset = Payment.objects.none()
    request: Request

    def get_queryset(self) -> QuerySet[Payment]:
        return Payment.objects.filter(user_id=self.request.user.pk)


@extend_schema(operation_id="paymentList")
class PaymentList(OwnPayments, ListAPIView[Payment]):
    """Your payments, newest first."""


@extend_schema(operation_id="paymentDetail")
class PaymentDetail(OwnPayments, RetrieveAPIView[Payment]):
    """One payment."""

    lookup_url_kwarg = "payment_id"


class RawParser(BaseParser):
    """The body as bytes: a signature covers them exactly."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> bytes:
        raw: bytes = stream.read(WEBHOOK_MAX_BYTES + 1)
        if len(raw) > WEBHOOK_MAX_BYTES:
            raise TooLarge
        return raw


class UpdatePaymentInfo(APIView):
    """The payment provider's signed webhook. An event seen before changes nothing and is answered 200."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    parser_classes = (RawParser,)

    @extend_schema(
        operation_id="updatePaymentInfo",
        request=OpenApiTypes.OBJECT,
        responses={200: {"type": "object", "properties": {"received": {"type": "boolean"}}, "required": ["received"]}},
        parameters=[OpenApiParameter("Stripe-Signature", str, OpenApiParameter.HEADER)],
    )
    def post(self, request: Request) -> Response:
        raw = request.data if isinstance(request.data, bytes) else b""
        event = verified_event(raw, request.headers.get("Stripe-Signature", ""))
        take_provider_event(event, now=timezone.now())
        return Response({"received": True})


def verified_event(raw: bytes, signature: str) -> dict[str, Any]:
    """The event of a body that the provider has signed in the last five minutes. Raises `Invalid`."""
    refused = Invalid("invalid_signature", "The signature does not match.", "Stripe-Signature")
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise refused
    try:
        text = raw.decode()
        stripe.WebhookSignature.verify_header(  # type: ignore[no-untyped-call]
            text, signature, settings.STRIPE_WEBHOOK_SECRET, SIGNATURE_MAX_AGE_S
        )
        event = json.loads(text)
    except (ValueError, RecursionError, stripe.SignatureVerificationError):
        raise refused from None
    if not isinstance(event, dict):
        raise Invalid("invalid", "Not an event.")
    return event
