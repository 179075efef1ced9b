"""Runs trials: a worker has each replayed in a process of its own, and keeps the result."""

import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from core import clock
from core.failures import code_of
from core.jobs import retry_delay
from insights.sandbox.jobs import TRIALS
from insights.sandbox.models import Trial
from insights.sandbox.replaying import Refused, Result, replayed
from insights.sandbox.states import Failure, Stage, TrialStatus

log = logging.getLogger(__name__)

TRIES_MAX = 3
Replayed = Callable[[UUID, Callable[[Stage], None]], Result]


def run_trial(trial_id: UUID, *, replay: Replayed = replayed) -> None:
    """Run a trial and keep its result. Safe to run twice: a lease keeps a second one from starting.

    A worker that dies, or a replay that breaks, is tried again, `TRIES_MAX` times in all.
    """
    with TRIALS.leased(trial_id) as mine:
        if not mine:
            return
        running = _open(trial_id)
        running.update(status=TrialStatus.RUNNING, stage="", tries=F("tries") + 1)
        trial = Trial.objects.get(pk=trial_id)
        if trial.tries > TRIES_MAX:
            _fail(trial_id, Failure.BROKE)
            return
        try:
            result = replay(trial_id, lambda stage: _tell(trial_id, stage))
        except Refused as refused:
            _fail(trial_id, refused.failure)
        except Exception as error:
            log.exception("trial %s was not run", trial_id)
            if trial.tries < TRIES_MAX:
                TRIALS.failed(trial_id, code_of(error), clock.now() + retry_delay(trial.tries))
            else:
                _fail(trial_id, Failure.BROKE)
        else:
            _end(trial_id, TrialStatus.DONE, result=result)


def _open(trial_id: UUID) -> Any:
    return Trial.objects.filter(pk=trial_id, due_at__isnull=False)


def _tell(trial_id: UUID, stage: Stage) -> None:
    _open(trial_id).update(stage=stage)


def _end(trial_id: UUID, status: TrialStatus, **changes: Any) -> bool:
    """Return whether this try is the one that ends the trial; another worker's may have been first."""
    return bool(_open(trial_id).update(status=status, due_at=None, stage="", ended_at=clock.now(), **changes))


def _fail(trial_id: UUID, failure: Failure) -> None:
    with transaction.atomic():
        if _end(trial_id, TrialStatus.FAILED, failure=failure) and failure == Failure.BROKE:
            TRIALS.given_up(trial_id, "too_many_tries")
