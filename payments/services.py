"""Writes about money."""

import logging
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import User
from notifications.events import Outbox, recorded, user_recipient
from payments.models import Payment, PaymentKind, ProviderEvent
from payments.serializers import PaymentSerializer
from payments.states import UNPAID, PaymentStatus
from speedycheers.errors import Conflict, Invalid

log = logging.getLogger(__name__)


def open_payment(
    outbox: Outbox, *, ride_id: UUID, user: User, kind: str, amount: int, currency: str, now: datetime
) -> Payment:
    """Note that a user owes `amount` minor units for a ride. Call it inside `recorded`.

    Raises `Conflict` (`payment_exists`) where the ride has a payment of this kind.
    """
    payment = Payment(ride_id=ride_id, user=user, kind=kind, amount=amount, currency=currency, created_at=now)
    try:
        with transaction.atomic():
            payment.begin(actor=None, at=now)
    except IntegrityError:
        raise Conflict("payment_exists", f"This ride has a {payment.get_kind_display().lower()} already.") from None
    _tell(outbox, payment)
    return payment


def settle_in_cash(payment: Payment, *, actor: User, now: datetime) -> None:
    """Staff have taken the money in another way. Raises `Conflict` where it is paid already."""
    with recorded() as outbox:
        locked = Payment.objects.select_for_update().get(pk=payment.pk)
        if locked.status not in UNPAID:
            raise Conflict("already_paid", "This payment is not open.")
        locked.move(PaymentStatus.PAID, actor=actor, at=now, reason="settled in cash")
        _tell(outbox, locked)


def _tell(outbox: Outbox, payment: Payment) -> None:
    body = {"paymentId": str(payment.pk), "payment": PaymentSerializer(payment).data}
    outbox.add(user_recipient(payment.user_id), "payment.updated", body)


# ---------------------------------------------------------------- the provider's word

# What a provider's event makes of our payment. Events may come twice, late, or in any order:
# the transition table drops what would be a step back.
OUTCOMES = {
    "payment_intent.processing": PaymentStatus.PROCESSING,
    "payment_intent.requires_action": PaymentStatus.REQUIRES_ACTION,
    "payment_intent.succeeded": PaymentStatus.PAID,
    "payment_intent.payment_failed": PaymentStatus.FAILED,
}


def take_provider_event(event: dict[str, Any], *, now: datetime) -> bool:
    """Store a verified webhook event once and act on it; False where it was seen before.

    `event` is the provider's event object. Raises `Invalid` on one without id or type.
    """
    event_id, event_type = event.get("id"), event.get("type")
    if not isinstance(event_id, str) or not isinstance(event_type, str) or not 0 < len(event_id) <= 255:
        raise Invalid("invalid", "Not an event.")
    with recorded() as outbox:
        row, new = ProviderEvent.objects.get_or_create(
            id=event_id, defaults={"type": event_type[:100], "payload": event, "received_at": now}
        )
        if not new:
            return False
        _act_on(outbox, event_type, event, now=now)
        ProviderEvent.objects.filter(pk=row.pk).update(processed_at=now)
    return True


def _act_on(outbox: Outbox, event_type: str, event: dict[str, Any], *, now: datetime) -> None:
    outcome = OUTCOMES.get(event_type)
    data = event.get("data")
    intent = data.get("object") if isinstance(data, dict) else None
    if outcome is None or not isinstance(intent, dict):
        return
    payment = _payment_of(intent)
    if payment is None:
        log.warning("provider event %s names no payment of ours", event["id"])
        return
    if outcome == PaymentStatus.PAID and not _pays_in_full(payment, intent):
        log.error("provider event %s pays another amount than payment %s", event["id"], payment.pk)
        return
    if payment.graph.allows(payment.status, outcome):
        reference = str(intent.get("id") or "")[:255]
        payment.move(outcome, actor=None, at=now, reason=event_type, third_party_reference_id=reference)
        _tell(outbox, payment)


def _payment_of(intent: dict[str, Any]) -> Payment | None:
    """Our payment behind a payment intent: by our id in its metadata, or by its id."""
    locked = Payment.objects.select_for_update().select_related(None)
    metadata = intent.get("metadata")
    ours = metadata.get("paymentId") if isinstance(metadata, dict) else None
    try:
        if ours:
            return locked.filter(pk=UUID(str(ours))).first()
    except ValueError:
        return None
    reference = intent.get("id")
    return (
        locked.filter(third_party_reference_id=reference).first() if isinstance(reference, str) and reference else None
    )


def _pays_in_full(payment: Payment, intent: dict[str, Any]) -> bool:
    return intent.get("amount_received") == payment.amount and intent.get("currency") == payment.currency


__all__ = ["PaymentKind", "open_payment", "settle_in_cash", "take_provider_event"]
