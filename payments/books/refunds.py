"""Refunds in our books: planning them, and recording their outcomes."""

import logging
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F

from accounts.models import User
from core.currencies import currency_of
from core.errors import Conflict, Invalid
from notifications.events import Outbox, recorded
from payments.books import credits, payouts
from payments.books.disputed import undisputed
from payments.books.ledger import PARTNERS, SALES, balance, book, book_all
from payments.books.status import derive, receipt_due
from payments.models import Attempt, Entry, ManualEntry, Payment, Refund
from payments.models.ledger import EntryKind
from payments.operations import enqueue_on_commit, operation_key
from payments.states import AttemptKind, AttemptStatus, PaymentStatus, RefundStatus

log = logging.getLogger(__name__)

ELSEWHERE = "made with the provider"


def refundable(payment: Payment) -> int:
    """Returns the minor units of a payment that can be given back.

    They have been collected, neither refunded nor planned to be, nor given by hand, and not charged back by the card's
    bank.
    """
    taken = undisputed(payment.attempts.filter(status=AttemptStatus.SUCCEEDED))
    left = sum(amount - refunded for amount, refunded in taken.values_list("amount", "refunded_amount"))
    return max(0, left - max(0, given_by_hand(payment)))


def given_by_hand(payment: Payment) -> int:
    """Returns the minor units that staff have given a payment's user, less what they took in addition."""
    kinds = [EntryKind.USER_CREDITED, EntryKind.USER_CHARGED]
    return balance(SALES, Entry.objects.filter(payment=payment, kind__in=kinds))


def refund(
    payment: Payment, *, amount: int, reason: str, actor: User, now: datetime, decision: ManualEntry | None = None
) -> list[Refund]:
    """Plan to give back a part of a payment, or all of it, from the attempts that collected it.

    `decision` is the manual entry by which staff have decided that.

    Raises: `Conflict` (`not_paid`, `payment_disputed`, `refund_too_large`), `Invalid`.
    """
    if amount <= 0 or amount % currency_of(payment.currency).step:
        raise Invalid("invalid", "No such amount of this currency can be refunded.", "amount")
    with recorded() as outbox:
        locked = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
        if locked.status not in (PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED):
            raise Conflict("not_paid", "Only what has been paid can be refunded.")
        collected = locked.attempts.filter(status=AttemptStatus.SUCCEEDED)
        if amount > refundable(locked) and undisputed(collected).count() < collected.count():
            raise Conflict("payment_disputed", "The card's bank has charged this payment back; it can't be refunded.")
        if amount > refundable(locked):
            raise Conflict("refund_too_large", "That is more than is left of this payment.")
        return _plan(outbox, locked, amount, reason=reason, actor=actor, now=now, decision=decision)


def _plan(
    outbox: Outbox,
    payment: Payment,
    amount: int,
    *,
    reason: str,
    actor: User,
    now: datetime,
    decision: ManualEntry | None,
) -> list[Refund]:
    planned = []
    taken = undisputed(payment.attempts.select_for_update(no_key=True).filter(status=AttemptStatus.SUCCEEDED))
    for attempt in taken.order_by("-number"):
        part = min(amount, attempt.amount - attempt.refunded_amount)
        if not part:
            continue
        amount -= part
        attempt.refunded_amount += part  # the database rejects more than the attempt collected
        attempt.save(update_fields=["refunded_amount"])
        attempt.payment = payment
        ours = attempt.kind in (AttemptKind.CASH, AttemptKind.CREDIT)
        number = attempt.refunds.count() + 1
        row = Refund(
            attempt=attempt,
            amount=part,
            reason=reason[:200],
            actor=actor,
            manual_entry=decision,
            key=operation_key("refund", attempt.pk, number),
            next_step_at=None if ours else now,
            created_at=now,
        )
        row.create(actor=actor, at=now, reason=reason)
        if ours:
            _succeed(outbox, row, reference="", now=now, actor=actor)
        else:
            enqueue_on_commit(row)
        planned.append(row)
    return planned


def finish(refund_id: UUID, answer: dict[str, Any], *, now: datetime) -> bool:
    """Apply the provider's answer to a refund, forward only; returns whether that changed anything."""
    with recorded() as outbox:
        payment_id = Refund.objects.values_list("attempt__payment_id", flat=True).get(pk=refund_id)
        payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
        row = Refund.objects.select_for_update(no_key=True, of=("self",)).select_related("attempt").get(pk=refund_id)
        row.attempt.payment = payment
        reference = str(answer.get("id") or row.reference)[:255]
        if answer.get("status") in ("failed", "canceled"):
            if row.status == RefundStatus.FAILED:
                return False
            if row.status == RefundStatus.PLANNED and _came_back(row, answer):
                _succeed(outbox, row, reference=reference, now=now)
            _fail(outbox, row, str(answer.get("failure_reason") or "failed"), reference=reference, now=now)
        elif row.status != RefundStatus.PLANNED:
            return False
        elif answer.get("amount") != row.amount:
            _leave_to_staff(row, reference=reference, now=now)
        else:
            # `pending` counts as done: the money has left us. A bank may still return it (`_fail`).
            _succeed(outbox, row, reference=reference, now=now)
    return True


