"""Celery tasks about payments. Each is a hint: the rows say what is to be done."""

from celery import shared_task

from payments.operations import Operation
from payments.provider.reconcile import reconcile_today
from payments.provider.steps import execute


@shared_task(name="run_operation")
def run_operation(kind: str, row_id: str) -> None:
    """Run the next step of a row. Safe to run twice, simultaneously, or after a crash at any line."""
    execute(Operation(kind), row_id)


@shared_task(name="reconcile_payments")
def reconcile_payments() -> None:
    """Compare with the provider's list, once a day however often the task is enqueued."""
    reconcile_today()
