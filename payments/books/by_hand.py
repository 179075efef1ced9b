"""Booking manual entries: each kind moves its amount in the ledger, and what else follows from it.

Every function is called inside the transaction that books the row, and refuses what the books don't allow.
"""

from collections.abc import Callable
from datetime import datetime
from typing import cast
from uuid import UUID

from django.db.models import F, Q, QuerySet

from accounts.models import User
from core.errors import Conflict
from notifications.events import Outbox
from payments.books import payouts
from payments.books.attempts import take_cash, withdraw_scheduled
from payments.books.ledger import book, book_fee
from payments.books.refunds import given_by_hand, refund, refundable
from payments.models import ManualEntry, Payment, Reversal
from payments.models.ledger import EntryKind
from payments.states import OPEN_ATTEMPTS, UNPAID, ManualKind, PaymentStatus, PayoutHoldStatus

TOO_MUCH = "too_much"
# The payments whose shares staff may pay: all that is collected, given back, or no longer expected.
PAYABLE = [*payouts.COLLECTED, PaymentStatus.REFUNDED]


def book_by_hand(outbox: Outbox, row: ManualEntry, *, actor: User, now: datetime) -> None:
    """Book a manual entry. Raises `Conflict` if the books don't allow it."""
    BOOKINGS[ManualKind(row.kind)](outbox, row, actor, now)


def _locked_payment(row: ManualEntry) -> Payment:
    return Payment.objects.select_for_update(no_key=True).get(pk=cast(UUID, row.payment_id))


def _require(amount: int, most: int, detail: str) -> None:
    if amount > most:
        raise Conflict(TOO_MUCH, detail)


# ---------------------------------------------------------------- users


def _open_payment(outbox: Outbox, row: ManualEntry, now: datetime) -> tuple[Payment, int]:
    """Lock an unpaid payment, give up the attempt that waits for its time, and return the uncollected rest."""
    payment = _locked_payment(row)
    if payment.status not in UNPAID:
        raise Conflict("already_paid", "This payment is not open.")
    withdraw_scheduled(outbox, payment, now=now)
    if payment.attempts.filter(status__in=OPEN_ATTEMPTS).exists():
        raise Conflict("payment_in_progress", "The card is just being charged. Withdraw that first, or wait.")
    return payment, payment.amount - payment.collecting_amount


def _refund(outbox: Outbox, row: ManualEntry, actor: User, now: datetime) -> None:
    refund(_locked_payment(row), amount=row.amount, reason=row.reason, actor=actor, now=now, decision=row)


def _receive(outbox: Outbox, row: ManualEntry, actor: User, now: datetime) -> None:
    payment, rest = _open_payment(outbox, row, now)
    _require(row.amount, rest, "That is more than the user owes for this payment.")
    row.attempt = take_cash(outbox, payment, row.amount, actor=actor, now=now, reason=row.reason)
    row.save(update_fields=["attempt"])


def _write_off(outbox: Outbox, row: ManualEntry, actor: User, now: datetime) -> None:
    """Book that a user's debt is not expected any more. The user may still pay it; nothing is charged by itself."""
    payment, rest = _open_payment(outbox, row, now)
    _require(row.amount, rest - payment.written_off, "That is more than the user owes for this payment.")
    payment.written_off += row.amount
    payment.frozen = True
    payment.save(update_fields=["written_off", "frozen"])
    book(EntryKind.WRITTEN_OFF, str(row.pk), payment, row.amount, now=now)


def _credit_user(outbox: Outbox, row: ManualEntry, actor: User, now: datetime) -> None:
    """Book money that a user got in another way than by a refund. The partner keeps their share."""
    payment = _locked_payment(row)
    left = refundable(payment) + max(0, -given_by_hand(payment))
    _require(row.amount, left, "That is more than the user has paid and not been given back.")
    book(EntryKind.USER_CREDITED, str(row.pk), payment, row.amount, now=now)


