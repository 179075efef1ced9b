"""Audit checks of alerts."""

from alerts.models import Alert
from backoffice.audit import Checks, add_history_checks

CHECKS = Checks()

add_history_checks(CHECKS, "alert", Alert, Alert.history, Alert.graph)
