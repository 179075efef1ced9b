"""Requests that are not matched yet, because the amount of their booking is not held."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from payments import configuration
from payments.models import Hold
from payments.states import HoldStatus
from requests_app.models import CheerRequest
from requests_app.states import RequestStatus

UNANSWERED = Q(status__in=[HoldStatus.PLANNED, HoldStatus.REQUIRES_ACTION]) | Q(answered_at__isnull=True)


def without_unheld(requests: QuerySet[CheerRequest]) -> QuerySet[CheerRequest]:
    """Leave out the requests that still wait for their booking's hold."""
    if not configuration.enabled():
        return requests
    return requests.exclude(Exists(Hold.objects.filter(UNANSWERED, request=OuterRef("pk"), for_booking=True)))


def waits_for_hold(request: CheerRequest) -> bool:
    """Whether a request is not matched yet because its booking is not held: its first attempt is put off to its end."""
    planned = request.next_attempt_at
    return request.status == RequestStatus.PENDING and planned is not None and planned >= request.give_up_at
