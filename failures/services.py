"""The steps of staff with failed deliveries: to try them again, or to close them."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from core.errors import Conflict
from failures import keeping, tasks_again
from failures.jobs import JOBS
from failures.models import FailedDelivery
from failures.states import FailureStatus

TRIED_NOW = gettext_noop("It is being tried, or will be within seconds.")
OVER = gettext_noop("It is not failing any more.")


def retry(failure: FailedDelivery, *, now: datetime) -> None:
    """Try a failed delivery again now; once more, if it was given up. It is done by a worker after the commit.

    Raises: `Conflict` if it is over (`over`), being tried (`tried_now`), or worth nothing any more (`too_late`).
    """
    with transaction.atomic():
        status = _status(failure.pk)
        if failure.job == keeping.TASK:
            tasks_again.enqueue_on_commit(failure.row_id)
            _close(failure.pk, status, now=now)
            return
        job = JOBS[failure.job]
        if status == FailureStatus.FAILING:
            if not job.rows.hasten(failure.row_id, now=now):
                raise Conflict("tried_now", TRIED_NOW)
        elif job.again is None or not job.again(failure.row_id, now):
            raise Conflict("too_late", "It is worth nothing any more. Close it.")
        # The job's row is written first, as by a worker, so that neither waits for the other.
        changes = {"status": FailureStatus.FAILING, "next_try_at": now, "given_up_at": None}
        if not FailedDelivery.objects.filter(pk=failure.pk, status=status).update(**changes):
            raise Conflict("over", OVER)
        if job.rows.task:  # else the sweep does it itself
            job.rows.enqueue_on_commit(failure.row_id)


def close(failure: FailedDelivery, *, now: datetime) -> None:
    """Take a failed delivery off the list; one that is still tried is not tried any more.

    Raises: `Conflict` if it is over (`over`), being tried (`tried_now`), or has to be done (`has_to_be_done`), as all
        that moves money.
    """
    with transaction.atomic():
        status = _status(failure.pk)
        if status == FailureStatus.FAILING:
            job = JOBS[failure.job]
            if job.stop is None:
                raise Conflict("has_to_be_done", "It has to be done, and is tried until it is.")
            if not job.stop(failure.row_id, now):
                raise Conflict("tried_now", TRIED_NOW)
        _close(failure.pk, status, now=now)


def _status(pk: UUID) -> str:
    status = FailedDelivery.objects.filter(pk=pk, closed_at__isnull=True).values_list("status", flat=True).first()
    if status is None:
        raise Conflict("over", OVER)
    return status


def _close(pk: UUID, status: str, *, now: datetime) -> None:
    if not keeping.close(FailedDelivery.objects.filter(pk=pk, status=status), FailureStatus.CLOSED, now=now):
        raise Conflict("over", OVER)
