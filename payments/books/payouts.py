"""Payouts to partners, in our books: transfers of their share of each payment, once all of it has come in.

What is due for a payment is the share that its entries leave, less what its transfers pay and reversals don't take
back. So a refund, its return by the bank and the next refund each find the present difference.

Nothing is planned unless partners are paid by the provider, nor while a rule holds the payout. A partner's earnings
are in the ledger either way.
"""

import logging
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import User
from core.errors import Conflict
from payments.books.disputed import is_disputed
from payments.books.ledger import PARTNERS, balance, book
from payments.books.payout_rules import judge
from payments.configuration import connected
from payments.models import Attempt, Entry, ManualEntry, Payment, PayoutAccount, PayoutHold, Reversal, Transfer
from payments.models.ledger import EntryKind
from payments.operations import enqueue_on_commit, operation_key
from payments.states import AttemptKind, AttemptStatus, PaymentStatus, PayoutHoldStatus, TransferStatus

log = logging.getLogger(__name__)

OF_SHARES = [
    EntryKind.SHARE,
    EntryKind.SHARE_REVERSED,
    EntryKind.SHARE_RESTORED,
    EntryKind.PARTNER_CREDITED,
    EntryKind.PARTNER_CHARGED,
]
KEPT = F("amount") - F("reversed_amount")  # what a partner keeps of a transfer
COLLECTED = [PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED]


def plan_all(partner_id: UUID, *, now: datetime) -> None:
    """Plan to pay a partner for everything collected so far and not paid out."""
    unpaid = unpaid_of(Payment.objects.filter(status__in=COLLECTED), partner_id)
    # What was refused before the account was ready is tried now.
    refused = Transfer.objects.filter(partner=partner_id, status=TransferStatus.PLANNED, refusals__gt=0)
    refused.filter(next_step_at__gt=now).update(next_step_at=now)
    held = Q(payout_hold__status__in=[PayoutHoldStatus.HELD, PayoutHoldStatus.REFUSED])
    for payment_id in list(unpaid.exclude(held).values_list("pk", flat=True)):
        with transaction.atomic():
            plan(Payment.objects.select_for_update(no_key=True).get(pk=payment_id), now=now)


def unpaid_of(payments: QuerySet[Payment], partner_id: UUID | None) -> QuerySet[Payment]:
    """Returns those of a partner's payments whose transfers may pay less than the partner's share."""
    made = Transfer.objects.filter(payment=OuterRef("pk")).exclude(status=TransferStatus.FAILED)
    paid = made.order_by().values("payment").annotate(_sum=Sum(KEPT)).values("_sum")
    raised = Entry.objects.filter(payment=OuterRef("pk"), kind=EntryKind.PARTNER_CREDITED)
    of_partner = payments.filter(partner=partner_id).annotate(_paid=Coalesce(Subquery(paid), 0))
    return of_partner.filter(Q(_paid__lt=F("partner_share")) | Exists(raised))


def plan(payment: Payment, *, now: datetime) -> None:
    """Plan to pay the partner what a locked payment still owes them, if all of it has come in through the provider.

    A rule may hold it back; the transfer is then planned when the hold is released. After a transfer that has failed,
    or was taken back by somebody else, nothing more is planned: staff settle it.
    """
    if not connected() or payment.status not in COLLECTED:
        return
    made = Transfer.objects.filter(payment=payment)
    due = share_of(payment) - outstanding(payment)
    account = PayoutAccount.objects.filter(partner=payment.partner_id, ready=True).first()
    by_card = not payment.attempts.filter(kind=AttemptKind.CASH).exists()
    if due <= 0 or account is None or not by_card or needing_staff(made).exists():
        return
    if _is_held(payment, account, now=now):
        return
    due -= _net(payment, due, now=now)
    for amount, attempt in _drawn(payment, due):
        row = _new(payment, amount, now=now)
        row.account_reference, row.attempt, row.next_step_at = account.reference, attempt, now
        row.create(actor=None, at=now)
        enqueue_on_commit(row)


def _new(payment: Payment, amount: int, *, now: datetime) -> Transfer:
    """Returns a transfer of a payment, not stored yet."""
    key = _numbered("transfer", payment.pk, Transfer.objects.filter(payment=payment).count())
    partner_id = cast(UUID, payment.partner_id)  # there is a share
    return Transfer(payment=payment, partner_id=partner_id, amount=amount, key=key, created_at=now)


def needing_staff(transfers: QuerySet[Transfer]) -> QuerySet[Transfer]:
    """Returns those transfers that have failed or were taken back elsewhere, and that staff have not seen to."""
    taken_back = Reversal.objects.filter(transfer=OuterRef("pk"), made_elsewhere=True)
    return transfers.filter(Q(status=TransferStatus.FAILED) | Exists(taken_back), seen_to=False)


