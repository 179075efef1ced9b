"""Tasks about accounts."""

from uuid import UUID

from celery import shared_task

from accounts.deferred_mails import send_deferred


@shared_task(name="send_mail")
def send_mail(mail_id: str) -> None:
    """Send a deferred mail. Safe to run twice: it is sent only while it is due."""
    send_deferred(UUID(mail_id))
