"""Disputes: payments that card holders deny at their banks."""

from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from payments.books import attempts
from payments.books.ledger import book
from payments.models import Attempt, Dispute, Payment
from payments.models.ledger import EntryKind
from risk.flags import raise_flag
from risk.states import FlagKind


def apply_dispute(answer: dict[str, Any], *, now: datetime) -> bool:
    """Apply a dispute's present state; returns whether it is about a payment of ours. Not inside a transaction."""
    intent = answer.get("payment_intent")
    attempt = Attempt.objects.filter(reference=intent or "-").first()
    if attempt is None:
        return False
    with transaction.atomic():
        payment, _ = attempts.lock(attempt.pk)
        due = (answer.get("evidence_details") or {}).get("due_by")
        row, new = Dispute.objects.get_or_create(
            id=str(answer["id"]),
            defaults={
                "attempt": attempt,
                "amount": answer["amount"],
                "currency": answer["currency"],
                "reason": str(answer.get("reason"))[:60],
                "status": str(answer.get("status"))[:40],
                "evidence_due_by": datetime.fromtimestamp(due, UTC) if isinstance(due, int) else None,
                "opened_at": now,
            },
        )
        if new:
            book(EntryKind.DISPUTED, row.pk, payment, row.amount, now=now)
            raise_flag(
                FlagKind.PAYMENT_DISPUTED,
                now=now,
                account_id=payment.user_id,
                ride_id=payment.ride_id,
                payment_id=payment.pk,
                figure=row.amount,
            )
        if row.closed_at is None:
            _follow(row, payment, str(answer.get("status"))[:40], now=now)
    return True


def _follow(row: Dispute, payment: Payment, status: str, *, now: datetime) -> None:
    row.status = status
    if status in ("won", "lost", "warning_closed"):
        row.closed_at = now
        if status != "lost":
            book(EntryKind.DISPUTE_WON, row.pk, payment, row.amount, now=now)
    row.save(update_fields=["status", "closed_at"])
