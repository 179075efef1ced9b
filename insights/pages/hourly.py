"""The facts themselves as CSV: a row for each hour and kind of cheer, read month by month, however many there are."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from api.files import csv_row
from insights.arrival.waits import LEAST_PEOPLE
from insights.facts.models import HourFacts
from insights.facts.selectors import NUMBERS, Wait
from insights.facts.waits import percentile
from insights.pages.asked import Asked
from insights.pages.people import told
from insights.pages.tables import HIGH, MEDIAN, camel, whole_seconds

AT_ONCE = timedelta(days=31)
COUNTS = tuple(name for name in NUMBERS if name not in ("distance_m", "session_s"))
TALLIES = ("unmatched", "cancelled", "declined")
WAITS = (Wait.TO_OFFER, Wait.TO_ACCEPTANCE, Wait.TO_ARRIVAL)
QUANTILES = tuple(camel(wait) + level for wait in WAITS for level in ("P50", "P90"))
HEAD = ("startsAt", "requestType", *map(camel, COUNTS), *TALLIES, *QUANTILES)


def hourly_csv(asked: Asked) -> Iterator[str]:
    """Return the lines of the file, oldest hour first, in the time of the region.

    The figures of an hour and kind in which fewer than five people asked are empty.
    """
    yield csv_row(HEAD)
    begin, end = asked.begin, asked.end
    while begin < end:
        until = min(begin + AT_ONCE, end)
        yield from _lines(asked, begin, until)
        begin = until


def _lines(asked: Asked, begin: datetime, end: datetime) -> Iterator[str]:
    # An hour that began before midnight belongs to the day before.
    rows = HourFacts.objects.filter(region=asked.region, starts_at__gte=begin, starts_at__lt=end)
    if asked.kind is not None:
        rows = rows.filter(request_type=asked.kind)
    names = ("starts_at", "request_type", "users", *COUNTS, *TALLIES, *WAITS)
    for at, kind, users, *values in rows.order_by("starts_at", "request_type").values_list(*names):
        when = at.astimezone(asked.zone).isoformat(timespec="seconds")
        if users < LEAST_PEOPLE:
            yield csv_row([when, kind, *([None] * (len(HEAD) - 2))])
            continue
        counts, rest = values[: len(COUNTS)], values[len(COUNTS) :]
        tallies = [sum(tally.values()) for tally in rest[: len(TALLIES)]]
        waits = [{int(bucket): n for bucket, n in wait.items()} for wait in rest[len(TALLIES) :]]
        quantiles = [
            told(sum(wait.values()), whole_seconds(percentile(wait, level)))
            for wait in waits
            for level in (MEDIAN, HIGH)
        ]
        yield csv_row([when, kind, *(told(count, count) for count in (*counts, *tallies)), *quantiles])
