"""The JSON of payments."""

from typing import Any

from rest_framework import serializers

from api.fields import Text
from api.serializing import json_of
from payments.states import PaymentKind, PaymentStatus


class PaymentSerializer(serializers.Serializer[Any]):
    """An amount owed for a ride, in minor units (cents). `creditAmount` is the part of it paid with credit."""

    paymentId = serializers.UUIDField(source="id")
    rideId = serializers.UUIDField(source="ride_id")
    userId = serializers.UUIDField(source="user_id")
    kind = serializers.ChoiceField(choices=PaymentKind.choices)
    amount = serializers.IntegerField()
    creditAmount = serializers.IntegerField(source="credit_amount")
    refundedAmount = serializers.IntegerField(source="refunded_amount")
    currency = serializers.CharField()
    status = serializers.ChoiceField(choices=PaymentStatus.choices)
    thirdPartyReferenceId = serializers.SerializerMethodField()
    createdAt = serializers.DateTimeField(source="created_at")

    class Meta:
        ref_name = "Payment"

    def get_thirdPartyReferenceId(self, payment: Any) -> str | None:
        return payment.third_party_reference_id or None


def payment_body(payment: Any, viewer: object = None) -> dict[str, Any]:
    """A payment's JSON."""
    return json_of(PaymentSerializer, payment)


class CardSerializer(serializers.Serializer[Any]):
    """The card on file, as a receipt shows it."""

    brand = serializers.CharField(source="card_brand")
    last4 = serializers.CharField(source="card_last4")
    expMonth = serializers.IntegerField(source="card_exp_month", allow_null=True)
    expYear = serializers.IntegerField(source="card_exp_year", allow_null=True)

    class Meta:
        ref_name = "Card"


def card_body(customer: Any, viewer: object = None) -> dict[str, Any]:
    """A card's JSON."""
    return json_of(CardSerializer, customer)


class CardSetupSerializer(serializers.Serializer[Any]):
    """For the provider's library on the device."""

    setupIntentId = serializers.CharField()
    clientSecret = serializers.CharField()
    publishableKey = serializers.CharField()

    class Meta:
        ref_name = "CardSetup"


class CardInput(serializers.Serializer[Any]):
    setupIntentId = Text(max_length=255)


class ConfirmationSerializer(serializers.Serializer[Any]):
    """For the provider's library on the device. `cardReference` is the card to confirm with, if it must be named."""

    clientSecret = serializers.CharField()
    publishableKey = serializers.CharField()
    cardReference = serializers.CharField(allow_null=True)

    class Meta:
        ref_name = "CardConfirmation"


class OnboardingSerializer(serializers.Serializer[Any]):
    """An address of the provider, good for a few minutes."""

    url = serializers.CharField()

    class Meta:
        ref_name = "PayoutOnboarding"
