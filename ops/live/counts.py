"""The counts of now: by region, because staff may be limited to some, and summed over those that one may see."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, OuterRef, Subquery, UUIDField

from accounts.models import Partner
from accounts.states import Application, PartnerStatus
from core import clock, valkey
from core.ids import first_id_at
from payments.models import Payment
from payments.states import UNPAID
from regions.models import Region
from requests_app.models import CheerRequest
from requests_app.states import OPEN, RequestStatus
from rides.models import Ride
from rides.states import ACTIVE, RideStatus

COUNTS_KEY = "staff:live:counts"
COUNTS_KEPT_S = 10  # for pages that open; after that the publisher is down, and each page counts for itself
NOWHERE = ""  # the region of rows that have none, such as applicants; only staff of every region see it
WAITING_MAX = 1000
DAY = timedelta(days=1)
LONGEST_RIDE = timedelta(hours=6)  # from acceptance to the end; a longer one is missing from the last day's count

Counts = dict[str, Any]


def keep_counts(counts: Mapping[str, Counts]) -> None:
    """Store the counts for pages that open. Raises `valkey.Unreachable`."""
    valkey.client().set(COUNTS_KEY, json.dumps(counts), ex=COUNTS_KEPT_S)


def latest_counts() -> dict[str, Counts]:
    """Return the counts that were stored last, by the region's slug; count if none were within `COUNTS_KEPT_S`."""
    try:
        stored = valkey.client().get(COUNTS_KEY)
    except valkey.Unreachable:
        stored = None
    counts: dict[str, Counts] = json.loads(stored) if stored else live_counts(clock.now())
    return counts


def total(counts: Mapping[str, Counts], slugs: Collection[str] | None = None) -> Counts:
    """Sum the counts of these regions, or of all."""
    chosen = [counts[slug] for slug in counts if slugs is None or slug in slugs] or [_empty()]
    oldest = [each["oldestPendingS"] for each in chosen if each["oldestPendingS"] is not None]
    return {
        name: _sum(each[name] for each in chosen) if name != "oldestPendingS" else max(oldest, default=None)
        for name in _empty()
    }


def _sum(parts: Iterable[Any]) -> Any:
    values = list(parts)
    if not isinstance(values[0], dict):
        return sum(values)
    return dict(sum((Counter(value) for value in values), Counter()))


def _empty() -> Counts:
    numbers = dict.fromkeys(("deadLetters", "applications", "unpaid", "completedLastDay"), 0)
    return {"requests": {}, "partners": {}, "rides": {}, **numbers, "oldestPendingS": None}


def live_counts(now: datetime, *, completed: Mapping[str, int] | None = None) -> dict[str, Counts]:
    """Open requests, partners at work and active rides by status, and the rows that wait for staff (up to a limit).

    Returns them by the region's slug, with `NOWHERE` for rows without a region. `completed` is what
    `completed_last_day` has returned lately.
    """
    slugs: dict[UUID | None, str] = {None: NOWHERE, **dict(Region.objects.order_by().values_list("pk", "slug"))}
    counts = {slug: _empty() for slug in slugs.values()}

    open_requests = CheerRequest.objects.filter(status__in=OPEN).order_by().values_list("region_id", "status")
    for region, status, count, oldest in open_requests.annotate(n=Count("pk"), at=Min("created_at")):
        counts[slugs[region]]["requests"][status] = count
        if status == RequestStatus.PENDING:
            counts[slugs[region]]["oldestPendingS"] = int((now - oldest).total_seconds())
    partners = Partner.objects.exclude(status=PartnerStatus.OFFLINE)
    active = Ride.objects.filter(status__in=ACTIVE)
    for name, rows, path in (("partners", partners, "region_id"), ("rides", active, "request__region_id")):
        for region, status, count in rows.order_by().values_list(path, "status").annotate(n=Count("pk")):
            counts[slugs[region]][name][status] = count
    for slug, count in (completed_last_day(now) if completed is None else completed).items():
        if slug in counts:
            counts[slug]["completedLastDay"] = count
    for name, regions in _waiting().items():
        for region, count in Counter(regions).items():
            counts[slugs[region]][name] = count
    return counts


def completed_last_day(now: datetime) -> dict[str, int]:
    """Count the sessions that ended within a day, by the region's slug. It reads the rides of a day."""
    accepted_lately = Ride.objects.filter(pk__gte=first_id_at(now - DAY - LONGEST_RIDE))
    ended = accepted_lately.filter(status=RideStatus.COMPLETED, end_time__gte=now - DAY)
    return dict(ended.order_by().values_list("request__region__slug").annotate(n=Count("pk")))


def _waiting() -> dict[str, list[UUID | None]]:
    """The regions of the rows that wait for staff, `WAITING_MAX` of each kind at most: they are read each second."""
    dead = CheerRequest.objects.filter(status=RequestStatus.NO_MATCH).values_list("region_id", flat=True)
    applied = Partner.objects.filter(application=Application.APPLIED).values_list("region_id", flat=True)
    # Looked up for each row: joined, all rides would be read for the thousand.
    served = Subquery(
        CheerRequest.objects.filter(rides=OuterRef("ride")).values("region_id")[:1], output_field=UUIDField()
    )
    unpaid = Payment.objects.filter(status__in=UNPAID).annotate(served=served).values_list("served", flat=True)
    rows = {"deadLetters": dead, "applications": applied, "unpaid": unpaid}
    return {name: list(each.order_by()[:WAITING_MAX]) for name, each in rows.items()}
