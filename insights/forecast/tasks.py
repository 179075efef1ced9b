"""The forecast's jobs, as Celery tasks."""

from uuid import UUID

from celery import shared_task

from insights.forecast import services


@shared_task(name="train_forecast")
def train_forecast(region_id: str) -> None:
    """Train a region's forecast. Safe to run twice: a lease keeps a second one from starting."""
    services.train_forecast(UUID(region_id))


@shared_task(name="refresh_forecast")
def refresh_forecast(region_id: str) -> None:
    """Forecast a region anew. Safe to run twice: a lease keeps a second one from starting."""
    services.refresh_forecast(UUID(region_id))
