"""Closes failures whose rows were finished or deleted by something other than a try, such as a withdrawal."""

from collections import defaultdict
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from core import clock
from failures.jobs import JOBS
from failures.keeping import close
from failures.models import FailedDelivery
from failures.states import FailureStatus

AFTER = timedelta(minutes=1)  # since the next try was due
EVERY_S = 60.0


def overdue(now: datetime) -> Q:
    """Match failures whose next try should have begun."""
    return Q(status=FailureStatus.FAILING, next_try_at__lt=now - AFTER)


def settle(rows: QuerySet[FailedDelivery]) -> int:
    """Close those of these rows that nothing is left to try of; returns their number."""
    by_job: dict[str, dict[str, UUID]] = defaultdict(dict)
    for pk, job, row_id in rows.values_list("pk", "job", "row_id"):
        by_job[job][row_id] = pk
    over: list[UUID] = []
    for name, failures in by_job.items():
        if name not in JOBS:  # of another release
            continue
        due = JOBS[name].rows
        there = due.model._default_manager.filter(pk__in=list(failures), **{f"{due.column}__isnull": False})
        tried = {str(pk) for pk in there.order_by().values_list("pk", flat=True)}
        over += [pk for row_id, pk in failures.items() if row_id not in tried]
    now = clock.now()
    return close(FailedDelivery.objects.filter(overdue(now), pk__in=over), FailureStatus.RECOVERED, now=now)
