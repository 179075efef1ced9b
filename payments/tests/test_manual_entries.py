"""Staff book by hand: each kind in the ledger, its bounds, and the second person above the limit."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings

from accounts.models import Partner, User
from backoffice.audit import VIOLATION
from core.errors import Conflict, Invalid
from payments import audit, manual_audit
from payments.books import ledger
from payments.books.ledger import balance, owed_to
from payments.books.refunds import refund, refundable
from payments.manual_entries import Proposal, approve, propose, reject
from payments.models import Entry, ManualEntry, Payment, Reversal, Transfer
from payments.states import ManualKind, ManualStatus, PaymentStatus
from rides.models import Ride
from tests.cast import Clock, fresh, in_threads, make_staff, unchanged
from tests.settling import settle_in_cash

Book = Callable[..., ManualEntry]


@pytest.fixture
def payment(completed: Ride) -> Payment:
    """$10, due; the partner's share is $8."""
    return Payment.objects.get(ride=completed)


@pytest.fixture
def colleague(db: None) -> User:
    return make_staff("Second")


@pytest.fixture
def book(payment: Payment, staff: User, clock: Clock) -> Book:
    """Returns a function that books by hand what concerns the payment or its partner."""

    def book(kind: ManualKind, amount: int = 100, author: User = staff, **changes: Any) -> ManualEntry:
        of_partner = kind in (ManualKind.PAID_BY_HAND, ManualKind.DEBT_REPAID, ManualKind.DEBT_WRITTEN_OFF)
        subject = {"partner_id": payment.partner_id} if of_partner else {"payment_id": payment.pk}
        wanted = {"kind": kind, "amount": amount, "currency": "usd", "reason": "because", **subject, **changes}
        return propose(Proposal(**wanted), author=author, now=clock.now)

    return book


def is_sound(clock: Clock) -> bool:
    checks = [*audit.CHECKS, *manual_audit.CHECKS]
    return [check.name for check in checks if check.kind == VIOLATION and check.look(clock.now).wrong] == []


def refused(code: str, call: Callable[[], Any]) -> None:
    """The call is refused with this code, and changes nothing."""
    with unchanged(), pytest.raises(Conflict) as error:
        call()
    assert error.value.code == code


# ---------------------------------------------------------------- users


def test_a_part_in_cash_and_then_the_rest(book: Book, payment: Payment, clock: Clock) -> None:
    book(ManualKind.RECEIVED, 400)
    assert (fresh(payment).status, balance(ledger.CASH), balance(ledger.RECEIVABLE)) == ("due", 400, 600)
    refused("too_much", lambda: book(ManualKind.RECEIVED, 601))
    book(ManualKind.RECEIVED, 600)
    assert (fresh(payment).status, balance(ledger.CASH), balance(ledger.RECEIVABLE)) == ("paid", 1000, 0)
    refused("already_paid", lambda: book(ManualKind.RECEIVED, 1))
    assert is_sound(clock)


def test_a_debt_is_written_off_and_not_forgotten(book: Book, payment: Payment, clock: Clock) -> None:
    book(ManualKind.WRITTEN_OFF, 1000)
    found = fresh(payment)
    assert (found.status, found.written_off, found.frozen) == (PaymentStatus.DUE, 1000, True)
    assert (balance(ledger.RECEIVABLE), balance(ledger.WRITTEN_OFF)) == (0, 1000)
    refused("too_much", lambda: book(ManualKind.WRITTEN_OFF, 1))
    assert is_sound(clock)


def test_what_was_written_off_and_is_paid_all_the_same_is_recovered(book: Book, payment: Payment, clock: Clock) -> None:
    book(ManualKind.WRITTEN_OFF, 700)
    book(ManualKind.RECEIVED, 500)  # $3 were still expected
    assert (fresh(payment).written_off, balance(ledger.RECEIVABLE), balance(ledger.WRITTEN_OFF)) == (500, 0, 500)
    book(ManualKind.RECEIVED, 500)
    assert (fresh(payment).written_off, fresh(payment).status) == (0, PaymentStatus.PAID)
    assert (balance(ledger.RECEIVABLE), balance(ledger.WRITTEN_OFF), balance(ledger.CASH)) == (0, 0, 1000)
    assert is_sound(clock)


