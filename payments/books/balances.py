"""The ledger by account, region and currency: turnovers between two moments, and balances at one.

Closed periods have their totals as rows, so only the entries since the last of them are added up. An entry's region is
that of its payment's request, by a join of primary keys; what concerns no single payment has none.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum

from payments.models import Entry, Period, PeriodTotal

REGION = "payment__ride__request__region"
KEYS = ("region", "currency", "kind", "debit", "credit")


@dataclass(frozen=True, slots=True)
class Scope:
    """The entries that are looked at: those of a region or of all, and of a currency or of all."""

    region_id: UUID | None = None
    currency: str = ""

    def matches(self, region: str) -> Q:
        """Returns the condition for rows whose region is at this path."""
        found = Q()
        if self.region_id is not None:
            found &= Q(**{region: self.region_id})
        if self.currency:
            found &= Q(currency=self.currency)
        return found


@dataclass(frozen=True, slots=True)
class Turnover:
    """The sum of entries of one kind, between two accounts, in one region and currency."""

    region: UUID | None
    currency: str
    kind: str
    debit: str
    credit: str
    amount: int
    entries: int


@dataclass(slots=True)
class Balance:
    """One account in one region and currency: what was there, what came and went, in minor units."""

    region: UUID | None
    currency: str
    account: str
    opening: int = 0  # debits less credits
    debit: int = 0
    credit: int = 0

    @property
    def closing(self) -> int:
        """Returns the balance at the end: debits less credits."""
        return self.opening + self.debit - self.credit


def grouped(entries: QuerySet[Entry]) -> QuerySet[Entry, dict[str, Any]]:
    """Returns the sums of entries by region, currency, kind and accounts."""
    keyed = entries.order_by().annotate(region=F(REGION)).values(*KEYS)
    found: QuerySet[Entry, dict[str, Any]] = keyed.annotate(sum=Sum("amount"), number=Count("pk"))
    return found


def turnovers(start: datetime | None, end: datetime | None, scope: Scope) -> list[Turnover]:
    """Returns the turnovers from `start` on and before `end`, from the totals of closed periods where there are any."""
    counted = Period.objects.filter(counted_at__isnull=False).order_by("starts_at")
    if start is not None:
        counted = counted.filter(starts_at__gte=start)
    if end is not None:
        counted = counted.filter(ends_at__lte=end)
    periods = list(counted)
    entries = Entry.objects.filter(scope.matches(REGION))
    if not periods:
        return _summed(_of_entries(_between(entries, start, end)))
    totals = PeriodTotal.objects.filter(scope.matches("region"), period__in=[period.pk for period in periods])
    return _summed(
        [
            *_of_entries(_between(entries, start, periods[0].starts_at)),
            *(_kept(row) for row in totals),
            *_of_entries(_between(entries, periods[-1].ends_at, end)),
        ]
    )


def _between(entries: QuerySet[Entry], start: datetime | None, end: datetime | None) -> QuerySet[Entry]:
    if start is not None:
        entries = entries.filter(at__gte=start)
    return entries if end is None else entries.filter(at__lt=end)


def _kept(row: PeriodTotal) -> Turnover:
    return Turnover(row.region_id, row.currency, row.kind, row.debit, row.credit, row.amount, row.entries)


def _of_entries(entries: QuerySet[Entry]) -> Iterator[Turnover]:
    for row in grouped(entries):
        yield Turnover(**{key: row[key] for key in KEYS}, amount=row["sum"], entries=row["number"])


def _summed(found: Iterable[Turnover]) -> list[Turnover]:
    """Adds up turnovers that are alike."""
    sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for one in found:
        both = sums[one.region, one.currency, one.kind, one.debit, one.credit]
        both[0] += one.amount
        both[1] += one.entries
    rows = [Turnover(*key, *both) for key, both in sums.items()]
    return sorted(rows, key=lambda one: (one.currency, str(one.region or ""), one.kind, one.debit))


def balances(start: datetime | None, end: datetime | None, scope: Scope) -> list[Balance]:
    """Returns the trial balance: each account's balance at `start`, its debits and credits since, in order.

    Without `start` everything before `end` counts as debits and credits. In each region and currency the debits are
    the credits, and the balances add up to zero.
    """
    rows: dict[tuple[Any, ...], Balance] = {}

    def row(one: Turnover, account: str) -> Balance:
        key = (one.currency, str(one.region or ""), account)
        return rows.setdefault(key, Balance(one.region, one.currency, account))

    for one in turnovers(None, start, scope) if start is not None else ():
        row(one, one.debit).opening += one.amount
        row(one, one.credit).opening -= one.amount
    for one in turnovers(start, end, scope):
        row(one, one.debit).debit += one.amount
        row(one, one.credit).credit += one.amount
    return [rows[key] for key in sorted(rows)]
