"""Mails as rows: written in the transaction of what they report, and sent by a worker, again if a server was away.

    @mail_kind("email_confirmation")
    def _confirmation(mail: DeferredMail) -> EmailMultiAlternatives | None: ...

    with transaction.atomic():
        ...
        mail_later("email_confirmation", user, now=now)

A mail is composed when it is sent, in the reader's language then, so the row has no text and no secret of a link.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from accounts.models import DeferredMail, User
from accounts.selectors import has_confirmed_address
from core import clock
from core.failures import code_of
from core.jobs import DueRows, retry_delay
from core.metrics import DELIVERY
from notifications.events import user_recipient
from notifications.selectors import stream_of

log = logging.getLogger(__name__)

Composer = Callable[[DeferredMail], EmailMultiAlternatives | None]

MAILS = DueRows(DeferredMail, "due_at", "send_mail")
TRY_AGAIN = timedelta(seconds=10)  # and later each time
_kinds: dict[str, "_Kind"] = {}


@dataclass(frozen=True, slots=True)
class _Kind:
    compose: Composer
    to_inactive: bool
    to_unconfirmed: bool


def mail_kind(kind: str, *, to_inactive: bool = False, to_unconfirmed: bool = False) -> Callable[[Composer], Composer]:
    """Register the composer of a kind of mail. It returns None if the mail is no longer wanted.

    Args:
        to_inactive: whether a deactivated account gets it, too.
        to_unconfirmed: whether it is sent to an address that may be somebody else's. It then has no word that the
            account's person has chosen, as their name is.
    """

    def register(compose: Composer) -> Composer:
        _kinds[kind] = _Kind(compose, to_inactive, to_unconfirmed)
        return compose

    return register


def mail_later(
    kind: str,
    user: User,
    *,
    now: datetime,
    about: object = "",
    seq: int | None = None,
    to: str = "",
    due_at: datetime | None = None,
    until: datetime | None = None,
) -> None:
    """Write a mail, to be sent after the commit. Call it in the transaction of what the mail reports.

    Args:
        about: the id of what it reports. An account gets no second mail of the same kind about the same thing.
        seq: the number of the user's event that it repeats. Not sent if a device has acknowledged that by then.
        to: an address other than the account's own.
        due_at: the earliest time to send it; `now` by default.
        until: not sent afterwards; `MAIL_SENT_WITHIN_S` after `due_at` by default.
    """
    due_at = due_at or now
    mail = DeferredMail(kind=kind, user=user, about=str(about), to=to, created_at=now, due_at=due_at)
    mail.seq = seq
    mail.until = until or due_at + timedelta(seconds=settings.MAIL_SENT_WITHIN_S)
    DeferredMail.objects.bulk_create([mail], ignore_conflicts=True)  # deferred_mail_one_per_…
    if due_at <= now:
        MAILS.enqueue_on_commit(mail.pk)


def sweep_mails(now: datetime) -> None:
    """Enqueue the mails that are due."""
    MAILS.enqueue_due(now)


def send_deferred(mail_id: UUID) -> None:
    """Send one mail. If a worker dies before the outcome is stored, it is sent again under the same Message-ID."""
    with MAILS.leased(mail_id) as mine:
        if mine:
            _send(DeferredMail.objects.select_related("user").get(pk=mail_id), now=clock.now())


def _send(mail: DeferredMail, *, now: datetime) -> None:
    if now >= mail.until and mail.tries:
        MAILS.give_up(mail.pk)
        return
    message = _kinds[mail.kind].compose(mail) if _is_wanted(mail, now=now) else None
    if message is None:
        MAILS.finish(mail.pk)
        return
    message.extra_headers["Message-ID"] = f"<mail-{mail.pk}@speedycheers>"
    begun = time.perf_counter()
    try:
        message.send()
    except OSError as error:  # smtplib's errors are OSErrors, too
        DELIVERY.observe(time.perf_counter() - begun, "mail", "failed")
        log.warning("mail %s (%s) not sent: %s", mail.pk, mail.kind, type(error).__name__)
        later = now + max(TRY_AGAIN, retry_delay(mail.tries))
        MAILS.failed(mail.pk, code_of(error), later, tries=mail.tries + 1)
    else:
        DELIVERY.observe(time.perf_counter() - begun, "mail", "sent")
        MAILS.finish(mail.pk, sent_at=now)


def _is_wanted(mail: DeferredMail, *, now: datetime) -> bool:
    kind, user = _kinds[mail.kind], mail.user
    if now >= mail.until or not (user.is_active or kind.to_inactive) or _acknowledged(mail):
        return False
    # Another address than the account's own was confirmed when the mail was written.
    return bool(mail.to) or kind.to_unconfirmed or has_confirmed_address(user)


def _acknowledged(mail: DeferredMail) -> bool:
    return mail.seq is not None and stream_of(user_recipient(mail.user_id)).acked_seq >= mail.seq
