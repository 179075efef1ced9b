"""Payments over HTTP, and the provider's webhook."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller
from accounts.permissions import IsPartner, IsUser
from accounts.reauthentication import require_recent_sign_in
from accounts.selectors import partner_of
from api.addresses import address_of
from api.idempotency import idempotent
from api.parsers import TooLarge
from api.serializing import validated
from core import clock
from payments.models import Customer, Payment
from payments.provider import accounts, cards, confirmations
from payments.provider.endpoints import Endpoint, verified_event
from payments.provider.webhook import take_provider_event
from payments.serializers import (
    CardInput,
    CardSerializer,
    CardSetupSerializer,
    ConfirmationSerializer,
    OnboardingSerializer,
    PaymentSerializer,
    card_body,
    payment_body,
)
from payments.services import pay_now

WEBHOOK_MAX_BYTES = 256 * 1024
PAID = {"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": {"id": "pi_1", "amount_received": 1000}}}
ACCOUNT_UPDATED = {
    "id": "evt_2",
    "type": "account.updated",
    "account": "acct_1",
    "data": {"object": {"id": "acct_1", "object": "account"}},
}


class OwnPayments(GenericAPIView[Payment]):
    """The payments of the user who asks."""

    serializer_class = PaymentSerializer

    def get_queryset(self) -> QuerySet[Payment]:
        if getattr(self, "swagger_fake_view", False):  # the schema is drawn without a caller
            return Payment.objects.none()
        return Payment.objects.filter(user=caller(self.request))


@extend_schema_view(get=extend_schema(operation_id="listPayments", tags=["payments"]))
class PaymentList(OwnPayments, ListAPIView[Payment]):
    """Your payments, newest first."""

    newest_by = "created_at"


@extend_schema_view(get=extend_schema(operation_id="getPayment", tags=["payments"]))
class PaymentDetail(OwnPayments, RetrieveAPIView[Payment]):
    """One payment."""

    lookup_url_kwarg = "payment_id"


class RawParser(BaseParser):
    """The body as bytes: a signature covers them exactly."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        raw: bytes = stream.read(WEBHOOK_MAX_BYTES + 1)
        if len(raw) > WEBHOOK_MAX_BYTES:
            raise TooLarge
        return raw


class _Webhook(APIView):
    """A signed webhook of the payment provider's."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    parser_classes = (RawParser,)
    endpoint: Endpoint

    def post(self, request: Request) -> Response:
        body: Any = request.data
        raw = body if isinstance(body, bytes) else b""
        event = verified_event(raw, request.headers.get("Stripe-Signature", ""), self.endpoint)
        take_provider_event(event, now=clock.now())
        return Response({"received": True})


def _described(operation: str, example: dict[str, Any]) -> Any:
    return extend_schema(
        operation_id=operation,
        tags=["webhooks"],
        request={"application/json": OpenApiTypes.OBJECT},
        responses={200: {"type": "object", "properties": {"received": {"type": "boolean"}}, "required": ["received"]}},
        parameters=[OpenApiParameter("Stripe-Signature", str, OpenApiParameter.HEADER, required=True)],
        examples=[OpenApiExample("Event", example, request_only=True)],
    )


@extend_schema_view(post=_described("updatePaymentInfo", PAID))
class UpdatePaymentInfo(_Webhook):
    """The payment provider's signed webhook. An event seen before changes nothing and is answered 200."""

    endpoint = Endpoint.OURS


@extend_schema_view(post=_described("updatePayoutInfo", ACCOUNT_UPDATED))
class UpdatePayoutInfo(_Webhook):
    """The payment provider's signed webhook about partners' accounts, with a secret of its own."""

    endpoint = Endpoint.PARTNERS


class CardSetup(APIView):
    """Begin to save a card: the device gives it to the provider, with the `clientSecret`. We never see its number."""

    permission_classes = (IsUser,)

    @extend_schema(operation_id="beginCardSetup", tags=["payments"], request=None, responses={201: CardSetupSerializer})
    def post(self, request: Request) -> Response:
        setup = cards.try_setup(caller(request), address=address_of(request), now=clock.now())
        body = {
            "setupIntentId": setup["id"],
            "clientSecret": setup["client_secret"],
            "publishableKey": settings.STRIPE_PUBLISHABLE_KEY,
        }
        return Response(CardSetupSerializer(body).data, status=201)


class Card(APIView):
    """The card on file, as a receipt shows it."""

    permission_classes = (IsUser,)

    @extend_schema(operation_id="getCard", tags=["payments"], responses={200: CardSerializer})
    def get(self, request: Request) -> Response:
        return Response(card_body(cards.card_of(caller(request))))

    @extend_schema(
        operation_id="saveCard",
        tags=["payments"],
        request=CardInput,
        responses={200: CardSerializer},
        examples=[OpenApiExample("Done", {"setupIntentId": "seti_1"}, request_only=True)],
    )
    @idempotent(card_body)
    def post(self, request: Request) -> Customer:
        """Save the card that the device has given to the provider, and charge the payments that waited for one."""
        values = validated(CardInput, request.data)
        return cards.finish_setup(caller(request), values["setupIntentId"], now=clock.now())


class PaymentPay(APIView):
    """Charge the card now for a payment that has failed, or that was due before there was a card."""

    permission_classes = (IsUser,)

    @extend_schema(operation_id="payPayment", tags=["payments"], request=None, responses={200: PaymentSerializer})
    @idempotent(payment_body)
    def post(self, request: Request, payment_id: UUID) -> Payment:
        return pay_now(caller(request), payment_id, now=clock.now())


class PaymentConfirmation(APIView):
    """The secret with which the user's device confirms a payment that is `requires_action`."""

    permission_classes = (IsUser,)

    @extend_schema(
        operation_id="beginPaymentConfirmation",
        tags=["payments"],
        request=None,
        responses={200: ConfirmationSerializer},
    )
    def post(self, request: Request, payment_id: UUID) -> Response:
        waiting = confirmations.of_payment(caller(request), payment_id)
        return Response(ConfirmationSerializer(confirmations.secret_of(waiting)).data)


class HoldConfirmation(APIView):
    """The secret with which the user's device confirms the hold for a booking."""

    permission_classes = (IsUser,)

    @extend_schema(
        operation_id="beginHoldConfirmation", tags=["payments"], request=None, responses={200: ConfirmationSerializer}
    )
    def post(self, request: Request, hold_id: UUID) -> Response:
        waiting = confirmations.of_hold(caller(request), hold_id)
        return Response(ConfirmationSerializer(confirmations.secret_of(waiting)).data)


class PartnerPayoutAccount(APIView):
    """The address where a partner gives the payment provider what it needs to pay them.

    It takes a token of the last ten minutes, or a session that was confirmed on the pages in that time; else 403
    `reauthentication_required`.
    """

    permission_classes = (IsPartner,)

    @extend_schema(
        operation_id="openPayoutAccount", tags=["partners"], request=None, responses={200: OnboardingSerializer}
    )
    def post(self, request: Request) -> Response:
        require_recent_sign_in(request)
        back = request.build_absolute_uri("/partner/statement")
        url = accounts.onboarding_url(partner_of(caller(request)), return_url=back, now=clock.now())
        return Response({"url": url})
