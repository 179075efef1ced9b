"""What users are told about their payments."""

from notifications.events import Outbox, user_recipient
from payments.models import Payment
from payments.serializers import PaymentSerializer


def tell(outbox: Outbox, payment: Payment) -> None:
    """Tell a payment's user how it stands."""
    body = {"paymentId": str(payment.pk), "payment": PaymentSerializer(payment).data}
    outbox.add(user_recipient(payment.user_id), "payment.updated", body)
