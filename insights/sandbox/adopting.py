"""Puts the rules of a trial in force, and undoes that: each is a version of the region's policy."""

from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from core.errors import Conflict
from insights.sandbox.conditions import check_changes
from insights.sandbox.models import Switchback, Trial
from insights.sandbox.states import TrialStatus
from regions.models import Region
from regions.policies import HOW_IT_MATCHES, Policy
from regions.services import change_policy

NOT_DONE = "The trial has no result yet."
NOTHING_CHANGED = "The trial changes no rules; the number of partners can't be put in force."
SWITCHING = "Rules take turns in this region: stop the switchback first."
OTHERS_IN_FORCE = "Other rules are in force by now. Bring back the version that you want."


def adopt(trial: Trial, *, actor: AbstractBaseUser, reason: str, now: datetime) -> Policy:
    """Put what a trial changes in force, as a new version of the region's policy.

    Raises: `Conflict` (`wrong_state`) without a result, without changes, or while a switchback runs; `Invalid` if its
        rules do not go together with those in force by now.
    """
    with transaction.atomic():
        trial = Trial.objects.select_for_update(no_key=True, of=("self",)).select_related("region").get(pk=trial.pk)
        require_usable(trial)
        require_no_switchback(trial.region)
        check_changes(trial.region, trial.changes, now=now)
        policy = change_policy(trial.region, actor=actor, reason=reason, now=now, **trial.changes)
        Trial.objects.filter(pk=trial.pk).update(policy=policy)
    return policy


def undo_adoption(trial: Trial, *, actor: AbstractBaseUser, reason: str, now: datetime) -> Policy:
    """Put in force what the policy before that of a trial says of matching and hours. The intake stays as it is.

    Raises: `Conflict` (`wrong_state`) if the trial was not put in force, `state_changed` if other rules are by now.
    """
    with transaction.atomic():
        trial = (
            Trial.objects.select_for_update(no_key=True, of=("self",))
            .select_related("region", "policy")
            .get(pk=trial.pk)
        )
        if trial.policy is None or not is_in_force(trial.policy):
            raise Conflict("state_changed", OTHERS_IN_FORCE)
        before = Policy.objects.filter(region=trial.region, version=trial.policy.version - 1).first()
        return change_policy(trial.region, actor=actor, reason=reason, now=now, **said_by(before))


def said_by(policy: Policy | None) -> dict[str, Any]:
    """Return what a policy says of matching and hours; of None, what a region without any has."""
    said = policy or Policy(version=0)
    return {name: getattr(said, name) for name in HOW_IT_MATCHES}


def is_in_force(policy: Policy) -> bool:
    """Whether a region matches by what a policy says, be it by a later version that says the same."""
    return said_by(newest_of(policy.region_id)) == said_by(policy)


def newest_of(region_id: Any) -> Policy | None:
    """Return the policy in force as the database has it, not as this process has read it lately."""
    return Policy.objects.filter(region=region_id).order_by("-version").first()


def require_usable(trial: Trial) -> None:
    """Raise `Conflict` (`wrong_state`) unless a trial has a result, and changes rules."""
    if trial.status != TrialStatus.DONE:
        raise Conflict("wrong_state", NOT_DONE)
    if not trial.changes:
        raise Conflict("wrong_state", NOTHING_CHANGED)


def require_no_switchback(region: Region) -> None:
    """Raise `Conflict` (`wrong_state`) while a switchback runs in a region, or waits for its first day."""
    if Switchback.objects.filter(region=region, ended_at=None).exists():
        raise Conflict("wrong_state", SWITCHING)
