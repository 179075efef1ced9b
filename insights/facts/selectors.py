"""Reading facts: sums over any time, by hour, by day or by kind of cheer, and percentiles of waits.

Cells with few people give them away. `Totals.users` is the greatest number of different people in one hour of a sum: at
least so many it is about. Of supply, at least `Supply.people` were at work.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet, Sum

from insights.facts.hours import HOUR_S, hour_of
from insights.facts.models import HourFacts, Hourly, HourMoney, HourSupply
from insights.facts.waits import percentile
from payments.models.ledger import EntryKind
from payments.states import PaymentKind
from regions.models import Region

WEEK = timedelta(days=7)
NUMBERS = (
    "requests", "offered", "accepted", "completed", "offers", "offers_accepted", "lapsed", "distance_m", "sessions",
    "session_s",
)  # fmt: skip
TALLIES = ("unmatched", "cancelled", "declined", "rescinded", "called_off")


class Wait(StrEnum):
    """The waits that are kept, each from the request on."""

    TO_OFFER = "to_offer"
    TO_ACCEPTANCE = "to_acceptance"
    TO_ARRIVAL = "to_arrival"


class By(StrEnum):
    """The parts that a time is divided into. Hours are named by their key, days by their date in the region."""

    HOUR = "hour"
    DAY = "day"
    REQUEST_TYPE = "request_type"
    CLOCK = "clock"  # the hour of the region's clock, 0 to 23, of all days together
    WEEK = "week"  # (ISO day of the week, hour of the clock), of all weeks together
    ALL = "all"  # one part, named ""


@dataclass(slots=True)
class Totals:
    """Sums of facts about requests.

    Attributes:
        waits: for each wait, how many there were in each bucket.
        users: the greatest number of different people in one hour of one kind: at least so many it is about.
        users_at_most: their sum over hours and kinds.
        hours: the keys of the hours that were added up.
    """

    numbers: Counter[str] = field(default_factory=Counter)
    tallies: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in TALLIES})
    waits: dict[str, Counter[int]] = field(default_factory=lambda: {name: Counter() for name in Wait})
    users: int = 0
    users_at_most: int = 0
    hours: set[datetime] = field(default_factory=set)

    def percentile(self, wait: Wait, share: float) -> float | None:
        """Return the wait that a share of all (0.9 is P90) does not exceed, in seconds, within 2%; None without any."""
        return percentile(self.waits[wait], share)


@dataclass(slots=True)
class Supply:
    """The time that partners were at work, in seconds."""

    available_s: int = 0
    offered_s: int = 0
    busy_s: int = 0
    people: int = 0
    hours: set[datetime] = field(default_factory=set)


@dataclass(slots=True)
class Money:
    """Sums in minor units of one currency.

    Attributes:
        fares, fees, tips: what users came to owe; fees are those for cancelling late and not being there.
        shares: what of it became the partners', less what they had to give back.
        taxes: what of it became the tax office's.
        collected: what was paid, by card, in cash, or with credit.
        refunds: what was given back, less what banks returned.
        payouts: what was paid to partners, less what was taken back.
        provider_fees: what the payment provider kept of it, where that is known for single payments.
        entries: how many entries of the ledger each sum is made of.
        hours: the keys of the hours that were added up.
    """

    fares: int = 0
    fees: int = 0
    tips: int = 0
    shares: int = 0
    taxes: int = 0
    collected: int = 0
    refunds: int = 0
    payouts: int = 0
    provider_fees: int = 0
    entries: Counter[str] = field(default_factory=Counter)
    hours: set[datetime] = field(default_factory=set)

    @property
    def revenue(self) -> int:
        """Fares and fees, without tips, before refunds."""
        return self.fares + self.fees


OWED = {
    PaymentKind.FARE: "fares",
    PaymentKind.TIP: "tips",
    PaymentKind.CANCELLATION_FEE: "fees",
    PaymentKind.NO_SHOW_FEE: "fees",
}
# The sums that entries of a kind belong to, and their sign there.
BOOKED = {
    EntryKind.SHARE: ("shares", 1),
    EntryKind.PARTNER_CREDITED: ("shares", 1),
    EntryKind.SHARE_RESTORED: ("shares", 1),
    EntryKind.SHARE_REVERSED: ("shares", -1),
    EntryKind.PARTNER_CHARGED: ("shares", -1),
    EntryKind.TAXED: ("taxes", 1),
    EntryKind.TAX_RESTORED: ("taxes", 1),
    EntryKind.TAX_REVERSED: ("taxes", -1),
    EntryKind.COLLECTED: ("collected", 1),
    EntryKind.REFUNDED: ("refunds", 1),
    EntryKind.REFUND_FAILED: ("refunds", -1),
    EntryKind.PAID_OUT: ("payouts", 1),
    EntryKind.PAYOUT_REVERSED: ("payouts", -1),
    EntryKind.PROVIDER_FEE: ("provider_fees", 1),
    EntryKind.FEE_GIVEN_BACK: ("provider_fees", -1),
}


def totals(
    region: Region,
    begin: datetime,
    end: datetime,
    *,
    by: By,
    request_types: Collection[str] | None = None,
    waits: Collection[Wait] = tuple(Wait),
    tallies: Collection[str] = TALLIES,
) -> dict[Any, Totals]:
    """Return the sums of the facts about requests made from `begin` to before `end`, in whole hours.

    Args:
        request_types: only those of these kinds.
        waits: the waits to read; those of long times are most of what is read.
        tallies: those of `TALLIES` to read.
    """
    rows = _between(HourFacts.objects, region, begin, end)
    if request_types is not None:
        rows = rows.filter(request_type__in=request_types)
    found: dict[Any, Totals] = {}
    buckets: dict[tuple[Any, Wait], dict[str, int]] = {}  # as the rows have them, which is most of the work
    columns = ("starts_at", "request_type", "users", *NUMBERS, *tallies, *waits)
    zone = ZoneInfo(region.time_zone)
    for starts_at, kind, users, *values in rows.values_list(*columns):
        key = kind if by == By.REQUEST_TYPE else _part(by, starts_at, zone)
        part = found.setdefault(key, Totals())
        named = dict(zip(columns[3:], values, strict=True))
        part.users = max(part.users, users)
        part.users_at_most += users
        part.hours.add(starts_at)
        for name in NUMBERS:
            part.numbers[name] += named[name]
        for name in tallies:
            part.tallies[name].update(named[name])
        for wait in waits:
            counts = buckets.setdefault((key, wait), {})
            for bucket, n in named[wait].items():
                counts[bucket] = counts.get(bucket, 0) + n
    for (key, wait), counts in buckets.items():
        found[key].waits[wait].update({int(bucket): n for bucket, n in counts.items()})
    return found


def money(
    region: Region,
    begin: datetime,
    end: datetime,
    *,
    by: By,
    request_types: Collection[str] | None = None,
) -> dict[tuple[Any, str], Money]:
    """Return what was booked from `begin` to before `end`, in whole hours, by part and currency."""
    rows = _between(HourMoney.objects, region, begin, end)
    if request_types is not None:
        rows = rows.filter(request_type__in=request_types)
    found: dict[tuple[Any, str], Money] = {}
    zone = ZoneInfo(region.time_zone)
    summed = rows.values_list("starts_at", "request_type", "currency", "kind", "payment_kind")
    summed = summed.annotate(sum=Sum("amount"), number=Sum("entries"))
    for starts_at, request_type, currency, kind, payment_kind, amount, entries in summed:
        part = request_type if by == By.REQUEST_TYPE else _part(by, starts_at, zone)
        sums = found.setdefault((part, currency), Money())
        sums.hours.add(starts_at)
        name, sign = BOOKED.get(kind, ("", 0))
        if kind == EntryKind.OWED:
            name, sign = OWED[PaymentKind(payment_kind)], 1
        if name:
            setattr(sums, name, getattr(sums, name) + sign * amount)
            sums.entries[name] += entries
    return found


def supply(region: Region, begin: datetime, end: datetime, *, by: By) -> dict[Any, Supply]:
    """Return the time that partners were at work from `begin` to before `end`, in whole hours; not by kind of cheer."""
    found: dict[Any, Supply] = {}
    zone = ZoneInfo(region.time_zone)
    rows = _between(HourSupply.objects, region, begin, end)
    for starts_at, available_s, offered_s, busy_s in rows.values_list(
        "starts_at", "available_s", "offered_s", "busy_s"
    ):
        part = found.setdefault(_part(by, starts_at, zone), Supply())
        part.available_s += available_s
        part.offered_s += offered_s
        part.busy_s += busy_s
        part.hours.add(starts_at)
        part.people = max(part.people, -(-(available_s + offered_s + busy_s) // HOUR_S))
    return found


def day_of(region: Region, day: date) -> tuple[datetime, datetime]:
    """Return when a day begins and ends in a region: 23 or 25 hours later where the clock is set."""
    zone = ZoneInfo(region.time_zone)
    following = day + timedelta(days=1)
    return tuple(datetime(each.year, each.month, each.day, tzinfo=zone) for each in (day, following))  # type: ignore[return-value]


def same_days(day: date, weeks: int = 4) -> Iterator[date]:
    """Return the same day of the week in the weeks before, latest first."""
    return (day - number * WEEK for number in range(1, weeks + 1))


def _between(rows: Any, region: Region, begin: datetime, end: datetime) -> QuerySet[Any]:
    """Select the hours that begin in a time; one that is under way at `begin` belongs to it."""
    first = hour_of(begin, ZoneInfo(region.time_zone)).key
    selected: QuerySet[Hourly] = rows.filter(region=region, starts_at__gte=first, starts_at__lt=end)
    return selected.order_by("starts_at")


def _part(by: By, starts_at: datetime, zone: ZoneInfo) -> Any:
    if by == By.HOUR:
        return starts_at
    local = starts_at.astimezone(zone)
    return {By.DAY: local.date(), By.CLOCK: local.hour, By.WEEK: (local.isoweekday(), local.hour)}.get(by, "")