def follow_refund(answer: dict[str, Any], *, now: datetime) -> bool:
    """Record a refund that was made elsewhere, in the provider's dashboard for example; returns whether it is new.

    It is one of what an attempt of ours has collected and not given back. Anything else is not ours to book.
    """
    reference = str(answer.get("id") or "")[:255]
    attempt = Attempt.objects.filter(reference=answer.get("payment_intent") or "-").first()
    if attempt is None or not reference or answer.get("status") not in ("pending", "succeeded"):
        return False
    with recorded() as outbox:
        payment = Payment.objects.select_for_update(no_key=True).get(pk=attempt.payment_id)
        locked = Attempt.objects.select_for_update(no_key=True).get(pk=attempt.pk)
        locked.payment = payment
        left = locked.amount - locked.refunded_amount if locked.status == AttemptStatus.SUCCEEDED else 0
        amount = int(answer.get("amount") or 0)
        if not 0 < amount <= left or Refund.objects.filter(reference=reference).exists():
            return False
        locked.refunded_amount += amount
        locked.save(update_fields=["refunded_amount"])
        key = operation_key("elsewhere", reference)
        row = Refund(attempt=locked, amount=amount, reason=ELSEWHERE, key=key, reference=reference, created_at=now)
        row.create(actor=None, at=now, reason=row.reason)
        log.error("refund %s of payment %s was made elsewhere", reference, payment.pk)
        _succeed(outbox, row, reference=reference, now=now)
    return True


def _came_back(row: Refund, answer: dict[str, Any]) -> bool:
    """Whether a failed refund had been made: its money has left our balance and returned to it, each by a movement.

    https://docs.stripe.com/api/refunds/object#refund_object-failure_balance_transaction
    """
    return bool(answer.get("failure_balance_transaction")) and answer.get("amount") == row.amount


def _leave_to_staff(row: Refund, *, reference: str, now: datetime) -> None:
    """Leave a refund of another amount than planned to staff, because a repetition would not change it.

    The amount stays reserved and is not booked: the reconciler reports the difference every day.
    """
    log.error("refund %s gave back another amount than %s", reference, row.pk)
    failure = "another amount was given back"
    _close(row, RefundStatus.ATTENTION, failure, reference=reference, now=now)


def _close(row: Refund, status: str, failure: str, *, reference: str, now: datetime) -> None:
    """Move a refund to a status in which nothing more is asked of the provider."""
    row.move(status, actor=None, at=now, reason=failure, failure=failure, reference=reference, next_step_at=None)


def _fail(outbox: Outbox, row: Refund, failure: str, *, reference: str, now: datetime) -> None:
    """Record that a refund was refused or returned by the user's bank: undo what was booked and reserved for it."""
    payment, booked, failure = row.attempt.payment, row.status == RefundStatus.SUCCEEDED, failure[:100]
    log.error("refund %s failed: %s", row.pk, failure)
    _close(row, RefundStatus.FAILED, failure, reference=reference, now=now)
    Attempt.objects.filter(pk=row.attempt_id).update(refunded_amount=F("refunded_amount") - row.amount)
    if not booked:
        return
    before = payment.refunded_amount
    payment.refunded_amount = before - row.amount
    payment.receipt_due_at = receipt_due(now)
    payment.save(update_fields=["refunded_amount", "receipt_due_at"])
    book(EntryKind.REFUND_FAILED, str(row.pk), payment, row.amount, now=now)
    # No more than refunds have taken back: staff may have lowered the share before.
    entries = Entry.objects.filter(payment=payment, kind__in=[EntryKind.SHARE_REVERSED, EntryKind.SHARE_RESTORED])
    share = min(_part(payment, payment.partner_share, before), balance(PARTNERS, entries))
    parts = {EntryKind.SHARE_RESTORED: share, EntryKind.TAX_RESTORED: _part(payment, payment.tax_amount, before)}
    book_all(parts, str(row.pk), payment, now=now)
    derive(outbox, payment, now=now, reason=failure)
    payouts.plan(payment, now=now)


def _succeed(outbox: Outbox, row: Refund, *, reference: str, now: datetime, actor: User | None = None) -> None:
    payment = row.attempt.payment
    row.move(RefundStatus.SUCCEEDED, actor=actor, at=now, reason=row.reason, reference=reference, next_step_at=None)
    before = payment.refunded_amount
    payment.refunded_amount = before + row.amount
    payment.receipt_due_at = receipt_due(now)
    payment.save(update_fields=["refunded_amount", "receipt_due_at"])
    book(EntryKind.REFUNDED, str(row.pk), payment, row.amount, now=now, way=row.attempt.kind)
    if row.attempt.credit_id is not None:
        credits.give_back(row.attempt.credit_id, row.amount, now=now)
    derive(outbox, payment, now=now, reason=row.reason, actor=actor)
    share = min(_part(payment, payment.partner_share, before), max(0, payouts.share_of(payment)))  # staff may lower it
    parts = {EntryKind.SHARE_REVERSED: share, EntryKind.TAX_REVERSED: _part(payment, payment.tax_amount, before)}
    book_all(parts, str(row.pk), payment, now=now)
    payouts.reverse(payment, source=row.pk, now=now)


def _part(payment: Payment, whole: int, before: int) -> int:
    """Returns the part of `whole` that goes with what was refunded since `before`.

    It is reckoned on the sum of all refunds, so that parts lose nothing to rounding and the whole takes back the whole.
    """
    return abs(payment.part_of_refunds(whole, payment.refunded_amount) - payment.part_of_refunds(whole, before))
