"""The steps with a trial: beside the rules in force, in force, and back. Each calls one service."""

from datetime import datetime

from accounts.models import User
from backoffice.steps import Step, WhyForm
from insights.sandbox.adopting import adopt, is_in_force, undo_adoption
from insights.sandbox.choosing import shadowed
from insights.sandbox.models import Trial
from insights.sandbox.shadows import begin_shadow, end_shadow
from insights.sandbox.states import TrialStatus


def _has_shadow(trial: Trial) -> bool:
    return trial.shadows.filter(ended_at=None).exists()


def _is_usable(trial: Trial) -> bool:
    return trial.status == TrialStatus.DONE and bool(trial.changes)


def _is_adopted(trial: Trial) -> bool:
    return trial.policy is not None and is_in_force(trial.policy)


def _begin_shadow(trial: Trial, actor: User, reason: str, now: datetime) -> None:
    begin_shadow(trial, actor=actor, reason=reason, now=now)


def _end_shadow(trial: Trial, actor: User, reason: str, now: datetime) -> None:
    end_shadow(trial, now=now)


def _adopt(trial: Trial, actor: User, reason: str, now: datetime) -> str:
    return f"Version {adopt(trial, actor=actor, reason=reason, now=now).version} is in force."


def _undo(trial: Trial, actor: User, reason: str, now: datetime) -> str:
    version = undo_adoption(trial, actor=actor, reason=reason, now=now).version
    return f"Version {version} is in force, which matches as before."


SHADOW = Step(
    "shadow",
    "Shadow",
    _begin_shadow,
    "From now on its rules decide beside those in force, a minute later, from the records of decisions. Nothing "
    "changes for anybody. Only rules of a shortage and of waiting can be judged that way.",
    fits=lambda trial: _is_usable(trial) and bool(shadowed(trial.changes)) and not _has_shadow(trial),
    icon="visibility",
    asks=WhyForm,
)
END_SHADOW = Step(
    "end_shadow",
    "End the shadow",
    _end_shadow,
    "What it has found stays.",
    fits=_has_shadow,
    icon="visibility_off",
    asks=WhyForm,
)
ADOPT = Step(
    "adopt",
    "Put in force",
    _adopt,
    "From now on, a new version of the region's policy says what the trial changes. One step brings back the others.",
    fits=lambda trial: _is_usable(trial) and not _is_adopted(trial),
    icon="check_circle",
    asks=WhyForm,
)
UNDO = Step(
    "undo",
    "Undo",
    _undo,
    "A new version matches as the one before this trial's. The intake stays as it is.",
    fits=_is_adopted,
    icon="undo",
    asks=WhyForm,
)
STEPS = (SHADOW, END_SHADOW, ADOPT, UNDO)
