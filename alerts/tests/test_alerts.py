"""Alerts: how they open, are acknowledged, silenced and escalated, and resolve."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from alerts import services
from alerts.models import Alert, AlertNotice
from alerts.rules import BY_NAME
from alerts.services import acknowledge, fire, resolve, silence, sweep_times
from alerts.states import AlertStatus, Channel, Told
from core.errors import Conflict
from tests.cast import Clock, fresh, unchanged

RULE = BY_NAME["RequestsWithoutPartners"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _told(settings: Settings) -> None:
    settings.ALERT_MAIL_TO = ["ops@cheers.test"]
    settings.ALERT_ESCALATION_MAIL_TO = ["boss@cheers.test"]


@pytest.fixture
def alert(clock: Clock) -> Alert:
    assert fire(RULE, "nyc", 3, now=clock.now)
    return Alert.objects.get()


def notices() -> list[tuple[str, str]]:
    """The notices with their channels, in order."""
    return list(AlertNotice.objects.order_by("id").values_list("told", "channel"))


def steps(alert: Alert) -> list[str]:
    return [step.new for step in alert.transitions.order_by("id")]


def test_an_alert_fires_and_is_told(alert: Alert) -> None:
    assert (alert.status, alert.severity, alert.value, alert.limit) == (AlertStatus.FIRING, "page", 3, 0)
    assert notices() == [(Told.FIRED, Channel.MAIL)]
    assert steps(alert) == [AlertStatus.FIRING]


def test_one_alert_is_open_for_a_rule_and_a_scope(alert: Alert, clock: Clock) -> None:
    with unchanged():
        assert not fire(RULE, "nyc", 7, now=clock.advance(5))
    assert fire(RULE, "berlin", 7, now=clock.now)
    assert fire(BY_NAME["TasksWait"], "nyc", 7, now=clock.now)
    with pytest.raises(IntegrityError, match=r"(?i)unique|alert_one_open"), transaction.atomic():
        Alert.objects.filter(scope="berlin").update(scope="nyc")


def test_of_two_sweeps_one_opens_it(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one has looked before the first wrote."""
    assert fire(RULE, "nyc", 3, now=clock.now)
    monkeypatch.setattr(services, "OPEN", [])
    with unchanged():
        assert not fire(RULE, "nyc", 3, now=clock.now)


def test_it_resolves_and_that_is_told(alert: Alert, clock: Clock) -> None:
    resolve(alert, now=clock.advance(60))
    assert (fresh(alert).status, fresh(alert).resolved_at) == (AlertStatus.RESOLVED, clock.now)
    assert notices() == [(Told.FIRED, Channel.MAIL), (Told.RESOLVED, Channel.MAIL)]
    with unchanged():
        resolve(alert, now=clock.advance(5))
    assert fire(RULE, "nyc", 1, now=clock.now)


def test_nobody_answers(alert: Alert, clock: Clock) -> None:
    clock.advance(settings.ALERT_ESCALATE_AFTER_S - 1)
    with unchanged():
        sweep_times(clock.now)
    sweep_times(clock.advance(1))
    assert fresh(alert).status == AlertStatus.ESCALATED
    assert notices()[1:] == [(Told.ESCALATED, Channel.MAIL), (Told.ESCALATED, Channel.ESCALATION)]
    with unchanged():
        sweep_times(clock.advance(5))


def test_an_alert_that_is_acknowledged_is_not_escalated(alert: Alert, staff: User, clock: Clock) -> None:
    acknowledge(alert, actor=staff, reason="on it", now=clock.now)
    assert fresh(alert).status == AlertStatus.ACKNOWLEDGED
    last = alert.transitions.last()
    assert last is not None
    assert (last.actor, last.reason) == (staff, "on it")
    with unchanged():
        sweep_times(clock.advance(settings.ALERT_ESCALATE_AFTER_S + 1))
        with pytest.raises(Conflict):
            acknowledge(alert, actor=staff, now=clock.now)


def test_a_silence_ends(alert: Alert, staff: User, clock: Clock) -> None:
    silence(alert, actor=staff, reason="known", now=clock.now)
    with unchanged():
        sweep_times(clock.advance(settings.ALERT_SILENCE_S - 1))
    sweep_times(clock.advance(1))
    assert steps(alert) == [AlertStatus.FIRING, AlertStatus.SILENCED, AlertStatus.FIRING]
    assert notices() == [(Told.FIRED, Channel.MAIL)] * 2
    sweep_times(clock.advance(settings.ALERT_ESCALATE_AFTER_S))
    assert fresh(alert).status == AlertStatus.ESCALATED


def test_a_silence_outlives_the_alert(alert: Alert, staff: User, clock: Clock) -> None:
    silence(alert, actor=staff, now=clock.now)
    resolve(alert, now=clock.advance(60))
    assert fire(RULE, "nyc", 2, now=clock.advance(60))
    again = Alert.objects.exclude(pk=alert.pk).get()
    assert (again.status, again.silenced_until) == (AlertStatus.SILENCED, fresh(alert).silenced_until)
    assert notices() == [(Told.FIRED, Channel.MAIL)]
    resolve(again, now=clock.now)
    assert fire(RULE, "nyc", 2, now=clock.advance(settings.ALERT_SILENCE_S))
    assert notices() == [(Told.FIRED, Channel.MAIL)] * 2


@pytest.mark.parametrize("step", [acknowledge, silence])
def test_what_is_over_takes_no_step(alert: Alert, staff: User, clock: Clock, step: Any) -> None:
    resolve(alert, now=clock.now)
    with unchanged(), pytest.raises(Conflict):
        step(alert, actor=staff, now=clock.now)


@pytest.mark.parametrize(
    "broken",
    [
        {"status": "odd"},
        {"severity": "odd"},
        {"status": AlertStatus.SILENCED, "escalate_at": None},
        {"status": AlertStatus.RESOLVED, "escalate_at": None},
        {"resolved_at": timezone.now()},
        {"status": AlertStatus.ACKNOWLEDGED},
    ],
)
def test_the_database_refuses_an_impossible_alert(alert: Alert, broken: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Alert.objects.filter(pk=alert.pk).update(**broken)


def test_without_channels_nothing_is_told(clock: Clock, settings: Settings) -> None:
    settings.ALERT_MAIL_TO = settings.ALERT_ESCALATION_MAIL_TO = []
    assert fire(RULE, "nyc", 3, now=clock.now)
    sweep_times(clock.advance(settings.ALERT_ESCALATE_AFTER_S))
    assert notices() == []
    assert Alert.objects.get().fired_at == clock.now - timedelta(seconds=settings.ALERT_ESCALATE_AFTER_S)
