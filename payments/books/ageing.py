"""The debts of users and the claims of partners, by age."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, Sum

from payments.books.balances import REGION, Scope
from payments.books.ledger import PARTNERS, RECEIVABLE
from payments.models import Entry
from payments.states import UNPAID

DAYS = (30, 60, 90)  # the ends of the ages; the last age has none


@dataclass(slots=True)
class Ages:
    """Minor units of one currency by age, the youngest first; `back` is what partners were paid too much."""

    currency: str
    sums: list[int] = field(default_factory=lambda: [0] * (len(DAYS) + 1))
    back: int = 0

    @property
    def total(self) -> int:
        """Returns the balance: what is owed less what is owed back."""
        return sum(self.sums) - self.back


def age_of(since: datetime, *, now: datetime) -> int:
    """Returns the number of an age."""
    return sum(now - since >= timedelta(days=days) for days in DAYS)


def owed_by_users(scope: Scope, *, now: datetime) -> list[Ages]:
    """Returns what users owe and is still expected, by the age of each payment. An index leads to the unpaid ones."""
    sides = Q(debit=RECEIVABLE) | Q(credit=RECEIVABLE)
    entries = Entry.objects.filter(sides, scope.matches(REGION), payment__status__in=UNPAID)
    found: dict[str, Ages] = {}
    sums = entries.order_by().values("currency", "debit", since=F("payment__created_at"), of=F("payment"))
    for row in sums.annotate(sum=Sum("amount")):
        ages = found.setdefault(row["currency"], Ages(row["currency"]))
        ages.sums[age_of(row["since"], now=now)] += row["sum"] if row["debit"] == RECEIVABLE else -row["sum"]
    return [found[currency] for currency in sorted(found)]


def owed_to_partners(scope: Scope, *, now: datetime) -> list[Ages]:
    """Returns what partners are owed, by age: what they were paid pays what they earned first.

    It reads every entry of the partners' accounts, by an index alone, unless a region is asked for.
    """
    limits = [now - timedelta(days=days) for days in DAYS]
    ages = len(limits) + 1
    earned: dict[tuple[Any, str], list[int]] = defaultdict(lambda: [0] * ages)
    paid: dict[tuple[Any, str], int] = defaultdict(int)
    entries = Entry.objects.filter(scope.matches(REGION), partner__isnull=False).order_by()
    for age, (after, before) in enumerate(zip([*limits, None], [None, *limits], strict=True)):
        within = entries if after is None else entries.filter(at__gt=after)
        within = within if before is None else within.filter(at__lte=before)
        sums = within.values("partner", "currency").annotate(
            given=Sum("amount", filter=Q(credit=PARTNERS), default=0),
            taken=Sum("amount", filter=Q(debit=PARTNERS), default=0),
        )
        for row in sums:
            earned[row["partner"], row["currency"]][age] += row["given"]
            paid[row["partner"], row["currency"]] += row["taken"]
    return _aged(earned, paid)


def _aged(earned: dict[tuple[Any, str], list[int]], paid: dict[tuple[Any, str], int]) -> list[Ages]:
    found: dict[str, Ages] = {}
    for (partner, currency), sums in earned.items():
        ages, left = found.setdefault(currency, Ages(currency)), paid[partner, currency]
        for age in reversed(range(len(sums))):  # the oldest is paid first
            part = min(left, sums[age])
            left -= part
            ages.sums[age] += sums[age] - part
        ages.back += left
    return [found[currency] for currency in sorted(found)]