def test_money_for_the_user_by_hand_is_not_refunded_once_more(
    book: Book, payment: Payment, staff: User, clock: Clock
) -> None:
    refused("too_much", lambda: book(ManualKind.USER_CREDITED, 1))  # nothing was paid yet
    settle_in_cash(payment, actor=staff, now=clock.now)
    book(ManualKind.USER_CREDITED, 300)
    assert (refundable(payment), balance(ledger.CASH), owed_to(payment.partner, "usd")) == (700, 700, 800)
    refused("refund_too_large", lambda: refund(payment, amount=701, reason="", actor=staff, now=clock.now))
    refused("too_much", lambda: book(ManualKind.USER_CREDITED, 701))
    book(ManualKind.USER_CHARGED, 500)
    assert (refundable(payment), balance(ledger.CASH)) == (1000, 1200)
    assert is_sound(clock)


# ---------------------------------------------------------------- partners


def test_a_partner_without_an_account_is_paid_by_hand(
    book: Book, payment: Payment, partner: Partner, staff: User, clock: Clock
) -> None:
    refused("too_much", lambda: book(ManualKind.PAID_BY_HAND, 800))  # the user has not paid yet
    settle_in_cash(payment, actor=staff, now=clock.now)
    book(ManualKind.PAID_BY_HAND, 500)
    assert (owed_to(partner, "usd"), balance(ledger.CASH)) == (300, 500)
    refused("too_much", lambda: book(ManualKind.PAID_BY_HAND, 301))
    book(ManualKind.PAID_BY_HAND, 300)
    refused("too_much", lambda: book(ManualKind.PAID_BY_HAND, 1))
    assert [row.amount for row in Transfer.objects.order_by("pk")] == [500, 300]
    assert is_sound(clock)


def test_what_was_paid_by_hand_and_refunded_is_a_debt(
    book: Book, payment: Payment, partner: Partner, staff: User, clock: Clock
) -> None:
    settle_in_cash(payment, actor=staff, now=clock.now)
    book(ManualKind.PAID_BY_HAND, 800)
    refund(payment, amount=1000, reason="too quiet", actor=staff, now=clock.now)
    assert (Reversal.objects.get().debt, owed_to(partner, "usd")) == (800, -800)
    book(ManualKind.DEBT_REPAID, 500)
    assert (Reversal.objects.get().debt, owed_to(partner, "usd"), balance(ledger.CASH)) == (300, -300, -300)
    refused("too_much", lambda: book(ManualKind.DEBT_REPAID, 301))
    book(ManualKind.DEBT_WRITTEN_OFF, 300)
    row = Reversal.objects.get()
    assert (row.debt, row.settled, owed_to(partner, "usd"), balance(ledger.WRITTEN_OFF)) == (0, 800, 0, 300)
    assert is_sound(clock)


def test_what_is_paid_by_hand_next_is_kept_for_a_debt(
    book: Book, payment: Payment, partner: Partner, staff: User, clock: Clock
) -> None:
    settle_in_cash(payment, actor=staff, now=clock.now)
    book(ManualKind.PAID_BY_HAND, 800)
    refund(payment, amount=500, reason="too quiet", actor=staff, now=clock.now)
    book(ManualKind.PARTNER_CREDITED, 1000)
    refused("too_much", lambda: book(ManualKind.PAID_BY_HAND, 601))  # $10 less the debt of $4
    book(ManualKind.PAID_BY_HAND, 600)
    assert (Reversal.objects.get().debt, owed_to(partner, "usd")) == (0, 0)
    assert is_sound(clock)


def test_a_share_that_was_lowered_is_not_taken_back_twice(
    book: Book, payment: Payment, partner: Partner, staff: User, clock: Clock
) -> None:
    settle_in_cash(payment, actor=staff, now=clock.now)
    refused("too_much", lambda: book(ManualKind.PARTNER_CHARGED, 801))
    book(ManualKind.PARTNER_CHARGED, 500)
    assert owed_to(partner, "usd") == 300
    refund(payment, amount=1000, reason="too quiet", actor=staff, now=clock.now)
    assert owed_to(partner, "usd") == 0
    assert is_sound(clock)


def test_a_fee_concerns_no_payment(book: Book, staff: User, clock: Clock) -> None:
    book(ManualKind.FEE, 250, payment_id=None)
    assert (balance(ledger.FEES), balance(ledger.CASH)) == (250, -250)
    assert Entry.objects.get(kind="fee_by_hand").payment is None
    assert is_sound(clock)


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": 0},
        {"amount": -1},
        {"amount": 2**31},
        {"reason": ""},
        {"reason": "  "},
        {"reason": "x" * 201},
        {"payment_id": None},
        {"kind": ManualKind.FEE},  # of a payment
        {"kind": ManualKind.PAID_BY_HAND},  # of a payment
    ],
)
def test_nonsense_is_refused(payment: Payment, staff: User, clock: Clock, changes: dict[str, Any]) -> None:
    wanted = {"kind": ManualKind.RECEIVED, "amount": 1, "currency": "usd", "reason": "x", "payment_id": payment.pk}
    with unchanged(), pytest.raises(Invalid):
        propose(Proposal(**(wanted | changes)), author=staff, now=clock.now)


