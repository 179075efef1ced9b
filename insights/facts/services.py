"""Counting facts: of the hours that something was written about since the last time, or of any time again."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import router, transaction
from django.db.models import Max, Min, QuerySet

from accounts.models import PartnerTransition
from core import clock
from core.jobs import DueRows
from core.sql import allow_minutes, insert_all, keep_writers_out
from insights.facts.funnel import facts_of, made_between
from insights.facts.hours import SECOND, Hour, Span, hour_of, hours, spans
from insights.facts.marks import Touched, is_settled, read_ends, touched_since
from insights.facts.models import Counting, HourFacts, Hourly, HourMoney, HourSupply
from insights.facts.money import money_of
from insights.facts.supply import partners_at, supply_of
from payments.models import Entry
from regions.models import Region
from requests_app.models import CheerRequest

FACTS = "facts"
COUNTING = DueRows(Counting, "due_at", "count_facts")
EVERY = timedelta(seconds=20)
TOGETHER = timedelta(days=7)  # hours counted in one transaction
# What a rebuild counts in one transaction, for which others who count wait. Each reads the large tables again.
REQUESTS_TOGETHER = 250_000
TOGETHER_LEAST, TOGETHER_MOST = timedelta(days=1), timedelta(days=120)
Put = Callable[[Sequence[Hourly]], None]


def count_due() -> None:
    """Count if that is due, and say when it is again."""
    with COUNTING.leased(FACTS) as leased:
        if leased:
            count(clock.now())
            COUNTING.postpone(FACTS, clock.now() + EVERY)


def count(now: datetime) -> None:
    """Count all hours that something was written about since the last time; if nothing was ever counted, all hours.

    Safe to run twice and concurrently: an hour is counted from the rows as they are when it is its turn, and replaced
    as a whole. The marks move on afterwards, so what was not counted is found the next time. Not inside a transaction.
    """
    counting, _ = Counting.objects.get_or_create(pk=FACTS, defaults={"due_at": now})
    seen, settled = counting.marks.get("seen"), counting.marks.get("settled")
    reading = read_ends(now).stored
    marks = {"seen": seen or reading, "settled": settled}
    if seen is not None and is_settled(seen, now):
        marks = {"seen": reading, "settled": seen["ends"]}
    if settled is None:  # nothing can be missed before the first reading is settled
        rebuild(now=now)
    else:
        touched = touched_since(settled)
        for region in Region.objects.all():
            _count_touched(region, touched, counting.counted_at or now, now)
    # Of two who have counted, either may be the last to say how far they have read: both have counted all up to there.
    Counting.objects.filter(pk=FACTS).update(marks=marks, counted_at=now)


def rebuild(
    *,
    now: datetime,
    regions: Iterable[Region] | None = None,
    begin: datetime | None = None,
    end: datetime | None = None,
    told: Callable[[Region, datetime], None] = lambda region, upto: None,
) -> None:
    """Count the hours of a time again: all of them, and of all regions, if nothing else is given.

    Args:
        told: is told of each region how far it has been counted.
    """
    first = begin or min([now, *_ends(Min)])
    # All, also what is of a later moment: written before a clock was set back, it is not found again when that comes.
    last = min(end, now + SECOND) if end else max([now, *_ends(Max)]) + SECOND
    if last <= first:
        return
    for region in Region.objects.all() if regions is None else regions:
        if begin is None:
            for model in (HourFacts, HourMoney, HourSupply):
                there: QuerySet[Hourly] = model._default_manager.filter(region=region)
                there.filter(starts_at__lt=hour_of(first, _zone(region)).key).delete()
        together = _together(region, first, last)
        _count_supply(region, first, last, now, together)
        for stretch in _stretches(hours(first, last, _zone(region)), together):
            _count_requests(region, stretch)
            _count_money(region, stretch)
            told(region, stretch[-1].ends)


def _together(region: Region, first: datetime, last: datetime) -> timedelta:
    """Return how long a time has some `REQUESTS_TOGETHER` of all that were made in a time."""
    made = made_between(CheerRequest.objects.all(), region.pk, first, last).count()
    return min(max((last - first) * REQUESTS_TOGETHER / max(made, 1), TOGETHER_LEAST), TOGETHER_MOST)


def _ends(of: type[Min] | type[Max]) -> list[datetime]:
    """Return the first or the last moment that each table tells of, if it tells of any."""
    ends = [
        CheerRequest.objects.aggregate(at=of("created_at"))["at"],
        Entry.objects.aggregate(at=of("at"))["at"],
        PartnerTransition.objects.aggregate(at=of("at"))["at"],
    ]
    return [at for at in ends if at is not None]


def _count_touched(region: Region, touched: Touched, since: datetime, now: datetime) -> None:
    for count_all, moments in ((_count_requests, touched.requests), (_count_money, touched.money)):
        for stretch in _stretches(_hours_of(moments.get(region.pk, ()), _zone(region))):
            count_all(region, stretch)
    # Time passes for partners who do nothing, too. A step in the past changes all that follows.
    _count_supply(region, min(since, now, touched.supply.get(region.pk, now)), now + SECOND, now)


def _count_requests(region: Region, stretch: Sequence[Hour]) -> None:
    with _replacing(HourFacts, region, stretch) as (parts, put):
        put(facts_of(region.pk, stretch[0].begins, stretch[-1].ends, parts))


def _count_money(region: Region, stretch: Sequence[Hour]) -> None:
    with _replacing(HourMoney, region, stretch) as (parts, put):
        put(money_of(region.pk, stretch[0].begins, stretch[-1].ends, parts))


def _count_supply(
    region: Region, begin: datetime, end: datetime, now: datetime, together: timedelta = TOGETHER
) -> None:
    """Count stretch by stretch, each from the partners with whom the one before has ended: no step is read twice."""
    levels: Counter[str] | None = None
    for stretch in _stretches(hours(begin, end, _zone(region)), together):
        with _replacing(HourSupply, region, stretch) as (parts, put):
            if levels is None:
                levels = partners_at(region.pk, stretch[0].begins)
            put(supply_of(region.pk, stretch, parts, now, levels))


def _hours_of(moments: Collection[datetime], zone: ZoneInfo) -> Iterator[Hour]:
    found = {hour.key: hour for hour in (hour_of(moment, zone) for moment in moments)}
    yield from sorted(found.values(), key=lambda hour: hour.begins)


def _stretches(ordered: Iterable[Hour], together: timedelta = TOGETHER) -> Iterator[list[Hour]]:
    """Divide hours into runs that follow each other, each at most as long as is counted together."""
    run: list[Hour] = []
    for hour in ordered:
        if run and (hour.begins != run[-1].ends or hour.ends - run[0].begins > together):
            yield run
            run = []
        run.append(hour)
    if run:
        yield run


@contextmanager
def _replacing(model: type[Hourly], region: Region, stretch: Sequence[Hour]) -> Iterator[tuple[list[Span], Put]]:
    """Run a block that counts hours which follow each other, and puts what it finds in the place of what was there.

    Others who count in the same table wait. So what replaces an hour was always read after what was there before.
    """
    using = router.db_for_write(model)

    def put(rows: Sequence[Hourly]) -> None:
        # Keys rise with the hours, also where the clock is set.
        there: QuerySet[Hourly] = model._default_manager.filter(region=region)
        there.filter(starts_at__gte=stretch[0].key, starts_at__lte=stretch[-1].key).delete()
        insert_all(rows, using=using)

    with transaction.atomic(using):
        allow_minutes(using=using)
        keep_writers_out(model, using=using)
        yield list(spans(stretch[0].begins, stretch[-1].ends, _zone(region))), put


def _zone(region: Region) -> ZoneInfo:
    return ZoneInfo(region.time_zone)
