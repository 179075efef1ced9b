"""Every app's checks of its own promises, gathered for `manage.py audit`."""

import accounts.audit
import api.audit
import notifications.audit
import payments.audit
import regions.audit
import requests_app.audit
import rides.audit
from backoffice.audit import Check


def all_checks() -> list[Check]:
    """Every app's checks, the lowest app's first."""
    return [
        *api.audit.CHECKS,
        *notifications.audit.CHECKS,
        *regions.audit.CHECKS,
        *accounts.audit.CHECKS,
        *payments.audit.CHECKS,
        *rides.audit.CHECKS,
        *requests_app.audit.CHECKS,
    ]
