"""The account at our bank, line by line: what reached it and left it, and the movements that each payout consists of.

A payout stands in the month in which its movement was read, as its entry does. So the amounts of a month's payouts add
up to what the trial balance says of the bank, and the net amounts of a payout's lines to the payout.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from api.files import csv_row
from core.amounts import major
from payments.models import BankPayout, Entry, Movement
from payments.models.ledger import EntryKind

PORTION = 1000  # rows read together
COLUMNS = (
    *("booked_at", "payout", "status", "arrives_on", "matched_at"),  # of the payout
    *("line", "category", "amount", "fee", "net", "currency", "source", "payment"),  # of each of its lines
)
Row = dict[str, Any]


def csv_of(start: datetime | None, end: datetime, currency: str) -> Iterator[str]:
    """Yields what was booked of the bank from `start` on and before `end` as lines of CSV, with amounts in whole units.

    A row without a line is the amount that the bank saw; below it are the lines of an automatic payout.
    """
    yield csv_row(COLUMNS)
    for row in rows(start, end, currency):
        yield csv_row([row.get(name) for name in COLUMNS])


def rows(start: datetime | None, end: datetime, currency: str) -> Iterator[Row]:
    """Yields what was booked of the bank, in order, each followed by the lines that it consists of."""
    # Of these kinds there are a few entries a day, which the index of kinds and sources finds.
    entries = Entry.objects.filter(kind__in=[EntryKind.BANKED, EntryKind.BANK_RETURNED], at__lt=end)
    if start is not None:
        entries = entries.filter(at__gte=start)
    if currency:
        entries = entries.filter(currency=currency)
    booked = list(entries.order_by("at", "pk"))
    for n in range(0, len(booked), PORTION):
        portion = booked[n : n + PORTION]
        moves = {move.reference: move for move in Movement.objects.filter(reference__in=[e.source for e in portion])}
        ids = [move.source for move in moves.values()]
        payouts = {payout.reference: payout for payout in BankPayout.objects.filter(reference__in=ids)}
        for entry in portion:
            move = moves[entry.source]
            yield from _rows_of(entry, move, payouts.get(move.source))


def _rows_of(entry: Entry, move: Movement, payout: BankPayout | None) -> Iterator[Row]:
    named: Row = {"booked_at": entry.at.isoformat(), "payout": move.source, "currency": entry.currency.upper()}
    if payout is not None:
        named |= {"status": payout.status, "arrives_on": payout.arrives_on}
        named["matched_at"] = payout.matched_at and payout.matched_at.isoformat()
    received = entry.kind == EntryKind.BANKED
    reached = major(entry.amount if received else -entry.amount, entry.currency)
    yield {**named, "category": move.category, "amount": reached, "net": reached, "source": move.reference}
    if payout is not None and received:
        for line in _lines(payout):
            yield {**named, **_cells(line)}


def _lines(payout: BankPayout) -> Iterator[Movement]:
    found = Movement.objects.filter(payout=payout).order_by("pk")
    portion = list(found[:PORTION])
    while portion:
        yield from portion
        portion = list(found.filter(pk__gt=portion[-1].pk)[:PORTION])


def _cells(line: Movement) -> Row:
    return {
        "line": line.reference,
        "category": line.category,
        "amount": major(line.amount, line.currency),
        "fee": major(line.fee, line.currency),
        "net": major(line.amount - line.fee, line.currency),
        "source": line.source,
        "payment": line.payment_id,
    }
