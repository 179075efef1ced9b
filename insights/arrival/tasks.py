"""The job that learns arrival times, as a Celery task."""

from uuid import UUID

from celery import shared_task

from insights.arrival import services


@shared_task(name="learn_arrivals")
def learn_arrivals(region_id: str) -> None:
    """Learn the arrival times of a region. Safe to run twice: a lease keeps a second one from starting."""
    services.learn_arrivals(UUID(region_id))
