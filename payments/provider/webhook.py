"""The webhook's service: storing a verified event of the provider once, and acting on it."""

import logging
from datetime import datetime
from typing import Any
from uuid import UUID

from core.errors import Invalid
from notifications.events import Outbox, recorded
from payments.configuration import enabled
from payments.models import Payment, ProviderEvent
from payments.operations import enqueue_on_commit
from payments.provider.endpoints import is_of_another_mode
from payments.provider.intents import apply_foreign_intent
from payments.states import PaymentStatus

log = logging.getLogger(__name__)

# The status that a provider's event gives our payment. Events may come twice, late, or in any order:
# the transition table drops a step back.
OUTCOMES = {
    "payment_intent.processing": PaymentStatus.PROCESSING,
    "payment_intent.requires_action": PaymentStatus.REQUIRES_ACTION,
    "payment_intent.succeeded": PaymentStatus.PAID,
    "payment_intent.payment_failed": PaymentStatus.FAILED,
}
# The status that an intent has then.
STATUSES = {
    PaymentStatus.PROCESSING: "processing",
    PaymentStatus.REQUIRES_ACTION: "requires_action",
    PaymentStatus.PAID: "succeeded",
    PaymentStatus.FAILED: "requires_payment_method",
}


def take_provider_event(event: dict[str, Any], *, now: datetime) -> bool:
    """Store a verified webhook event once; returns False if it was seen before.

    A task then fetches its object from the provider (payments/provider/events.py). If no provider is configured, the
    signed event itself is believed, and acted on immediately. An event of a partner's account in another mode than ours
    is none of ours.

    Raises: `Invalid` if the event has no id or type.
    """
    event_id, event_type = event.get("id"), event.get("type")
    if not isinstance(event_id, str) or not isinstance(event_type, str) or not 0 < len(event_id) <= 255:
        raise Invalid("invalid", "Not an event.")
    if is_of_another_mode(event):
        return False
    with recorded() as outbox:
        row, new = ProviderEvent.objects.get_or_create(
            id=event_id, defaults={"type": event_type[:100], "payload": event, "received_at": now}
        )
        if not new:
            return False
        if enabled():
            ProviderEvent.objects.filter(pk=row.pk).update(next_step_at=now)
            enqueue_on_commit(row)
            return True
        if not event.get("account"):
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
        apply_foreign_intent(outbox, payment, {**intent, "status": STATUSES[outcome]}, now=now, reason=event_type)


def _payment_of(intent: dict[str, Any]) -> Payment | None:
    """Lock and return our payment behind an intent: by our id in its metadata, or by the intent's id."""
    locked = Payment.objects.select_for_update(no_key=True).select_related(None)
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
