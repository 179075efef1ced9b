"""Errands to the payment provider: rows that say what it is to do, and the steps that see to them.

A step reads its row, calls the provider outside of any transaction, and writes what came of it in one. It may be
killed at any line: the row says what to do, its key makes a repetition harmless, and the lease lets another step
take over. A queued task is only a hint; the sweep finds every row whose time has come.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import kombu.exceptions
from django.conf import settings
from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

from payments.gateway import RETRIES, Unreachable
from payments.models.outward import Outward
from payments.models.people import Customer

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=10 + 2 * (1 + RETRIES) * settings.STRIPE_TIMEOUT_S)  # twice what a call may take
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
    """Queue a row's step now, unless somebody has: whoever queues it has leased it."""
    now = timezone.now()
    if model._default_manager.filter(pk=pk, next_step_at__lte=now).update(next_step_at=now + LEASE):
        send(model, pk)


def send(model: type[models.Model], pk: Any) -> None:
    """Queue a row's step. Where the broker is away, the sweep will."""
    from payments.tasks import run_errand

    name = next(name for name, (of, _) in STEPS.items() if of is model)
    try:
        run_errand.apply_async((name, str(pk)), expires=60)
    except (kombu.exceptions.OperationalError, OSError) as error:
        log.warning("%s %s not queued (%s); the sweep will", name, pk, type(error).__name__)


def run(name: str, pk: Any) -> None:
    """Run the step of a row."""
    STEPS[name][1](pk)


def due(name: str, now: datetime) -> list[Any]:
    """The rows whose time has come, leased to the caller."""
    model = STEPS[name][0]
    rows = model._default_manager.filter(next_step_at__lte=now).order_by("next_step_at")
    found = []
    for pk, at in list(rows.values_list("pk", "next_step_at")[:BATCH]):
        if model._default_manager.filter(pk=pk, next_step_at=at).update(next_step_at=now + LEASE):
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
