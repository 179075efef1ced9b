"""Closing a month: from then on it takes no entries, and its totals are rows.

Whatever is learnt of a closed month later is booked at the moment it is learnt, so in an open one.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import router, transaction

from accounts.models import User
from core.database import refused_as
from core.errors import Conflict, Invalid
from core.sql import insert_all, keep_writers_out
from payments.books.balances import KEYS, grouped
from payments.books.counted_days import forget_days
from payments.models import Entry, Period, PeriodTotal

# A month is closed this long after its end at the earliest: what was begun within it has been booked or given up by
# then, also by a process whose clock is late.
CLOSED_AFTER = timedelta(hours=1)


def month_of(moment: datetime) -> datetime:
    """Returns the beginning of a moment's month, in UTC."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_after(start: datetime) -> datetime:
    """Returns the beginning of the month after the one that begins at `start`."""
    return month_of(start + timedelta(days=32))


def month_named(name: str) -> datetime:
    """Returns the beginning of a month such as 2026-10. Raises `Invalid`."""
    try:
        return datetime.strptime(name, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise Invalid("invalid", "Name a month as in 2026-10.", "month") from None


def next_month() -> datetime | None:
    """Returns the beginning of the month that is closed next; None if nothing was ever booked."""
    last = Period.objects.order_by("-ends_at").first()
    if last is not None:
        return last.ends_at if last.counted_at else last.starts_at
    first = Entry.objects.order_by("at").first()
    return None if first is None else month_of(first.at)


def _nothing_more(period: Period) -> None:
    pass


def close(
    month: datetime, *, actor: User | None, now: datetime, then: Callable[[Period], object] = _nothing_more
) -> Period:
    """Close a month and store its totals. A closing that was interrupted goes on. Not inside a transaction.

    `then` gets the period inside the transaction that closes it.

    Raises: `Conflict`: `wrong_month` if another one is next, `month_not_over`, `already_closed`.
    """
    if month != next_month():
        raise Conflict("wrong_month", "Months are closed in order, and this one is not the next.")
    if now < month_after(month) + CLOSED_AFTER:
        raise Conflict("month_not_over", "A month can be closed one hour after its end.")
    period = Period.objects.filter(starts_at=month).first() or _shut(month, actor=actor, now=now, then=then)
    _count(period, now=now)
    return period


def _shut(month: datetime, *, actor: User | None, now: datetime, then: Callable[[Period], object]) -> Period:
    """Let nothing be booked into a month any more, once every transaction that has booked something has ended."""
    closed = Conflict("already_closed", "This month is closed.")
    with refused_as({"payments_period.ends_at": closed}), transaction.atomic():
        keep_writers_out(Entry, using=router.db_for_write(Entry))
        forget_days(before=month_after(month))
        period = Period.objects.create(starts_at=month, ends_at=month_after(month), closed_at=now, closed_by=actor)
        then(period)
        return period


def _count(period: Period, *, now: datetime) -> None:
    with transaction.atomic():
        if not Period.objects.filter(pk=period.pk, counted_at__isnull=True).update(counted_at=now):
            raise Conflict("already_closed", "This month is closed.")
        entries = Entry.objects.filter(at__gte=period.starts_at, at__lt=period.ends_at)
        totals = [
            PeriodTotal(
                period=period,
                region_id=row["region"],
                amount=row["sum"],
                entries=row["number"],
                **{key: row[key] for key in KEYS[1:]},
            )
            for row in grouped(entries)
        ]
        if totals:
            insert_all(totals, using=router.db_for_write(PeriodTotal))
    period.counted_at = now