def debts_of(partner_id: UUID | None, currency: str) -> QuerySet[Reversal]:
    """Locks and returns a partner's debts in a currency, the oldest first."""
    of_partner = {"transfer__partner": partner_id, "transfer__payment__currency": currency}
    return Reversal.objects.select_for_update(no_key=True, of=("self",)).filter(debt__gt=0, **of_partner).order_by("pk")


def _net(payment: Payment, due: int, *, now: datetime) -> int:
    """Keep what is due for a locked payment for the partner's debts, as far as they go; returns the part kept.

    In the ledger both are the partner's account already.
    """
    left = due
    for debt in debts_of(payment.partner_id, payment.currency):
        if kept := min(left, debt.debt):
            left -= kept
            debt.debt -= kept
            debt.save(update_fields=["debt"])
            row = _new(payment, kept, now=now)
            row.settles = debt
            row.create_moved(TransferStatus.NETTED, actor=None, mover=None, at=now)
    return due - left


def pay_by_hand(payment: Payment, source: ManualEntry, most: int, *, actor: User, now: datetime) -> int:
    """Book that staff have paid what is due for a locked payment, up to `most` minor units; returns the part paid.

    A transfer that has failed, or was taken back elsewhere, is seen to by that.
    """
    due = max(0, share_of(payment) - outstanding(payment))
    due -= _net(payment, due, now=now)
    if (paid := min(due, most)) <= 0:
        return 0
    row = _new(payment, paid, now=now)
    row.by_hand = source
    row.create_moved(TransferStatus.SUCCEEDED, actor=actor, mover=actor, at=now)
    book(EntryKind.PAID_OUT, str(row.pk), payment, paid, now=now, way=AttemptKind.CASH)
    waiting = needing_staff(Transfer.objects.filter(payment=payment)).values_list("pk", flat=True)
    Transfer.objects.filter(pk__in=list(waiting)).update(seen_to=True)
    return paid


def _drawn(payment: Payment, due: int) -> list[tuple[int, Attempt | None]]:
    """Splits what is due among the payment's charges, as far as each has room; the rest is drawn from our balance.

    The provider counts the transfers of a charge in full, also after reversals.
    """
    parts: list[tuple[int, Attempt | None]] = []
    taken = payment.attempts.filter(status=AttemptStatus.SUCCEEDED).exclude(reference="").order_by("number")
    for attempt in taken:
        made = attempt.transfers.exclude(status=TransferStatus.FAILED).aggregate(sum=Sum("amount", default=0))["sum"]
        if (part := min(due, attempt.amount - made)) > 0:
            parts.append((part, attempt))
            due -= part
    return [*parts, (due, None)] if due else parts


def share_of(payment: Payment) -> int:
    """Returns the partner's share of a payment in minor units, less what refunds took back of it."""
    return -balance(PARTNERS, Entry.objects.filter(payment=payment, kind__in=OF_SHARES))


def outstanding(payment: Payment) -> int:
    """Returns the minor units that a payment's transfers pay the partner, less what is taken back of them."""
    made = Transfer.objects.filter(payment=payment).exclude(status=TransferStatus.FAILED)
    return int(made.aggregate(sum=Sum(KEPT, default=0))["sum"])


def _numbered(kind: str, source: UUID | str, before: int) -> str:
    """The key of an operation of which there were `before` for the same source."""
    return operation_key(kind, source, before + 1) if before else operation_key(kind, source)


def _is_held(payment: Payment, account: PayoutAccount, *, now: datetime) -> bool:
    """Hold a payout if a rule says so; returns whether it is held."""
    hold = PayoutHold.objects.filter(payment=payment).first()
    if hold is not None:
        return hold.status != PayoutHoldStatus.RELEASED or is_disputed(payment)
    verdict = judge(payment, account, disputed=is_disputed(payment), now=now)
    if not verdict.reasons:
        return False
    due_at = None if verdict.review else verdict.until
    PayoutHold(
        payment=payment, partner_id=account.partner_id, reasons=verdict.reasons, due_at=due_at, created_at=now
    ).create(actor=None, at=now, reason=", ".join(verdict.reasons))
    return True


