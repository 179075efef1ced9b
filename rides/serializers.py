"""The JSON of rides."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from api.fields import Identifier, Integer, MoneyField, MoneySerializer, Text, money
from api.serializing import json_of
from payments.models import PaymentKind
from payments.states import PaymentStatus
from rides.models import Ride
from rides.states import ACTIVE, RideStatus


class TariffSerializer(serializers.Serializer[Any]):
    """`amount` minor units for every started `incrementS` seconds."""

    amount = serializers.IntegerField()
    currency = serializers.CharField()
    incrementS = serializers.IntegerField()

    class Meta:
        ref_name = "Tariff"


class RideSerializer(serializers.ModelSerializer[Ride]):
    """A ride as its user or partner sees it. `fare` runs with the session and is final once it is completed."""

    rideId = serializers.UUIDField(source="id")
    requestId = serializers.UUIDField(source="request_id")
    userId = serializers.UUIDField(source="user_id")
    partnerId = serializers.UUIDField(source="partner_id")
    status = serializers.ChoiceField(choices=RideStatus.choices)
    acceptedAt = serializers.DateTimeField(source="accepted_at")
    startTime = serializers.DateTimeField(source="start_time", allow_null=True)
    endTime = serializers.DateTimeField(source="end_time", allow_null=True)
    elapsedS = serializers.SerializerMethodField()
    fare = MoneyField()
    coveredUntil = serializers.DateTimeField(
        source="covered_until",
        allow_null=True,
        help_text="Until when the session costs no more than is held on the card. It ends then, unless more is held.",
    )
    tariff = serializers.SerializerMethodField()
    rating = serializers.IntegerField(allow_null=True)
    pinRequired = serializers.SerializerMethodField()
    pin = serializers.SerializerMethodField(help_text="Only for the user, until the session starts.")
    userName = serializers.SerializerMethodField(help_text="Only for the partner, from acceptance to completion.")

    class Meta:
        model = Ride
        fields = (
            "rideId",
            "requestId",
            "userId",
            "partnerId",
            "status",
            "acceptedAt",
            "startTime",
            "endTime",
            "elapsedS",
            "fare",
            "coveredUntil",
            "tariff",
            "rating",
            "pinRequired",
            "pin",
            "userName",
        )
        ref_name = "Ride"

    def get_elapsedS(self, ride: Ride) -> float:
        return ride.elapsed(timezone.now()).total_seconds()

    def get_fare(self, ride: Ride) -> dict[str, Any] | None:
        return money(ride.fare(timezone.now()), ride.tariff_currency)

    @extend_schema_field(TariffSerializer)
    def get_tariff(self, ride: Ride) -> dict[str, Any]:
        return {
            "amount": ride.tariff_amount,
            "currency": ride.tariff_currency,
            "incrementS": ride.tariff_increment_s,
        }

    def get_pinRequired(self, ride: Ride) -> bool:
        return bool(ride.pin)

    def get_pin(self, ride: Ride) -> str | None:
        shown = ride.status == RideStatus.EN_ROUTE and self._viewer_id == ride.user_id
        return (ride.pin or None) if shown else None

    def get_userName(self, ride: Ride) -> str | None:
        shown = ride.status in ACTIVE and self._viewer_id == ride.partner.user_id
        return (ride.user.name or None) if shown else None

    @property
    def _viewer_id(self) -> Any:
        return self.context["viewer"].pk


def ride_body(ride: Ride, viewer: User) -> dict[str, Any]:
    """A ride's JSON for one reader."""
    return json_of(RideSerializer, ride, viewer=viewer)


class ReceiptLineSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=PaymentKind.choices)
    label = serializers.CharField()  # type: ignore[assignment]  # the base keeps its own label under this name
    quantity = serializers.IntegerField()
    unitAmount = serializers.IntegerField()
    amount = MoneySerializer()
    refunded = MoneySerializer()
    status = serializers.ChoiceField(choices=PaymentStatus.choices)
    paymentId = serializers.UUIDField()

    class Meta:
        ref_name = "ReceiptLine"


class ReceiptCardSerializer(serializers.Serializer[Any]):
    """The card that was charged."""

    brand = serializers.CharField()
    last4 = serializers.CharField()

    class Meta:
        ref_name = "ReceiptCard"


class ReceiptSerializer(serializers.Serializer[Any]):
    """The lines of the bill."""

    rideId = serializers.UUIDField()
    status = serializers.ChoiceField(choices=RideStatus.choices)
    startTime = serializers.DateTimeField(allow_null=True)
    endTime = serializers.DateTimeField(allow_null=True)
    elapsedS = serializers.IntegerField()
    lines = ReceiptLineSerializer(many=True)
    total = MoneySerializer()
    card = ReceiptCardSerializer(allow_null=True)
    tariff = TariffSerializer()

    class Meta:
        ref_name = "Receipt"


class RideIdInput(serializers.Serializer[Any]):
    rideId = Identifier()


class RideStartInput(RideIdInput):
    pin = Text(required=False, allow_blank=True, max_length=8, default="")


class RideCancelInput(RideIdInput):
    reason = Text(max_length=200)


class RatingInput(serializers.Serializer[Any]):
    rating = Integer(min_value=1, max_value=5)
    comment = Text(max_length=500, required=False, allow_blank=True, default="")

    class Meta:
        ref_name = "RideRatingInput"


TIP_MAX = 100_000  # minor units


class TipInput(serializers.Serializer[Any]):
    """Minor units (cents), in the ride's currency."""

    amount = Integer(min_value=1, max_value=TIP_MAX)
    currency = Text(required=False, max_length=3)

    class Meta:
        ref_name = "RideTipInput"
