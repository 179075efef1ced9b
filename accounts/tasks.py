"""Mails that are sent apart from the call that caused them."""

import logging
from uuid import UUID

import kombu.exceptions
from celery import shared_task
from django.conf import settings
from django.db import transaction

from accounts.mails import send_to
from accounts.models import Partner
from speedycheers import valkey

log = logging.getLogger(__name__)


@shared_task(name="mail_decision")
def mail_decision(partner_id: str, decision: str) -> None:
    """Write to an applicant how their application was decided, unless that has changed meanwhile."""
    partner = Partner.objects.select_related("user").filter(pk=UUID(partner_id), application=decision).first()
    if partner is not None and partner.user.is_active:
        context = {"name": partner.name, "site": settings.SITE_URL}
        send_to(partner.user, f"account/email/application_{decision}", context)


def mail_on_commit(task: object, *arguments: str) -> None:
    """Queue a mail once this transaction has committed. Best effort: what matters stands on the pages, too."""

    def queue() -> None:
        try:
            task.delay(*arguments)  # type: ignore[attr-defined]  # a Celery task
        except (valkey.Unreachable, kombu.exceptions.OperationalError, OSError) as error:
            log.warning("mail %s not queued (%s)", getattr(task, "name", ""), type(error).__name__)

    transaction.on_commit(queue)
