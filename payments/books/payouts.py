"""Payouts to partners, in our books: a transfer of their share of each payment, once all of it has come in.

Nothing is planned unless partners are paid by the provider, nor while a rule holds the payout. A partner's earnings
are in the ledger either way.
"""

import logging
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from payments.books.ledger import PARTNERS, balance, book
from payments.books.payout_rules import judge
from payments.configuration import connected
from payments.models import Entry, Payment, PayoutAccount, PayoutHold, Reversal, Transfer
from payments.models.ledger import EntryKind
from payments.operations import enqueue_on_commit, operation_key
from payments.states import AttemptKind, PaymentStatus, PayoutHoldStatus, TransferStatus

log = logging.getLogger(__name__)

COLLECTED = [PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED]


def plan_all(partner_id: UUID, *, now: datetime) -> None:
    """Plan to pay a partner for everything collected so far and not paid out."""
    unpaid = Payment.objects.filter(partner=partner_id, transfer=None, partner_share__gt=0, status__in=COLLECTED)
    held = Q(payout_hold__status__in=[PayoutHoldStatus.HELD, PayoutHoldStatus.REFUSED])
    for payment_id in unpaid.exclude(held).values_list("pk", flat=True):
        with transaction.atomic():
            plan(Payment.objects.select_for_update().get(pk=payment_id), now=now)


def plan(payment: Payment, *, now: datetime) -> None:
    """Plan to pay the partner their share of a locked payment, if all of it has come in through the provider.

    A rule may hold it back; the transfer is then planned when the hold is released.
    """
    share = -balance(PARTNERS, Entry.objects.filter(payment=payment))  # less what refunds took back of it
    if not connected() or payment.status not in COLLECTED or share <= 0:
        return
    account = PayoutAccount.objects.filter(partner=payment.partner_id, ready=True).first()
    by_card = not payment.attempts.filter(kind=AttemptKind.CASH).exists()
    if account is None or not by_card or Transfer.objects.filter(payment=payment).exists():
        return
    if _is_held(payment, account, now=now):
        return
    row = Transfer(
        payment=payment,
        partner_id=account.partner_id,
        amount=share,
        account_reference=account.reference,
        key=operation_key("transfer", payment.pk),
        next_step_at=now,
        created_at=now,
    )
    row.create(actor=None, at=now)
    enqueue_on_commit(row)


def _is_held(payment: Payment, account: PayoutAccount, *, now: datetime) -> bool:
    """Hold a payout if a rule says so; returns whether it is held."""
    hold = PayoutHold.objects.filter(payment=payment).first()
    if hold is not None:
        return hold.status != PayoutHoldStatus.RELEASED
    verdict = judge(payment, account, now=now)
    if not verdict.reasons:
        return False
    due_at = None if verdict.review else verdict.until
    PayoutHold(
        payment=payment, partner_id=account.partner_id, reasons=verdict.reasons, due_at=due_at, created_at=now
    ).create(actor=None, at=now, reason=", ".join(verdict.reasons))
    return True


def reverse(payment: Payment, amount: int, *, source: UUID, now: datetime) -> None:
    """Plan to take a part of a locked payment's transfer back; does nothing if the partner is not paid for it."""
    row = Transfer.objects.select_for_update().filter(payment=payment).first()
    if row is None or row.status == TransferStatus.FAILED or not amount:
        return
    row.reversed_amount += amount
    row.save(update_fields=["reversed_amount"])
    reversal = Reversal(
        transfer=row, amount=amount, key=operation_key("reversal", source), next_step_at=now, created_at=now
    )
    reversal.create(actor=None, at=now)
    enqueue_on_commit(reversal)


def succeed(row: Transfer | Reversal, reference: str, *, now: datetime) -> None:
    """Record and book that the provider has paid a transfer or reversed a part of one. Not inside a transaction."""
    with transaction.atomic():
        locked = type(row)._default_manager.select_for_update().get(pk=row.pk)
        if locked.status == TransferStatus.PLANNED:
            locked.move(TransferStatus.SUCCEEDED, actor=None, at=now, reference=reference, next_step_at=None)
            if isinstance(row, Transfer):
                book(EntryKind.PAID_OUT, str(row.pk), row.payment, row.amount, now=now)
            else:
                book(EntryKind.PAYOUT_REVERSED, str(row.pk), row.transfer.payment, row.amount, now=now)


def fail(row: Transfer | Reversal, failure: str, *, now: datetime) -> None:
    """Give a transfer or reversal up. The ledger still has what the partner is owed: staff settle it by hand."""
    log.error("%s %s failed: %s", row._meta.model_name, row.pk, failure)
    with transaction.atomic():
        locked = type(row)._default_manager.select_for_update().get(pk=row.pk)
        if locked.status == TransferStatus.PLANNED:
            locked.move(
                TransferStatus.FAILED, actor=None, at=now, reason=failure, failure=failure[:100], next_step_at=None
            )
