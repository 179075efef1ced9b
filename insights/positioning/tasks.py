"""The job that advises partners, as a Celery task."""

from uuid import UUID

from celery import shared_task

from insights.positioning import services


@shared_task(name="advise_partners")
def advise_partners(region_id: str) -> None:
    """Advise the free partners of a region. Safe to run twice: a lease keeps a second one from starting."""
    services.advise_region(UUID(region_id))
