"""The ledger by account, region and currency: turnovers between two moments, and balances at one.

Closed periods have their totals as rows, and the days since have their sums (counted_days.py), so only the entries of
the present day are added up. An entry's region is that of its payment's request, by a join of primary keys; what
concerns no single payment has none.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum

from payments.models import CountedDay, Entry, Period, PeriodTotal

REGION = "payment__ride__request__region"
KEYS = ("region", "currency", "kind", "debit", "credit")
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)


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

    def includes(self, one: "Turnover") -> bool:
        """Whether a sum that is kept is among these."""
        return self.region_id in (None, one.region) and self.currency in ("", one.currency)


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
    """Returns the turnovers from `start` on and before `end`: of totals and sums that are kept, and else of entries."""
    counted = Period.objects.filter(counted_at__isnull=False, **_within("starts_at", "ends_at", start, end))
    periods = list(counted.order_by("starts_at"))
    totals = PeriodTotal.objects.filter(scope.matches("region"), period__in=[period.pk for period in periods])
    found = [_kept(row) for row in totals] if periods else []
    for since, until in _gaps(start, end, [(period.starts_at, period.ends_at) for period in periods]):
        days = _counted_days(since, until)
        for day in days:
            found += (one for one in _of_day(day) if scope.includes(one))
        for first, last in _gaps(since, until, [(midnight(row.day), midnight(row.day) + DAY) for row in days]):
            found += _of_entries(_between(Entry.objects.filter(scope.matches(REGION)), first, last))
    return _summed(found)


def _within(starts: str, ends: str, start: datetime | None, end: datetime | None) -> dict[str, datetime]:
    """Returns the conditions of rows that lie between two moments."""
    limits = {f"{starts}__gte": start, f"{ends}__lte": end}
    return {name: moment for name, moment in limits.items() if moment is not None}


def _gaps(
    start: datetime | None, end: datetime | None, spans: list[tuple[datetime, datetime]]
) -> Iterator[tuple[datetime | None, datetime | None]]:
    """Yields the times between `start` and `end` that no span covers; the spans are in order and don't overlap."""
    for since, until in spans:
        if since != start:
            yield start, since
        start = until
    if start is None or end is None or start < end:
        yield start, end


def _counted_days(start: datetime | None, end: datetime | None) -> list[CountedDay]:
    """Returns the counted days that lie between two moments, in order."""
    rows = CountedDay.objects.filter(sums__isnull=False)
    if start is not None:
        rows = rows.filter(day__gte=(start + DAY - MOMENT).astimezone(UTC).date())
    if end is not None:
        rows = rows.filter(day__lt=end.astimezone(UTC).date())
    return list(rows.order_by("day"))


def midnight(day: date) -> datetime:
    """Returns the moment in UTC at which a day begins."""
    return datetime.combine(day, time(), UTC)


def _of_day(row: CountedDay) -> Iterator[Turnover]:
    for region, *others in row.sums or []:
        yield Turnover(region and UUID(region), *others)


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
