"""The events that users receive about their payments."""

from notifications.events import Outbox, user_recipient
from payments.models import Payment
from payments.serializers import PaymentSerializer


def payment_updated(outbox: Outbox, payment: Payment) -> None:
    """Add the present state of a payment to the events of its user."""
    body = {"paymentId": str(payment.pk), "payment": PaymentSerializer(payment).data}
    outbox.add(user_recipient(payment.user_id), "payment.updated", body)
