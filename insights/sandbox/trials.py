"""Trials: what staff may ask for, and their asking."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from core.errors import Invalid
from insights.sandbox.conditions import check_changes, problem_of
from insights.sandbox.jobs import TRIALS
from insights.sandbox.models import Trial
from regions.models import Region

NOT_OVER = "This day is not over in the region."


def check_trial(region: Region, day: date, *, changes: Mapping[str, Any], partners: float, now: datetime) -> None:
    """Raise `Invalid`, with the field, unless this can be asked for."""
    if day >= now.astimezone(ZoneInfo(region.time_zone)).date():
        raise Invalid("invalid", NOT_OVER, "day")
    if problem := problem_of("partners", partners):
        raise Invalid("invalid", problem, "partners")
    check_changes(region, changes, now=now)


def ask_trial(
    region: Region,
    day: date,
    *,
    name: str,
    changes: Mapping[str, Any],
    author: AbstractBaseUser,
    now: datetime,
    partners: float = 1.0,
    seed: int = 1,
    reason: str = "",
) -> Trial:
    """Ask for a trial, which a worker then runs.

    Raises: `Invalid`, with the field, if the day is not over, or the values are out of their limits.
    """
    check_trial(region, day, changes=changes, partners=partners, now=now)
    with transaction.atomic():
        trial = Trial.objects.create(
            region=region,
            day=day,
            name=name,
            reason=reason,
            changes=dict(changes),
            partners=partners,
            seed=seed,
            author_id=author.pk,
            created_at=now,
            due_at=now,
        )
        TRIALS.enqueue_on_commit(trial.pk)
    return trial
