"""Tasks about people's data."""

from uuid import UUID

from celery import shared_task

from web.privacy.making import make_export


@shared_task(name="make_export")
def make(export_id: str) -> None:
    """Make the file with an account's data. Safe to run twice: each try writes a file of its own, and one is kept."""
    make_export(UUID(export_id))
