"""Switchbacks: the rules from before and those of a trial take turns in a region, by versions of its policy.

`turning.py` takes the turns. Whatever staff put in force ends a switchback.
"""

from datetime import datetime
from secrets import randbelow
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from core.database import refused_as
from core.errors import Conflict
from insights.sandbox.adopting import newest_of, require_usable, said_by
from insights.sandbox.conditions import check_changes
from insights.sandbox.effect import Slot
from insights.sandbox.models import Switchback, Trial
from insights.sandbox.states import Arm, SwitchbackEnd
from insights.sandbox.turns import days
from regions.models import Region
from regions.services import change_policy

DAYS_MIN, DAYS_MAX = 1, 28
REASON_MAX_CHARS = 200

ONE_ALREADY = "Rules take turns in this region already. Stop that first."
ENDED = "No switchback of this trial runs."


def begin_switchback(
    trial: Trial, *, length_days: int, actor: AbstractBaseUser, reason: str, now: datetime, seed: int | None = None
) -> Switchback:
    """Let the rules in force and those of a trial take turns for so many whole days, from the next midnight on.

    Raises: `Conflict` (`wrong_state`) without a result, without changes, or if another one runs there; `Invalid` if
        the trial's rules do not go together with those in force by now.
    """
    require_usable(trial)
    region = trial.region
    check_changes(region, trial.changes, now=now)
    begins_at, ends_at = days(now, length_days, zone_of(region))
    said = said_by(newest_of(region.pk))
    with refused_as({"switchback_one_of_a_region": Conflict("wrong_state", ONE_ALREADY)}), transaction.atomic():
        return Switchback.objects.create(
            trial=trial,
            region=region,
            author_id=actor.pk,
            reason=reason,
            created_at=now,
            begins_at=begins_at,
            ends_at=ends_at,
            seed=randbelow(2**31) if seed is None else seed,
            before={name: said[name] for name in trial.changes},
            due_at=begins_at,
        )


def stop_switchback(trial: Trial, *, actor: AbstractBaseUser, reason: str, now: datetime) -> None:
    """End the switchback of a trial, and put the rules from before in force.

    Raises `Conflict` (`wrong_state`) if none runs.
    """
    with transaction.atomic():
        running = Switchback.objects.filter(trial=trial, ended_at=None)
        switchback = running.select_for_update(no_key=True, of=("self",)).select_related("region").first()
        if switchback is None:
            raise Conflict("wrong_state", ENDED)
        end_switchback(switchback, SwitchbackEnd.STOPPED, actor=actor, reason=reason, now=now)


def slots_of(switchback: Switchback) -> list[Slot]:
    """Return the half hours of a switchback in their order, as its analysis takes them."""
    columns = ("day", "number", "arm", "requests", "unmatched", "served", "waited_s")
    return [Slot(*row) for row in switchback.slots.order_by("starts_at").values_list(*columns)]


def end_switchback(
    switchback: Switchback, end: SwitchbackEnd, *, actor: AbstractBaseUser, reason: str, now: datetime
) -> None:
    """End a locked switchback. The rules from before are put in force, unless staff have put others."""
    last = switchback.slots.order_by("-starts_at").first()
    if last is not None and last.arm == Arm.TRIED and end != SwitchbackEnd.CHANGED:
        said = f"Switchback: {str(end.label).lower()}. {reason}"[:REASON_MAX_CHARS]
        change_policy(switchback.region, actor=actor, reason=said, now=now, **switchback.before)
    Switchback.objects.filter(pk=switchback.pk).update(ended_at=now, due_at=None, end=end)


def zone_of(region: Region) -> ZoneInfo:
    """Return the time zone of a region."""
    return ZoneInfo(region.time_zone)
