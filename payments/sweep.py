"""The sweep's passes about money. They only enqueue: calls to the provider may take seconds, and workers make them."""

from datetime import datetime

from core.jobs import enqueue
from payments.books.counted_days import is_due
from payments.books.dunning import REMINDERS
from payments.configuration import enabled
from payments.models import Reconciliation
from payments.operations import Operation


def sweep_operations(now: datetime) -> None:
    """Enqueue the next step of every row that is due."""
    if not enabled():
        return
    for operation in Operation:
        operation.rows.enqueue_due(now)


def sweep_reminders(now: datetime) -> None:
    """Enqueue the payments whose user is to be reminded, or which are to be given up."""
    REMINDERS.enqueue_due(now)


def sweep_reconciliation(now: datetime) -> None:
    """Enqueue the daily comparison with the provider's list, unless it has been made."""
    if enabled() and not Reconciliation.objects.filter(day=now.date(), finished_at__isnull=False).exists():
        enqueue("reconcile_payments", expires_s=60)


def sweep_books(now: datetime) -> None:
    """Enqueue the counting of the days that are over, unless they have been counted."""
    if is_due(now):
        enqueue("count_days", expires_s=60)
