"""The money of a made-up history: each bill is held, charged, taken in cash, declined, refunded or left due."""

from dataclasses import dataclass
from random import Random

from core.prices import commission
from ops.made_history.people import Person, is_paid_out
from ops.made_history.rows import Ids, Table, dashed, moment
from payments.books.ledger import CASH, PROVIDER, SIDES
from payments.models import (
    Attempt,
    AttemptTransition,
    Entry,
    Hold,
    HoldTransition,
    Payment,
    PaymentTransition,
    Refund,
    RefundTransition,
    Transfer,
    TransferTransition,
)
from payments.models.ledger import EntryKind
from payments.states import (
    AttemptKind,
    AttemptStatus,
    HoldStatus,
    PaymentKind,
    PaymentStatus,
    RefundStatus,
    TransferStatus,
)

STEP = "old new actor reason at subject"
CURRENCY = "usd"
COMMISSION_BPS = 2000
HOLD_AMOUNT = 6000
# Ways in which a bill ends, and how often of a hundred.
WAYS = {"held": 25, "charged": 60, "cash": 4, "declined": 4, "due": 4, "refunded": 3}
NAMES, WEIGHTS = list(WAYS), list(WAYS.values())
DUE, PAID, FAILED, REFUNDED = (
    PaymentStatus.DUE.value,
    PaymentStatus.PAID.value,
    PaymentStatus.FAILED.value,
    PaymentStatus.REFUNDED.value,
)
SIDES_BY_CARD = {kind: (debit.value, credit.value) for kind, (debit, credit) in SIDES.items()}
SIDES_IN_CASH = {
    kind: tuple(CASH.value if side == PROVIDER else side for side in sides) for kind, sides in SIDES_BY_CARD.items()
}
PAID_AFTER_S, REFUNDED_AFTER_S, PAID_OUT_AFTER_S = 2, 1800, 3600


@dataclass(frozen=True, slots=True)
class Bill:
    """An amount that a user owes for a ride; `booked_at` is when it could first be held on their card."""

    request_id: str
    ride_id: str
    user: Person
    partner: Person
    kind: PaymentKind
    amount: int
    booked_at: int
    at: int


class MoneyTables:
    """The tables of money."""

    def __init__(self) -> None:
        self.payments = Table(
            Payment,
            "id ride user kind amount collecting_amount refunded_amount partner partner_share status"
            " third_party_reference_id created_at",
            currency=CURRENCY,
        )
        self.payment_steps = Table(PaymentTransition, STEP)
        self.attempts = Table(
            Attempt,
            "id key reference failure created_at payment kind hold number amount refunded_amount status",
            card_brand="visa",
            card_last4="4242",
        )
        self.attempt_steps = Table(AttemptTransition, STEP)
        self.holds = Table(
            Hold,
            "id key reference created_at request user status answered_at",
            number=1,
            amount=HOLD_AMOUNT,
            currency=CURRENCY,
            card_reference="pm_history",
            for_booking=True,
        )
        self.hold_steps = Table(HoldTransition, STEP)
        self.refunds = Table(
            Refund, "id key reference created_at attempt amount", reason="a kindness", status=RefundStatus.SUCCEEDED
        )
        self.refund_steps = Table(RefundTransition, STEP)
        self.transfers = Table(
            Transfer,
            "id key reference created_at payment partner amount account_reference",
            status=TransferStatus.SUCCEEDED,
        )
        self.transfer_steps = Table(TransferTransition, STEP)
        self.entries = Table(Entry, "id kind source debit credit amount payment partner at", currency=CURRENCY)


