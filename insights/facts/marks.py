"""How far the tables have been read, and which hours the rows written since are about.

A row may become visible after later ones have been read, because its transaction commits late. So rows are read again
and again, until no transaction is left that could have taken a key up to there before it was read. PostgreSQL says
which transactions run; SQLite has one writer at a time. `SLACK` covers who has taken a key, and not yet written.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Min, Model

from accounts.models import PartnerTransition
from core.ids import first_id_at
from insights.facts.expressions import QUARTER_S, moment_of, quarter
from payments.models import Entry
from requests_app.models import CheerRequestTransition, OfferTransition
from rides.models import RideSign, RideTransition

SLACK = timedelta(seconds=60)
SNAPSHOT = (
    "SELECT pg_snapshot_xmin(now)::text::bigint, pg_snapshot_xmax(now)::text::bigint FROM pg_current_snapshot() AS now"
)


@dataclass(frozen=True, slots=True)
class Source:
    """A table to which a row is added with every change, and where from there its request is.

    Args:
        by_time: the column that its rows are read along; the key if it is empty.
    """

    model: type[Model]
    path: str
    by_time: str = ""

    def since(self, mark: Any) -> Any:
        """Select the rows after a mark."""
        return self.model._default_manager.order_by().filter(**{f"{self.by_time or 'pk'}__gt": mark})


# What happens to a request, its offers and its rides. An arrival is no transition, but leaves a sign.
OF_REQUESTS = {
    "requests": Source(CheerRequestTransition, "subject"),
    "offers": Source(OfferTransition, "subject__request"),
    "rides": Source(RideTransition, "subject__request"),
    "signs": Source(RideSign, "ride__request"),
}
# The keys of entries say when they were written by the clock of a machine, and `at` by the clock that counts, of what.
OF_MONEY = {
    "entries": Source(Entry, "payment__ride__request"),
    "entries_by_time": Source(Entry, "payment__ride__request", by_time="at"),
}
OF_SUPPLY = {"partners": Source(PartnerTransition, "subject")}
Marks = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """A look at where all tables end. `xid` is the first transaction that began after it; None on SQLite."""

    at: datetime
    ends: Marks
    xid: int | None

    @property
    def stored(self) -> dict[str, Any]:
        """The reading as JSON."""
        return {"at": self.at.isoformat(), "ends": dict(self.ends), "xid": self.xid}


@dataclass(slots=True)
class Touched:
    """The subjects of new rows: quarters of an hour by region, and since when partners' steps are new."""

    requests: dict[UUID, set[datetime]] = field(default_factory=lambda: defaultdict(set))
    money: dict[UUID, set[datetime]] = field(default_factory=lambda: defaultdict(set))
    supply: dict[UUID, datetime] = field(default_factory=dict)


def read_ends(now: datetime) -> Reading:
    """Look at where all tables end. Not inside a transaction, which would see one moment of them only."""
    ends: dict[str, Any] = {}
    for name, source in {**OF_REQUESTS, **OF_SUPPLY}.items():
        ends[name] = source.model._default_manager.order_by("-pk").values_list("pk", flat=True).first() or 0
    ends["entries"], ends["entries_by_time"] = str(first_id_at(now)), now.isoformat()
    # After the ends: a transaction that has written up to there had begun by now.
    return Reading(now, ends, _transactions()[1])


def is_settled(reading: Mapping[str, Any], now: datetime) -> bool:
    """Whether no transaction is left that could still commit a row before the ends of a reading."""
    if now < datetime.fromisoformat(reading["at"]) + SLACK:
        return False
    oldest, following = _transactions()
    begun = reading["xid"]
    # Another server, from a backup, may count from another number; nobody of before goes on there.
    return begun is None or oldest is None or following is None or oldest >= begun or following < begun


def _transactions() -> tuple[int | None, int | None]:
    """Return the number of the oldest transaction that runs and writes, and that of the next one to begin."""
    if connection.vendor != "postgresql":
        return None, None
    with connection.cursor() as cursor:
        cursor.execute(SNAPSHOT)
        oldest, following = cursor.fetchone()
    return oldest, following


def touched_since(marks: Marks) -> Touched:
    """Return what the rows after these marks are about."""
    touched = Touched()
    for name, source in OF_REQUESTS.items():
        for region, moment in _quarters(source, marks[name], f"{source.path}__created_at"):
            touched.requests[region].add(moment)
    for name, source in OF_MONEY.items():
        for region, moment in _quarters(source, marks[name], "at"):
            touched.money[region].add(moment)
    for name, source in OF_SUPPLY.items():
        rows = source.since(marks[name]).filter(**{f"{source.path}__region__isnull": False})
        touched.supply.update(rows.values_list(f"{source.path}__region").annotate(since=Min("at")))
    return touched


def _quarters(source: Source, mark: Any, moment: str) -> Iterator[tuple[UUID, datetime]]:
    rows = source.since(mark).filter(**{f"{source.path}__region__isnull": False})
    found = rows.annotate(quarter=quarter(moment), where=F(f"{source.path}__region")).values_list("where", "quarter")
    for region, number in found.distinct():
        yield region, moment_of(number * QUARTER_S)
