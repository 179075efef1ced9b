"""The live counts on the staff page: the sweep counts once a second for every page."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, QuerySet

from accounts.models import Partner
from accounts.states import Application, PartnerStatus
from core import clock, valkey
from core.ids import first_id_at
from notifications.events import everyone, push_latest
from payments.models import Payment
from payments.states import UNPAID
from requests_app.models import CheerRequest
from requests_app.states import OPEN, RequestStatus
from rides.models import Ride
from rides.states import ACTIVE, RideStatus

COUNTS_KEY = "staff:counts"
WAITING_MAX = 1000
DAY = timedelta(days=1)
LONGEST_RIDE = timedelta(hours=6)  # from acceptance to the end; a longer one is missing from the last day's count
COUNTS_KEPT_S = 10  # for pages that open; after that the sweep is down, and each page counts for itself


def publish_counts(now: datetime) -> None:
    """Count, store the counts for pages that open, and push them to every open page."""
    counts = live_counts()
    try:
        valkey.client().set(COUNTS_KEY, json.dumps(counts), ex=COUNTS_KEPT_S)
    except valkey.Unreachable:
        return  # the push would be lost, too
    push_latest([(everyone("staff"), "counts", {"counts": counts})])


def latest_counts() -> dict[str, Any]:
    """Return the counts that were published last, or count if none were within `COUNTS_KEPT_S`."""
    try:
        stored = valkey.client().get(COUNTS_KEY)
    except valkey.Unreachable:
        stored = None
    counts: dict[str, Any] = json.loads(stored) if stored else live_counts()
    return counts


def _by_status(rows: Any) -> dict[str, int]:
    return dict(rows.values_list("status").annotate(n=Count("pk")).order_by("status"))


def _up_to_most(rows: QuerySet[Any]) -> int:
    """Count rows that wait for staff, `WAITING_MAX` at most, because the count is made each second."""
    return rows.order_by()[:WAITING_MAX].count()


def live_counts() -> dict[str, Any]:
    """Open requests, partners at work and active rides by status, and the rows that wait for staff (up to a limit)."""
    now = clock.now()
    open_requests = CheerRequest.objects.filter(status__in=OPEN)
    oldest = CheerRequest.objects.filter(status=RequestStatus.PENDING).aggregate(at=Min("created_at"))["at"]
    accepted_lately = Ride.objects.filter(pk__gte=first_id_at(now - DAY - LONGEST_RIDE))
    today = accepted_lately.filter(status=RideStatus.COMPLETED, end_time__gte=now - DAY)
    return {
        "requests": _by_status(open_requests),
        "partners": _by_status(Partner.objects.exclude(status=PartnerStatus.OFFLINE)),
        "rides": _by_status(Ride.objects.filter(status__in=ACTIVE)),
        "deadLetters": _up_to_most(CheerRequest.objects.filter(status=RequestStatus.NO_MATCH)),
        "applications": _up_to_most(Partner.objects.filter(application=Application.APPLIED)),
        "unpaid": _up_to_most(Payment.objects.filter(status__in=UNPAID)),
        "completedLastDay": today.count(),
        "oldestPendingS": int((now - oldest).total_seconds()) if oldest else None,
    }
