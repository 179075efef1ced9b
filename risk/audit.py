"""Audit checks of flags."""

from backoffice.audit import Checks, add_history_checks
from risk.models import Flag

CHECKS = Checks()

add_history_checks(CHECKS, "flag", Flag, Flag.history, Flag.graph)
