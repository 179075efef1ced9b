"""Errands to the payment provider: rows that say what it is to do, and the steps that see to them.

A step reads its row, calls the provider outside of any transaction, and writes what came of it in one. It may be
killed at any line: the row says what to do, its key makes a repetition harmless, and another step takes over once
nobody renews the lease. A queued task is only a hint; the sweep finds every row whose time has come, and queues it
again where the task got lost.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection, models, transaction
from django.db.models import F
from django.utils import timezone

from core.jobs import enqueue
from payments.gateway import Unreachable
from payments.models.outward import Outward
from payments.models.people import Customer

log = logging.getLogger(__name__)

QUEUED_FOR = timedelta(seconds=2)  # a task that no worker took in this time is taken for lost
LEASE = timedelta(seconds=3)  # how long a worker that died keeps others from its row
RENEW_EVERY_S = 0.5  # what is left of a lease is always more than `QUEUED_FOR`, by which a queued row is known
RETRY_FIRST_S = 2
RETRY_MAX_S = 600
KEY_LIFE = timedelta(hours=23)  # the provider remembers a key for 24
BATCH = 200  # rows a pass

Step = Callable[[Any], None]
STEPS: dict[str, tuple[type[models.Model], Step]] = {}


def errand(name: str, model: type[models.Model]) -> Callable[[Step], Step]:
    """Register the step of a kind of row: called with its id, safe to run twice and at once."""

    def register(step: Step) -> Step:
        STEPS[name] = (model, step)
        return step

    return register


def soon(row: models.Model) -> None:
    """Let a row's step run once this transaction has committed."""
    model, pk = type(row), row.pk
    transaction.on_commit(lambda: hurry(model, pk))


def hurry(model: type[models.Model], pk: Any) -> None:
    """Queue a row's step now, unless somebody has."""
    now = timezone.now()
    if model._default_manager.filter(pk=pk, next_step_at__lte=now).update(next_step_at=now + QUEUED_FOR):
        send(model, pk)


def send(model: type[models.Model], pk: Any) -> None:
    """Queue the step of a row marked as queued. Where the broker is away, the sweep will, at its next pass."""
    name = next(name for name, (of, _) in STEPS.items() if of is model)
    if not enqueue("run_errand", name, str(pk), expires_s=60):
        now = timezone.now()
        queued = model._default_manager.filter(pk=pk, next_step_at__lte=now + QUEUED_FOR)
        queued.update(next_step_at=now)


def run(name: str, pk: Any) -> None:
    """Run the step of a row whose time has come or that is queued, unless another worker does just now."""
    model, step = STEPS[name]
    with _leased(model, pk) as mine:
        if mine:
            step(pk)


@contextmanager
def _leased(model: type[models.Model], pk: Any) -> Iterator[bool]:
    """Keep others from a row, for as long as it takes; False where somebody else does, or there is nothing to do.

    A provider may take a minute to answer, a booking can't wait so long for another worker when one has died:
    so the lease is short, and renewed.
    """
    now = timezone.now()
    until = now + LEASE
    mine = model._default_manager.filter(pk=pk, next_step_at__lte=now + QUEUED_FOR).update(next_step_at=until)
    done = threading.Event()
    renewing = threading.Thread(target=_renew, args=(model, pk, until, done), name="lease", daemon=True)
    if mine:
        renewing.start()
    try:
        yield bool(mine)
    finally:
        done.set()
        if mine:
            renewing.join()


def _renew(model: type[models.Model], pk: Any, until: datetime, done: threading.Event) -> None:
    """Prolong a lease until the step has ended, or has said itself when the next one is due."""
    try:
        while not done.wait(RENEW_EVERY_S):
            longer = timezone.now() + LEASE
            if not model._default_manager.filter(pk=pk, next_step_at=until).update(next_step_at=longer):
                return
            until = longer
    except DatabaseError as error:
        log.warning("a lease was not renewed: %s", type(error).__name__)
    finally:
        connection.close()


def due(name: str, now: datetime) -> list[Any]:
    """The rows whose time has come, marked as queued: who asks queues or runs their steps."""
    model = STEPS[name][0]
    rows = model._default_manager.filter(next_step_at__lte=now).order_by("next_step_at")
    found = []
    for pk, at in list(rows.values_list("pk", "next_step_at")[:BATCH]):
        if model._default_manager.filter(pk=pk, next_step_at=at).update(next_step_at=now + QUEUED_FOR):
            found.append(pk)
    return found


def retry_later(row: Outward | Customer, error: Unreachable, now: datetime) -> None:
    """Nobody knows whether the provider did it: ask again later, with the same key."""
    delay_s = min(RETRY_MAX_S, RETRY_FIRST_S * 2 ** min(row.tries, 20))
    log.warning("%s %s: the provider did not answer (%s)", row._meta.model_name, row.pk, error)
    type(row)._default_manager.filter(pk=row.pk, next_step_at__isnull=False).update(
        tries=F("tries") + 1, next_step_at=now + timedelta(seconds=delay_s)
    )


def use_another_key(row: Outward, now: datetime) -> None:
    """The provider answers this key with an error for ever, and has not done anything under it."""
    stem, _, turn = row.key.partition("~")
    key = f"{stem}~{int(turn or 1) + 1}"
    log.warning("%s %s: its key was spoilt without effect; another is used", row._meta.model_name, row.pk)
    type(row)._default_manager.filter(pk=row.pk, key=row.key).update(key=key, next_step_at=now)


def outlived(row: Outward, now: datetime) -> bool:
    """Whether the provider may have forgotten the row's key: look for its effect before using it again."""
    return now - row.created_at > KEY_LIFE


def key(*parts: str | UUID | int) -> str:
    """An idempotency key of business ids."""
    return ":".join(str(part) for part in parts)
