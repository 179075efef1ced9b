"""Receipts by e-mail, after a ride is over."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone, translation

from accounts.mails import message_to
from accounts.models import User
from accounts.selectors import has_confirmed_address, notification_settings_of
from core.amounts import duration, money
from core.jobs import DueRows
from core.texts import unlinked
from rides.models import Ride
from rides.receipt_pdf import receipt_pdf
from rides.receipts import receipt

log = logging.getLogger(__name__)

RECEIPTS = DueRows(Ride, "receipt_due_at", "mail_receipt")
TRY_AGAIN, TRY_AGAIN_MAX = timedelta(seconds=10), timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(days=2)


def sweep_receipts(now: datetime) -> None:
    """Enqueue the receipts that are due."""
    RECEIPTS.enqueue_due(now)


def send_receipt(ride_id: UUID) -> None:
    """Mail a ride's receipt with the PDF to its user, if they want receipts and have confirmed their address.

    A mail server can't be asked whether it has a message. If a worker dies before the outcome is stored, the message is
    sent again under the same Message-ID, by which a mailbox recognizes it.
    """
    with RECEIPTS.leased(ride_id) as mine:
        if mine:
            _send(ride_id)


def _send(ride_id: UUID) -> None:
    found = Ride.objects.select_related("user", "request__region", "request__request_type", "partner")
    ride = found.get(pk=ride_id)
    now = timezone.now()
    if _wanted(ride.user):
        try:
            _message(ride, now=now).send()
        except OSError as error:  # smtplib's errors are OSErrors, too
            over = ride.end_time or ride.cancelled_at or now
            log.warning("receipt of ride %s not mailed: %s", ride.pk, type(error).__name__)
            if now - over < GIVE_UP_AFTER:
                RECEIPTS.postpone(ride.pk, now + _wait(now - over))
                return
    RECEIPTS.finish(ride.pk)


def _wait(since_the_end: timedelta) -> timedelta:
    """Return how long to wait before another try: the longer, the longer the session has been over."""
    return min(TRY_AGAIN_MAX, max(TRY_AGAIN, since_the_end / 6))


def _wanted(user: User) -> bool:
    return notification_settings_of(user).email_receipts and has_confirmed_address(user)


def _message(ride: Ride, *, now: datetime) -> EmailMultiAlternatives:
    with translation.override(ride.user.language or settings.LANGUAGE_CODE):
        bill = receipt(ride, now=now)
        pdf = receipt_pdf(ride, bill)
        context = {
            "name": unlinked(ride.user.get_short_name()),
            "total": money(bill["total"]["amount"], bill["total"]["currency"]),
            "duration": duration(bill["elapsedS"]),
            "site": settings.SITE_URL,
            "request_id": ride.request_id,
        }
    headers = {"Message-ID": f"<receipt-{ride.pk}@speedycheers>"}
    message = message_to(ride.user, "rides/email/receipt", context, headers=headers)
    message.attach(f"receipt-{ride.pk}.pdf", pdf, "application/pdf")
    return message
