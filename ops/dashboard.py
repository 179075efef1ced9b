"""The live counts on the staff page."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Min
from django.utils import timezone

from accounts.models import Partner
from accounts.states import Application, PartnerStatus
from payments.models import Payment
from payments.states import UNPAID
from requests_app.models import CheerRequest
from requests_app.states import OPEN, RequestStatus
from rides.models import Ride
from rides.states import ACTIVE, RideStatus


def _by_status(rows: Any) -> dict[str, int]:
    return dict(rows.values_list("status").annotate(n=Count("pk")).order_by("status"))


def live_counts() -> dict[str, Any]:
    """Open requests, partners at work and active rides by status, and the rows that wait for staff."""
    now = timezone.now()
    open_requests = CheerRequest.objects.filter(status__in=OPEN)
    oldest = CheerRequest.objects.filter(status=RequestStatus.PENDING).aggregate(at=Min("created_at"))["at"]
    today = Ride.objects.filter(status=RideStatus.COMPLETED, end_time__gte=now - timedelta(days=1))
    return {
        "requests": _by_status(open_requests),
        "partners": _by_status(Partner.objects.exclude(status=PartnerStatus.OFFLINE)),
        "rides": _by_status(Ride.objects.filter(status__in=ACTIVE)),
        "deadLetters": CheerRequest.objects.filter(status=RequestStatus.NO_MATCH).count(),
        "applications": Partner.objects.filter(application=Application.APPLIED).count(),
        "unpaid": Payment.objects.filter(status__in=UNPAID).count(),
        "completedLastDay": today.count(),
        "oldestPendingS": int((now - oldest).total_seconds()) if oldest else None,
    }
