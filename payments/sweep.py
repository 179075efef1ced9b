"""What is due about money. The sweep only queues: calls to the provider may take seconds, and are the workers'."""

from datetime import datetime, timedelta

from django.conf import settings

from core.jobs import enqueue
from payments import errands, events, payouts, refunds, steps
from payments.gateway import enabled
from payments.models import ProviderEvent, Reconciliation

# Imported for the steps that they register.
STEPS_OF = (events, payouts, refunds, steps)
FORGET_BATCH = 500  # rows a pass


def sweep_errands(now: datetime) -> None:
    """Queue the step of every row whose time has come."""
    if not enabled():
        return
    for name, (model, _) in errands.STEPS.items():
        for pk in errands.due(name, now):
            errands.send(model, pk)


def forget_events(now: datetime) -> None:
    """Empty the events that have been acted on long ago: whose cards and addresses they told is no longer needed.

    The row stays, so that an event which comes again is still known.
    """
    old = ProviderEvent.objects.filter(
        received_at__lt=now - timedelta(days=settings.PROVIDER_EVENTS_KEPT_DAYS), next_step_at=None
    ).exclude(payload={})
    batch = list(old.order_by("received_at").values_list("pk", flat=True)[:FORGET_BATCH])
    ProviderEvent.objects.filter(pk__in=batch).update(payload={})


def sweep_reconciliation(now: datetime) -> None:
    """Queue the daily comparison with the provider's list, unless it has been made."""
    if enabled() and not Reconciliation.objects.filter(day=now.date(), finished_at__isnull=False).exists():
        enqueue("reconcile_payments", expires_s=60)
