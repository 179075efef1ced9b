"""Keeps failures in the database, and those of tasks without a row. Loaded by `ops.apps`."""

import logging
from typing import Any

from celery import signals
from django.db import DatabaseError

from core import clock
from core.database import trouble_of
from core.failures import code_of, kept_by
from failures.jobs import JOBS
from failures.keeping import Failures, task_failed

log = logging.getLogger(__name__)

kept_by(Failures())


@signals.task_failure.connect(dispatch_uid="failed_task")
def note_failed_task(
    sender: Any = None, exception: BaseException | None = None, args: tuple[Any, ...] = (), **_: Any
) -> None:
    """Keep that a task has failed, unless its row tells that, or the database was in trouble."""
    if (
        exception is None
        or trouble_of(exception) is not None
        or sender.name in {job.rows.task for job in JOBS.values()}
    ):
        return
    try:
        task_failed(sender.name, tuple(args), code_of(exception), now=clock.now())
    except DatabaseError as trouble:
        log.warning("that task %s failed is not kept: %s", sender.name, type(trouble).__name__)
