"""The steps of alerts: by the evaluator, by time and by staff. Each is safe to run twice, and concurrently."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from alerts.models import Alert, AlertNotice
from alerts.notices import channels_of
from alerts.rules import Rule
from alerts.states import OPEN, AlertStatus, Told
from core.errors import Conflict

CAUSE_GONE = "its cause has gone"
STILL_SILENCED = "it was silenced when it fired before"
SILENCE_OVER = "the silence is over"


def fire(rule: Rule, scope: str, value: float, *, region_id: Any = None, now: datetime) -> bool:
    """Open an alert and have it told; returns False if one is open for this rule and scope.

    If a silence of the one before has not ended, the new one is silenced until then.
    """
    alert = Alert(
        rule=rule.name,
        scope=scope,
        region_id=region_id,
        severity=rule.severity,
        value=value,
        limit=rule.expression.limit,
        fired_at=now,
        escalate_at=now + timedelta(seconds=settings.ALERT_ESCALATE_AFTER_S),
    )
    if Alert.objects.filter(rule=rule.name, scope=scope, status__in=OPEN).exists():
        return False
    silenced = Alert.objects.filter(rule=rule.name, scope=scope, silenced_until__gt=now).order_by("-fired_at").first()
    with transaction.atomic():
        Alert.objects.bulk_create([alert], ignore_conflicts=True)  # alert_one_open_per_rule_and_scope
        if not Alert.objects.filter(pk=alert.pk).exists():
            return False
        Alert.history.objects.create(subject_id=alert.pk, old="", new=AlertStatus.FIRING, at=now)
        if silenced is not None:
            until = silenced.silenced_until
            _silence(alert, until, actor=None, reason=STILL_SILENCED, now=now)
        else:
            _tell(alert, Told.FIRED, now=now)
    return True


def resolve(alert: Alert, *, now: datetime) -> None:
    """Close an alert whose cause has gone. Those who were told that it fires are told."""
    with transaction.atomic():
        locked = Alert.objects.select_for_update(no_key=True).get(pk=alert.pk)
        if locked.status == AlertStatus.RESOLVED:
            return
        was_silenced = locked.status == AlertStatus.SILENCED
        locked.move(AlertStatus.RESOLVED, actor=None, at=now, reason=CAUSE_GONE, resolved_at=now, escalate_at=None)
        if not was_silenced:
            _tell(locked, Told.RESOLVED, now=now)


def sweep_times(now: datetime) -> None:
    """Escalate alerts that nobody has acknowledged in time, and end silences."""
    for alert in Alert.objects.filter(status=AlertStatus.FIRING, escalate_at__lte=now):
        _unless_changed(_escalate, alert, now)
    for alert in Alert.objects.filter(status=AlertStatus.SILENCED, silenced_until__lte=now):
        _unless_changed(_end_silence, alert, now)


def _unless_changed(step: Any, alert: Alert, now: datetime) -> None:
    try:
        with transaction.atomic():
            step(alert, now)
    except Conflict:  # another sweep, or a person, was first
        return


def _escalate(alert: Alert, now: datetime) -> None:
    alert.move(AlertStatus.ESCALATED, actor=None, at=now, reason="nobody has acknowledged it", escalate_at=None)
    _tell(alert, Told.ESCALATED, now=now)


def _end_silence(alert: Alert, now: datetime) -> None:
    until = now + timedelta(seconds=settings.ALERT_ESCALATE_AFTER_S)
    alert.move(AlertStatus.FIRING, actor=None, at=now, reason=SILENCE_OVER, silenced_until=None, escalate_at=until)
    _tell(alert, Told.FIRED, now=now)


def acknowledge(alert: Alert, *, actor: AbstractBaseUser, reason: str = "", now: datetime) -> None:
    """Note that a member of staff deals with it: it is not escalated any more. Raises `Conflict`."""
    with transaction.atomic():
        locked = Alert.objects.select_for_update(no_key=True).get(pk=alert.pk)
        locked.move(AlertStatus.ACKNOWLEDGED, actor=actor, at=now, reason=reason, escalate_at=None)


def silence(alert: Alert, *, actor: AbstractBaseUser, reason: str = "", now: datetime) -> None:
    """Tell nothing about it for `ALERT_SILENCE_S`, even if it fires again meanwhile. Raises `Conflict`."""
    until = now + timedelta(seconds=settings.ALERT_SILENCE_S)
    with transaction.atomic():
        locked = Alert.objects.select_for_update(no_key=True).get(pk=alert.pk)
        _silence(locked, until, actor=actor, reason=reason, now=now)


def _silence(
    alert: Alert, until: datetime | None, *, actor: AbstractBaseUser | None, reason: str, now: datetime
) -> None:
    alert.move(AlertStatus.SILENCED, actor=actor, at=now, reason=reason, silenced_until=until, escalate_at=None)


def _tell(alert: Alert, told: Told, *, now: datetime) -> None:
    """Write what is to be sent about a step, with the step."""
    AlertNotice.objects.bulk_create(
        AlertNotice(alert=alert, told=told, channel=channel, created_at=now, due_at=now)
        for channel in channels_of(told)
    )