# ---------------------------------------------------------------- the second person


@pytest.fixture
def limited(settings: Settings) -> None:
    settings.MANUAL_ENTRY_LIMITS = {"usd": 500}


@pytest.mark.usefixtures("limited")
def test_above_the_limit_nothing_is_booked_before_somebody_else_approves(
    book: Book, payment: Payment, staff: User, colleague: User, clock: Clock
) -> None:
    row = book(ManualKind.RECEIVED, 1000)
    assert (row.status, balance(ledger.CASH), fresh(payment).status) == (ManualStatus.PROPOSED, 0, "due")
    refused("own_entry", lambda: approve(row, actor=staff, now=clock.now))
    refused("own_entry", lambda: reject(row, actor=staff, now=clock.now, reason=""))
    approve(row, actor=colleague, now=clock.now)
    assert (fresh(row).status, balance(ledger.CASH), fresh(payment).status) == (ManualStatus.BOOKED, 1000, "paid")
    refused("wrong_state", lambda: approve(row, actor=colleague, now=clock.now))
    refused("wrong_state", lambda: reject(row, actor=colleague, now=clock.now, reason=""))
    assert is_sound(clock)


@pytest.mark.usefixtures("limited")
def test_a_limit_is_not_passed_in_parts(book: Book, colleague: User, clock: Clock) -> None:
    assert [book(ManualKind.USER_CHARGED, 250).status for _ in range(3)] == ["booked", "booked", "proposed"]
    assert book(ManualKind.USER_CHARGED, 250, author=colleague).status == "booked"
    clock.advance(24 * 3600)
    assert book(ManualKind.USER_CHARGED, 500).status == "booked"


@pytest.mark.usefixtures("limited")
def test_a_currency_without_a_limit_needs_somebody_else(book: Book) -> None:
    assert book(ManualKind.FEE, 1, payment_id=None, currency="jpy").status == ManualStatus.PROPOSED


@pytest.mark.usefixtures("limited")
def test_what_the_books_do_not_allow_is_not_proposed(book: Book) -> None:
    refused("too_much", lambda: book(ManualKind.RECEIVED, 1001))


@pytest.mark.usefixtures("limited")
def test_what_the_books_no_longer_allow_is_not_approved(
    book: Book, payment: Payment, staff: User, colleague: User, clock: Clock
) -> None:
    row = book(ManualKind.RECEIVED, 1000)
    book(ManualKind.RECEIVED, 1)
    refused("too_much", lambda: approve(row, actor=colleague, now=clock.now))
    reject(row, actor=colleague, now=clock.now, reason="paid in parts")
    assert (fresh(row).status, balance(ledger.CASH)) == (ManualStatus.REJECTED, 1)


@pytest.mark.usefixtures("limited")
def test_the_database_knows_two_people(book: Book, staff: User) -> None:
    row = book(ManualKind.RECEIVED, 1000)
    for changes in ({"status": "booked"}, {"status": "booked", "approver": staff}, {"approver": staff}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ManualEntry.objects.filter(pk=row.pk).update(**changes)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("limited")
def test_approved_and_rejected_by_several_at_once_it_is_decided_once(
    book: Book, payment: Payment, colleague: User, clock: Clock
) -> None:
    row = book(ManualKind.RECEIVED, 1000)
    third = make_staff("Third")

    def outcome(step: Callable[[], None]) -> Callable[[], str]:
        def run() -> str:
            try:
                step()
            except Conflict as error:
                return error.code
            return "done"

        return run

    steps = [
        lambda: approve(row, actor=colleague, now=clock.now),
        lambda: approve(row, actor=third, now=clock.now),
        lambda: reject(row, actor=third, now=clock.now, reason="no"),
    ]
    outcomes = in_threads(*(outcome(step) for step in steps))
    assert sorted(outcomes) == ["done", "wrong_state", "wrong_state"]
    booked = fresh(row).status == ManualStatus.BOOKED
    assert (balance(ledger.CASH), row.transitions.count()) == (1000 if booked else 0, 2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("limited")
def test_the_limit_counts_what_is_booked_at_the_same_time(book: Book) -> None:
    rows = in_threads(*([lambda: book(ManualKind.USER_CHARGED, 300)] * 3))
    assert sorted(row.status for row in rows) == ["booked", "proposed", "proposed"]
