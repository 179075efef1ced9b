"""The events that users receive about their payments, and the words about cards that need them."""

from datetime import datetime

from notifications.events import Outbox, user_recipient
from notifications.push_later import PushLater
from notifications.words import WordKind, word
from payments.models import Hold, Payment
from payments.serializers import PaymentSerializer
from payments.states import HoldStatus, PaymentStatus


def payment_updated(outbox: Outbox, payment: Payment, *, now: datetime) -> None:
    """Notify the user of the present state of a payment, by a word if they have to do something."""
    body = {"paymentId": str(payment.pk), "payment": PaymentSerializer(payment).data}
    needs_them = payment.status in (PaymentStatus.REQUIRES_ACTION, PaymentStatus.FAILED)
    later = word(WordKind.PAYMENT, about=payment.pk, topic=payment.pk, at=now) if needs_them else None
    outbox.add(user_recipient(payment.user_id), "payment.updated", body, later)


def booking_word(hold: Hold, *, now: datetime) -> PushLater | None:
    """Return the word about the hold of a booking, if its user has to do something."""
    if hold.unwanted or not (hold.status == HoldStatus.REQUIRES_ACTION or hold.failure):
        return None
    return word(WordKind.PAYMENT, about=hold.pk, topic=hold.request_id, at=now)
