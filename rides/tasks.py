"""Tasks about rides."""

from uuid import UUID

from celery import shared_task

from rides.mails import send_changed_receipt, send_receipt


@shared_task(name="mail_receipt")
def mail_receipt(ride_id: str) -> None:
    """Mail a ride's bill. Safe to run twice: it is sent only while it is due."""
    send_receipt(UUID(ride_id))


@shared_task(name="mail_changed_receipt")
def mail_changed_receipt(payment_id: str) -> None:
    """Mail a ride's bill again because a payment of it has changed. Safe to run twice, as above."""
    send_changed_receipt(UUID(payment_id))
