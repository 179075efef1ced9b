"""The task that counts. It is a hint: a row says when it is due."""

from celery import shared_task

from insights.facts.services import count_due


@shared_task(name="count_facts")
def count_facts(name: str) -> None:
    """Count the facts of the hours that something was written about. Safe to run twice, also simultaneously."""
    count_due()
