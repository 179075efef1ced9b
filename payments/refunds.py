"""Giving money back, and what card holders dispute."""

import logging
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from core.errors import Conflict, Invalid
from notifications.events import Outbox, recorded
from payments import attempts, errands, payouts
from payments.gateway import Declined, Refused, Unreachable, enabled, gateway
from payments.ledger import book
from payments.models import Attempt, Dispute, Payment, Refund
from payments.models.ledger import EntryKind
from payments.states import AttemptKind, AttemptStatus, PaymentStatus, RefundStatus

log = logging.getLogger(__name__)


def refundable(payment: Payment) -> int:
    """What of a payment has been collected and not been given back, nor is about to be. Minor units."""
    taken = payment.attempts.filter(status=AttemptStatus.SUCCEEDED)
    return sum(amount - refunded for amount, refunded in taken.values_list("amount", "refunded_amount"))


def refund(payment: Payment, *, amount: int, reason: str, actor: User, now: datetime) -> list[Refund]:
    """Staff give back a part of a payment, or all of it, from the attempts that collected it.

    Raises `Conflict` (`not_paid`, `refund_too_large`), `Invalid`.
    """
    if amount <= 0:
        raise Invalid("invalid", "Refund at least one minor unit.", "amount")
    with recorded() as outbox:
        locked = Payment.objects.select_for_update().get(pk=payment.pk)
        if locked.status not in (PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED):
            raise Conflict("not_paid", "Only what has been paid can be refunded.")
        if amount > refundable(locked):
            raise Conflict("refund_too_large", "That is more than is left of this payment.")
        return _plan(outbox, locked, amount, reason=reason, actor=actor, now=now)


def _plan(outbox: Outbox, payment: Payment, amount: int, *, reason: str, actor: User, now: datetime) -> list[Refund]:
    planned = []
    taken = payment.attempts.select_for_update().filter(status=AttemptStatus.SUCCEEDED).order_by("-number")
    for attempt in taken:
        part = min(amount, attempt.amount - attempt.refunded_amount)
        if not part:
            continue
        amount -= part
        attempt.refunded_amount += part  # the database refuses more than the attempt collected
        attempt.save(update_fields=["refunded_amount"])
        attempt.payment = payment
        in_cash = attempt.kind == AttemptKind.CASH
        number = attempt.refunds.count() + 1
        row = Refund(
            attempt=attempt,
            amount=part,
            reason=reason[:200],
            actor=actor,
            key=errands.key("refund", attempt.pk, number),
            next_step_at=None if in_cash else now,
            created_at=now,
        )
        row.create(actor=actor, at=now, reason=reason)
        if in_cash:
            _succeed(outbox, row, reference="", now=now, actor=actor)
        else:
            errands.soon(row)
        planned.append(row)
    return planned


@errands.errand("refund", Refund)
def step_refund(refund_id: UUID) -> None:
    """Have the provider give it back."""
    row = Refund.objects.select_related("attempt__payment").filter(pk=refund_id).first()
    if row is None or row.status != RefundStatus.PLANNED or row.next_step_at is None or not enabled():
        return
    now = timezone.now()
    try:
        answer = _made(row, now=now)
    except Unreachable as error:
        errands.retry_later(row, error, now)
    except (Refused, Declined) as refused:
        log.error("refund %s was refused: %s", row.pk, refused)
        _finish(row.pk, {"status": "failed", "failure_reason": str(refused)}, now=now)
    else:
        if answer is not None:
            _finish(row.pk, answer, now=now)


def _made(row: Refund, *, now: datetime) -> dict[str, Any] | None:
    """The provider's refund; None where the key was spoilt and another is to be used."""
    provider, intent = gateway(), row.attempt.reference
    if errands.outlived(row, now) and (found := provider.find_refund(intent=intent, key=row.key)):
        return found
    metadata = {"key": row.key, "paymentId": str(row.attempt.payment_id)}
    try:
        return provider.refund(row.key, intent, amount=row.amount, metadata=metadata)
    except Unreachable as error:
        if not error.spoilt:
            raise
        found = provider.find_refund(intent=intent, key=row.key)
        if found is None:
            errands.use_another_key(row, now)
        return found


def apply_refund(answer: dict[str, Any], *, now: datetime) -> bool:
    """Apply a refund, as the provider has it now; whether that changed anything. Not inside a transaction."""
    metadata = answer.get("metadata")
    key = metadata.get("key") if isinstance(metadata, dict) else None
    row = Refund.objects.filter(key=key).first() if key else None
    row = row or Refund.objects.filter(reference=answer.get("id") or "-").first()
    return row is not None and _finish(row.pk, answer, now=now)