def _charge_user(outbox: Outbox, row: ManualEntry, actor: User, now: datetime) -> None:
    book(EntryKind.USER_CHARGED, str(row.pk), _locked_payment(row), row.amount, now=now)


# ---------------------------------------------------------------- partners


def _payment_of_partner(row: ManualEntry) -> Payment:
    payment = _locked_payment(row)
    if payment.partner_id is None:
        raise Conflict("no_partner", "No partner has a share of this payment.")
    return payment


def _credit_partner(outbox: Outbox, row: ManualEntry, actor: User, now: datetime) -> None:
    payment = _payment_of_partner(row)
    book(EntryKind.PARTNER_CREDITED, str(row.pk), payment, row.amount, now=now)
    payouts.plan(payment, now=now)


def _charge_partner(outbox: Outbox, row: ManualEntry, actor: User, now: datetime) -> None:
    payment = _payment_of_partner(row)
    _require(row.amount, payouts.share_of(payment), "That is more than the partner's share of this payment.")
    book(EntryKind.PARTNER_CHARGED, str(row.pk), payment, row.amount, now=now)
    payouts.reverse(payment, source=row.pk, now=now)


def _pay_partner(outbox: Outbox, row: ManualEntry, actor: User, now: datetime) -> None:
    """Book a payment to a partner. It pays the shares that wait longest, less the partner's debts."""
    rest = row.amount
    for payment in _waiting_for_payout(row):
        if not rest:
            break
        rest -= payouts.pay_by_hand(payment, row, rest, actor=actor, now=now)
    _require(rest, 0, "That is more than this partner can be paid now.")


def _waiting_for_payout(row: ManualEntry) -> QuerySet[Payment]:
    """Lock and return the payments whose shares may be paid and are not, the oldest first.

    What is held for a review or was refused stays as it is.
    """
    held = Q(payout_hold__status__in=[PayoutHoldStatus.HELD, PayoutHoldStatus.REFUSED])
    payable = Payment.objects.filter(Q(status__in=PAYABLE) | Q(written_off__gt=0), currency=row.currency)
    waiting = payouts.unpaid_of(payable, row.partner_id).exclude(held)
    ids = list(waiting.order_by("pk").values_list("pk", flat=True))
    return Payment.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")


def _settle_debts(kind: EntryKind) -> Callable[[Outbox, ManualEntry, User, datetime], None]:
    def settle(outbox: Outbox, row: ManualEntry, actor: User, now: datetime) -> None:
        rest = row.amount
        for debt in payouts.debts_of(row.partner_id, row.currency).select_related("transfer__payment"):
            if part := min(rest, debt.debt):
                rest -= part
                Reversal.objects.filter(pk=debt.pk).update(debt=F("debt") - part, settled=F("settled") + part)
                book(kind, f"{row.pk}:{debt.pk}", debt.transfer.payment, part, now=now)
        _require(rest, 0, "That is more than this partner owes.")

    return settle


def _fee(outbox: Outbox, row: ManualEntry, actor: User, now: datetime) -> None:
    book_fee(str(row.pk), row.amount, row.currency, now=now)


BOOKINGS: dict[ManualKind, Callable[[Outbox, ManualEntry, User, datetime], None]] = {
    ManualKind.REFUNDED: _refund,
    ManualKind.RECEIVED: _receive,
    ManualKind.WRITTEN_OFF: _write_off,
    ManualKind.USER_CREDITED: _credit_user,
    ManualKind.USER_CHARGED: _charge_user,
    ManualKind.PARTNER_CREDITED: _credit_partner,
    ManualKind.PARTNER_CHARGED: _charge_partner,
    ManualKind.PAID_BY_HAND: _pay_partner,
    ManualKind.DEBT_REPAID: _settle_debts(EntryKind.DEBT_REPAID),
    ManualKind.DEBT_WRITTEN_OFF: _settle_debts(EntryKind.DEBT_WRITTEN_OFF),
    ManualKind.FEE: _fee,
}
