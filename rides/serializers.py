"""The JSON of rides."""

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from accounts.models import User
from api.fields import Identifier, Integer, MoneySerializer, Note, TariffSerializer, Text
from api.serializing import json_of
from core import clock
from core.currencies import MAXIMUM
from payments.states import PaymentKind, PaymentStatus
from rides.models import Ride
from rides.read_model import ride_view
from rides.receipts import Document
from rides.states import EndedBy, RideStatus


class RideSerializer(serializers.Serializer[Any]):
    """A ride as its user or partner sees it. `fare` runs with the session and is final once it is completed."""

    rideId = serializers.UUIDField(source="id")
    requestId = serializers.UUIDField(source="request_id")
    userId = serializers.UUIDField(source="user_id")
    partnerId = serializers.UUIDField(source="partner_id")
    status = serializers.ChoiceField(choices=RideStatus.choices)
    acceptedAt = serializers.DateTimeField(source="accepted_at")
    arrivedAt = serializers.DateTimeField(
        source="arrived_at", allow_null=True, help_text="Since when the partner is at the place."
    )
    userHereAt = serializers.DateTimeField(
        source="user_here_at", allow_null=True, help_text="When the user answered that they are at the place."
    )
    disputedAt = serializers.DateTimeField(
        source="disputed_at", allow_null=True, help_text="When the user answered that nobody is there."
    )
    noShowAt = serializers.DateTimeField(
        source="no_show_at",
        allow_null=True,
        help_text="From when the partner, if still at the place, may report a no-show.",
    )
    startTime = serializers.DateTimeField(source="start_time", allow_null=True)
    endTime = serializers.DateTimeField(source="end_time", allow_null=True)
    endedBy = serializers.ChoiceField(source="ended_by", choices=EndedBy.choices, allow_null=True)
    elapsedS = serializers.FloatField(source="elapsed_s")
    fare = MoneySerializer(allow_null=True)
    coveredUntil = serializers.DateTimeField(
        source="covered_until",
        allow_null=True,
        help_text="Until when the session costs no more than is held on the card. It ends then, unless more is held.",
    )
    tariff = TariffSerializer()
    rating = serializers.IntegerField(allow_null=True)
    pinRequired = serializers.BooleanField(
        source="pin_required", help_text="Whether only the user's PIN starts the session, or has started it."
    )
    pin = serializers.CharField(allow_null=True, help_text="Only for the user, until the session starts.")
    userName = serializers.CharField(
        source="user_name", allow_null=True, help_text="Only for the partner, from acceptance to completion."
    )

    class Meta:
        ref_name = "Ride"


def ride_bodies(rides: Iterable[Ride], viewer: User) -> list[dict[str, Any]]:
    """The JSON of rides for one reader, all at one moment."""
    now = clock.now()
    return [json_of(RideSerializer, ride_view(ride, viewer, now=now)) for ride in rides]


def ride_body(ride: Ride, viewer: User) -> dict[str, Any]:
    """The JSON of one ride, as in `ride_bodies`."""
    return ride_bodies([ride], viewer)[0]


class ReceiptLineSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=PaymentKind.choices)
    label = serializers.CharField()  # type: ignore[assignment]  # the base keeps its own label under this name
    quantity = serializers.IntegerField()
    unitAmount = serializers.IntegerField()
    amount = MoneySerializer()
    refunded = MoneySerializer()
    tax = MoneySerializer(help_text="The part of `amount` that is tax. A tax that is added is not in `unitAmount`.")
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


class ReceiptTaxSerializer(serializers.Serializer[Any]):
    """The tax that the total contains. `inclusive`: whether prices include it; it was added to them otherwise."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # as above
    ratePercent = serializers.CharField()
    inclusive = serializers.BooleanField()
    number = serializers.CharField(allow_null=True, help_text="The seller's tax number.")
    amount = MoneySerializer()

    class Meta:
        ref_name = "ReceiptTax"


class ReceiptSerializer(serializers.Serializer[Any]):
    """The lines of the bill: an invoice while something of it is due, else a receipt."""

    rideId = serializers.UUIDField()
    document = serializers.ChoiceField(choices=Document.choices)
    status = serializers.ChoiceField(choices=RideStatus.choices)
    startTime = serializers.DateTimeField(allow_null=True)
    endTime = serializers.DateTimeField(allow_null=True)
    endedBy = serializers.ChoiceField(choices=EndedBy.choices, allow_null=True)
    elapsedS = serializers.IntegerField()
    lines = ReceiptLineSerializer(many=True)
    total = MoneySerializer(help_text="Less what was given back.")
    refunded = MoneySerializer()
    due = MoneySerializer(help_text="What is not paid yet: an invoice has some, a receipt none.")
    credit = MoneySerializer(help_text="The part of the total that was paid with credit.")
    tax = ReceiptTaxSerializer(allow_null=True)
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
    comment = Note(max_length=500, required=False, allow_blank=True, default="")

    class Meta:
        ref_name = "RideRatingInput"


TIP_MAX = MAXIMUM  # minor units; each ride has a lower cap of its own


class TipInput(serializers.Serializer[Any]):
    """Minor units (cents), in the ride's currency."""

    amount = Integer(min_value=1, max_value=TIP_MAX)
    currency = Text(required=False, max_length=3)

    class Meta:
        ref_name = "RideTipInput"
