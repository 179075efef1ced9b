"""Mails sent by a worker, outside the call that caused them."""

from uuid import UUID

from celery import shared_task
from django.conf import settings

from accounts.mails import send_to
from accounts.models import Partner
from core.jobs import enqueue_on_commit

MAIL_EXPIRES_S = 24 * 3600.0


@shared_task(name="mail_decision")
def mail_decision(partner_id: str, decision: str) -> None:
    """Mail an applicant the decision on their application, unless it has changed since."""
    partner = Partner.objects.select_related("user").filter(pk=UUID(partner_id), application=decision).first()
    if partner is not None and partner.user.is_active:
        context = {"name": partner.name, "site": settings.SITE_URL}
        send_to(partner.user, f"account/email/application_{decision}", context)


def mail_on_commit(task: str, *arguments: str) -> None:
    """Enqueue a mail task by name when this transaction commits. Best effort: the pages show the same."""
    enqueue_on_commit(task, *arguments, expires_s=MAIL_EXPIRES_S)
