"""Writes about money."""

import logging
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Partner, User
from core.database import refused_as
from core.errors import Conflict, Invalid
from notifications.events import Outbox, recorded
from payments import errands, telling
from payments.attempts import close, collect, derive, take_cash, withdraw_scheduled
from payments.gateway import enabled
from payments.intents import apply_foreign_intent
from payments.ledger import book
from payments.models import Payment, PaymentKind, ProviderEvent
from payments.models.ledger import EntryKind
from payments.states import OPEN_ATTEMPTS, UNPAID, AttemptStatus, PaymentStatus

log = logging.getLogger(__name__)


def open_payment(
    outbox: Outbox,
    *,
    ride_id: UUID,
    user: User,
    kind: str,
    amount: int,
    currency: str,
    now: datetime,
    request_id: UUID | None = None,
    partner: Partner | None = None,
    partner_share: int = 0,
) -> Payment:
    """Note that a user owes `amount` minor units for a ride, and plan to collect it. Call it inside `recorded`.

    With `request_id`, what is held for that request is captured first. Raises `Conflict` (`payment_exists`) where the
    ride has a payment of this kind.
    """
    payment = Payment(
        ride_id=ride_id,
        user=user,
        kind=kind,
        amount=amount,
        currency=currency,
        partner=partner,
        partner_share=partner_share,
        created_at=now,
    )
    exists = Conflict("payment_exists", "This ride has a payment of this kind already.")
    with refused_as({"payment_one_per_ride_and_kind": exists}), transaction.atomic():
        payment.create(actor=None, at=now)
    book(EntryKind.OWED, str(payment.pk), payment, amount, now=now)
    book(EntryKind.SHARE, str(payment.pk), payment, partner_share, now=now)
    telling.tell(outbox, payment)
    # A user tips while looking at the page; whatever else is owed may come while they are away.
    collect(outbox, payment, request_id=request_id, off_session=kind != PaymentKind.TIP, now=now)
    return payment


def settle_in_cash(payment: Payment, *, actor: User, now: datetime) -> None:
    """Staff have taken the money in another way. Raises `Conflict` where it is paid, or is just being collected."""
    with recorded() as outbox:
        locked = Payment.objects.select_for_update().get(pk=payment.pk)
        if locked.status not in UNPAID:
            raise Conflict("already_paid", "This payment is not open.")
        withdraw_scheduled(outbox, locked, now=now)
        if locked.attempts.filter(status__in=OPEN_ATTEMPTS).exists():
            raise Conflict("payment_in_progress", "The card is just being charged. Withdraw that first, or wait.")
        take_cash(outbox, locked, actor=actor, now=now)


def withdraw(payment: Payment, *, actor: User, now: datetime) -> None:
    """Staff stop what waits for the user or for its time. Raises `Conflict` where nothing does."""
    with recorded() as outbox:
        locked = Payment.objects.select_for_update().get(pk=payment.pk)
        waiting = locked.attempts.select_for_update().filter(status=AttemptStatus.REQUIRES_ACTION)
        found = withdraw_scheduled(outbox, locked, now=now)
        for attempt in waiting:
            attempt.payment = locked
            close(attempt, failure="withdrawn", now=now)
            found = True
        if not found:
            raise Conflict("nothing_to_withdraw", "No attempt waits for the user or for its time.")
        derive(outbox, locked, now=now, reason="withdrawn by staff", actor=actor)


# ---------------------------------------------------------------- the provider's word

# What a provider's event makes of our payment. Events may come twice, late, or in any order:
# the transition table drops what would be a step back.
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
    """Store a verified webhook event once; False where it was seen before.

    A task then asks the provider how its object stands (payments/events.py). Where there is no provider to ask, the
    signed event itself is its word, and is acted on at once. Raises `Invalid` on one without id or type.
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
        if enabled():
            ProviderEvent.objects.filter(pk=row.pk).update(next_step_at=now)
            errands.soon(row)
            return True
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