def _finish(refund_id: UUID, answer: dict[str, Any], *, now: datetime) -> bool:
    with recorded() as outbox:
        payment_id = Refund.objects.values_list("attempt__payment_id", flat=True).get(pk=refund_id)
        payment = Payment.objects.select_for_update().get(pk=payment_id)
        row = Refund.objects.select_for_update(of=("self",)).select_related("attempt").get(pk=refund_id)
        row.attempt.payment = payment
        reference = str(answer.get("id") or row.reference)[:255]
        if answer.get("status") in ("failed", "canceled"):
            if row.status == RefundStatus.FAILED:
                return False
            _fail(outbox, row, str(answer.get("failure_reason") or "failed"), reference=reference, now=now)
        elif row.status != RefundStatus.PLANNED:
            return False
        elif answer.get("amount") != row.amount:
            _ask_people(row, reference=reference, now=now)
        else:
            # `pending` counts as done: the money has left us. A bank may still return it (`_fail`).
            _succeed(outbox, row, reference=reference, now=now)
    return True


def _ask_people(row: Refund, *, reference: str, now: datetime) -> None:
    """The provider gave back another amount. Asking again would not change that, so it is left to staff.

    The amount stays reserved and is not booked: the reconciler reports the difference every day.
    """
    log.error("refund %s gave back another amount than %s", reference, row.pk)
    failure = "another amount was given back"
    _close(row, RefundStatus.ATTENTION, failure, reference=reference, now=now)


def _close(row: Refund, status: str, failure: str, *, reference: str, now: datetime) -> None:
    """Nothing more is asked of the provider about it."""
    row.move(status, actor=None, at=now, reason=failure, failure=failure, reference=reference, next_step_at=None)


def _fail(outbox: Outbox, row: Refund, failure: str, *, reference: str, now: datetime) -> None:
    """It was refused, or the user's bank has returned it: then what was booked is undone, and it can be tried again."""
    payment, booked, failure = row.attempt.payment, row.status == RefundStatus.SUCCEEDED, failure[:100]
    log.error("refund %s failed: %s", row.pk, failure)
    _close(row, RefundStatus.FAILED, failure, reference=reference, now=now)
    Attempt.objects.filter(pk=row.attempt_id).update(refunded_amount=F("refunded_amount") - row.amount)
    if not booked:
        return
    before = payment.refunded_amount
    payment.refunded_amount = before - row.amount
    payment.save(update_fields=["refunded_amount"])
    book(EntryKind.REFUND_FAILED, str(row.pk), payment, row.amount, now=now)
    share = _share_of(payment, before) - _share_of(payment, payment.refunded_amount)
    book(EntryKind.SHARE_RESTORED, str(row.pk), payment, share, now=now)
    attempts.derive(outbox, payment, now=now, reason=failure)
    payouts.plan(payment, now=now)


def _succeed(outbox: Outbox, row: Refund, *, reference: str, now: datetime, actor: User | None = None) -> None:
    payment = row.attempt.payment
    row.move(RefundStatus.SUCCEEDED, actor=actor, at=now, reason=row.reason, reference=reference, next_step_at=None)
    before = payment.refunded_amount
    payment.refunded_amount = before + row.amount
    payment.save(update_fields=["refunded_amount"])
    in_cash = row.attempt.kind == AttemptKind.CASH
    book(EntryKind.REFUNDED, str(row.pk), payment, row.amount, now=now, in_cash=in_cash)
    attempts.derive(outbox, payment, now=now, reason=row.reason, actor=actor)
    # Reckoned on the sum, so that parts lose nothing to rounding and the whole takes back the whole share.
    share = _share_of(payment, payment.refunded_amount) - _share_of(payment, before)
    book(EntryKind.SHARE_REVERSED, str(row.pk), payment, share, now=now)
    payouts.take_back(payment, share, source=row.pk, now=now)


def _share_of(payment: Payment, amount: int) -> int:
    return payment.partner_share * amount // payment.amount if payment.amount else 0


# ---------------------------------------------------------------- disputes


def apply_dispute(answer: dict[str, Any], *, now: datetime) -> bool:
    """Take note of a dispute, as the provider has it now; whether it is about a payment of ours."""
    intent = answer.get("payment_intent")
    attempt = Attempt.objects.filter(reference=intent or "-").first()
    if attempt is None:
        return False
    with recorded():
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
