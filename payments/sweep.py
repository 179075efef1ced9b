"""The sweep's passes about money. They only enqueue: calls to the provider may take seconds, and workers make them."""

from datetime import datetime, timedelta

from django.conf import settings

from core.jobs import enqueue
from payments.configuration import enabled
from payments.models import ProviderEvent, Reconciliation
from payments.operations import Operation

FORGET_BATCH = 500  # rows a pass


def sweep_operations(now: datetime) -> None:
    """Enqueue the next step of every row that is due."""
    if not enabled():
        return
    for operation in Operation:
        operation.rows.enqueue_due(now)


def forget_events(now: datetime) -> None:
    """Empty the events acted on long ago: their details of cards and addresses are no longer needed.

    The row stays, so that an event which comes again is still known.
    """
    old = ProviderEvent.objects.filter(
        received_at__lt=now - timedelta(days=settings.PROVIDER_EVENTS_KEPT_DAYS), next_step_at=None
    ).exclude(payload={})
    batch = list(old.order_by("received_at").values_list("pk", flat=True)[:FORGET_BATCH])
    ProviderEvent.objects.filter(pk__in=batch).update(payload={})


def sweep_reconciliation(now: datetime) -> None:
    """Enqueue the daily comparison with the provider's list, unless it has been made."""
    if enabled() and not Reconciliation.objects.filter(day=now.date(), finished_at__isnull=False).exists():
        enqueue("reconcile_payments", expires_s=60)
