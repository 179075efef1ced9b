"""Scenes with failed deliveries that other apps' tests share."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.deferred_mails import MAILS
from accounts.models import DeferredMail, User
from failures.keeping import failures_of
from failures.models import FailedDelivery

LATER = timedelta(minutes=10)  # until the next try


def failing_mail(user: User, *, now: datetime | None = None, kind: str = "security_notice") -> FailedDelivery:
    """A mail to a person that a mail server has not taken, and that is tried again `LATER`."""
    now = now or timezone.now()
    mail = DeferredMail.objects.create(
        user=user, kind=kind, created_at=now, due_at=now, until=now + timedelta(days=2), tries=1
    )
    assert MAILS.failed(mail.pk, "SMTPServerDisconnected", now + LATER)
    return failures_of("mail", mail.pk).get()


def given_up_mail(user: User, **said: Any) -> FailedDelivery:
    """A mail to a person that was not taken in time."""
    failure = failing_mail(user, **said)
    MAILS.give_up(failure.row_id)
    failure.refresh_from_db()
    return failure
