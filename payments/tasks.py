"""Errands to the payment provider, as Celery tasks. Each is a hint: the rows say what is to be done."""

from celery import shared_task

# Imported for their steps, which register themselves.
from payments import errands, events, payouts, refunds, steps
from payments.reconcile import reconcile_today

REGISTERED = (events, payouts, refunds, steps)


@shared_task(name="run_errand")
def run_errand(name: str, row_id: str) -> None:
    """Do what is next about a row. Safe to run twice, at once, or after a crash at any line."""
    errands.run(name, row_id)


@shared_task(name="reconcile_payments")
def reconcile_payments() -> None:
    """The daily comparison with the provider's list; once a day, however often it is asked for."""
    reconcile_today()
