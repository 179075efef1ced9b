"""Counting the days of the open months, so that a look at the books adds up the entries of the present day only."""

from datetime import UTC, date, datetime, timedelta

from django.db import router, transaction

from core.sql import keep_writers_out
from payments.books.balances import DAY, KEYS, grouped, midnight
from payments.models import CountedDay, Entry, Period

COUNTED_AFTER = timedelta(hours=1)  # a day is counted this long after its end: hardly anything is booked into it then
TOGETHER = 31  # days counted in one run


def is_due(now: datetime) -> bool:
    """Whether the last day that can be counted has not been, and there is anything to count."""
    last = _end(now) - DAY
    return not CountedDay.objects.filter(day=last, sums__isnull=False).exists() and bool(_uncounted(now))


def count_days(now: datetime) -> int:
    """Count days that have not been; returns how many. Not inside a transaction."""
    days = _uncounted(now)[:TOGETHER]
    for day in days:
        _count(day)
    return len(days)


def _end(now: datetime) -> date:
    """Returns the first day that can not be counted yet."""
    return (now - COUNTED_AFTER).astimezone(UTC).date()


def _uncounted(now: datetime) -> list[date]:
    """Returns the days of the open months that can be counted and have not been, in order."""
    closed = Period.objects.order_by("-ends_at").first()
    first = Entry.objects.order_by("at")
    if closed is not None:
        first = first.filter(at__gte=closed.ends_at)
    earliest = first.first()
    if earliest is None:
        return []
    start, end = earliest.at.astimezone(UTC).date(), _end(now)
    counted = set(CountedDay.objects.filter(day__gte=start, sums__isnull=False).values_list("day", flat=True))
    days = (start + n * DAY for n in range((end - start).days))
    return [day for day in days if day not in counted]


def _count(day: date) -> None:
    """Count a day. Whatever is booked into it from the first transaction on deletes its row."""
    with transaction.atomic():
        keep_writers_out(Entry, using=router.db_for_write(Entry))
        CountedDay.objects.get_or_create(day=day)
    CountedDay.objects.filter(day=day, sums__isnull=True).update(sums=sums_of(day))


def sums_of(day: date) -> list[list[object]]:
    """Returns the sums of a day's entries, as `CountedDay` keeps them."""
    entries = Entry.objects.filter(at__gte=midnight(day), at__lt=midnight(day + DAY))
    rows = [
        [row["region"] and str(row["region"]), *(row[key] for key in KEYS[1:]), row["sum"], row["number"]]
        for row in grouped(entries)
    ]
    return sorted(rows, key=str)


def forget_days(before: datetime) -> None:
    """Delete the sums of the days before a moment, when their month is closed."""
    CountedDay.objects.filter(day__lt=before.astimezone(UTC).date()).delete()