def reverse(payment: Payment, *, source: UUID | str, now: datetime) -> None:
    """Plan to take back what a locked payment's transfers pay beyond the partner's share, from the newest first."""
    too_much = outstanding(payment) - share_of(payment)
    made = Transfer.objects.select_for_update(no_key=True).filter(payment=payment).exclude(status=TransferStatus.FAILED)
    planned = 0
    for row in made.order_by("-created_at", "-pk"):
        part = min(too_much, row.amount - row.reversed_amount)
        if part <= 0:
            continue
        too_much -= part
        row.reversed_amount += part  # the database rejects more than the transfer's amount
        row.save(update_fields=["reversed_amount"])
        if row.settles_id is not None:  # the provider has nothing of it: the debt is owed again
            Reversal.objects.filter(pk=row.settles_id).update(debt=F("debt") + part)
            continue
        key = _numbered("reversal", source, planned)
        reversal = Reversal(transfer=row, amount=part, key=key, next_step_at=now, created_at=now)
        planned += 1
        if row.by_hand_id is not None:  # nobody takes it back
            reversal.debt, reversal.next_step_at, reversal.failure = part, None, "paid by hand"
            reversal.create_moved(TransferStatus.FAILED, actor=None, mover=None, at=now)
            continue
        reversal.create(actor=None, at=now)
        enqueue_on_commit(reversal)


def succeed(row: Transfer | Reversal, reference: str, *, now: datetime) -> None:
    """Record and book that the provider has paid a transfer or reversed a part of one. Not inside a transaction."""
    with transaction.atomic():
        locked = type(row)._default_manager.select_for_update(no_key=True).get(pk=row.pk)
        if locked.status == TransferStatus.PLANNED:
            locked.move(TransferStatus.SUCCEEDED, actor=None, at=now, reference=reference, next_step_at=None)
            if isinstance(row, Transfer):
                book(EntryKind.PAID_OUT, str(row.pk), row.payment, row.amount, now=now)
            else:
                book(EntryKind.PAYOUT_REVERSED, str(row.pk), row.transfer.payment, row.amount, now=now)


def follow_reversal(reversal: dict[str, Any], *, now: datetime) -> bool:
    """Record and book that a part of a transfer was taken back elsewhere; returns whether it is new.

    The partner is owed it again, and staff decide whether it is paid again. One of our own has a key, and is no news.
    """
    reference = str(reversal.get("id") or "")[:255]
    found = Transfer.objects.filter(reference=reversal.get("transfer") or "-").first()
    if found is None or not reference or (reversal.get("metadata") or {}).get("key"):
        return False
    with transaction.atomic():
        payment = Payment.objects.select_for_update(no_key=True).get(pk=found.payment_id)
        transfer = Transfer.objects.select_for_update(no_key=True).get(pk=found.pk)
        amount = int(reversal.get("amount") or 0)
        left = transfer.amount - transfer.reversed_amount if transfer.status == TransferStatus.SUCCEEDED else 0
        if not 0 < amount <= left or Reversal.objects.filter(reference=reference).exists():
            return False
        transfer.reversed_amount += amount
        transfer.seen_to = False
        transfer.save(update_fields=["reversed_amount", "seen_to"])
        key = operation_key("elsewhere", reference)
        row = Reversal(transfer=transfer, amount=amount, key=key, made_elsewhere=True, created_at=now)
        row.create(actor=None, at=now, reason="made with the provider")
        row.move(TransferStatus.SUCCEEDED, actor=None, at=now, reference=reference)
        book(EntryKind.PAYOUT_REVERSED, str(row.pk), payment, amount, now=now)
        log.error("%s of transfer %s were taken back elsewhere", amount, transfer.pk)
    return True


def fail(row: Transfer | Reversal, failure: str, *, now: datetime) -> None:
    """Give a transfer or reversal up. The ledger still has what the partner is owed, or owes.

    Staff settle a transfer. What a reversal could not take back of a transfer that was made is a debt.
    """
    log.error("%s %s failed: %s", row._meta.model_name, row.pk, failure)
    with transaction.atomic():
        locked = type(row)._default_manager.select_for_update(no_key=True).get(pk=row.pk)
        if locked.status != TransferStatus.PLANNED:
            return
        changes: dict[str, Any] = {"failure": failure[:100], "next_step_at": None}
        if isinstance(locked, Reversal) and locked.transfer.status == TransferStatus.SUCCEEDED:
            changes["debt"] = locked.amount
        locked.move(TransferStatus.FAILED, actor=None, at=now, reason=failure, **changes)


def plan_again(transfer: Transfer, *, actor: User, now: datetime) -> None:
    """Plan to pay what is due for the payment of a transfer that has failed or was taken back elsewhere, as staff.

    Raises: `Conflict` (`wrong_state`) if it has not, or if it was planned again before.
    """
    with transaction.atomic():
        payment = Payment.objects.select_for_update(no_key=True).get(pk=transfer.payment_id)
        waiting = list(needing_staff(Transfer.objects.filter(pk=transfer.pk)).values_list("pk", flat=True))
        if not Transfer.objects.filter(pk__in=waiting, seen_to=False).update(seen_to=True):
            raise Conflict("wrong_state", "This payout has not failed, or was planned again already.")
        log.warning("transfer %s is planned again by %s", transfer.pk, actor.pk)
        plan(payment, now=now)
