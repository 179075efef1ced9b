"""Celery tasks about payments. Each is a hint: the rows say what is to be done."""

from uuid import UUID

from celery import shared_task

from core import clock
from payments.books.counted_days import count_days
from payments.books.dunning import dun
from payments.operations import Operation
from payments.provider.reconcile import reconcile_today
from payments.provider.steps import execute


@shared_task(name="run_operation")
def run_operation(kind: str, row_id: str) -> None:
    """Run the next step of a row. Safe to run twice, simultaneously, or after a crash at any line."""
    execute(Operation(kind), row_id)


@shared_task(name="remind_of_payment")
def remind_of_payment(payment_id: str) -> None:
    """Remind a user of what they owe, or give it up. Safe to run twice: it acts only while that is due."""
    dun(UUID(payment_id))


@shared_task(name="reconcile_payments")
def reconcile_payments() -> None:
    """Compare with the provider's list, once a day however often the task is enqueued."""
    reconcile_today()


@shared_task(name="count_days")
def count_days_of_books() -> None:
    """Add up the days of the ledger that are over. Safe to run twice, also simultaneously."""
    count_days(clock.now())