class Cashier:
    """Writes bills, and the collections, refunds and payouts that follow."""

    def __init__(self, tables: MoneyTables, random: Random, ids: Ids) -> None:
        self._tables, self._random, self._ids = tables, random, ids

    def write(self, bill: Bill) -> str:
        """Write a bill and everything that follows from it. Returns the id of the payment."""
        tables, at = self._tables, moment(bill.at)
        way = self._random.choices(NAMES, WEIGHTS)[0]
        if way == "held" and bill.kind != PaymentKind.FARE:
            way = "charged"
        payment = self._ids.new(bill.at)
        tip = bill.kind == PaymentKind.TIP
        share = bill.amount if tip else bill.amount - commission(bill.amount, COMMISSION_BPS, CURRENCY)
        status = {"declined": FAILED, "due": DUE, "refunded": REFUNDED}.get(way, PAID)
        collected = bill.amount if status in (PAID, REFUNDED) else 0
        refunded = bill.amount if status == REFUNDED else 0
        tables.payment_steps.add("", DUE, None, "", at, payment)
        source = dashed(payment)
        self._book(EntryKind.OWED, source, payment, bill.amount, None, bill.at)
        self._book(EntryKind.SHARE, source, payment, share, bill.partner, bill.at)
        reference = "" if way == "due" else self._collect(way, bill, payment)
        tables.payments.add(
            payment, bill.ride_id, bill.user.id, bill.kind.value, bill.amount, collected, refunded, bill.partner.id,
            share, status, reference, at,
        )  # fmt: skip
        if status == PAID and is_paid_out(bill.partner):
            self._pay_out(bill, payment, share)
        return payment

    def _collect(self, way: str, bill: Bill, payment: str) -> str:
        """Write the attempt to collect a bill, and what follows. Returns the provider's reference."""
        tables, done = self._tables, moment(bill.at + PAID_AFTER_S)
        attempt = self._ids.new(bill.at)
        kind = {"held": AttemptKind.CAPTURE, "cash": AttemptKind.CASH}.get(way, AttemptKind.CHARGE)
        reference = "" if way == "cash" else f"pi_{attempt}"
        hold = self._hold(bill, reference) if way == "held" else None
        status = AttemptStatus.DECLINED if way == "declined" else AttemptStatus.SUCCEEDED
        failure = "card_declined" if way == "declined" else ""
        tables.attempt_steps.add("", AttemptStatus.PLANNED.value, None, "", moment(bill.at), attempt)
        tables.attempt_steps.add(AttemptStatus.PLANNED.value, status.value, None, "", done, attempt)
        new = FAILED if way == "declined" else PAID
        tables.payment_steps.add(DUE, new, None, "", done, payment)
        tables.attempts.add(
            attempt, f"{kind.value}:{payment}:1", reference, failure, moment(bill.at), payment, kind.value, hold, 1,
            bill.amount, bill.amount if way == "refunded" else 0, status.value,
        )  # fmt: skip
        if way != "declined":
            moved = bill.at + PAID_AFTER_S
            self._book(EntryKind.COLLECTED, dashed(attempt), payment, bill.amount, None, moved, in_cash=way == "cash")
        if way == "refunded":
            self._refund(bill, payment, attempt)
        return reference

    def _hold(self, bill: Bill, reference: str) -> str:
        """Write the hold from the booking to its capture. Returns its id."""
        tables, hold, booked = self._tables, self._ids.new(bill.booked_at), moment(bill.booked_at)
        steps = ("", HoldStatus.PLANNED), (HoldStatus.PLANNED, HoldStatus.AUTHORIZED)
        for old, new in steps:
            tables.hold_steps.add(str(old), new.value, None, "", booked, hold)
        captured = HoldStatus.CAPTURED.value
        done = moment(bill.at + PAID_AFTER_S)
        tables.hold_steps.add(HoldStatus.AUTHORIZED.value, captured, None, "", done, hold)
        key = f"hold:{bill.request_id}:1"
        tables.holds.add(hold, key, reference, booked, bill.request_id, bill.user.id, captured, booked)
        return hold

    def _refund(self, bill: Bill, payment: str, attempt: str) -> None:
        """Give the whole bill back, and take the partner's share of it."""
        tables, moved = self._tables, bill.at + REFUNDED_AFTER_S
        refund, at = self._ids.new(moved), moment(moved)
        tables.refunds.add(refund, f"refund:{attempt}:1", f"re_{refund}", at, attempt, bill.amount)
        tables.refund_steps.add("", RefundStatus.PLANNED.value, None, "", at, refund)
        tables.refund_steps.add(RefundStatus.PLANNED.value, RefundStatus.SUCCEEDED.value, None, "", at, refund)
        tables.payment_steps.add(PAID, REFUNDED, None, "", at, payment)
        share = bill.amount
        if bill.kind != PaymentKind.TIP:
            share -= commission(bill.amount, COMMISSION_BPS, CURRENCY)
        self._book(EntryKind.REFUNDED, dashed(refund), payment, bill.amount, None, moved)
        self._book(EntryKind.SHARE_REVERSED, dashed(refund), payment, share, bill.partner, moved)

    def _pay_out(self, bill: Bill, payment: str, share: int) -> None:
        """Transfer the partner's share to them."""
        tables, moved = self._tables, bill.at + PAID_OUT_AFTER_S
        transfer, at = self._ids.new(moved), moment(moved)
        tables.transfers.add(
            transfer, f"transfer:{payment}", f"tr_{transfer}", at, payment, bill.partner.id, share,
            f"acct_{bill.partner.id}",
        )  # fmt: skip
        tables.transfer_steps.add("", TransferStatus.PLANNED.value, None, "", at, transfer)
        tables.transfer_steps.add(TransferStatus.PLANNED.value, TransferStatus.SUCCEEDED.value, None, "", at, transfer)
        self._book(EntryKind.PAID_OUT, dashed(transfer), payment, share, bill.partner, moved)

    def _book(
        self,
        kind: EntryKind,
        source: str,
        payment: str,
        amount: int,
        partner: Person | None,
        at: int,
        *,
        in_cash: bool = False,
    ) -> None:
        debit, credit = SIDES_IN_CASH[kind] if in_cash else SIDES_BY_CARD[kind]
        id = self._ids.new(at)
        owner = partner.id if partner else None
        self._tables.entries.add(id, kind.value, source, debit, credit, amount, payment, owner, moment(at))
