"""The figures of each minute of the last hour, by region, for the lines of the staff page.

A minute's figures are derived from the tables and replace those of before, so two publishers do no harm and nothing is
counted twice. The last two are counted again and again, because transactions end late; Valkey keeps the others. Those
that it lacks, after a restart or when no publisher ran, are counted once more.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, QuerySet, Sum
from django.db.models.functions import TruncMinute

from core import valkey
from core.ids import first_id_at
from payments.models import Payment
from payments.states import PaymentKind
from regions.models import Region
from requests_app.models import CheerRequest, Offer
from requests_app.states import RequestStatus
from rides.models import Ride

SHOWN = 60  # minutes
OPEN_MINUTES = 2  # the newest, whose figures may still change
KEPT_S = SHOWN * 60 + 120
CLOCKS_DIFFER = timedelta(seconds=10)  # of the clock that makes ids and the one that dates rows
OLDEST_REQUEUED = timedelta(days=1)  # an older request that dies again is missing

# In each minute: how many of each, and for how many seconds the accepted requests had waited together.
FIGURES = ("requests", "offers", "accepts", "waitedS", "unmatched", "sessions")
Minutes = dict[int, dict[str, dict[str, Any]]]  # by the minute since 1970 and the region's slug; `revenue` by currency


def minute_of(moment: datetime) -> int:
    """Return the number of the minute since 1970 in which a moment is."""
    return int(moment.timestamp()) // 60


def newest_minutes(now: datetime) -> Minutes:
    """Count the minutes that may still change and those that Valkey lacks, store them, and return the former.

    Raises `valkey.Unreachable`.
    """
    last = minute_of(now)
    kept = valkey.client().mget([_key(minute) for minute in _hour(last)])
    lacking = [minute for minute, text in zip(_hour(last), kept, strict=True) if text is None]
    first = min([last - OPEN_MINUTES + 1, *lacking])
    counted = counted_minutes(first, last)
    pipe = valkey.client().pipeline(transaction=False)
    for minute, figures in counted.items():
        pipe.set(_key(minute), json.dumps(figures), ex=KEPT_S)
    pipe.execute()
    return {minute: counted[minute] for minute in range(last - OPEN_MINUTES + 1, last + 1)}


def kept_minutes(now: datetime) -> Minutes:
    """Return the minutes of the last hour that Valkey has; none if it does not answer."""
    hour = _hour(minute_of(now))
    try:
        kept = valkey.client().mget([_key(minute) for minute in hour])
    except valkey.Unreachable:
        return {}
    return {minute: json.loads(text) for minute, text in zip(hour, kept, strict=True) if text is not None}


def _hour(last: int) -> range:
    return range(last - SHOWN + 1, last + 1)


def _key(minute: int) -> str:
    return f"staff:live:minute:{minute}"


def counted_minutes(first: int, last: int) -> Minutes:
    """Count what happened from one minute to another, both included."""
    slugs = dict(Region.objects.order_by().values_list("pk", "slug"))
    minutes: Minutes = {minute: {} for minute in range(first, last + 1)}
    since, until = (datetime.fromtimestamp(minute * 60, UTC) for minute in (first, last + 1))
    for name, rows in _counted(since, until).items():
        for at, region, figure in rows:
            _of(minutes, at, slugs[region])[name] = figure
    for at, region, waited in _waits(since, until):
        _of(minutes, at, slugs[region])["waitedS"] = round(waited.total_seconds())
    for at, region, currency, amount in _revenue(since, until):
        _of(minutes, at, slugs[region])["revenue"][currency] = amount
    return minutes


def _of(minutes: Minutes, at: datetime, slug: str) -> dict[str, Any]:
    figures: dict[str, Any] = {**dict.fromkeys(FIGURES, 0), "revenue": {}}
    return minutes[minute_of(at)].setdefault(slug, figures)


def _made(rows: QuerySet[Any], column: str, since: datetime, until: datetime) -> QuerySet[Any]:
    """The rows of this time, which the key leads to."""
    near = rows.filter(pk__gte=first_id_at(since - CLOCKS_DIFFER), pk__lt=first_id_at(until + CLOCKS_DIFFER))
    return near.filter(Q(**{f"{column}__gte": since, f"{column}__lt": until}))


def _by_minute(rows: Any, column: str, region: str, *more: str) -> Any:
    return rows.order_by().annotate(minute=TruncMinute(column, tzinfo=UTC)).values_list("minute", region, *more)


def _counted(since: datetime, until: datetime) -> Mapping[str, Any]:
    requests = _made(CheerRequest.objects.all(), "created_at", since, until)
    offers = _made(Offer.objects.all(), "created_at", since, until)
    accepts = _made(Ride.objects.all(), "accepted_at", since, until)
    fares = _made(Payment.objects.filter(kind=PaymentKind.FARE), "created_at", since, until)
    dead = CheerRequest.objects.filter(status=RequestStatus.NO_MATCH, created_at__gte=since - OLDEST_REQUEUED)
    dead = dead.filter(give_up_at__gte=since, give_up_at__lt=until)
    found = {
        "requests": _by_minute(requests, "created_at", "region_id"),
        "offers": _by_minute(offers, "created_at", "request__region_id"),
        "accepts": _by_minute(accepts, "accepted_at", "request__region_id"),
        "unmatched": _by_minute(dead, "give_up_at", "region_id"),
        "sessions": _by_minute(fares, "created_at", "ride__request__region_id"),
    }
    return {name: rows.annotate(n=Count("pk")) for name, rows in found.items()}


def _waits(since: datetime, until: datetime) -> Any:  # rows of (minute, region, their sum)
    wait = ExpressionWrapper(F("accepted_at") - F("request__created_at"), output_field=DurationField())
    accepts = _made(Ride.objects.all(), "accepted_at", since, until)
    return _by_minute(accepts, "accepted_at", "request__region_id").annotate(waited=Sum(wait))


def _revenue(since: datetime, until: datetime) -> Any:  # rows of (minute, region, currency, minor units)
    payments = _made(Payment.objects.all(), "created_at", since, until)
    return _by_minute(payments, "created_at", "ride__request__region_id", "currency").annotate(sum=Sum("amount"))
