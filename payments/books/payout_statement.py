"""A partner's payout statement: the ledger's account of them, line by line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Partner
from payments.books.ledger import PARTNERS, owed_to
from payments.models import Entry

LINES_MAX = 100  # a page


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as its partner sees it: `amount` minor units, negative if it was paid out or reversed."""

    at: datetime
    what: str
    of: str
    ride_id: UUID | None
    amount: int

    @property
    def size(self) -> int:
        """Returns the amount without its sign."""
        return abs(self.amount)


@dataclass(frozen=True, slots=True)
class Statement:
    """A partner's account in one currency: the amount owed to them now, and a page of the lines that led there."""

    currency: str
    owed: int
    lines: list[Line]

    @property
    def owed_back(self) -> int:
        """Returns the amount that the partner was paid too much."""
        return max(0, -self.owed)


def entries_of(partner: Partner, currency: str) -> QuerySet[Entry]:
    """Returns the entries in a partner's account in one currency, newest first, with their payments."""
    entries = Entry.objects.filter(partner=partner, currency=currency)
    return entries.select_related("payment").order_by("-at", "-pk")


def statement_of(partner: Partner, currency: str, entries: Sequence[Entry] | None = None) -> Statement:
    """Returns a partner's statement with the lines of these entries, or of the newest ones."""
    shown = entries_of(partner, currency)[:LINES_MAX] if entries is None else entries
    lines = [
        Line(
            entry.at,
            entry.get_kind_display(),
            entry.payment.get_kind_display() if entry.payment else "",
            entry.payment.ride_id if entry.payment else None,
            entry.amount if entry.credit == PARTNERS else -entry.amount,
        )
        for entry in shown
    ]
    return Statement(currency, owed_to(partner, currency), lines)
