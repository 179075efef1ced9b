"""Tasks about rides."""

from uuid import UUID

from celery import shared_task

from rides.mails import send_receipt


@shared_task(name="mail_receipt")
def mail_receipt(ride_id: str) -> None:
    """Mail a ride's receipt. Safe to run twice: it is sent only while it is due."""
    send_receipt(UUID(ride_id))
