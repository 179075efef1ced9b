"""The steps with a trial: beside the rules in force, by turns with them, in force, and back. Each calls one service."""

from datetime import datetime

from accounts.models import User
from backoffice.fields import WholeNumber
from backoffice.steps import Step, WhyForm
from insights.sandbox.adopting import adopt, is_in_force, undo_adoption
from insights.sandbox.choosing import shadowed
from insights.sandbox.models import Trial
from insights.sandbox.shadows import begin_shadow, end_shadow
from insights.sandbox.states import TrialStatus
from insights.sandbox.switchbacks import DAYS_MAX, DAYS_MIN, begin_switchback, stop_switchback

DAYS_USUAL = 14


class SwitchForm(WhyForm):
    """Asks for the days of a switchback and a reason."""

    told = ("days",)
    days = WholeNumber(
        min_value=DAYS_MIN,
        max_value=DAYS_MAX,
        initial=DAYS_USUAL,
        help_text=f"Whole days, {DAYS_MIN} to {DAYS_MAX}, from the next midnight on. A week shows great effects only.",
    )
    field_order = ("days", "reason")


def _has_shadow(trial: Trial) -> bool:
    return trial.shadows.filter(ended_at=None).exists()


def _has_switchback(trial: Trial) -> bool:
    return trial.switchbacks.filter(ended_at=None).exists()


def _is_usable(trial: Trial) -> bool:
    return trial.status == TrialStatus.DONE and bool(trial.changes)


def _is_adopted(trial: Trial) -> bool:
    return trial.policy is not None and is_in_force(trial.policy)


def _begin_shadow(trial: Trial, actor: User, reason: str, now: datetime) -> None:
    begin_shadow(trial, actor=actor, reason=reason, now=now)


def _end_shadow(trial: Trial, actor: User, reason: str, now: datetime) -> None:
    end_shadow(trial, now=now)


def _begin_switchback(trial: Trial, actor: User, reason: str, now: datetime, days: int) -> None:
    begin_switchback(trial, length_days=days, actor=actor, reason=reason, now=now)


def _stop_switchback(trial: Trial, actor: User, reason: str, now: datetime) -> None:
    stop_switchback(trial, actor=actor, reason=reason, now=now)


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
SWITCHBACK = Step(
    "switchback",
    "Take turns",
    _begin_switchback,
    "From the next midnight on, its rules and those in force take turns by the half hour, in an order that is drawn. "
    "Each turn is a version of the policy. It ends by itself after its days, if the policy is changed, or if many more "
    "requests stay unmatched.",
    fits=lambda trial: _is_usable(trial) and not _has_switchback(trial),
    icon="swap_horiz",
    asks=SwitchForm,
)
STOP_SWITCHBACK = Step(
    "stop_switchback",
    "Stop the turns",
    _stop_switchback,
    "The rules from before are in force from now on. What was counted stays.",
    fits=_has_switchback,
    icon="stop_circle",
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
STEPS = (SHADOW, END_SHADOW, SWITCHBACK, STOP_SWITCHBACK, ADOPT, UNDO)
