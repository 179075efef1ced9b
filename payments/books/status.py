"""A payment's status, which follows from its attempts and refunds. Nothing else sets it."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from accounts.models import User
from notifications.events import Outbox
from payments import announce
from payments.books.first_cheers import note_paid
from payments.models import Attempt, Payment
from payments.states import AttemptKind, AttemptStatus, PaymentStatus


def derived_status(payment: Payment) -> PaymentStatus:
    """Returns the status that a payment's attempts and refunds amount to. Reads the attempts, unless prefetched."""
    attempts = list(payment.attempts.all())
    collected = sum(attempt.amount for attempt in attempts if attempt.status == AttemptStatus.SUCCEEDED)
    statuses = {_status_of(attempt) for attempt in attempts}
    if collected == payment.amount and payment.refunded_amount == payment.amount and payment.amount:
        return PaymentStatus.REFUNDED
    if collected == payment.amount and payment.refunded_amount:
        return PaymentStatus.PARTIALLY_REFUNDED
    if collected == payment.amount:
        return PaymentStatus.PAID
    if AttemptStatus.REQUIRES_ACTION in statuses:
        return PaymentStatus.REQUIRES_ACTION
    if statuses & {AttemptStatus.PLANNED, AttemptStatus.PROCESSING}:
        return PaymentStatus.PROCESSING
    if statuses & {AttemptStatus.DECLINED, AttemptStatus.CLOSING, AttemptStatus.SCHEDULED}:
        return PaymentStatus.FAILED
    return PaymentStatus.DUE


def _status_of(attempt: Attempt) -> str:
    """Returns an attempt's status. A capture that is being closed goes on: the card is charged next."""
    closing = attempt.kind == AttemptKind.CAPTURE and attempt.status == AttemptStatus.CLOSING
    return AttemptStatus.PROCESSING if closing else attempt.status


def receipt_due(now: datetime) -> datetime:
    """Returns when to mail a receipt of what has changed now: after the mail at the session's end, which may say it."""
    return now + 2 * timedelta(seconds=settings.RECEIPT_AFTER_S)


def _is_dunned(payment: Payment) -> bool:
    return bool(payment.reminders or payment.reminder_due_at or payment.given_up_at)


def reminder_after(reminders: int) -> timedelta:
    """Returns how long after its failure a payment is due for the next reminder, or to be given up after the last."""
    waits = settings.PAYMENT_REMINDERS_H
    return timedelta(hours=waits[reminders] if reminders < len(waits) else settings.PAYMENT_GIVE_UP_H)


def derive(outbox: Outbox, payment: Payment, *, now: datetime, reason: str, actor: User | None = None) -> None:
    """Bring a locked payment's status in line with its attempts, forward only, and announce a change to its user."""
    status = derived_status(payment)
    if status != payment.status and payment.graph.allows(payment.status, status):
        references = payment.attempts.exclude(reference="").order_by("-number").values_list("reference", flat=True)
        reference = references.first() or payment.third_party_reference_id
        changes: dict[str, Any] = {"third_party_reference_id": reference}
        if status == PaymentStatus.PAID:
            changes["receipt_due_at"] = receipt_due(now)
        elif status in (PaymentStatus.FAILED, PaymentStatus.REQUIRES_ACTION) and not _is_dunned(payment):
            changes["reminder_due_at"] = now + reminder_after(0)
        payment.move(status, actor=actor, at=now, reason=reason, **changes)
        if status == PaymentStatus.PAID:
            note_paid(payment, now=now)
        announce.payment_updated(outbox, payment, now=now)
