"""Scenes with alerts that other apps' tests share."""

from django.utils import timezone

from accounts.models import User
from alerts.models import Alert
from alerts.rules import BY_NAME
from alerts.services import acknowledge, fire


def make_alert(staff: User | None = None) -> Alert:
    """An alert that fires, and with `staff`, that they have acknowledged."""
    assert fire(BY_NAME["NoWorker"], "", 0, now=timezone.now())
    alert = Alert.objects.latest("fired_at")
    if staff is not None:
        acknowledge(alert, actor=staff, now=timezone.now())
    return alert
