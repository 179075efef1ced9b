"""Keeps the failures of jobs (core/failures.py), one open row for each row of a job."""

from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from core.jobs import DueRows
from failures.jobs import job_of, told_of
from failures.models import ABOUT_MAX_CHARS, ERROR_MAX_CHARS, ROW_ID_MAX_CHARS, FailedDelivery
from failures.states import FailureStatus, Kind

TASK = "task"  # the job of tasks without a row


def failures_of(job: str, row_id: Any) -> QuerySet[FailedDelivery]:
    """Select the open failure of a row."""
    return FailedDelivery.objects.filter(job=job, row_id=str(row_id), closed_at__isnull=True)


class Failures:
    """Keeps failures in the database."""

    def failed(
        self, rows: DueRows, pk: Any, error: str, *, next_try_at: datetime, now: datetime, since: datetime | None
    ) -> None:
        """Add a failure to the open row, or open one."""
        job = job_of(rows)
        if job is None:
            return
        known = failures_of(job.name, pk)
        if since is not None:
            known = known.filter(last_failed_at__lt=since)
        changes: dict[str, Any] = {"status": FailureStatus.FAILING, "next_try_at": next_try_at, "given_up_at": None}
        if not _added(known, error, now=now, **changes) and (told := told_of(job, pk)) is not None:
            _open(job.name, job.kind, pk, error, now=now, tries=1, **changes, **told._asdict())

    def recovered(self, rows: DueRows, pk: Any, *, since: datetime, now: datetime) -> None:
        """Close the row of a job that was failing before its last try."""
        job = job_of(rows)
        if job is None:
            return
        before = failures_of(job.name, pk).filter(status=FailureStatus.FAILING, last_failed_at__lt=since)
        if before.exists():  # else no write, which on SQLite would block others
            close(before, FailureStatus.RECOVERED, now=now)

    def gave_up(self, rows: DueRows, pk: Any, error: str, *, now: datetime) -> None:
        """Let the row wait for staff. Its error stays that of the last try."""
        job = job_of(rows)
        if job is None:
            return
        changes: dict[str, Any] = {"status": FailureStatus.GIVEN_UP, "next_try_at": None, "given_up_at": now}
        if not failures_of(job.name, pk).update(**changes) and (told := told_of(job, pk)) is not None:
            _open(job.name, job.kind, pk, error, now=now, tries=0, **changes, **told._asdict())


def task_failed(name: str, arguments: tuple[Any, ...], error: str, *, now: datetime) -> None:
    """Keep that a task without a row has failed. The sweep enqueues it again by itself, if it is still needed."""
    call = ":".join([name, *map(str, arguments)])[:ROW_ID_MAX_CHARS]
    changes: dict[str, Any] = {"status": FailureStatus.GIVEN_UP, "next_try_at": None, "given_up_at": now}
    if not _added(failures_of(TASK, call), error, now=now, **changes):
        _open(TASK, Kind.TASK, call, error, now=now, tries=1, **changes, about=name, account=None, region=None)


def close(rows: QuerySet[FailedDelivery], status: FailureStatus, *, now: datetime) -> int:
    """Close these rows; returns their number."""
    return rows.update(status=status, next_try_at=None, closed_at=now)


def _added(known: QuerySet[FailedDelivery], error: str, *, now: datetime, **changes: Any) -> bool:
    said = {"tries": F("tries") + 1, "error": error[:ERROR_MAX_CHARS], "last_failed_at": now}
    return bool(known.update(**said, **changes))


def _open(
    job: str, kind: Kind, row_id: Any, error: str, *, now: datetime, about: str, account: Any, region: Any, **more: Any
) -> None:
    row = FailedDelivery(job=job, kind=kind, row_id=str(row_id), error=error[:ERROR_MAX_CHARS], **more)
    row.account_id, row.region_id, row.about = account, region, about[:ABOUT_MAX_CHARS]
    row.first_failed_at = row.last_failed_at = now
    FailedDelivery.objects.bulk_create([row], ignore_conflicts=True)  # failure_one_open_per_row
