"""A partner's payout statement: the ledger's account of them, line by line."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.models import Partner
from payments.books.ledger import PARTNERS, owed_to
from payments.models import Entry

LINES_MAX = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as its partner sees it: `amount` minor units, negative if it was paid out or reversed."""

    at: datetime
    what: str
    of: str
    ride_id: UUID
    amount: int

    @property
    def size(self) -> int:
        """Returns the amount without its sign."""
        return abs(self.amount)


@dataclass(frozen=True, slots=True)
class Statement:
    """A partner's account in one currency: the amount owed to them now, and the newest lines that led there."""

    currency: str
    owed: int
    lines: list[Line]

    @property
    def owed_back(self) -> int:
        """Returns the amount that the partner was paid too much."""
        return max(0, -self.owed)


def statement_of(partner: Partner, currency: str) -> Statement:
    """Returns a partner's statement, newest line first."""
    entries = Entry.objects.filter(partner=partner, currency=currency).select_related("payment").order_by("-at", "-pk")
    lines = [
        Line(
            entry.at,
            entry.get_kind_display(),
            entry.payment.get_kind_display(),
            entry.payment.ride_id,
            entry.amount if entry.credit == PARTNERS else -entry.amount,
        )
        for entry in entries[:LINES_MAX]
    ]
    return Statement(currency, owed_to(partner, currency), lines)
