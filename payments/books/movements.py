"""Movements of our balance with the provider, in our books: each is stored once, and its fee is booked with it.

Charges, refunds, transfers and disputes are booked when we learn of them, not here; a movement names its entry. Fees,
and payouts to our bank, are known by their movements only, which book them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from payments.books import differences
from payments.books.ledger import book_movement
from payments.difference_states import DifferenceSubject
from payments.models import BankPayout, Entry, Movement
from payments.models.ledger import EntryKind, LedgerAccount
from payments.models.reconciling import PAYOUTS_ON_THEIR_WAY

Answer = dict[str, Any]

# The kinds of entries for which the provider has a movement each.
MOVED = [
    EntryKind.COLLECTED,
    EntryKind.REFUNDED,
    EntryKind.REFUND_FAILED,
    EntryKind.PAID_OUT,
    EntryKind.PAYOUT_REVERSED,
]
FEE_KINDS = [EntryKind.PROVIDER_FEE, EntryKind.FEE_GIVEN_BACK]
# The kinds that nothing but a movement books.
BOOKED_BY_MOVEMENTS = [*FEE_KINDS, EntryKind.BANKED, EntryKind.BANK_RETURNED]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The meaning of a movement for us: its entry, what it books besides, or how we differ."""

    about: str = ""  # the provider's id of what moved it
    booked_as: EntryKind | None = None
    booked_under: UUID | None = None
    payment_id: UUID | None = None
    books: Mapping[EntryKind, int] = field(default_factory=dict)
    payout: Answer | None = None  # the payout to our bank that it is
    difference: str = ""


def moment_in(seconds: Any) -> datetime:
    """Returns a moment that the provider gives in seconds."""
    return datetime.fromtimestamp(int(seconds), UTC)


def unread(references: list[str]) -> set[str]:
    """Returns those of the provider's movements that have not been stored."""
    stored = Movement.objects.filter(reference__in=references).values_list("reference", flat=True)
    return set(references) - set(stored)


def store(move: Answer, verdict: Verdict, *, now: datetime) -> None:
    """Store a movement and book its fee, each unless that was done before, and note or close a difference about it."""
    reference = str(move["id"])
    found = {
        "booked_as": verdict.booked_as or "",
        "booked_under": str(verdict.booked_under or ""),
        "payment_id": verdict.payment_id,
    }
    with transaction.atomic():
        row, new = Movement.objects.get_or_create(
            reference=reference,
            defaults={
                "category": str(move.get("reporting_category"))[:60],
                "amount": int(move["amount"]),
                "fee": int(move["fee"]),
                "currency": str(move["currency"]),
                "source": source_of(move)[:255],
                "moved_at": moment_in(move["created"]),
                "read_at": now,
                **found,
            },
        )
        books = verdict.books if new else _unbooked(row, verdict)
        book_movement(books, reference, row.currency, payment_id=verdict.payment_id, now=now)
        if not new and not verdict.difference:
            Movement.objects.filter(pk=row.pk).update(**found)
        if verdict.payout is not None:
            take_payout(verdict.payout)
    if verdict.difference:
        differences.note(DifferenceSubject.MOVEMENT, reference, verdict.difference, about=verdict.about, now=now)
    elif not new:
        differences.settle(DifferenceSubject.MOVEMENT, reference, now=now)


def _unbooked(row: Movement, verdict: Verdict) -> Mapping[EntryKind, int]:
    """Returns what a movement that was stored before books and the ledger does not have yet; locks the movement."""
    Movement.objects.select_for_update(no_key=True).get(pk=row.pk)
    booked = set(
        Entry.objects.filter(source=row.reference, kind__in=list(verdict.books)).values_list("kind", flat=True)
    )
    return {kind: amount for kind, amount in verdict.books.items() if kind not in booked}


def source_of(move: Answer) -> str:
    """Returns the provider's id of what moved our balance."""
    source = move.get("source")
    return str((source.get("id") if isinstance(source, dict) else source) or "")


def fee_books(amount: int) -> Mapping[EntryKind, int]:
    """Returns what books a fee of this many minor units; a negative one is given back."""
    return {EntryKind.PROVIDER_FEE: max(0, amount), EntryKind.FEE_GIVEN_BACK: max(0, -amount)}


def take_payout(payout: Answer) -> BankPayout:
    """Store the provider's present view of a payout to our bank."""
    arrives = payout.get("arrival_date")
    row, _ = BankPayout.objects.update_or_create(
        reference=str(payout["id"]),
        defaults={
            "amount": int(payout["amount"]),
            "currency": str(payout["currency"]),
            "status": str(payout.get("status"))[:20],
            "automatic": bool(payout.get("automatic")),
            "arrives_on": moment_in(arrives).date() if arrives else None,
            "created_at": moment_in(payout["created"]),
        },
    )
    return row


def payouts_under_way() -> QuerySet[BankPayout]:
    """Returns the payouts to our bank that are on their way, or that have not been matched with their movements."""
    return BankPayout.objects.filter(Q(automatic=True, matched_at=None) | Q(status__in=PAYOUTS_ON_THEIR_WAY))


def match(payout: BankPayout, lines: list[Answer], *, now: datetime) -> str:
    """Give a payout the movements that it consists of; returns how they don't add up to it, or an empty text.

    `lines` are all stored by now. The payout's own movement is not among what it consists of.
    """
    others = [line for line in lines if source_of(line) != payout.reference or str(line.get("type")) != "payout"]
    total = sum(int(line["net"]) for line in others)
    rows = Movement.objects.filter(reference__in=[str(line["id"]) for line in others])
    if rows.exclude(payout=None).exclude(payout=payout).exists():
        return "some of its movements belong to another payout"
    with transaction.atomic():
        rows.update(payout=payout)
        matched = now if total == payout.amount else None
        BankPayout.objects.filter(pk=payout.pk).update(lines=len(others), matched_at=matched)
    return "" if matched else f"it paid {payout.amount}, and its movements add up to {total}"


def with_provider() -> Q:
    """Returns the condition of entries about money with the provider."""
    return Q(debit=LedgerAccount.PROVIDER) | Q(credit=LedgerAccount.PROVIDER)


def missing(start: datetime, end: datetime) -> QuerySet[Entry]:
    """Returns the entries of this time about money with the provider that no movement stands for."""
    return unmoved(Entry.objects.filter(with_provider(), at__gte=start, at__lt=end, kind__in=MOVED))


def unmoved(entries: QuerySet[Entry]) -> QuerySet[Entry]:
    """Returns those of some entries for which the provider has no movement."""
    moved = Movement.objects.filter(booked_under=OuterRef("source"), booked_as=OuterRef("kind")).exclude(
        booked_under=""
    )
    return entries.filter(~Exists(moved))
