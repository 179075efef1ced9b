"""What is due about money. The sweep only queues: calls to the provider may take seconds, and are the workers'."""

from datetime import datetime

import kombu.exceptions

from payments import errands
from payments.gateway import enabled
from payments.models import Reconciliation


def sweep_errands(now: datetime) -> None:
    """Queue the step of every row whose time has come."""
    import payments.tasks  # noqa: F401  # registers the steps

    if not enabled():
        return
    for name, (model, _) in errands.STEPS.items():
        for pk in errands.due(name, now):
            errands.send(model, pk)


def sweep_reconciliation(now: datetime) -> None:
    """Queue the daily comparison with the provider's list, unless it has been made."""
    from payments.tasks import reconcile_payments

    if enabled() and not Reconciliation.objects.filter(day=now.date(), finished_at__isnull=False).exists():
        try:
            reconcile_payments.apply_async(expires=60)
        except (kombu.exceptions.OperationalError, OSError):
            return  # the next pass tries again
