"""Background jobs: due rows in the database, and Celery tasks that are enqueued as hints.

A job is a row with one column that says when the row needs work. That moment is the job's whole state:

- *due*: the moment has come. Any process may claim the row.
- *queued*: a claim has moved the moment `QUEUED_FOR` ahead and enqueued a task. The task is a hint: if it gets lost
  with a broker or a worker, the row is due again after that time, and the sweep claims it.
- *leased*: the task has moved the moment `LEASE` ahead, and keeps renewing it while it runs (core/leases.py). If its
  worker dies, the row is due again when the lease lapses.
- *finished*: the task has set the column to NULL or deleted the row, or has postponed it to try again later.

A try that fails is told to the keeper of failures (core/failures.py): by the block that postpones its row, or by the
lease if the block raises. A try that ends in any other way tells that the row has recovered.

Every move is one conditional UPDATE whose row count says who won; no lock is held. A task may start on a row that is
due or queued. It tells the two from a leased row by the time left: at most `QUEUED_FOR` on a queued row, always more
on a leased one, because `LEASE - RENEW_EVERY_S > QUEUED_FOR`. The task doesn't carry the moment as a ticket: with a
backlog longer than `QUEUED_FOR`, every ticket would be stale when a worker takes it, and nothing would ever run.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import kombu.exceptions
import redis
from celery import current_app
from django.db import DatabaseError, models, transaction

from core import clock
from core.failures import code_of, keeper
from core.leases import LEASE, Lease, renewer
from core.task_waits import KEPT_S
from core.transactions import require_no_transaction

log = logging.getLogger(__name__)

BROKER_AWAY = (kombu.exceptions.OperationalError, redis.RedisError, OSError)
QUEUED_FOR = timedelta(seconds=2)  # a task not started within this time is considered lost
EXPIRES_S = 60.0  # a task for a row is dropped if it waits longer: the sweep has enqueued others by then
RETRY_FIRST_S = 2
RETRY_MAX_S = 600
BATCH = 200  # rows a pass


def enqueue(task: str, *arguments: Any, expires_s: float, queue: str | None = None) -> bool:
    """Enqueue a task by its name; returns False if the broker is down, and leaves the retry to the sweep.

    The task is dropped if no worker takes it within `expires_s`. Raises `InsideTransaction`: a worker might take the
    task before the transaction has committed.
    """
    require_no_transaction("The broker")
    try:
        current_app.send_task(task, arguments, headers={KEPT_S: expires_s}, queue=queue)
    except BROKER_AWAY as error:
        log.warning("task %s was not enqueued (%s); the sweep will", task, type(error).__name__)
        return False
    return True


def enqueue_on_commit(task: str, *arguments: Any, expires_s: float) -> None:
    """Enqueue a task by its name when this transaction commits. If the broker is down, it is not retried."""
    transaction.on_commit(lambda: enqueue(task, *arguments, expires_s=expires_s))


def retry_delay(tries: int) -> timedelta:
    """Return the wait after `tries` earlier failures and one more: 2 s, doubled each time, at most ten minutes."""
    return timedelta(seconds=min(RETRY_MAX_S, RETRY_FIRST_S * 2 ** min(tries, 20)))


@dataclass(frozen=True, slots=True)
class DueRows:
    """The rows of one table as jobs: `task` is enqueued with `arguments` and a row's id when its `column` is due."""

    model: type[models.Model]
    column: str
    task: str
    arguments: tuple[str, ...] = ()

    def claim(self, pk: Any, *, now: datetime) -> bool:
        """Mark a row as queued; returns False if it isn't due, or if another process was first."""
        return self._move(self._row(pk, lte=now), now + QUEUED_FOR)

    def claim_due(self, now: datetime) -> Iterator[Any]:
        """Claim due rows one by one, oldest first, as the caller iterates; yields their ids."""
        due = self.model._default_manager.filter(**{f"{self.column}__lte": now}).order_by(self.column)
        for pk in list(due.values_list("pk", flat=True)[:BATCH]):
            if self.claim(pk, now=now):
                yield pk

    def enqueue(self, pk: Any) -> bool:
        """Enqueue the task of a claimed row; if the broker is down, make the row due again and return False."""
        if enqueue(self.task, *self.arguments, str(pk), expires_s=EXPIRES_S):
            return True
        self.release(pk)
        return False

    def enqueue_on_commit(self, pk: Any) -> None:
        """Claim and enqueue a row when this transaction commits. If the process dies first, the sweep does it."""
        transaction.on_commit(lambda: self._enqueue_if_due(pk))

    def _enqueue_if_due(self, pk: Any) -> None:
        if self.claim(pk, now=clock.now()):
            self.enqueue(pk)

    def enqueue_due(self, now: datetime) -> None:
        """Claim and enqueue due rows. Stops at the first failure of the broker; the remaining rows stay due."""
        for pk in self.claim_due(now):
            if not self.enqueue(pk):
                return

    def release(self, pk: Any) -> None:
        """Make a queued row due again."""
        now = clock.now()
        self._move(self._row(pk, lte=now + QUEUED_FOR), now)

    @contextmanager
    def leased(self, pk: Any) -> Iterator[bool]:
        """Lease a due or queued row during the block; yields False if it is neither.

        The row is not released at the end: the block finishes it, postpones it, or lets the lease lapse.
        """
        now = clock.now()
        until = now + LEASE
        if not self._move(self._row(pk, lte=now + QUEUED_FOR), until):
            yield False
            return
        try:
            with renewer.renewing(Lease(self.model, self.column, pk, until)):
                yield True
        except Exception as error:
            self._broke(pk, error, since=now)
            raise
        keeper().recovered(self, pk, since=now, now=clock.now())

    def _broke(self, pk: Any, error: Exception, *, since: datetime) -> None:
        now = clock.now()
        try:
            keeper().failed(self, pk, code_of(error), next_try_at=now + LEASE, now=now, since=since)
        except DatabaseError as trouble:
            log.warning("that %s of %s broke is not kept: %s", self.task, pk, type(trouble).__name__)

    def failed(self, pk: Any, error: str, until: datetime, **changes: Any) -> bool:
        """Postpone a row after a failure, which is kept; returns False if the row has been finished meanwhile.

        Args:
            error: a code, or a sentence of ours, without anything personal.
        """
        with transaction.atomic():
            moved = self.postpone(pk, until, **changes)
            if moved:
                keeper().failed(self, pk, error, next_try_at=until, now=clock.now(), since=None)
        return moved

    def give_up(self, pk: Any, error: str = "too_late", **changes: Any) -> None:
        """Finish a row whose work has not been done; that is kept, with the last error if there was one."""
        with transaction.atomic():
            self.finish(pk, **changes)
            self.given_up(pk, error)

    def given_up(self, pk: Any, error: str = "too_late") -> None:
        """Keep that a row's work has not been done. Call it in the transaction that finishes or deletes the row."""
        keeper().gave_up(self, pk, error, now=clock.now())

    def waiting(self, pk: Any, *, now: datetime) -> models.QuerySet[Any]:
        """Select the row if it waits for a later moment, and so is neither due, queued nor leased."""
        return self._row(pk, gt=now + LEASE + QUEUED_FOR)  # clocks may differ by less than the latter

    def hasten(self, pk: Any, *, now: datetime) -> bool:
        """Make a row that waits for a later moment due; returns False if it doesn't."""
        return self._move(self.waiting(pk, now=now), now)

    def postpone(self, pk: Any, until: datetime, **changes: Any) -> bool:
        """Set a later moment to try again; returns False if the row has been finished meanwhile."""
        return self._move(self._row(pk, isnull=False), until, **changes)

    def finish(self, pk: Any, **changes: Any) -> None:
        """Clear a row's moment: it needs no more work."""
        self._move(self._row(pk), None, **changes)

    def _row(self, pk: Any, **lookups: Any) -> models.QuerySet[models.Model]:
        """Select the row with this id if its column also meets these lookups."""
        conditions = {f"{self.column}__{lookup}": value for lookup, value in lookups.items()}
        return self.model._default_manager.filter(pk=pk, **conditions)

    def _move(self, row: models.QuerySet[models.Model], moment: datetime | None, **changes: Any) -> bool:
        return bool(row.update(**{self.column: moment}, **changes))
