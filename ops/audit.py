"""The checks of every app, collected for `manage.py audit`."""

from datetime import datetime

from django.db import DEFAULT_DB_ALIAS

import accounts.audit
import alerts.audit
import api.audit
import backoffice.chain
import notifications.audit
import payments.audit
import payments.credit_audit
import payments.manual_audit
import payments.reconciling_audit
import payments.tax_audit
import regions.audit
import requests_app.audit
import rides.audit
import risk.audit
from backoffice.audit import Check, Checks, Result
from backoffice.constraints import unenforced_constraints

CHECKS = Checks()


@CHECKS
def declared_constraints_are_enforced(now: datetime) -> Result:
    """The database enforces every constraint that a model declares, for every row."""
    return unenforced_constraints(DEFAULT_DB_ALIAS)


def all_checks() -> list[Check]:
    """The checks of every app, starting with the lowest layer."""
    return [
        *CHECKS,
        *backoffice.chain.CHECKS,
        *api.audit.CHECKS,
        *notifications.audit.CHECKS,
        *regions.audit.CHECKS,
        *risk.audit.CHECKS,
        *alerts.audit.CHECKS,
        *accounts.audit.CHECKS,
        *payments.audit.CHECKS,
        *payments.manual_audit.CHECKS,
        *payments.credit_audit.CHECKS,
        *payments.tax_audit.CHECKS,
        *payments.reconciling_audit.CHECKS,
        *rides.audit.CHECKS,
        *requests_app.audit.CHECKS,
    ]
