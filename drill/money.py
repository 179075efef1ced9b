"""Checks the money at the end of a drill: our payments, holds and ledger against the provider's own book."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models import Sum

from drill import banks
from fake_stripe.book import Book
from payments.books.movements import BOOKED_BY_MOVEMENTS
from payments.models import Attempt, Entry, Hold, Payment, ProviderEvent
from payments.models.ledger import LedgerAccount
from payments.states import OPEN_ATTEMPTS, OPEN_HOLDS, UNPAID, AttemptKind, AttemptStatus, PaymentStatus

SETTLES_WITHIN_S = 60.0
POLL_S = 0.5
LEFT_OPEN = ("requires_capture", "requires_action")
BOOK = "demo_stripe.sqlite3"


@dataclass(frozen=True)
class Money:
    """Counts and amounts at the end of a drill; amounts are in minor units."""

    payments: int
    paid_exactly: int  # paid, with exactly that amount captured at the provider or taken from credit
    owed: int  # the sum of all payments, less what credit has paid
    captured: int  # all captures at the provider
    holds_open: int  # ours and the provider's
    ledger_off: int  # our ledger's account with the provider, less its captures, payouts and disputes


def settle(within_s: float = SETTLES_WITHIN_S) -> None:
    """Wait until nothing is under way with the provider, at most `within_s` seconds; `judge` reports the rest."""
    end = time.monotonic() + within_s
    while under_way() and time.monotonic() < end:
        time.sleep(POLL_S)


def under_way() -> bool:
    """Whether a hold, attempt, payment, payout, dispute or provider event is still open."""
    return (
        banks.under_way()
        or Hold.objects.filter(status__in=OPEN_HOLDS).exists()
        or Attempt.objects.filter(status__in=OPEN_ATTEMPTS).exists()
        or Payment.objects.filter(status__in=UNPAID).exists()
        or ProviderEvent.objects.filter(processed_at=None).exists()
    )


def provider_book(data: Path) -> dict[str, Any]:
    """Everything in the stand-in's book, by id."""
    book = Book(data / BOOK)
    try:
        return dict(book.read("things"))
    finally:
        book.close()


def judge(book: Mapping[str, Mapping[str, Any]]) -> Money:
    """Compare our books with the provider's `book`. Call it once the system is idle."""
    captured: Counter[str] = Counter()
    for charge in banks.of_kind(book, "charge"):
        captured[charge["payment_intent"]] += charge["amount_captured"]
    collected: Counter[Any] = Counter()
    by_credit = 0
    for attempt in Attempt.objects.select_related("hold"):
        if attempt.kind == AttemptKind.CREDIT:
            taken = attempt.amount if attempt.status == AttemptStatus.SUCCEEDED else 0
            by_credit += taken
        else:
            taken = captured[attempt.reference or (attempt.hold.reference if attempt.hold else "")]
        collected[attempt.payment_id] += taken
    payments = list(Payment.objects.all())
    return Money(
        payments=len(payments),
        paid_exactly=sum(
            payment.status == PaymentStatus.PAID and collected[payment.pk] == payment.amount for payment in payments
        ),
        owed=sum(payment.amount for payment in payments) - by_credit,
        captured=captured.total(),
        holds_open=Hold.objects.filter(status__in=OPEN_HOLDS).count()
        + sum(intent["status"] in LEFT_OPEN for intent in banks.of_kind(book, "payment_intent")),
        ledger_off=_with_provider() - captured.total() - banks.moved(book),
    )


def _with_provider() -> int:
    """The provider's balance in our ledger, before its fees and payouts to our bank. A drill makes no refunds."""
    entries = Entry.objects.exclude(kind__in=BOOKED_BY_MOVEMENTS)
    sums = [
        entries.filter(**{side: LedgerAccount.PROVIDER}).aggregate(total=Sum("amount"))["total"] or 0
        for side in ("debit", "credit")
    ]
    return int(sums[0] - sums[1])
