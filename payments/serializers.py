"""The JSON of payments."""

from rest_framework import serializers

from payments.models import Payment, PaymentKind
from payments.states import PaymentStatus


class PaymentSerializer(serializers.ModelSerializer[Payment]):
    """What is owed for a ride; `amount` and `refundedAmount` are minor units (cents)."""

    paymentId = serializers.UUIDField(source="id")
    rideId = serializers.UUIDField(source="ride_id")
    userId = serializers.UUIDField(source="user_id")
    kind = serializers.ChoiceField(choices=PaymentKind.choices)
    refundedAmount = serializers.IntegerField(source="refunded_amount")
    status = serializers.ChoiceField(choices=PaymentStatus.choices)
    thirdPartyReferenceId = serializers.SerializerMethodField()
    createdAt = serializers.DateTimeField(source="created_at")

    class Meta:
        model = Payment
        fields = (
            "paymentId",
            "rideId",
            "userId",
            "kind",
            "amount",
            "refundedAmount",
            "currency",
            "status",
            "thirdPartyReferenceId",
            "createdAt",
        )
        ref_name = "Payment"

    def get_thirdPartyReferenceId(self, payment: Payment) -> str | None:
        return payment.third_party_reference_id or None
