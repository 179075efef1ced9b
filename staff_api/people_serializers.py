"""The JSON of partners, rides and payments, as staff see them. A list has no words and no places."""

from typing import Any

from rest_framework import serializers

from accounts.models import Partner
from accounts.states import Application, PartnerStatus, PartnerType
from api.fields import MoneyField, OptionalLocationField, TariffSerializer, location, money
from payments.serializers import PaymentSerializer
from rides.models import Ride
from rides.states import EndedBy, RideStatus
from staff_api.request_serializers import Code


class StaffPartnerSerializer(serializers.Serializer[Any]):
    """A partner in a list for staff."""

    partnerId = serializers.UUIDField(source="id")
    userId = serializers.UUIDField(source="user_id")
    name = serializers.CharField()
    type = serializers.ChoiceField(choices=PartnerType.choices)
    application = serializers.ChoiceField(choices=Application.choices)
    status = serializers.ChoiceField(choices=PartnerStatus.choices)
    statusSince = serializers.DateTimeField(source="status_since")
    region = serializers.CharField(source="region.slug", allow_null=True, default=None)
    rating = serializers.FloatField(allow_null=True)
    ratings = serializers.IntegerField(source="rating_count", help_text="How many there are.")
    createdAt = serializers.DateTimeField(source="created_at")

    class Meta:
        ref_name = "StaffPartner"


class StaffPartnerDetailSerializer(StaffPartnerSerializer):
    """A partner as their page shows them to staff, with the last position that was stored."""

    phone = serializers.CharField()
    location = OptionalLocationField()
    locatedAt = serializers.DateTimeField(source="position_at", allow_null=True)

    class Meta:
        ref_name = "StaffPartnerDetail"

    def get_location(self, row: Partner) -> dict[str, float] | None:
        return location(row.lat, row.lng)


class StaffRideSerializer(serializers.Serializer[Any]):
    """A ride in a list for staff. `fare` is final; null until the session is over."""

    rideId = serializers.UUIDField(source="id")
    requestId = serializers.UUIDField(source="request_id")
    userId = serializers.UUIDField(source="user_id")
    partnerId = serializers.UUIDField(source="partner_id")
    region = serializers.CharField(source="request.region.slug")
    status = serializers.ChoiceField(choices=RideStatus.choices)
    reason = Code(source="closed_code", help_text="A code, such as `no_show`.")
    acceptedAt = serializers.DateTimeField(source="accepted_at")
    arrivedAt = serializers.DateTimeField(source="arrived_at", allow_null=True)
    disputedAt = serializers.DateTimeField(source="disputed_at", allow_null=True)
    startTime = serializers.DateTimeField(source="start_time", allow_null=True)
    endTime = serializers.DateTimeField(source="end_time", allow_null=True)
    endedBy = serializers.ChoiceField(source="ended_by", choices=EndedBy.choices, allow_null=True)
    cancelledAt = serializers.DateTimeField(source="cancelled_at", allow_null=True)
    fare = MoneyField()

    class Meta:
        ref_name = "StaffRide"

    def get_fare(self, row: Ride) -> dict[str, Any] | None:
        return money(row.fare_amount, row.tariff_currency)

    def to_representation(self, instance: Ride) -> Any:
        said = super().to_representation(instance)
        return {**said, "endedBy": said["endedBy"] or None}


class StaffRideDetailSerializer(StaffRideSerializer):
    """A ride as its page shows it to staff."""

    reasonNote = serializers.CharField(source="closed_note", help_text="The words of the partner.")
    noShowAt = serializers.DateTimeField(source="no_show_at", allow_null=True)
    userHereAt = serializers.DateTimeField(source="user_here_at", allow_null=True)
    partedAt = serializers.DateTimeField(
        source="parted_at", allow_null=True, help_text="When the partner was seen to have left the session."
    )
    tariff = TariffSerializer()
    rating = serializers.IntegerField(allow_null=True)
    ratingComment = serializers.CharField(source="rating_comment")

    class Meta:
        ref_name = "StaffRideDetail"


class StaffPaymentSerializer(PaymentSerializer):
    """A payment as staff see it. What is `frozen` is not collected; what is given up is not tried again by itself."""

    partnerId = serializers.UUIDField(source="partner_id", allow_null=True)
    partnerShare = serializers.IntegerField(source="partner_share")
    taxAmount = serializers.IntegerField(source="tax_amount")
    writtenOff = serializers.IntegerField(source="written_off")
    frozen = serializers.BooleanField()
    reminders = serializers.IntegerField()
    givenUpAt = serializers.DateTimeField(source="given_up_at", allow_null=True)

    class Meta:
        ref_name = "StaffPayment"
